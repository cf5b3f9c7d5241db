// Output taken apart: a frame parser of its own, so that the core is not judged by itself.

package dev.polywire.vectors

import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject

class Frame(val fin: Boolean, val rsv1: Boolean, val opcode: Int, val payload: ByteArray) {
    override fun toString(): String {
        val shown = payload.copyOf(minOf(payload.size, 64)).hex()
        return "opcode $opcode fin $fin rsv1 $rsv1 payload $shown (${payload.size})"
    }
}

/** Splits output into frames and unmasks them. [masked] says what every frame must be. */
class FrameReader(private val output: ByteArray, private val masked: Boolean) {
    private var at = 0

    fun all(): ArrayDeque<Frame> {
        val frames = ArrayDeque<Frame>()
        while (at < output.size) frames.add(next())
        return frames
    }

    private fun next(): Frame {
        val (first, second) = take(2).map { it.toInt() and 0xff }
        if (first and 0x30 != 0 || (second and 0x80 != 0) != masked) {
            throw Broken("a frame that begins with $first $second")
        }
        val length = when (val short = second and 0x7f) {
            126 -> number(2, 126)
            127 -> number(8, 0x1_0000)
            else -> short
        }
        val key = take(if (masked) 4 else 0)
        val payload = take(length)
        if (masked) {
            for (index in payload.indices) payload[index] = (payload[index].toInt() xor key[index % 4].toInt()).toByte()
        }
        return Frame(first and 0x80 != 0, first and 0x40 != 0, first and 0x0f, payload)
    }

    private fun number(length: Int, least: Int): Int {
        val number = take(length).fold(0L) { number, byte -> number shl 8 or (byte.toLong() and 0xff) }
        if (number < least) throw Broken("a length that is not minimal")
        return Math.toIntExact(number)
    }

    private fun take(count: Int): ByteArray {
        if (output.size - at < count) throw Broken("half a frame")
        at += count
        return output.copyOfRange(at - count, at)
    }
}

/** Takes the frames that [expected] describes off the front of [frames]. */
fun expectFrame(frames: ArrayDeque<Frame>, expected: JsonObject, inflater: Inflater?) {
    val first = frames.removeFirstOrNull() ?: throw Broken("no frame for ${short(expected)}")
    val isOpen = expected["deflated"] is JsonNull
    val compressed = if (isOpen) first.rsv1 else expected["deflated"].flag() ?: false
    fun wrong(): Nothing = throw Broken("expected ${short(expected)}, found $first")
    if (first.rsv1 != compressed) wrong()
    val found = if (compressed) {
        val message = whole(first, frames, expected)
        (inflater ?: throw Broken("compression without agreement")).message(message)
    } else {
        if (first.fin != (expected["fin"].flag() ?: true)) wrong()
        first.payload
    }
    val (opcode, wanted, isPrefix) = wanted(expected)
    val same = if (isPrefix) found.size >= wanted.size && found.copyOf(wanted.size).contentEquals(wanted) else found.contentEquals(wanted)
    if (first.opcode != opcode || !same) wrong()
}

/** The payload of a compressed message, whose fragments must be `fragments` in number. */
private fun whole(first: Frame, frames: ArrayDeque<Frame>, expected: JsonObject): ByteArray {
    var message = first.payload
    var fin = first.fin
    var count = 1L
    while (!fin) {
        val next = frames.removeFirstOrNull() ?: throw Broken("a message without an end")
        if (next.opcode != 0 || next.rsv1) throw Broken("expected a continuation, found $next")
        message += next.payload
        fin = next.fin
        count++
    }
    if (count != (expected["fragments"].number() ?: 1L)) throw Broken("$count fragments")
    return message
}

private data class Wanted(val opcode: Int, val payload: ByteArray, val isPrefix: Boolean)

private fun wanted(expected: JsonObject): Wanted {
    val code: JsonElement? = expected["close"]
    if (code != null) {
        val number = code.number()?.toInt()
        val payload = if (number == null) ByteArray(0) else byteArrayOf((number shr 8).toByte(), number.toByte())
        val reason = expected["reason"]
        return when {
            reason != null -> Wanted(8, payload + reason.text().encodeToByteArray(), false)
            else -> Wanted(8, payload, payload.isNotEmpty())
        }
    }
    for ((kind, opcode) in listOf("continuation" to 0, "binary" to 2, "ping" to 9, "pong" to 10)) {
        expected[kind]?.let { return Wanted(opcode, it.bytes(), false) }
    }
    return Wanted(1, expected.getValue("text").text().encodeToByteArray(), false)
}
