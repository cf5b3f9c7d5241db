// The codes of everything that can go wrong, as constants of Kotlin.
//
// Owns their names. What belongs to a code (close code, section, text) comes from the core's table, and a
// test compares both.

package dev.polywire

import dev.polywire.core.causes
import dev.polywire.core.codes

/** Rules that a peer can break. */
public enum class Rule(public val code: String) {
    /** A reserved bit is set that no negotiated extension defines. */
    RESERVED_BITS("frame.reserved_bits"),
    /** The opcode is one of the ten that are reserved. */
    RESERVED_OPCODE("frame.reserved_opcode"),
    /** A client sent a frame without a mask. */
    MASK_MISSING("frame.mask_missing"),
    /** A server sent a frame with a mask. */
    MASK_UNEXPECTED("frame.mask_unexpected"),
    /** A length is written in more bytes than it needs. */
    LENGTH_NOT_MINIMAL("frame.length_not_minimal"),
    /** The highest bit of a 64-bit length is set. */
    LENGTH_HIGH_BIT("frame.length_high_bit"),
    /** A control frame has its FIN bit clear. */
    CONTROL_FRAGMENTED("control.fragmented"),
    /** A control frame announces more than 125 bytes. */
    CONTROL_TOO_LONG("control.too_long"),
    /** A continuation frame came while no message was in progress. */
    UNEXPECTED_CONTINUATION("message.unexpected_continuation"),
    /** A new message began inside an unfinished one. */
    EXPECTED_CONTINUATION("message.expected_continuation"),
    /** A text message is not UTF-8. */
    TEXT_NOT_UTF8("text.not_utf8"),
    /** A close frame's payload is a single byte. */
    CLOSE_PAYLOAD_TRUNCATED("close.payload_truncated"),
    /** A close frame carries a status code that must not be sent. */
    CLOSE_CODE_INVALID("close.code_invalid"),
    /** The reason in a close frame is not UTF-8. */
    CLOSE_REASON_NOT_UTF8("close.reason_not_utf8"),
    /** The compressed bytes of a message are not DEFLATE, or reach back beyond the agreed window. */
    DEFLATE_INVALID("deflate.invalid"),
    /** The compression bit is set on a fragment other than the first. */
    DEFLATE_BIT_ON_CONTINUATION("deflate.bit_on_continuation"),
    /** A frame announces more bytes than the limit allows. */
    FRAME_TOO_BIG("limit.frame_size"),
    /** A message has more bytes on the wire than the limit allows. */
    MESSAGE_TOO_BIG("limit.message_size"),
    /** A message inflates to more bytes than the limit allows. */
    INFLATED_TOO_BIG("limit.inflated_size"),
    /** A message consists of more fragments than the limit allows. */
    TOO_MANY_FRAGMENTS("limit.fragments"),
    /** Messages arrive faster than the limit allows. */
    TOO_MANY_MESSAGES("limit.message_rate"),
    /** Bytes arrive faster than the limit allows. */
    TOO_MANY_BYTES("limit.byte_rate"),
    ;

    private val entry by lazy { Table.entry(code) }

    /** The status code that the connection is closed with. */
    public val closeCode: Int get() = entry.number.toInt()

    /** Where the rule stands. */
    public val section: String get() = entry.section

    /** What the peer should have sent. */
    public val expected: String get() = entry.expected

    internal companion object {
        fun at(index: Int): Rule = Table.rules[index]
    }
}

