"""An echo server: ``echo_server.py HOST:PORT [--no-deflate]``.

Answers every message with the same message. With port 0 it takes a free one; its first line says which.
"""

import asyncio
import sys

from polywire import serve


async def echo(ws):
    async for message in ws:
        await ws.send(message)


async def main(address: str, compression: str | None) -> None:
    host, _, port = address.rpartition(":")
    options = {"compression": compression, "max_size": 64 << 20}
    async with serve(echo, host.strip("[]"), int(port), **options) as server:
        host, port, *_ = server.sockets[0].getsockname()
        print(f"listening on ws://{host}:{port}", flush=True)
        await server.wait_closed()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    asyncio.run(main(sys.argv[1], None if "--no-deflate" in sys.argv else "deflate"))
