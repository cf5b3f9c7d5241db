// Runs a vector of the kind `connection`: what goes in, step by step, and what must come out.

package dev.polywire.vectors

import dev.polywire.Batch
import dev.polywire.Event
import dev.polywire.UsageException
import dev.polywire.Wire
import dev.polywire.core.Prepared
import dev.polywire.core.Role
import dev.polywire.core.Settings
import java.nio.ByteBuffer
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject

/** How the bytes of a step are cut, and how contexts are kept. */
data class Way(val cut: Cut, val contexts: String)

class ConnectionRun(private val vector: Vector, private val way: Way) : AutoCloseable {
    private val isClient = vector["role"]!!.text() == "client"
    private var now = 1_000_000L
    private val settings: Settings = settings(vector["config"], way.contexts)
    private val agreement = agreement(vector["config"])
    private val connection =
        Wire(if (isClient) Role.CLIENT else Role.SERVER, settings, agreement, now)
    private val dice = Dice((way.cut as? Cut.Random)?.seed ?: 0)
    private val inflater = agreement.deflate?.let {
        if (isClient) {
            Inflater(it.clientMaxWindowBits.toInt(), it.clientNoContextTakeover)
        } else {
            Inflater(it.serverMaxWindowBits.toInt(), it.serverNoContextTakeover)
        }
    }

    /** What the last call said. */
    private var wants = connection.transmit(now, 0)

    /** Runs it; returns every event in full, to be compared with other ways. */
    fun run(): List<JsonObject> {
        known(vector.fields, "id", "rfc", "origin", "note", "role", "config", "steps")
        val trace = vector["steps"].list().flatMapIndexed { number, step ->
            try {
                step(step as JsonObject)
            } catch (broken: Broken) {
                throw Broken("step ${number + 1}: ${broken.message}")
            }
        }
        val left = output()
        if (left.isNotEmpty()) throw Broken("unexpected output ${left.hex()}")
        return trace
    }

    override fun close() {
        connection.close()
        settings.close()
    }

    private fun step(step: JsonObject): List<JsonObject> {
        known(step, "receive", "command", "error", "advance", "eof", "events", "sends", "output", "wants", "heap_at_most")
        val receive = step["receive"]
        val command = step["command"]
        val advance = step["advance"].number()
        val events = merge(
            when {
                receive != null -> receive(receive.bytes())
                command != null -> command(command as JsonObject, step["error"])
                advance != null -> advance(advance * 1000)
                else -> take(connection.receiveEof(now, 0))
            },
        )
        expectEvents(step["events"].list(), events)
        step["heap_at_most"].number()?.let { most ->
            val held = connection.heapBytes()
            if (held > most) throw Broken("holds $held bytes of heap, expected at most $most")
        }
        step["output"]?.let { expected ->
            val found = output().hex()
            if (found != expected.bytes().hex()) throw Broken("expected the output ${expected.text()}, found $found")
        }
        step["sends"]?.let { expectSends(it.list()) }
        step["wants"]?.let { expected ->
            difference(expected, wants())?.let { throw Broken("wants: $it") }
        }
        return events
    }

    private fun receive(input: ByteArray): List<JsonObject> {
        var at = 0
        val chunk = direct(input)
        return way.cut.pieces(input.size).flatMap { length ->
            val piece = chunk.limit(at + length).position(at)
            at += length
            val events = take(connection.receive(piece.slice(), now, 0)).toMutableList()
            while (wants.more) events += take(connection.receive(EMPTY, now, 0))
            events
        }
    }

    private fun command(command: JsonObject, error: JsonElement?): List<JsonObject> {
        val (name, argument) = command.entries.single()
        var refused: String? = null
        val events = try {
            take(carryOut(name, argument))
        } catch (failure: UsageException) {
            refused = failure.error.code
            emptyList()
        }
        val expected = error?.text()
        if (refused != expected) throw Broken("expected $expected, found $refused")
        return events + take(connection.handleTimeout(now, 0))
    }

    private fun carryOut(name: String, argument: JsonElement): Batch {
        val fields = argument.fields()
        return when (name) {
            "send_text" -> connection.send(argument.text().encodeToByteArray(), true, true, now, 0)
            "send_binary" -> connection.send(argument.bytes(), false, true, now, 0)
            "send_part" -> {
                val (content, text) = content(fields)
                connection.sendPart(content, text, fields["last"].flag()!!, now, 0)
            }
            "send_prepared" -> {
                val (content, text) = content(fields)
                Prepared(direct(content), text).use { connection.sendPrepared(it, now, 0) }
            }
            "ping" -> connection.ping(argument.bytes(), now, 0)
            "pong" -> connection.pong(argument.bytes(), now, 0)
            "close" -> {
                val code = fields["code"].number()?.toInt()
                connection.closeWith(code, fields.getValue("reason").text(), now, 0)
            }
            "abort" -> connection.abort(now)
            "pause_reading" -> connection.pauseReading(now)
            "resume_reading" -> connection.resumeReading(now)
            else -> throw Broken("unknown command $name")
        }
    }

