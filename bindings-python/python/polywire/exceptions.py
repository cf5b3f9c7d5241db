"""The exceptions, with the names, the bases and the arguments of those of ``websockets``.

An exception that the library raises for a broken rule also has ``fault``, the stable code of that
rule (``"handshake.key"``), and prints what was expected, what came, and the section of the RFC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .frames import Close
    from .http11 import Response

__all__ = [
    "WebSocketException",
    "ConnectionClosed",
    "ConnectionClosedOK",
    "ConnectionClosedError",
    "InvalidURI",
    "InvalidHandshake",
    "SecurityError",
    "HeaderLineTooLong",
    "TooManyHeaders",
    "TooManyFragments",
    "InvalidMessage",
    "InvalidMethod",
    "InvalidProtocol",
    "InvalidStatus",
    "InvalidHeader",
    "InvalidHeaderFormat",
    "InvalidHeaderValue",
    "InvalidOrigin",
    "InvalidUpgrade",
    "NegotiationError",
    "ProtocolError",
    "PayloadTooBig",
    "InvalidState",
    "ConcurrencyError",
    "HandshakeTimeout",
    "InvalidOption",
    "SendQueueFull",
]


class WebSocketException(Exception):
    """The base of all exceptions of this library."""

    fault: str | None = None
    """The stable code of the broken rule, if there is one."""

    _told: str | None = None

    def __str__(self) -> str:
        return self._text() if self._told is None else self._told

    def _text(self) -> str:
        return super().__str__()


class ConnectionClosed(WebSocketException):
    """The connection is closed: ``rcvd`` and ``sent`` are the close frames, and ``rcvd_then_sent`` is
    their order if there were two."""

    def __init__(
        self, rcvd: Close | None, sent: Close | None, rcvd_then_sent: bool | None = None
    ) -> None:
        super().__init__(rcvd, sent, rcvd_then_sent)
        self.rcvd = rcvd
        self.sent = sent
        self.rcvd_then_sent = rcvd_then_sent

    def _text(self) -> str:
        rcvd, sent = self.rcvd, self.sent
        if rcvd is not None and sent is not None:
            if self.rcvd_then_sent:
                return f"received {rcvd}; then sent {sent}"
            return f"sent {sent}; then received {rcvd}"
        if rcvd is not None:
            return f"received {rcvd}; no close frame sent"
        if sent is not None:
            return f"sent {sent}; no close frame received"
        return "no close frame received or sent"


class ConnectionClosedOK(ConnectionClosed):
    """The connection is closed as it should be: with 1000, 1001 or no code on both sides."""


class ConnectionClosedError(ConnectionClosed):
    """The connection is closed for any other reason."""


class InvalidURI(WebSocketException):
    """This is no URI of a WebSocket."""

    def __init__(self, uri: str, msg: str) -> None:
        super().__init__(uri, msg)
        self.uri = uri
        self.msg = msg

    def _text(self) -> str:
        return f"{self.uri} isn't a valid URI: {self.msg}"


class InvalidHandshake(WebSocketException):
    """The base of what goes wrong in an opening handshake."""

    response: Response | None = None
    """On the client: the answer of the server, as far as it was read."""


class SecurityError(InvalidHandshake):
    """A head is beyond a limit, or a redirect would give secrets away."""


class HeaderLineTooLong(SecurityError):
    """A head has more bytes than the limit."""


class TooManyHeaders(SecurityError):
    """A head has more lines than the limit."""


class InvalidMessage(InvalidHandshake):
    """A request or response is malformed, or did not come whole."""


class InvalidMethod(InvalidHandshake):
    """A request is not a GET."""

    def __init__(self, method: str) -> None:
        super().__init__(method)
        self.method = method

    def _text(self) -> str:
        return f"unsupported HTTP method: {self.method}"


class InvalidProtocol(InvalidHandshake):
    """A head is not of HTTP/1.1."""

    def __init__(self, protocol: str) -> None:
        super().__init__(protocol)
        self.protocol = protocol

    def _text(self) -> str:
        return f"unsupported HTTP version: {self.protocol}"


class InvalidStatus(InvalidHandshake):
    """The server answered, but did not agree: see ``response``."""

    response: Response

    def __init__(self, response: Response) -> None:
        super().__init__(response)
        self.response = response

    def _text(self) -> str:
        return f"server rejected WebSocket connection: HTTP {self.response.status_code}"


class InvalidHeader(InvalidHandshake):
    """A header is missing, repeated or wrong."""

    def __init__(self, name: str, value: str | None = None) -> None:
        super().__init__(name, value)
        self.name = name
        self.value = value

    def _text(self) -> str:
        if self.value is None:
            return f"missing {self.name} header"
        if not self.value:
            return f"empty {self.name} header"
        return f"invalid {self.name} header: {self.value}"


class InvalidHeaderFormat(InvalidHeader):
    """A header does not follow its grammar."""

    def __init__(self, name: str, error: str, header: str, pos: int) -> None:
        super().__init__(name, f"{error} at {pos} in {header}")


class InvalidHeaderValue(InvalidHeader):
    """A header has a value that it must not have."""


class InvalidOrigin(InvalidHeader):
    """Pages of this origin may not connect."""

    def __init__(self, origin: str | None) -> None:
        super().__init__("Origin", origin)


class InvalidUpgrade(InvalidHeader):
    """``Upgrade`` or ``Connection`` is not that of a WebSocket."""


class NegotiationError(InvalidHandshake):
    """The ends do not agree on a subprotocol or an extension."""


class HandshakeTimeout(InvalidHandshake, TimeoutError):
    """The other end did not finish its part of the handshake in time."""


class InvalidOption(WebSocketException, ValueError):
    """A header, a subprotocol or a status that cannot be sent."""


class ProtocolError(WebSocketException):
    """The peer broke the protocol, or a call asked for what the protocol forbids."""


class PayloadTooBig(WebSocketException):
    """A message or a frame is larger than the limit."""

    def __init__(
        self,
        size_or_message: int | None | str,
        max_size: int | None = None,
        current_size: int | None = None,
    ) -> None:
        super().__init__(size_or_message, max_size, current_size)
        self.message = size_or_message if isinstance(size_or_message, str) else None
        self.size = None if isinstance(size_or_message, str) else size_or_message
        self.max_size = max_size
        self.current_size = current_size

    def _text(self) -> str:
        if self.message is not None:
            return self.message
        size = "a frame" if self.size is None else f"a frame of {self.size} bytes"
        behind = f" behind {self.current_size} bytes" if self.current_size else ""
        return f"{size}{behind} is over the limit of {self.max_size} bytes"


class TooManyFragments(WebSocketException):
    """A message has more fragments than the limit."""

    def __init__(self, max_fragments: int) -> None:
        super().__init__(max_fragments)
        self.max_fragments = max_fragments


class InvalidState(WebSocketException, AssertionError):
    """The connection is not in the state that this needs."""


class ConcurrencyError(WebSocketException, RuntimeError):
    """Two tasks receive at once, or a message is sent inside another."""


class SendQueueFull(WebSocketException):
    """The connection holds as many unwritten bytes as it may."""
