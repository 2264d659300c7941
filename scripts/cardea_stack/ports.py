"""Free loopback ports, for this process alone: test processes that run side by side are given different ones."""

import functools
import random
import socket

# Below the range from which the kernel takes the ports of outgoing connections (32768 and up): a port from that
# range could be free when we look and be some client's own port when the server starts.
FIRST_PORT = 15000
LAST_PORT = 29999
BLOCK = 50  # ports that a process takes at once


@functools.cache
def loopback_addresses() -> tuple[str, ...]:
    """127.0.0.1, and ::1 where the machine has IPv6."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
        return ("127.0.0.1", "::1")
    except OSError:
        return ("127.0.0.1",)


class PortBlocks:
    """Hands out ports from blocks that no other process has.

    A block belongs to who is bound to its name, an abstract Unix socket. Like the ports these names are the network
    namespace's, and the kernel gives them back when the process ends, however it ends.
    """

    def __init__(self):
        self._held: list[socket.socket] = []
        self._ports: list[int] = []

    def next(self) -> int:
        """A port that was not given out before."""
        if not self._ports:
            self._ports = list(self._take_block())
        return self._ports.pop()

    def _take_block(self) -> range:
        firsts = list(range(FIRST_PORT, LAST_PORT + 1, BLOCK))
        random.shuffle(firsts)
        for first in firsts:
            holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                holder.bind(f"\0cardea-test-ports-{first}")
            except OSError:
                holder.close()
                continue
            self._held.append(holder)
            return range(first, first + BLOCK)
        raise OSError("all ports for tests are taken")


_blocks = PortBlocks()


def free_port() -> int:
    """A port that nothing uses on any loopback address, TCP or UDP, and that nobody else is given: not in this process,
    and in no other one until this process has ended.
    """
    while not _is_free(port := _blocks.next()):
        pass
    return port


def _is_free(port: int) -> bool:
    for address in loopback_addresses():
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(family, kind) as probe:
                try:
                    probe.bind((address, port))
                except OSError:
                    return False
    return True
