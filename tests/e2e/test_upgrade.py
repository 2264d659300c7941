"""Upgrades: the 101 is the upstream's, and what follows it passes as it is until both sides have ended."""

import contextlib
import socket

import pytest
from support import raw
from support.names import certificate_name
from support.websocket_handshake import ACCEPT, KEY, SWITCH, handshake
from support.websocket_upstream import WebSocketUpstream
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect


@pytest.fixture(scope="module")
def echo():
    with WebSocketUpstream() as running:
        yield running.url


@pytest.fixture
def websocket_to(cardea):
    """Opens a WebSocket to a host by a client of the library's."""
    with contextlib.ExitStack() as stack:

        def open_socket(host: str, path: str = "/", **options):
            plain = socket.create_connection(("127.0.0.1", cardea.http_port), 20)
            return stack.enter_context(connect(f"ws://{host}{path}", sock=plain, max_size=None, **options))

        yield open_socket


@pytest.fixture
def switched(client, http_host, listener):
    """A client and an upstream, both raw, after the 101."""
    client.sendall(handshake(http_host(listener.url)))
    with listener.accept_request() as (upstream, _):
        upstream.sendall(SWITCH)
        assert raw.receive_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
        yield client, upstream


def test_messages_pass_both_ways(websocket_to, http_host, echo):
    host = http_host(echo)
    with websocket_to(host) as websocket:
        for message in ("text", b"binary", "ü" * 1000, bytes(range(256)) * 4096):
            websocket.send(message)
            assert websocket.recv(20) == message
        websocket.send(["in", "three", "fragments"])
        assert websocket.recv(20) == "inthreefragments"
        assert websocket.ping().wait(20), "the pong came"


def test_subprotocol_and_extensions_are_settled_between_the_ends(websocket_to, http_host, echo):
    with websocket_to(http_host(echo), subprotocols=["other", "chat.v1"], compression="deflate") as websocket:
        assert websocket.subprotocol == "chat.v1"
        assert [extension.name for extension in websocket.protocol.extensions] == ["permessage-deflate"]
        websocket.send("a" * 100_000)
        assert websocket.recv(20) == "a" * 100_000


def test_the_close_code_passes(websocket_to, http_host, echo):
    with websocket_to(http_host(echo)) as websocket:
        websocket.send("close")
        with pytest.raises(ConnectionClosedError) as closed:
            websocket.recv(20)
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, "as you wish")


def test_the_upstream_sees_the_headers_of_the_contract(websocket_to, http_host, echo):
    host = http_host(echo, custom_headers={"X-Custom": "mine"})
    with websocket_to(host, "/fields", additional_headers={"X-Forwarded-For": "203.0.113.9", "Origin": "https://a.example"}) as websocket:
        fields = dict(line.split(": ", 1) for line in websocket.recv(20).split("\n"))
    assert fields["host"] == host and fields["origin"] == "https://a.example"
    assert fields["x-forwarded-for"] == "127.0.0.1" and fields["x-forwarded-proto"] == "http"
    assert fields["x-custom"] == "mine" and fields["via"] == "1.1 cardea"
    assert (fields["connection"], fields["upgrade"]) == ("Upgrade", "websocket")


def test_over_tls(cardea, site, https, root_pem, api, echo, new_host):
    hostname = new_host("wss")
    api.create_target(hostname, echo)
    api.wait_for_certificate(certificate_name(hostname))
    connection = https(hostname)
    connection.connect()
    with connect(f"ws://{hostname}/", sock=connection.sock) as websocket:
        websocket.send("hello")
        assert websocket.recv(20) == "hello"


def test_the_log_says_why_a_101_was_not_taken(cardea, client, http_host, listener):
    host = http_host(listener.url)
    client.sendall(handshake(host))
    with listener.accept_request() as (upstream, _):
        upstream.sendall(SWITCH.replace(ACCEPT, KEY))
        assert raw.status_of(raw.receive_until(client, b"\r\n\r\n")) == 502
    cardea.wait_for_log(host, "101 to a WebSocket without the right Sec-WebSocket-Accept")


