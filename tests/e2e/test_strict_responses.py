"""Upstreams that answer badly: the client gets 502 or a connection that is cut, never a response that two readers could
understand differently, and the upstream's connection is not used again.
"""

import contextlib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from support import raw

OK = b"HTTP/1.1 200 OK\r\n"
BODY = b"Content-Length: 2\r\n\r\nok"
# The second response on a connection would go to whoever asks next.
POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"

BAD_HEADS = {
    "nothing": b"",
    "text": b"hello\n",
    "http-0.9": b"<html>hello</html>",
    "other-version": b"HTTP/2.0 200 OK\r\n" + BODY,
    "other-protocol": b"ICY 200 OK\r\n" + BODY,
    "lower-case": b"http/1.1 200 OK\r\n" + BODY,
    "status-of-two-digits": b"HTTP/1.1 20 OK\r\n" + BODY,
    "status-of-four-digits": b"HTTP/1.1 2000 OK\r\n" + BODY,
    "status-below-100": b"HTTP/1.1 099 OK\r\n" + BODY,
    "status-no-number": b"HTTP/1.1 abc OK\r\n" + BODY,
    "status-signed": b"HTTP/1.1 +20 OK\r\n" + BODY,
    "two-spaces": b"HTTP/1.1  200 OK\r\n" + BODY,
    "space-before": b" HTTP/1.1 200 OK\r\n" + BODY,
    "empty-line-before": b"\r\nHTTP/1.1 200 OK\r\n" + BODY,
    "nul-in-reason": b"HTTP/1.1 200 O\0K\r\n" + BODY,
    "cr-in-reason": b"HTTP/1.1 200 O\rK\r\n" + BODY,
    "bare-lf-line": b"HTTP/1.1 200 OK\n" + BODY,
    "bare-lf-field": OK + b"X-A: 1\nX-B: 2\r\n" + BODY,
    "bare-lf-end": OK + b"Content-Length: 2\n\nok",
    "bare-cr": OK + b"X-A: 1\rX-B: 2\r\n" + BODY,
    "folded": OK + b"X-A: 1\r\n 2\r\n" + BODY,
    "space-before-colon": OK + b"X-A : 1\r\n" + BODY,
    "no-colon": OK + b"X-A\r\n" + BODY,
    "empty-name": OK + b": 1\r\n" + BODY,
    "nul-in-value": OK + b"X-A: \0\r\n" + BODY,
    "escape-in-value": OK + b"X-A: \x1b[0m\r\n" + BODY,
    "nul-in-name": OK + b"X\0A: 1\r\n" + BODY,
    "too-many-fields": OK + b"".join(b"X-%d: 1\r\n" % number for number in range(128)) + BODY,
    "too-large": OK + b"X-A: " + b"a" * 40_000 + b"\r\n" + BODY,
    "two-lengths": OK + b"Content-Length: 2\r\nContent-Length: 0\r\n\r\nok",
    "two-equal-lengths": OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "two-equal-lengths-in-one": OK + b"Content-Length: 2, 2\r\n\r\nok",
    "two-lengths-in-one": OK + b"Content-Length: 2, 0\r\n\r\nok",
    "length-negative": OK + b"Content-Length: -2\r\n\r\nok",
    "length-signed": OK + b"Content-Length: +2\r\n\r\nok",
    "length-no-number": OK + b"Content-Length: two\r\n\r\nok",
    "length-hexadecimal": OK + b"Content-Length: 0x2\r\n\r\nok",
    "length-empty": OK + b"Content-Length: \r\n\r\nok",
    "length-over-64-bits": OK + b"Content-Length: 99999999999999999999\r\n\r\nok",
    "length-and-chunked": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "chunked-twice": OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "chunked-not-last": OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "other-coding": OK + b"Transfer-Encoding: gzip\r\n\r\nok",
    "chunked-in-1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "204-with-a-length": b"HTTP/1.1 204 No Content\r\nContent-Length: %d\r\n\r\n" % len(POISON) + POISON,
    "204-with-chunks": b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "103-with-a-length": b"HTTP/1.1 103 Early Hints\r\nContent-Length: 2\r\n\r\nok" + OK + BODY,
    "103-with-chunks": b"HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + OK + BODY,
    "too-many-options-of-connection": OK + b"Connection: " + b"," * 32 + b"\r\n" + BODY,
    "switching": b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    "cut-in-the-head": OK + b"X-A: 1\r\n",
}

CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nfirs\r\n"