/** Calls that could not be carried out. Nothing was queued, nothing changed. */
public enum class UsageError(public val code: String) {
    /** The connection is closing or closed: no more messages can be sent (RFC 6455 section 5.5.1). */
    NOT_OPEN("usage.not_open"),
    /** The send queue holds its limit. Write some of it to the socket, then try again. */
    QUEUE_FULL("usage.queue_full"),
    /** A ping or pong payload is longer than 125 bytes (RFC 6455 section 5.5). */
    CONTROL_TOO_LONG("usage.control_too_long"),
    /** This status code must not be sent (RFC 6455 section 7.4). */
    CLOSE_CODE_INVALID("usage.close_code_invalid"),
    /** A close reason is longer than 123 bytes (RFC 6455 section 5.5). */
    CLOSE_REASON_TOO_LONG("usage.close_reason_too_long"),
    /** A close reason without a status code (RFC 6455 section 5.5.1). */
    CLOSE_REASON_WITHOUT_CODE("usage.close_reason_without_code"),
    /** A message sent in parts is unfinished: no other may begin (RFC 6455 section 5.4). */
    MESSAGE_IN_PROGRESS("usage.message_in_progress"),
    /** A part is of the other kind than the message that it continues (RFC 6455 section 5.4). */
    PART_OF_OTHER_KIND("usage.part_of_other_kind"),
    ;

    private val entry by lazy { Table.entry(code) }

    /** The rule in words. */
    public val text: String get() = entry.expected

    internal companion object {
        fun of(code: String): UsageError = entries.first { it.code == code }

        fun at(index: Int): UsageError = Table.usageErrors[index]
    }
}

/** What can be wrong in an opening handshake. */
public enum class Fault(public val code: String) {
    /** The bytes are not an HTTP head. */
    HEAD_MALFORMED("head.malformed"),
    /** The head has more bytes than the limit allows. */
    HEAD_TOO_LONG("head.too_long"),
    /** The head has more lines than the limit allows. */
    HEAD_TOO_MANY_LINES("head.too_many_lines"),
    /** The handshake took longer than the limit allows. */
    TIMEOUT("handshake.timeout"),
    /** The stream ended inside the handshake. */
    STREAM_ENDED("handshake.stream_ended"),
    /** The client sent more than the limit on heads allows before it had an answer. */
    EARLY_DATA("handshake.early_data"),
    /** The request is not a GET. */
    METHOD("handshake.method"),
    /** The request or response is not of HTTP/1.1. */
    HTTP_VERSION("handshake.http_version"),
    /** The target is neither a path nor an absolute URI of this host. */
    TARGET("handshake.target"),
    /** `Host` is missing, repeated or malformed. */
    HOST("handshake.host"),
    /** The request does not ask for an upgrade to WebSocket. */
    UPGRADE_MISSING("handshake.upgrade_missing"),
    /** `Connection` does not name the upgrade. */
    CONNECTION_MISSING("handshake.connection_missing"),
    /** The request has a body, which would be taken for frames. */
    BODY("handshake.body"),
    /** `Sec-WebSocket-Version` is missing or names another version. */
    VERSION("handshake.version"),
    /** `Sec-WebSocket-Version` is repeated. */
    VERSION_REPEATED("handshake.version_repeated"),
    /** `Sec-WebSocket-Key` is missing or is not 16 bytes in base64. */
    KEY("handshake.key"),
    /** `Sec-WebSocket-Key` is repeated. */
    KEY_REPEATED("handshake.key_repeated"),
    /** `Sec-WebSocket-Protocol` of the request is not a list of different tokens. */
    SUBPROTOCOL_LIST("handshake.subprotocol_list"),
    /** `Sec-WebSocket-Extensions` does not follow the grammar, in the request or in the response. */
    EXTENSION_LIST("handshake.extension_list"),
    /** `Origin` is repeated, malformed, or not allowed. */
    ORIGIN("handshake.origin"),
    /** An extended CONNECT is for another protocol. */
    PROTOCOL("handshake.protocol"),
    /** The pseudo-headers of an extended CONNECT are incomplete, or fields of HTTP/1.1 are with them. */
    EXTENDED_CONNECT("handshake.extended_connect"),
    /** The server did not agree to the handshake: its answer is in `response`. */
    STATUS("handshake.status"),
    /** `Upgrade` of the response is missing or is not `websocket`. */
    UPGRADE_MISMATCH("handshake.upgrade_mismatch"),
    /** `Connection` of the response does not name the upgrade. */
    CONNECTION_MISMATCH("handshake.connection_mismatch"),
    /** `Sec-WebSocket-Accept` is missing. */
    ACCEPT_MISSING("handshake.accept_missing"),
    /** `Sec-WebSocket-Accept` is repeated. */
    ACCEPT_REPEATED("handshake.accept_repeated"),
    /** `Sec-WebSocket-Accept` does not belong to the key of the request. */
    ACCEPT_MISMATCH("handshake.accept_mismatch"),
    /** The response names a subprotocol that was not offered. */
    SUBPROTOCOL_NOT_OFFERED("handshake.subprotocol_not_offered"),
    /** `Sec-WebSocket-Protocol` of the response is repeated. */
    SUBPROTOCOL_REPEATED("handshake.subprotocol_repeated"),
    /** The response names an extension that was not offered. */
    EXTENSION_NOT_OFFERED("handshake.extension_not_offered"),
    /** The response names an extension twice. */
    EXTENSION_REPEATED("handshake.extension_repeated"),
    /** The parameters of permessage-deflate in the response do not fit the offer. */
    DEFLATE_PARAMETERS("handshake.deflate_parameters"),
    /** A URL does not begin with `ws://` or `wss://`. */
    URL_SCHEME("url.scheme"),
    /** The host of a URL is empty or malformed. */
    URL_HOST("url.host"),
    /** The port of a URL is not a number from 1 to 65535. */
    URL_PORT("url.port"),
    /** The user name or password of a URL cannot be sent. */
    URL_CREDENTIALS("url.credentials"),
    /** A URL has a fragment. */
    URL_FRAGMENT("url.fragment"),
    /** A URL has a character that cannot stand there. */
    URL_CHARACTER("url.character"),
    /** A header that the caller gave has an invalid name or value. */
    OPTION_HEADER("option.header"),
    /** A header that the caller gave belongs to the handshake itself. */
    OPTION_HEADER_RESERVED("option.header_reserved"),
    /** A subprotocol that the caller gave is not a token, or is there twice. */
    OPTION_SUBPROTOCOL("option.subprotocol"),
    /** The application chose a subprotocol that the client did not offer. */
    OPTION_SUBPROTOCOL_NOT_OFFERED("option.subprotocol_not_offered"),
    /** A status that cannot refuse a handshake. */
    OPTION_STATUS("option.status"),
    ;

