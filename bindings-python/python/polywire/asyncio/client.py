"""Clients: ``connect``.

Owns sockets, redirects and reconnection. What makes a handshake valid is the core's.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import traceback as traceback_module
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from types import TracebackType
from typing import Any

from .. import _polywire
from ..datastructures import Headers, HeadersLike
from ..exceptions import InvalidMessage, InvalidStatus, InvalidURI, SecurityError
from ..typing import LoggerLike, Origin, Subprotocol
from ..version import PRODUCT
from . import _options
from .connection import Connection

__all__ = ["ClientConnection", "connect", "unix_connect"]

_REDIRECTS = (300, 301, 302, 303, 307, 308)
_MAX_REDIRECTS = 10
# What a server must not learn because another one redirected to it.
_SECRETS = ("authorization", "cookie", "proxy-authorization")


def process_exception(exc: Exception) -> Exception | None:
    """Whether to try again after ``exc`` (None) or to raise it: network errors, and answers by which a
    server says that it cannot at the moment, pass."""
    if isinstance(exc, (OSError, TimeoutError)):
        return None
    if isinstance(exc, InvalidMessage) and isinstance(exc.__cause__, EOFError):
        return None
    if isinstance(exc, InvalidStatus) and exc.response.status_code in (500, 502, 503, 504):
        return None
    return exc


def _environment(name: str, default: float) -> float:
    return float(os.environ.get(f"WEBSOCKETS_BACKOFF_{name}", default))


def backoff(
    initial_delay: float = _environment("INITIAL_DELAY", 5),
    min_delay: float = _environment("MIN_DELAY", 3.1),
    max_delay: float = _environment("MAX_DELAY", 90.0),
    factor: float = _environment("FACTOR", 1.618),
) -> Generator[float, None, None]:
    """Seconds to wait before each further attempt, growing up to a limit; the first is random."""
    yield random.random() * initial_delay
    delay = min_delay
    while delay < max_delay:
        yield delay
        delay *= factor
    while True:
        yield max_delay


class ClientConnection(Connection):
    """The client's end of a connection."""

    def __init__(
        self,
        handshake: _polywire.ClientHandshake,
        settings: _polywire.Settings,
        flow: _options.Flow,
        logger: LoggerLike,
    ) -> None:
        super().__init__(flow, logger)
        self.request = handshake.request
        self._settings = settings
        self._handshake: _polywire.ClientHandshake | None = handshake
        self._opened: asyncio.Future[None] = self.loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._handshake is not None:
            self.transport.write(self._handshake.request_bytes)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._handshake is not None:
            self._proceed(self._handshake.receive_eof)
        super().connection_lost(exc)

    def eof_received(self) -> bool | None:
        if self._handshake is not None:
            self._proceed(self._handshake.receive_eof)
            return None
        return super().eof_received()

    def _on_handshake(self, data: bytes) -> None:
        if self._handshake is not None:
            self._proceed(self._handshake.receive, data)

    def _proceed(self, step: Callable[..., _polywire.Established | None], *data: bytes) -> None:
        try:
            established = step(*data)
        except Exception as exc:
            self._handshake = None
            if not self._opened.done():
                self._opened.set_exception(exc)
            return
        if established is None:
            return
        self._handshake = None
        self.response = established.head
        subprotocol = established.agreement.subprotocol
        self.subprotocol = None if subprotocol is None else Subprotocol(subprotocol)
        # First: whoever waits gets a turn before what came with the response ends the connection.
        if not self._opened.done():
            self._opened.set_result(None)
        self._open(True, self._settings, established.agreement, established.leftover)


