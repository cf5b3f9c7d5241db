// The codes of everything that can go wrong, as cases of Swift.
//
// Owns their names. What belongs to a code (close code, section, text) comes from the core's table, and a
// test compares both.

import PolywireCore

/// Rules that a peer can break.
public enum Rule: String, CaseIterable, Sendable {
    /// A reserved bit is set that no negotiated extension defines.
    case reservedBits = "frame.reserved_bits"
    /// The opcode is one of the ten that are reserved.
    case reservedOpcode = "frame.reserved_opcode"
    /// A client sent a frame without a mask.
    case maskMissing = "frame.mask_missing"
    /// A server sent a frame with a mask.
    case maskUnexpected = "frame.mask_unexpected"
    /// A length is written in more bytes than it needs.
    case lengthNotMinimal = "frame.length_not_minimal"
    /// The highest bit of a 64-bit length is set.
    case lengthHighBit = "frame.length_high_bit"
    /// A control frame has its FIN bit clear.
    case controlFragmented = "control.fragmented"
    /// A control frame announces more than 125 bytes.
    case controlTooLong = "control.too_long"
    /// A continuation frame came while no message was in progress.
    case unexpectedContinuation = "message.unexpected_continuation"
    /// A new message began inside an unfinished one.
    case expectedContinuation = "message.expected_continuation"
    /// A text message is not UTF-8.
    case textNotUtf8 = "text.not_utf8"
    /// A close frame's payload is a single byte.
    case closePayloadTruncated = "close.payload_truncated"
    /// A close frame carries a status code that must not be sent.
    case closeCodeInvalid = "close.code_invalid"
    /// The reason in a close frame is not UTF-8.
    case closeReasonNotUtf8 = "close.reason_not_utf8"
    /// The compressed bytes of a message are not DEFLATE, or reach back beyond the agreed window.
    case deflateInvalid = "deflate.invalid"
    /// The compression bit is set on a fragment other than the first.
    case deflateBitOnContinuation = "deflate.bit_on_continuation"
    /// A frame announces more bytes than the limit allows.
    case frameTooBig = "limit.frame_size"
    /// A message has more bytes on the wire than the limit allows.
    case messageTooBig = "limit.message_size"
    /// A message inflates to more bytes than the limit allows.
    case inflatedTooBig = "limit.inflated_size"
    /// A message consists of more fragments than the limit allows.
    case tooManyFragments = "limit.fragments"
    /// Messages arrive faster than the limit allows.
    case tooManyMessages = "limit.message_rate"
    /// Bytes arrive faster than the limit allows.
    case tooManyBytes = "limit.byte_rate"

    /// The stable code, the same in every language.
    public var code: String { rawValue }

    /// The status code that the connection is closed with.
    public var closeCode: UInt16 { Table.entry(rawValue).number }

    /// Where the rule stands.
    public var section: String { Table.entry(rawValue).section }

    /// What the peer should have sent.
    public var expected: String { Table.entry(rawValue).expected }

    static func at(_ index: UInt32) -> Rule { Table.rules[Int(index)] }
}

/// Calls that could not be carried out. Nothing was queued, nothing changed.
public enum UsageError: String, CaseIterable, Sendable {
    /// The connection is closing or closed: no more messages can be sent (RFC 6455 section 5.5.1).
    case notOpen = "usage.not_open"
    /// The send queue holds its limit. Write some of it to the socket, then try again.
    case queueFull = "usage.queue_full"
    /// A ping or pong payload is longer than 125 bytes (RFC 6455 section 5.5).
    case controlTooLong = "usage.control_too_long"
    /// This status code must not be sent (RFC 6455 section 7.4).
    case closeCodeInvalid = "usage.close_code_invalid"
    /// A close reason is longer than 123 bytes (RFC 6455 section 5.5).
    case closeReasonTooLong = "usage.close_reason_too_long"
    /// A close reason without a status code (RFC 6455 section 5.5.1).
    case closeReasonWithoutCode = "usage.close_reason_without_code"
    /// A message sent in parts is unfinished: no other may begin (RFC 6455 section 5.4).
    case messageInProgress = "usage.message_in_progress"
    /// A part is of the other kind than the message that it continues (RFC 6455 section 5.4).
    case partOfOtherKind = "usage.part_of_other_kind"

    /// The stable code, the same in every language.
    public var code: String { rawValue }

    /// The rule in words.
    public var text: String { Table.entry(rawValue).expected }
}

