"""Long bodies: uploads that must arrive whole, and bodies that get stuck on their way."""

import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterable

from cardea_stack import HostConnection, ManagedProcess, wait_until

LOOKS, INTERVAL = 20, 0.05  # a second


def upload(connection: HostConnection, body: bytes | list[bytes]) -> dict:
    """Sends the body to /upload, a list in chunks. The upstream must have got all of it; what else it has seen."""
    if isinstance(body, list):
        framing = {"Transfer-Encoding": "chunked"}
        connection.request("PUT", "/upload", iter(body), encode_chunked=True, headers=framing)
        body = b"".join(body)
    else:
        connection.request("POST", "/upload", body)
    seen = json.loads(connection.getresponse().read())
    assert (seen.pop("length"), seen.pop("sha256")) == (len(body), hashlib.sha256(body).hexdigest())
    return seen


def resident_kib(process: ManagedProcess) -> int:
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


class Sender(threading.Thread):
    """Sends all of `pieces`, or as many as the connection lives; `count` is how many bytes were taken so far."""

    def __init__(self, connection: socket.socket, pieces: Iterable[bytes]):
        super().__init__(daemon=True)
        self._connection = connection
        self._pieces = pieces
        self.count = 0

    def run(self):
        with contextlib.suppress(OSError):
            for piece in self._pieces:
                self._connection.sendall(piece)
                self.count += len(piece)


class Receiver(threading.Thread):
    """Takes everything until the end and drops it; `count` is how many bytes it was."""

    def __init__(self, connection: socket.socket):
        super().__init__(daemon=True)
        self._connection = connection
        self.count = 0

    def run(self):
        while data := self._connection.recv(1 << 20):
            self.count += len(data)


def wait_until_stuck(count: Callable[[], int]) -> int:
    """count(), once it has been the same for a second."""
    seen = []

    def rests():
        seen.append(count())
        return len(seen) > LOOKS and len(set(seen[-LOOKS:])) == 1

    wait_until(rests, 60, "nothing moves any more", INTERVAL)
    return seen[-1]
