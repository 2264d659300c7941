"""HTTP/1.1 on asyncio, for uploads and downloads that stop in the middle."""

import asyncio
import contextlib
import queue
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

from .async_server import AsyncServer

BLOCK = bytes(range(256)) * 256  # 64 KiB
# What the kernel holds for a connection here; else it would be megabytes before anybody gets stuck.
SOCKET_BUFFER_BYTES = 64 * 1024


@dataclass
class Upload:
    """What arrived of the body of a request, and whether that was all."""

    path: str
    length: int = 0
    is_whole: bool = False


class AsyncUpstream(AsyncServer):
    """Reads a request only as fast as it is handled. `uploads` gets every request's once it has ended, either way.

    /upload answers with the length of the body; /held does so, but reads nothing of it before proceed(); /never reads it
    and does not answer; /bytes/N sends N bytes; /half sends half of the body that it announces, /half-chunked an
    unfinished chunk, and both then nothing. `sent` and `received` count bytes of bodies, `open` the connections.
    """

    def __init__(self):
        super().__init__()
        self.uploads: queue.Queue[Upload] = queue.Queue()
        self.open = 0
        self.sent = self.received = 0
        self._go_on = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def proceed(self):
        """For those that are held now."""

        async def release():
            self._go_on.set()
            self._go_on.clear()

        self._call(release())

    async def _listen(self) -> asyncio.Server:
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):  # accepted ones inherit them
            listener.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER_BYTES)
        return await asyncio.start_server(self._serve, sock=listener)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.open += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                line, *fields = head.removesuffix("\r\n\r\n").split("\r\n")
                by_name = {name.lower(): value.strip() for name, value in (field.split(":", 1) for field in fields)}
                await self._respond(line.split(" ")[1], by_name, reader, writer)
        self.open -= 1
        writer.close()

    async def _respond(self, path: str, fields: dict[str, str], reader, writer: asyncio.StreamWriter):
        if path == "/held":
            await self._go_on.wait()
        upload = Upload(path)
        try:
            async for data in _body(fields, reader):
                upload.length += len(data)
                self.received += len(data)
            upload.is_whole = True
        finally:
            self.uploads.put(upload)
        if path.startswith("/bytes/"):
            await self._send_bytes(writer, int(path.removeprefix("/bytes/")))
        elif path == "/half":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf-")
        elif path == "/half-chunked":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhalf-")
        elif path != "/never":
            writer.write(_answer(str(upload.length).encode()))
        if path.startswith(("/half", "/never")):
            await reader.read()  # until the other side gives up

    async def _send_bytes(self, writer: asyncio.StreamWriter, size: int):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while size:
            block = BLOCK[:size]
            writer.write(block)
            await writer.drain()
            size -= len(block)
            self.sent += len(block)


def _answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def _body(fields: dict[str, str], reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Pieces as they come; IncompleteReadError if it ends early."""
    if fields.get("transfer-encoding", "").lower() == "chunked":
        while size := int(await reader.readuntil(b"\r\n"), 16):
            async for data in _exactly(reader, size):
                yield data
            await reader.readexactly(2)
        while await reader.readuntil(b"\r\n") != b"\r\n":
            pass  # trailers
    else:
        async for data in _exactly(reader, int(fields.get("content-length", 0))):
            yield data


async def _exactly(reader: asyncio.StreamReader, size: int) -> AsyncIterator[bytes]:
    while size:
        data = await reader.read(min(size, len(BLOCK)))
        if not data:
            raise asyncio.IncompleteReadError(b"", size)
        size -= len(data)
        yield data
