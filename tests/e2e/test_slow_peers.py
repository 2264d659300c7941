"""Clients and upstreams that take their time: who trickles is cut off, who is merely slow or quiet is not.

The clock of a Cardea of its own is moved, timers and all, so that minutes take no time.
"""

import contextlib
import signal
import socket

import pytest
from cardea_stack import Api, wait_until
from support import raw
from support.access_log import SECONDS, running_logged_cardea
from support.clock import TimerClock
from support.h2_upstream import H2Upstream
from support.sites import PatientApi, plain_sites

STEP = 20  # seconds between two pieces of somebody slow
ROUNDS = 12  # more than anybody who trickles gets: the limit is a minute
BYTES_PER_STEP = 240 * STEP  # kBodyRateMin


@pytest.fixture(scope="module")
def clock(session_folder):
    return TimerClock(session_folder / "slow-clock")


@pytest.fixture(scope="module")
def node(stack, session_folder, clock):
    with running_logged_cardea(session_folder / "slow", stack, extra_environment=clock.environment) as running:
        yield running


@pytest.fixture
def new_site(stack, node, new_host):
    """Makes a site with that upstream."""
    api = PatientApi(node.http_port, stack.cardea.make_token(new_host("token")))
    with plain_sites(api, new_host, "slow") as make:
        yield make


@pytest.fixture
def host(new_site, listener):
    """A site whose upstream is `listener`."""
    return new_site(listener.url)


@pytest.fixture
def http2_host(new_site):
    """A site and its upstream, which speaks HTTP/2."""
    with H2Upstream() as upstream:
        yield new_site(upstream.url), upstream


@pytest.fixture
def client(node):
    with raw.connect(node.http_port) as connection:
        yield connection


def is_over(connection: socket.socket) -> bool:
    """Whether the peer has ended or reset, after a look of a moment; what it sent before is dropped."""
    connection.settimeout(0.3)
    try:
        while connection.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True
    finally:
        connection.settimeout(SECONDS)


# --- heads ---


def test_a_head_has_half_a_minute_however_it_comes(node, client, clock):
    client.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\n")
    for number in range(ROUNDS):
        clock.advance(f"+{STEP}s")
        client.settimeout(0.5)
        try:
            answer = client.recv(65536)
            break
        except TimeoutError:
            client.sendall(b"X-%d: 1\r\n" % number)
    assert raw.status_of(answer) == 408
    assert number < 3
    assert answer + raw.receive_all(client)


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x00\x80", b"\x16\x03"], ids=["nothing", "a-record", "two-bytes"])
def test_a_handshake_has_ten_seconds(node, clock, sent):
    with raw.connect(node.https_port) as connection:
        connection.sendall(sent)
        assert not is_over(connection)
        clock.advance("+11s")
        assert raw.receive_all(connection) == b""


def test_a_connection_without_a_request_ends(node, client, clock):
    client.sendall(b"GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n")
    assert raw.status_of(raw.receive_until(client, b"Request id: ")) == 404
    for pause in ("+2s", "+70s"):
        assert not is_over(client)
        clock.advance(pause)
    assert not is_over(client)
    clock.advance("+6s")
    assert raw.receive_all(client) == b""


# --- bodies of requests ---


def steps_until(is_cut, clock: TimerClock, trickle) -> int:
    """How many steps of time pass until is_cut(); at the end of each, trickle() sends or takes very little."""
    for number in range(ROUNDS):
        clock.advance(f"+{STEP}s")
        if is_cut():
            break
        trickle()
    return number


@pytest.fixture
def upload(client, host, listener):
    """A client and its upstream, after the head of a request with a long body."""
    client.sendall(raw.request("POST /upload", host, "Content-Length: 1000000"))
    with listener.accept_request() as (server, _):
        yield client, server


def test_a_body_that_trickles_is_cut(node, host, upload, clock):
    client, server = upload
    steps = steps_until(lambda: is_over(server), clock, lambda: client.sendall(b"x"))
    assert 2 <= steps <= 4, "silence for less than a minute is no fault, and a byte does not make it one"
    assert is_over(client)
    line = node.access_log.wait_for_one(host=host, path="/upload")
    assert (line["aborted"], line["status"]) == ("client", 0)


def test_chunks_that_trickle_are_cut(client, host, listener, clock):
    client.sendall(raw.request("POST /chunks", host, "Transfer-Encoding: chunked"))
    with listener.accept_request() as (server, _):
        steps = steps_until(lambda: is_over(server), clock, lambda: client.sendall(b"1;what=this\r\nx\r\n"))
        assert 2 <= steps <= 4
        assert is_over(client)


