"""The echo servers that are compared: ``servers.py NAME [--deflate] [--uvloop]``.

Each is what the documentation of its library shows, with limits that let 64 KiB pass. The first line
says the port; then each line that comes in is answered with the CPU time of the process in seconds and
its resident memory in KiB.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Callable

LIMIT = 1 << 20


async def raw(deflate: bool) -> int:
    """No WebSocket at all: the floor. After the head of the handshake it returns what it gets, without
    the masks that an answer has not."""

    class Echo(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport
            self.head = b""

        def data_received(self, data: bytes) -> None:
            if self.head is not None:
                self.head += data
                if not self.head.endswith(b"\r\n\r\n"):
                    return
                self.head = None
                data = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
            self.transport.write(data)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0)
    return server.sockets[0].getsockname()[1]


async def polywire(deflate: bool) -> int:
    from polywire import serve

    async def echo(ws):
        async for message in ws:
            await ws.send(message)

    compression = "deflate" if deflate else None
    server = await serve(echo, "127.0.0.1", 0, compression=compression, max_size=LIMIT)
    return server.sockets[0].getsockname()[1]


async def websockets(deflate: bool) -> int:
    from websockets.asyncio.server import serve

    async def echo(ws):
        async for message in ws:
            await ws.send(message)

    compression = "deflate" if deflate else None
    server = await serve(echo, "127.0.0.1", 0, compression=compression, max_size=LIMIT)
    return server.sockets[0].getsockname()[1]


async def picows(deflate: bool, own_transports: bool | None = None) -> int:
    from picows import WSListener, WSMsgType, ws_create_server

    class Echo(WSListener):
        def on_ws_frame(self, transport, frame):
            if frame.msg_type == WSMsgType.CLOSE:
                transport.send_close(frame.get_close_code())
                transport.disconnect()
            else:
                transport.send(frame.msg_type, frame.get_payload_as_memoryview())

    server = await ws_create_server(
        lambda _: Echo(),
        "127.0.0.1",
        0,
        max_frame_size=LIMIT,
        enable_auto_ping=True,
        use_aiofastnet=own_transports,
    )
    return server.sockets[0].getsockname()[1]


async def picows_asyncio(deflate: bool) -> int:
    """On the transports of the event loop, which the others use too, instead of those of aiofastnet."""
    return await picows(deflate, own_transports=False)


async def aiohttp(deflate: bool) -> int:
    from aiohttp import WSMsgType, web

    async def echo(request):
        ws = web.WebSocketResponse(compress=deflate, max_msg_size=LIMIT)
        await ws.prepare(request)
        async for message in ws:
            if message.type == WSMsgType.TEXT:
                await ws.send_str(message.data)
            else:
                await ws.send_bytes(message.data)
        return ws

    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return site._server.sockets[0].getsockname()[1]


SERVERS: dict[str, Callable[[bool], Awaitable[int]]] = {
    "raw": raw,
    "polywire": polywire,
    "websockets": websockets,
    "picows": picows,
    "picows-asyncio": picows_asyncio,
    "aiohttp": aiohttp,
}


def resident() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4


async def main(name: str, deflate: bool) -> None:
    print(await SERVERS[name](deflate), flush=True)
    loop = asyncio.get_running_loop()
    ended = loop.create_future()

    def report() -> None:
        if not sys.stdin.readline():
            ended.set_result(None)
            return
        gc.collect()
        print(time.process_time(), resident(), flush=True)

    loop.add_reader(sys.stdin, report)
    await ended


if __name__ == "__main__":
    if "--uvloop" in sys.argv:
        import uvloop

        uvloop.run(main(sys.argv[1], "--deflate" in sys.argv))
    else:
        asyncio.run(main(sys.argv[1], "--deflate" in sys.argv))
