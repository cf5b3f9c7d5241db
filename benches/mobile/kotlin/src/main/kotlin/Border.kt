// What the border costs on the JVM: messages through the core and back, without a socket.
//
// A server's end and a client's end talk through memory. The client is what is measured: it receives a message
// (bytes in, one batch out for each chunk) and sends it back (content in, bytes to write out). What the server
// does, to have something to send, stands outside the clock. Time is CPU time of the whole process.

import com.sun.jna.Native
import com.sun.management.OperatingSystemMXBean
import dev.polywire.Event
import dev.polywire.Wire
import dev.polywire.core.Agreement
import dev.polywire.core.Connection
import dev.polywire.core.NamedSetting
import dev.polywire.core.Role
import dev.polywire.core.Setting
import dev.polywire.core.Settings
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer

private const val ROUNDS = 7
private val settings = Settings(
    listOf(
        NamedSetting("deflate", Setting.Flag(false)),
        NamedSetting("limits.send_queue", Setting.Unlimited),
    ),
)
private val agreement = Agreement(null, null)

/** The frames of [count] messages of [size] bytes, as a server sends them. */
private fun frames(size: Int, count: Int): ByteArray =
    Wire(Role.SERVER, settings, agreement, 0).use { server ->
        var frames = ByteArray(0)
        repeat(count) { frames += server.send(ByteArray(size), false, false, 0, Int.MAX_VALUE).output }
        frames
    }

private fun echo(name: String, size: Int, count: Int, read: Int): String {
    val frames = frames(size, count)
    val chunks = frames.asList().chunked(read) { chunk ->
        ByteBuffer.allocateDirect(chunk.size).put(chunk.toByteArray()).flip()
    }
    val nanos = Wire(Role.CLIENT, settings, agreement, 0).use { client ->
        val echo = { echo(client, chunks, count) }
        val runs = minOf((64 shl 20) / (size * count) + 1, 60)
        repeat(6) { timed(runs, echo) }
        median(runs, echo)
    }
    val bytes = size.toLong() * count
    val perSecond = bytes / nanos
    return "%-34s %8.2f us/message  %6.2f GB/s echoed  %6.2f GB/s in both directions".format(
        name, nanos / count / 1000, perSecond, 2 * perSecond,
    )
}

/** Receives everything and sends it back; one call for a read, one for a message, and what the output takes. */
private fun echo(client: Wire, chunks: List<ByteBuffer>, count: Int) {
    var echoed = 0
    for (chunk in chunks) {
        var batch = client.receive(chunk.duplicate(), 0, 0)
        while (true) {
            for (event in batch.events) {
                if (event !is Event.Binary) continue
                var sent = client.send(event.bytes, false, false, 0, OUTPUT)
                while (sent.wantsWrite) sent = client.transmit(0, OUTPUT)
                echoed++
            }
            if (!batch.more) break
            batch = client.receive(EMPTY, 0, 0)
        }
    }
    check(echoed == count) { "$echoed of $count messages came back" }
}

private const val OUTPUT = 256 shl 10
private val EMPTY = ByteBuffer.allocateDirect(0)

/** Nanoseconds of the whole process's CPU for one run, garbage collection included, out of [runs]. */
private fun timed(runs: Int, run: () -> Unit): Double {
    val start = system.processCpuTime
    repeat(runs) { run() }
    return (system.processCpuTime - start).toDouble() / runs
}

private fun median(runs: Int, run: () -> Unit): Double = List(ROUNDS) { timed(runs, run) }.sorted()[ROUNDS / 2]

private val system = ManagementFactory.getOperatingSystemMXBean() as OperatingSystemMXBean

private fun calls() {
    val call = { name: String, runs: Int, run: () -> Unit ->
        repeat(3) { timed(runs, run) }
        println("%-34s %8.2f us/call".format(name, median(runs, run) / 1000))
    }
    Wire(Role.CLIENT, settings, agreement, 0).use { wire ->
        call("an empty read", 200_000) { wire.receive(EMPTY, 0, 0) }
    }
    Connection(Role.CLIENT, settings, agreement, 0).use { connection ->
        call("an empty read through uniffi", 5_000) { connection.receive(EMPTY, 0, 0u) }
    }
}

fun main() {
    println("JVM ${System.getProperty("java.version")}, JNA ${Native.VERSION}")
    calls()
    // The first pass is for the compiler, and for the heap: pages that nobody used before cost more than the
    // messages that are put there.
    cases()
    cases().forEach(::println)
}

private fun cases() = listOf(
    echo("1 MiB, reads of 64 KiB", 1 shl 20, 8, 64 shl 10),
    echo("1 MiB, reads of 256 KiB", 1 shl 20, 8, 256 shl 10),
    echo("1 KiB, reads of 64 KiB", 1 shl 10, 640, 64 shl 10),
    echo("32 B, reads of 16 KiB", 32, 4800, 16 shl 10),
)
