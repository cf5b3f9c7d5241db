// What is thrown, and how a connection ended.
//
// Owns the exceptions. Codes and their texts are those of the core.

package dev.polywire

import dev.polywire.core.Failure
import java.io.IOException

/** How a connection ended. */
public data class End(
    /** What ended it. */
    val cause: Cause,
    /** The peer's status code, or 1005 when its close frame had none, or 1006 when there was no close frame. */
    val code: Int,
    /** The rule that the peer broke, if it did. */
    val rule: Rule?,
    /** What the peer gave as the reason of its close frame. */
    val reason: String = "",
)

/** A rule that the peer broke, and how. */
public data class Violation(
    /** The broken rule. */
    val rule: Rule,
    /** What came instead, as the number that the rule is about. */
    val found: ULong,
    /** The offset in the stream of the frame at fault. */
    val offset: ULong,
) {
    override fun toString(): String =
        "${rule.code}: expected ${rule.expected}, found $found (${rule.section}), in the frame at byte $offset"
}

/** What this package throws. */
public sealed class PolywireException(message: String, cause: Throwable?) : IOException(message, cause)

/** There is no connection: the opening handshake failed. */
public class HandshakeException(
    /** What was wrong. */
    public val fault: Fault,
    message: String,
    /** The server's response, as far as it was read. */
    public val response: HttpResponse?,
) : PolywireException(message, null)

/** A call that could not be carried out. Nothing was sent. */
public class UsageException(
    /** What was wrong with it. */
    public val error: UsageError,
    cause: Throwable? = null,
) : PolywireException("${error.code}: ${error.text}", cause)

/** The connection ended otherwise than by a closing handshake. */
public class ConnectionException(
    /** How it ended. */
    public val end: End,
    /** The rule that the peer broke, and how, if it did. */
    public val violation: Violation?,
    cause: Throwable? = null,
) : PolywireException(violation?.toString() ?: "the connection ended: ${end.cause.code}", cause)

/** A setting that cannot be. */
public class SettingException(message: String) : PolywireException(message, null)

/** The response of a server. */
public class HttpResponse(
    /** The status. */
    public val status: Int,
    /** The header fields, each character of a value one byte. */
    public val headers: List<Pair<String, String>>,
    /** The body; of a refusal its first 4 KiB. */
    public val body: ByteArray,
) {
    /** The value of the first field called [name], regardless of case. */
    public fun header(name: String): String? =
        headers.firstOrNull { it.first.equals(name, ignoreCase = true) }?.second

    internal companion object {
        fun of(response: dev.polywire.core.Response) = HttpResponse(
            response.status.toInt(),
            response.headers.map { it.name to it.value.toString(Charsets.ISO_8859_1) },
            response.body,
        )
    }
}

/** Runs [call], and throws what belongs to this package. */
internal inline fun <T> translated(call: () -> T): T =
    try {
        call()
    } catch (failure: Failure) {
        throw failure.translate()
    }

internal fun Failure.translate(): PolywireException = when (this) {
    is Failure.Usage -> UsageException(UsageError.of(code))
    is Failure.Handshake ->
        HandshakeException(Fault.of(code), text, response?.let(HttpResponse::of))
    is Failure.Setting -> SettingException("setting `$name`: expected $expected")
}
