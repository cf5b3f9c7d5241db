"""The protocol without sockets: bytes and time in, events and bytes out.

For hosts with an event loop or an HTTP server of their own, and for tests. Times are microseconds on
any clock; without one, ``now()`` is meant. An event is a tuple that begins with its name:

=====================================  ==========================================================
``("text", str)``                      a message
``("binary", bytes)``                  a message
``("chunk", str | bytes, last)``       a piece of one, where delivery is streamed
``("ping", bytes)``                    answered already
``("pong", bytes, float | None)``      with the round trip in seconds, if it answers a ping
``("close", int | None, str)``         the peer's close frame, answered already
``("failed", code, found, at, exc)``   the peer broke a rule: its code, what was found, the offset of
                                       the frame, and the exception that says so
``("ended", cause, code, rule)``       last, and once
=====================================  ==========================================================
"""

from ._polywire import (
    Agreement,
    ClientHandshake,
    Connection,
    Established,
    Offer,
    Refusal,
    ResponseHead,
    ServerHandshake,
    Settings,
    Upgrade,
    Url,
    Wants,
    now,
)

__all__ = [
    "Agreement",
    "ClientHandshake",
    "Connection",
    "Established",
    "Offer",
    "Refusal",
    "ResponseHead",
    "ServerHandshake",
    "Settings",
    "Upgrade",
    "Url",
    "Wants",
    "now",
]
