"""Bytes on a socket, for what no well-behaved client would send."""

import contextlib
import socket
import struct
from collections.abc import Iterator


def connect(port: int, address: str = "127.0.0.1", timeout: float = 20) -> socket.socket:
    connection = socket.create_connection((address, port), timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def receive_until(connection: socket.socket, mark: bytes) -> bytes:
    """Everything up to and including `mark`, or up to the end of the connection."""
    received = b""
    while mark not in received:
        data = connection.recv(65536)
        if not data:
            break
        received += data
    return received


def receive_head(connection: socket.socket) -> bytes:
    """A head with its empty line, and no byte of what follows it."""
    received = b""
    while not received.endswith(b"\r\n\r\n") and (byte := connection.recv(1)):
        received += byte
    return received


def receive_exactly(connection: socket.socket, size: int) -> bytes:
    """That many bytes; ConnectionError if the peer closes before."""
    received = bytearray()
    while len(received) < size:
        data = connection.recv(min(size - len(received), 65536))
        if not data:
            raise ConnectionError(f"the end after {len(received)} bytes of {size}")
        received += data
    return bytes(received)


def receive_to_the_end(connection: socket.socket) -> tuple[bytes, bool]:
    """Everything until the peer closes, and whether it did so by a reset."""
    received = b""
    try:
        while data := connection.recv(65536):
            received += data
    except ConnectionResetError:
        return received, True
    return received, False


def receive_all(connection: socket.socket) -> bytes:
    """Everything until the peer closes; a reset counts as closing."""
    return receive_to_the_end(connection)[0]


def exchange(port: int, request: bytes, segments: int = 1, address: str = "127.0.0.1") -> bytes:
    """Sends `request` in that many TCP segments and returns all that comes until the peer closes."""
    with connect(port, address) as connection:
        size = -(-len(request) // segments)
        for start in range(0, len(request), size):
            connection.sendall(request[start : start + size])
        return receive_all(connection)


def reset(connection: socket.socket):
    """Closes with a pending linger of zero, which is a reset to the peer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def request(line: str, host: str, *fields: str, version: str = "1.1") -> bytes:
    """A head: request("GET /path", host, "Connection: close")."""
    return "\r\n".join([f"{line} HTTP/{version}", f"Host: {host}", *fields, "", ""]).encode()


def status_of(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


def get(port: int, host: str, path: str = "/", segments: int = 1, address: str = "127.0.0.1") -> bytes:
    return exchange(port, request(f"GET {path}", host, "Connection: close"), segments, address)


class Listener:
    """An upstream that the test speaks for, byte by byte."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(20)
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def accept(self) -> socket.socket:
        connection, _ = self._socket.accept()
        connection.settimeout(20)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    @contextlib.contextmanager
    def accept_request(self) -> Iterator[tuple[socket.socket, bytes]]:
        """The connection, and the head of the first request on it."""
        with self.accept() as connection:
            yield connection, receive_head(connection)


def fields_of(head: bytes, name: str) -> list[str]:
    """The values of that field in a head, in their order."""
    lines = [line.split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line]
    return [value.strip().decode("latin-1") for found, value in lines if found.lower() == name.lower().encode()]


def dechunked(coded: bytes) -> tuple[bytes, bytes]:
    """The data of a chunked body, however it was cut into chunks, and the lines of its trailers."""
    parts, at = [], 0
    while True:
        end = coded.index(b"\r\n", at)
        size, at = int(coded[at:end], 16), end + 2
        if size == 0:
            return b"".join(parts), coded[at:].removesuffix(b"\r\n")
        parts.append(coded[at : at + size])
        at += size + 2
