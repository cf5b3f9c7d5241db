"""A connection on asyncio, as client and server have it in common.

Owns what is not hot: closing, pings, messages in fragments, waiting for room, the exceptions of the
end. Receiving and sending whole messages is the extension module's, and so is every decision about the
protocol.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterable, Awaitable, Coroutine, Iterable, Mapping
from types import TracebackType
from typing import Any, NoReturn, cast

from .. import _polywire
from ..exceptions import (
    ConcurrencyError,
    ConnectionClosed,
    ConnectionClosedError,
    ConnectionClosedOK,
    InvalidState,
    SendQueueFull,
)
from ..frames import Close, CloseCode
from ..http11 import Request, Response
from ..protocol import CLOSED, CLOSING, CONNECTING, OPEN, State
from ..typing import DataLike, LoggerLike, Subprotocol
from ._options import Flow

__all__ = ["Connection"]

_FINE = {1000, 1001, 1005}

# So that what `recv()` and `send()` return can be given to `asyncio.create_task` and `asyncio.run`.
Coroutine.register(_polywire.Awaitable)


class Connection(_polywire.Protocol, asyncio.BufferedProtocol):
    """A WebSocket connection: ``recv``, ``send``, ``ping``, ``close``, and ``async for`` over messages."""

    request: Request | None = None
    """The request of the opening handshake."""
    response: Response | None = None
    """The response of the opening handshake."""
    latency: float = 0.0
    """The last round trip of a ping in seconds, or 0 before the first."""
    subprotocol: Subprotocol | None = None
    """What was agreed on."""
    transport: asyncio.Transport

    # Few connections need these, so they are made when they are needed.
    _pings: dict[bytes, asyncio.Future[float]] | None = None
    _room: list[asyncio.Future[None]] | None = None
    _fragments: asyncio.Future[None] | None = None
    _gone: asyncio.Future[None] | None = None
    _id: uuid.UUID | None = None
    _cause: BaseException | None = None
    _last_call: asyncio.TimerHandle | None = None
    _is_lost = False

    def __init__(self, flow: Flow, logger: LoggerLike) -> None:
        self.loop = asyncio.get_running_loop()
        self.logger = logger
        self._flow = flow

    @property
    def id(self) -> uuid.UUID:
        """An identifier for logs."""
        if self._id is None:
            self._id = uuid.uuid4()
        return self._id

    @property
    def local_address(self) -> Any:
        """The address of this end, as ``socket.getsockname`` tells it."""
        return self.transport.get_extra_info("sockname")

    @property
    def remote_address(self) -> Any:
        """The address of the other end, as ``socket.getpeername`` tells it."""
        return self.transport.get_extra_info("peername")

    @property
    def state(self) -> State:
        """Where the connection is between opening and end."""
        if self._is_open:
            return OPEN
        if self._is_lost or self._ending is not None:
            return CLOSED
        return CONNECTING if self.response is None else CLOSING

    @property
    def close_code(self) -> int | None:
        """The code of the connection once it is closed: the peer's, or 1005, or 1006."""
        if self.state is not CLOSED:
            return None
        return 1006 if self._ending is None else self._ending[1]

    @property
    def close_reason(self) -> str | None:
        """The peer's reason once the connection is closed, often empty."""
        if self.state is not CLOSED:
            return None
        received = self._close_frames[0]
        return "" if received is None else received[1]

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close(1000 if exc_type is None else CloseCode.INTERNAL_ERROR)

    async def close(self, code: CloseCode | int = 1000, reason: str = "") -> None:
        """Closes the connection and waits for its end. Does nothing but wait when it is closing."""
        try:
            self._close(int(code), reason)
        except InvalidState:
            pass
        await self.wait_closed()

    async def wait_closed(self) -> None:
        """Waits until the connection is closed and its socket gone."""
        if not self._is_lost:
            if self._gone is None:
                self._gone = self.loop.create_future()
            await asyncio.shield(self._gone)

    async def ping(self, data: DataLike | None = None) -> Awaitable[float]:
        """Sends a ping, and returns what can be awaited for its pong: the round trip in seconds."""
        if self._pings is None:
            self._pings = {}
        if data is None:
            payload = os.urandom(4)
            while payload in self._pings:
                payload = os.urandom(4)
        else:
            payload = data.encode() if isinstance(data, str) else bytes(data)
        if payload in self._pings:
            raise ConcurrencyError("already waiting for a pong with the same data")
        await self._command(self._ping, payload)
        return self._pings.setdefault(payload, self.loop.create_future())

    async def pong(self, data: DataLike = b"") -> None:
        """Sends a pong that answers no ping. Pings are answered without it."""
        await self._command(self._pong, data.encode() if isinstance(data, str) else bytes(data))

    async def _command(self, command: Any, payload: bytes) -> None:
        await self._make_room()
        try:
            command(payload)
        except InvalidState:
            await self._raise_end()

    # Sending, where something is in the way.

    async def _send_slowly(self, message: Any, text: bool | None) -> None:
        """Sends whatever is not sent at once: fragments, and messages for which there is no room."""
        while self._fragments is not None:
            await asyncio.shield(self._fragments)
        if isinstance(message, DataLike):
            await self._send_data(message, _is_text(message, text), None)
        elif isinstance(message, Mapping):
            raise TypeError("data is a dict-like object")
        elif isinstance(message, (Iterable, AsyncIterable)):
            await self._send_fragments(message, text)
        else:
            raise TypeError("data must be str, bytes, iterable, or async iterable")

    async def _send_fragments(
        self, message: Iterable[DataLike] | AsyncIterable[DataLike], text: bool | None
    ) -> None:
        parts = message if isinstance(message, AsyncIterable) else _iterated(message)
        self._fragments = self.loop.create_future()
        kind: bool | None = None
        try:
            async for part in parts:
                if not isinstance(part, DataLike):
                    raise TypeError("iterable must contain bytes or str")
                if kind is None:
                    kind = isinstance(part, str)
                elif kind != isinstance(part, str):
                    raise TypeError("iterable must contain uniform types")
                await self._send_data(part, _is_text(part, text), False)
            if kind is not None:
                await self._send_data(b"", kind if text is None else text, True)
        except ConnectionClosed:
            raise
        except BaseException:
            # Nothing else can be sent behind half a message.
            if kind is not None and self._is_open:
                self._close(CloseCode.INTERNAL_ERROR, "error in fragmented message")
            raise
        finally:
            self._fragments.set_result(None)
            self._fragments = None

    async def _send_data(self, data: DataLike, is_text: bool, last: bool | None) -> None:
        payload = data.encode() if isinstance(data, str) else bytes(data)
        while True:
            await self._make_room()
            try:
                self._send_now(payload, is_text, last)
            except InvalidState:
                await self._raise_end()
            except SendQueueFull:
                # Others were woken first; the turn of the loop comes back here.
                await asyncio.sleep(0)
            else:
                break
        await self._drain()

    async def _make_room(self) -> None:
        """Waits while the transport holds more than its limit."""
        while self._is_paused and self._is_open:
            await self._wait_for_room()

    async def _drain(self) -> None:
        """Waits until what was sent is within the limit of the transport."""
        await self._make_room()
        if self._is_paused and not self._is_open:
            await self._raise_end()

    async def _wait_for_room(self) -> None:
        if self._room is None:
            self._room = []
        waiter = self.loop.create_future()
        self._room.append(waiter)
        try:
            await waiter
        finally:
            self._room.remove(waiter)

    # What the extension module asks for.

    def _on_drain(self) -> None:
        if self._room and not self._is_paused:
            self._wake_senders()

    def _on_pong(self, payload: bytes, rtt: float) -> None:
        self.latency = rtt
        if self._pings is None or payload not in self._pings:
            return
        # A peer may answer only the latest of several pings.
        for earlier in list(self._pings):
            waiter = self._pings.pop(earlier)
            if not waiter.done():
                waiter.set_result(rtt)
            if earlier == payload:
                break

    def _on_end(self) -> None:
        self._wake_senders()
        pings, self._pings = self._pings, None
        for waiter in (pings or {}).values():
            if not waiter.done():
                waiter.set_exception(self._end_error(False))
            # Nobody needs to hear of a ping that nobody awaits.
            waiter.exception()

    def _wake_senders(self) -> None:
        for waiter in self._room or ():
            if not waiter.done():
                waiter.set_result(None)

    def _shutdown_write(self) -> None:
        if self.transport.can_write_eof():
            try:
                self.transport.write_eof()
            except (OSError, RuntimeError):
                self.transport.abort()
        else:
            self._close_transport()

    def _close_transport(self) -> None:
        if self._ending is not None and self._ending[0] in ("aborted", "close_timeout"):
            self.transport.abort()
            return
        self.transport.close()
        self._abort_later()

    def _abort_later(self) -> None:
        """Closing waits until the transport is empty, which is the peer's to decide."""
        timeout = self._flow.close_timeout
        if timeout is not None and self._last_call is None and not self._is_lost:
            self._last_call = self.loop.call_later(timeout, self.transport.abort)

    def _busy_error(self) -> ConcurrencyError:
        return ConcurrencyError("cannot call recv while another coroutine is already running recv")

    def _decode_error(self, error: UnicodeDecodeError) -> BaseException:
        self._cause = error
        if self._is_open:
            self._close(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
        return self._end_error(False)

    def _end_error(self, iterating: bool) -> BaseException:
        """The exception that says how the connection ended."""
        received, sent, received_first = self._close_frames
        rcvd = None if received is None else Close(received[0] or 1005, received[1])
        own = None if sent is None else Close(sent[0] or 1005, sent[1])
        order = received_first if rcvd is not None and own is not None else None
        if rcvd is not None and own is not None and {rcvd.code, own.code} <= _FINE:
            if iterating:
                return StopAsyncIteration()
            return ConnectionClosedOK(rcvd, own, order)
        error = ConnectionClosedError(rcvd, own, order)
        ending = self._ending
        violation = None if ending is None else ending[2]
        error.__cause__ = self._cause if violation is None else violation
        if ending is not None and ending[0] == "pong_timeout":
            error.__cause__ = TimeoutError("no sign of life after a keepalive ping")
        elif ending is not None and ending[0] == "close_timeout":
            error.__cause__ = TimeoutError("timed out while closing connection")
        return error

    async def _raise_end(self) -> NoReturn:
        await self.wait_closed()
        raise self._end_error(False)

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(*self._flow.write_limit)
        self._attach(self.transport, self.loop, *self._flow.max_queue)

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        if self._cause is None:
            self._cause = exc
        if self._last_call is not None:
            self._last_call.cancel()
        self._lost()
        self._wake_senders()
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)

    def eof_received(self) -> bool | None:
        self._eof()
        return None


def _is_text(data: DataLike, text: bool | None) -> bool:
    return isinstance(data, str) if text is None else text


async def _iterated(parts: Iterable[DataLike]) -> AsyncIterable[DataLike]:
    for part in parts:
        yield part
