"""Servers: ``serve``.

Owns listening sockets, the tasks of handlers, and what an application decides about a handshake. What
makes a handshake valid is the core's.
"""

from __future__ import annotations

import asyncio
import http
import inspect
import logging
import re
import socket
from collections.abc import Awaitable, Callable, Generator, Sequence
from email.utils import formatdate
from types import TracebackType
from typing import Any, NamedTuple

from .. import _polywire
from ..datastructures import Headers
from ..exceptions import InvalidState, NegotiationError
from ..frames import CloseCode
from ..http11 import Request, Response
from ..typing import LoggerLike, Origin, StatusLike, Subprotocol
from ..version import PRODUCT
from . import _options
from .connection import Connection

__all__ = ["Server", "ServerConnection", "serve", "unix_serve"]

Handler = Callable[["ServerConnection"], Awaitable[None]]
SelectSubprotocol = Callable[["ServerConnection", Sequence[Subprotocol]], Subprotocol | str | None]
ProcessRequest = Callable[
    ["ServerConnection", Request], Awaitable[Response | None] | Response | None
]
ProcessResponse = Callable[
    ["ServerConnection", Request, Response], Awaitable[Response | None] | Response | None
]
Origins = Sequence[Origin | str | re.Pattern[str] | None]

_FAILED = "Failed to open a WebSocket connection.\n"
# What the core says about itself in every refusal.
_OF_REFUSALS = ("connection", "content-length", "transfer-encoding")


class Policy(NamedTuple):
    """What an application decides about handshakes."""

    origins: Origins | None
    subprotocols: list[str]
    select_subprotocol: SelectSubprotocol | None
    process_request: ProcessRequest | None
    process_response: ProcessResponse | None
    server_header: str | None
    open_timeout: float | None


