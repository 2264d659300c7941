"""Clients that people use, against both ports: h2load with many requests at once, and what curl can be asked for."""

import json
import re
import subprocess

import pytest

REQUESTS = 2000


def run(*command: str, body: bytes = b"") -> bytes:
    return subprocess.run(command, input=body, capture_output=True, check=True, timeout=120).stdout


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_h2load_sees_no_failure(cardea, site, scheme):
    port = cardea.https_port if scheme == "https" else cardea.http_port
    url = f"{scheme}://{site}:{port}/bytes/1024"
    report = run("h2load", "--h1", f"-n{REQUESTS}", "-c20", f"--connect-to=127.0.0.1:{port}", url).decode()
    [line] = re.findall(r"^requests: .*", report, re.MULTILINE)
    assert line.endswith(f" {REQUESTS} succeeded, 0 failed, 0 errored, 0 timeout")
    assert f"status codes: {REQUESTS} 2xx, 0 3xx, 0 4xx, 0 5xx" in report
    assert ("TLS Protocol: TLSv1.3" in report) == (scheme == "https"), report


@pytest.fixture
def curl(stack, site):
    """Runs curl for a path of a host: curl(path, option…, host=…); returns what it printed."""
    port = stack.cardea.https_port
    root = stack.pebble.write_root()

    def fetch(path: str, *options: str, body: bytes = b"") -> bytes:
        always = ["curl", "-sS", "--noproxy", "*", "--cacert", str(root), "--resolve", f"{site}:{port}:127.0.0.1"]
        return run(*always, *options, f"https://{site}:{port}{path}", body=body)

    return fetch


def split(printed: bytes) -> tuple[str, str]:
    """A head and its body, as curl -i prints them."""
    head, _, body = printed.decode("latin-1").partition("\r\n\r\n")
    return head, body


def test_curl_asks_for_a_range(curl):
    head, body = split(curl("/bytes/1024", "-i", "-r", "250-259"))
    assert head.startswith("HTTP/1.1 206 ")
    assert "Content-Range: bytes 250-259/1024" in head
    assert body.encode("latin-1") == bytes([250, 251, 252, 253, 254, 255, 0, 1, 2, 3])


def test_curl_speaks_http_1_0(curl):
    head, body = split(curl("/bytes/1024", "-i", "--http1.0"))
    assert head.startswith("HTTP/1.1 200 "), "a server says which version it has (RFC 9110 §2.5)"
    assert len(body) == 1024
    assert "Connection: close" in head


@pytest.fixture
def uploaded(cardea, http_host, upstream):
    """Uploads by curl over plain HTTP with these options: its words about the exchange, and what the upstream saw."""
    host, port = http_host(upstream.url), cardea.http_port

    def upload(*options: str, body: bytes = b"") -> tuple[str, dict]:
        command = ["curl", "-sSv", "--noproxy", "*", "--resolve", f"{host}:{port}:127.0.0.1", *options]
        done = subprocess.run(
            [*command, f"http://{host}:{port}/upload"], input=body, capture_output=True, check=True, timeout=120
        )
        return done.stderr.decode("latin-1"), json.loads(done.stdout)

    return upload


BODY = bytes(range(256)) * 10_000


def test_curl_uploads_what_comes_from_a_pipe(uploaded):
    words, seen = uploaded("-T", "-", body=BODY)
    assert "> Transfer-Encoding: chunked" in words and "> Expect: 100-continue" in words
    assert "< HTTP/1.1 100 Continue" in words
    assert (seen["method"], seen["length"], seen["framing"]) == ("PUT", len(BODY), ["transfer-encoding"])


def test_curl_posts_with_a_length_and_waits_to_be_told(uploaded):
    words, seen = uploaded("--data-binary", "@-", "-H", "Expect: 100-continue", body=BODY)
    assert "< HTTP/1.1 100 Continue" in words
    assert (seen["method"], seen["length"], seen["framing"]) == ("POST", len(BODY), ["content-length"])


def test_curl_uploads_over_http_1_0(uploaded):
    words, seen = uploaded("--http1.0", "--data-binary", "@-", body=BODY)
    assert "> Expect" not in words and "100 Continue" not in words
    assert (seen["length"], seen["framing"]) == (len(BODY), ["content-length"])
