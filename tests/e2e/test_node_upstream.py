"""Node's http module as the upstream: what its server does by itself, and not because a test says so."""

import json
import socket

import pytest
from support import raw
from support.node_upstream import NodeUpstream


@pytest.fixture(scope="module")
def node(session_folder):
    with NodeUpstream(session_folder / "node") as running:
        yield running


@pytest.fixture
def host(http_host, node):
    return http_host(node.url)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_node_has_closed_is_not_used(folder, http_host, http, method):
    """It closes idle ones sooner than it says, and a POST cannot be sent twice."""
    with NodeUpstream(folder, keep_alive_ms=1) as hasty:
        connection = http(http_host(hasty.url))
        for number in range(1, 4):
            connection.request(method, "/boast")
            response = connection.getresponse()
            assert (response.status, response.read()) == (200, b"hello\n")
            hasty.wait_for(f"closed {number}")


def test_chunks_and_trailers_pass(client, host):
    client.sendall(raw.request("GET /trailers", host, "TE: trailers"))
    head, _, body = raw.receive_until(client, b"X-Sum: 2\r\n\r\n").partition(b"\r\n\r\n")
    assert raw.fields_of(head, "Transfer-Encoding") == ["chunked"]
    assert raw.fields_of(head, "Trailer") == ["X-Sum"]
    assert raw.dechunked(body) == (b"first second", b"X-Sum: 2\r\n")


def test_trailers_of_a_request_pass(client, host):
    head = raw.request("POST /upload", host, "Transfer-Encoding: chunked", "Trailer: X-Sum")
    client.sendall(head + b"4\r\nbody\r\n0\r\nX-Sum: 4\r\n\r\n")
    seen = raw.receive_until(client, b"}}")
    assert json.loads(seen[seen.index(b"{") : seen.rindex(b"}") + 1]) == {"bytes": 4, "trailers": {"x-sum": "4"}}


def test_node_says_100_and_the_body_goes(client, host):
    client.sendall(raw.request("POST /upload", host, "Content-Length: 4", "Expect: 100-continue"))
    assert raw.receive_head(client).startswith(b"HTTP/1.1 100 ")
    client.sendall(b"body")
    assert b'{"bytes":4,' in raw.receive_until(client, b"}}")


def test_node_refuses_a_body_that_it_has_not_seen(client, host):
    client.sendall(raw.request("POST /upload", host, "Content-Length: 4", "Expect: 100-continue", "X-Refuse: yes"))
    assert raw.status_of(raw.receive_all(client)) == 413, "the only answer, and the end: the body may still come"


def test_early_hints_come_first(client, host):
    client.sendall(raw.request("GET /hints", host))
    hints = raw.receive_head(client)
    assert raw.status_of(hints) == 103
    assert raw.fields_of(hints, "Link") == ["</style.css>; rel=preload; as=style"]
    assert raw.status_of(raw.receive_head(client)) == 200


def test_each_event_passes_at_once_and_an_end_is_seen(client, host, http, node):
    other = http(host)
    client.sendall(raw.request("GET /events", host))
    assert raw.status_of(raw.receive_head(client)) == 200
    for event in ("one", "two", "three"):
        # The next event is made only after this one is here.
        assert other.get("/next", {"X-Event": event})[2] == b"1\n"
        assert f"data: {event}\n\n".encode() in raw.receive_until(client, b"\n\n\r\n")
    client.close()
    node.wait_for("aborted /events")
    assert other.get("/next", {"X-Event": "four"})[2] == b"0\n"


def test_a_client_that_leaves_ends_its_request_at_node(client, host, node):
    client.sendall(raw.request("GET /never", host))
    node.wait_for("asked /never")
    client.close()
    node.wait_for("aborted /never")


def test_an_upgrade_by_hand(client, host, node):
    client.sendall(raw.request("GET /tunnel", host, "Connection: Upgrade", "Upgrade: echo"))
    assert raw.status_of(raw.receive_head(client)) == 101
    for piece in (b"\x00\xffhello", b"again"):
        client.sendall(piece)
        assert raw.receive_until(client, piece) == piece
    client.shutdown(socket.SHUT_WR)
    assert raw.receive_all(client) == b"", "Node ends its side too"
    node.wait_for("tunnel closed")
