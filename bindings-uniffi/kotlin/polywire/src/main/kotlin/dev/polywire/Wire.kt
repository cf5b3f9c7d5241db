// A connection without a socket, for whoever brings the bytes.
//
// Owns the calls of the core that a busy connection makes, and the memory that they share with it. They go
// around uniffi, which would make some ten objects with a cleaner for each. Knows nothing of coroutines.

package dev.polywire

import com.sun.jna.Native
import com.sun.jna.Pointer
import dev.polywire.core.Agreement
import dev.polywire.core.Connection
import dev.polywire.core.Failure
import dev.polywire.core.Prepared
import dev.polywire.core.Role
import dev.polywire.core.Settings
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * One end of a connection, from the end of the opening handshake on: bytes and time in, [Batch]es out.
 *
 * [Client] does it all over a socket. Use this where there is none: over another stream, in a test, on an
 * event loop. Times are microseconds of any clock that does not run backwards; each batch brings at most
 * `take` bytes to write.
 */
public class Wire(role: Role, settings: Settings, agreement: Agreement, now: Long) : AutoCloseable {
    private val connection = Connection(role, settings, agreement, now)
    private val address = connection.address().toLong()
    private var isClosed = false

    /** Content on its way in. */
    private val content = Memory(4 shl 10)

    /** Where the last batch lies, and all of its memory. */
    private var batchAt = 0L
    private var batch: ByteBuffer = EMPTY

    /** Takes the bytes that arrived: [bytes] is direct, and masks are taken off in it. With none, takes what did not fit into the last batch. */
    @Synchronized
    public fun receive(bytes: ByteBuffer, now: Long, take: Int): Batch {
        require(bytes.isDirect) { "a direct buffer is needed" }
        val from = Pointer.nativeValue(Native.getDirectBufferPointer(bytes)) + bytes.position()
        return call(RECEIVE, from, bytes.remaining(), now, take)
    }

    /** Takes note that the peer's stream ended. */
    @Synchronized
    public fun receiveEof(now: Long, take: Int): Batch = call(RECEIVE_EOF, 0, 0, now, take)

    /** Does what is due. */
    @Synchronized
    public fun handleTimeout(now: Long, take: Int): Batch = call(HANDLE_TIMEOUT, 0, 0, now, take)

    /** Takes bytes to write. */
    @Synchronized
    public fun transmit(now: Long, take: Int): Batch = call(TRANSMIT, 0, 0, now, take)

    /** Sends a message; text is UTF-8. */
    @Synchronized
    public fun send(bytes: ByteArray, text: Boolean, compress: Boolean, now: Long, take: Int): Batch =
        call(SEND + (if (text) TEXT else 0) + (if (compress) COMPRESS else 0), bytes, now, take)

    /** Sends the next part of a message, and with [last] ends it; text is cut between characters. */
    @Synchronized
    public fun sendPart(bytes: ByteArray, text: Boolean, last: Boolean, now: Long, take: Int): Batch =
        call(SEND + PART + COMPRESS + (if (text) TEXT else 0) + (if (last) LAST else 0), bytes, now, take)

    /** Sends a message that was prepared for several connections. */
    @Synchronized
    public fun sendPrepared(message: Prepared, now: Long, take: Int): Batch =
        translated { Batch(ByteBuffer.wrap(connection.sendPrepared(message, now, take.toUInt()))) }

    /** Sends a ping. */
    @Synchronized
    public fun ping(payload: ByteArray, now: Long, take: Int): Batch = call(PING, payload, now, take)

    /** Sends a pong that answers no ping, or one that is not answered by itself. */
    @Synchronized
    public fun pong(payload: ByteArray, now: Long, take: Int): Batch = call(PONG, payload, now, take)

    /** Starts the closing handshake. */
    @Synchronized
    public fun closeWith(code: Int?, reason: String, now: Long, take: Int): Batch =
        translated { Batch(ByteBuffer.wrap(connection.closeWith(code?.toUShort(), reason, now, take.toUInt()))) }

