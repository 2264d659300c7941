"""Who the client is: behind trusted proxies, behind a balancer with the PROXY protocol, and one client too often."""

import json
import socket
import struct

import pytest
from cardea_stack import Cardea, free_port, https_context, wait_until
from support import raw

V2_BEGIN = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture
def node(stack, tmp_path):
    """One more node on the same Redis, with settings of the test's own: node(TRUSTED_PROXIES="…")."""
    running = []

    def start(**settings: str) -> Cardea:
        ports = {"HTTP_PORT": str(free_port()), "HTTPS_PORT": str(free_port()), "WORKERS": "1"}
        made = Cardea(tmp_path / f"node{len(running)}", **(stack.cardea.settings | ports | settings))
        running.append(made)
        return made.start()

    yield start
    for each in running:
        assert each.stop() == 0


def seen_by(upstream_answer: bytes) -> dict[str, list[str]]:
    """What the upstream's /headers has seen."""
    fields: dict[str, list[str]] = {}
    for name, value in json.loads(upstream_answer.partition(b"\r\n\r\n")[2]):
        fields.setdefault(name, []).append(value)
    return fields


def ask(node: Cardea, host: str, *lines: str, before: bytes = b"") -> dict[str, list[str]]:
    answer = raw.exchange(node.http_port, before + raw.request("GET /headers", host, "Connection: close", *lines))
    assert raw.status_of(answer) == 200, answer
    return seen_by(answer)


AUTHORITY = ("X-Forwarded: for=203.0.113.9", "X-Forwarded-Ssl: on", "X-Forwarded-User: root", "X-Forwarded-Protocol: https")
FORWARDED = ("X-Forwarded-For: 203.0.113.9, 198.51.100.7", "X-Forwarded-Proto: https", "Forwarded: for=203.0.113.9")


def test_who_is_not_trusted_says_nothing(node, http_host, upstream):
    host = http_host(upstream.url)
    fields = ask(node(TRUSTED_PROXIES="10.0.0.0/8"), host, *FORWARDED, *AUTHORITY)
    assert fields["x-forwarded-for"] == fields["x-real-ip"] == ["127.0.0.1"]
    assert fields["x-forwarded-proto"] == ["http"] and "forwarded" not in fields
    ours = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"}
    assert {name for name in fields if name.startswith("x-forwarded")} == ours


def test_who_is_trusted_is_believed(node, http_host, upstream):
    host = http_host(upstream.url)
    fields = ask(node(TRUSTED_PROXIES="127.0.0.0/8, 198.51.100.0/24"), host, *FORWARDED, *AUTHORITY)
    assert fields["x-forwarded-for"] == ["203.0.113.9, 198.51.100.7, 127.0.0.1"]
    assert fields["x-real-ip"] == ["203.0.113.9"]
    assert fields["x-forwarded-proto"] == ["https"] and fields["forwarded"] == ["for=203.0.113.9"]
    assert fields["x-forwarded-ssl"] == ["on"] and fields["x-forwarded-user"] == ["root"]


@pytest.mark.parametrize(("trusted", "status"), [("127.0.0.0/8", 200), ("10.0.0.0/8", 421)])
def test_who_is_trusted_may_have_taken_tls_off(node, http_host, upstream, trusted, status):
    host = http_host(upstream.url)
    request = raw.request(f"GET https://{host}/headers", host, "Connection: close")
    assert raw.status_of(raw.exchange(node(TRUSTED_PROXIES=trusted).http_port, request)) == status


@pytest.mark.parametrize("trusted", [True, False])
def test_connection_takes_none_of_them_away(node, http_host, upstream, trusted):
    """A proxy in front may pass on what its client nominates."""
    host = http_host(upstream.url, custom_headers={"X-Api-Key": "secret"})
    asked = node(TRUSTED_PROXIES="127.0.0.0/8" if trusted else "")
    names = "Forwarded, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Port, X-Forwarded-Prefix"
    names += ", X-Forwarded-Ssl, X-Real-IP, X-Request-Id, X-Api-Key, Authorization, Cookie, Host, X-Hop"
    said = (*FORWARDED, *AUTHORITY, "X-Forwarded-Prefix: /app", "Authorization: Bearer t", "Cookie: a=b", "X-Hop: 1")
    fields = ask(asked, host, f"Connection: {names}", *said)
    assert (fields["host"], fields["authorization"], fields["cookie"]) == ([host], ["Bearer t"], ["a=b"])
    assert fields["x-api-key"] == ["secret"] and len(fields["x-request-id"]) == 1 and "x-hop" not in fields
    assert fields["x-forwarded-host"] == [host] and fields["x-forwarded-port"] == [str(asked.http_port)]
    assert fields["x-forwarded-proto"] == ["https" if trusted else "http"]
    assert fields["x-real-ip"] == ["198.51.100.7" if trusted else "127.0.0.1"]
    for name, value in {"forwarded": "for=203.0.113.9", "x-forwarded-prefix": "/app", "x-forwarded-ssl": "on"}.items():
        assert fields.get(name, []) == ([value] if trusted else []), name


