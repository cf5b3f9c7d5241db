// A duplex stream of bytes, and the one over TCP.
//
// Owns the socket. Nothing here waits on a thread, so a connection costs none; a cancelled wait closes the
// socket, since it is not known then what was transferred. Knows nothing of WebSocket.

package dev.polywire.internal

import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.StandardSocketOptions
import java.nio.ByteBuffer
import java.nio.channels.AsynchronousSocketChannel
import java.nio.channels.CompletionHandler
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext

internal interface Transport {
    /** Reads what there is, at least one byte; -1 at the end of the stream. */
    suspend fun read(into: ByteBuffer): Int

    /** The same, where a broken connection is as good as an ended one. */
    suspend fun readOrEnd(into: ByteBuffer): Int =
        try {
            read(into)
        } catch (_: IOException) {
            -1
        }

    /** Writes all of it. */
    suspend fun write(from: ByteBuffer)

    /** Tells the peer that nothing more comes. */
    suspend fun shutdownOutput()

    fun close()
}

internal class TcpTransport private constructor(private val channel: AsynchronousSocketChannel) : Transport {
    override suspend fun read(into: ByteBuffer): Int = wait { channel.read(into, it, Completion()) }

    override suspend fun write(from: ByteBuffer) {
        while (from.hasRemaining()) {
            wait<Int> { channel.write(from, it, Completion()) }
        }
    }

    override suspend fun shutdownOutput() {
        channel.shutdownOutput()
    }

    override fun close() {
        channel.close()
    }

    private suspend inline fun <T> wait(crossinline start: (CancellableContinuation<T>) -> Unit): T =
        suspendCancellableCoroutine { waiting ->
            waiting.invokeOnCancellation { channel.close() }
            start(waiting)
        }

    private class Completion<T> : CompletionHandler<T, CancellableContinuation<T>> {
        override fun completed(result: T, waiting: CancellableContinuation<T>) = waiting.resume(result)

        override fun failed(error: Throwable, waiting: CancellableContinuation<T>) =
            waiting.resumeWithException(error)
    }

    companion object {
        /** Connects to the first address of [host] that answers. */
        suspend fun connect(host: String, port: Int): TcpTransport {
            val addresses = withContext(Dispatchers.IO) { InetAddress.getAllByName(host) }
            var failure: IOException? = null
            for (address in addresses) {
                val transport = TcpTransport(AsynchronousSocketChannel.open())
                try {
                    transport.connect(InetSocketAddress(address, port))
                    return transport
                } catch (error: IOException) {
                    transport.close()
                    failure?.addSuppressed(error) ?: run { failure = error }
                }
            }
            throw failure ?: IOException("$host has no address")
        }
    }

    private suspend fun connect(address: InetSocketAddress) {
        wait<Void?> { channel.connect(address, it, Completion()) }
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true)
    }
}
