"""Responses that end with their connection: a cut one must not pass for a whole one, on either side."""

import contextlib
import socket
import ssl
import threading

import pytest
from cardea_stack import wait_until
from support import raw
from support.access_log import SECONDS
from support.secure_upstream import TestCa

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"
BODY = b"all of it, perhaps\n"


@pytest.fixture(scope="module")
def ca():
    return TestCa("Cardea's tests of endings")


class TlsServer:
    """Answers one request with bytes, then ends its connection in the way that `end` says."""

    def __init__(self, context: ssl.SSLContext, answer: bytes, end: str):
        self._context, self._answer, self._end = context, answer, end
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(SECONDS)
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join(SECONDS)
        self._listener.close()

    def _serve(self):
        plain, _ = self._listener.accept()
        plain.settimeout(SECONDS)
        with self._context.wrap_socket(plain, server_side=True) as connection:
            raw.receive_head(connection)
            connection.sendall(self._answer)
            if self._end == "close_notify":
                # Its answer is waited for, and Cardea owes none.
                with contextlib.suppress(OSError):
                    connection.unwrap()
            else:
                connection.shutdown(socket.SHUT_RDWR)  # of the socket; TLS is told nothing


@pytest.fixture
def tls_context(ca, folder):
    return ca.leaf("127.0.0.1").server_context(folder)


@pytest.fixture
def ask(cardea, http_host, ca, tls_context):
    """Everything that a client of that version gets, and whether its connection was reset at the end."""

    def request(answer: bytes, end: str, version: str = "1.1") -> tuple[bytes, bool]:
        with TlsServer(tls_context, answer, end) as server, raw.connect(cardea.http_port) as client:
            host = http_host(server.url, upstream_ca_pem=ca.pem)
            client.sendall(raw.request("GET /", host, "Connection: close", version=version))
            return raw.receive_to_the_end(client)

    return request


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls1.2", "tls1.3"])
def test_the_end_of_a_tls_connection_is_the_end_of_a_response_if_it_is_said(ask, tls_context, version):
    tls_context.maximum_version = version
    answer, _ = ask(HEAD + b"\r\n" + BODY, "close_notify")
    assert answer.endswith(b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls1.2", "tls1.3"])
def test_anybody_could_have_ended_a_tls_connection_without_a_word(cardea, ask, tls_context, version):
    """RFC 9112 §9.8: such a response is incomplete, and the client must see that."""
    tls_context.maximum_version = version
    before = len(cardea.log())
    answer, _ = ask(HEAD + b"\r\n" + BODY, "nothing")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert not answer.endswith(b"0\r\n\r\n")
    wait_until(lambda: "close_notify" in cardea.log()[before:], 20, "the log says why")


def test_a_client_of_http_1_0_sees_a_reset_instead(ask):
    answer, was_reset = ask(HEAD + b"\r\n" + BODY, "close_notify", "1.0")
    assert (answer.partition(b"\r\n\r\n")[2], was_reset) == (BODY, False)
    _, was_reset = ask(HEAD + b"\r\n" + BODY, "nothing", "1.0")
    assert was_reset, "an orderly end would be the end of the response"


def test_a_client_of_http_1_0_sees_a_reset_for_any_response_that_is_cut(client, http_host, listener):
    client.sendall(raw.request("GET /", http_host(listener.url), version="1.0"))
    with listener.accept_request() as (server, _):
        server.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n13\r\nall of it, perhaps\n")
        assert raw.receive_until(client, BODY).endswith(BODY)
    assert raw.receive_to_the_end(client) == (b"", True)


@pytest.mark.parametrize(
    "rest",
    [b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY), b"Transfer-Encoding: chunked\r\n\r\n13\r\n%s\r\n0\r\n\r\n" % BODY],
    ids=["length", "chunked"],
)
def test_a_response_that_says_where_it_ends_needs_no_goodbye(ask, rest):
    answer, was_reset = ask(HEAD + rest, "nothing")
    assert answer.endswith(BODY if b"Length" in rest else b"0\r\n\r\n")
    assert not was_reset
