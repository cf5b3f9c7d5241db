// TLS over another transport.
//
// Owns the `SSLEngine` and its buffers: one reader and one writer at a time. Knows nothing of WebSocket.

package dev.polywire.internal

import java.io.EOFException
import java.nio.ByteBuffer
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLEngineResult.Status
import javax.net.ssl.SSLException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext

internal class TlsTransport private constructor(
    private val inner: Transport,
    private val engine: SSLEngine,
) : Transport {
    private val writing = Mutex()

    /** From the network, ready to be read from. */
    private var sealed: ByteBuffer = ByteBuffer.allocate(engine.session.packetBufferSize).flip()

    /** Plain bytes that did not fit where they were asked for, ready to be read from. */
    private var plain: ByteBuffer = ByteBuffer.allocate(engine.session.applicationBufferSize).flip()

    private var outgoing: ByteBuffer = ByteBuffer.allocate(engine.session.packetBufferSize)

    override suspend fun read(into: ByteBuffer): Int {
        while (true) {
            if (plain.hasRemaining()) return plain.moveInto(into)
            when (unwrap()) {
                Status.CLOSED -> return if (plain.hasRemaining()) plain.moveInto(into) else -1
                Status.BUFFER_UNDERFLOW -> if (!fill()) return -1
                else -> afterUnwrap()
            }
        }
    }

    override suspend fun write(from: ByteBuffer) = writing.withLock {
        while (from.hasRemaining()) {
            if (wrap(from).status == Status.CLOSED) throw EOFException("TLS is closed")
        }
    }

    override suspend fun shutdownOutput() = writing.withLock {
        engine.closeOutbound()
        do {
            val produced = wrap(EMPTY).bytesProduced()
        } while (produced > 0 && !engine.isOutboundDone)
        inner.shutdownOutput()
    }

    override fun close() = inner.close()

    private suspend fun handshake() {
        engine.beginHandshake()
        try {
            runHandshake()
        } catch (refusal: SSLException) {
            // The server is told why, if it listens.
            runCatching { wrap(EMPTY) }
            throw refusal
        }
    }

    private suspend fun runHandshake() {
        while (true) {
            when (engine.handshakeStatus) {
                HandshakeStatus.NEED_TASK -> runTasks()
                HandshakeStatus.NEED_WRAP -> wrap(EMPTY)
                HandshakeStatus.NEED_UNWRAP, HandshakeStatus.NEED_UNWRAP_AGAIN -> {
                    val status = unwrap()
                    val over = status == Status.CLOSED || status == Status.BUFFER_UNDERFLOW && !fill()
                    if (over) throw EOFException("the stream ended in the TLS handshake")
                }
                else -> return
            }
        }
    }

    /** What the protocol asks for after the handshake, such as the answer to an update of keys. */
    private suspend fun afterUnwrap() {
        while (true) {
            when (engine.handshakeStatus) {
                HandshakeStatus.NEED_TASK -> runTasks()
                HandshakeStatus.NEED_WRAP -> writing.withLock { wrap(EMPTY) }
                else -> return
            }
        }
    }

    private fun unwrap(): Status {
        plain.clear()
        try {
            val result = engine.unwrap(sealed, plain)
            if (result.status == Status.BUFFER_OVERFLOW) {
                plain = ByteBuffer.allocate(engine.session.applicationBufferSize + plain.capacity())
            }
            return result.status
        } finally {
            plain.flip()
        }
    }

    private suspend fun wrap(from: ByteBuffer): SSLEngineResult {
        while (true) {
            outgoing.clear()
            val result = engine.wrap(from, outgoing)
            if (result.status != Status.BUFFER_OVERFLOW) {
                inner.write(outgoing.flip())
                return result
            }
            outgoing = ByteBuffer.allocate(engine.session.packetBufferSize + outgoing.capacity())
        }
    }

    private suspend fun fill(): Boolean {
        sealed.compact()
        if (!sealed.hasRemaining()) {
            sealed = ByteBuffer.allocate(sealed.capacity() * 2).put(sealed.flip())
        }
        try {
            return inner.read(sealed) >= 0
        } finally {
            sealed.flip()
        }
    }

    private suspend fun runTasks() = withContext(Dispatchers.IO) {
        generateSequence { engine.delegatedTask }.forEach(Runnable::run)
    }

    private fun ByteBuffer.moveInto(other: ByteBuffer): Int {
        val count = minOf(remaining(), other.remaining())
        val end = limit()
        limit(position() + count)
        other.put(this)
        limit(end)
        return count
    }

    companion object {
        private val EMPTY: ByteBuffer = ByteBuffer.allocate(0)

        /** Runs the TLS handshake of a client, and verifies that the certificate is that of [host]. */
        suspend fun connect(inner: Transport, context: SSLContext, host: String, port: Int): TlsTransport {
            val engine = context.createSSLEngine(host, port)
            engine.useClientMode = true
            engine.sslParameters = engine.sslParameters.apply {
                endpointIdentificationAlgorithm = "HTTPS"
                applicationProtocols = arrayOf("http/1.1")
            }
            return TlsTransport(inner, engine).apply { handshake() }
        }
    }
}
