"""What goes wrong around Cardea: its environment, its ports, Redis, the CA, and peers that send garbage."""

import json
import os
import signal
import subprocess

import pytest
from cardea_stack import (
    Api,
    Cardea,
    DirectoryCertificate,
    HostConnection,
    RedisServer,
    cardea_environment,
    free_port,
    https_context,
    wait_until,
)
from support import raw
from support.names import BLOCKED_NAME, bugs_in, certificate_name


def serve(cardea, environment: dict[str, str]) -> subprocess.CompletedProcess:
    """Runs `cardea serve` with exactly these settings; it is expected to end by itself."""
    kept = {name: value for name, value in cardea.environment().items() if name not in cardea.settings}
    return subprocess.run(
        [str(cardea.binary), "serve"],
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def good_environment(cardea, **changes) -> dict[str, str]:
    ports = {"HTTP_PORT": str(free_port()), "HTTPS_PORT": str(free_port())}
    return cardea_environment(REDIS_URL=cardea.settings["REDIS_URL"], **(ports | changes))


def test_every_missing_variable_is_named_at_once(cardea):
    done = serve(cardea, {})
    assert done.returncode == 2
    assert [name for name in cardea_environment() if name not in done.stderr] == []


MALFORMED = {
    "REDIS_URL": "http://127.0.0.1",
    "HTTP_PORT": "eighty",
    "HTTPS_PORT": "65536",
    "LISTEN_ADDRESSES": "here",
    "ADMIN_HOSTS": "",
    "TRUSTED_PROXIES": "10.0.0.0/33",
    "PROXY_PROTOCOL_PEERS": "balancer",
    "CLIENT_CONNECTIONS_MAX": "0",
    "WORKERS": "-1",
    "LOG_LEVEL": "loud",
    "UPSTREAM_ALLOWED": "public",
    "ACME_DIRECTORY_URL": "directory",
    "ACME_CA_BUNDLE": "/nowhere/ca.pem",
    "ACME_EAB": "acme.cardea.test",
    "ACME_RATE_LIMITS": "acme.cardea.test orders=many",
    "CERT_KEY_TYPE": "rsa1024",
    "ACME_POLL_MAX_ATTEMPTS": "0",
    "ACME_POLL_INTERVAL_SECONDS": "2s",
    "RENEWAL_CHECK_INTERVAL": "",
    "RENEWAL_THRESHOLD_DAYS": "thirty",
}


def test_every_malformed_variable_is_named_at_once(cardea):
    done = serve(cardea, good_environment(cardea) | MALFORMED)
    assert done.returncode == 2
    assert [name for name in MALFORMED if name not in done.stderr] == []


@pytest.mark.parametrize("name", MALFORMED)
def test_one_malformed_variable_is_named_alone(cardea, name):
    done = serve(cardea, good_environment(cardea) | {name: MALFORMED[name]})
    assert done.returncode == 2
    assert [other for other in cardea_environment() if other in done.stderr] == [name]


def test_two_equal_ports_are_named_with_all_else(cardea):
    done = serve(cardea, good_environment(cardea, HTTP_PORT="8080", HTTPS_PORT="8080", WORKERS="-1"))
    assert done.returncode == 2
    assert "HTTPS_PORT is the same as HTTP_PORT" in done.stderr and "WORKERS" in done.stderr


@pytest.mark.parametrize("which", ["HTTP_PORT", "HTTPS_PORT"])
def test_a_port_in_use_is_one_sentence(cardea, which):
    taken = cardea.http_port if which == "HTTP_PORT" else cardea.https_port
    done = serve(cardea, good_environment(cardea, **{which: str(taken)}))
    assert done.returncode == 2
    assert str(taken) in done.stderr
    assert len([line for line in done.stderr.splitlines() if str(taken) in line]) == 1


@pytest.fixture
def own_redis(folder):
    server = RedisServer(folder / "redis")
    yield server
    server.stop()


@pytest.fixture
def own_cardea(folder, own_redis, pebble):
    """A Cardea on a Redis of its own, which is not started yet."""
    settings = {
        "REDIS_URL": own_redis.url(),
        "ACME_DIRECTORY_URL": pebble.directory_url,
        "ACME_CA_BUNDLE": str(pebble.ca_path),
    }
    server = Cardea(folder / "cardea", **settings)
    yield server
    server.stop()
    assert bugs_in(server.log()) == []


def health(server: Cardea) -> dict:
    return Api(server.http_port).call("GET", "/health")[2]


def test_redis_unreachable_at_start(own_redis, own_cardea, nginx):
    own_cardea.start()
    assert str(own_redis.port) in own_cardea.log(), "it says which Redis it cannot reach"
    assert health(own_cardea)["status"] == "degraded"
    assert health(own_cardea)["redis"] != "healthy"
    api = Api(own_cardea.http_port, "acm_" + 43 * "a")
    assert api.call("GET", "/certificates")[0] == 503
    assert api.call("POST", "/proxy/targets", {"hostname": "a.cardea.test", "target_url": nginx.url})[0] == 503
    assert raw.status_of(raw.get(own_cardea.http_port, "nobody.cardea.test")) in (404, 503)

    own_redis.start()
    wait_until(lambda: health(own_cardea)["status"] == "healthy", 30, "Cardea finds Redis")
    api = Api(own_cardea.http_port, own_cardea.make_token("recovered"))
    api.create_target("a.cardea.test", nginx.url, enable_https=False)
    assert raw.status_of(raw.get(own_cardea.http_port, "a.cardea.test")) == 200


def test_redis_killed_while_serving(own_redis, own_cardea, nginx):
    own_redis.start()
    own_cardea.start()
    api = Api(own_cardea.http_port, own_cardea.make_token("killer"))
    api.create_target("known.cardea.test", nginx.url, enable_https=False)
    assert raw.status_of(raw.get(own_cardea.http_port, "known.cardea.test")) == 200

    own_redis.stop(signal.SIGKILL)
    wait_until(lambda: health(own_cardea)["status"] == "degraded", 30, "Cardea notices")
    for _ in range(20):
        assert raw.status_of(raw.get(own_cardea.http_port, "known.cardea.test")) == 200, "known hosts keep serving"
    assert api.call("POST", "/proxy/targets", {"hostname": "b.cardea.test", "target_url": nginx.url})[0] == 503

    own_redis.start()  # the append-only file brings everything back
    wait_until(lambda: health(own_cardea)["status"] == "healthy", 30, "Cardea finds Redis again")
    assert "known.cardea.test" in [target["hostname"] for target in api.expect(200, "GET", "/proxy/targets")]
    api.create_target("b.cardea.test", nginx.url, enable_https=False)
    assert raw.status_of(raw.get(own_cardea.http_port, "b.cardea.test")) == 200


def test_a_redis_that_wants_a_password(folder, pebble):
    with RedisServer(folder / "redis", password="s3cret") as server:
        with Cardea(folder / "cardea", REDIS_URL=server.url(3)) as running:
            assert health(running)["redis"] == "healthy"
            assert running.make_token("with-password").startswith("acm_")
            assert "s3cret" not in running.log()


def test_a_rejected_order_fails_with_the_ca_s_own_words(api, database):
    api.create_certificate("rejected", BLOCKED_NAME, email="admin@cardea.test")
    status = api.wait_for_certificate("rejected", "failed")
    assert "forbidden" in status["message"]


def test_a_failed_validation_fails_with_the_ca_s_own_words(folder, stack, new_host):
    """A Cardea whose HTTP port is not the one that the CA asks cannot answer: nobody there knows its token."""
    settings = {"REDIS_URL": stack.redis.url(6), "ACME_CA_BUNDLE": str(stack.pebble.ca_path)}
    settings["ACME_DIRECTORY_URL"] = stack.pebble.directory_url
    with Cardea(folder / "cardea", **settings) as running:
        api = Api(running.http_port, running.make_token("unreachable"))
        api.create_certificate("unreachable", new_host(), email="admin@cardea.test")
        status = api.wait_for_certificate("unreachable", "failed")
        assert "404" in status["message"], "the CA says what it got"


def test_a_failed_renewal_loses_nothing(stack, api, new_host, database, https):
    """The directory of a stored certificate goes away; the old certificate stays in Redis and is served on."""
    hostname = new_host("kept")
    name = certificate_name(hostname)
    api.create_target(hostname, stack.nginx.url)
    api.wait_for_certificate(name)
    stored = json.loads(database.get(f"cert:{name}"))
    gone = stored | {"acme_directory_url": f"https://127.0.0.1:{free_port()}/dir"}
    database.set(f"cert:{name}", json.dumps(gone))
    api.expect(202, "POST", f"/certificates/{name}/renew")
    status = api.wait_for_certificate(name, "failed")
    assert status["message"]
    after = json.loads(database.get(f"cert:{name}"))
    assert after["fullchain_pem"] == stored["fullchain_pem"]
    assert after["private_key_pem"] == stored["private_key_pem"]
    assert https(hostname).get("/")[0] == 200


def test_an_unreachable_directory_fails_with_a_sentence(api, new_host):
    url = f"https://127.0.0.1:{free_port()}/dir"
    api.create_certificate("nodirectory", new_host(), email="admin@cardea.test", acme_directory_url=url)
    status = api.wait_for_certificate("nodirectory", "failed")
    assert "127.0.0.1" in status["message"] or "connect" in status["message"].lower()


def test_a_directory_under_another_root_is_not_trusted(folder, stack, new_host):
    other_root = DirectoryCertificate(folder / "other").ca_path
    settings = {"REDIS_URL": stack.redis.url(5), "ACME_DIRECTORY_URL": stack.pebble.directory_url}
    with Cardea(folder / "cardea", ACME_CA_BUNDLE=str(other_root), **settings) as running:
        api = Api(running.http_port, running.make_token("untrusting"))
        api.create_certificate("untrusted", new_host(), email="admin@cardea.test")
        status = api.wait_for_certificate("untrusted", "failed")
        assert "certificate" in status["message"].lower()


GARBAGE = {
    "random bytes": os.urandom(4096),
    "zeros": bytes(4096),
    "no HTTP at all": b"HELO there\r\n\r\n",
    "an old ClientHello": bytes.fromhex("802e010002001500000010"),
    "a TLS record that lies about its length": b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc" + bytes(100),
    "a ClientHello cut short": b"\x16\x03\x01\x00\x30\x01\x00\x00\x2c\x03\x03" + bytes(10),
    "HTTP to either port": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a header that never ends": b"GET / HTTP/1.1\r\nX: " + b"a" * 300_000,
    "a thousand headers": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE.keys())
@pytest.mark.parametrize("which", ["http", "https"])
def test_garbage_harms_nobody_else(cardea, https, site, which, data):
    port = cardea.http_port if which == "http" else cardea.https_port
    neighbour = https(site)
    assert neighbour.get("/")[0] == 200
    for _ in range(5):
        with raw.connect(port) as connection:
            try:
                connection.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass
        assert neighbour.get("/")[0] == 200
    assert cardea.is_running()


@pytest.mark.parametrize("data", [GARBAGE["random bytes"], GARBAGE["no HTTP at all"]], ids=["random", "not HTTP"])
def test_garbage_on_http_is_answered_400_and_closed(cardea, data):
    response = raw.exchange(cardea.http_port, data + b"\r\n\r\n")
    assert response == b"" or raw.status_of(response) == 400


def test_tls_that_is_not_tls_is_closed(cardea):
    response = raw.exchange(cardea.https_port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    # A TLS alert, an HTTP error, or nothing: but the connection ends.
    assert response == b"" or response[0] == 0x15 or response.startswith(b"HTTP/1.1 400")


def test_a_client_that_resets_in_the_middle_of_a_handshake(cardea, site, root_pem, https):
    for _ in range(20):
        connection = raw.connect(cardea.https_port)
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")
        raw.reset(connection)
    assert https(site).get("/")[0] == 200
    with HostConnection(site, cardea.https_port, https_context(root_pem)) as fresh:
        assert fresh.get("/")[0] == 200
