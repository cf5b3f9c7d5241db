"""Close codes and the content of close frames."""

from __future__ import annotations

import dataclasses
import enum

__all__ = ["Close", "CloseCode"]


class CloseCode(enum.IntEnum):
    """The registered close codes (RFC 6455 section 7.4.1)."""

    NORMAL_CLOSURE = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS_RCVD = 1005
    ABNORMAL_CLOSURE = 1006
    INVALID_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014
    TLS_HANDSHAKE = 1015


_MEANINGS = {
    1000: "OK",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1005: "no status received [internal]",
    1006: "abnormal closure [internal]",
    1007: "invalid frame payload data",
    1008: "policy violation",
    1009: "message too big",
    1010: "mandatory extension",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
    1015: "TLS handshake failure [internal]",
}


@dataclasses.dataclass
class Close:
    """The code and the reason of a close frame; 1005 stands for a frame without a code."""

    code: CloseCode | int
    reason: str

    def __str__(self) -> str:
        code = int(self.code)
        if 3000 <= code < 4000:
            meaning = "registered"
        elif 4000 <= code < 5000:
            meaning = "private use"
        else:
            meaning = _MEANINGS.get(code, "unknown")
        return f"{code} ({meaning}) {self.reason}".rstrip()
