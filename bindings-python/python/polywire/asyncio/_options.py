"""The options of ``connect`` and ``serve`` as the core's settings.

Owns defaults and notations of the options; what they mean is the core's.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from .._polywire import Settings

MaxSize = int | None | tuple[int | None, int | None]
MaxQueue = int | None | tuple[int | None, int | None]
WriteLimit = int | tuple[int, int | None]


class Flow(NamedTuple):
    """How much waits on either side, and for how long something is waited for."""

    max_queue: tuple[int | None, int | None]
    write_limit: tuple[int, int | None]
    close_timeout: float | None


def flow(max_queue: MaxQueue, write_limit: WriteLimit, close_timeout: float | None) -> Flow:
    if not isinstance(max_queue, tuple):
        max_queue = (max_queue, None)
    high, low = max_queue
    if high is not None and low is None:
        low = high // 4
    if not isinstance(write_limit, tuple):
        write_limit = (write_limit, None)
    return Flow((high, low), write_limit, close_timeout)


# Settings share their idle compression engines: the same options must be the same settings.
@functools.lru_cache(maxsize=64)
def settings(
    compression: str | None,
    max_size: MaxSize,
    open_timeout: float | None,
    ping_interval: float | None,
    ping_timeout: float | None,
    close_timeout: float | None,
) -> Settings:
    if compression not in ("deflate", None):
        raise ValueError(f"unsupported compression: {compression}")
    message_size, frame_size = max_size if isinstance(max_size, tuple) else (max_size, max_size)
    return Settings(
        {
            "deflate": compression is not None,
            "limits.message_size": message_size,
            "limits.frame_size": frame_size,
            "timeouts.handshake": _millis(open_timeout),
            "timeouts.close": _millis(close_timeout),
            "timeouts.keepalive.interval": _millis(ping_interval),
            "timeouts.keepalive.timeout": _millis(ping_timeout),
        }
    )


def _millis(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
