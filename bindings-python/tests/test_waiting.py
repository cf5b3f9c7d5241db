"""How a task waits for a message, and how a send that is on its way meets what is wrong."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import socket
import struct
import sys
from typing import Any

import pytest
from conftest import Run, pair, url

import polywire
from polywire import ConnectionClosedError

BINARY = b"\x82\x01"
NAMES = ("_asyncio_future_blocking", "add_done_callback")
NAME: contextvars.ContextVar[str] = contextvars.ContextVar("NAME")


async def silent(ws: polywire.ServerConnection) -> None:
    await ws.wait_closed()


async def waiting_task(coroutine: Any) -> asyncio.Task[Any]:
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0)
    return task


def test_a_task_runs_as_soon_as_there_is_a_message(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with pair(silent) as ws:
            seen: list[Any] = []

            async def receive() -> None:
                NAME.set("its own")
                async for message in ws:
                    seen.append((message, NAME.get(), asyncio.current_task() is task))

            task = await waiting_task(receive())

            def arrive() -> None:
                for letter in (b"a", b"b"):
                    ws.data_received(BINARY + letter)
                    seen.append("in the same turn")

            loop.call_soon(arrive)
            await asyncio.sleep(0)
            a, b = (b"a", "its own", True), (b"b", "its own", True)
            assert seen == [a, "in the same turn", b, "in the same turn"]
            # This is a task that runs, so the other one has to wait for its turn.
            ws.data_received(BINARY + b"c")
            assert len(seen) == 4
            await asyncio.sleep(0)
            assert seen[4][0] == b"c"
            task.cancel()

    run(main())


def test_a_task_written_in_python_waits_as_well(run: Run) -> None:
    def make(loop: Any, coroutine: Any, **options: Any) -> Any:
        return asyncio.tasks._PyTask(coroutine, loop=loop, **options)  # type: ignore[attr-defined]

    async def main() -> None:
        async with pair() as ws:
            asyncio.get_running_loop().set_task_factory(make)
            for number in range(3):
                receiving = await waiting_task(ws.recv())
                await ws.send(f"{number}")
                assert await receiving == f"{number}"
            receiving = await waiting_task(ws.recv())
            receiving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await receiving

    run(main())


def test_cancelling_says_why_and_the_next_task_waits_again(run: Run) -> None:
    async def main() -> None:
        async with pair() as ws:
            for number in range(3):
                task = await waiting_task(ws.recv())
                task.cancel(f"reason {number}")
                with pytest.raises(asyncio.CancelledError):
                    await task
                task = await waiting_task(ws.recv())
                await ws.send(b"x")
                assert await task == b"x"
            # Both in one turn: what was cancelled stays so, and the message is there for the next.
            task = await waiting_task(ws.recv())
            task.cancel()
            asyncio.get_running_loop().call_soon(ws.data_received, BINARY + b"y")
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await ws.recv() == b"y"

    run(main())


def test_what_ends_the_loop_comes_out_of_the_read(run: Run) -> None:
    class Stop(SystemExit):
        pass

    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with pair(silent) as ws:

            async def receive() -> None:
                await ws.recv()
                raise Stop

            task = await waiting_task(receive())
            caught: list[BaseException] = []

            def arrive() -> None:
                try:
                    ws.data_received(BINARY + b"a")
                except Stop as stop:
                    caught.append(stop)

            loop.call_soon(arrive)
            await asyncio.sleep(0)
            assert len(caught) == 1
            assert isinstance(task.exception(), Stop)
            # The connection goes on.
            task = await waiting_task(ws.recv())
            loop.call_soon(ws.data_received, BINARY + b"b")
            assert await task == b"b"

    run(main())


def test_what_a_task_is_given_passes_for_a_future(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with pair(silent) as ws:
            receiving = ws.recv()
            ticket = receiving.send(None)
            assert asyncio.isfuture(ticket)
            assert ticket._asyncio_future_blocking is True
            # Names as they come out of a calculation, not those that the interpreter keeps once.
            blocking, add = (" ".join(name.split("_")).replace(" ", "_") for name in NAMES)
            assert getattr(ticket, blocking) is True
            assert getattr(ticket, add) is ticket.add_done_callback
            ticket._asyncio_future_blocking = False
            assert ticket._asyncio_future_blocking is False
            assert ticket.get_loop() is loop
            assert not ticket.done() and not ticket.cancelled()
            assert "Ticket" in repr(ticket)
            for change in (lambda: setattr(ticket, "other", 1), lambda: ticket.other):
                with pytest.raises(AttributeError):
                    change()
            with pytest.raises(AttributeError):
                del ticket.other
            for wrong in [(), (print, None)]:
                with pytest.raises(TypeError):
                    ticket.add_done_callback(*wrong)
            with pytest.raises(TypeError):
                ticket.add_done_callback(print, other=None)
            assert gc.is_tracked(ticket)
            [waiter] = (o for o in gc.get_referents(ticket) if type(o).__name__ == "Waiter")

            called: list[Any] = []
            ticket.add_done_callback(called.append)
            assert ticket.cancel("enough")
            assert not ticket.cancel()
            assert ticket.done() and ticket.cancelled()
            with pytest.raises(asyncio.CancelledError, match="enough"):
                ticket.result()
            # Whoever comes late is told too.
            ticket.add_done_callback(called.append, context=contextvars.copy_context())
            await asyncio.sleep(0)
            assert called == [waiter, waiter]
            receiving.close()

    run(main())


def test_a_ticket_is_used_again_unless_somebody_keeps_it(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with pair(silent) as ws:

            async def given() -> Any:
                task = await waiting_task(ws.recv())
                ticket = task._fut_waiter
                loop.call_soon(ws.data_received, BINARY + b"a")
                assert await task == b"a"
                return ticket

            async def method() -> Any:
                return (await given()).add_done_callback

            first, second = await given(), await given()
            assert first is not second
            # Nobody has the one of a task that is over.
            task = await waiting_task(ws.recv())
            number = id(task._fut_waiter)
            loop.call_soon(ws.data_received, BINARY + b"a")
            await task
            task = await waiting_task(ws.recv())
            assert id(task._fut_waiter) == number
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            first, second = await method(), await method()
            assert first.__self__ is not second.__self__

    run(main())


def test_the_ways_to_call_send(run: Run) -> None:
    async def main() -> None:
        async with pair() as ws:
            await ws.send(message="by name")
            await ws.send("bytes", text=False)
            await ws.send(text=True, message=b"text")
            await polywire.ClientConnection.send(ws, "by its class")
            expected = ["by name", b"bytes", "text", "by its class"]
            assert [await ws.recv() for _ in expected] == expected
            with pytest.raises(TypeError, match="message"):
                ws.send()
            with pytest.raises(TypeError):
                ws.send("two", "messages")
            with pytest.raises(TypeError, match="other"):
                ws.send("x", other=1)
            with pytest.raises(TypeError):
                polywire.ClientConnection.send(object(), "x")  # type: ignore[arg-type]
            with pytest.raises(TypeError):
                ws.get_buffer()
            assert len(ws.get_buffer(-1)) > 1 << 16

    run(main())


def test_a_peer_that_resets(run: Run) -> None:
    async def main() -> None:
        gone = asyncio.Event()
        seen: list[BaseException] = []

        async def handler(ws: polywire.ServerConnection) -> None:
            await ws.recv()
            await gone.wait()
            try:
                # The first may still be taken by the system, and all the rest is met with an error.
                while True:
                    await ws.send(b"x" * 100)
                    await asyncio.sleep(0)
            except ConnectionClosedError as error:
                seen.append(error)

        async with polywire.serve(handler, "127.0.0.1", 0) as server:
            ws = await polywire.connect(url(server))
            await ws.send("hello")
            sock = ws.transport.get_extra_info("socket")
            linger = "hh" if sys.platform == "win32" else "ii"
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(linger, 1, 0))
            ws.transport.abort()
            await ws.wait_closed()
            gone.set()
            while not seen:
                await asyncio.sleep(0.01)
            assert seen[0].rcvd is None  # type: ignore[attr-defined]

    run(main())


def test_what_is_written_past_the_connection_keeps_its_place(run: Run) -> None:
    """As long as the transport holds nothing, it and the connection write in the order of the calls."""

    async def handler(ws: polywire.ServerConnection) -> None:
        for number in range(20):
            ws.transport.write(b"\x82\x01" + bytes([2 * number]))
            await ws.send(bytes([2 * number + 1]))

    async def main() -> None:
        async with pair(handler) as ws:
            assert [await ws.recv() for _ in range(40)] == [bytes([n]) for n in range(40)]

    run(main())


def test_a_slow_reader_gets_everything_in_order(run: Run) -> None:
    """Messages that the socket takes, in part or not at all, behind what the transport holds."""

    async def main() -> None:
        async def handler(ws: polywire.ServerConnection) -> None:
            for number in range(400):
                await ws.send(number.to_bytes(2) * (1 << (number % 16)))

        async with pair(handler, server={"write_limit": 1 << 16}, client={"max_queue": 1}) as ws:
            for number in range(400):
                if number % 50 == 0:
                    await asyncio.sleep(0.02)
                assert await ws.recv() == number.to_bytes(2) * (1 << (number % 16))

    run(main())
