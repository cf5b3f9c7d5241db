"""The same over TLS, with a certificate of our own."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import Run, echo, url

import polywire


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1, in one file."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1".split()
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run([*command, *names], check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


def contexts(certificate: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    return server, ssl.create_default_context(cafile=str(certificate))


def test_wss(run: Run, certificate: Path) -> None:
    server, client = contexts(certificate)

    async def main() -> None:
        async with polywire.serve(echo, "127.0.0.1", 0, ssl=server) as listening:
            uri = url(listening, scheme="wss")
            async with polywire.connect(uri, ssl=client) as ws:
                for message in ["x", b"y" * 300_000, "z" * 5000]:
                    await ws.send(message)
                    assert await ws.recv() == message
                for number in range(200):
                    await ws.send(str(number))
                received = [await ws.recv() for _ in range(200)]
                assert received == [str(number) for number in range(200)]
                assert 0 < await (await ws.ping()) < 5
                await ws.close()
                assert ws.close_code == 1000
            with pytest.raises(ssl.SSLError):
                await polywire.connect(uri)
            with pytest.raises(ValueError):
                await polywire.connect(uri, ssl=None)

    run(main())


def test_a_peer_that_does_not_read_stops_the_sending_over_tls(run: Run, certificate: Path) -> None:
    server, client = contexts(certificate)
    go_on = asyncio.Event()

    async def late(ws: Any) -> None:
        await go_on.wait()
        async for _ in ws:
            pass

    async def main() -> None:
        options = {"ssl": server, "max_queue": 1}
        async with polywire.serve(late, "127.0.0.1", 0, **options) as listening:
            uri = url(listening, scheme="wss")
            async with polywire.connect(uri, ssl=client, compression=None) as ws:
                sending = [asyncio.create_task(ws.send(b"x" * 400_000)) for _ in range(40)]
                _, waiting = await asyncio.wait(sending, timeout=0.5)
                assert waiting
                go_on.set()
                await asyncio.gather(*sending)

    run(main())