# A head and a part of the body are fine.
BAD_BODIES = {
    "cut-by-length": OK + b"Content-Length: 100\r\n\r\nfirs",
    "cut-in-chunks": CHUNKED,
    "cut-in-a-chunk": CHUNKED + b"5\r\nab",
    "cut-in-the-trailers": CHUNKED + b"0\r\nX: 1\r\n",
    "size-no-number": CHUNKED + b"xyz\r\n",
    "size-signed": CHUNKED + b"+1\r\na\r\n0\r\n\r\n",
    "size-with-prefix": CHUNKED + b"0x1\r\na\r\n0\r\n\r\n",
    "size-and-bare-lf": CHUNKED + b"1\na\r\n0\r\n\r\n",
    "size-over-64-bits": CHUNKED + b"10000000000000000\r\na\r\n0\r\n\r\n",
    "data-too-long": CHUNKED + b"1\r\nab\r\n0\r\n\r\n",
    "trailer-with-bare-lf": CHUNKED + b"0\r\nX: 1\n\r\n",
    "trailer-folded": CHUNKED + b"0\r\nX: 1\r\n 2\r\n\r\n",
    "trailers-too-large": CHUNKED + b"0\r\nX: " + b"a" * 40_000 + b"\r\n\r\n",
}


@pytest.fixture
def host(http_host, listener):
    return http_host(listener.url)


@pytest.fixture
def upstream(client, host, listener):
    """The connection on which the client's first request came."""
    client.sendall(raw.request("GET /one", host))
    with listener.accept_request() as (connection, _):
        yield connection


@pytest.fixture
def asked_again(client, host, listener):
    """Sends another request of the client's, which must come on another connection: that one."""

    @contextlib.contextmanager
    def ask():
        client.sendall(raw.request("GET /two", host))
        with listener.accept_request() as (second, head):
            assert head.startswith(b"GET /two ")
            yield second

    return ask


def end_of(upstream):
    """The upstream says no more; what Cardea did with the connection then."""
    upstream.shutdown(raw.socket.SHUT_WR)
    return raw.receive_all(upstream)


@pytest.mark.parametrize("answer", BAD_HEADS.values(), ids=BAD_HEADS)
def test_a_bad_head_is_502(client, upstream, asked_again, answer):
    upstream.sendall(answer)
    assert end_of(upstream) == b"", "nothing is asked on it any more"
    page = raw.receive_until(client, b"valid answer.\n")
    assert page.startswith(b"HTTP/1.1 502 ") and page.count(b"HTTP/1.1") == 1
    # The client's connection is sound, and its next request goes over another one.
    with asked_again() as second:
        second.sendall(OK + BODY)
        assert raw.receive_until(client, b"\r\n\r\nok").startswith(OK)


@pytest.mark.parametrize("answer", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_body_that_breaks_cuts_the_client(client, upstream, answer):
    sound = answer.index(b"firs") + 4
    upstream.sendall(answer[:sound])
    received = raw.receive_until(client, b"firs")
    upstream.sendall(answer[sound:])
    assert end_of(upstream) == b""
    received += raw.receive_all(client)
    assert received.startswith(OK) and received.count(b"HTTP/1.1") == 1
    assert not received.endswith(b"0\r\n\r\n"), "it must not look whole"


def test_a_response_without_a_date_gets_one(client, upstream):
    upstream.sendall(OK + BODY)
    [date] = raw.fields_of(raw.receive_until(client, b"\r\n\r\nok"), "Date")
    assert abs((parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()) < 60


def test_the_date_of_the_upstream_stays(client, upstream):
    date = "Fri, 15 Mar 2024 00:00:00 GMT"
    upstream.sendall(OK + b"date: " + date.encode() + b"\r\n" + BODY)
    assert raw.fields_of(raw.receive_until(client, b"\r\n\r\nok"), "Date") == [date]


def test_what_follows_a_response_is_not_the_next_one(client, upstream, asked_again):
    upstream.sendall(OK + BODY + POISON)
    assert raw.receive_until(client, b"\r\n\r\nok").endswith(b"\r\n\r\nok")
    with asked_again() as second:
        second.sendall(OK + b"Content-Length: 3\r\n\r\ntwo")
        assert b"poison" not in raw.receive_until(client, b"two")
    assert raw.receive_all(upstream) == b""


@pytest.mark.parametrize("method, status", [("GET", 204), ("GET", 304), ("HEAD", 200)])
def test_a_body_where_none_may_be_is_not_one(client, host, listener, asked_again, method, status):
    client.sendall(raw.request(f"{method} /one", host))
    with listener.accept_request() as (upstream, _):
        length = 0 if status == 204 else len(POISON)
        upstream.sendall(b"HTTP/1.1 %d None\r\nContent-Length: %d\r\n\r\n" % (status, length) + POISON)
        head = raw.receive_until(client, b"\r\n\r\n")
        assert raw.fields_of(head, "Content-Length") == ([] if status == 204 else [str(length)])
        assert raw.receive_all(upstream) == b""
    with asked_again() as second:
        second.sendall(OK + b"Content-Length: 3\r\n\r\ntwo")
        assert b"poison" not in raw.receive_until(client, b"two")
