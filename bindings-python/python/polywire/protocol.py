"""The states of a connection."""

from __future__ import annotations

import enum

__all__ = ["State"]


class State(enum.IntEnum):
    """Where a connection is between its opening and its end."""

    CONNECTING, OPEN, CLOSING, CLOSED = range(4)


CONNECTING = State.CONNECTING
OPEN = State.OPEN
CLOSING = State.CLOSING
CLOSED = State.CLOSED
