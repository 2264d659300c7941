"""A server that may open few files: its clients must not take those that upstreams and Redis need."""

from contextlib import ExitStack

import pytest
from cardea_stack import Api, Cardea
from support import raw

ROOM = 40  # connections of clients: (160 - 64 - 16) / 2, see docs/security.md


class FewDescriptors(Cardea):
    def command(self):
        return ["prlimit", "--nofile=160", *super().command()]


@pytest.fixture(scope="module")
def node(stack, session_folder):
    folder = session_folder / "few-descriptors"
    folder.mkdir()
    with FewDescriptors(folder, REDIS_URL=stack.redis.url(), WORKERS="1") as running:
        yield running
        assert running.stop() == 0, running.log_tail()


@pytest.fixture
def host(stack, node, new_host, nginx):
    api = Api(node.http_port, stack.cardea.make_token(new_host("token")))
    name = new_host("few")
    api.create_target(name, nginx.url, enable_https=False)
    yield name
    api.expect(200, "DELETE", f"/proxy/targets/{name}")


def ask(connection, host) -> int:
    connection.sendall(raw.request("GET /", host))
    head = raw.receive_head(connection)
    length = int(raw.fields_of(head, "Content-Length")[0])
    while length > 0:
        length -= len(connection.recv(length))
    return raw.status_of(head)


def test_the_start_says_that_there_is_little_room(node):
    node.wait_for_log("the limit of open files (160)", f"room for {ROOM} connections of clients only")


def test_a_new_client_gets_the_place_of_who_has_been_idle_longest(node, host):
    with ExitStack() as stack:
        clients = [stack.enter_context(raw.connect(node.http_port)) for _ in range(ROOM)]
        for client in clients[1:]:
            assert ask(client, host) == 200
        assert ask(clients[0], host) == 200
        for _ in range(3):
            newcomer = stack.enter_context(raw.connect(node.http_port))
            assert ask(newcomer, host) == 200
        for client in clients[1:4]:
            assert raw.receive_all(client) == b""
        for client in (clients[0], clients[-1]):
            assert ask(client, host) == 200


def test_nobody_who_is_served_loses_the_place(node, new_host, stack):
    """All are busy: the next one is closed, and there are descriptors left for their upstreams."""
    api = Api(node.http_port, stack.cardea.make_token(new_host("token")))
    name = new_host("busy")
    with raw.Listener() as listener, ExitStack() as opened:
        api.create_target(name, listener.url, enable_https=False)
        served = []
        for _ in range(ROOM):
            client = opened.enter_context(raw.connect(node.http_port))
            client.sendall(raw.request("GET /", name))
            server = opened.enter_context(listener.accept())
            raw.receive_head(server)
            served.append((client, server))
        late = opened.enter_context(raw.connect(node.http_port))
        assert raw.receive_all(late) == b""
        for client, server in served:
            server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            assert raw.status_of(raw.receive_head(client)) == 200
    api.expect(200, "DELETE", f"/proxy/targets/{name}")