    private fun content(fields: JsonObject): Pair<ByteArray, Boolean> =
        fields["text"]?.let { it.text().encodeToByteArray() to true } ?: (fields.getValue("binary").bytes() to false)

    /** Lets time pass: every deadline on the way is kept at its moment. */
    private fun advance(micros: Long): List<JsonObject> {
        val target = now + micros
        val events = mutableListOf<JsonObject>()
        while (wants.deadline <= target) {
            val deadline = wants.deadline
            now = maxOf(now, deadline)
            events += take(connection.handleTimeout(now, 0))
            if (wants.deadline == deadline) throw Broken("the deadline stays after it was handled")
        }
        now = target
        return events + take(connection.handleTimeout(now, 0))
    }

    /** Everything that is queued, as a socket would take it. */
    private fun output(): ByteArray {
        var output = ByteArray(0)
        while (true) {
            val queued = connection.transmit(now, 0).queued
            if (queued == 0) return output
            val count = when (way.cut) {
                Cut.Whole -> queued
                Cut.Bytes -> minOf(queued, 1 + queued / 50)
                is Cut.Random -> 1 + dice.below(queued)
            }
            wants = connection.transmit(now, count)
            if (wants.output.size != count) throw Broken("took ${wants.output.size} of $count bytes")
            output += wants.output
        }
    }

    private fun expectSends(expected: List<JsonElement>) {
        val frames = FrameReader(output(), masked = isClient).all()
        for (frame in expected) expectFrame(frames, frame as JsonObject, inflater)
        frames.firstOrNull()?.let { throw Broken("unexpected $it") }
    }

    private fun wants(): JsonObject {
        val socket = if (wants.close) "close" else if (wants.shutdownWrite) "shutdown_write" else "keep"
        val deadline = if (wants.deadline == Batch.NEVER) null else maxOf(wants.deadline - now, 0) / 1000
        return json("read" to wants.wantsRead, "write" to wants.wantsWrite, "socket" to socket, "deadline_ms" to deadline)
    }

    private fun take(batch: Batch): List<JsonObject> {
        wants = batch
        return wants.events.map(::told)
    }
}

private val EMPTY = direct(ByteArray(0))

fun direct(bytes: ByteArray): ByteBuffer = ByteBuffer.allocateDirect(bytes.size).put(bytes).flip()

/** An event as it stands in a vector. */
fun told(event: Event): JsonObject = when (event) {
    is Event.Text -> json("text" to event.text)
    is Event.Binary -> json("binary" to event.bytes.hex())
    is Event.Chunk -> {
        val content = if (event.isText) "text" to event.bytes.decodeToString() else "binary" to event.bytes.hex()
        json("chunk" to json(content, "last" to event.last))
    }
    is Event.Ping -> json("ping" to event.payload.hex())
    is Event.Pong -> {
        val trip = event.roundTrip?.inWholeMilliseconds
        json("pong" to json("payload" to event.payload.hex(), "rtt_ms" to trip))
    }
    is Event.Close -> json("close" to json("code" to event.code, "reason" to event.reason))
    is Event.Failed -> event.violation.let {
        json("failed" to json("rule" to it.rule.code, "found" to it.found, "offset" to it.offset))
    }
    is Event.Ended -> event.end.let {
        json("ended" to json("cause" to it.cause.code, "code" to it.code, "rule" to it.rule?.code))
    }
}

/** Joins the pieces of a message: where it was cut must not matter. */
private fun merge(events: List<JsonObject>): List<JsonObject> {
    val merged = mutableListOf<JsonObject>()
    for (event in events) {
        val before = merged.lastOrNull()?.get("chunk") as? JsonObject
        val chunk = event["chunk"] as? JsonObject
        if (before == null || chunk == null || before["last"].flag() == true) {
            merged.add(event)
            continue
        }
        val kind = if ("text" in chunk) "text" else "binary"
        val joined = listOf(before, chunk).joinToString("") { it[kind]?.text().orEmpty() }
        merged[merged.lastIndex] = json("chunk" to json(kind to joined, "last" to chunk["last"]))
    }
    return merged
}

private fun expectEvents(expected: List<JsonElement>, found: List<JsonObject>) {
    for ((number, pair) in expected.zip(found).withIndex()) {
        difference(pair.first.joined(), pair.second)?.let { throw Broken("event ${number + 1}: $it") }
    }
    if (expected.size > found.size) throw Broken("no event ${short(expected[found.size])}")
    if (expected.size < found.size) throw Broken("unexpected event ${short(found[expected.size])}")
}
