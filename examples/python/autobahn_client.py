"""A client for the Autobahn test suite: ``autobahn_client.py URL AGENT``.

Asks the suite how many cases there are, runs each as an echo, and has the report written.
"""

import asyncio
import sys

from polywire import ConnectionClosed, connect


async def main(url: str, agent: str) -> None:
    async with connect(f"{url}/getCaseCount") as ws:
        cases = int(await ws.recv())
    for case in range(1, cases + 1):
        try:
            async with connect(f"{url}/runCase?case={case}&agent={agent}", max_size=64 << 20) as ws:
                async for message in ws:
                    await ws.send(message)
        except ConnectionClosed:
            pass  # What a case that breaks a rule must lead to.
    async with connect(f"{url}/updateReports?agent={agent}") as ws:
        async for _ in ws:
            break


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    asyncio.run(main(*sys.argv[1:]))
