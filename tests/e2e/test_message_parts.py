"""What comes before and after a message: interim responses, Expect, trailers."""

import pytest
from support import raw

@pytest.fixture
def host(http_host, listener):
    return http_host(listener.url)


# --- interim responses ---


def test_early_hints_come_before_the_response(client, host, listener):
    client.sendall(raw.request("GET /", host))
    with listener.accept_request() as (upstream, _):
        upstream.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>\r\nKeep-Alive: x\r\n\r\n")
        # Passed at once, while the response is still being made.
        hints = raw.receive_until(client, b"\r\n\r\n")
        assert hints.startswith(b"HTTP/1.1 103 Early Hints\r\n")
        assert raw.fields_of(hints, "Link") == ["</a.css>; rel=preload", "</b.js>"]
        assert raw.fields_of(hints, "Keep-Alive") == []
        upstream.sendall(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        rest = raw.receive_until(client, b"\r\n\r\nok")
        assert rest.startswith(b"HTTP/1.1 102 Processing\r\n") and b"HTTP/1.1 200 OK\r\n" in rest


def test_an_old_client_gets_the_response_only(client, host, listener):
    client.sendall(raw.request("GET /", host, version="1.0"))
    with listener.accept_request() as (upstream, _):
        upstream.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        assert raw.receive_all(client).startswith(b"HTTP/1.1 200 OK\r\n")


def test_interim_responses_without_end_are_502(client, host, listener):
    client.sendall(raw.request("GET /", host, "Connection: close"))
    with listener.accept_request() as (upstream, _):
        upstream.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 40)
        answer = raw.receive_all(client)
        assert answer.count(b"HTTP/1.1 103 ") == 32 and b"HTTP/1.1 502 " in answer
        assert raw.receive_all(upstream) == b""


# --- Expect: 100-continue ---


def test_the_body_waits_for_the_upstreams_word(client, host, listener):
    client.sendall(raw.request("POST /upload", host, "Expect: 100-continue", "Content-Length: 4"))
    with listener.accept_request() as (upstream, head):
        assert raw.fields_of(head, "Expect") == ["100-continue"]
        upstream.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert raw.receive_until(client, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"body")
        assert raw.receive_until(upstream, b"body") == b"body"
        upstream.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
        assert raw.status_of(raw.receive_until(client, b"\r\n\r\n")) == 201
        # The connection goes on.
        client.sendall(raw.request("GET /next", host))
        assert raw.receive_until(upstream, b"\r\n\r\n").startswith(b"GET /next ")


def test_who_refuses_by_the_head_spares_everybody_the_body(client, host, listener):
    client.sendall(raw.request("POST /upload", host, "Expect: 100-continue", "Content-Length: 1000"))
    with listener.accept_request() as (upstream, _):
        upstream.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
        answer = raw.receive_all(client)
        assert answer.startswith(b"HTTP/1.1 413 "), "no 100 came before"
        assert raw.fields_of(answer, "Connection") == ["close"]
        assert raw.receive_all(upstream) == b"", "its connection still owes a body and is not used again"


def test_an_upstream_that_never_says_100_gets_the_body(client, host, listener):
    client.sendall(raw.request("POST /upload", host, "Expect: 100-continue", "Content-Length: 4"))
    with listener.accept_request() as (upstream, _):
        assert raw.receive_until(client, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"body")
        assert raw.receive_until(upstream, b"body") == b"body"


def test_a_client_need_not_wait(client, host, listener):
    client.sendall(raw.request("POST /upload", host, "Expect: 100-continue", "Content-Length: 4") + b"body")
    with listener.accept_request() as (upstream, _):
        upstream.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert raw.receive_until(upstream, b"body") == b"body"
        upstream.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        answer = raw.receive_until(client, b"204 No Content")
        assert answer.startswith(b"HTTP/1.1 204 "), "who sends the body at once needs no 100"


def test_nothing_is_expected_of_a_request_without_a_body(client, host, listener):
    client.sendall(raw.request("GET /", host, "Expect: 100-continue"))
    with listener.accept_request() as (upstream, head):
        assert raw.fields_of(head, "Expect") == []
        upstream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        assert raw.receive_until(client, b"ok").startswith(b"HTTP/1.1 200 ")


# --- trailers ---

FORBIDDEN = b"Content-Length: 5\r\nHost: evil\r\nX-Forwarded-For: 1.2.3.4\r\nVia: 1.1 a\r\nAuthorization: x\r\nTrailer: y\r\nRange: x\r\nDate: x\r\n"
FORBIDDEN_IN_REQUESTS = FORBIDDEN + b"X_Under: x\r\n"


