"""Upstreams over TLS and on Unix sockets."""

import datetime
import os

import pytest
from cardea_stack import Api, Cardea, echoed_fields, wait_until
from support import raw
from support.secure_upstream import SecureNginx, TestCa
from support.transfers import upload
from support.upstream import Upstream


@pytest.fixture(scope="module")
def ca():
    return TestCa("The good CA")


@pytest.fixture(scope="module")
def other_ca():
    return TestCa("Another CA")


@pytest.fixture(scope="module")
def leaves(ca):
    return {
        "local": ca.leaf("localhost", "127.0.0.1"),
        "internal": ca.leaf("app.internal", "also.internal"),
        "expired": ca.leaf("localhost", valid_for=datetime.timedelta(days=-1)),
    }


@pytest.fixture(scope="module")
def nginx(session_folder, leaves):
    with SecureNginx(session_folder / "secure", leaves) as running:
        yield running


@pytest.fixture
def url(nginx):
    return lambda name, scheme="https", host="localhost": f"{scheme}://{host}:{nginx.ports[name]}"


def reason(cardea, hostname: str) -> str:
    """What the log says about the last request of that host that failed."""
    return cardea.wait_for_log(f"{hostname} GET: 502")


@pytest.mark.parametrize("scheme", ["https", "wss"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_of_the_given_ca_is_accepted(http, http_host, url, ca, scheme, host):
    hostname = http_host(url("local", scheme, host), upstream_ca_pem=ca.pem)
    status, _, body = http(hostname).get("/path?query=1")
    assert status == 200
    seen = echoed_fields(body)
    assert seen["uri"] == "/path?query=1"
    assert seen["host"] == hostname, "the client's Host"
    assert seen["sni"] == ("localhost" if host == "localhost" else ""), "an address is no server name (RFC 6066 §3)"
    assert seen["alpn"] == "http/1.1"


def test_a_connection_over_tls_serves_more_than_one_request(http, http_host, url, ca, nginx):
    connection = http(http_host(url("local"), upstream_ca_pem=ca.pem))
    numbers = {echoed_fields(connection.get("/")[2])["connection"] for _ in range(3)}
    # Another worker would have its own, but this is one client connection.
    assert len(numbers) == 1
    status, _, body = connection.get("/bytes/big")
    assert (status, body == nginx.big) == (200, True)


@pytest.fixture
def secure_upstream(folder, leaves):
    with Upstream(leaves["local"].server_context(folder)) as running:
        yield running


def test_bodies_go_both_ways_over_tls(http, http_host, secure_upstream, ca):
    connection = http(http_host(secure_upstream.url, upstream_ca_pem=ca.pem))
    body = os.urandom(3_000_000)
    upload(connection, body)
    # Small enough for the buffers on the way: this client reads only when it has sent everything.
    body = body[:200_000]
    blocks = [body[at : at + 10_000] for at in range(0, len(body), 10_000)]
    connection.request("POST", "/mirror", iter(blocks), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
    assert connection.getresponse().read() == body


def test_events_come_over_tls_as_they_are_sent(http, http_host, secure_upstream, ca):
    connection = http(http_host(secure_upstream.url, upstream_ca_pem=ca.pem))
    connection.request("GET", "/events")
    response = connection.getresponse()
    assert response.read1().startswith(b"data: first"), "the second has not been sent"
    secure_upstream.go_on.set()
    assert b"data: second" in response.read()


def test_an_unknown_issuer_is_refused(cardea, http, http_host, url, other_ca):
    without = http_host(url("local"))
    wrong = http_host(url("local"), upstream_ca_pem=other_ca.pem)
    for hostname in (without, wrong):
        status, _, body = http(hostname).get("/")
        assert status == 502
        assert b"CA" not in body, "the reason is the operator's business"
        assert 'its certificate is from "The good CA", who is not trusted here' in reason(cardea, hostname)
        assert "give the certificate of its CA, or its own, as upstream_ca_pem" in reason(cardea, hostname)


def test_a_certificate_for_another_name_is_refused(cardea, http, http_host, url, ca):
    hostname = http_host(url("internal"), upstream_ca_pem=ca.pem)
    assert http(hostname).get("/")[0] == 502
    assert 'is for app.internal, also.internal, not for "localhost"' in reason(cardea, hostname)
    assert "give a name that it has as upstream_server_name" in reason(cardea, hostname)


def test_upstream_server_name_is_asked_for_and_verified(cardea, http, http_host, url, ca):
    named = http_host(url("internal"), upstream_ca_pem=ca.pem, upstream_server_name="App.internal")
    status, _, body = http(named).get("/")
    assert status == 200
    assert echoed_fields(body)["sni"] == "app.internal"
    wrong = http_host(url("local"), upstream_ca_pem=ca.pem, upstream_server_name="app.internal")
    assert http(wrong).get("/")[0] == 502
    assert 'is for localhost, not for "app.internal"' in reason(cardea, wrong)
    address = http_host(url("local"), upstream_ca_pem=ca.pem, upstream_server_name="127.0.0.1")
    assert http(address).get("/")[0] == 200


def test_an_expired_certificate_is_refused(cardea, http, http_host, url, ca):
    hostname = http_host(url("expired"), upstream_ca_pem=ca.pem)
    assert http(hostname).get("/")[0] == 502
    assert 'the certificate "localhost" expired on 2' in reason(cardea, hostname)


def test_insecure_skip_verify_accepts_anybody(http, http_host, url):
    for name in ("local", "internal", "expired"):
        assert http(http_host(url(name), insecure_skip_verify=True)).get("/")[0] == 200, name


def test_the_servers_own_certificate_can_be_trusted(http, http_host, url, leaves):
    hostname = http_host(url("local"), upstream_ca_pem=leaves["local"].certificate_pem)
    assert http(hostname).get("/")[0] == 200


def test_a_connection_is_not_lent_to_who_trusts_somebody_else(cardea, http, http_host, url, ca, other_ca):
    trusting = http_host(url("local"), upstream_ca_pem=ca.pem)
    others = [
        http_host(url("local")),
        http_host(url("local"), upstream_ca_pem=other_ca.pem),
        http_host(url("local"), upstream_ca_pem=ca.pem, upstream_server_name="app.internal"),
    ]
    # One client connection is one worker, and every request on it is routed anew.
    connection = http(trusting)
    for other in others:
        assert connection.get("/")[0] == 200
        connection.request("GET", "/", headers={"Host": other})
        response = connection.getresponse()
        response.read()
        assert response.status == 502, other


def test_the_systems_roots_are_trusted_without_a_wish(folder, stack, http_host, url, ca):
    """SSL_CERT_FILE is OpenSSL's own way to name them."""
    hostname = http_host(url("local"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "roots.pem").write_text(ca.pem)
    environment = {"SSL_CERT_FILE": str(folder / "roots.pem")}
    with Cardea(folder / "cardea", extra_environment=environment, REDIS_URL=stack.redis.url()) as own:
        wait_until(lambda: raw.status_of(raw.get(own.http_port, hostname)) == 200, 20, "the host is served")


def test_a_server_that_speaks_no_tls_is_502(cardea, http, http_host, stack):
    hostname = http_host(f"https://127.0.0.1:{stack.nginx.port}")
    assert http(hostname).get("/")[0] == 502
    assert "TLS handshake" in reason(cardea, hostname)


def test_the_wishes_are_public_and_stored(api, public_api, http_host, url, ca):
    hostname = http_host(url("local"), upstream_ca_pem=ca.pem, upstream_server_name="LOCALHOST")
    found = public_api.expect(200, "GET", f"/proxy/targets/{hostname}")
    assert found["upstream_ca_pem"] == ca.pem
    assert found["upstream_server_name"] == "localhost"
    assert found["insecure_skip_verify"] is False


def test_wishes_that_make_no_sense_are_refused_at_once(api, new_host, ca, leaves):
    key = leaves["local"].key_pem
    bad = [
        ("https", {"upstream_ca_pem": key}, "upstream_ca_pem: the chain has a block that is not a certificate"),
        ("https", {"upstream_ca_pem": ca.pem + key}, "upstream_ca_pem: "),
        ("https", {"upstream_ca_pem": "CA"}, "upstream_ca_pem: "),
        ("https", {"upstream_ca_pem": ca.pem + "\n" * 16384}, "upstream_ca_pem: it is longer than 16384 bytes"),
        ("https", {"upstream_ca_pem": 1}, '"upstream_ca_pem" must be a text'),
        ("https", {"upstream_server_name": "two words"}, "upstream_server_name: "),
        ("https", {"insecure_skip_verify": "yes"}, '"insecure_skip_verify" must be true or false'),
        ("https", {"insecure_skip_verify": True, "upstream_ca_pem": ca.pem}, "insecure_skip_verify: "),
        ("http", {"insecure_skip_verify": True}, "insecure_skip_verify: target_url is not https://"),
        ("ws", {"upstream_ca_pem": ca.pem}, "upstream_ca_pem: target_url is not https://"),
        ("http", {"upstream_server_name": "a.test"}, "upstream_server_name: target_url is not https://"),
    ]
    for scheme, wishes, words in bad:
        wanted = {"hostname": new_host(), "target_url": f"{scheme}://backend"} | wishes
        answer = api.expect(400, "POST", "/proxy/targets", wanted)
        assert words in answer["detail"], wishes
        assert "PRIVATE KEY" not in answer["detail"].replace("BEGIN PRIVATE KEY", "")


@pytest.mark.parametrize(
    ("prefix", "uri"), [("", "/a/b?c=d"), (":/", "/a/b?c=d"), (":/app/", "/app/a/b?c=d"), (":/app/v1", "/app/v1/a/b?c=d")]
)
def test_a_unix_socket_serves(http, http_host, nginx, prefix, uri):
    hostname = http_host(f"unix://{nginx.socket_path}{prefix}")
    connection = http(hostname)
    seen = [echoed_fields(connection.get("/a/b?c=d")[2]) for _ in range(2)]
    assert seen[0]["uri"] == uri
    assert seen[0]["host"] == hostname
    assert seen[0]["connection"] == seen[1]["connection"], "it is pooled as others are"


def test_a_unix_socket_has_the_authority_localhost(http, http_host, nginx):
    hostname = http_host(f"unix://{nginx.socket_path}", preserve_host_header=False)
    assert echoed_fields(http(hostname).get("/")[2])["host"] == "localhost"


def test_a_unix_socket_that_is_not_there_is_502(cardea, http, http_host, nginx):
    hostname = http_host(f"unix://{nginx.socket_path}-not")
    assert http(hostname).get("/")[0] == 502
    assert "No such file or directory" in reason(cardea, hostname)


def test_the_socket_of_redis_is_no_upstream(folder, stack, new_host):
    with Cardea(folder, REDIS_URL=stack.redis.unix_url()) as own:
        api = Api(own.http_port, own.make_token("socket"))
        wanted = {"hostname": new_host(), "target_url": f"unix://{stack.redis.socket_path}"}
        assert "is Cardea's Redis" in api.expect(400, "POST", "/proxy/targets", wanted)["detail"]


def test_unix_sockets_must_be_allowed(folder, stack, http_host, nginx, new_host):
    stored = http_host(f"unix://{nginx.socket_path}")
    with Cardea(folder, REDIS_URL=stack.redis.url(), UPSTREAM_ALLOWED="private,loopback") as own:
        wait_until(lambda: raw.status_of(raw.get(own.http_port, stored)) != 404, 20, "the host is known")
        assert raw.status_of(raw.get(own.http_port, stored)) == 502
        own.wait_for_log("Unix sockets are not in UPSTREAM_ALLOWED (unix)")
        api = Api(own.http_port, own.make_token("nosocket"))
        wanted = {"hostname": new_host(), "target_url": f"unix://{nginx.socket_path}"}
        assert "(unix)" in api.expect(400, "POST", "/proxy/targets", wanted)["detail"]


@pytest.mark.parametrize(
    ("url_text", "words"),
    [
        ("unix:///run/../app.sock", 'must not go up ("..")'),
        ("unix://run/app.sock", "wants an absolute path"),
        ("unix:///" + "s" * 107, "at most 107 bytes"),
        ("unix:///run/app.sock:app", "after a Unix socket and a colon comes a path"),
        ("h2://backend", "give an http://, https://, h2c:// or unix:// URL"),
        ("h2c://", "is not a usable URL"),
    ],
)
def test_malformed_urls_are_refused(api, new_host, url_text, words):
    wanted = {"hostname": new_host(), "target_url": url_text}
    assert words in api.expect(400, "POST", "/proxy/targets", wanted)["detail"]
