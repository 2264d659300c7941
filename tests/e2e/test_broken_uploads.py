"""Uploads that break off in the middle: the other side learns of it at once, not when a time limit is over."""

import socket
from itertools import repeat
from pathlib import Path

import pytest
from cardea_stack import https_context, wait_until
from support import raw
from support.async_upstream import BLOCK, AsyncUpstream
from support.sites import secure_sites
from support.transfers import Sender, wait_until_stuck

SECONDS = 20  # far below every time limit of a body
PART = b"x" * 100_000
FRAMINGS = {
    # What the head says, and what comes of the body before it breaks.
    "length": ("Content-Length: 1000000", PART),
    "chunked": ("Transfer-Encoding: chunked", b"%x\r\n%s\r\n" % (len(PART), PART)),
    "in-a-chunk": ("Transfer-Encoding: chunked", b"%x\r\n%s" % (1_000_000, PART)),
}


@pytest.fixture(params=FRAMINGS)
def framing(request):
    return FRAMINGS[request.param]


@pytest.fixture(scope="module")
def upstream():
    with AsyncUpstream() as running:
        yield running


@pytest.fixture(scope="module")
def host(api, upstream):
    hostname = "broken.cardea.test"
    with secure_sites(api, {hostname: upstream.url}):
        yield hostname


@pytest.fixture(params=["http", "https"])
def client_of_host(request, cardea, host, root_pem):
    """A connection to that host."""
    if request.param == "http":
        connection = raw.connect(cardea.http_port)
    else:
        connection = https_context(root_pem).wrap_socket(raw.connect(cardea.https_port), server_hostname=host)
    with connection:
        yield connection


def end(connection: socket.socket):
    """FIN, and nobody reads any more."""
    connection.close()


def half_end(connection: socket.socket):
    """FIN of the socket, for TLS without close_notify."""
    socket.socket.shutdown(connection, socket.SHUT_WR)


# --- the client breaks off ---


@pytest.mark.parametrize("break_off", [end, half_end, raw.reset])
def test_the_upstream_learns_that_its_client_is_gone(client_of_host, host, upstream, framing, break_off):
    field, part = framing
    before = upstream.received
    client_of_host.sendall(raw.request("POST /upload", host, field) + part)
    wait_until(lambda: upstream.received == before + len(PART), SECONDS, "the part has arrived")
    assert upstream.uploads.empty(), "the upstream waits for the rest"
    break_off(client_of_host)
    upload = upstream.uploads.get(timeout=SECONDS)
    assert (upload.path, upload.length, upload.is_whole) == ("/upload", len(PART), False)
    wait_until(lambda: upstream.open == 0, SECONDS, "no connection is left to be used again")


@pytest.mark.parametrize("break_off", [end, raw.reset])
def test_the_upstream_learns_it_in_the_middle_of_its_response_too(client, http_host, listener, framing, break_off):
    field, part = framing
    client.sendall(raw.request("POST /mirror", http_host(listener.url), field) + part)
    with listener.accept_request() as (server, _):
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhalf-")
        raw.receive_until(client, b"half-")
        break_off(client)
        received = raw.receive_all(server)
    assert received.count(b"x") == len(PART)
    assert not received.endswith(b"\r\n0\r\n\r\n")


# --- the upstream breaks off ---


@pytest.fixture
def upload(client, http_host, listener, framing):
    """Client and upstream, both raw, in the middle of an upload."""
    field, part = framing
    client.sendall(raw.request("POST /upload", http_host(listener.url), field) + part)
    with listener.accept_request() as (server, _):
        wait_until_received(server, len(PART))
        yield client, server


def wait_until_received(connection: socket.socket, count: int):
    """So many x, whatever framing is around them."""
    while count > 0:
        data = connection.recv(65536)
        assert data, "the connection goes on"
        count -= data.count(b"x")


@pytest.mark.parametrize("break_off", [end, half_end, raw.reset])
def test_a_client_learns_that_its_upstream_is_gone(upload, break_off):
    client, server = upload
    break_off(server)
    assert raw.status_of(raw.receive_head(client)) == 502
    # A client that does not stop is not listened to for ever.
    sender = Sender(client, repeat(BLOCK))
    sender.start()
    sender.join(SECONDS)
    assert not sender.is_alive()


