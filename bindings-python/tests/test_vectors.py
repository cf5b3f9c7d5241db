"""Every vector of ``tests/vectors``, in one piece, byte by byte, and at random cuts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from vectors import connection, handshake
from vectors.data import CUTS, KINDS, Failure, files, vectors

Vector = dict[str, Any]


def run_all(kind: str, run: Callable[[Vector], None]) -> None:
    """Runs the vectors of a kind, and tells of all that fail."""
    problems = []
    of_kind = vectors(kind)
    assert of_kind
    for file, vector in of_kind:
        try:
            run(vector)
        except Failure as failure:
            problems.append(f"{file}, {vector['id']}: {failure}")
    assert not problems, f"{len(problems)} of {len(of_kind)} fail:\n" + "\n".join(problems)


def agree(vector: Vector) -> None:
    """Each way must give the events that are expected, and all of them exactly the same."""
    compresses = "deflate" in vector.get("config", {})
    ways = [(cut, paused, "folded") for cut in CUTS for paused in (cut in ("bytes", 2),)]
    ways.append(("whole", True, "folded"))
    ways += [(cut, False, "dedicated") for cut in CUTS[:3] if compresses]
    first = None
    for way in ways:
        try:
            trace = connection.run(vector, *way)
        except Failure as failure:
            raise Failure(f"{way}: {failure}") from None
        first = first or trace
        if trace != first:
            raise Failure(f"{way} gives other events than {ways[0]}")


def test_connections() -> None:
    run_all("connection", agree)


@pytest.mark.parametrize("cut", CUTS)
def test_server_handshakes(cut: str | int) -> None:
    run_all("server_handshake", lambda vector: handshake.server(vector, cut))


@pytest.mark.parametrize("cut", CUTS)
def test_client_handshakes(cut: str | int) -> None:
    run_all("client_handshake", lambda vector: handshake.client(vector, cut))


def test_urls() -> None:
    run_all("url", handshake.url)


def test_negotiations() -> None:
    run_all("negotiation", handshake.negotiation)


def test_every_file_is_run() -> None:
    assert {file["kind"] for _, file in files()} == set(KINDS)
