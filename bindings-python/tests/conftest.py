"""Each test that talks over sockets runs on both event loops."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

import polywire

LOOPS = ["asyncio"] if sys.platform == "win32" else ["asyncio", "uvloop"]
Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    factory = None
    if request.param == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop

    def runner(main: Coroutine[Any, Any, Any]) -> Any:
        async def limited() -> Any:
            async with asyncio.timeout(30):
                return await main

        with asyncio.Runner(loop_factory=factory) as loop:
            return loop.run(limited())

    return runner


async def echo(ws: polywire.ServerConnection) -> None:
    async for message in ws:
        await ws.send(message)


def url(server: polywire.Server, path: str = "/", scheme: str = "ws") -> str:
    return f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}{path}"


@asynccontextmanager
async def pair(
    handler: Callable[[polywire.ServerConnection], Awaitable[None]] = echo,
    server: dict[str, Any] | None = None,
    client: dict[str, Any] | None = None,
) -> Any:
    """A client connected to a server."""
    async with polywire.serve(handler, "127.0.0.1", 0, **(server or {})) as listening:
        async with polywire.connect(url(listening), **(client or {})) as ws:
            yield ws