@pytest.mark.parametrize("break_off", [end, raw.reset])
def test_a_client_may_end_its_body_and_go_on(client, http_host, listener, break_off):
    host = http_host(listener.url)
    client.sendall(raw.request("POST /upload", host, "Content-Length: 2000") + b"x" * 1000)
    with listener.accept_request() as (server, _):
        wait_until_received(server, 1000)
        break_off(server)
    answer = raw.receive_until(client, b"Request id: ")
    assert raw.status_of(answer) == 502 and raw.fields_of(answer, "Connection") == []
    client.sendall(b"x" * 1000 + raw.request("GET /next", host))
    with listener.accept_request() as (server, head):
        assert head.startswith(b"GET /next ")
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        assert b"HTTP/1.1 200 OK" in raw.receive_until(client, b"\r\n\r\nok")


@pytest.mark.parametrize("break_off", [end, raw.reset])
def test_a_client_learns_it_in_the_middle_of_its_response_too(upload, break_off):
    client, server = upload
    server.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf-\r\n")
    assert raw.receive_until(client, b"half-\r\n").startswith(b"HTTP/1.1 200 ")
    break_off(server)
    assert raw.receive_all(client) == b"", "not the last chunk"


@pytest.mark.parametrize("break_off", [end, raw.reset])
def test_a_client_that_is_stuck_learns_it_too(client, http_host, listener, break_off):
    """The upstream reads nothing, nor does Cardea any more; then the upstream is gone."""
    client.sendall(raw.request("POST /upload", http_host(listener.url), f"Content-Length: {1 << 30}"))
    client.settimeout(None)
    sender = Sender(client, repeat(BLOCK))
    sender.start()
    with listener.accept_request() as (server, _):
        wait_until_stuck(lambda: sender.count)
        break_off(server)
    assert raw.status_of(raw.receive_head(client)) == 502
    sender.join(SECONDS)
    assert not sender.is_alive()


# --- clients that leave while nothing more of theirs is read ---


def open_state(connection: socket.socket):
    """Tells, without reading, whether the peer has neither ended nor reset that connection. 01 is ESTABLISHED."""
    own, peer = connection.getsockname()[1], connection.getpeername()[1]

    def is_open() -> bool:
        lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return "01" in [line[3] for line in lines if line[1].endswith(f":{own:04X}") and line[2].endswith(f":{peer:04X}")]

    return is_open


def fill(client: socket.socket):
    client.settimeout(1)
    Sender(client, repeat(BLOCK)).run()  # until nothing is taken for a second


@pytest.mark.parametrize("answer", ["none", "events"])
def test_the_upstream_learns_it_though_it_reads_nothing(cardea, http_host, answer):
    """By a reset; an orderly end stays with the client, behind what nobody has taken."""
    with raw.Listener() as listener, raw.connect(cardea.http_port) as client:
        client.sendall(raw.request("POST /upload", http_host(listener.url), f"Content-Length: {1 << 30}"))
        with listener.accept_request() as (server, _):
            if answer == "events":
                server.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
                raw.receive_until(client, b"data: 1\n\n")
            fill(client)
            is_open = open_state(server)
            assert is_open()
            raw.reset(client)
            wait_until(lambda: not is_open(), SECONDS, "the upstream's connection is closed")


@pytest.mark.parametrize("break_off", [end, raw.reset])
def test_the_upstream_learns_it_though_other_requests_wait_behind(cardea, http_host, break_off):
    with raw.Listener() as listener, raw.connect(cardea.http_port) as client:
        client.sendall(raw.request("GET /slow", http_host(listener.url)) * 2000)  # 120 KB, more than Cardea takes
        with listener.accept_request() as (server, _):
            is_open = open_state(server)
            assert is_open()
            break_off(client)
            wait_until(lambda: not is_open(), SECONDS, "the upstream's connection is closed")
