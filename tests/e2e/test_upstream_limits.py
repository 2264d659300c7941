"""Upstreams that keep everybody waiting, and how long connections to them live.

The clock of a Cardea of its own is moved, timers and all, so that minutes take no time.
"""

import contextlib
import os
import select
import socket
import sys
from itertools import repeat
from pathlib import Path

import pytest
from cardea_stack import wait_until
from support import raw
from support.access_log import SECONDS, running_logged_cardea
from support.async_upstream import AsyncUpstream
from support.clock import TimerClock
from support.sites import PatientApi, plain_sites
from support.transfers import Sender, wait_until_stuck

ROUNDS = 6  # of 20 seconds
BACKLOG_MAX = 10
KEEP_ALIVE_TIMER, KEEP_ALIVE_SECONDS = 2, 60  # the number of the timer in /proc/net/tcp; kKeepAliveIdle


@pytest.fixture(scope="module")
def clock(session_folder):
    return TimerClock(session_folder / "limits-clock")


@pytest.fixture(scope="module")
def node(stack, session_folder, clock):
    with running_logged_cardea(session_folder / "limits", stack, extra_environment=clock.environment) as running:
        yield running


@pytest.fixture
def pass_time(node, clock):
    """Moves the clock by so many seconds, once the node waits for what is being tested, and lets it look at the clock.

    Its only worker has done what it was doing when it answers somebody else. A limit that began after the move would be
    measured from there.
    """

    def settle():
        assert raw.status_of(raw.get(node.http_port, "nobody.cardea.test")) == 404

    def move(seconds: int):
        settle()
        clock.advance(f"+{seconds}s")
        settle()

    return move


@pytest.fixture
def new_site(stack, node, new_host):
    """Makes a site with that upstream."""
    api = PatientApi(node.http_port, stack.cardea.make_token(new_host("token")))
    with plain_sites(api, new_host, "limits") as make:
        yield make


@pytest.fixture
def upstream():
    with AsyncUpstream() as running:
        yield running


@pytest.fixture
def client(node):
    with raw.connect(node.http_port) as connection:
        yield connection


def is_silent(connection: socket.socket) -> bool:
    """Whether nothing comes, not even the end, in a look of a moment; nothing is taken."""
    return not select.select([connection], [], [], 0.3)[0]


def ask(client: socket.socket, host: str, line: str = "GET /", *fields: str, body: bytes = b""):
    client.sendall(raw.request(line, host, *fields) + body)


def answer(server: socket.socket, client: socket.socket):
    server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert raw.receive_until(client, b"\r\n\r\nok").startswith(b"HTTP/1.1 200 ")


# --- responses that do not come ---


@pytest.mark.parametrize(
    ("line", "fields", "body"),
    [
        ("GET /never", [], b""),
        ("POST /never", ["Content-Length: 4"], b"body"),
        ("POST /never", ["Transfer-Encoding: chunked"], b"4\r\nbody\r\n0\r\n\r\n"),
    ],
    ids=["get", "length", "chunked"],
)
def test_an_upstream_that_never_answers_is_504(node, pass_time, client, new_site, upstream, line, fields, body):
    host = new_site(upstream.url)
    ask(client, host, line, *fields, body=body)
    upload = upstream.uploads.get(timeout=SECONDS)
    assert (upload.length, upload.is_whole) == (len(body and b"body"), True)
    for seconds in (30, 25):
        pass_time(seconds)
        assert is_silent(client)
    pass_time(6)
    assert raw.status_of(raw.receive_head(client)) == 504
    line = node.access_log.wait_for_one(host=host)
    assert (line["status"], line.get("aborted")) == (504, None)
    wait_until(lambda: upstream.open == 0, SECONDS, "the upstream is told that nobody waits")


@pytest.mark.parametrize("path", ["/half", "/half-chunked"])
def test_a_body_of_a_response_that_stalls_is_cut(node, pass_time, client, new_site, upstream, path):
    host = new_site(upstream.url)
    ask(client, host, f"GET {path}")
    received = raw.receive_until(client, b"half-")
    assert raw.status_of(received) == 200
    for seconds in (30, 25):
        pass_time(seconds)
        assert is_silent(client)
    pass_time(6)
    assert raw.receive_all(client) == b"", "no chunk, and above all not the last one"
    line = node.access_log.wait_for_one(host=host)
    assert (line["status"], line["aborted"]) == (200, "upstream")
    wait_until(lambda: upstream.open == 0, SECONDS, "the upstream is told that nobody waits")


def test_an_upstream_that_does_not_shake_hands_is_504(node, pass_time, client, new_site, listener):
    ask(client, new_site(f"https://127.0.0.1:{listener.port}"))
    with listener.accept() as server:
        assert server.recv(1) == b"\x16", "a ClientHello"
        pass_time(8)
        assert is_silent(client)
        pass_time(3)
        assert raw.status_of(raw.receive_head(client)) == 504


