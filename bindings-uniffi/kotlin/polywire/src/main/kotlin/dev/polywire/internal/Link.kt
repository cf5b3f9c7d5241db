// A connection that runs: the core's, a socket, and the coroutines between them.
//
// Owns the reader, the writer and the timer of a connection. Reading calls the core once for each chunk,
// and takes along what is to be written whenever the writer is idle. Decides nothing about the protocol.

package dev.polywire.internal

import dev.polywire.Batch
import dev.polywire.Cause
import dev.polywire.ConnectionException
import dev.polywire.End
import dev.polywire.Event
import dev.polywire.Message
import dev.polywire.UsageError
import dev.polywire.UsageException
import dev.polywire.Violation
import dev.polywire.core.Connection
import dev.polywire.core.Established
import dev.polywire.core.Failure
import dev.polywire.core.Role
import dev.polywire.core.Settings
import dev.polywire.translate
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.receiveAsFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withTimeoutOrNull

/** Microseconds since this class was loaded: one clock for all connections. */
internal object Clock {
    private val start = System.nanoTime()

    fun now(): Long = (System.nanoTime() - start) / 1000
}

internal class Link(
    private val transport: Transport,
    settings: Settings,
    established: Established,
    messageBuffer: Int,
) {
    private val connection = Connection(Role.CLIENT, settings, established.agreement, Clock.now())
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default + CoroutineName("polywire"))

    /** Around every call of [connection], and all that is said to be under it. Never held while waiting. */
    private val lock = ReentrantLock()

    /** Under the lock: what the last batch said. */
    private var wants = Batch(ByteArray(32))

    /** Under the lock: bytes that left the core's queue, for the writer. */
    private var outgoing: ByteBuffer? = null

    /** Under the lock: the writer is at work, so nothing more leaves the queue. */
    private var writing = false

    /** Under the lock: the native memory is gone. */
    private var released = false

    /** Under the lock: content on its way into the core. */
    private val content = ByteBuffer.allocateDirect(CONTENT)

    private val delivered = Channel<Message>(messageBuffer)
    private val ended = CompletableDeferred<End>()
    private val discarding = CompletableDeferred<Unit>()
    private val wakeWriter = Channel<Unit>(Channel.CONFLATED)
    private val wakeTimer = Channel<Unit>(Channel.CONFLATED)
    private val room = Channel<Unit>(Channel.CONFLATED)
    private val sending = Mutex()
    private val pinging = Mutex()

    @Volatile private var timerAt = Batch.NEVER

    @Volatile private var pinged: Ping? = null

    @Volatile private var reason = ""

    @Volatile private var violation: Violation? = null

    @Volatile private var lost: IOException? = null

    /** Only the writer asks. */
    private var shutDown = false

    private class Ping(val payload: ByteArray, val answered: CompletableDeferred<Duration>)

    val messages: Flow<Message> = delivered.receiveAsFlow()

    val isOpen: Boolean get() = lock.withLock { !released && wants.isOpen }

    private val timer: Job

    init {
        val first = step { connection.receive(direct(established.leftover), Clock.now(), it) }
        timer = scope.launch { keepTime() }
        scope.launch { write() }
        scope.launch { read(first) }
    }

    suspend fun send(bytes: ByteArray, text: Boolean, compress: Boolean) = sending.withLock {
        while (true) {
            try {
                command { take -> enqueue(bytes, text, compress, take) }
                return@withLock
            } catch (refused: UsageException) {
                if (refused.error != UsageError.QUEUE_FULL) throw refused
            }
            room.receive()
        }
    }

    suspend fun ping(): Duration = pinging.withLock {
        val ping = Ping(Random.nextBytes(8), CompletableDeferred())
        pinged = ping
        try {
            command { take -> connection.ping(direct(ping.payload), Clock.now(), take) }
            select {
                ping.answered.onAwait { it }
                ended.onAwait { throw failure(it) }
            }
        } finally {
            pinged = null
        }
    }

    suspend fun close(code: Int, reason: String): End {
        discarding.complete(Unit)
        if (!ended.isCompleted) {
            try {
                command { take -> connection.closeWith(code.toUShort(), reason, Clock.now(), take) }
            } catch (refused: UsageException) {
                // The server was faster: then this only waits.
                if (refused.error != UsageError.NOT_OPEN) throw refused
            }
        }
        return ended.await()
    }

    suspend fun awaitEnd(): End = ended.await()

    fun abort() {
        discarding.complete(Unit)
        if (step { connection.abort(Clock.now()) } != null) transport.close()
    }

    /** Under the lock: short content through memory that is there, long content in memory that is handed over. */
    private fun enqueue(bytes: ByteArray, text: Boolean, compress: Boolean, take: UInt): ByteArray =
        if (bytes.size <= CONTENT) {
            connection.send(direct(bytes), text, compress, Clock.now(), take)
        } else {
            connection.sendOwned(bytes, text, compress, Clock.now(), take)
        }

    /** Under the lock. */
    private fun direct(bytes: ByteArray): ByteBuffer {
        if (bytes.size > CONTENT) return ByteBuffer.allocateDirect(bytes.size).put(bytes).flip()
        return content.clear().put(bytes).flip()
    }

    /** Runs a command of the caller. */
    private fun command(call: (UInt) -> ByteArray) {
        val batch = try {
            step(call)
        } catch (refused: Failure) {
            throw refused.translate()
        }
        if (batch == null) throw UsageException(UsageError.NOT_OPEN, failure(ended.getCompleted()))
    }

    /** Runs one call of the core, and does what it asks for but the delivery of messages. */
    private fun step(call: (UInt) -> ByteArray): Batch? {
        val batch = lock.withLock {
            if (released) return null
            val batch = Batch(call(if (writing) 0u else CHUNK.toUInt()))
            wants = batch
            if (batch.output.hasRemaining()) {
                outgoing = batch.output
                writing = true
            }
            batch
        }
        batch.events.forEach(::notice)
        if (batch.output.hasRemaining() || batch.shutdownWrite || batch.close) wakeWriter.trySend(Unit)
        if (batch.deadline < timerAt) wakeTimer.trySend(Unit)
        return batch
    }

    private fun notice(event: Event) {
        when (event) {
            is Event.Pong -> pinged?.let { ping ->
                val trip = event.roundTrip
                if (trip != null && ping.payload.contentEquals(event.payload)) ping.answered.complete(trip)
            }
            is Event.Close -> reason = event.reason
            is Event.Failed -> violation = event.violation
            is Event.Ended -> {
                ended.complete(event.end.copy(reason = reason))
                room.trySend(Unit)
            }
            else -> {}
        }
    }

    private suspend fun read(first: Batch?) {
        val chunk = ByteBuffer.allocateDirect(CHUNK)
        var batch = first
        while (batch != null && !batch.isLast()) {
            deliver(batch)
            batch = next(batch, chunk)
        }
        // Nothing comes behind these messages, so the rest of the stream does not wait for their collector.
        val last = batch
        scope.launch {
            last?.let { deliver(it) }
            val end = ended.await()
            delivered.close(if (end.cause == Cause.CLOSED) null else failure(end))
        }
        while (batch != null) batch = next(batch, chunk)
    }

    private fun Batch.isLast() = events.any { it is Event.Close || it is Event.Failed || it is Event.Ended }

    /** What comes after [batch], or null if nothing does. */
    private suspend fun next(batch: Batch, chunk: ByteBuffer): Batch? {
        if (batch.more) return step { connection.receive(chunk.limit(0), Clock.now(), it) }
        if (!batch.wantsRead) return null
        val count = try {
            transport.read(chunk.clear())
        } catch (error: IOException) {
            lost = lost ?: error
            -1
        }
        if (count < 0) return step { connection.receiveEof(Clock.now(), it) }
        return step { connection.receive(chunk.flip(), Clock.now(), it) }
    }

    private suspend fun deliver(batch: Batch) {
        for (event in batch.events) {
            val message = when (event) {
                is Event.Text -> Message.Text(event.text)
                is Event.Binary -> Message.Binary(event.bytes)
                else -> continue
            }
            if (delivered.trySend(message).isSuccess) continue
            select {
                delivered.onSend(message) {}
                discarding.onAwait {}
            }
        }
    }

    private suspend fun write() {
        for (signal in wakeWriter) {
            while (true) {
                val bytes = outgoing() ?: break
                try {
                    transport.write(bytes)
                } catch (error: IOException) {
                    // Nobody will read it; the end comes with the next read.
                    lost = lost ?: error
                }
                room.trySend(Unit)
            }
            if (settle()) return
        }
    }

    private fun outgoing(): ByteBuffer? = lock.withLock {
        outgoing?.let {
            outgoing = null
            return it
        }
        if (wants.wantsWrite && !released) {
            wants = Batch(connection.transmit(Clock.now(), CHUNK.toUInt()))
            if (wants.output.hasRemaining()) return wants.output
        }
        writing = false
        null
    }

    /** Does with the socket what is to be done once everything is written; true if that was the last. */
    private suspend fun settle(): Boolean {
        val wants = lock.withLock { wants }
        if (wants.close && ended.isCompleted) {
            release()
            return true
        }
        if (wants.shutdownWrite && !shutDown) {
            shutDown = true
            try {
                transport.shutdownOutput()
            } catch (error: IOException) {
                lost = lost ?: error
            }
        }
        return false
    }

    private fun release() {
        transport.close()
        lock.withLock {
            released = true
            connection.close()
        }
        timer.cancel()
    }

    private suspend fun keepTime() {
        while (true) {
            timerAt = lock.withLock { wants.deadline }
            val left = timerAt - Clock.now()
            if (timerAt == Batch.NEVER) {
                wakeTimer.receive()
            } else if (left > 0) {
                withTimeoutOrNull(left.microseconds) { wakeTimer.receive() }
            }
            if (lock.withLock { wants.deadline } > Clock.now()) continue
            val batch = step { connection.handleTimeout(Clock.now(), it) } ?: return
            if (batch.close) giveUp()
        }
    }

    /** Closes the socket behind a writer that a peer keeps waiting. */
    private suspend fun giveUp() {
        delay(GRACE)
        transport.close()
    }

    private fun failure(end: End) = ConnectionException(end, violation, lost)

    private companion object {
        /** How much is read or written at a time. */
        const val CHUNK = 64 shl 10

        /** Up to this size content is copied into memory that is kept, not into memory made for it. */
        const val CONTENT = 16 shl 10

        val GRACE = 1.seconds
    }
}
