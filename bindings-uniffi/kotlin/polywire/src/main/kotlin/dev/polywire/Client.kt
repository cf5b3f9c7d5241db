// A WebSocket client of coroutines.
//
// Owns what an application sees of a connection. How it runs is `internal/Link.kt`; every decision about
// the protocol is the core's.

package dev.polywire

import dev.polywire.core.Agreement
import dev.polywire.core.ClientHandshake
import dev.polywire.core.Header
import dev.polywire.core.Location
import dev.polywire.core.Settings
import dev.polywire.core.locate
import dev.polywire.internal.Clock
import dev.polywire.internal.Link
import dev.polywire.internal.TcpTransport
import dev.polywire.internal.TlsTransport
import dev.polywire.internal.Transport
import java.net.SocketTimeoutException
import java.nio.ByteBuffer
import javax.net.ssl.SSLContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * A WebSocket connection to a server.
 *
 * All functions may be called from any coroutine. Whoever opens a client closes it: with [close], [abort]
 * or [use].
 */
public class Client internal constructor(
    private val link: Link,
    /** The subprotocol that the server chose. */
    public val subprotocol: String?,
    /** Whether permessage-deflate was agreed on. */
    public val isCompressed: Boolean,
    /** The server's response to the opening handshake. */
    public val response: HttpResponse,
) {
    /**
     * The messages, in their order. Each goes to one collector.
     *
     * It completes after a closing handshake, and fails with a [ConnectionException] when the connection
     * ended in another way. While nobody collects and [Options.messageBuffer] is full, nothing is read from
     * the socket: the server has to wait.
     */
    public val messages: Flow<Message> get() = link.messages

    /** Whether messages can be sent. */
    public val isOpen: Boolean get() = link.isOpen

    /**
     * Sends a text message, and suspends while the send queue is full. [compress] off sends it as it is, even
     * where compression was agreed on: for secrets beside content that an attacker can choose.
     */
    public suspend fun send(text: String, compress: Boolean = true) {
        link.send(text.encodeToByteArray(), text = true, compress)
    }

    /** Sends a binary message, as the other [send] does. The bytes are taken before this returns. */
    public suspend fun send(bytes: ByteArray, compress: Boolean = true) {
        link.send(bytes, text = false, compress)
    }

    /** Sends a message of either kind. */
    public suspend fun send(message: Message) {
        when (message) {
            is Message.Text -> send(message.text)
            is Message.Binary -> send(message.bytes)
        }
    }

    /** Sends a ping, and returns how long its pong took. */
    public suspend fun ping(): Duration = link.ping()

    /**
     * Closes the connection with a closing handshake, and returns how it ended. Messages that nobody has
     * collected when it is called may be lost.
     */
    public suspend fun close(code: Int = 1000, reason: String = ""): End = link.close(code, reason)

    /** Waits for the end of the connection, and returns how it ended. */
    public suspend fun awaitEnd(): End = link.awaitEnd()

    /** Gives the connection up, without a word to the server. */
    public fun abort(): Unit = link.abort()

    /** Runs [block] with this client and closes it behind, also when the block fails or is cancelled. */
    public suspend fun <T> use(block: suspend (Client) -> T): T {
        try {
            return block(this).also { close() }
        } catch (failure: Throwable) {
            // A failed block is no reason to wait long for the server.
            withContext(NonCancellable) { withTimeoutOrNull(PARTING_MICROS.microseconds) { closeQuietly() } }
            throw failure
        } finally {
            abort()
        }
    }

    private suspend fun closeQuietly() {
        try {
            close(if (isOpen) GOING_AWAY else NORMAL)
        } catch (_: UsageException) {
            // It is closing already.
        }
    }

    private companion object {
        const val NORMAL = 1000
        const val GOING_AWAY = 1001
        const val PARTING_MICROS = 500_000
    }
}

/**
 * Opens a connection to a `ws://` or `wss://` URL.
 *
 * @throws HandshakeException if the server refuses, or does not speak the protocol.
 * @throws java.io.IOException if the server cannot be reached, or TLS fails.
 */
public suspend fun connect(url: String, options: Options = Options()): Client = translated {
    Settings(options.settings()).use { settings ->
        val transport = open(locate(url, null), options)
        try {
            val headers = options.headers.map { (name, value) -> Header(name, value.toByteArray(Charsets.UTF_8)) }
            ClientHandshake(url, options.subprotocols, headers, settings, null, Clock.now()).use { handshake ->
                val agreement = shake(transport, handshake)
                val link = Link(transport, settings, agreement, handshake.leftover(), options.messageBuffer)
                val response = checkNotNull(handshake.response()) { "it agreed" }
                Client(link, agreement.subprotocol, agreement.deflate != null, HttpResponse.of(response))
            }
        } catch (failure: Throwable) {
            transport.close()
            throw failure
        }
    }
}

private suspend fun open(url: Location, options: Options): Transport {
    val port = url.port.toInt()
    val transport = withTimeoutOrNull(options.timeouts.connect) {
        val tcp = TcpTransport.connect(url.host, port)
        if (!url.secure) return@withTimeoutOrNull tcp
        try {
            TlsTransport.connect(tcp, options.sslContext ?: SSLContext.getDefault(), url.host, port)
        } catch (failure: Throwable) {
            tcp.close()
            throw failure
        }
    }
    return transport ?: throw SocketTimeoutException("no connection after ${options.timeouts.connect}")
}

private suspend fun shake(transport: Transport, handshake: ClientHandshake): Agreement {
    transport.write(ByteBuffer.wrap(handshake.request()))
    val chunk = ByteBuffer.allocateDirect(4096)
    while (true) {
        chunk.clear()
        val left = handshake.deadline()?.let { (it - Clock.now()).microseconds } ?: Duration.INFINITE
        val count = withTimeoutOrNull(left) { transport.readOrEnd(chunk) }
        val agreement = when (count) {
            null -> handshake.handleTimeout(Clock.now())
            -1 -> handshake.receiveEof()
            else -> handshake.receive(chunk.flip(), Clock.now())
        }
        if (agreement != null) return agreement
    }
}
