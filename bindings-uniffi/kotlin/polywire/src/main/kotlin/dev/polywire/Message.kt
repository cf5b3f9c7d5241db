// Messages, as an application sees them.

package dev.polywire

/** A whole message. */
public sealed interface Message {
    /** Text. */
    public data class Text(public val text: String) : Message

    /** Bytes, compared by content. */
    public class Binary(public val bytes: ByteArray) : Message {
        override fun equals(other: Any?): Boolean = other is Binary && bytes.contentEquals(other.bytes)

        override fun hashCode(): Int = bytes.contentHashCode()

        override fun toString(): String = "Binary(${bytes.size} bytes)"
    }
}