# --- uploads that are not read ---

BLOCK = b"x" * 65536
BLOCKS = 1024  # more than the buffers of all sockets on the way
BODY_BYTES = BLOCKS * len(BLOCK)


def test_an_upload_that_is_not_read_is_given_up(node, pass_time, client, new_site, upstream):
    host = new_site(upstream.url)
    ask(client, host, "POST /held", f"Content-Length: {BODY_BYTES}")
    client.settimeout(None)  # of both directions; the sender ends with the connection
    sender = Sender(client, repeat(BLOCK, BLOCKS))
    sender.start()
    wait_until_stuck(lambda: sender.count)
    assert sender.count < BODY_BYTES
    pass_time(55)
    assert is_silent(client)
    # It may still say why it reads no more: the response has a minute of its own.
    for _ in range(ROUNDS):
        pass_time(20)
        if not is_silent(client):
            break
    assert raw.status_of(raw.receive_head(client)) == 504
    sender.join(SECONDS)
    assert not sender.is_alive()
    upstream.proceed()
    assert not upstream.uploads.get(timeout=SECONDS).is_whole


def test_an_upload_may_wait_while_its_upstream_pauses(pass_time, client, new_site, listener):
    """Each time for less than a minute, whatever it comes to."""
    ask(client, new_site(listener.url), "POST /pauses", f"Content-Length: {BODY_BYTES}")
    client.settimeout(None)
    sender = Sender(client, repeat(BLOCK, BLOCKS))
    sender.start()
    with listener.accept_request() as (server, _):
        received = 0
        for _ in range(4):
            wait_until_stuck(lambda: sender.count)
            pass_time(50)
            received += len(raw.receive_exactly(server, BODY_BYTES // 8))
        while received < BODY_BYTES:
            received += len(raw.receive_exactly(server, min(BODY_BYTES - received, 1 << 20)))
        answer(server, client)
    sender.join(SECONDS)
    assert sender.count == BODY_BYTES


# --- connections ---


def test_an_idle_connection_is_kept_for_four_seconds(pass_time, node, client, new_site, listener):
    host = new_site(listener.url)
    ask(client, host)
    with listener.accept_request() as (server, _):
        for _ in range(3):
            answer(server, client)
            pass_time(3)
            assert is_silent(server)
            ask(client, host)  # on the same connection, whose time begins anew
            raw.receive_head(server)
        answer(server, client)
        pass_time(5)
        assert server.recv(1) == b"", "closed before common servers do it"
    ask(client, host)
    with listener.accept_request() as (server, _):
        answer(server, client)


@pytest.fixture
def deaf():
    """A port on which nobody accepts: once its queue is full, the kernel drops what asks for a connection."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(BACKLOG_MAX):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0.3)
            try:
                filler.connect(listening.getsockname())
            except TimeoutError:
                yield listening.getsockname()[1]
                return
        pytest.fail("the queue has no end")


def test_connecting_has_five_seconds(node, pass_time, client, new_site, deaf):
    host = new_site(f"http://127.0.0.1:{deaf}")
    ask(client, host)
    for seconds in (2, 2):
        pass_time(seconds)
    assert is_silent(client)
    pass_time(2)
    assert raw.status_of(raw.receive_head(client)) == 504
    node.wait_for_log(f"{host} GET: 504", "connecting took too long")


def timer_of(local: tuple[str, int], peer: tuple[str, int]) -> tuple[int, float]:
    """Which timer the kernel has for that connection, and in how many seconds it fires."""

    def written(address: tuple[str, int]) -> str:
        return f"{int.from_bytes(socket.inet_aton(address[0]), sys.byteorder):08X}:{address[1]:04X}"

    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, own, other, _, _, timer, *_ = line.split()
        if (own, other) == (written(local), written(peer)):
            number, _, ticks = timer.partition(":")
            return int(number, 16), int(ticks, 16) / os.sysconf("SC_CLK_TCK")
    raise LookupError(f"no connection from {local} to {peer}")


def test_tcp_asks_silent_clients_and_upstreams_whether_they_are_there(node, client, new_site, listener):
    """Both are quiet in the middle of a response without an end."""
    ask(client, new_site(listener.url), "GET /events")
    with listener.accept_request() as (server, _), raw.connect(node.https_port) as handshaking:
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        raw.receive_until(client, b"data: 1\n\n")
        for test_side in (client, server, handshaking):
            # Cardea's end of it; what it sent is acknowledged in a moment, until then another timer runs.
            timer, seconds = wait_until(
                lambda end=test_side: (found := timer_of(end.getpeername(), end.getsockname()))[0] in (0, KEEP_ALIVE_TIMER) and found,
                SECONDS,
                "nothing is on its way",
            )
            assert timer == KEEP_ALIVE_TIMER
            assert 0 < seconds <= KEEP_ALIVE_SECONDS + 1