def test_a_slow_body_arrives(upload, clock):
    """A little more than the least rate, for several minutes; and pauses of less than a minute."""
    client, server = upload
    sent = 0
    for _ in range(ROUNDS):
        clock.advance(f"+{STEP}s")
        client.sendall(b"x" * (BYTES_PER_STEP * 5 // 4))
        sent += BYTES_PER_STEP * 5 // 4
        raw.receive_exactly(server, BYTES_PER_STEP * 5 // 4)
    for _ in range(3):
        clock.advance("+50s")
        client.sendall(b"x" * 50_000)
        sent += 50_000
        raw.receive_exactly(server, 50_000)
    client.sendall(b"x" * (1_000_000 - sent))
    raw.receive_exactly(server, 1_000_000 - sent)
    server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert raw.status_of(raw.receive_head(client)) == 200


def test_an_upload_may_wait_for_its_upstream(upload, clock):
    """Time in which nobody waits for the client is not the client's."""
    client, server = upload
    client.sendall(b"x" * 1_000_000)
    raw.receive_exactly(server, 1_000_000)
    clock.advance("+50s")
    server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert raw.status_of(raw.receive_head(client)) == 200


# --- bodies of responses ---

SOME = 64 * 1024


@pytest.fixture
def download(node, host, listener):
    """A client with a small buffer that has read nothing, and its upstream, which has sent until both were full."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        client.settimeout(SECONDS)
        client.connect(("127.0.0.1", node.http_port))
        client.sendall(raw.request("GET /download", host))
        with listener.accept_request() as (server, _):
            server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            fill(server)
            yield client, server


def fill(connection: socket.socket) -> int:
    """Sends until nothing moves for a moment; how much it was."""
    sent = 0
    connection.settimeout(0.3)
    try:
        while True:
            sent += connection.send(b"x" * SOME)
    except TimeoutError:
        return sent
    finally:
        connection.settimeout(SECONDS)


def was_dropped(server: socket.socket) -> bool:
    """Whether the proxy has given the response up, after a look of a moment."""
    try:
        fill(server)
        return False
    except (ConnectionResetError, BrokenPipeError):
        return True


def test_a_reader_that_trickles_is_cut(node, host, download, clock):
    client, server = download
    assert 2 <= steps_until(lambda: was_dropped(server), clock, lambda: client.recv(1)) <= 5
    assert node.access_log.wait_for_one(host=host, path="/download")["aborted"] == "client"


def test_a_slow_reader_gets_on(download, clock):
    """What it takes counts, though the socket's buffer of megabytes has no room for more for minutes."""
    client, server = download
    for _ in range(ROUNDS):
        clock.advance(f"+{STEP}s")
        assert not was_dropped(server)
        raw.receive_exactly(client, 3 * BYTES_PER_STEP)
    assert not was_dropped(server)


# --- quiet, but not slow ---


def test_quiet_events_are_not_cut(client, host, listener, clock):
    client.sendall(raw.request("GET /events", host))
    with listener.accept_request() as (server, _):
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        raw.receive_head(client)
        for _ in range(4):
            clock.advance("+50m")
            server.sendall(b"data: x\n\n")
            assert b"data: x\n\n" in raw.receive_until(client, b"\n\n\r\n")


def test_a_quiet_tunnel_is_not_cut(client, host, listener, clock):
    client.sendall(raw.request("GET /tunnel", host, "Connection: Upgrade", "Upgrade: echo"))
    with listener.accept_request() as (server, _):
        server.sendall(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        assert raw.status_of(raw.receive_head(client)) == 101
        for _ in range(4):
            for sender, receiver in ((client, server), (server, client)):
                clock.advance("+25m")
                sender.sendall(b"x")
                assert receiver.recv(1) == b"x"


@pytest.fixture(params=["client", "upstream"])
def one_sided(request, node, host, listener):
    """A tunnel of which one end reads nothing, and that end and the other, which has sent until everything was full."""
    with socket.socket() as client:
        client.settimeout(SECONDS)
        client.connect(("127.0.0.1", node.http_port))
        client.sendall(raw.request("GET /one-sided", host, "Connection: Upgrade", "Upgrade: echo"))
        with listener.accept_request() as (server, _):
            server.sendall(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
            assert raw.status_of(raw.receive_head(client)) == 101
            deaf, sender = (client, server) if request.param == "client" else (server, client)
            fill(sender)
            yield deaf, sender


def test_a_tunnel_may_be_full_one_way_while_it_moves_the_other(one_sided, clock):
    deaf, sender = one_sided
    for _ in range(4):
        clock.advance("+25m")
        assert not was_dropped(sender)
        deaf.sendall(b"x")
        assert sender.recv(1) == b"x"


def test_a_tunnel_that_is_full_and_moves_no_way_is_cut_by_us(node, host, one_sided, clock):
    _, sender = one_sided
    for step in ("+2m", "+58m"):  # by the first it is seen that nothing moves any more
        clock.advance(step)
        assert not was_dropped(sender)
    clock.advance("+3m")
    wait_until(lambda: was_dropped(sender), SECONDS, "the tunnel ends")
    assert node.access_log.wait_for_one(host=host, path="/one-sided")["aborted"] == "proxy"


# --- upstreams ---


def respond_slowly(server: socket.socket, clock, pieces) -> int:
    """Sends a piece every STEP seconds until it is cut off; how many it were."""
    for number, piece in enumerate(pieces):
        clock.advance(f"+{STEP}s")
        with contextlib.suppress(OSError):
            server.sendall(piece)
        if is_over(server):
            return number
    return number + 1


@pytest.fixture
def asked(client, host, listener):
    """A client that waits for its response, and the upstream that has its request."""
    client.sendall(raw.request("GET /slow", host))
    with listener.accept_request() as (server, _):
        yield client, server


def test_a_head_of_a_response_that_trickles_is_504(asked, clock):
    client, server = asked
    fields = [b"HTTP/1.1 200 OK\r\n", *[b"X-%d: 1\r\n" % number for number in range(ROUNDS)]]
    assert 2 <= respond_slowly(server, clock, fields) <= 4
    assert raw.status_of(raw.receive_until(client, b"Request id: ")) == 504


def test_interim_responses_show_that_the_upstream_is_at_work(asked, clock):
    client, server = asked
    interim = [b"HTTP/1.1 102 Processing\r\n\r\n"] * ROUNDS
    assert respond_slowly(server, clock, interim) == ROUNDS
    server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert raw.receive_until(client, b"\r\n\r\nok").endswith(b"\r\n\r\nok")


def test_a_body_of_a_response_that_has_nothing_but_framing_is_cut(node, host, asked, clock):
    client, server = asked
    server.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
    assert raw.receive_until(client, b"first\r\n")
    assert 2 <= respond_slowly(server, clock, [b"0"] * ROUNDS) <= 4
    assert raw.receive_all(client) == b"", "no last chunk"
    assert node.access_log.wait_for_one(host=host, path="/slow")["aborted"] == "upstream"


def test_a_slow_response_arrives(asked, clock):
    client, server = asked
    server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % ROUNDS)
    assert respond_slowly(server, clock, [b"x"] * ROUNDS) == ROUNDS
    assert raw.receive_until(client, b"x" * ROUNDS).endswith(b"\r\n\r\n" + b"x" * ROUNDS)


def test_a_response_that_began_early_may_wait_for_the_rest_of_the_request(upload, clock):
    """As an echo does. The request has limits of its own."""
    client, server = upload
    server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
    assert raw.status_of(raw.receive_head(client)) == 200
    sent = 0
    for _ in range(ROUNDS):
        clock.advance(f"+{STEP}s")
        client.sendall(b"x" * (2 * BYTES_PER_STEP))
        sent += 2 * BYTES_PER_STEP
        raw.receive_exactly(server, 2 * BYTES_PER_STEP)
    client.sendall(b"x" * (1_000_000 - sent))
    raw.receive_exactly(server, 1_000_000 - sent)
    server.sendall(b"ok")
    assert raw.receive_until(client, b"ok") == b"ok"


@pytest.mark.parametrize("path", ["/silent", "/stalled"])
def test_frames_of_http2_do_not_prolong_a_response(client, http2_host, clock, path):
    """The server answers for an application that hangs."""
    host, upstream = http2_host
    client.sendall(raw.request(f"GET {path}", host))
    wait_until(lambda: upstream.asked, SECONDS, "the upstream is asked")
    if path == "/stalled":
        assert raw.receive_until(client, b"first\r\n")
    assert 2 <= steps_until(lambda: upstream.gone.wait(0.3), clock, upstream.ping) <= 4
    if path == "/silent":
        assert raw.status_of(raw.receive_until(client, b"Request id: ")) == 504
    else:
        assert raw.receive_all(client) == b"", "no last chunk"


# --- the end ---


def test_what_the_end_cuts_off_is_said_to_be_cut_by_us(stack, folder, listener):
    """A request that is still running when the time for it is over, with its upstream silent."""
    clock = TimerClock(folder / "clock")
    with running_logged_cardea(folder / "node", stack, extra_environment=clock.environment) as node:
        token = stack.cardea.make_token("cut-by-the-end")
        Api(node.http_port, token).create_target("cut.cardea.test", listener.url, enable_https=False)
        with raw.connect(node.http_port) as waiting, raw.connect(node.http_port) as downloading:
            waiting.sendall(raw.request("GET /waiting", "cut.cardea.test"))
            with listener.accept_request():
                downloading.sendall(raw.request("GET /downloading", "cut.cardea.test"))
                with listener.accept_request() as (server, _):
                    server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf-")
                    raw.receive_until(downloading, b"half-")
                    node.send_signal(signal.SIGTERM)
                    wait_until(lambda: "stopping" in node.log(), SECONDS, "it has begun to end")
                    assert not is_over(waiting)
                    clock.advance("+31s")
                    assert raw.receive_all(waiting) == b"" and raw.receive_all(downloading) == b""
                    assert node.wait(SECONDS) == 0, node.log_tail()
    lines = {line["path"]: (line["status"], line["aborted"]) for line in node.access_log.of(host="cut.cardea.test")}
    assert lines == {"/waiting": (0, "proxy"), "/downloading": (200, "proxy")}
    stack.api(token).expect(200, "DELETE", "/proxy/targets/cut.cardea.test")
