"""An upstream for what a static server cannot do: uploads, chunked answers, events, answers that wait for a command."""

import hashlib
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BLOCK = bytes(range(256)) * 256  # 64 KiB


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def body_blocks(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline() not in (b"\r\n", b""):
                pass  # trailers
        else:
            left = int(self.headers.get("Content-Length", 0))
            while left:
                block = self.rfile.read(min(left, len(BLOCK)))
                if not block:
                    return
                left -= len(block)
                yield block

    def answer(self, status: int, body: bytes, headers=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def chunk(self, data: bytes):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def do_GET(self):
        actions = {
            "/headers": self.headers_seen,
            "/chunked": self.chunked,
            "/events": self.events,
            "/slow": self.slow,
            "/cut": self.cut,
            "/encoded": self.encoded,
        }
        actions.get(self.path.split("?")[0], lambda: self.answer(404, b"no such path\n"))()

    do_HEAD = do_GET

    def do_POST(self):
        if self.path == "/mirror":
            return self.mirror()
        digest, length = hashlib.sha256(), 0
        for block in self.body_blocks():
            digest.update(block)
            length += len(block)
        seen = {"length": length, "sha256": digest.hexdigest(), "method": self.command}
        seen["framing"] = [name.lower() for name in self.headers if name.lower() in _FRAMING]
        return self.answer(200, json.dumps(seen).encode())

    do_PUT = do_POST

    def headers_seen(self):
        self.answer(200, json.dumps([[name.lower(), value] for name, value in self.headers.items()]).encode())

    def mirror(self):
        """Sends every block back as it comes."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for block in self.body_blocks():
            self.chunk(block)
        self.chunk(b"")

    def chunked(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(200):
            self.chunk(b"block %d\n" % number)
        self.chunk(b"")

    def events(self):
        """One event at once, the second only when the test has said that it has seen the first."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.chunk(b"data: first\n\n")
        self.server.go_on.wait(30)
        self.chunk(b"data: second\n\n")
        self.chunk(b"")

    def slow(self):
        """The first half of 1 MiB at once, the rest on command."""
        self.send_response(200)
        self.send_header("Content-Length", str(16 * len(BLOCK)))
        self.end_headers()
        self.wfile.write(BLOCK * 8)
        self.wfile.flush()
        self.server.go_on.wait(30)
        self.wfile.write(BLOCK * 8)

    def cut(self):
        """Announces more than it sends."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"only this")
        self.wfile.flush()
        self.close_connection = True

    def encoded(self):
        """Bytes that look compressed and must pass as they are."""
        self.answer(
            200, b"\x1f\x8b not really gzip", [("Content-Encoding", "gzip"), ("X-Twice", "a"), ("X-Twice", "b")]
        )


_FRAMING = ("content-length", "transfer-encoding")


class Upstream:
    """Runs in threads of the test's own process, over TLS with a context; `go_on` lets /events and /slow proceed."""

    def __init__(self, context: ssl.SSLContext | None = None):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # a client that goes away early is no error here
        self._server.go_on = self.go_on = threading.Event()
        self.port = self._server.server_address[1]
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.port}"
        if context:
            # The handshake belongs to the connection's own thread.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
