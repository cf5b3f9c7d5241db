// How input is cut: where it is must not matter.

package dev.polywire.vectors

/** A way to cut bytes into pieces. */
sealed interface Cut {
    data object Whole : Cut

    data object Bytes : Cut

    data class Random(val seed: Long) : Cut

    /** The lengths of the pieces of [length] bytes. */
    fun pieces(length: Int): List<Int> = when (this) {
        Whole -> listOf(length)
        Bytes -> List(length) { 1 }
        is Random -> {
            val dice = Dice(seed)
            // From a few bytes to large pieces, so that every part of a frame is cut somewhere.
            val most = 1 shl (1 + dice.below(12))
            val pieces = mutableListOf<Int>()
            var left = length
            while (left > 0) {
                val piece = minOf(1 + dice.below(most), left)
                pieces.add(piece)
                left -= piece
            }
            pieces
        }
    }

    companion object {
        /** Random cuts of each vector, each with a seed of its own. */
        private const val CUTS = 6

        fun all(number: Int): List<Cut> = listOf(Whole, Bytes) + List(CUTS) { Random(number.toLong() * CUTS + it) }
    }
}

/** Small and good enough to cut bytes: SplitMix64. */
class Dice(private var state: Long) {
    fun below(bound: Int): Int {
        state += -0x61c8864680b583ebL
        var x = state
        x = (x xor (x ushr 30)) * -0x40a7b892e31b1a47L
        x = (x xor (x ushr 27)) * -0x6b2fb644ecceee15L
        return ((x xor (x ushr 31)).toULong() % maxOf(bound, 1).toULong()).toInt()
    }
}
