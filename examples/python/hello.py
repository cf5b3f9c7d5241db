"""A server and a client in one program."""

import asyncio

from polywire import connect, serve


async def handler(ws):
    async for message in ws:
        await ws.send(f"hello, {message}")


async def main():
    async with serve(handler, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}") as ws:
            await ws.send("world")
            print(await ws.recv())


asyncio.run(main())
