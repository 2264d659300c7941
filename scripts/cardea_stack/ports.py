"""Free loopback ports."""

import functools
import random
import socket

# Below the range from which the kernel takes the ports of outgoing connections (32768 and up): a port from that
# range could be free when we look and be some client's own port when the server starts.
FIRST_PORT = 15000
LAST_PORT = 30000

_given_out: set[int] = set()


@functools.cache
def loopback_addresses() -> tuple[str, ...]:
    """127.0.0.1, and ::1 where the machine has IPv6."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
        return ("127.0.0.1", "::1")
    except OSError:
        return ("127.0.0.1",)


def free_port() -> int:
    """A port that nothing uses on any loopback address, TCP or UDP, and that this process gave to nobody else."""
    for _ in range(1000):
        port = random.randint(FIRST_PORT, LAST_PORT)
        if port not in _given_out and _is_free(port):
            _given_out.add(port)
            return port
    raise OSError("no free port found on loopback")


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
