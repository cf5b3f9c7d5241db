// Inflation of what the core compressed: RFC 1951, written for this purpose, so that no engine is judged by
// itself and no match may reach beyond the agreed window.

package dev.polywire.vectors

/** The receiving end of a compressed direction. */
class Inflater(windowBits: Int, private val noContextTakeover: Boolean) {
    private val window = 1 shl windowBits

    /** Everything so far. */
    private var text = ByteArray(1 shl 10)
    private var size = 0

    /** The plain text of a message without its four last bytes (RFC 7692 section 7.2.2). */
    fun message(payload: ByteArray): ByteArray {
        if (noContextTakeover) size = 0
        val start = size
        val bits = Bits(payload + byteArrayOf(0, 0, -1, -1))
        while (!bits.atEnd()) {
            if (block(bits)) bits.align()
        }
        return text.copyOfRange(start, size)
    }

    /** Inflates one block; returns whether it was marked as the final one. */
    private fun block(bits: Bits): Boolean {
        val last = bits.take(1) == 1
        when (bits.take(2)) {
            0 -> stored(bits)
            1 -> codes(bits, FIXED_LITERALS, FIXED_DISTANCES)
            2 -> dynamic(bits).let { (literals, distances) -> codes(bits, literals, distances) }
            else -> throw Broken("block type 3")
        }
        return last
    }

    private fun stored(bits: Bits) {
        bits.align()
        val length = bits.take(16)
        if (length != (bits.take(16) xor 0xffff)) throw Broken("a stored block with a wrong length")
        repeat(length) { push(bits.take(8).toByte()) }
    }

    private fun codes(bits: Bits, literals: Code, distances: Code) {
        while (true) {
            val symbol = literals.read(bits)
            when {
                symbol < 256 -> push(symbol.toByte())
                symbol == 256 -> return
                symbol < 285 -> copy(3 + value(symbol - 257, 4, bits), distances, bits)
                symbol == 285 -> copy(258, distances, bits)
                else -> throw Broken("length code $symbol")
            }
        }
    }

    private fun copy(length: Int, distances: Code, bits: Bits) {
        val distance = 1 + value(distances.read(bits), 2, bits)
        if (distance > window) throw Broken("distance $distance beyond the window $window")
        if (distance > size) throw Broken("a match before the start")
        repeat(length) { push(text[size - distance]) }
    }

    private fun push(byte: Byte) {
        if (size == text.size) text = text.copyOf(2 * size)
        text[size++] = byte
    }

    private companion object {
        val FIXED_LITERALS = Code(IntArray(288) { if (it in 144..255) 9 else if (it in 256..279) 7 else 8 })
        val FIXED_DISTANCES = Code(IntArray(30) { 5 })
        val ORDER = intArrayOf(16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)

        /**
         * What the [code]-th of the codes means that stand for ever longer ranges: the first two rows of [row]
         * codes have no extra bits, each further row has one bit more.
         */
        fun value(code: Int, row: Int, bits: Bits): Int {
            val extra = { at: Int -> maxOf(at / row - 1, 0) }
            return (0 until code).sumOf { 1 shl extra(it) } + bits.take(extra(code))
        }

        fun dynamic(bits: Bits): Pair<Code, Code> {
            val literals = bits.take(5) + 257
            val distances = bits.take(5) + 1
            val order = IntArray(19)
            for (at in 0 until bits.take(4) + 4) order[ORDER[at]] = bits.take(3)
            val code = Code(order)
            val lengths = mutableListOf<Int>()
            while (lengths.size < literals + distances) {
                val (length, count) = when (val symbol = code.read(bits)) {
                    16 -> lengths.last() to 3 + bits.take(2)
                    17 -> 0 to 3 + bits.take(3)
                    18 -> 0 to 11 + bits.take(7)
                    else -> symbol to 1
                }
                repeat(count) { lengths.add(length) }
            }
            val all = lengths.toIntArray()
            return Code(all.copyOf(literals)) to Code(all.copyOfRange(literals, all.size))
        }
    }
}

/** A canonical Huffman code: how many codes there are of each length, and the symbols in their order. */
private class Code(lengths: IntArray) {
    private val counts = IntArray(16).also { counts -> lengths.forEach { if (it > 0) counts[it]++ } }
    private val symbols = lengths.indices.filter { lengths[it] > 0 }.sortedBy { lengths[it] }

    fun read(bits: Bits): Int {
        var (code, first, index) = Triple(0, 0, 0)
        for (length in 1..15) {
            code = code or bits.take(1)
            if (code < first + counts[length]) return symbols[index + code - first]
            index += counts[length]
            first = (first + counts[length]) shl 1
            code = code shl 1
        }
        throw Broken("no such code")
    }
}

private class Bits(private val data: ByteArray) {
    private var at = 0

    fun atEnd(): Boolean = at >= 8 * data.size

    fun take(count: Int): Int {
        var value = 0
        for (place in 0 until count) {
            if (atEnd()) throw Broken("the data ends inside a block")
            value = value or ((data[at / 8].toInt() shr at % 8 and 1) shl place)
            at++
        }
        return value
    }

    fun align() {
        at = (at + 7) / 8 * 8
    }
}
