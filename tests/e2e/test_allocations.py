"""A request in steady state allocates nothing: counted in the release binary, whose allocator is watched from outside (OpenSSL's own are not counted)."""

import subprocess
from pathlib import Path

import pytest
from cardea_stack import Cardea, HostConnection, free_port, https_context, wait_until

REQUESTS = 2000
# The control thread goes on with its own business: Redis is asked whether it lives, certificates whether they are due.
OTHERS = 200


@pytest.fixture(scope="module")
def counter(session_folder) -> Path:
    library = session_folder / "count_allocations.so"
    source = Path(__file__).parent / "support" / "count_allocations.c"
    subprocess.run(["clang-19", "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


@pytest.fixture
def watched(stack, counter, tmp_path, request):
    """A node of the release build on the stack's Redis, with its count so far: watched.allocations()."""
    count = tmp_path / "count"
    environment = {"LD_PRELOAD": str(counter), "ALLOCATION_COUNT": str(count)}
    ports = {"HTTP_PORT": str(free_port()), "HTTPS_PORT": str(free_port()), "WORKERS": "1"}
    settings = stack.cardea.settings | ports | request.param
    with Cardea(tmp_path / "node", preset="release", extra_environment=environment, **settings) as node:
        node.allocations = lambda: int.from_bytes(count.read_bytes(), "little")
        yield node
        assert node.stop() == 0


# A line in the access log, and a client that two addresses too long for a std::string's own memory name.
LOGGED = {"ACCESS_LOG": "access.log", "TRUSTED_PROXIES": "127.0.0.0/8, 2001:db8:1234:5678::/64"}
FORWARDED = {"X-Forwarded-For": "2001:db8:8765:4321:8765:4321:8765:4321, 2001:db8:1234:5678:1234:5678:1234:5678"}


@pytest.mark.parametrize("watched", [{}, LOGGED], ids=["plain", "logged"], indirect=True)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_keep_alive_request_allocates_nothing(watched, site, root_pem, scheme):
    secure = scheme == "https"
    port = watched.https_port if secure else watched.http_port
    with HostConnection(site, port, https_context(root_pem) if secure else None) as connection:

        def ask(times: int):
            for _ in range(times):
                assert connection.get("/bytes/1024", FORWARDED)[0] == 200

        wait_until(lambda: connection.get("/bytes/1024")[0] == 200, 20, "the node serves the site")
        ask(100)
        before = watched.allocations()
        assert before > 1000, "the count is of this program"
        ask(REQUESTS)
        made = watched.allocations() - before
    assert made < OTHERS, f"{made} allocations for {REQUESTS} requests"