    /** Gives the connection up. */
    @Synchronized
    public fun abort(now: Long): Batch = Batch(ByteBuffer.wrap(connection.abort(now)))

    /** Takes note that the socket is not read for a while: the silence of the peer does not count. */
    @Synchronized
    public fun pauseReading(now: Long): Batch = Batch(ByteBuffer.wrap(connection.pauseReading(now)))

    /** Takes note that it is read again. */
    @Synchronized
    public fun resumeReading(now: Long): Batch = Batch(ByteBuffer.wrap(connection.resumeReading(now)))

    /** How many bytes the connection holds in the core. */
    @Synchronized
    public fun heapBytes(): Long = connection.heapBytes().toLong()

    /** Frees the native memory. */
    @Synchronized
    override fun close() {
        isClosed = true
        connection.close()
    }

    private fun call(call: Int, bytes: ByteArray, now: Long, take: Int): Batch {
        val memory = content.holding(bytes.size)
        memory.put(bytes)
        return call(call, content.address, bytes.size, now, take).also { content.trim() }
    }

    private fun call(call: Int, bytes: Long, length: Int, now: Long, take: Int): Batch {
        check(!isClosed) { "the connection is closed" }
        val at = Border.polywire_call(address, call, bytes, length, now, take)
        if (at < 0) throw refused(at)
        // The same memory as last time needs no new view, unless it was given back and came again.
        if (at != batchAt || batch.getInt(ALLOCATED) != batch.capacity()) {
            val memory = Pointer(at)
            batch = memory.getByteBuffer(0, Integer.toUnsignedLong(memory.getInt(ALLOCATED.toLong())))
            batch.order(ByteOrder.LITTLE_ENDIAN)
            batchAt = at
        }
        return Batch(batch)
    }

    private fun refused(result: Long): Exception =
        if (result == Long.MIN_VALUE) IllegalArgumentException("text that is not UTF-8") else UsageException(UsageError.at((-1 - result).toInt()))

    /** Memory that is kept, with an address. */
    private class Memory(private val kept: Int) {
        private var buffer = ByteBuffer.allocateDirect(kept)
        var address: Long = addressOf(buffer)
            private set

        fun holding(size: Int): ByteBuffer {
            if (size > buffer.capacity()) replace(maxOf(size, minOf(2 * buffer.capacity(), LARGEST)))
            return buffer.clear()
        }

        /** Gives back what one very large message needed. */
        fun trim() {
            if (buffer.capacity() > LARGEST) replace(kept)
        }

        private fun replace(size: Int) {
            buffer = ByteBuffer.allocateDirect(size)
            address = addressOf(buffer)
        }

        private companion object {
            const val LARGEST = 4 shl 20

            fun addressOf(buffer: ByteBuffer) = Pointer.nativeValue(Native.getDirectBufferPointer(buffer))
        }
    }

    /** The numbers of `call` in `src/connection.rs`. */
    private companion object {
        val EMPTY: ByteBuffer = ByteBuffer.allocate(0)

        /** Where the header of a batch says how much memory there is. */
        const val ALLOCATED = 28

        const val RECEIVE = 0
        const val RECEIVE_EOF = 1
        const val HANDLE_TIMEOUT = 2
        const val TRANSMIT = 3
        const val PING = 4
        const val PONG = 5
        const val SEND = 16
        const val TEXT = 1
        const val COMPRESS = 2
        const val PART = 4
        const val LAST = 8
    }
}

/** `src/direct.rs`: numbers only, which JNA passes without making an object. */
internal object Border {
    init {
        Native.register(Border::class.java, "polywire_uniffi")
    }

    @JvmStatic
    external fun polywire_call(
        connection: Long,
        call: Int,
        bytes: Long,
        length: Int,
        now: Long,
        take: Int,
    ): Long
}