/// What can be wrong in an opening handshake.
public enum Fault: String, CaseIterable, Sendable {
    /// The bytes are not an HTTP head.
    case headMalformed = "head.malformed"
    /// The head has more bytes than the limit allows.
    case headTooLong = "head.too_long"
    /// The head has more lines than the limit allows.
    case headTooManyLines = "head.too_many_lines"
    /// The handshake took longer than the limit allows.
    case timeout = "handshake.timeout"
    /// The stream ended inside the handshake.
    case streamEnded = "handshake.stream_ended"
    /// The client sent more than the limit on heads allows before it had an answer.
    case earlyData = "handshake.early_data"
    /// The request is not a GET.
    case method = "handshake.method"
    /// The request or response is not of HTTP/1.1.
    case httpVersion = "handshake.http_version"
    /// The target is neither a path nor an absolute URI of this host.
    case target = "handshake.target"
    /// `Host` is missing, repeated or malformed.
    case host = "handshake.host"
    /// The request does not ask for an upgrade to WebSocket.
    case upgradeMissing = "handshake.upgrade_missing"
    /// `Connection` does not name the upgrade.
    case connectionMissing = "handshake.connection_missing"
    /// The request has a body, which would be taken for frames.
    case body = "handshake.body"
    /// `Sec-WebSocket-Version` is missing or names another version.
    case version = "handshake.version"
    /// `Sec-WebSocket-Version` is repeated.
    case versionRepeated = "handshake.version_repeated"
    /// `Sec-WebSocket-Key` is missing or is not 16 bytes in base64.
    case key = "handshake.key"
    /// `Sec-WebSocket-Key` is repeated.
    case keyRepeated = "handshake.key_repeated"
    /// `Sec-WebSocket-Protocol` of the request is not a list of different tokens.
    case subprotocolList = "handshake.subprotocol_list"
    /// `Sec-WebSocket-Extensions` does not follow the grammar, in the request or in the response.
    case extensionList = "handshake.extension_list"
    /// `Origin` is repeated, malformed, or not allowed.
    case origin = "handshake.origin"
    /// An extended CONNECT is for another protocol.
    case `protocol` = "handshake.protocol"
    /// The pseudo-headers of an extended CONNECT are incomplete, or fields of HTTP/1.1 are with them.
    case extendedConnect = "handshake.extended_connect"
    /// The server did not agree to the handshake: its answer is in `response`.
    case status = "handshake.status"
    /// `Upgrade` of the response is missing or is not `websocket`.
    case upgradeMismatch = "handshake.upgrade_mismatch"
    /// `Connection` of the response does not name the upgrade.
    case connectionMismatch = "handshake.connection_mismatch"
    /// `Sec-WebSocket-Accept` is missing.
    case acceptMissing = "handshake.accept_missing"
    /// `Sec-WebSocket-Accept` is repeated.
    case acceptRepeated = "handshake.accept_repeated"
    /// `Sec-WebSocket-Accept` does not belong to the key of the request.
    case acceptMismatch = "handshake.accept_mismatch"
    /// The response names a subprotocol that was not offered.
    case subprotocolNotOffered = "handshake.subprotocol_not_offered"
    /// `Sec-WebSocket-Protocol` of the response is repeated.
    case subprotocolRepeated = "handshake.subprotocol_repeated"
    /// The response names an extension that was not offered.
    case extensionNotOffered = "handshake.extension_not_offered"
    /// The response names an extension twice.
    case extensionRepeated = "handshake.extension_repeated"
    /// The parameters of permessage-deflate in the response do not fit the offer.
    case deflateParameters = "handshake.deflate_parameters"
    /// A URL does not begin with `ws://` or `wss://`.
    case urlScheme = "url.scheme"
    /// The host of a URL is empty or malformed.
    case urlHost = "url.host"
    /// The port of a URL is not a number from 1 to 65535.
    case urlPort = "url.port"
    /// The user name or password of a URL cannot be sent.
    case urlCredentials = "url.credentials"
    /// A URL has a fragment.
    case urlFragment = "url.fragment"
    /// A URL has a character that cannot stand there.
    case urlCharacter = "url.character"
    /// A header that the caller gave has an invalid name or value.
    case optionHeader = "option.header"
    /// A header that the caller gave belongs to the handshake itself.
    case optionHeaderReserved = "option.header_reserved"
    /// A subprotocol that the caller gave is not a token, or is there twice.
    case optionSubprotocol = "option.subprotocol"
    /// The application chose a subprotocol that the client did not offer.
    case optionSubprotocolNotOffered = "option.subprotocol_not_offered"
    /// A status that cannot refuse a handshake.
    case optionStatus = "option.status"

    /// The stable code, the same in every language.
    public var code: String { rawValue }

    /// Where the rule stands.
    public var section: String { Table.entry(rawValue).section }

    /// What should have been there.
    public var expected: String { Table.entry(rawValue).expected }
}

/// What ended a connection.
public enum Cause: String, CaseIterable, Sendable {
    /// Both close frames were exchanged.
    case closed
    /// The peer broke a rule.
    case violation
    /// The peer's stream ended without a close frame.
    case lost
    /// No sign of life came after a keepalive ping.
    case pongTimeout = "pong_timeout"
    /// The peer did not finish the closing handshake in time.
    case closeTimeout = "close_timeout"
    /// No message passed for the configured time.
    case idleTimeout = "idle_timeout"
    /// This side gave the connection up.
    case aborted

    static func at(_ index: UInt32) -> Cause { Table.causes[Int(index)] }
}

/// The core's tables: events name rules and causes by their place in them.
private enum Table {
    static let entries = Dictionary(uniqueKeysWithValues: codes().map { ($0.code, $0) })
    static let rules = codes().filter { $0.origin == "violation" }.map { Rule(rawValue: $0.code)! }
    static let causes = PolywireCore.causes().map { Cause(rawValue: $0)! }

    static func entry(_ code: String) -> Code { entries[code]! }
}
