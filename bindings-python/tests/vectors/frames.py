"""Output taken apart: a frame parser of its own, so that the core is not judged by itself."""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

from .data import Failure, items, octets, string

OPCODES = {"continuation": 0, "text": 1, "binary": 2, "close": 8, "ping": 9, "pong": 10}


class Frame(NamedTuple):
    fin: bool
    rsv1: bool
    opcode: int
    payload: bytes

    def __repr__(self) -> str:
        payload = f"{self.payload[:64].hex()} ({len(self.payload)})"
        return f"opcode {self.opcode:#x} fin {self.fin} rsv1 {self.rsv1} payload {payload}"


class Inflater:
    """Inflates messages with the window and the context takeover that were agreed."""

    def __init__(self, window_bits: int, no_context_takeover: bool) -> None:
        self.window_bits = window_bits
        self.no_context_takeover = no_context_takeover
        self.inner = zlib.decompressobj(-window_bits)

    def message(self, data: bytes) -> bytes:
        if self.no_context_takeover:
            self.inner = zlib.decompressobj(-self.window_bits)
        try:
            return self.inner.decompress(data + b"\0\0\xff\xff")
        except zlib.error as error:
            raise Failure(f"not inflatable: {error}") from None


def parse(output: bytes, masked: bool) -> list[Frame]:
    frames, at = [], 0
    while at < len(output):
        first, second = output[at : at + 2]
        at += 2
        if first & 0x30 or bool(second & 0x80) != masked:
            raise Failure(f"a frame that begins with {first:02x} {second:02x}")
        length = second & 0x7F
        if length > 125:
            size = 2 if length == 126 else 8
            length = int.from_bytes(output[at : at + size])
            at += size
            if length < (126 if size == 2 else 1 << 16):
                raise Failure("a length that is not minimal")
        key = output[at : at + 4] if masked else b""
        at += len(key)
        payload = output[at : at + length]
        at += length
        if at > len(output):
            raise Failure("half a frame")
        if masked:
            stretched = (key * (length // 4 + 1))[:length]
            mixed = int.from_bytes(payload) ^ int.from_bytes(stretched)
            payload = mixed.to_bytes(length)
        frames.append(Frame(bool(first & 0x80), bool(first & 0x40), first & 15, payload))
    return frames


def expect(frames: list[Frame], expected: Any, inflater: Inflater | None) -> None:
    """Compares with what a vector lists under ``sends``."""
    frames = frames.copy()
    for wanted in items(expected):
        if not frames:
            raise Failure(f"no frame for {wanted!r:.300}")
        first = frames.pop(0)
        compressed = wanted.get("deflated", False)
        if compressed is None:
            compressed = first.rsv1
        problem = Failure(f"expected {wanted!r:.300}, found {first}")
        if first.rsv1 != compressed:
            raise problem
        if compressed:
            found = (inflater or Inflater(15, False)).message(_whole(first, frames, wanted))
        elif first.fin != wanted.get("fin", True):
            raise problem
        else:
            found = first.payload
        if not _is_wanted(first.opcode, found, wanted):
            raise problem
    if frames:
        raise Failure(f"unexpected {frames[0]}")


def _whole(first: Frame, frames: list[Frame], wanted: dict[str, Any]) -> bytes:
    message, last, count = first.payload, first, 1
    while not last.fin:
        if not frames or frames[0].opcode != 0 or frames[0].rsv1:
            raise Failure("a message without an end")
        last = frames.pop(0)
        message += last.payload
        count += 1
    if count != wanted.get("fragments", 1):
        raise Failure(f"{count} fragments")
    return message


def _is_wanted(opcode: int, found: bytes, wanted: dict[str, Any]) -> bool:
    kind = next(name for name in OPCODES if name in wanted)
    if opcode != OPCODES[kind]:
        return False
    if kind == "text":
        return found == string(wanted["text"]).encode()
    if kind != "close":
        return found == octets(wanted[kind])
    code = b"" if wanted["close"] is None else wanted["close"].to_bytes(2)
    if "reason" in wanted:
        return found == code + string(wanted["reason"]).encode()
    return found.startswith(code) if code else found == b""
