"""Upstreams that speak HTTP/2 without TLS."""

import hashlib
import json
import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from cardea_stack import HostConnection, ManagedProcess, free_port, wait_until
from support import raw
from support.h2_upstream import BLOCK, H2Upstream
from support.transfers import resident_kib, upload

BIG = 10 * 1024 * 1024


@pytest.fixture(scope="module")
def upstream():
    with H2Upstream() as running:
        yield running


@pytest.fixture
def own_upstream():
    """For a test that breaks connections or counts them."""
    with H2Upstream() as running:
        yield running


@pytest.fixture
def ask(cardea, http_host, upstream):
    """Sends a request byte by byte and returns the connection: ask("GET /path", fields…)."""
    opened = []

    def send(line: str, *fields: str, body: bytes = b"", to: H2Upstream = upstream) -> socket.socket:
        opened.append(raw.connect(cardea.http_port))
        opened[-1].sendall(raw.request(line, http_host(to.url), *fields) + body)
        return opened[-1]

    yield send
    for connection in opened:
        connection.close()


def log_of(cardea, hostname: str) -> str:
    return cardea.wait_for_log(f"{hostname} ")


# --- heads ---


def test_a_request_goes_out_as_http2_has_it(http, http_host, upstream):
    host = http_host(f"{upstream.url}/headers/", custom_headers={"X-Key": "Secret"})
    fields = {
        "Connection": "keep-alive, X-Nominated",
        "Keep-Alive": "timeout=5",
        "TE": "trailers, deflate",
        "X-Nominated": "1",
        "X-Custom": "Value",
        "Cookie": "a=1",
    }
    status, headers, body = http(host).get("/a%20b?c=d", fields)
    assert status == 200
    seen = [tuple(field) for field in json.loads(body)]
    assert [name for name, _ in seen[:4]] == [":method", ":scheme", ":path", ":authority"], "pseudo-fields first"
    found = dict(seen)
    assert found[":method"] == "GET"
    assert found[":scheme"] == "http"
    assert found[":path"] == "/headers/a%20b?c=d"
    assert found[":authority"] == host
    assert found["x-custom"] == "Value"
    assert found["cookie"] == "a=1"
    assert found["te"] == "trailers"
    assert found["x-key"] == "Secret"
    assert found["x-forwarded-for"] == "127.0.0.1"
    assert found["via"] == "1.1 cardea"
    assert not {"host", "connection", "keep-alive", "x-nominated", "transfer-encoding", "upgrade"} & found.keys()
    assert headers["Via"] == "2 cardea"


def test_the_authority_can_be_the_upstreams(http, http_host, upstream):
    host = http_host(upstream.url, preserve_host_header=False)
    seen = dict(map(tuple, json.loads(http(host).get("/headers")[2])))
    assert seen[":authority"] == f"127.0.0.1:{upstream.port}"


def test_repeated_fields_stay_repeated_and_in_order(http, http_host, upstream):
    _, headers, _ = http(http_host(upstream.url)).get("/headers")
    order = [(name, value) for name, value in headers.items() if name in ("x-twice", "set-cookie")]
    assert order == [("x-twice", "a"), ("set-cookie", "first=1"), ("x-twice", "b"), ("set-cookie", "second=2")]


def test_cookies_in_several_lines_pass(ask):
    """The receiver joins them (RFC 9113 §8.2.3)."""
    connection = ask("GET /headers", "Cookie: a=1", "Cookie: b=2", "Connection: close")
    seen = json.loads(raw.receive_all(connection).partition(b"\r\n\r\n")[2])
    assert [value for name, value in seen if name == "cookie"] == ["a=1; b=2"]


@pytest.mark.parametrize("status", [204, 304, 404])
def test_responses_without_a_body(http, http_host, upstream, status):
    connection = http(http_host(upstream.url))
    seen, headers, body = connection.get(f"/status/{status}")
    assert (seen, headers["ETag"], body) == (status, '"1"', b"")
    assert headers["Content-Length"] == ("0" if status == 404 else None)
    assert connection.get("/headers")[0] == 200, "the client's connection goes on"


