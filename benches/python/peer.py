"""The client that all servers get: a blocking socket and frames that are made before the clock runs.

It does as little as it can, so that the server is what is waited for.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import zlib
from pathlib import Path

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)
DEFLATE = (
    b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12; "
    b"client_max_window_bits=12\r\n"
)


class Server:
    """A server of ``servers.py`` as another process."""

    def __init__(self, name: str, *options: str) -> None:
        self.name = name
        script = Path(__file__).with_name("servers.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), name, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Clients that leave without a word are logged by some.
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.port = int(self.process.stdout.readline())

    def usage(self) -> tuple[float, int]:
        """CPU time in seconds and resident memory in KiB."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        seconds, kib = self.process.stdout.readline().split()
        return float(seconds), int(kib)

    def connect(self, deflate: bool = False) -> socket.socket:
        sock = socket.create_connection(("127.0.0.1", self.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(REQUEST + (DEFLATE if deflate else b"") + b"\r\n")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += sock.recv(1)
        if not head.startswith(b"HTTP/1.1 101") or deflate != (b"permessage-deflate" in head):
            raise RuntimeError(f"{self.name} answered {head!r}")
        return sock

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def frame(payload: bytes, first: int = 0x82) -> bytes:
    """A masked frame."""
    length = len(payload)
    if length < 126:
        head = bytes([first, 0x80 | length])
    elif length < 1 << 16:
        head = bytes([first, 0xFE]) + length.to_bytes(2)
    else:
        head = bytes([first, 0xFF]) + length.to_bytes(8)
    key = os.urandom(4)
    stretched = (key * (length // 4 + 1))[:length]
    mixed = int.from_bytes(payload) ^ int.from_bytes(stretched)
    return head + key + mixed.to_bytes(length)


def receive(sock: socket.socket, count: int, buffer: memoryview) -> None:
    """Reads exactly so many bytes."""
    left = count
    while left:
        got = sock.recv_into(buffer[: min(left, len(buffer))])
        if not got:
            raise RuntimeError("the server ended the stream")
        left -= got


def echo(server: Server, size: int, in_flight: int, messages: int) -> float:
    """The server's CPU time for each message, in microseconds."""
    burst = b"".join(frame(os.urandom(size)) for _ in range(in_flight))
    masks = 0 if server.name == "raw" else 4 * in_flight
    answer = len(burst) - masks
    buffer = memoryview(bytearray(1 << 20))
    with server.connect() as sock:
        sock.sendall(burst)
        receive(sock, answer, buffer)
        rounds = max(messages // in_flight, 1)
        before, _ = server.usage()
        for _ in range(rounds):
            if in_flight * size > 1 << 18:
                exchange(sock, burst, answer, buffer)
            else:
                sock.sendall(burst)
                receive(sock, answer, buffer)
        after, _ = server.usage()
    return (after - before) / (rounds * in_flight) * 1e6


def exchange(sock: socket.socket, data: bytes, answer: int, buffer: memoryview) -> None:
    """Sends more than both sockets hold, and reads meanwhile."""
    view, sent, left = memoryview(data), 0, answer
    sock.setblocking(False)
    try:
        while sent < len(view) or left:
            try:
                sent += sock.send(view[sent : sent + (1 << 17)])
            except BlockingIOError:
                pass
            try:
                left -= sock.recv_into(buffer[: min(max(left, 1), len(buffer))])
            except BlockingIOError:
                pass
    finally:
        sock.setblocking(True)


class Deflated:
    """Messages of JSON, compressed with context takeover as a client does."""

    def __init__(self, count: int) -> None:
        compressor = zlib.compressobj(6, zlib.DEFLATED, -12)
        self.messages = [document(number) for number in range(count)]
        self.frames = []
        for message in self.messages:
            data = compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH)
            self.frames.append(frame(data[:-4], 0xC1))

    def run(self, server: Server) -> float:
        """The server's CPU time for each message, in microseconds. Each answer is compared."""
        inflater = zlib.decompressobj(-12)
        with server.connect(deflate=True) as sock, sock.makefile("rb") as stream:
            before, _ = server.usage()
            for message, data in zip(self.messages, self.frames, strict=True):
                sock.sendall(data)
                first, second = stream.read(2)
                length = int.from_bytes(stream.read(2)) if second == 126 else second
                payload = stream.read(length)
                if first & 0x40:
                    payload = inflater.decompress(payload + b"\0\0\xff\xff")
                if payload != message:
                    raise RuntimeError(f"{server.name} answered something else")
            after, _ = server.usage()
        return (after - before) / len(self.messages) * 1e6


def document(number: int) -> bytes:
    """About 1 KiB of JSON, most of it like the one before."""
    rows = ", ".join(
        f'{{"id": {number * 17 + row}, "symbol": "AB{row}", "price": {100 + (number * 7 + row) % 50}.'
        f'{(number * row) % 100:02}, "volume": {(number * 31 + row * 7) % 10000}}}'
        for row in range(14)
    )
    return f'{{"type": "update", "sequence": {number}, "rows": [{rows}]}}'.encode()
