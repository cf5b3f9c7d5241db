"""What an application decides about handshakes, and the life of a server."""

from __future__ import annotations

import asyncio
import http
import re
from typing import Any

import pytest
from conftest import Run, echo, pair, url

import polywire
from polywire import InvalidStatus, NegotiationError, Request, Response, ServerConnection


async def status(server: dict[str, Any], **client: Any) -> int:
    """The status that a handshake gets."""
    try:
        async with pair(server=server, client=client):
            return 101
    except InvalidStatus as error:
        assert error.response.headers["Connection"] == "close"
        return error.response.status_code


async def ask(port: int, request: bytes) -> bytes:
    """All that a server answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        answer = await reader.read()
    except ConnectionResetError:
        answer = b""
    writer.close()
    return answer


def test_origins(run: Run) -> None:
    async def main() -> None:
        listed = {"origins": ["https://a.example", None]}
        assert await status(listed, origin="https://a.example") == 101
        assert await status(listed, origin="https://b.example") == 403
        assert await status(listed) == 101
        assert await status({"origins": ["https://a.example"]}) == 403
        patterns = {"origins": [re.compile(r"https://.*\.example"), "null"]}
        assert await status(patterns, origin="https://a.example") == 101
        assert await status(patterns, origin="null") == 101
        assert await status(patterns, origin="https://a.example.evil") == 403
        assert await status(patterns) == 403
        assert await status({}, origin="https://anything") == 101

    run(main())


def test_subprotocols(run: Run) -> None:
    async def main() -> None:
        server: dict[str, Any] = {"subprotocols": ["b", "a"]}
        async with pair(server=server, client={"subprotocols": ["a", "b"]}) as ws:
            assert ws.subprotocol == "b"
        assert await status(server) == 400
        assert await status(server, subprotocols=["c"]) == 400
        async with pair(client={"subprotocols": ["c"]}) as ws:
            assert ws.subprotocol is None

        def last(ws: ServerConnection, offered: Any) -> str | None:
            if "bad" in offered:
                raise NegotiationError("on purpose")
            return offered[-1] if offered else None

        server = {"select_subprotocol": last}
        async with pair(server=server, client={"subprotocols": ["a", "b"]}) as ws:
            assert ws.subprotocol == "b"
        async with pair(server=server) as ws:
            assert ws.subprotocol is None
        assert await status(server, subprotocols=["bad"]) == 400

    run(main())


def test_process_request(run: Run) -> None:
    def plain(ws: ServerConnection, request: Request) -> Response | None:
        if request.path == "/health":
            return ws.respond(http.HTTPStatus.OK, "fine\n")
        return None

    async def refusing(ws: ServerConnection, request: Request) -> Response | None:
        await asyncio.sleep(0)
        response = ws.respond(401, "who are you?\n")
        response.headers["WWW-Authenticate"] = "Basic"
        return response

    def broken(ws: ServerConnection, request: Request) -> Response | None:
        raise ValueError("on purpose")

    async def main() -> None:
        async with polywire.serve(echo, "127.0.0.1", 0, process_request=plain) as server:
            port = server.sockets[0].getsockname()[1]
            answer = await ask(port, b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"\r\n\r\nfine\n")
            answer = await ask(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 426 ")
            async with polywire.connect(url(server)) as ws:
                await ws.send("x")
                assert await ws.recv() == "x"
        with pytest.raises(InvalidStatus) as caught:
            async with pair(server={"process_request": refusing}):
                pass
        response = caught.value.response
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Basic"
        assert response.body == b"who are you?\n"
        assert str(caught.value) == "server rejected WebSocket connection: HTTP 401"
        assert await status({"process_request": broken}) == 500

    run(main())


def test_process_response(run: Run) -> None:
    def cookie(ws: ServerConnection, request: Request, response: Response) -> None:
        response.headers["Set-Cookie"] = f"path={request.path}"

    async def replaced(ws: ServerConnection, request: Request, response: Response) -> Response:
        return ws.respond(503, "later")

    def reserved(ws: ServerConnection, request: Request, response: Response) -> None:
        response.headers["Sec-WebSocket-Accept"] = "mine"

    async def main() -> None:
        async with pair(server={"process_response": cookie}) as ws:
            assert ws.response.headers["Set-Cookie"] == "path=/"
            assert ws.response.headers["Server"].startswith("Python/")
        async with pair(server={"server_header": None}) as ws:
            assert "Server" not in ws.response.headers
        assert await status({"process_response": replaced}) == 503
        assert await status({"process_response": reserved}) == 500

    run(main())


def test_what_is_no_handshake_is_answered_and_closed(run: Run) -> None:
    async def main() -> None:
        async with polywire.serve(echo, "127.0.0.1", 0, open_timeout=0.2) as server:
            port = server.sockets[0].getsockname()[1]
            for request, answer in [
                (b"\x16\x03\x01\x02\x00", b"HTTP/1.1 400 "),
                (b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 405 "),
                (b"GET / HTTP/1.1\r\n", b"HTTP/1.1 408 "),
                (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 1000, b"HTTP/1.1 431 "),
            ]:
                assert (await ask(port, request)).startswith(answer), request

    run(main())


def test_bytes_behind_the_request_belong_to_the_connection(run: Run) -> None:
    async def main() -> None:
        async with polywire.serve(echo, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            answer = await ask(
                port,
                b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
                b"\x81\x82\0\0\0\0hi\x88\x82\0\0\0\0\x03\xe8",
            )
            head, _, frames = answer.partition(b"\r\n\r\n")
            assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
            assert frames == b"\x81\x02hi\x88\x02\x03\xe8"

    run(main())


def test_a_server_closes_its_connections(run: Run) -> None:
    async def main() -> None:
        server = await polywire.serve(echo, "127.0.0.1", 0)
        assert server.is_serving() and server.get_loop() is asyncio.get_running_loop()
        ws = await polywire.connect(url(server))
        await ws.send("x")
        await ws.recv()
        assert len(server.connections) == 1
        server.close(code=1012, reason="restart")
        await server.wait_closed()
        assert not server.is_serving() and not server.connections
        with pytest.raises(polywire.ConnectionClosedError) as caught:
            await ws.recv()
        assert caught.value.rcvd == polywire.Close(1012, "restart")
        await ws.close()

    run(main())


def test_a_server_that_closes_waits_for_no_request(run: Run) -> None:
    async def main() -> None:
        decided = asyncio.Event()

        async def slow(ws: ServerConnection, request: Request) -> None:
            await decided.wait()

        server = await polywire.serve(echo, "127.0.0.1", 0, process_request=slow)
        port = server.sockets[0].getsockname()[1]
        silent = asyncio.create_task(ask(port, b"GET"))
        asking = asyncio.create_task(status_of(polywire.connect(url(server))))
        await asyncio.sleep(0.1)
        server.close()
        await silent
        decided.set()
        assert await asking == 503
        await server.wait_closed()

    run(main())


async def status_of(connecting: polywire.connect) -> int:
    with pytest.raises(InvalidStatus) as caught:
        await connecting
    return caught.value.response.status_code


def test_a_server_may_leave_its_connections_open(run: Run) -> None:
    async def main() -> None:
        server = await polywire.serve(echo, "127.0.0.1", 0, start_serving=False)
        assert not server.is_serving()
        forever = asyncio.create_task(server.serve_forever())
        await asyncio.sleep(0.01)
        ws = await polywire.connect(url(server))
        server.close(close_connections=False)
        await asyncio.sleep(0.01)
        await ws.send("still")
        assert await ws.recv() == "still"
        assert not forever.done()
        await ws.close()
        await forever
        await server.wait_closed()

    run(main())


def test_serve_forever_can_be_cancelled(run: Run) -> None:
    async def main() -> None:
        server = await polywire.serve(echo, "127.0.0.1", 0)
        forever = asyncio.create_task(server.serve_forever())
        ws = await polywire.connect(url(server))
        forever.cancel()
        with pytest.raises(asyncio.CancelledError):
            await forever
        with pytest.raises(polywire.ConnectionClosedOK):
            await ws.recv()
        assert ws.close_code == 1001

    run(main())


def test_unix_sockets(run: Run, tmp_path: Any) -> None:
    async def main() -> None:
        path = str(tmp_path / "socket")
        async with polywire.unix_serve(echo, path):
            async with polywire.unix_connect(path) as ws:
                await ws.send("x" * 100_000)
                assert len(await ws.recv()) == 100_000

    run(main())
