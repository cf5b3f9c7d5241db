// What a call of the core's connection gives back, unpacked.
//
// Owns the layout of a batch on this side; the other is `src/batch.rs`. Knows nothing of sockets.

package dev.polywire

import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds

/** The events of one call of [dev.polywire.core.Connection], what to do next, and what to write. */
public class Batch(private val bytes: ByteArray) {
    private val words = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)
    private val flags = words.getInt(4)
    private val payloadLength = words.getInt(16)
    private val outputLength = words.getInt(20)

    /** When to call `handleTimeout`, in microseconds of the caller's clock; [NEVER] if not at all. */
    public val deadline: Long = words.getLong(8).let { if (it < 0) NEVER else it }

    /** How many bytes are still queued. */
    public val queued: Int = words.getInt(24)

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

    /** Not everything fitted: call `receive` again, without bytes, before anything else comes in. */
    public val more: Boolean get() = has(32)

    /** The bytes to write to the socket. */
    public val output: ByteBuffer get() = ByteBuffer.wrap(bytes, HEADER + payloadLength, outputLength).slice()

    /** The events in their order. */
    public val events: List<Event> by lazy(LazyThreadSafetyMode.NONE) { List(words.getInt(0), ::event) }

    private fun event(index: Int): Event {
        val at = HEADER + payloadLength + outputLength + index * RECORD
        val from = HEADER + words.getInt(at + 4)
        val payload = Slice(bytes, from, from + words.getInt(at + 8))
        val (code, third, fourth) = List(3) { words.getInt(at + 12 + 4 * it) }
        return when (val kind = words.getInt(at)) {
            1 -> Event.Text(payload.text())
            2 -> Event.Binary(payload.bytes())
            3, 4 -> Event.Chunk(payload.bytes(), isText = kind == 3, last = code == 1)
            5 -> Event.Ping(payload.bytes())
            6 -> Event.Pong(payload.bytes(), roundTrip(words.getLong(at + 16)))
            7 -> Event.Close(code.takeIf { it != NONE }, payload.text())
            8 -> Event.Failed(
                Violation(Rule.at(code), words.getLong(at + 16).toULong(), words.getLong(at + 24).toULong()),
            )
            9 -> Event.Ended(End(Cause.at(third), code, if (fourth == NONE) null else Rule.at(fourth)))
            else -> error("an event of kind $kind")
        }
    }

    private fun has(flag: Int) = flags and flag != 0

    private class Slice(private val bytes: ByteArray, private val from: Int, private val to: Int) {
        fun text() = bytes.decodeToString(from, to)

        fun bytes() = bytes.copyOfRange(from, to)
    }

    public companion object {
        /** No deadline. */
        public const val NEVER: Long = Long.MAX_VALUE

        private const val HEADER = 32
        private const val RECORD = 32
        private const val NONE = -1

        private fun roundTrip(micros: Long): Duration? = if (micros == -1L) null else micros.microseconds
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
