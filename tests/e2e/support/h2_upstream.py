"""A server of HTTP/2 without TLS (h2c with prior knowledge), on the library h2, which shares no code with Cardea's."""

import asyncio
import contextlib
import hashlib
import json
import threading

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    PingAckReceived,
    RequestReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)
from h2.exceptions import ProtocolError, StreamClosedError

from .async_server import AsyncServer

BLOCK = bytes(range(256)) * 64  # 16 KiB


class _Stream:
    """A request and its response, for the handler of its path."""

    def __init__(self, connection: "_Connection", stream_id: int, fields):
        self.connection = connection
        self.id = stream_id
        self.fields = fields
        self.path = dict(fields)[":path"]
        self.trailers = []
        self.pieces = asyncio.Queue()
        self.window = asyncio.Event()

    async def body(self):
        """The pieces of the body. The client may send on when one was taken."""
        while (piece := await self.pieces.get()) is not None:
            data, flow_controlled = piece
            self.connection.h2.acknowledge_received_data(flow_controlled, self.id)
            self.connection.flush()
            yield data

    def head(self, *fields, status="200", end=False):
        self.connection.h2.send_headers(self.id, [(":status", status), *fields], end_stream=end)
        self.connection.flush()

    async def send(self, data: bytes, end=False):
        h2 = self.connection.h2
        while data:
            self.window.clear()
            size = min(h2.local_flow_control_window(self.id), h2.max_outbound_frame_size, len(data))
            if size == 0:
                await self.window.wait()
                continue
            h2.send_data(self.id, data[:size])
            data = data[size:]
            await self.connection.drain()
        if end:
            self.end()

    def end(self, *trailers):
        if trailers:
            self.connection.h2.send_headers(self.id, trailers, end_stream=True)
        else:
            self.connection.h2.end_stream(self.id)
        self.connection.flush()

    def reset(self, code: ErrorCodes):
        self.connection.h2.reset_stream(self.id, code)
        self.connection.flush()


class _Connection:
    def __init__(self, upstream: "H2Upstream", number: int, writer: asyncio.StreamWriter):
        self.upstream = upstream
        self.number = number
        self.writer = writer
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.streams: dict[int, _Stream] = {}
        self.tasks: set[asyncio.Task] = set()
        self.pings_answered = 0

    def flush(self):
        self.writer.write(self.h2.data_to_send())

    async def drain(self):
        self.flush()
        await self.writer.drain()

    async def run(self, reader: asyncio.StreamReader):
        self.h2.initiate_connection()
        self.flush()
        while data := await reader.read(65536):
            for event in self.h2.receive_data(data):
                self.take(event)
            self.flush()

    def take(self, event):
        if isinstance(event, RequestReceived):
            stream = self.streams[event.stream_id] = _Stream(self, event.stream_id, event.headers)
            task = asyncio.ensure_future(self.upstream.respond(stream))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        elif isinstance(event, DataReceived):
            self.streams[event.stream_id].pieces.put_nowait((event.data, event.flow_controlled_length))
        elif isinstance(event, TrailersReceived):
            self.streams[event.stream_id].trailers = event.headers
        elif isinstance(event, StreamEnded):
            self.streams[event.stream_id].pieces.put_nowait(None)
        elif isinstance(event, StreamReset):
            self.upstream.gone.set()
        elif isinstance(event, WindowUpdated):
            for stream in self.streams.values():
                stream.window.set()
        elif isinstance(event, PingAckReceived):
            self.pings_answered += 1
        elif isinstance(event, ConnectionTerminated):
            self.upstream.goaways.append(event.error_code)

    def end(self):
        for task in self.tasks:
            task.cancel()
        with contextlib.suppress(OSError):
            self.writer.close()