@pytest.mark.parametrize("with_key", [True, False])
def test_only_a_websocket_with_a_key_has_to_accept_it(client, http_host, listener, with_key):
    host = http_host(listener.url)
    key = f"Sec-WebSocket-Key: {KEY.decode()}\r\n".encode()
    head = handshake(host, upgrade="echo") if with_key else handshake(host).replace(key, b"")
    protocol = b"echo" if with_key else b"websocket"
    client.sendall(head)
    with listener.accept_request() as (upstream, _):
        upstream.sendall(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: " + protocol + b"\r\n\r\n")
        assert raw.status_of(raw.receive_until(client, b"\r\n\r\n")) == 101


@pytest.mark.parametrize("connection", ["keep-alive, Upgrade", "upgrade", "Upgrade,keep-alive"])
def test_an_upgrade_is_seen_in_any_list(client, http_host, listener, connection):
    client.sendall(handshake(http_host(listener.url), connection=connection))
    with listener.accept_request() as (upstream, head):
        assert raw.fields_of(head, "Connection") == ["Upgrade"]
        assert raw.fields_of(head, "Upgrade") == ["websocket"]


def test_no_byte_of_the_client_passes_before_the_101(client, http_host, listener):
    client.sendall(handshake(http_host(listener.url)) + b"early bytes")
    with listener.accept_request() as (upstream, head):
        assert head.endswith(b"\r\n\r\n")
        upstream.settimeout(0.3)
        with pytest.raises(TimeoutError):
            upstream.recv(1)
        upstream.settimeout(20)
        upstream.sendall(SWITCH + b"and late ones")
        assert raw.receive_until(client, b"late ones").endswith(b"\r\n\r\nand late ones")
        assert raw.receive_until(upstream, b"early bytes") == b"early bytes"


@pytest.mark.parametrize("status", [b"200 OK", b"403 Forbidden", b"426 Upgrade Required"])
def test_an_answer_that_does_not_switch_is_a_response(client, http_host, listener, status):
    """And what the client took for its tunnel is the next request, parsed like any other."""
    host = http_host(listener.url)
    client.sendall(handshake(host) + raw.request("GET /next", host))
    with listener.accept_request() as (upstream, _):
        upstream.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\nUpgrade: websocket\r\n\r\nno")
        answer = raw.receive_until(client, b"\r\n\r\nno")
        assert answer.startswith(b"HTTP/1.1 " + status) and raw.fields_of(answer, "Upgrade") == []
        head = raw.receive_until(upstream, b"\r\n\r\n")
        assert head.startswith(b"GET /next ") and raw.fields_of(head, "Host") == [host]
        assert raw.fields_of(head, "Via") == ["1.1 cardea"]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket, other\r\n\r\n",
        SWITCH.replace(b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n", b""),
        SWITCH.replace(ACCEPT, KEY),
        SWITCH.replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n"),
    ],
    ids=["no-upgrade", "no-connection", "another", "two", "no-accept", "wrong-accept", "two-accepts"],
)
def test_a_101_that_switches_to_nothing_that_was_offered_is_502(client, http_host, listener, answer):
    client.sendall(handshake(http_host(listener.url)))
    with listener.accept_request() as (upstream, _):
        upstream.sendall(answer)
        assert raw.status_of(raw.receive_until(client, b"\r\n\r\n")) == 502
        assert raw.receive_all(upstream) == b"", "the upstream's connection is closed"


@pytest.mark.parametrize(
    ("lines", "options"),
    [
        ([], {"upgrade": "h2c"}),
        (["HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"], {"upgrade": "h2c", "connection": "Upgrade, HTTP2-Settings"}),
        ([], {"connection": "keep-alive"}),
        (["Content-Length: 3"], {}),
        ([], {"upgrade": 'weird"protocol'}),
    ],
    ids=["h2c", "h2c-settings", "not-nominated", "body", "no-token"],
)
def test_what_is_no_upgrade_is_a_plain_request(client, http_host, listener, lines, options):
    client.sendall(handshake(http_host(listener.url), *lines, **options) + b"abc" * len(lines))
    with listener.accept_request() as (upstream, head):
        for name in ("Upgrade", "Connection", "HTTP2-Settings"):
            assert raw.fields_of(head, name) == [], name
        upstream.sendall(SWITCH)
        assert raw.status_of(raw.receive_until(client, b"\r\n\r\n")) == 502


def test_h2c_is_left_out_of_a_list(client, http_host, listener):
    client.sendall(handshake(http_host(listener.url), upgrade="h2c, websocket"))
    with listener.accept_request() as (upstream, head):
        assert raw.fields_of(head, "Upgrade") == ["websocket"]


def test_either_side_may_end_first(switched):
    connection, upstream = switched
    connection.sendall(b"last words of the client")
    connection.shutdown(socket.SHUT_WR)
    assert raw.receive_all(upstream) == b"last words of the client"
    upstream.sendall(b"and still an answer")
    upstream.close()
    assert raw.receive_all(connection) == b"and still an answer"


def test_the_upstream_may_end_first(switched):
    connection, upstream = switched
    upstream.sendall(b"bye")
    upstream.shutdown(socket.SHUT_WR)
    assert raw.receive_all(connection) == b"bye"
    connection.sendall(b"but I have more")
    connection.close()
    assert raw.receive_all(upstream) == b"but I have more"


def test_a_client_that_is_gone_ends_the_upstream_at_once(switched):
    connection, upstream = switched
    raw.reset(connection)
    assert raw.receive_all(upstream) == b""


def test_an_upstream_that_is_gone_ends_the_client_at_once(switched):
    connection, upstream = switched
    raw.reset(upstream)
    assert raw.receive_all(connection) == b""


def test_who_reads_slowly_slows_the_sender_down(switched):
    """What is in between is bounded: a sender of 64 MiB gets stuck long before."""
    connection, upstream = switched
    upstream.settimeout(1)
    sent, block = 0, bytes(65536)
    with contextlib.suppress(TimeoutError):
        for _ in range(1024):
            sent += upstream.send(block)
    assert sent < 32 * 1024 * 1024
    received = 0
    while received < sent:
        received += len(connection.recv(1024 * 1024))
    upstream.settimeout(20)
    upstream.sendall(b"on we go")
    assert raw.receive_until(connection, b"on we go").endswith(b"on we go")


def test_a_tunnel_outlives_changes_of_everything_else(api, switched, new_host, nginx):
    connection, upstream = switched
    for _ in range(5):
        other = new_host("other")
        api.create_target(other, nginx.url, enable_https=False)
        api.expect(200, "DELETE", f"/proxy/targets/{other}")
    connection.sendall(b"still here")
    assert raw.receive_until(upstream, b"here") == b"still here"


@pytest.mark.parametrize("version", ["1.0"])
def test_an_old_client_is_not_upgraded(client, http_host, listener, version):
    client.sendall(handshake(http_host(listener.url), version=version))
    with listener.accept_request() as (upstream, head):
        assert raw.fields_of(head, "Upgrade") == []
        assert raw.fields_of(head, "Via") == [f"{version} cardea"]


def test_a_refusal_of_the_library_arrives_as_it_is(websocket_to, http_host, upstream):
    with pytest.raises(InvalidStatus) as refused:
        websocket_to(http_host(upstream.url), "/nowhere")
    assert refused.value.response.status_code == 404