class connect:
    """Connects to the WebSocket server at ``uri``.

    To be awaited, or entered with ``async with``; ``async for`` connects again whenever the connection
    ends. Options that are not named here go to ``loop.create_connection``: ``ssl``, ``sock``, ``host``,
    ``port``, ``server_hostname`` and others.
    """

    def __init__(
        self,
        uri: str,
        *,
        origin: Origin | str | None = None,
        subprotocols: Sequence[Subprotocol | str] | None = None,
        compression: str | None = "deflate",
        additional_headers: HeadersLike | None = None,
        user_agent_header: str | None = PRODUCT,
        process_exception: Callable[[Exception], Exception | None] = process_exception,
        open_timeout: float | None = 10,
        ping_interval: float | None = 20,
        ping_timeout: float | None = 20,
        close_timeout: float | None = 10,
        reconnect_delays: Callable[[], Generator[float, None, None]] = backoff,
        max_size: _options.MaxSize = 2**20,
        max_queue: _options.MaxQueue = 16,
        write_limit: _options.WriteLimit = 2**15,
        logger: LoggerLike | None = None,
        **kwargs: Any,
    ) -> None:
        self.uri = uri
        self.url = _parsed(uri)
        if not self.url.secure and kwargs.get("ssl") is not None:
            raise ValueError("ssl argument is incompatible with a ws:// URI")
        if isinstance(subprotocols, str):
            raise TypeError("subprotocols must be a list, not a str")
        self.settings = _options.settings(
            compression, max_size, open_timeout, ping_interval, ping_timeout, close_timeout
        )
        self.flow = _options.flow(max_queue, write_limit, close_timeout)
        self.subprotocols = list(subprotocols or ())
        self.headers = Headers(additional_headers or ())
        if origin is not None:
            self.headers["Origin"] = origin
        if user_agent_header is not None and "User-Agent" not in self.headers:
            self.headers["User-Agent"] = user_agent_header
        self.process_exception = process_exception
        self.open_timeout = open_timeout
        self.reconnect_delays = reconnect_delays
        self.logger = logger or logging.getLogger("polywire.client")
        self.kwargs = kwargs

    async def _connect(self) -> ClientConnection:
        try:
            async with asyncio.timeout(self.open_timeout):
                for _ in range(_MAX_REDIRECTS):
                    connection = await self._open_socket()
                    try:
                        await connection._opened
                        return connection
                    except asyncio.CancelledError:
                        connection.transport.abort()
                        raise
                    except InvalidStatus as exc:
                        connection.transport.abort()
                        self._redirect(exc)
                    except Exception:
                        connection.transport.abort()
                        raise
                raise SecurityError(f"more than {_MAX_REDIRECTS} redirects")
        except TimeoutError as exc:
            raise TimeoutError("timed out during opening handshake") from exc

    async def _open_socket(self) -> ClientConnection:
        loop = asyncio.get_running_loop()
        kwargs = self.kwargs.copy()
        # Before there is a socket: options that cannot be sent must not leave one behind.
        connection = self._create()
        if self.url.secure:
            if kwargs.setdefault("ssl", True) is None:
                raise ValueError("ssl=None is incompatible with a wss:// URI")
            kwargs.setdefault("server_hostname", self.url.host)
        if kwargs.pop("unix", False):
            await loop.create_unix_connection(lambda: connection, **kwargs)
            return connection
        if kwargs.get("sock") is None:
            kwargs.setdefault("host", self.url.host)
            kwargs.setdefault("port", self.url.port)
        await loop.create_connection(lambda: connection, **kwargs)
        return connection

    def _create(self) -> ClientConnection:
        handshake = _polywire.ClientHandshake(
            self.url,
            self.settings,
            subprotocols=self.subprotocols,
            headers=list(self.headers.raw_items()),
        )
        return ClientConnection(handshake, self.settings, self.flow, self.logger)

    def _redirect(self, exc: InvalidStatus) -> None:
        """Goes to where a response leads, or raises why not."""
        locations = exc.response.headers.get_all("Location")
        if exc.response.status_code not in _REDIRECTS or not locations:
            raise exc
        if self.kwargs.get("sock") is not None:
            raise ValueError("cannot follow a redirect with a preexisting socket") from exc
        try:
            url = self.url.redirect(locations[0])
        except InvalidURI as invalid:
            raise SecurityError(f"cannot follow the redirect: {invalid}") from exc
        if not url.is_same_origin(self.url):
            if self.kwargs.get("unix") or {"host", "port"} & self.kwargs.keys():
                raise ValueError(
                    "cannot follow a redirect to another origin with an explicit host, port or path"
                ) from exc
            fields = self.headers.raw_items()
            self.headers = Headers([field for field in fields if field[0].lower() not in _SECRETS])
        self.url = url
        self.uri = str(url)

    def __await__(self) -> Generator[Any, None, ClientConnection]:
        return self._connect().__await__()

    async def __aenter__(self) -> ClientConnection:
        if hasattr(self, "connection"):
            raise RuntimeError("connect() isn't reentrant")
        self.connection = await self
        return self.connection

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self.connection.__aexit__(exc_type, exc_value, traceback)
        finally:
            del self.connection

    async def __aiter__(self) -> AsyncIterator[ClientConnection]:
        delays: Generator[float, None, None] | None = None
        while True:
            try:
                async with self as connection:
                    yield connection
            except Exception as exc:
                fatal = self.process_exception(exc)
                if fatal is exc:
                    raise
                if fatal is not None:
                    raise fatal from exc
                delays = delays or self.reconnect_delays()
                delay = next(delays)
                reason = traceback_module.format_exception_only(exc)[0].strip()
                self.logger.info("connect failed; reconnecting in %.1f seconds: %s", delay, reason)
                await asyncio.sleep(delay)
            else:
                delays = None


def _parsed(uri: str) -> _polywire.Url:
    try:
        return _polywire.Url(uri)
    except InvalidURI as exc:
        exc.uri, exc.msg = uri, str(exc)
        raise


def unix_connect(path: str | None = None, uri: str | None = None, **kwargs: Any) -> connect:
    """Connects to a server that listens on a Unix socket."""
    if uri is None:
        uri = "ws://localhost/" if kwargs.get("ssl") is None else "wss://localhost/"
    return connect(uri, unix=True, path=path, **kwargs)