class H2Upstream(AsyncServer):
    """proceed() lets /events, /hold and /cut go on; `gone` is set when a client broke a request off; `asked` has the path of
    every request with the number of its connection.
    """

    def __init__(self):
        super().__init__()
        self._connections: dict[int, _Connection] = {}
        self._made = 0
        self.asked: list[tuple[str, int]] = []
        self.goaways: list[int] = []
        self.gone = threading.Event()
        self.go_on = asyncio.Event()

    @property
    def url(self) -> str:
        return f"h2c://127.0.0.1:{self.port}"

    def proceed(self):
        self._loop.call_soon_threadsafe(self.go_on.set)

    def connections(self) -> int:
        """How many there are now."""

        async def count():
            return len(self._connections)

        return self._call(count())

    def say_goaway(self):
        """Tells every client that this connection takes no more requests."""

        async def say():
            for connection in self._connections.values():
                connection.h2.close_connection()
                connection.flush()

        self._call(say())

    def ping(self) -> _Connection:
        """Asks the newest connection whether it lives; what comes is counted in its `pings_answered`."""

        async def ask():
            connection = self._connections[max(self._connections)]
            connection.h2.ping(b"12345678")
            await connection.drain()
            return connection

        return self._call(ask())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._made += 1
        number = self._made
        connection = self._connections[number] = _Connection(self, number, writer)
        try:
            await connection.run(reader)
        except (OSError, ProtocolError, asyncio.CancelledError):
            pass
        finally:
            del self._connections[number]
            if connection.tasks:
                self.gone.set()
            connection.end()

    async def respond(self, stream: _Stream):
        self.asked.append((stream.path, stream.connection.number))
        name, _, argument = stream.path.removeprefix("/").partition("/")
        handler = getattr(self, f"_{name}", None)
        with contextlib.suppress(StreamClosedError, ProtocolError, ConnectionError):
            if handler is None:
                stream.head(status="404", end=True)
            else:
                await handler(stream, argument)

    # --- the paths ---

    async def _headers(self, stream, _):
        """The fields as they came, and the number of the connection."""
        body = json.dumps([*stream.fields, ["connection-number", str(stream.connection.number)]]).encode()
        stream.head(("content-length", str(len(body))), ("x-twice", "a"), ("set-cookie", "first=1"), ("x-twice", "b"),
                    ("set-cookie", "second=2"))  # fmt: skip
        await stream.send(body, end=True)

    async def _upload(self, stream, _):
        digest, length = hashlib.sha256(), 0
        async for piece in stream.body():
            digest.update(piece)
            length += len(piece)
        seen = {"length": length, "sha256": digest.hexdigest(), "trailers": stream.trailers}
        seen["content-length"] = dict(stream.fields).get("content-length")
        stream.head(("content-type", "application/json"))
        await stream.send(json.dumps(seen).encode(), end=True)

    async def _hold(self, stream, argument):
        """Takes nothing of the body before it may go on."""
        await self.go_on.wait()
        await self._upload(stream, argument)

    async def _mirror(self, stream, _):
        stream.head()
        async for piece in stream.body():
            await stream.send(piece)
        stream.end(*stream.trailers)

    async def _bytes(self, stream, size):
        stream.head(("content-length", size))
        for _ in range(int(size) // len(BLOCK)):
            await stream.send(BLOCK)
        await stream.send(BLOCK[: int(size) % len(BLOCK)], end=True)

    async def _trailers(self, stream, _):
        stream.head(("trailer", "x-sum"))
        await stream.send(b"body")
        stream.end(("x-sum", "4"), ("x-forwarded-for", "192.0.2.1"))

    async def _events(self, stream, _):
        stream.head(("content-type", "text/event-stream"))
        await stream.send(b"data: first\n\n")
        await self.go_on.wait()
        await stream.send(b"data: second\n\n", end=True)

    async def _hints(self, stream, _):
        stream.head(("link", "</style.css>; rel=preload"), status="103")
        stream.head(("content-length", "2"))
        await stream.send(b"ok", end=True)

    async def _status(self, stream, status):
        stream.head(("etag", '"1"'), status=status, end=True)

    async def _reset(self, stream, code):
        stream.reset(ErrorCodes[code])

    async def _cut(self, stream, code):
        """Breaks off in the middle of the body, when it may go on."""
        stream.head()
        await stream.send(b"only this")
        await self.go_on.wait()
        stream.reset(ErrorCodes[code])

    async def _refuse(self, stream, _):
        """Refuses the first time."""
        if sum(path == stream.path for path, _ in self.asked) == 1:
            stream.reset(ErrorCodes.REFUSED_STREAM)
        else:
            await self._upload(stream, "")

    async def _continue(self, stream, _):
        """Wants the body."""
        stream.head(status="100")
        await self._upload(stream, "")

    async def _early(self, stream, _):
        """Answers by the head alone, and wants no body (RFC 9113 §8.1)."""
        stream.head(("content-length", "0"), status="413", end=True)
        stream.reset(ErrorCodes.NO_ERROR)

    async def _silent(self, stream, _):
        await asyncio.Event().wait()

    async def _stalled(self, stream, _):
        stream.head()
        await stream.send(b"first")
        await asyncio.Event().wait()