class ServerConnection(Connection):
    """The server's end of a connection."""

    def __init__(
        self,
        server: Server,
        policy: Policy,
        settings: _polywire.Settings,
        flow: _options.Flow,
        logger: LoggerLike,
    ) -> None:
        super().__init__(flow, logger)
        self.server = server
        self._policy = policy
        self._settings = settings
        self._handshake: _polywire.ServerHandshake | None = None
        self._patience: asyncio.TimerHandle | None = None

    def respond(self, status: StatusLike, text: str) -> Response:
        """A plain response, for ``process_request`` and ``process_response`` to return."""
        status = http.HTTPStatus(status)
        body = text.encode()
        headers = Headers(
            [
                ("Date", formatdate(usegmt=True)),
                ("Connection", "close"),
                ("Content-Length", str(len(body))),
                ("Content-Type", "text/plain; charset=utf-8"),
            ]
        )
        return Response(status.value, status.phrase, headers, body)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.server._transports.add(self)
        self._handshake = _polywire.ServerHandshake(
            self._settings,
            origins=_listed(self._policy.origins),
            subprotocols=self._policy.subprotocols,
        )
        if self._policy.open_timeout is not None:
            timeout = self._policy.open_timeout
            self._patience = self.loop.call_later(timeout, self._on_impatience)

    def connection_lost(self, exc: Exception | None) -> None:
        self._handshake = None
        self._calm()
        super().connection_lost(exc)
        self.server._transports.discard(self)

    def eof_received(self) -> bool | None:
        if self._handshake is not None:
            self._proceed(self._handshake.receive_eof())
            return None
        return super().eof_received()

    def _on_handshake(self, data: bytes) -> None:
        if self._handshake is not None:
            self._proceed(self._handshake.receive(data))

    def _on_impatience(self) -> None:
        """The time for the handshake is over."""
        self._patience = None
        if self._handshake is not None and self.request is None:
            self._proceed(self._handshake.handle_timeout(self._handshake.deadline))
        if self._handshake is not None:
            # The application took it.
            self.transport.abort()

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _proceed(self, decision: _polywire.Upgrade | _polywire.Refusal | None) -> None:
        """Hands the request to the application, unless there is none that concerns it."""
        if decision is None:
            return
        request = decision.request
        if isinstance(decision, _polywire.Refusal) and (
            request is None or self._policy.process_request is None
        ):
            self._refuse(decision.response)
            return
        self.request = request
        self.server._start(self, decision)

    async def _negotiate(self, decision: _polywire.Upgrade | _polywire.Refusal) -> bool:
        """Answers the request; returns whether there is a connection."""
        assert self.request is not None
        try:
            refusal = await self._asked(decision)
        except NegotiationError as exc:
            refusal = self.respond(400, f"{_FAILED.rstrip()[:-1]}: {exc}.\n")
        except Exception:
            self.logger.error("opening handshake failed", exc_info=True)
            refusal = self.respond(500, f"{_FAILED}See server log for more information.\n")
        if self._handshake is None or self._is_lost:
            return False
        if refusal is not None:
            self._refuse_with(refusal)
            return False
        if isinstance(decision, _polywire.Refusal):
            self._refuse(decision.response)
            return False
        return self._accept(decision)

    async def _asked(self, decision: _polywire.Upgrade | _polywire.Refusal) -> Response | None:
        """What the application answers instead of accepting."""
        request, policy = self.request, self._policy
        assert request is not None
        if policy.process_request is not None:
            answer = await _result(policy.process_request(self, request))
            if answer is not None:
                return await self._processed(answer)
        if isinstance(decision, _polywire.Refusal):
            return None
        if not self._admits(decision.origin):
            text = f"{_FAILED.rstrip()[:-1]}: invalid Origin header: {decision.origin}.\n"
            return await self._processed(self.respond(403, text))
        self._select(decision)
        if not self.server.is_serving():
            return await self._processed(self.respond(503, "Server is shutting down.\n"))
        return await self._prepare(decision)

    async def _prepare(self, upgrade: _polywire.Upgrade) -> Response | None:
        """Lets the application look at the response that accepts, and add to it."""
        response = upgrade.accept()[0].response()
        before = set(response.headers.raw_items())
        if self._policy.server_header is not None:
            response.headers["Server"] = self._policy.server_header
        if self._policy.process_response is not None:
            assert self.request is not None
            answer = await _result(self._policy.process_response(self, self.request, response))
            if answer is not None and answer.status_code != 101:
                return answer
            response = answer or response
        for name, value in response.headers.raw_items():
            if (name, value) not in before:
                upgrade.add_header(name, value)
        self.response = response
        return None

    async def _processed(self, response: Response) -> Response:
        """A refusal after the application has looked at it."""
        if self._policy.server_header is not None:
            response.headers["Server"] = self._policy.server_header
        if self._policy.process_response is not None:
            assert self.request is not None
            answer = await _result(self._policy.process_response(self, self.request, response))
            response = answer or response
        return response

    def _admits(self, origin: str | None) -> bool:
        """What the core's own list does not know: patterns, and that an origin is required."""
        origins = self._policy.origins
        if origins is None:
            return True
        if origin is None:
            return None in origins
        if not _has_patterns(origins):
            return True
        return any(
            allowed.fullmatch(origin) if isinstance(allowed, re.Pattern) else allowed == origin
            for allowed in origins
        )

    def _select(self, upgrade: _polywire.Upgrade) -> None:
        if self._policy.select_subprotocol is not None:
            offered = [Subprotocol(name) for name in upgrade.subprotocols]
            upgrade.choose(self._policy.select_subprotocol(self, offered))
        elif self._policy.subprotocols and upgrade.subprotocol is None:
            expected = ", ".join(self._policy.subprotocols)
            raise NegotiationError(f"invalid subprotocol; expected one of {expected}")

    def _accept(self, upgrade: _polywire.Upgrade) -> bool:
        assert self._handshake is not None
        answer = self._handshake.accept(upgrade)
        if isinstance(answer, _polywire.Refusal):
            self._refuse(answer.response)
            return False
        head, established = answer
        self._handshake = None
        self._calm()
        if established.agreement.subprotocol is not None:
            self.subprotocol = Subprotocol(established.agreement.subprotocol)
        self.transport.write(head.to_bytes())
        self._open(False, self._settings, established.agreement, established.leftover)
        return True

    def _refuse_with(self, response: Response) -> None:
        fields = response.headers.raw_items()
        headers = [field for field in fields if field[0].lower() not in _OF_REFUSALS]
        body = bytes(response.body)
        try:
            head = _polywire.ResponseHead.refusal(response.status_code, headers, body)
        except Exception:
            self.logger.error("the response cannot be sent", exc_info=True)
            head = _polywire.ResponseHead.refusal(500, [], _FAILED.encode())
        self.response = response
        self._refuse(head)

    def _refuse(self, head: _polywire.ResponseHead) -> None:
        """Sends a response and closes. What the client sends behind its request is not read."""
        self._handshake = None
        self._calm()
        self.logger.info("connection rejected (%d)", head.status)
        self.transport.write(head.to_bytes())
        self._shutdown_write()
        self._abort_later()


