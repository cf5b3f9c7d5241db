"""The programs of ``examples/python``, run as a reader would."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

import polywire

EXAMPLES = Path(__file__).parents[2] / "examples" / "python"


def test_hello() -> None:
    hello = [sys.executable, str(EXAMPLES / "hello.py")]
    done = subprocess.run(hello, capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("hello, world\n", "")


@pytest.mark.parametrize("options", [[], ["--no-deflate"]])
def test_the_echo_server(options: list[str]) -> None:
    command = [sys.executable, str(EXAMPLES / "echo_server.py"), "127.0.0.1:0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().removeprefix("listening on ").strip()

            async def talk() -> str | bytes:
                async with polywire.connect(url) as ws:
                    compresses = "Sec-WebSocket-Extensions" in ws.response.headers
                    assert compresses == (not options)
                    await ws.send("x" * 5_000_000)
                    with pytest.raises(polywire.ConnectionClosedError):
                        await ws.recv()
                async with polywire.connect(url, max_size=None) as ws:
                    await ws.send("x" * 5_000_000)
                    return await ws.recv()

            assert asyncio.run(talk()) == "x" * 5_000_000
        finally:
            server.kill()
