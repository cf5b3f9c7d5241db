// The client over real sockets.

package dev.polywire

import java.io.IOException
import java.net.Socket
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import javax.net.ssl.SSLException
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClientTest {
    private lateinit var echo: EchoServer

    @BeforeAll
    fun start() {
        echo = EchoServer()
    }

    @AfterAll
    fun stop() = echo.close()

    /** A test that hangs is a test that fails. */
    private fun test(block: suspend () -> Unit) = runBlocking(Dispatchers.Default) { withTimeout(60.seconds) { block() } }

    private inline fun <reified T : Throwable> throws(crossinline block: suspend () -> Unit): T =
        assertThrows(T::class.java) { runBlocking { block() } }

    @Test
    fun echoesTextAndBytes() = test {
        for (deflate in listOf(Deflate(), null)) {
            connect(echo.url, Options(deflate = deflate)).use { client ->
                assertEquals(deflate != null, client.isCompressed)
                val sent = listOf("", "hello", "Grüße, 世界 🎈".repeat(500)).map { Message.Text(it) } +
                    listOf(0, 1, 125, 126, 65_535, 65_536, 3_000_000).map { Message.Binary(Random(it).nextBytes(it)) }
                for (message in sent) client.send(message)
                assertEquals(sent, client.messages.take(sent.size).toList())
            }
        }
    }

    @Test
    fun manyMessagesKeepTheirOrder() = test {
        connect(echo.url).use { client ->
            val sending = kotlinx.coroutines.coroutineScope {
                val job = async { repeat(2000) { client.send("message $it") } }
                val found = client.messages.take(2000).toList()
                job.await()
                found
            }
            assertEquals(List(2000) { Message.Text("message $it") }, sending)
        }
    }

    @Test
    fun theEndIsTold() = test {
        val client = connect(echo.url)
        val end = client.close(4000, "enough")
        assertEquals(Cause.CLOSED, end.cause)
        assertEquals(4000, end.code)
        assertEquals(end, client.awaitEnd())
        assertFalse(client.isOpen)
        assertEquals(emptyList<Message>(), client.messages.toList())
        assertEquals(UsageError.NOT_OPEN, throws<UsageException> { client.send("late") }.error)
        assertEquals(end, client.close())
    }

    @Test
    fun pingsMeasureTheWay() = test {
        connect(echo.url).use { client ->
            val trips = kotlinx.coroutines.coroutineScope { List(5) { async { client.ping() } }.awaitAll() }
            for (trip in trips) assertTrue(trip > Duration.ZERO && trip < 10.seconds)
        }
    }

    @Test
    fun aBrokenRuleIsNamed() = test {
        SocketServer { socket ->
            socket.accept()
            // A frame with a reserved bit, then whatever the client says to that.
            socket.getOutputStream().write(byteArrayOf(0x81.toByte(), 2, 'h'.code.toByte(), 'i'.code.toByte(), 0xa1.toByte(), 0))
            socket.getInputStream().readAllBytes()
        }.use { server ->
            val client = connect(server.url)
            val found = mutableListOf<Message>()
            val failure = throws<ConnectionException> { client.messages.collect { found.add(it) } }
            assertEquals(listOf<Message>(Message.Text("hi")), found)
            assertEquals(Rule.RESERVED_BITS, failure.end.rule)
            assertEquals(Violation(Rule.RESERVED_BITS, 2u, 4u), failure.violation)
            assertTrue("RFC 6455 section 5.2" in failure.message!!)
        }
    }

    @Test
    fun aLostConnectionIsNoClosedOne() = test {
        SocketServer { it.accept() }.use { server ->
            val client = connect(server.url)
            val failure = throws<ConnectionException> { client.messages.toList() }
            assertEquals(Cause.LOST, failure.end.cause)
            assertEquals(1006, failure.end.code)
            val late = throws<UsageException> { client.ping() }
            assertEquals(Cause.LOST, (late.cause as ConnectionException).end.cause)
        }
    }

    @Test
    fun aSilentServerIsNoticed() = test {
        val over = CountDownLatch(1)
        SocketServer { socket ->
            socket.accept()
            over.await()
        }.use { server ->
            val timeouts = Timeouts(keepaliveInterval = 100.milliseconds, keepaliveTimeout = 100.milliseconds)
            val end = connect(server.url, Options(timeouts = timeouts)).awaitEnd()
            assertEquals(Cause.PONG_TIMEOUT, end.cause)
            over.countDown()
        }
    }

    @Test
    fun whatIsTooLargeIsRefused() = test {
        connect(echo.url, Options(limits = Limits(messageSize = 1000))).let { client ->
            client.send("x".repeat(1000))
            assertEquals(1000, (client.messages.first() as Message.Text).text.length)
            client.send("x".repeat(1001))
            assertEquals(Rule.INFLATED_TOO_BIG, throws<ConnectionException> { client.messages.toList() }.end.rule)
        }
    }

    @Test
    fun sendingWaitsForAServerThatDoesNotRead() = test {
        val over = CountDownLatch(1)
        SocketServer { socket ->
            socket.accept()
            over.await()
            socket.getInputStream().readAllBytes()
        }.use { server ->
            val client = connect(server.url, Options(deflate = null, limits = Limits(sendQueue = 100_000)))
            var sent = 0
            withTimeoutOrNull(1.seconds) {
                while (true) {
                    client.send(ByteArray(50_000))
                    sent++
                }
            }
            // What the sockets and the queue hold, and no more.
            assertTrue(sent in 2..1000, "$sent messages")
            over.countDown()
            repeat(100) { client.send(ByteArray(50_000)) }
            client.abort()
        }
    }

    @Test
    fun aSlowCollectorMakesTheServerWait() = test {
        val written = java.util.concurrent.atomic.AtomicInteger()
        SocketServer { socket ->
            socket.accept()
            val frame = byteArrayOf(0x82.toByte(), 127, 0, 0, 0, 0, 0, 1, 0, 0) + ByteArray(65_536)
            repeat(1000) {
                socket.getOutputStream().write(frame)
                written.incrementAndGet()
            }
            socket.getOutputStream().write(byteArrayOf(0x88.toByte(), 0))
            socket.getInputStream().readAllBytes()
        }.use { server ->
            val client = connect(server.url)
            delay(1.seconds)
            assertTrue(written.get() < 1000, "all was read while nobody collected")
            assertEquals(1000, client.messages.toList().size)
            assertEquals(Cause.CLOSED, client.awaitEnd().cause)
        }
    }

    @Test
    fun cancellationClosesWhatItLeaves() = test {
        // The server never answers the handshake: giving up must end the socket.
        val ended = CountDownLatch(1)
        SocketServer { socket ->
            socket.getInputStream().readAllBytes()
            ended.countDown()
        }.use { server ->
            throws<TimeoutCancellationException> { withTimeout(300.milliseconds) { connect(server.url) } }
            assertTrue(ended.await(10, TimeUnit.SECONDS))
            val timeouts = Timeouts(handshake = 200.milliseconds)
            val failure = throws<HandshakeException> { connect(server.url, Options(timeouts = timeouts)) }
            assertEquals(Fault.TIMEOUT, failure.fault)
        }
    }

    @Test
    fun aCancelledCollectorLosesNothing() = test {
        connect(echo.url).use { client ->
            assertNull(withTimeoutOrNull(100.milliseconds) { client.messages.first() })
            client.send("still here")
            assertEquals(Message.Text("still here"), client.messages.first())
        }
    }

    @Test
    fun aCancelledBlockSaysGoodbye() = test {
        lateinit var left: Client
        kotlinx.coroutines.coroutineScope {
            val job = launch {
                connect(echo.url).use { client ->
                    left = client
                    delay(Duration.INFINITE)
                }
            }
            delay(500.milliseconds)
            job.cancel()
        }
        val end = left.awaitEnd()
        assertEquals(Cause.CLOSED to 1001, end.cause to end.code)
    }

    @Test
    fun aRefusalIsShown() = test {
        SocketServer { socket: Socket ->
            socket.getInputStream().read(ByteArray(4096))
            val answer = "HTTP/1.1 403 Forbidden\r\nX-Why: tired\r\nContent-Length: 4\r\n\r\ngo\r\n"
            socket.getOutputStream().write(answer.encodeToByteArray())
        }.use { server ->
            val failure = throws<HandshakeException> { connect(server.url) }
            assertEquals(Fault.STATUS, failure.fault)
            assertEquals(403, failure.response?.status)
            assertEquals("tired", failure.response?.header("x-why"))
            assertEquals("go\r\n", failure.response?.body?.decodeToString())
        }
        assertEquals(Fault.URL_SCHEME, throws<HandshakeException> { connect("http://localhost/") }.fault)
        val options = Options(headers = listOf("X" to "a\r\nB: c"))
        assertEquals(Fault.OPTION_HEADER, throws<HandshakeException> { connect(echo.url, options) }.fault)
        throws<IOException> { connect("ws://127.0.0.1:1") }
        throws<SettingException> { connect(echo.url, Options(deflate = Deflate(level = 11))) }
    }

    @Test
    fun talksThroughTls() = test {
        TlsServer(echo.url, "localhost").use { server ->
            connect(server.url, Options(sslContext = server.trusting)).use { client ->
                val sent = listOf(1, 16_384, 2_000_000).map { Message.Binary(Random(it).nextBytes(it)) }
                for (message in sent) client.send(message)
                assertEquals(sent, client.messages.take(sent.size).toList())
                client.ping()
            }
            throws<SSLException> { connect(server.url) }
        }
        TlsServer(echo.url, "other.example").use { server ->
            throws<SSLException> { connect(server.url, Options(sslContext = server.trusting)) }
        }
    }
}
