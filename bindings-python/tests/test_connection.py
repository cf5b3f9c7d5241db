"""A connection: messages, pings, closing, flow control, and the tasks that wait."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from typing import Any

import pytest
from conftest import Run, echo, pair, url

import polywire
from polywire import ConcurrencyError, ConnectionClosedError, ConnectionClosedOK, State


def test_messages_come_back_as_they_went(run: Run) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"from "
        await asyncio.sleep(0)
        yield b"a generator"

    async def main() -> None:
        async with pair() as ws:
            for message in ["", "text", "Grüße 🙂", b"", b"\0\xff", "x" * 70_000, b"y" * 600_000]:
                await ws.send(message)
                assert await ws.recv() == message
            for given, expected in [
                (bytearray(b"ab"), b"ab"),
                (memoryview(b"cd"), b"cd"),
                (["one ", "message"], "one message"),
                ([b"1", bytearray(b"2")], b"12"),
                (parts(), b"from a generator"),
            ]:
                await ws.send(given)
                assert await ws.recv() == expected
            await ws.send(b"as text", text=True)
            assert await ws.recv() == "as text"
            await ws.send("as bytes", text=False)
            assert await ws.recv() == b"as bytes"

    run(main())


def test_what_is_received_can_be_asked_for_as_text_or_bytes(run: Run) -> None:
    async def main() -> None:
        async with pair() as ws:
            for _ in range(2):
                for message in ("ä", b"\xc3\xa4"):
                    await ws.send(message)
                    assert await ws.recv(decode=True) == "ä"
                    await ws.send(message)
                    assert await ws.recv(decode=False) == b"\xc3\xa4"
                    await ws.send(message)
                    assert await ws.recv() == message
            await ws.send(b"\xff")
            with pytest.raises(ConnectionClosedError) as caught:
                await ws.recv(decode=True)
            assert isinstance(caught.value.__cause__, UnicodeDecodeError)
            await ws.wait_closed()
            assert ws._close_frames[1][0] == 1007

    run(main())


def test_what_cannot_be_sent(run: Run) -> None:
    async def main() -> None:
        async with pair() as ws:
            for message in [{"a": 1}, 7, None]:
                with pytest.raises(TypeError):
                    await ws.send(message)
            with pytest.raises(UnicodeEncodeError):
                await ws.send("\ud800")
            with pytest.raises(UnicodeDecodeError):
                await ws.send(b"\xff", text=True)
            await ws.send([])
            with pytest.raises(polywire.ProtocolError):
                await ws.ping(b"x" * 126)
            with pytest.raises(polywire.ProtocolError):
                await ws.close(1005)
            await ws.send("still there")
            assert await ws.recv() == "still there"
            with pytest.raises(TypeError):
                await ws.send(["text", b"bytes"])
            await ws.wait_closed()
            assert ws._close_frames[1][0] == 1011

    run(main())


def test_messages_do_not_mix_with_the_fragments_of_another(run: Run) -> None:
    async def slowly() -> AsyncIterator[str]:
        for part in "abc":
            yield part
            await asyncio.sleep(0.01)

    async def main() -> None:
        async with pair() as ws:
            first = asyncio.create_task(ws.send(slowly()))
            await asyncio.sleep(0.005)
            await ws.send("behind")
            await first
            assert [await ws.recv(), await ws.recv()] == ["abc", "behind"]

    run(main())


def test_pings_tell_the_round_trip(run: Run) -> None:
    async def main() -> None:
        async with pair() as ws:
            assert ws.latency == 0
            first = await ws.ping("same")
            with pytest.raises(ConcurrencyError):
                await ws.ping(b"same")
            waiting = [first, await ws.ping(), await ws.ping(b"")]
            for waiter in waiting:
                assert 0 < await waiter < 5
            assert ws.latency > 0
            await ws.pong(b"unsolicited")
            unanswered = await ws.ping()
            await ws.close()
            if not unanswered.done() or unanswered.exception() is not None:
                with pytest.raises(ConnectionClosedOK):
                    await unanswered
            with pytest.raises(ConnectionClosedOK):
                await ws.ping()

    run(main())


def test_the_end_of_a_connection(run: Run) -> None:
    seen: list[Any] = []

    async def handler(ws: polywire.ServerConnection) -> None:
        try:
            await ws.recv()
        except ConnectionClosedError as error:
            seen.append(error)

    async def main() -> None:
        async with pair(handler) as ws:
            assert ws.state is State.OPEN
            assert ws.close_code is None and ws.close_reason is None
            await ws.close(4000, "enough")
            assert ws.state is State.CLOSED
            assert (ws.close_code, ws.close_reason) == (4000, "")
            with pytest.raises(ConnectionClosedError) as caught:
                await ws.send("x")
            error = caught.value
            assert (error.sent.code, error.sent.reason, error.rcvd.code) == (4000, "enough", 4000)
            assert error.rcvd_then_sent is False
            assert str(error) == (
                "sent 4000 (private use) enough; then received 4000 (private use)"
            )
            await ws.close()
        (theirs,) = seen
        assert theirs.rcvd == polywire.Close(4000, "enough")
        assert theirs.rcvd_then_sent is True

    run(main())


def test_an_iteration_ends_with_the_connection(run: Run) -> None:
    async def two(ws: polywire.ServerConnection) -> None:
        await ws.send("1")
        await ws.send("2")

    async def broken(ws: polywire.ServerConnection) -> None:
        await ws.close(1011)

    async def main() -> None:
        async with pair(two) as ws:
            assert [message async for message in ws] == ["1", "2"]
            assert ws.close_code == 1000
        async with pair(broken) as ws:
            with pytest.raises(ConnectionClosedError):
                async for _ in ws:
                    pass

    run(main())


def test_a_handler_that_fails_closes_with_1011(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def handler(ws: polywire.ServerConnection) -> None:
        raise ValueError("on purpose")

    async def main() -> None:
        async with pair(handler) as ws:
            with pytest.raises(ConnectionClosedError) as caught:
                await ws.recv()
            assert caught.value.rcvd.code == 1011

    run(main())
    assert "connection handler failed" in caplog.text


def test_a_peer_that_breaks_a_rule(run: Run) -> None:
    seen: list[Any] = []

    async def handler(ws: polywire.ServerConnection) -> None:
        try:
            await ws.recv()
        except ConnectionClosedError as error:
            seen.append(error)

    async def main() -> None:
        async with pair(handler, server={"max_size": 100}) as ws:
            await ws.send("x" * 101)
            with pytest.raises(ConnectionClosedError) as caught:
                await ws.recv()
            assert caught.value.rcvd.code == 1009
        async with pair(handler) as ws:
            ws.transport.write(b"\x81\x00")
            await ws.wait_closed()
        too_big, unmasked = seen
        assert isinstance(too_big.__cause__, polywire.PayloadTooBig)
        assert too_big.__cause__.fault == "limit.frame_size"
        assert too_big.sent.code == 1009
        assert unmasked.__cause__.fault == "frame.mask_missing"

    run(main())


def test_a_connection_that_is_cut(run: Run) -> None:
    async def main() -> None:
        async with pair() as ws:
            ws.transport.abort()
            with pytest.raises(ConnectionClosedError) as caught:
                await ws.recv()
            assert caught.value.rcvd is None
            assert str(caught.value) == "no close frame received or sent"
            assert ws.close_code == 1006

    run(main())


def test_waiting_can_be_given_up_without_losing_anything(run: Run) -> None:
    async def main() -> None:
        async with pair() as ws:
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(ws.recv(), 0.01)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await ws.recv()
            task = asyncio.create_task(ws.recv())
            await asyncio.sleep(0)
            task.cancel("why")
            with pytest.raises(asyncio.CancelledError, match="why"):
                await task
            await ws.send("kept")
            assert await asyncio.gather(ws.recv()) == ["kept"]
            waiting = ws.recv()
            assert asyncio.iscoroutine(waiting)
            waiting.close()
            with pytest.raises(RuntimeError):
                await waiting

    run(main())


def test_only_one_task_receives(run: Run) -> None:
    async def main() -> None:
        async with pair() as ws:
            task = asyncio.create_task(ws.recv())
            await asyncio.sleep(0)
            with pytest.raises(ConcurrencyError):
                await ws.recv()
            await ws.send("x")
            assert await task == "x"

    run(main())


def test_bytes_that_arrive_while_another_task_runs(run: Run) -> None:
    """The task that waits cannot be run inside another: it gets its turn later."""

    async def main() -> None:
        async with pair() as ws:
            task = asyncio.create_task(ws.recv())
            await asyncio.sleep(0)
            ws.data_received(b"\x81\x02hi")
            assert not task.done()
            assert await task == "hi"
            # And a task that is cancelled in between loses nothing.
            task = asyncio.create_task(ws.recv())
            await asyncio.sleep(0)
            ws.data_received(b"\x81\x02ho")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await ws.recv() == "ho"
            # Nor does one that was cancelled before, and it stays cancelled.
            task = asyncio.create_task(ws.recv())
            await asyncio.sleep(0)
            task.cancel()
            ws.data_received(b"\x81\x02hu")
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await ws.recv() == "hu"

    run(main())


def test_an_answer_is_written_with_the_others_of_its_burst(run: Run) -> None:
    writes = 0

    async def handler(ws: polywire.ServerConnection) -> None:
        nonlocal writes
        async for message in ws:
            await ws.send(message)
            writes += 1
            if message == "99":
                await ws.close()

    async def main() -> None:
        async with pair(handler, client={"max_queue": 200}) as ws:
            for number in range(100):
                await ws.send(str(number))
            assert [message async for message in ws] == [str(number) for number in range(100)]
        assert writes == 100

    run(main())


def test_a_full_inbox_stops_the_reading(run: Run) -> None:
    sent = 0

    async def flood(ws: polywire.ServerConnection) -> None:
        nonlocal sent
        while sent < 4000:
            await ws.send(b"x" * 10_000)
            sent += 1

    async def main() -> None:
        async with pair(flood, client={"max_queue": 4, "compression": None}) as ws:
            before = -1
            while before != sent:
                before = sent
                await asyncio.sleep(0.1)
            assert sent < 4000, "the sender must be stopped"
            received = 0
            async for message in ws:
                assert len(message) == 10_000
                received += 1
            assert received == 4000

    run(main())


def test_messages_behind_many_others_are_held_back(run: Run) -> None:
    """What a chunk holds beyond the limit is not even decoded."""

    async def main() -> None:
        async with pair(client={"max_queue": (2, 0)}) as ws:
            ws.data_received(b"\x81\x01a" * 10 + b"\x88\x02\x03\xe8")
            assert ws.state is State.OPEN
            assert [message async for message in ws] == ["a"] * 10
            assert ws.close_code == 1000

    run(main())


def test_closing_finds_the_close_behind_what_nobody_receives(run: Run) -> None:
    async def flood(ws: polywire.ServerConnection) -> None:
        try:
            while True:
                await ws.send(b"x" * 1000)
        except polywire.ConnectionClosed:
            pass

    async def main() -> None:
        client = {"max_queue": 1, "compression": None}
        async with pair(flood, client=client) as ws:
            await asyncio.sleep(0.05)
            start = asyncio.get_running_loop().time()
            await ws.close()
            assert asyncio.get_running_loop().time() - start < 5
            assert ws.close_code == 1000

    run(main())


def test_a_peer_that_does_not_read_stops_the_sending(run: Run) -> None:
    stopped = asyncio.Event()

    async def handler(ws: polywire.ServerConnection) -> None:
        await stopped.wait()
        async for _ in ws:
            pass

    async def main() -> None:
        client = {"compression": None, "ping_interval": None}
        async with pair(handler, server={"max_queue": 1}, client=client) as ws:
            sending = [asyncio.create_task(ws.send(b"x" * 400_000)) for _ in range(60)]
            done, waiting = await asyncio.wait(sending, timeout=0.3)
            assert waiting, "the senders must wait"
            assert ws.transport.get_write_buffer_size() < 4_000_000
            stopped.set()
            await asyncio.gather(*sending)
            # And a sender that waits hears of the end.
            stopped.clear()

    run(main())


def test_senders_that_wait_hear_of_the_end(run: Run) -> None:
    async def handler(ws: polywire.ServerConnection) -> None:
        ws.transport.pause_reading()
        await ws.wait_closed()

    async def main() -> None:
        client = {"compression": None, "close_timeout": 0.1}
        server = {"close_timeout": 0.1}
        async with pair(handler, server=server, client=client) as ws:
            sending = [asyncio.create_task(ws.send(b"x" * 900_000)) for _ in range(20)]
            await asyncio.sleep(0.1)
            ws.transport.abort()
            results = await asyncio.gather(*sending, return_exceptions=True)
            assert any(isinstance(result, ConnectionClosedError) for result in results)
            assert all(
                result is None or isinstance(result, ConnectionClosedError) for result in results
            )

    run(main())


def test_a_peer_that_never_closes_is_left(run: Run) -> None:
    async def main() -> None:
        ended = asyncio.Event()

        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await ended.wait()
            writer.close()

        server = await asyncio.start_server(mute, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(TimeoutError, match="opening handshake"):
            await polywire.connect(f"ws://127.0.0.1:{port}", open_timeout=0.1)
        ended.set()
        server.close()
        async with polywire.serve(echo, "127.0.0.1", 0) as listening:
            ws = await polywire.connect(url(listening), close_timeout=0.1)
            (theirs,) = listening.connections
            theirs.transport.pause_reading()
            with pytest.raises(ConnectionClosedError) as caught:
                await ws.close()
                await ws.recv()
            assert isinstance(caught.value.__cause__, TimeoutError)
            assert ws.close_code == 1006
            theirs.transport.abort()

    run(main())


def test_a_dead_peer_is_noticed(run: Run) -> None:
    async def main() -> None:
        client = {"ping_interval": 0.05, "ping_timeout": 0.05, "close_timeout": 0.1}
        async with pair(client=client) as ws:
            await asyncio.sleep(0.2)
            assert ws.state is State.OPEN and ws.latency > 0
            (theirs,) = SERVERS[-1].connections
            theirs.transport.pause_reading()
            with pytest.raises(ConnectionClosedError) as caught:
                await ws.recv()
            assert isinstance(caught.value.__cause__, TimeoutError)
            assert caught.value.sent.code == 1011
            theirs.transport.abort()

    SERVERS: list[polywire.Server] = []

    async def observed() -> None:
        create = polywire.Server.__init__

        def init(self: polywire.Server, *args: Any) -> None:
            SERVERS.append(self)
            create(self, *args)

        polywire.Server.__init__ = init  # type: ignore[method-assign]
        try:
            await main()
        finally:
            polywire.Server.__init__ = create  # type: ignore[method-assign]

    run(observed())


def test_a_paused_reader_does_not_lose_the_connection(run: Run) -> None:
    async def handler(ws: polywire.ServerConnection) -> None:
        for number in range(20):
            await ws.send(str(number))
        await ws.wait_closed()

    async def main() -> None:
        client = {"ping_interval": 0.05, "ping_timeout": 0.05, "max_queue": 2}
        async with pair(handler, client=client) as ws:
            await asyncio.sleep(0.4)
            assert ws.state is State.OPEN
            assert [await ws.recv() for _ in range(20)] == [str(number) for number in range(20)]

    run(main())


def test_compression_is_agreed_on_and_used(run: Run) -> None:
    async def main() -> None:
        async with pair() as ws:
            assert "permessage-deflate" in ws.response.headers["Sec-WebSocket-Extensions"]
            for _ in range(3):
                await ws.send("word " * 5000)
                assert await ws.recv() == "word " * 5000
        async with pair(client={"compression": None}) as ws:
            assert "Sec-WebSocket-Extensions" not in ws.response.headers
            await ws.send("plain")
            assert await ws.recv() == "plain"
        with pytest.raises(ValueError):
            polywire.connect("ws://localhost/", compression="brotli")

    run(main())


def test_a_connection_is_freed_when_it_is_over(run: Run) -> None:
    async def main() -> None:
        async with pair() as ws:
            kept = weakref.ref(ws)
            await ws.send("x")
            await ws.recv()
        del ws
        await asyncio.sleep(0)
        gc.collect()
        assert kept() is None

    run(main())


def test_what_a_connection_tells_about_itself(run: Run) -> None:
    async def main() -> None:
        async with polywire.serve(echo, "127.0.0.1", 0) as server:
            async with polywire.connect(url(server, "/a?b")) as ws:
                assert ws.remote_address[1] == server.sockets[0].getsockname()[1]
                assert ws.local_address[0] == "127.0.0.1"
                assert ws.request.path == "/a?b"
                assert ws.response.status_code == 101
                assert ws.id == ws.id
                assert isinstance(ws, polywire.Connection)
                assert isinstance(ws, asyncio.BufferedProtocol)
                ws.attribute = "of the application"
                (theirs,) = server.connections
                assert theirs.request.path == "/a?b"
                assert {theirs: 1}[theirs] == 1

    run(main())
