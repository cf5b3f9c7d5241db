"""Clients: what they ask for, redirects, reconnection, failures."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from conftest import Run, echo, pair, url

import polywire
from polywire import InvalidURI, Request, Response, SecurityError, ServerConnection


def test_what_a_client_asks_for(run: Run) -> None:
    async def main() -> None:
        client = {
            "additional_headers": {"X-One": "1", "Authorization": "Bearer x"},
            "user_agent_header": "mine",
            "origin": "https://a.example",
        }
        async with pair(client=client) as ws:
            headers = ws.request.headers
            assert headers["x-one"] == "1"
            assert headers["User-Agent"] == "mine"
            assert headers["Origin"] == "https://a.example"
        async with pair(client={"user_agent_header": None}) as ws:
            assert "User-Agent" not in ws.request.headers
        with pytest.raises(polywire.InvalidOption):
            async with pair(client={"additional_headers": {"Host": "a"}}):
                pass
        with pytest.raises(polywire.InvalidHeaderValue):
            polywire.connect("ws://localhost/", additional_headers={"a": "b\r\nc: d"})

    run(main())


def test_what_is_no_uri() -> None:
    for uri in ["http://a/", "ws://", "ws://a:0/", "ws://a/#b"]:
        with pytest.raises(InvalidURI) as caught:
            polywire.connect(uri)
        assert caught.value.uri == uri
    with pytest.raises(ValueError):
        polywire.connect("ws://a/", ssl=True)
    with pytest.raises(TypeError):
        polywire.connect("ws://a/", subprotocols="chat")


def test_redirects(run: Run) -> None:
    def away(ws: ServerConnection, request: Request) -> Response | None:
        if request.path.startswith("/to"):
            return None
        seen.append(request.headers.get("Authorization"))
        response = ws.respond(302, "")
        response.headers["Location"] = "/" if request.path == "/round" else targets[request.path]
        return response

    seen: list[Any] = []
    targets: dict[str, str] = {"/": "/round"}

    async def main() -> None:
        secret = {"Authorization": "secret"}
        async with polywire.serve(echo, "127.0.0.1", 0, process_request=away) as server:
            async with polywire.serve(echo, "127.0.0.1", 0) as other:
                targets["/near"] = "/to?here"
                async with polywire.connect(url(server, "/near"), additional_headers=secret) as ws:
                    assert ws.request.path == "/to?here"
                    assert ws.request.headers["Authorization"] == "secret"
                targets["/far"] = url(other, "/there").replace("ws:", "http:")
                async with polywire.connect(url(server, "/far"), additional_headers=secret) as ws:
                    assert ws.request.path == "/there"
                    assert "Authorization" not in ws.request.headers
                with pytest.raises(SecurityError, match="more than 10 redirects"):
                    await polywire.connect(url(server, "/round"))

    run(main())
    assert seen[0] == "secret"


def test_a_server_that_is_none(run: Run) -> None:
    answers = {
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi": polywire.InvalidStatus,
        b"SSH-2.0\r\n": polywire.InvalidMessage,
        b"": polywire.InvalidMessage,
        b"HTTP/1.1 101 Yes\r\n\r\n": polywire.InvalidUpgrade,
    }

    async def main() -> None:
        for answer, expected in answers.items():

            async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
                writer.close()

            server = await asyncio.start_server(talk, "127.0.0.1", 0)
            with pytest.raises(expected) as caught:
                await polywire.connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            if not answer:
                assert isinstance(caught.value.__cause__, EOFError)
            server.close()
        with pytest.raises(OSError):
            await polywire.connect("ws://127.0.0.1:1")

    run(main())


def test_a_socket_of_one_s_own(run: Run) -> None:
    async def main() -> None:
        import socket

        async with polywire.serve(echo, "127.0.0.1", 0) as server:
            sock = socket.create_connection(server.sockets[0].getsockname())
            async with polywire.connect("ws://example.org/", sock=sock) as ws:
                assert ws.request.headers["Host"] == "example.org"
            host, port = server.sockets[0].getsockname()
            async with polywire.connect("ws://example.org/", host=host, port=port) as ws:
                await ws.send("x")
                assert await ws.recv() == "x"

    run(main())


def test_reconnection(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    calls = 0

    def sometimes(ws: ServerConnection, request: Request) -> Response | None:
        nonlocal calls
        calls += 1
        return None if calls % 2 else ws.respond(503, "not now")

    async def main() -> None:
        async with polywire.serve(echo, "127.0.0.1", 0, process_request=sometimes) as server:
            rounds = 0
            connecting = polywire.connect(url(server), reconnect_delays=lambda: iter([0.01] * 9))
            async for ws in connecting:
                rounds += 1
                await ws.send("x")
                assert await ws.recv() == "x"
                if rounds == 3:
                    break
            assert (rounds, calls) == (3, 5)
            with pytest.raises(ZeroDivisionError):
                async for ws in polywire.connect(url(server)):
                    calls + 1 / 0

    with caplog.at_level(logging.INFO):
        run(main())
    assert "reconnecting in 0.0 seconds" in caplog.text


def test_an_error_that_does_not_pass_ends_the_reconnection(run: Run) -> None:
    async def main() -> None:
        refuse = {"process_request": lambda ws, _: ws.respond(404, "")}
        async with polywire.serve(echo, "127.0.0.1", 0, **refuse) as server:
            with pytest.raises(polywire.InvalidStatus):
                async for _ in polywire.connect(url(server)):
                    pass
            with pytest.raises(KeyError):
                async for _ in polywire.connect(
                    url(server), process_exception=lambda _: KeyError()
                ):
                    pass

    run(main())
