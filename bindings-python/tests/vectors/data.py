"""The files of ``tests/vectors``, the few notations in them, and how input is cut."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

DIRECTORY = Path(__file__).parents[3] / "tests" / "vectors"
KINDS = ("connection", "server_handshake", "client_handshake", "url", "negotiation")
CUTS = ("whole", "bytes", 1, 2, 3)
"""All in one piece, byte by byte, and seeds of random cuts."""


class Failure(Exception):
    """A vector is not kept."""


def files() -> list[tuple[str, dict[str, Any]]]:
    return [
        (path.name, json.loads(path.read_text("utf-8")))
        for path in sorted(DIRECTORY.glob("*.json"))
    ]


def vectors(kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, vector)
        for name, file in files()
        if file["kind"] == kind
        for vector in file["vectors"]
    ]


def known(settings: dict[str, Any], *names: str) -> None:
    """A typing error in a vector must not pass for a default."""
    unknown = set(settings) - set(names)
    if unknown:
        raise Failure(f"unknown fields {unknown}")


def items(value: Any) -> list[Any]:
    """A list in which ``{"repeat": [item, n]}`` stands for n times the item."""
    result: list[Any] = []
    for item in value or ():
        if isinstance(item, dict) and "repeat" in item:
            result += [item["repeat"][0]] * item["repeat"][1]
        else:
            result.append(item)
    return result


def string(value: Any) -> str:
    return value if isinstance(value, str) else "".join(string(piece) for piece in items(value))


def octets(value: Any) -> bytes:
    return bytes.fromhex(string(value))


def latin1(value: Any) -> bytes:
    return string(value).encode("iso-8859-1")


def joined(value: Any) -> Any:
    """The pieces of strings inside an expected value, joined."""
    if isinstance(value, list):
        return string(value)
    if isinstance(value, dict):
        return {name: joined(field) for name, field in value.items()}
    return value


def difference(expected: Any, found: Any) -> str | None:
    """Where ``found`` lacks something of ``expected``, compared by the fields that it names."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, value in expected.items():
            inside = difference(value, found.get(name))
            if inside is not None:
                return f"{name}: {inside}"
        return None
    if expected == found and isinstance(expected, bool) == isinstance(found, bool):
        return None
    return f"expected {expected!r:.300}, found {found!r:.300}"


def pieces(cut: str | int, length: int, salt: str) -> list[int]:
    """The lengths of the pieces of so many bytes."""
    if cut == "whole":
        return [length]
    if cut == "bytes":
        return [1] * length
    dice = random.Random(f"{cut} {salt}")
    # From a few bytes to large pieces, so that every part of a frame is cut somewhere.
    most = 1 << (1 + dice.randrange(12))
    result = []
    while length > 0:
        piece = min(1 + dice.randrange(most), length)
        result.append(piece)
        length -= piece
    return result


def cut_up(cut: str | int, data: bytes, salt: str) -> list[bytes]:
    result, start = [], 0
    for length in pieces(cut, len(data), salt):
        result.append(data[start : start + length])
        start += length
    return result
