// Every vector of `tests/vectors`, in one piece, byte by byte, and at random cuts.

package dev.polywire

import dev.polywire.vectors.Broken
import dev.polywire.vectors.ConnectionRun
import dev.polywire.vectors.Cut
import dev.polywire.vectors.Vector
import dev.polywire.vectors.Vectors
import dev.polywire.vectors.Way
import dev.polywire.vectors.runClient
import dev.polywire.vectors.runNegotiation
import dev.polywire.vectors.runServer
import dev.polywire.vectors.runUrl
import dev.polywire.vectors.short
import kotlinx.serialization.json.JsonObject
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class VectorsTest {
    @Test
    fun connections() = runAll("connection") { vector, number -> agree(vector, ways(vector, number)) }

    @Test
    fun serverHandshakes() = runAll("server_handshake") { vector, number -> atEveryCut(vector, number, ::runServer) }

    @Test
    fun clientHandshakes() = runAll("client_handshake") { vector, number -> atEveryCut(vector, number, ::runClient) }

    @Test
    fun urls() = runAll("url") { vector, _ -> 1.also { runUrl(vector) } }

    @Test
    fun negotiations() = runAll("negotiation") { vector, _ -> 1.also { runNegotiation(vector) } }

    @Test
    fun everyKindOfFileIsRun() = assertEquals(Vectors.kinds.toSet(), Vectors.kindsOfFiles())

    /** Runs the vectors of a kind, and tells of all that fail. [run] returns how many runs it made. */
    private fun runAll(kind: String, run: (Vector, Int) -> Int) {
        var runs = 0
        val problems = mutableListOf<String>()
        val vectors = Vectors.of(kind)
        for ((number, vector) in vectors.withIndex()) {
            try {
                runs += run(vector, number)
            } catch (broken: Exception) {
                problems.add("$vector: ${if (broken is Broken) broken.message else broken}")
            }
        }
        println("$kind: ${vectors.size} vectors, $runs runs")
        assertTrue(vectors.isNotEmpty())
        assertTrue(problems.isEmpty()) { "${problems.size} vectors fail:\n${problems.joinToString("\n")}" }
    }

    private fun atEveryCut(vector: Vector, number: Int, run: (Vector, Cut) -> Unit): Int {
        val cuts = Cut.all(number)
        for (cut in cuts) {
            try {
                run(vector, cut)
            } catch (broken: Broken) {
                throw Broken("$cut: ${broken.message}")
            }
        }
        return cuts.size
    }

    /** At every cut, and with both kinds of contexts. */
    private fun ways(vector: Vector, number: Int): List<Way> {
        val deflates = (vector["config"] as? JsonObject)?.containsKey("deflate") ?: false
        val contexts = if (deflates) listOf("folded", "dedicated") else listOf("folded")
        return contexts.flatMap { context -> Cut.all(number).map { Way(it, context) } }
    }

    /** Runs a vector in each way: each must give the events that it expects, and all exactly the same. */
    private fun agree(vector: Vector, ways: List<Way>): Int {
        var first: List<JsonObject>? = null
        for (way in ways) {
            val trace = try {
                ConnectionRun(vector, way).use { it.run() }
            } catch (broken: Broken) {
                throw Broken("$way, ${broken.message}")
            }
            val before = first ?: trace.also { first = it }
            for ((one, other) in before.zip(trace)) {
                if (one != other) throw Broken("${ways[0]} gives ${short(one)}, but $way gives ${short(other)}")
            }
        }
        return ways.size
    }
}
