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
import dev.polywire.Wire
import dev.polywire.core.Agreement
import dev.polywire.core.Role
import dev.polywire.core.Settings
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
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.update
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
    agreement: Agreement,
    leftover: ByteArray,
    messageBuffer: Int,
) {
    private val connection = Wire(Role.CLIENT, settings, agreement, Clock.now())
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default + CoroutineName("polywire"))

    /** Around every call of [connection], and all that is said to be under it. Never held while waiting. */
    private val lock = ReentrantLock()

    /** Under the lock: what the last batch said. */
    private var wants = connection.transmit(Clock.now(), 0)

    /** Under the lock: bytes that left the core's queue, for the writer. */
    private var outgoing: ByteArray? = null

    /** Under the lock: the writer is at work, so nothing more leaves the queue. */
    private var writing = false

    /** Under the lock: the native memory is gone. */
    private var released = false

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

    /** Messages that were delivered and not yet dealt with. */
    private val open = MutableStateFlow(0)

    val messages: Flow<Message> = flow {
        for (message in delivered) {
            try {
                emit(message)
            } finally {
                open.update { it - 1 }
            }
        }
    }

    val isOpen: Boolean get() = lock.withLock { !released && wants.isOpen }

    private val timer: Job

    init {
        val first = step { take ->
            val chunk = ByteBuffer.allocateDirect(leftover.size).put(leftover).flip()
            connection.receive(chunk, Clock.now(), take)
        }
        timer = scope.launch { keepTime() }
        scope.launch { write() }
        scope.launch { read(first) }
    }

    suspend fun send(bytes: ByteArray, text: Boolean, compress: Boolean) = sending.withLock {
        while (true) {
            try {
                command { connection.send(bytes, text, compress, Clock.now(), it) }
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
            command { connection.ping(ping.payload, Clock.now(), it) }
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
                command { connection.closeWith(code, reason, Clock.now(), it) }
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

    /** Runs a command of the caller. */
    private fun command(call: (Int) -> Batch) {
        step(call) ?: throw UsageException(UsageError.NOT_OPEN, failure(ended.getCompleted()))
    }

    /** Runs one call of the core, and does what it asks for but the delivery of messages. */
    private fun step(call: (Int) -> Batch): Batch? {
        val batch = lock.withLock {
            if (released) return null
            val batch = call(if (writing) 0 else CHUNK)
            wants = batch
            if (batch.output.isNotEmpty()) {
                outgoing = batch.output
                writing = true
            }
            batch
        }
        batch.events.forEach(::notice)
        if (batch.output.isNotEmpty() || batch.shutdownWrite || batch.close) wakeWriter.trySend(Unit)
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
        if (batch.endsNext) withTimeoutOrNull(ANSWERING) { open.first { it == 0 } }
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
        var isPaused = false
        for (event in batch.events) {
            val message = when (event) {
                is Event.Text -> Message.Text(event.text)
                is Event.Binary -> Message.Binary(event.bytes)
                else -> continue
            }
            open.update { it + 1 }
            if (delivered.trySend(message).isSuccess) continue
            if (!isPaused) step { connection.pauseReading(Clock.now()) }
            isPaused = true
            select {
                delivered.onSend(message) {}
                discarding.onAwait { open.update { it - 1 } }
            }
        }
        if (isPaused) step { connection.resumeReading(Clock.now()) }
    }

    private suspend fun write() {
        for (signal in wakeWriter) {
            while (true) {
                val bytes = outgoing() ?: break
                try {
                    transport.write(ByteBuffer.wrap(bytes))
                } catch (error: IOException) {
                    // Nobody will read it; the end comes with the next read.
                    lost = lost ?: error
                }
                room.trySend(Unit)
            }
            if (settle()) return
        }
    }

    private fun outgoing(): ByteArray? = lock.withLock {
        outgoing?.let {
            outgoing = null
            return it
        }
        if (wants.wantsWrite && !released) {
            wants = connection.transmit(Clock.now(), CHUNK)
            if (wants.output.isNotEmpty()) return wants.output
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

        val GRACE = 1.seconds

        /** How long the end is held back, so that the messages before it can be answered. */
        val ANSWERING = 1.seconds
    }
}
