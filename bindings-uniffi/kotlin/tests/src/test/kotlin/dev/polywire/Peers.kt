// Servers that the tests talk to: the echo server of examples/rust, a TLS server before it, and one of
// sockets whose every byte a test decides.

package dev.polywire

import dev.polywire.core.ServerHandshake
import dev.polywire.core.Settings
import java.io.File
import java.io.InputStream
import java.io.OutputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.net.URI
import java.nio.ByteBuffer
import java.nio.file.Files
import java.security.KeyStore
import java.util.concurrent.TimeUnit
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory
import kotlin.concurrent.thread

/** The echo server of examples/rust in a process of its own. */
class EchoServer : AutoCloseable {
    private val process = ProcessBuilder(System.getProperty("polywire.echo"), "127.0.0.1:0")
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start()
    val url: String = process.inputReader().readLine().substringAfter("listening on ")

    override fun close() {
        process.destroy()
        process.waitFor(5, TimeUnit.SECONDS)
    }
}

/** A server that does what [serve] says with each connection. */
open class SocketServer(
    private val server: ServerSocket = ServerSocket(0, 50, InetAddress.getLoopbackAddress()),
    private val serve: (Socket) -> Unit,
) : AutoCloseable {
    val port: Int get() = server.localPort
    val url: String get() = "ws://127.0.0.1:$port"

    private val accepting = thread(isDaemon = true) {
        // It ends when the server socket is closed.
        runCatching {
            while (true) {
                val socket = server.accept()
                thread(isDaemon = true) { runCatching { socket.use(serve) } }
            }
        }
    }

    override fun close() {
        server.close()
        accepting.join()
    }
}

/** Answers the opening handshake as a server does. */
fun Socket.accept() {
    Settings(emptyList()).use { settings ->
        ServerHandshake(false, null, emptyList(), settings, 0).use { handshake ->
            val chunk = ByteArray(4096)
            while (true) {
                val count = getInputStream().read(chunk)
                val bytes = ByteBuffer.allocateDirect(count).put(chunk, 0, count).flip()
                handshake.receive(bytes, 0) ?: continue
                handshake.accept()
                getOutputStream().write(handshake.answer())
                return
            }
        }
    }
}

/** A TLS server before [target], with a certificate for [name] that [trusting] clients accept. */
class TlsServer(target: String, name: String) : AutoCloseable {
    private val folder = Files.createTempDirectory("polywire").toFile()
    private val store = KeyStore.getInstance("PKCS12").apply {
        val file = File(folder, "server.p12")
        makeCertificate(file, name)
        file.inputStream().use { load(it, PASSWORD.toCharArray()) }
    }
    private val server = URI(target).let { uri ->
        SocketServer(serverSocket()) { tls ->
            Socket(uri.host, uri.port).use { plain -> join(tls, plain) }
        }
    }
    val url: String get() = "wss://localhost:${server.port}"

    /** What a client needs to trust it. */
    val trusting: SSLContext get() {
        val trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
        val anchors = KeyStore.getInstance("PKCS12").apply {
            load(null, null)
            setCertificateEntry("server", store.getCertificate("server"))
        }
        trust.init(anchors)
        return SSLContext.getInstance("TLS").apply { init(null, trust.trustManagers, null) }
    }

    private fun serverSocket(): ServerSocket {
        val keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm())
        keys.init(store, PASSWORD.toCharArray())
        val context = SSLContext.getInstance("TLS").apply { init(keys.keyManagers, null, null) }
        return context.serverSocketFactory.createServerSocket(0, 50, InetAddress.getLoopbackAddress())
    }

    private fun makeCertificate(file: File, name: String) {
        val keytool = File(System.getProperty("java.home"), "bin/keytool").path
        val arguments = "-genkeypair -alias server -keyalg EC -groupname secp256r1 -dname CN=$name -ext san=dns:$name " +
            "-validity 2 -storetype PKCS12 -storepass $PASSWORD -keystore ${file.path}"
        val process = ProcessBuilder(listOf(keytool) + arguments.split(" ")).redirectErrorStream(true).start()
        val said = process.inputReader().readText()
        check(process.waitFor() == 0) { "keytool: $said" }
    }

    override fun close() {
        server.close()
        folder.deleteRecursively()
    }

    private companion object {
        const val PASSWORD = "changeit"

        fun join(one: Socket, other: Socket) {
            val back = thread(isDaemon = true) { pump(other.getInputStream(), one.getOutputStream()) { one.shutdownOutput() } }
            pump(one.getInputStream(), other.getOutputStream()) { other.shutdownOutput() }
            back.join()
        }

        fun pump(from: InputStream, to: OutputStream, end: () -> Unit) {
            runCatching { from.transferTo(to) }
            runCatching { end() }
        }
    }
}