def test_a_trusted_proxy_says_which_port_the_client_used(node, http_host, cardea, upstream):
    host = http_host(upstream.url)
    balanced = node(TRUSTED_PROXIES="127.0.0.0/8")
    assert ask(balanced, host)["x-forwarded-port"] == [str(balanced.http_port)]
    assert ask(balanced, host, "X-Forwarded-Port: 8443")["x-forwarded-port"] == ["8443"]
    assert ask(balanced, host, "X-Forwarded-Port: 8443x")["x-forwarded-port"] == [str(balanced.http_port)]
    assert ask(cardea, host, "X-Forwarded-Port: 8443")["x-forwarded-port"] == [str(cardea.http_port)]


def test_the_zone_of_an_address_is_nobody_elses_business(node, http_host, upstream):
    host = http_host(upstream.url)
    fields = ask(node(TRUSTED_PROXIES="127.0.0.0/8"), host, "X-Forwarded-For: fe80::1%eth0")
    assert fields["x-real-ip"] == ["fe80::1"]


V1 = b"PROXY TCP4 203.0.113.9 127.0.0.1 50000 80\r\n"
V2 = V2_BEGIN + b"\x21\x11" + struct.pack(">H", 12) + socket.inet_aton("203.0.113.9") + b"\x7f\0\0\1\xc3\x50\0\x50"
LOCAL = V2_BEGIN + b"\x20\x00\x00\x00"


@pytest.mark.parametrize(
    ("header", "client"), [(V1, "203.0.113.9"), (V2, "203.0.113.9"), (LOCAL, "127.0.0.1")], ids=["v1", "v2", "local"]
)
def test_the_balancers_header_names_the_client(node, http_host, upstream, header, client):
    host = http_host(upstream.url)
    balanced = node(PROXY_PROTOCOL_PEERS="127.0.0.1")
    fields = ask(balanced, host, "X-Forwarded-For: 1.2.3.4", before=header)
    assert fields["x-forwarded-for"] == fields["x-real-ip"] == [client]


def test_the_header_may_come_byte_by_byte_and_stands_before_tls(node, stack, site, root_pem):
    balanced = node(PROXY_PROTOCOL_PEERS="127.0.0.1")
    connection = raw.connect(balanced.https_port)
    for byte in V2:
        connection.sendall(bytes([byte]))
    with https_context(root_pem).wrap_socket(connection, server_hostname=site) as tls:
        tls.sendall(raw.request("GET /", site, "Connection: close"))
        assert raw.status_of(raw.receive_all(tls)) == 200


@pytest.mark.parametrize("start", [b"", V1[:20], V2_BEGIN + b"\x51\x11\0\0", b"PROXY TCP4 x y 1 2\r\n"])
def test_a_balancer_without_its_header_gets_nothing(node, http_host, upstream, start):
    balanced = node(PROXY_PROTOCOL_PEERS="127.0.0.1")
    with raw.connect(balanced.http_port) as connection:
        connection.sendall(start + raw.request("GET /headers", http_host(upstream.url)))
        assert raw.receive_all(connection) == b""
    wait_until(lambda: "is one of PROXY_PROTOCOL_PEERS" in balanced.log(), 20, "the log says why")


def test_from_anybody_else_the_header_is_no_request(cardea, http_host, upstream):
    answer = raw.exchange(cardea.http_port, V1 + raw.request("GET /", http_host(upstream.url)))
    assert raw.status_of(answer) == 400


