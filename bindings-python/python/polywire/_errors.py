"""Which code of the core becomes which exception.

The one table of its kind; a test proves that it has every code that the core declares. The texts are
the core's. Called by the extension module.
"""

from __future__ import annotations

from collections.abc import Callable

from . import exceptions as e
from .http11 import Response

HANDSHAKE: dict[str, Callable[[str], e.WebSocketException]] = {
    "head.malformed": e.InvalidMessage,
    "head.too_long": e.HeaderLineTooLong,
    "head.too_many_lines": e.TooManyHeaders,
    "handshake.timeout": e.HandshakeTimeout,
    "handshake.stream_ended": e.InvalidMessage,
    "handshake.early_data": e.InvalidMessage,
    "handshake.method": e.InvalidMethod,
    "handshake.http_version": e.InvalidProtocol,
    "handshake.target": e.InvalidMessage,
    "handshake.host": lambda found: e.InvalidHeader("Host", found),
    "handshake.upgrade_missing": lambda found: e.InvalidUpgrade("Upgrade", found),
    "handshake.connection_missing": lambda found: e.InvalidUpgrade("Connection", found),
    "handshake.body": e.InvalidMessage,
    "handshake.version": lambda found: e.InvalidHeaderValue("Sec-WebSocket-Version", found),
    "handshake.version_repeated": lambda found: e.InvalidHeader("Sec-WebSocket-Version", found),
    "handshake.key": lambda found: e.InvalidHeaderValue("Sec-WebSocket-Key", found),
    "handshake.key_repeated": lambda found: e.InvalidHeader("Sec-WebSocket-Key", found),
    "handshake.subprotocol_list": lambda found: e.InvalidHeader("Sec-WebSocket-Protocol", found),
    "handshake.extension_list": lambda found: e.InvalidHeader("Sec-WebSocket-Extensions", found),
    "handshake.origin": e.InvalidOrigin,
    "handshake.protocol": e.InvalidProtocol,
    "handshake.extended_connect": e.InvalidMessage,
    # Only where no response is at hand.
    "handshake.status": e.InvalidMessage,
    "handshake.upgrade_mismatch": lambda found: e.InvalidUpgrade("Upgrade", found),
    "handshake.connection_mismatch": lambda found: e.InvalidUpgrade("Connection", found),
    "handshake.accept_missing": lambda found: e.InvalidHeader("Sec-WebSocket-Accept", found),
    "handshake.accept_repeated": lambda found: e.InvalidHeader("Sec-WebSocket-Accept", found),
    "handshake.accept_mismatch": lambda found: e.InvalidHeaderValue("Sec-WebSocket-Accept", found),
    "handshake.subprotocol_not_offered": e.NegotiationError,
    "handshake.subprotocol_repeated": lambda found: e.InvalidHeader(
        "Sec-WebSocket-Protocol", found
    ),
    "handshake.extension_not_offered": e.NegotiationError,
    "handshake.extension_repeated": e.NegotiationError,
    "handshake.deflate_parameters": e.NegotiationError,
    "url.scheme": lambda found: e.InvalidURI(found, "scheme"),
    "url.host": lambda found: e.InvalidURI(found, "host"),
    "url.port": lambda found: e.InvalidURI(found, "port"),
    "url.credentials": lambda found: e.InvalidURI(found, "credentials"),
    "url.fragment": lambda found: e.InvalidURI(found, "fragment"),
    "url.character": lambda found: e.InvalidURI(found, "character"),
    "option.header": e.InvalidOption,
    "option.header_reserved": e.InvalidOption,
    "option.subprotocol": e.InvalidOption,
    "option.subprotocol_not_offered": e.NegotiationError,
    "option.status": e.InvalidOption,
}

USAGE: dict[str, type[e.WebSocketException]] = {
    "usage.not_open": e.InvalidState,
    "usage.queue_full": e.SendQueueFull,
    "usage.control_too_long": e.ProtocolError,
    "usage.close_code_invalid": e.ProtocolError,
    "usage.close_reason_too_long": e.ProtocolError,
    "usage.close_reason_without_code": e.ProtocolError,
    "usage.message_in_progress": e.ConcurrencyError,
    "usage.part_of_other_kind": e.ProtocolError,
}

VIOLATION: dict[str, Callable[[int], e.WebSocketException]] = {
    "limit.frame_size": e.PayloadTooBig,
    "limit.message_size": e.PayloadTooBig,
    "limit.inflated_size": e.PayloadTooBig,
    "limit.fragments": e.TooManyFragments,
    "frame.reserved_bits": e.ProtocolError,
    "frame.reserved_opcode": e.ProtocolError,
    "frame.mask_missing": e.ProtocolError,
    "frame.mask_unexpected": e.ProtocolError,
    "frame.length_not_minimal": e.ProtocolError,
    "frame.length_high_bit": e.ProtocolError,
    "control.fragmented": e.ProtocolError,
    "control.too_long": e.ProtocolError,
    "message.unexpected_continuation": e.ProtocolError,
    "message.expected_continuation": e.ProtocolError,
    "text.not_utf8": e.ProtocolError,
    "close.payload_truncated": e.ProtocolError,
    "close.code_invalid": e.ProtocolError,
    "close.reason_not_utf8": e.ProtocolError,
    "deflate.invalid": e.ProtocolError,
    "deflate.bit_on_continuation": e.ProtocolError,
    "limit.message_rate": e.ProtocolError,
    "limit.byte_rate": e.ProtocolError,
}


def handshake_error(
    code: str, text: str, found: str, response: Response | None
) -> e.WebSocketException:
    error: e.WebSocketException
    if code == "handshake.status" and response is not None:
        error = e.InvalidStatus(response)
    else:
        error = HANDSHAKE[code](found)
        if isinstance(error, e.InvalidHandshake):
            error.response = response
    if code == "handshake.stream_ended":
        error.__cause__ = EOFError("connection closed while reading the head")
    return _told(error, code, text)


def usage_error(code: str, text: str) -> e.WebSocketException:
    return _told(USAGE[code](text), code, text)


def violation_error(code: str, text: str, found: int) -> e.WebSocketException:
    return _told(VIOLATION[code](found), code, text)


def _told(error: e.WebSocketException, code: str, text: str) -> e.WebSocketException:
    error.fault = code
    # That one says by itself what websockets says: programs look for the number.
    if not isinstance(error, e.InvalidStatus):
        error._told = text
    return error
