"""Requests through the proxy: bodies both ways, headers, connections, failures, and the end."""

import hashlib
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import httpx
import pytest
from cardea_stack import Cardea, HostConnection, Nginx, echoed_fields, free_port, wait_until
from support import raw
from support.transfers import upload
from support.upstream import BLOCK

BIG = 10 * 1024 * 1024


def test_a_big_body_down(https, site):
    status, headers, body = https(site).get(f"/bytes/{BIG}")
    assert status == 200
    assert headers["Content-Length"] == str(BIG)
    assert hashlib.sha256(body).digest() == hashlib.sha256((bytes(range(256)) * (BIG // 256 + 1))[:BIG]).digest()


def test_a_big_body_up_with_a_length(http, http_host, upstream):
    seen = upload(http(http_host(upstream.url)), os.urandom(BIG))
    assert seen == {"method": "POST", "framing": ["content-length"]}


def test_a_big_body_up_in_chunks(http, http_host, upstream):
    seen = upload(http(http_host(upstream.url)), [os.urandom(100_000) for _ in range(50)])
    assert seen == {"method": "PUT", "framing": ["transfer-encoding"]}


def test_a_body_that_comes_back_while_it_is_sent(cardea, http_host, upstream):
    """The response is read only as the request goes: neither side may be buffered whole."""
    host = http_host(upstream.url)
    with raw.connect(cardea.http_port) as connection:
        connection.sendall(raw.request("POST /mirror", host, "Transfer-Encoding: chunked"))
        for number in range(5):
            mark = b"part %d of five" % number
            connection.sendall(b"%x\r\n%s\r\n" % (len(mark), mark))
            assert mark in raw.receive_until(connection, mark)
        connection.sendall(b"0\r\n\r\n")
        assert raw.receive_until(connection, b"0\r\n\r\n").endswith(b"0\r\n\r\n")


def test_chunks_and_trailers(http, http_host, upstream):
    status, headers, body = http(http_host(upstream.url)).get("/chunked")
    assert status == 200
    assert body == b"".join(b"block %d\n" % number for number in range(200))
    assert "Content-Length" not in headers


def test_an_event_passes_before_the_next_one_exists(cardea, http_host, upstream):
    upstream.go_on.clear()
    with raw.connect(cardea.http_port) as connection:
        connection.sendall(raw.request("GET /events", http_host(upstream.url)))
        assert b"data: first" in raw.receive_until(connection, b"data: first\n\n")
        upstream.go_on.set()
        assert b"data: second" in raw.receive_until(connection, b"data: second\n\n")


def test_bodies_are_not_decoded_and_fields_stay_repeated(http, http_host, upstream, nginx):
    _, headers, body = http(http_host(upstream.url)).get("/encoded", {"Accept-Encoding": "gzip"})
    assert body == b"\x1f\x8b not really gzip"
    assert headers["Content-Encoding"] == "gzip"
    assert headers.get_all("X-Twice") == ["a", "b"]
    _, headers, _ = http(http_host(nginx.url)).get("/cookies")
    assert headers.get_all("Set-Cookie") == ["first=1; Path=/", "second=2; Path=/"]


def test_hop_by_hop_fields_are_not_forwarded(http, http_host, nginx):
    sent = {
        "Connection": "keep-alive, X-Nominated",
        "Keep-Alive": "timeout=77",
        "Proxy-Connection": "keep-alive",
        "Proxy-Authorization": "Basic YTpi",
        "TE": "trailers, deflate",
        "X-Nominated": "must go",
        "X-Custom": "must stay",
    }
    _, _, body = http(http_host(nginx.url)).get("/headers", sent)
    seen = echoed_fields(body)
    gone = ("keep-alive", "proxy-connection", "proxy-authorization", "x-nominated", "upgrade")
    assert {name: seen[name] for name in gone} == dict.fromkeys(gone, "")
    assert "deflate" not in seen["te"]
    assert "X-Nominated" not in seen["connection"]
    assert seen["x-custom"] == "must stay"


def test_forwarded_fields_are_ours(cardea, http, https, http_host, nginx, site):
    host = http_host(nginx.url)
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "evil.test"}
    seen = echoed_fields(http(host).get("/headers", forged)[2])
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-forwarded-host"] == host
    assert seen["x-forwarded-port"] == str(cardea.http_port)
    seen = echoed_fields(https(site).get("/headers")[2])
    assert (seen["x-forwarded-proto"], seen["x-forwarded-port"]) == ("https", str(cardea.https_port))


@pytest.mark.parametrize("preserve", [True, False])
def test_the_host_header_is_kept_or_replaced(http, http_host, nginx, preserve):
    host = http_host(nginx.url, preserve_host_header=preserve)
    expected = host if preserve else f"127.0.0.1:{nginx.port}"
    assert echoed_fields(http(host).get("/headers")[2])["host"] == expected


def test_custom_headers_replace_the_client_s(http, http_host, nginx):
    host = http_host(nginx.url, custom_headers={"X-Custom": "from the target"})
    assert echoed_fields(http(host).get("/headers", {"X-Custom": "from the client"})[2])["x-custom"] == "from the target"


def test_path_and_query_pass_as_they_came(http, http_host, nginx):
    path = "/headers?a=b%20c&d=%2F..%2F;e"
    assert echoed_fields(http(http_host(nginx.url)).get(path)[2])["uri"] == path


def test_redirects_are_the_client_s(http, http_host, nginx):
    status, headers, _ = http(http_host(nginx.url)).get("/redirect")
    assert status == 302
    assert headers["Location"].endswith("/elsewhere")


def test_head_and_304_have_no_body_and_the_connection_goes_on(http, http_host, nginx):
    connection = http(http_host(nginx.url))
    connection.request("HEAD", "/bytes/1024")
    response = connection.getresponse()
    assert (response.status, response.headers["Content-Length"], response.read()) == (200, "1024", b"")
    etag = response.headers["ETag"]
    status, _, body = connection.get("/bytes/1024", {"If-None-Match": etag})
    assert (status, body) == (304, b"")
    assert len(connection.get("/bytes/1024")[2]) == 1024


def test_expect_100_continue(cardea, http_host, upstream):
    with raw.connect(cardea.http_port) as connection:
        head = raw.request("POST /upload", http_host(upstream.url), "Content-Length: 5", "Expect: 100-continue")
        connection.sendall(head)
        assert raw.receive_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 100")
        connection.sendall(b"hello")
        assert hashlib.sha256(b"hello").hexdigest().encode() in raw.receive_until(connection, b"]}")


def test_connections_on_both_sides_are_used_again(cardea, nginx, http_host):
    host = http_host(nginx.url)
    with HostConnection(host, cardea.http_port) as connection:
        numbers = [echoed_fields(connection.get("/headers")[2])["connection-number"] for _ in range(20)]
    assert len(set(numbers)) == 1, "one worker, one upstream connection"


def test_an_upstream_that_closed_its_idle_connections(folder, http_host, http):
    """The pool's connection is dead when the next request comes: it is sent again on a fresh one."""
    with Nginx(folder / "nginx") as server:
        connection = http(http_host(server.url))
        assert connection.get("/")[0] == 200
        server.stop()
        server.start()
        assert connection.get("/")[0] == 200


def test_an_upstream_that_refuses_is_502(http, http_host):
    connection = http(http_host(f"http://127.0.0.1:{free_port()}"))
    status, _, body = connection.get("/")
    assert status == 502
    assert body
    assert connection.get("/")[0] == 502, "the client's connection stays good"


def test_an_upstream_that_speaks_no_http_is_502(http, http_host):
    """A real server of another protocol: one that greets at once and does not know what GET is."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet():
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"220 mail.example.com ESMTP\r\n")

        greeter = threading.Thread(target=greet, daemon=True)
        greeter.start()
        assert http(http_host(f"http://127.0.0.1:{server.getsockname()[1]}")).get("/")[0] == 502
        greeter.join(10)


def test_an_upstream_that_breaks_off_breaks_the_response_off(cardea, http_host, upstream):
    """A response cut short must not look whole."""
    response = raw.get(cardea.http_port, http_host(upstream.url), "/cut")
    head, _, body = response.partition(b"\r\n\r\n")
    assert b"1000" in head or raw.status_of(response) == 502
    assert len(body) < 1000


def test_an_early_client_end_frees_the_upstream(cardea, http, http_host, upstream):
    upstream.go_on.clear()
    host = http_host(upstream.url)
    with raw.connect(cardea.http_port) as connection:
        connection.sendall(raw.request("GET /slow", host))
        raw.receive_until(connection, BLOCK)
    upstream.go_on.set()
    assert http(host).get("/chunked")[0] == 200


def test_curl_and_httpx_agree(stack, site, root_pem):
    port = stack.cardea.https_port
    root = stack.pebble.write_root()
    url = f"https://{site}:{port}/bytes/{BIG}"
    curl = ["curl", "-sS", "--noproxy", "*", "--cacert", str(root), "--resolve", f"{site}:{port}:127.0.0.1", url]
    by_curl = subprocess.run(curl, capture_output=True, check=True, timeout=60).stdout
    with httpx.Client(verify=ssl.create_default_context(cadata=root_pem), trust_env=False) as client:
        request = {"headers": {"Host": site}, "extensions": {"sni_hostname": site}}
        by_httpx = client.get(f"https://127.0.0.1:{port}/bytes/{BIG}", **request)
    assert by_httpx.status_code == 200
    assert by_httpx.content == by_curl


def test_many_clients_at_once(stack, https, site):
    failures = []

    def ask():
        try:
            connection = https(site)
            for _ in range(20):
                status, _, body = connection.get("/bytes/1024")
                assert (status, len(body)) == (200, 1024)
        except Exception as error:  # whatever it is, the test reports it
            failures.append(error)

    clients = [threading.Thread(target=ask) for _ in range(30)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert failures == []


@pytest.fixture
def own_cardea(folder, stack):
    """A second Cardea on the same Redis, to be stopped by the test."""
    server = Cardea(folder, REDIS_URL=stack.redis.url())
    server.start()
    yield server
    server.stop()


def test_sigterm_lets_a_running_download_end(own_cardea, http_host, upstream):
    upstream.go_on.clear()
    host = http_host(upstream.url)
    wait_until(lambda: raw.status_of(raw.get(own_cardea.http_port, host, "/headers")) == 200, 20, "the host is known")
    with raw.connect(own_cardea.http_port) as connection:
        connection.sendall(raw.request("GET /slow", host))
        received = raw.receive_until(connection, BLOCK)
        own_cardea.send_signal(signal.SIGTERM)
        wait_until(lambda: not accepts(own_cardea.http_port), 20, "it accepts no more connections")
        upstream.go_on.set()
        received += raw.receive_all(connection)
    assert received.partition(b"\r\n\r\n")[2] == BLOCK * 16
    assert own_cardea.wait(30) == 0, own_cardea.log_tail()


def test_sigterm_ends_idle_connections_at_once(own_cardea):
    with raw.connect(own_cardea.http_port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: nobody.cardea.test\r\n\r\n")
        raw.receive_until(connection, b"\r\n\r\n")
        own_cardea.send_signal(signal.SIGTERM)
        assert own_cardea.wait(10) == 0, own_cardea.log_tail()


def accepts(port: int) -> bool:
    try:
        raw.connect(port, timeout=1).close()
        return True
    except OSError:
        return False


def test_the_head_reaches_the_upstream_before_the_body_comes(client, http_host, listener):
    client.sendall(raw.request("POST /refuse", http_host(listener.url), "Content-Length: 100"))
    with listener.accept_request() as (server, head):
        assert b"POST /refuse" in head
        server.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        assert raw.status_of(raw.receive_until(client, b"\r\n\r\n")) == 413


def test_a_client_that_leaves_after_its_body_ends_the_upstream_request(client, http_host, listener):
    client.sendall(raw.request("POST /slow", http_host(listener.url), "Content-Length: 4"))
    with listener.accept_request() as (server, _):
        client.sendall(b"body")
        raw.receive_until(server, b"body")
        client.close()
        assert server.recv(1) == b"", "the upstream is told that nobody waits"


@pytest.mark.parametrize(("method", "repeated"), [("GET", True), ("POST", False)])
def test_a_dead_pooled_connection_is_replaced_only_for_safe_requests(client, http_host, listener, method, repeated):
    host = http_host(listener.url)
    client.sendall(raw.request("GET /first", host))
    with listener.accept_request() as (server, _):
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst")
        raw.receive_until(client, b"first")
        # The pooled connection dies at the moment it is used again.
        client.sendall(raw.request(f"{method} /second", host))
        raw.receive_head(server)
    if repeated:
        with listener.accept_request() as (again, _):
            again.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond")
            assert raw.status_of(raw.receive_until(client, b"second")) == 200
    else:
        assert raw.status_of(raw.receive_until(client, b"\r\n\r\n")) == 502


@pytest.fixture
def pooled(client, http_host, listener):
    """A client, its host, and the connection to the upstream that its first request came on."""
    host = http_host(listener.url)
    client.sendall(raw.request("GET /first", host))
    with listener.accept_request() as (server, _):
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst")
        raw.receive_until(client, b"first")
        yield client, host, server


@pytest.mark.parametrize(("method", "seen"), [("PUT", b""), ("PUT", b"half, "), ("DELETE", b"half, ")])
def test_a_body_is_sent_again_with_its_request(pooled, listener, method, seen):
    """However much of it had come when the pooled connection died; the rest comes later."""
    client, host, dead = pooled
    client.sendall(raw.request(f"{method} /second", host, "Content-Length: 10") + seen)
    assert raw.receive_until(dead, b"\r\n\r\n" + seen).startswith(f"{method} /second ".encode())
    dead.close()
    with listener.accept_request() as (server, head):
        assert head.startswith(f"{method} /second ".encode())
        assert raw.fields_of(head, "Content-Length") == ["10"]
        if seen:
            assert raw.receive_until(server, seen) == seen
        rest = b"half, half"[len(seen) :]
        client.sendall(rest)
        assert raw.receive_until(server, rest) == rest
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond")
        assert raw.status_of(raw.receive_until(client, b"second")) == 200


def test_a_whole_body_is_sent_again_with_its_trailers(pooled, listener):
    client, host, dead = pooled
    body = b"5\r\nwhole\r\n0\r\nX-Sum: 1\r\n\r\n"
    client.sendall(raw.request("PUT /second", host, "Transfer-Encoding: chunked") + body)
    raw.receive_head(dead)
    assert raw.receive_until(dead, b"\r\n\r\n") == body
    dead.close()
    with listener.accept_request() as (server, _):
        assert raw.receive_until(server, b"\r\n\r\n") == body
        server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond")
        assert raw.status_of(raw.receive_until(client, b"second")) == 200


@pytest.mark.parametrize(("method", "size"), [("POST", 10), ("PUT", 65_537)])
def test_a_body_that_is_not_kept_is_not_sent_again(pooled, method, size):
    client, host, dead = pooled
    client.sendall(raw.request(f"{method} /second", host, f"Content-Length: {size}") + b"x" * size)
    raw.receive_head(dead)
    raw.receive_until(dead, b"x" * size)
    dead.close()
    assert raw.status_of(raw.receive_until(client, b"\r\n\r\n")) == 502


def test_a_connection_that_was_idle_serves_again(https, site):
    """After a second without a request a connection gives its buffers back."""
    connection = https(site)
    assert connection.get("/")[0] == 200
    time.sleep(1.5)  # being idle is what is tested
    assert connection.get("/")[0] == 200
