"""Many long streams at once: an upstream that holds them, and the clients."""

import asyncio
import contextlib
import ssl

from websockets.asyncio.client import connect

from .async_server import AsyncServer

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


class StreamUpstream(AsyncServer):
    """Echoes lines on upgraded connections and sends events on all others."""

    def __init__(self):
        super().__init__()
        self._listeners: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send_event(self, event: bytes) -> int:
        """To everybody who listens; how many they are."""

        async def send():
            for writer in self._listeners:
                writer.write(event)
            return len(self._listeners)

        return self._call(send())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"\r\nUpgrade: echo\r\n" in head:
                writer.write(SWITCH)
                while line := await reader.readline():
                    writer.write(line)
                return
            writer.write(EVENTS)
            self._listeners.add(writer)
            await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._listeners.discard(writer)
            with contextlib.suppress(OSError):
                writer.close()


class Stream:
    """One client connection that is a stream after open(), by TLS if a context is given."""

    def __init__(self, port: int, host: str, upgrade: bool, context: ssl.SSLContext | None = None):
        self._port = port
        self._host = host
        self._context = context
        self.upgrade = upgrade

    async def open(self):
        tls = {"ssl": self._context, "server_hostname": self._host} if self._context else {}
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, **tls)
        lines = ["GET /stream HTTP/1.1", f"Host: {self._host}"]
        lines += ["Connection: Upgrade", "Upgrade: echo"] if self.upgrade else ["Accept: text/event-stream"]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = b"HTTP/1.1 101 " if self.upgrade else b"HTTP/1.1 200 "
        if not head.startswith(status):
            raise ConnectionError(head.decode("latin-1"))

    async def echoes(self, line: bytes):
        self._writer.write(line)
        if await self._reader.readline() != line:
            raise ConnectionError("the echo is another one")

    async def receives(self, event: bytes):
        """`event` next, in the chunks of the response."""
        received = b""
        while event not in received:
            line = await self._reader.readline()
            if not line:
                raise ConnectionError("the event stream ended")
            received += line

    async def close(self):
        self._writer.transport.abort()


class WebSocketStream:
    """The same by a WebSocket client of the library's."""

    upgrade = True

    def __init__(self, port: int, host: str, context: ssl.SSLContext | None = None):
        self._port = port
        self._host = host
        self._context = context

    async def open(self):
        tls = {"ssl": self._context, "server_hostname": self._host} if self._context else {}
        scheme = "wss" if self._context else "ws"
        self._connection = await connect(
            f"{scheme}://{self._host}/", host="127.0.0.1", port=self._port, proxy=None, ping_interval=None, **tls
        )

    async def echoes(self, line: bytes):
        await self._connection.send(line)
        if await self._connection.recv() != line:
            raise ConnectionError("the echo is another one")

    async def close(self):
        await self._connection.close()
