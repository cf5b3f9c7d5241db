"""Names for types in signatures."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NewType

__all__ = ["BytesLike", "Data", "DataLike", "LoggerLike", "Origin", "StatusLike", "Subprotocol"]

BytesLike = bytes | bytearray | memoryview
Data = str | bytes
DataLike = str | bytes | bytearray | memoryview
if TYPE_CHECKING:
    import http

    LoggerLike = logging.Logger | logging.LoggerAdapter[Any]
    StatusLike = http.HTTPStatus | int
else:
    LoggerLike = logging.Logger | logging.LoggerAdapter
    StatusLike = int
Origin = NewType("Origin", str)
Subprotocol = NewType("Subprotocol", str)
