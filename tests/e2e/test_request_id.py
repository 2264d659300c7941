"""The id of a request: what the upstream and the client get to see of it."""

import json
import re

import pytest
from cardea_stack import Cardea, free_port
from support import raw

ID = re.compile(r"[0-9a-f]{32}")


def head_of(response: bytes) -> dict[str, str]:
    lines = response.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


def ids_seen(answer: bytes) -> list[str]:
    """The X-Request-Id fields that the upstream's /headers has got."""
    return [value for name, value in json.loads(answer) if name == "x-request-id"]


def test_every_request_has_an_id_of_its_own(http, http_host, upstream):
    connection = http(http_host(upstream.url))
    seen = [ids_seen(connection.get("/headers")[2]) for _ in range(5)]
    assert all(len(ids) == 1 and ID.fullmatch(ids[0]) for ids in seen)
    assert len({ids[0] for ids in seen}) == 5


def test_a_client_s_id_is_replaced(http, http_host, upstream):
    (seen,) = ids_seen(http(http_host(upstream.url)).get("/headers", {"X-Request-Id": "mine"})[2])
    assert ID.fullmatch(seen)


def test_a_trusted_proxy_s_id_is_kept(stack, folder, http_host, upstream):
    host = http_host(upstream.url)
    head = f"Host: {host}\r\nConnection: close\r\nX-Request-Id: from-the-balancer\r\n\r\n"
    with Cardea(folder, REDIS_URL=stack.redis.url(), TRUSTED_PROXIES="127.0.0.0/8") as node:
        proxied = raw.exchange(node.http_port, f"GET /headers HTTP/1.1\r\n{head}".encode())
        assert ids_seen(proxied.partition(b"\r\n\r\n")[2]) == ["from-the-balancer"]
        lost = raw.exchange(node.http_port, f"GET / HTTP/1.1\r\n{head.replace(host, 'nobody.cardea.test')}".encode())
        assert raw.status_of(lost) == 404
        assert head_of(lost)["x-request-id"] == "from-the-balancer"


def test_the_upstream_s_response_passes_without_it(http, http_host, upstream):
    assert "X-Request-Id" not in http(http_host(upstream.url)).get("/headers")[1]


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("GET / HTTP/1.1\r\nHost: nobody.cardea.test\r\nConnection: close\r\n\r\n", 404),
        ("GET / HTTP/1.1\r\nHost: one.test\r\nHost: two.test\r\n\r\n", 400),
    ],
)
def test_an_error_page_tells_it(cardea, request_text, status):
    response = raw.exchange(cardea.http_port, request_text.encode())
    assert raw.status_of(response) == status
    request_id = head_of(response)["x-request-id"]
    assert ID.fullmatch(request_id)
    assert request_id in response.partition(b"\r\n\r\n")[2].decode(), "a person can read it"


def test_who_quotes_an_upstream_s_failure_finds_it_in_the_log(cardea, http_host):
    host = http_host(f"http://127.0.0.1:{free_port()}")
    response = raw.get(cardea.http_port, host)
    assert raw.status_of(response) == 502
    line = cardea.wait_for_log(f" {host} GET: 502 ")
    assert line.endswith(f"(request {head_of(response)['x-request-id']})")


def test_the_api_tells_it(cardea):
    answers = [raw.get(cardea.http_port, "localhost", path) for path in ("/health", "/certificates/nobody-has-it")]
    assert [raw.status_of(answer) for answer in answers] == [200, 404]
    ids = [head_of(answer)["x-request-id"] for answer in answers]
    assert ids[0] != ids[1] and all(ID.fullmatch(each) for each in ids)
