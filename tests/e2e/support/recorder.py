"""An upstream that keeps every byte that reaches it, and answers each whole request."""

import re
import selectors
import socket
import threading

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Recorder:
    """Reads requests strictly by their own framing; what is left over on a connection is kept, too."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._socket.setblocking(False)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._received: dict[socket.socket, bytes] = {}
        self._requests: list[bytes] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        for connection in [*self._received, self._socket]:
            connection.close()

    def take(self) -> list[bytes]:
        """The requests since the last call, whole or not, in the order in which they ended: all that was sent before
        this call, as the bytes of a local connection are there once they are sent.
        """
        with self._lock:
            while self._step(0):
                pass
            taken, self._requests = self._requests, []
            return taken

    def _run(self):
        while not self._ended.is_set():
            self._selector.select(0.05)
            with self._lock:
                self._step(0)

    def _step(self, seconds: float) -> bool:
        """Does what there is to do; False: nothing."""
        ready = self._selector.select(seconds)
        for key, _ in ready:
            if key.fileobj is self._socket:
                connection, _ = self._socket.accept()
                connection.setblocking(False)
                self._received[connection] = b""
                self._selector.register(connection, selectors.EVENT_READ)
            else:
                self._read(key.fileobj)
        return bool(ready)

    def _read(self, connection: socket.socket):
        try:
            data = connection.recv(65536)
        except OSError:
            data = b""
        received = self._received[connection] + data
        while (size := _size_of_request(received)) is not None:
            self._requests.append(received[:size])
            received = received[size:]
            try:
                connection.sendall(ANSWER)
            except OSError:
                data = b""
        if data:
            self._received[connection] = received
            return
        if received:
            self._requests.append(received)
        self._selector.unregister(connection)
        del self._received[connection]
        connection.close()


def _size_of_request(received: bytes) -> int | None:
    """None: it is not whole."""
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    head, body_begin = received[:head_end].lower(), head_end + 4
    if re.search(rb"\r\ntransfer-encoding: chunked(\r\n|$)", head):
        end = received.find(b"\r\n0\r\n\r\n", body_begin - 2)
        return None if end < 0 else end + 7
    length = re.search(rb"\r\ncontent-length: (\d+)(\r\n|$)", head)
    size = body_begin + (int(length[1]) if length else 0)
    return size if len(received) >= size else None
