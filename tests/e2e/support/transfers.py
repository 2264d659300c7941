"""Long bodies that get stuck on their way."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable

from cardea_stack import wait_until

LOOKS, INTERVAL = 20, 0.05  # a second


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