def test_one_client_may_have_so_many_connections_and_no_more(node, http_host, upstream):
    host = http_host(upstream.url)
    limited = node(CLIENT_CONNECTIONS_MAX="3", PROXY_PROTOCOL_PEERS="127.0.0.1")
    request = raw.request("GET /headers", host)
    held = [raw.connect(limited.http_port) for _ in range(3)]
    for connection in held:
        connection.sendall(V1 + request)
        raw.receive_until(connection, b"]")
    with raw.connect(limited.http_port) as one_more:
        one_more.sendall(V1 + request)
        assert raw.receive_all(one_more) == b""
    # Another client is not concerned, and a place that is free again can be had.
    assert ask(limited, host, before=V1.replace(b"113.9", b"113.8"))["x-real-ip"] == ["203.0.113.8"]
    held.pop().close()

    def served():
        with raw.connect(limited.http_port) as again:
            again.sendall(V1 + request)
            return raw.receive_until(again, b"]").startswith(b"HTTP/1.1 200 ")

    wait_until(served, 20, "the place is free")
    for connection in held:
        connection.close()


def test_trusted_proxies_may_have_any_number(node, http_host, upstream):
    host = http_host(upstream.url)
    limited = node(CLIENT_CONNECTIONS_MAX="1", TRUSTED_PROXIES="127.0.0.1")
    held = [raw.connect(limited.http_port) for _ in range(5)]
    for connection in held:
        connection.sendall(raw.request("GET /headers", host))
        assert raw.receive_until(connection, b"]").startswith(b"HTTP/1.1 200 ")
        connection.close()


def test_an_upstream_that_leads_back_here_is_a_loop(cardea, http_host, upstream):
    host = http_host(upstream.url)
    for hops, status in ((5, 508), (4, 200)):
        via = ", ".join(["1.1 cardea"] * hops)
        request = raw.request("GET /headers", host, "Connection: close", f"Via: {via}")
        assert raw.status_of(raw.exchange(cardea.http_port, request)) == status


def test_a_target_asks_for_forwarded_and_for_names_that_are_dropped_otherwise(cardea, http_host, upstream):
    host = http_host(upstream.url, forwarded_header=True, underscore_headers=["Api_Key", "App.Version"])
    sent = ["Api_Key: k", "Other_Key: o", "App.Version: 7", "X.Forwarded.For: 1.2.3.4", "Other!Key: o"]
    fields = ask(cardea, host, "Forwarded: for=203.0.113.9", *sent)
    assert fields["forwarded"] == [f'for=127.0.0.1;host="{host}";proto=http']
    assert fields["api_key"] == ["k"] and fields["app.version"] == ["7"]
    assert not {"other_key", "other!key", "x.forwarded.for"} & set(fields)


def test_a_name_that_an_upstream_takes_for_one_of_ours_is_refused(api, new_host, upstream):
    wanted = {"hostname": new_host(), "target_url": upstream.url, "underscore_headers": ["X_Forwarded_For"]}
    detail = api.expect(400, "POST", "/proxy/targets", wanted)["detail"]
    assert 'underscore_headers: "X_Forwarded_For" would be taken for a field that the proxy itself sets.' in detail


def test_a_name_that_an_upstream_takes_for_a_custom_header_is_refused_or_does_not_pass(
    node, api, database, http_host, new_host, upstream
):
    members = {"underscore_headers": ["X_Api_Key", "Other_Key"], "custom_headers": {"X-Api-Key": "secret"}}
    wanted = {"hostname": new_host(), "target_url": upstream.url, "enable_https": False}
    sentence = 'underscore_headers: "X_Api_Key" would be taken for "X-Api-Key", which custom_headers sets.'
    assert sentence in api.expect(400, "POST", "/proxy/targets", wanted | members)["detail"]
    # Whichever of the two comes later.
    for name in members:
        other = next(each for each in members if each != name)
        host = http_host(upstream.url, **{name: members[name]})
        assert sentence in api.expect(400, "PUT", f"/proxy/targets/{host}", {other: members[other]})["detail"]
    # And one that is stored already, by an earlier version or by hand.
    record = json.loads(database.get(f"proxy:{host}")) | members
    record["generation"] = database.incr("generation")
    database.set(f"proxy:{host}", json.dumps(record))
    later = node()
    fields = ask(later, host, "X_Api_Key: guessed", "Other_Key: o")
    assert fields["x-api-key"] == ["secret"] and fields["other_key"] == ["o"] and "x_api_key" not in fields
    later.wait_for_log(f"proxy target {host}: ", '"X_Api_Key" would be taken for "X-Api-Key"', "the name is ignored")
