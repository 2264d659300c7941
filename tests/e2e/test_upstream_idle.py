"""How long an idle connection to an upstream is kept: never as long as the upstream keeps it."""

import select

import pytest
from cardea_stack import Api, Cardea
from support import raw
from support.node_upstream import NodeUpstream

ROUNDS = 5  # a machine that stands still for seconds makes a round tell nothing


@pytest.fixture(scope="module")
def node(stack, session_folder):
    with Cardea(session_folder / "idle", REDIS_URL=stack.redis.url(), WORKERS="1") as running:
        yield running


@pytest.fixture
def host(stack, node, new_host, listener):
    """A site whose upstream is `listener`."""
    api = Api(node.http_port, stack.cardea.make_token(new_host("token")))
    name = new_host("idle")
    api.create_target(name, listener.url, enable_https=False)
    yield name
    api.expect(200, "DELETE", f"/proxy/targets/{name}")


@pytest.fixture
def client(node):
    with raw.connect(node.http_port) as connection:
        yield connection


def ask(client, host: str):
    client.sendall(raw.request("GET /", host))


def answer(server, client, announced: str = ""):
    server.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{announced}\r\nok".encode())
    raw.receive_until(client, b"\r\n\r\nok")


def keep_alive(value: str) -> str:
    return f"Connection: keep-alive\r\nKeep-Alive: {value}\r\n"


@pytest.mark.parametrize("value", ["timeout=1", "timeout=0", "timeout=1, max=100", "max=100, Timeout=1"])
def test_a_connection_that_its_upstream_is_about_to_close_is_not_kept(host, listener, client, value):
    for _ in range(2):
        ask(client, host)
        with listener.accept_request() as (server, _):
            answer(server, client, keep_alive(value))
            assert server.recv(1) == b"", "closed by Cardea"


@pytest.mark.parametrize(
    "announced",
    [
        keep_alive("timeout=60"),
        keep_alive("max=1"),
        keep_alive("timeout=-1"),
        keep_alive("timeout=18446744073709551617"),
        keep_alive("timeout=1, timeout=1"),
        keep_alive("timeout=1") + "Keep-Alive: timeout=1\r\n",
        keep_alive(","),
    ],
)
def test_what_says_nothing_about_the_time_changes_nothing(host, listener, client, announced):
    ask(client, host)
    with listener.accept_request() as (server, _):
        for _ in range(2):
            answer(server, client, announced)
            ask(client, host)
            assert raw.receive_head(server), "on the same connection"
        answer(server, client)


def test_a_connection_is_closed_before_its_upstream_would_do_it(host, listener, node):
    """The one that was given back later, but with a time of 2 s, goes before the other."""
    for _ in range(ROUNDS):
        with raw.connect(node.http_port) as first, raw.connect(node.http_port) as second:
            ask(first, host)
            with listener.accept_request() as (long, _):
                ask(second, host)
                with listener.accept_request() as (short, _):
                    answer(long, first)
                    answer(short, second, keep_alive("timeout=2"))
                    ended, _, _ = select.select([long, short], [], [], 20)
                    if ended == [short]:
                        assert short.recv(1) == b""
                        return
                    assert short in ended, "it was kept for longer than the other"
    pytest.fail("both ended at once, each time")


def test_node_says_how_long_it_keeps_a_connection(folder, http_host, http):
    with NodeUpstream(folder, keep_alive_ms=1000) as hasty:
        connection = http(http_host(hasty.url))
        for number in range(1, 4):
            assert connection.get("/hello")[2] == b"hello\n"
            hasty.wait_for(f"connection {number}")
