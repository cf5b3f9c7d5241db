"""WebSockets for asyncio: a strict and fast core in Rust, with the API of ``websockets``.

``await connect(uri)`` for clients, ``serve(handler, host, port)`` for servers; ``polywire.sansio`` is
the protocol without sockets.
"""

from .asyncio.client import ClientConnection, connect, unix_connect
from .asyncio.connection import Connection
from .asyncio.server import Server, ServerConnection, serve, unix_serve
from .datastructures import Headers, HeadersLike, MultipleValuesError
from .exceptions import *  # noqa: F403
from .exceptions import __all__ as _exceptions
from .frames import Close, CloseCode
from .http11 import Request, Response
from .protocol import State
from .typing import Data, DataLike, LoggerLike, Origin, StatusLike, Subprotocol
from .version import version as __version__

__all__ = [
    "ClientConnection",
    "Close",
    "CloseCode",
    "Connection",
    "Data",
    "DataLike",
    "Headers",
    "HeadersLike",
    "LoggerLike",
    "MultipleValuesError",
    "Origin",
    "Request",
    "Response",
    "Server",
    "ServerConnection",
    "State",
    "StatusLike",
    "Subprotocol",
    "__version__",
    "connect",
    "serve",
    "unix_connect",
    "unix_serve",
]
__all__ += _exceptions