    private val entry by lazy { Table.entry(code) }

    /** Where the rule stands. */
    public val section: String get() = entry.section

    /** What should have been there. */
    public val expected: String get() = entry.expected

    internal companion object {
        fun of(code: String): Fault = entries.first { it.code == code }
    }
}

/** What ended a connection. */
public enum class Cause(public val code: String) {
    /** Both close frames were exchanged. */
    CLOSED("closed"),

    /** The peer broke a rule. */
    VIOLATION("violation"),

    /** The peer's stream ended without a close frame. */
    LOST("lost"),

    /** No sign of life came after a keepalive ping. */
    PONG_TIMEOUT("pong_timeout"),

    /** The peer did not finish the closing handshake in time. */
    CLOSE_TIMEOUT("close_timeout"),

    /** No message passed for the configured time. */
    IDLE_TIMEOUT("idle_timeout"),

    /** This side gave the connection up. */
    ABORTED("aborted"),
    ;

    internal companion object {
        fun at(index: Int): Cause = Table.causes[index]
    }
}

/** The core's tables: events name rules and causes by their place in them. */
private object Table {
    private val entries = codes()

    val rules: List<Rule> =
        entries.filter { it.origin == "violation" }
            .map { entry -> Rule.entries.first { it.code == entry.code } }

    val usageErrors: List<UsageError> =
        entries.filter { it.origin == "usage" }.map { UsageError.of(it.code) }

    val causes: List<Cause> =
        causes().map { name -> Cause.entries.first { it.code == name } }

    fun entry(code: String) = entries.first { it.code == code }
}