def test_trailers_of_a_request_reach_the_upstream(client, host, listener):
    fields = ("Transfer-Encoding: chunked", "Trailer: Digest, X-Sum", "TE: trailers;q=0.5")
    head = raw.request("POST /upload", host, *fields)
    client.sendall(head + b"4\r\nbody\r\n0\r\nX-Sum: 1\r\nDigest: abc\r\nX-Sum: 2\r\n" + FORBIDDEN_IN_REQUESTS + b"\r\n")
    with listener.accept_request() as (upstream, head):
        assert raw.fields_of(head, "Trailer") == ["Digest, X-Sum"]
        assert (raw.fields_of(head, "TE"), raw.fields_of(head, "Connection")) == (["trailers"], ["TE"])
        body = raw.receive_until(upstream, b"\r\n\r\n")
        assert body == b"4\r\nbody\r\n0\r\nX-Sum: 1\r\nDigest: abc\r\nX-Sum: 2\r\n\r\n"


def test_no_trailer_replaces_what_the_target_sets(client, http_host, listener):
    host = http_host(listener.url, custom_headers={"X-Api-Key": "secret"}, underscore_headers=["Some_Field"])
    client.sendall(raw.request("POST /upload", host, "Transfer-Encoding: chunked") + b"4\r\nbody\r\n0\r\n")
    client.sendall(b"X-Api-Key: guessed\r\nX_Api_Key: guessed\r\nX-Request-Id: 1\r\n" + FORBIDDEN_IN_REQUESTS)
    client.sendall(b"X-Forwarded-Ssl: on\r\nX.Forwarded.For: 1.2.3.4\r\nSome_Field: x\r\nX-Sum: 1\r\n\r\n")
    with listener.accept_request() as (upstream, head):
        assert raw.fields_of(head, "X-Api-Key") == ["secret"]
        assert raw.receive_until(upstream, b"\r\n\r\n") == b"4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n"


def test_trailers_of_a_response_reach_the_client(client, host, listener):
    client.sendall(raw.request("GET /", host, "TE: trailers"))
    with listener.accept_request() as (upstream, _):
        upstream.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n4\r\nbody\r\n")
        answer = raw.receive_until(client, b"4\r\nbody\r\n")
        assert raw.fields_of(answer, "Trailer") == ["X-Sum"]
        upstream.sendall(b"0\r\nX-Sum: 1\r\n" + FORBIDDEN + b"app_key.v1: 2\r\n\r\n")
        assert raw.receive_until(client, b"\r\n\r\n") == b"0\r\nX-Sum: 1\r\napp_key.v1: 2\r\n\r\n"
        # Both connections are at the beginning of the next message.
        client.sendall(raw.request("GET /next", host))
        assert raw.receive_until(upstream, b"\r\n\r\n").startswith(b"GET /next ")


def test_an_old_client_gets_no_trailers(client, host, listener):
    client.sendall(raw.request("GET /", host, version="1.0"))
    with listener.accept_request() as (upstream, _):
        upstream.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n")
        assert raw.receive_all(client).endswith(b"\r\n\r\nbody")


# --- bytes one by one ---


def send_slowly(connection, message: bytes):
    """Each byte in a segment of its own."""
    for number in range(len(message)):
        connection.sendall(message[number : number + 1])


@pytest.mark.parametrize("upstream_framing", ["chunked", "length"])
def test_both_ends_send_byte_by_byte(client, host, listener, upstream_framing):
    """And what arrives is the same, twice on one connection."""
    chunks = b"3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nX-Sum: 7\r\n\r\n"
    request = raw.request("POST /upload", host, "Transfer-Encoding: chunked", "TE: trailers") + chunks
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\n"
    if upstream_framing == "chunked":
        answer += b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    else:
        answer += b"Content-Length: 7\r\n\r\nabcdefg"
    send_slowly(client, request)
    with listener.accept_request() as (upstream, seen):
        for round_number in range(2):
            assert seen.startswith(b"POST /upload HTTP/1.1\r\n")
            assert raw.dechunked(raw.receive_until(upstream, b"\r\n\r\n")) == (b"abcdefg", b"X-Sum: 7\r\n")
            send_slowly(upstream, answer)
            got = raw.receive_head(client)
            assert raw.status_of(got) == 200 and raw.fields_of(got, "Set-Cookie") == ["a=1"]
            if upstream_framing == "chunked":
                assert raw.dechunked(raw.receive_until(client, b"\r\n\r\n")) == (b"abcdefg", b"X-Sum: 7\r\n")
            else:
                assert raw.receive_until(client, b"abcdefg") == b"abcdefg"
            if round_number == 0:
                send_slowly(client, request)
                seen = raw.receive_head(upstream)
