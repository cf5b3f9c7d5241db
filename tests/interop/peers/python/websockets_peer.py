"""The interop talk by the library websockets."""

import asyncio
from contextlib import suppress

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve as listen
from websockets.exceptions import ConnectionClosed

import talk


def serve(deflate):
    asyncio.run(serve_forever(compression(deflate)))


async def serve_forever(compression):
    async with listen(answer, "127.0.0.1", 0, compression=compression, max_size=None) as server:
        port = server.sockets[0].getsockname()[1]
        talk.say(f"listening on ws://127.0.0.1:{port}")
        await server.serve_forever()


async def answer(websocket):
    # The loop ends by itself only for the codes 1000 and 1001.
    with suppress(ConnectionClosed):
        async for message in websocket:
            if message == talk.ASK_TO_CLOSE:
                await websocket.close(*talk.SERVER_CLOSES)
            else:
                await websocket.send(message)
    talk.say(f"closed {websocket.close_code} {websocket.close_reason}")


def talk_to(deflate, url):
    asyncio.run(both_talks(deflate, url))


async def both_talks(deflate, url):
    options = {"compression": compression(deflate), "max_size": None, "proxy": None}
    async with connect(url, **options) as websocket:
        talk.expect("compressed", deflate, bool(websocket.protocol.extensions))
        for message in talk.messages():
            await websocket.send(message)
            talk.expect("echo", message, await websocket.recv())
        await websocket.send(talk.PARTS)
        talk.expect("echo of parts", "".join(talk.PARTS), await websocket.recv())
        await (await websocket.ping(talk.PING))
        await websocket.close(*talk.CLIENT_CLOSES)
        talk.expect("close code", talk.CLIENT_CLOSES[0], websocket.close_code)

    async with connect(url, **options) as websocket:
        await websocket.send(talk.ASK_TO_CLOSE)
        try:
            talk.expect("end", None, await websocket.recv())
        except ConnectionClosed:
            closed = (websocket.close_code, websocket.close_reason)
            talk.expect("close of the server", talk.SERVER_CLOSES, closed)


def compression(deflate):
    return "deflate" if deflate else None


talk.main("websockets", serve, talk_to)