def test_head_has_the_length_and_no_body(http, http_host, own_upstream):
    connection = http(http_host(own_upstream.url))
    for _ in range(2):
        connection.request("HEAD", "/status/200")
        response = connection.getresponse()
        assert (response.status, response.headers["ETag"], response.read()) == (200, '"1"', b"")
    assert connection.get("/bytes/1024")[0] == 200
    assert {number for _, number in own_upstream.asked} == {1}, "all on one connection"


def test_interim_responses_pass(ask):
    received = raw.receive_until(ask("GET /hints"), b"\r\n\r\nok")
    interim, _, rest = received.partition(b"\r\n\r\n")
    assert interim.startswith(b"HTTP/1.1 103 Early Hints\r\n")
    assert b"link: </style.css>; rel=preload" in interim
    assert rest.startswith(b"HTTP/1.1 200 OK\r\n")


# --- bodies ---


def test_a_big_body_down(http, http_host, upstream):
    status, headers, body = http(http_host(upstream.url)).get(f"/bytes/{BIG}")
    assert (status, headers["Content-Length"]) == (200, str(BIG))
    assert body == BLOCK * (BIG // len(BLOCK))


def test_a_big_body_up_with_a_length(http, http_host, upstream):
    seen = upload(http(http_host(upstream.url)), os.urandom(BIG))
    assert seen == {"trailers": [], "content-length": str(BIG)}


def test_a_big_body_up_in_chunks(http, http_host, upstream):
    seen = upload(http(http_host(upstream.url)), [os.urandom(100_000) for _ in range(50)])
    assert seen == {"trailers": [], "content-length": None}


def test_a_big_body_comes_back_while_it_is_sent(ask):
    body = os.urandom(BIG)
    connection = ask("POST /mirror", f"Content-Length: {BIG}", "Connection: close")
    sender = threading.Thread(target=connection.sendall, args=(body,))
    sender.start()
    head, _, received = raw.receive_all(connection).partition(b"\r\n\r\n")
    sender.join()
    assert b"Transfer-Encoding: chunked" in head
    assert raw.dechunked(received)[0] == body


def test_each_piece_comes_back_before_the_next_is_sent(ask):
    connection = ask("POST /mirror", "Transfer-Encoding: chunked")
    for number in range(5):
        mark = b"part %d of five" % number
        connection.sendall(b"%x\r\n%s\r\n" % (len(mark), mark))
        assert mark in raw.receive_until(connection, mark)
    connection.sendall(b"0\r\nX-Sum: 1\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n")
    end = raw.receive_until(connection, b"\r\n\r\n")
    assert b"0\r\nx-sum: 1\r\n\r\n" in end, "trailers went both ways, but those that are no trailers"


def test_trailers_pass(ask):
    received = raw.receive_until(ask("GET /trailers"), b"4\r\n\r\n")
    assert received.endswith(b"4\r\nbody\r\n0\r\nx-sum: 4\r\n\r\n")


def test_an_event_passes_before_the_next_one_exists(ask, own_upstream):
    connection = ask("GET /events", to=own_upstream)
    assert b"data: first" in raw.receive_until(connection, b"data: first\n\n")
    own_upstream.proceed()
    assert b"data: second" in raw.receive_until(connection, b"data: second\n\n")


def test_downloads_that_nobody_reads_are_not_held(cardea, ask, http, http_host, upstream):
    before = resident_kib(cardea)
    clients = []
    for _ in range(10):
        clients.append(ask(f"GET /bytes/{BIG}", "Connection: close"))
        clients[-1].recv(1000)
    assert http(http_host(upstream.url)).get("/headers")[0] == 200
    grown = resident_kib(cardea) - before
    for client in clients:
        assert len(raw.receive_all(client)) > BIG - 1000
    assert grown < 50 * 1024, f"{grown} KiB for ten stalled downloads of 10240 KiB"


def test_uploads_that_the_upstream_does_not_take_are_not_held(cardea, ask, own_upstream):
    before = resident_kib(cardea)
    body = os.urandom(BIG)
    clients = [ask("POST /hold", f"Content-Length: {BIG}", "Connection: close", to=own_upstream) for _ in range(10)]
    senders = [threading.Thread(target=client.sendall, args=(body,)) for client in clients]
    for sender in senders:
        sender.start()
    wait_until(lambda: len(own_upstream.asked) == 10, 20, "all are asked")
    senders[0].join(1)
    assert all(sender.is_alive() for sender in senders), "they have to wait"
    grown = resident_kib(cardea) - before
    own_upstream.proceed()
    for client, sender in zip(clients, senders, strict=True):
        assert hashlib.sha256(body).hexdigest().encode() in raw.receive_all(client)
        sender.join()
    assert grown < 50 * 1024, f"{grown} KiB for ten stalled uploads of 10240 KiB"


# --- Expect, early answers ---


def test_expect_100_continue_asks_the_upstream(ask):
    connection = ask("POST /continue", "Content-Length: 5", "Expect: 100-continue")
    assert raw.receive_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 100")
    connection.sendall(b"hello")
    assert hashlib.sha256(b"hello").hexdigest().encode() in raw.receive_until(connection, b"}")


def test_who_refuses_by_the_head_alone_gets_no_body(ask):
    connection = ask("POST /early", "Content-Length: 5", "Expect: 100-continue")
    assert raw.receive_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 413")


def test_an_answer_that_comes_before_the_body_passes(ask):
    connection = ask("POST /early", "Content-Length: 5")
    assert raw.receive_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 413")


# --- resets ---


@pytest.mark.parametrize("code", ["INTERNAL_ERROR", "CANCEL", "PROTOCOL_ERROR", "HTTP_1_1_REQUIRED", "NO_ERROR"])
def test_a_request_that_the_upstream_resets_is_502(cardea, http, http_host, upstream, code):
    host = http_host(upstream.url)
    connection = http(host)
    assert connection.get("/headers")[0] == 200
    assert connection.get(f"/reset/{code}")[0] == 502
    assert code in log_of(cardea, host) or "give an http:// URL" in log_of(cardea, host)
    assert connection.get("/headers")[0] == 200
    assert [path for path, _ in upstream.asked].count(f"/reset/{code}") == 1, "it may have done something"


@pytest.mark.parametrize("code", ["INTERNAL_ERROR", "NO_ERROR"])
def test_a_response_that_is_reset_in_the_middle_does_not_look_whole(ask, own_upstream, code):
    connection = ask(f"GET /cut/{code}", to=own_upstream)
    received = raw.receive_until(connection, b"only this")
    assert b"Transfer-Encoding: chunked" in received
    own_upstream.proceed()
    assert raw.receive_all(connection).strip() == b"", "no last chunk"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_request_is_sent_again_whatever_it_is(http, http_host, own_upstream, method):
    """REFUSED_STREAM: nothing was done (RFC 9113 §8.7)."""
    connection = http(http_host(own_upstream.url))
    connection.request(method, "/refuse", headers={"Content-Length": "0"})
    assert connection.getresponse().status == 200
    assert [path for path, _ in own_upstream.asked] == ["/refuse", "/refuse"]


def test_a_request_whose_body_was_begun_is_not_sent_again(http, http_host, own_upstream):
    connection = http(http_host(own_upstream.url))
    connection.request("POST", "/refuse", b"body")
    assert connection.getresponse().status == 502
    assert len(own_upstream.asked) == 1


# --- connections ---


def test_a_connection_serves_more_than_one_request(http, http_host, own_upstream):
    connection = http(http_host(own_upstream.url))
    for _ in range(50):
        assert len(connection.get("/bytes/30000")[2]) == 30000
    assert {number for _, number in own_upstream.asked} == {1}


def test_a_connection_carries_one_request_at_a_time(ask, own_upstream):
    held = [ask("GET /events", to=own_upstream) for _ in range(3)]
    for connection in held:
        raw.receive_until(connection, b"data: first\n\n")
    assert len({number for _, number in own_upstream.asked}) == 3
    own_upstream.proceed()


def test_an_upstream_that_says_goaway_while_idle_is_not_asked_on_that_connection(http, http_host, own_upstream):
    connection = http(http_host(own_upstream.url))
    assert connection.get("/headers")[0] == 200
    own_upstream.say_goaway()
    wait_until(lambda: own_upstream.connections() == 0, 20, "Cardea ends the connection")
    connection.request("POST", "/upload", b"body")
    assert connection.getresponse().status == 200
    assert own_upstream.asked == [("/headers", 1), ("/upload", 2)]


def test_an_idle_connection_answers_pings(http, http_host, own_upstream):
    assert http(http_host(own_upstream.url)).get("/headers")[0] == 200
    asked = own_upstream.ping()
    wait_until(lambda: asked.pings_answered == 1, 20, "the answer")


def test_a_client_that_leaves_ends_the_upstreams_work(ask, own_upstream):
    connection = ask("GET /silent", to=own_upstream)
    wait_until(lambda: own_upstream.asked, 20, "the upstream is asked")
    assert not own_upstream.gone.is_set()
    connection.close()
    assert own_upstream.gone.wait(20)


def test_a_dead_pooled_connection_is_replaced(http, http_host, folder):
    """The upstream went away and came back at the same port."""
    server = Nghttpd(folder, free_port())
    connection = http(http_host(server.url))
    for _ in range(2):
        with server:
            assert connection.get("/")[0] == 404


def test_the_port_must_speak_http2(cardea, http, http_host, nginx):
    host = http_host(nginx.url.replace("http://", "h2c://"))
    assert http(host).get("/")[0] == 502
    assert "does not speak HTTP/2" in log_of(cardea, host)


def test_an_upstream_that_refuses_is_502(http, http_host):
    assert http(http_host(f"h2c://127.0.0.1:{free_port()}")).get("/")[0] == 502


def test_a_websocket_is_refused_with_a_reason(ask, upstream):
    before = len(upstream.asked)
    connection = ask("GET /headers", "Connection: Upgrade", "Upgrade: websocket")
    page = raw.receive_until(connection, b"Request id")
    assert page.startswith(b"HTTP/1.1 501 ")
    assert b"speaks HTTP/2" in page
    assert len(upstream.asked) == before
    # What curl and others offer on every request is no reason to refuse it.
    offer = ask("GET /headers", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
    assert raw.receive_until(offer, b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")


# --- nghttpd: another implementation ---


class Nghttpd(ManagedProcess):
    """nghttp2's server; echoes uploads, ends every body with a trailer."""

    name = "nghttpd"

    def __init__(self, folder: Path, port: int):
        super().__init__(folder)
        self.port = port
        self.url = f"h2c://127.0.0.1:{port}"

    def command(self):
        options = ["--no-tls", "--echo-upload", "--trailer", "x-sum: 1", "--padding", "100"]
        return ["nghttpd", *options, "--address", "127.0.0.1", "--htdocs", str(self.folder), str(self.port)]

    def is_ready(self):
        try:
            raw.connect(self.port, timeout=1).close()
            return True
        except OSError:
            return False


def test_nghttpd_serves_and_echoes(cardea, http_host, folder):
    content = os.urandom(3_000_000)
    with Nghttpd(folder, free_port()) as server:
        (folder / "file").write_bytes(content)
        host = http_host(server.url)
        with HostConnection(host, cardea.http_port) as connection:
            for _ in range(3):
                status, _, body = connection.get("/file")
                assert (status, body == content) == (200, True)
            connection.request("HEAD", "/file")
            response = connection.getresponse()
            assert (response.status, response.headers["Content-Length"], response.read()) == (200, "3000000", b"")
            etag = response.headers["Last-Modified"]
            assert connection.get("/file", {"If-Modified-Since": etag})[0] == 304
        url = f"http://{host}:{cardea.http_port}/echo"
        curl = ["curl", "-sS", "--noproxy", "*", "--resolve", f"{host}:{cardea.http_port}:127.0.0.1"]
        curl += ["--data-binary", f"@{folder}/file", "-H", f"Host: {host}", url]
        echoed = subprocess.run(curl, capture_output=True, check=True, timeout=60).stdout
        assert echoed == content
