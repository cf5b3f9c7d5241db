// What a call of the core's connection gives back, unpacked.
//
// Owns the layout of a batch on this side; the other is `src/batch.rs`. Knows nothing of sockets.

package dev.polywire

import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds

/** The events of one call of [Wire], what to do next, and what to write. */
public class Batch internal constructor(bytes: ByteBuffer) {
    private val flags: Int

    /** When to call [Wire.handleTimeout], in microseconds of the caller's clock; [NEVER] if not at all. */
    public val deadline: Long

    /** How many bytes are still queued. */
    public val queued: Int

    /** The bytes to write to the socket. */
    public val output: ByteArray

    /** The events in their order. */
    public val events: List<Event>

    init {
        // The memory belongs to the next call: everything is taken out of it here.
        val words = bytes.order(ByteOrder.LITTLE_ENDIAN)
        flags = words.getInt(4)
        deadline = words.getLong(8).let { if (it < 0) NEVER else it }
        queued = words.getInt(24)
        val outputAt = HEADER + words.getInt(16)
        output = words.bytes(outputAt, words.getInt(20))
        val recordsAt = outputAt + output.size
        events = List(words.getInt(0)) { event(words, recordsAt + it * RECORD) }
    }

    /** Read from the socket. */
    public val wantsRead: Boolean get() = has(1)

    /** There is more to write than [output]. */
    public val wantsWrite: Boolean get() = has(2)

    /** Shut down the writing side when everything is written, and read on. */
    public val shutdownWrite: Boolean get() = has(4)

    /** Close the socket when everything is written. */
    public val close: Boolean get() = has(8)

    /** Messages can be sent. */
    public val isOpen: Boolean get() = has(16)

    /** Not everything fitted: call [Wire.receive] again, without bytes, before anything else comes in. */
    public val more: Boolean get() = has(32)

    /** Nothing can be sent behind what comes next: let the messages of this batch be answered first. */
    public val endsNext: Boolean get() = has(64)

    private fun has(flag: Int) = flags and flag != 0

    public companion object {
        /** No deadline. */
        public const val NEVER: Long = Long.MAX_VALUE

        private const val HEADER = 32
        private const val RECORD = 32
        private const val NONE = -1

        /** The record at [at]. */
        private fun event(words: ByteBuffer, at: Int): Event {
            val payload = { words.bytes(HEADER + words.getInt(at + 4), words.getInt(at + 8)) }
            val code = words.getInt(at + 12)
            return when (val kind = words.getInt(at)) {
                1 -> Event.Text(payload().decodeToString())
                2 -> Event.Binary(payload())
                3, 4 -> Event.Chunk(payload(), isText = kind == 3, last = code == 1)
                5 -> Event.Ping(payload())
                6 -> Event.Pong(payload(), words.getLong(at + 16).takeIf { it != -1L }?.microseconds)
                7 -> Event.Close(code.takeIf { it != NONE }, payload().decodeToString())
                8 -> Event.Failed(violation(Rule.at(code), words, at))
                9 -> Event.Ended(End(Cause.at(words.getInt(at + 16)), code, rule(words.getInt(at + 20))))
                else -> error("an event of kind $kind")
            }
        }

        private fun violation(rule: Rule, words: ByteBuffer, at: Int) =
            Violation(rule, words.getLong(at + 16).toULong(), words.getLong(at + 24).toULong())

        private fun rule(index: Int) = if (index == NONE) null else Rule.at(index)

        private fun ByteBuffer.bytes(at: Int, length: Int): ByteArray {
            val bytes = ByteArray(length)
            // `get(index, bytes)` came with Java 13, and to Android later than that.
            clear().position(at)
            get(bytes)
            return bytes
        }
    }
}

/** Something that the peer did, or that time did. */
public sealed interface Event {
    /** A whole text message. */
    public class Text(public val text: String) : Event

    /** A whole binary message. */
    public class Binary(public val bytes: ByteArray) : Event

    /** The next piece of a message, where messages are delivered in pieces. */
    public class Chunk(public val bytes: ByteArray, public val isText: Boolean, public val last: Boolean) : Event

    /** A ping, which is answered already. */
    public class Ping(public val payload: ByteArray) : Event

    /** A pong, with the round trip if it answers a ping of this connection. */
    public class Pong(public val payload: ByteArray, public val roundTrip: Duration?) : Event

    /** The peer's close frame, which is answered already. */
    public class Close(public val code: Int?, public val reason: String) : Event

    /** The peer broke a rule. */
    public class Failed(public val violation: Violation) : Event

    /** The end, last and once. */
    public class Ended(public val end: End) : Event
}
