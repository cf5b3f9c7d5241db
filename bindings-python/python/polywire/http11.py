"""Requests and responses of the opening handshake, as programs look at them."""

from __future__ import annotations

import dataclasses

from .datastructures import Headers, _trusted

__all__ = ["Request", "Response"]


@dataclasses.dataclass
class Request:
    """A handshake request: ``path`` includes the query."""

    path: str
    headers: Headers
    method: str = "GET"
    protocol: str = "HTTP/1.1"


@dataclasses.dataclass
class Response:
    """A handshake response."""

    status_code: int
    reason_phrase: str
    headers: Headers
    body: bytes | bytearray = b""


def received_request(
    path: str, fields: list[tuple[str, str]], method: str, protocol: str
) -> Request:
    """For the extension module."""
    return Request(path, _trusted(fields), method, protocol)


def received_response(
    status: int, reason: str, fields: list[tuple[str, str]], body: bytes
) -> Response:
    """For the extension module."""
    return Response(status, reason, _trusted(fields), body)
