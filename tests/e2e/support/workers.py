"""One connection to each worker of a Cardea, for what must hold at all of them."""

from cardea_stack import Cardea, HostConnection, echoed_fields

TRIES = 100  # the kernel deals connections out by chance


def connections_to_all_workers(cardea: Cardea, host: str) -> list[HostConnection]:
    """Kept alive, over plain HTTP. `host` leads to the stack's nginx, and nobody else asks for that upstream meanwhile.

    A worker has its own pool: the connection to the upstream that a request has given back is the one that the next
    request takes, if and only if it comes to the same worker.
    """
    found: list[HostConnection] = []
    for _ in range(TRIES):
        candidate = HostConnection(host, cardea.http_port)
        candidate.connect()
        candidate.auto_open = 0  # another connection could be another worker's
        if any(_share_a_worker(candidate, other) for other in found):
            candidate.close()
            continue
        found.append(candidate)
        if len(found) == int(cardea.settings["WORKERS"]):
            return found
    raise LookupError(f"{len(found)} workers were found in {TRIES} connections")


def _share_a_worker(one: HostConnection, other: HostConnection) -> bool:
    return _upstream_connection(one) == _upstream_connection(other)


def _upstream_connection(connection: HostConnection) -> str:
    return echoed_fields(connection.get("/headers")[2])["connection-number"]
