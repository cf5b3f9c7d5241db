"""Polywire beside other WebSocket servers in Python: ``bench.py [--quick] [--uvloop]``.

What is measured is the CPU time of the server for each message. All servers run, and take turns in each
round, so what disturbs the machine disturbs all alike; ratios are medians over the rounds. They are
started anew several times, as where a process happens to lie in memory makes a few percent. Client and
servers share one core: else the server's time would have in it what it costs to wake an idle one.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import socket
import statistics
import sys
from collections.abc import Callable

from peer import Deflated, Server, echo

NAMES = ("polywire", "raw", "picows", "picows-asyncio", "websockets", "aiohttp")
PACKAGES = ("polywire", "picows", "websockets", "aiohttp", "uvloop")
COMPRESSING = ("polywire", "websockets", "aiohttp")
# Size, messages in flight, messages in each round.
ECHOES = ((32, 1, 4000), (32, 64, 64_000), (1024, 1, 4000), (1024, 64, 48_000), (65536, 1, 1500),
          (65536, 64, 1024))  # fmt: skip
CONNECTIONS = 400
GENERATIONS = 5


def rounds(
    servers: dict[str, Server], count: int, measure: Callable[[Server], float]
) -> dict[str, list[float]]:
    """Measures each server in each round, beginning with another one; the first round warms up."""
    names = list(servers)
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(count + 1):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            value = measure(servers[name])
            if number:
                found[name].append(value)
    return found


def row(title: str, found: dict[str, list[float]]) -> str:
    ours = found["polywire"]
    cells = []
    for name, values in found.items():
        ratio = statistics.median(other / own for own, other in zip(ours, values, strict=True))
        median = statistics.median(values)
        cells.append(f"{median:.2f}" if name == "polywire" else f"{ratio:.2f} ({median:.2f})")
    return f"| {title} | " + " | ".join(cells) + " |"


def table(title: str, names: tuple[str, ...]) -> None:
    print(f"\n## {title}\n")
    print("| | " + " | ".join(names) + " |")
    print("|---|" + "---:|" * len(names), flush=True)


def started(names: tuple[str, ...], *options: str) -> dict[str, Server]:
    return {name: Server(name, *options) for name in names}


def echoes(count: int, shrink: int, *options: str) -> None:
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(GENERATIONS):
        servers = started(NAMES, *options)
        for size, in_flight, messages in ECHOES:
            title = f"{size} B, {in_flight} in flight"
            number = messages // shrink
            times = rounds(servers, count, lambda one: echo(one, size, in_flight, number))
            row_of = found.setdefault(title, {name: [] for name in NAMES})
            for name, values in times.items():
                row_of[name] += values
        for server in servers.values():
            server.end()
    for title, times in found.items():
        print(row(title, times), flush=True)


def resident_per_connection(name: str, messages: Deflated, *options: str) -> float:
    """KiB that each idle connection with compression costs, after a message each way."""
    server = Server(name, "--deflate", *options)
    sockets: list[socket.socket] = []
    try:
        for _ in range(20):
            sockets.append(server.connect(deflate=True))
        messages.run(server)
        _, before = server.usage()
        for _ in range(CONNECTIONS):
            sock = server.connect(deflate=True)
            sock.sendall(messages.frames[0])
            sock.recv(1 << 16)
            sockets.append(sock)
        _, after = server.usage()
    finally:
        for sock in sockets:
            sock.close()
        server.end()
    return (after - before) / CONNECTIONS


def main() -> None:
    quick = "--quick" in sys.argv
    options = ["--uvloop"] if "--uvloop" in sys.argv else []
    count = 1 if quick else 5
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    versions = [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    loop = "uvloop" if options else "asyncio"
    print(f"CPython {platform.python_version()} on {loop}; {', '.join(versions)}; one core; ", end="")
    print(f"{GENERATIONS} x {count} rounds")
    print("Server CPU in us per message: ours, then times ours (us).")

    table("Echo", NAMES)
    echoes(count, 4 if quick else 1, *options)

    table("Deflate: echo of JSON with context takeover, 12 bits", COMPRESSING)
    messages = Deflated(300 if quick else 1500)
    size = len(messages.messages[-1])
    servers = started(COMPRESSING, "--deflate", *options)
    print(row(f"{size} B, 1 in flight", rounds(servers, 2 * count, messages.run)), flush=True)
    for server in servers.values():
        server.end()

    table("Resident memory of an idle connection with compression, KiB", COMPRESSING)
    messages = Deflated(50)
    found = {name: [resident_per_connection(name, messages, *options)] for name in COMPRESSING}
    print(row(f"{CONNECTIONS} connections", found))


if __name__ == "__main__":
    main()
