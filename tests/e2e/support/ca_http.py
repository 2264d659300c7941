"""HTTP/1.1 messages on asyncio streams, as far as an ACME client and its CA use them."""

import asyncio
import json
from dataclasses import dataclass, replace
from http import HTTPStatus

BODY_BYTES_MAX = 4 << 20

# Fields that belong to one connection or to the framing, which is written anew for every message.
_FRAMING = {"connection", "keep-alive", "content-length", "transfer-encoding"}

Headers = tuple[tuple[str, str], ...]


def find_header(headers: Headers, name: str) -> str | None:
    """The first field of that name, in any case."""
    return next((value for found, value in headers if found.lower() == name.lower()), None)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Headers
    body: bytes

    @property
    def keeps_alive(self) -> bool:
        return (find_header(self.headers, "Connection") or "").lower() != "close"

    def encoded(self) -> bytes:
        """For a connection that carries nothing else."""
        length = [("Content-Length", str(len(self.body)))] if self.body or self.method == "POST" else []
        fields = [*_end_to_end(self.headers), *length, ("Connection", "close")]
        return _head(f"{self.method} {self.path} HTTP/1.1", fields) + self.body


@dataclass(frozen=True)
class Answer:
    """Immutable; the methods that change something return another answer."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return find_header(self.headers, name)

    def json(self):
        return json.loads(self.body)

    def with_status(self, status: int) -> "Answer":
        return replace(self, status=status)

    def with_header(self, name: str, value: str) -> "Answer":
        """Instead of all fields of that name."""
        return replace(self, headers=(*self.without(name).headers, (name, value)))

    def without(self, name: str) -> "Answer":
        kept = tuple(field for field in self.headers if field[0].lower() != name.lower())
        return replace(self, headers=kept)

    def with_body(self, body) -> "Answer":
        """`body` is bytes, a text, or an object that is written as JSON."""
        return replace(self, body=encode_body(body))

    def encoded_head(self, method: str, length: int | None) -> bytes:
        """A body of `length` bytes follows; with None, chunks do."""
        if length is None:
            framing = [("Transfer-Encoding", "chunked")]
        else:
            framing = [("Content-Length", str(length))] if self.has_body_for(method) else []
        reasons = {status.value: status.phrase for status in HTTPStatus}
        line = f"HTTP/1.1 {self.status} {reasons.get(self.status, 'Unknown')}"
        return _head(line, [*_end_to_end(self.headers), *framing])

    def encoded(self, method: str) -> bytes:
        body = self.body if self.has_body_for(method) else b""
        return self.encoded_head(method, len(body)) + body

    def has_body_for(self, method: str) -> bool:
        return method != "HEAD" and self.status not in (204, 304)


def encode_body(body) -> bytes:
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """None when the client ends the connection instead; ValueError for what is no request."""
    try:
        line, headers = await _read_head(reader)
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise
    method, path, _ = line.split(" ", 2)
    return Request(method, path, headers, await _read_body(reader, headers, to_the_end=False))


async def read_answer(reader: asyncio.StreamReader, method: str) -> Answer:
    line, headers = await _read_head(reader)
    answer = Answer(int(line.split(" ", 2)[1]), _end_to_end(headers))
    if answer.has_body_for(method):
        answer = answer.with_body(await _read_body(reader, headers, to_the_end=True))
    return answer


async def _read_head(reader: asyncio.StreamReader) -> tuple[str, Headers]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.rstrip("\r\n").split("\r\n")
    headers = []
    for field in fields:
        name, _, value = field.partition(":")
        headers.append((name, value.strip()))
    return line, tuple(headers)


async def _read_body(reader: asyncio.StreamReader, headers: Headers, to_the_end: bool) -> bytes:
    """`to_the_end`: without a length, the body ends where the connection does; else there is none."""
    if (find_header(headers, "Transfer-Encoding") or "").lower() == "chunked":
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            _check_size(len(body) + size)
            body += await reader.readexactly(size)
            await reader.readline()
        while (await reader.readline()).strip():
            pass  # trailers
        return body
    length = find_header(headers, "Content-Length")
    if length is not None:
        _check_size(int(length))
        return await reader.readexactly(int(length))
    return await reader.read() if to_the_end else b""


def _check_size(size: int):
    if size > BODY_BYTES_MAX:
        raise ValueError(f"a body of {size} bytes is more than an ACME client or CA sends")


def _end_to_end(headers: Headers) -> Headers:
    return tuple(field for field in headers if field[0].lower() not in _FRAMING)


def _head(line: str, fields) -> bytes:
    return ("\r\n".join([line, *(f"{name}: {value}" for name, value in fields)]) + "\r\n\r\n").encode("latin-1")