class Server:
    """What ``serve`` returns: to be awaited or entered, and like ``asyncio.Server`` otherwise."""

    def __init__(
        self,
        create_server: Callable[[Server], Awaitable[asyncio.Server]],
        handler: Handler,
        logger: LoggerLike | None = None,
    ) -> None:
        self._create_server = create_server
        self._handler = handler
        self.logger = logger or logging.getLogger("polywire.server")
        self._transports: set[ServerConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Task[None] | None = None
        self._closed = asyncio.get_running_loop().create_future()
        self.server: asyncio.Server

    @property
    def connections(self) -> set[ServerConnection]:
        """The open connections: behind the opening handshake, before the closing one."""
        return {connection for connection in self._transports if connection._is_open}

    def close(
        self,
        close_connections: bool = True,
        code: CloseCode | int = CloseCode.GOING_AWAY,
        reason: str = "",
    ) -> None:
        """Stops to listen, closes the connections, and waits for their handlers in a task."""
        if self._closing is None:
            closing = self._close(close_connections, code, reason)
            self._closing = self.get_loop().create_task(closing)

    async def _close(self, close_connections: bool, code: CloseCode | int, reason: str) -> None:
        self.logger.info("server closing")
        self.server.close()
        if close_connections:
            for connection in self._transports.copy():
                try:
                    connection._close(int(code), reason)
                except InvalidState:
                    # Closing already, or in its handshake, which answers 503 once there is a request.
                    if connection.request is None:
                        connection.transport.abort()
        while gone := [connection.wait_closed() for connection in self._transports]:
            await asyncio.gather(*gone)
        await self.server.wait_closed()
        while self._tasks:
            await asyncio.wait(self._tasks)
        self._closed.set_result(None)
        self.logger.info("server closed")

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """The loop on which the server runs."""
        return self.server.get_loop()

    def is_serving(self) -> bool:
        """Whether connections are accepted."""
        return self.server.is_serving()

    async def start_serving(self) -> None:
        """Begins to accept connections, after ``serve(..., start_serving=False)``."""
        await self.server.start_serving()

    async def serve_forever(self) -> None:
        """Accepts connections until it is cancelled or the server closed."""
        try:
            if not self.is_serving():
                await self.start_serving()
            await self.wait_closed()
        except asyncio.CancelledError:
            self.close()
            await self.wait_closed()
            raise

    async def wait_closed(self) -> None:
        """Waits until all connections are closed and all handlers have returned."""
        await asyncio.shield(self._closed)

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """The sockets on which the server listens."""
        return self.server.sockets

    async def _await(self) -> Server:
        if not hasattr(self, "server"):
            self.server = await self._create_server(self)
            for listening in self.server.sockets:
                self.logger.info("server listening on %s", listening.getsockname())
        return self

    def __await__(self) -> Generator[Any, None, Server]:
        return self._await().__await__()

    async def __aenter__(self) -> Server:
        return await self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        await self.wait_closed()

    def _start(
        self, connection: ServerConnection, decision: _polywire.Upgrade | _polywire.Refusal
    ) -> None:
        task = connection.loop.create_task(self._run(connection, decision))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(
        self, connection: ServerConnection, decision: _polywire.Upgrade | _polywire.Refusal
    ) -> None:
        """A connection from its request to its end."""
        if not await connection._negotiate(decision):
            return
        del decision
        code: int = CloseCode.INTERNAL_ERROR
        try:
            await self._handler(connection)
            code = CloseCode.NORMAL_CLOSURE
        except Exception:
            connection.logger.error("connection handler failed", exc_info=True)
        finally:
            await connection.close(code)


def serve(
    handler: Handler,
    host: str | Sequence[str] | None = None,
    port: int | None = None,
    *,
    origins: Origins | None = None,
    subprotocols: Sequence[Subprotocol | str] | None = None,
    select_subprotocol: SelectSubprotocol | None = None,
    compression: str | None = "deflate",
    process_request: ProcessRequest | None = None,
    process_response: ProcessResponse | None = None,
    server_header: str | None = PRODUCT,
    open_timeout: float | None = 10,
    ping_interval: float | None = 20,
    ping_timeout: float | None = 20,
    close_timeout: float | None = 10,
    max_size: _options.MaxSize = 2**20,
    max_queue: _options.MaxQueue = 16,
    write_limit: _options.WriteLimit = 2**15,
    logger: LoggerLike | None = None,
    **kwargs: Any,
) -> Server:
    """Creates a WebSocket server that listens on ``host`` and ``port``.

    ``handler`` runs for each connection; when it returns, the connection is closed. To be awaited, or
    entered with ``async with``. Options that are not named here go to ``loop.create_server``: ``ssl``,
    ``sock``, ``reuse_port``, ``start_serving`` and others.
    """
    if isinstance(subprotocols, str):
        raise TypeError("subprotocols must be a list, not a str")
    policy = Policy(
        origins,
        list(subprotocols or ()),
        select_subprotocol,
        process_request,
        process_response,
        server_header,
        open_timeout,
    )
    settings = _options.settings(
        compression, max_size, open_timeout, ping_interval, ping_timeout, close_timeout
    )
    flow = _options.flow(max_queue, write_limit, close_timeout)
    if kwargs.get("ssl") is not None:
        kwargs.setdefault("ssl_handshake_timeout", open_timeout)
        kwargs.setdefault("ssl_shutdown_timeout", close_timeout)

    async def create_server(server: Server) -> asyncio.Server:
        loop = asyncio.get_running_loop()

        def create() -> ServerConnection:
            return ServerConnection(server, policy, settings, flow, server.logger)

        if kwargs.pop("unix", False):
            return await loop.create_unix_server(create, **kwargs)
        return await loop.create_server(create, host, port, **kwargs)

    return Server(create_server, handler, logger)


def unix_serve(handler: Handler, path: str | None = None, **kwargs: Any) -> Server:
    """Creates a WebSocket server that listens on a Unix socket."""
    return serve(handler, unix=True, path=path, **kwargs)


def _has_patterns(origins: Origins) -> bool:
    return any(isinstance(origin, re.Pattern) for origin in origins)


def _listed(origins: Origins | None) -> str | list[str]:
    """The origins as far as the core can compare them."""
    if origins is None or _has_patterns(origins):
        return "any"
    return [origin for origin in origins if isinstance(origin, str)]


async def _result(answer: Awaitable[Response | None] | Response | None) -> Response | None:
    return await answer if inspect.isawaitable(answer) else answer
