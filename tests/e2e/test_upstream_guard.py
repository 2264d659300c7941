"""Where an upstream must not be, and that a name which does not resolve harms its own host only."""

import select

import pytest
from cardea_stack import Api, Cardea, RedisServer, wait_until
from support import raw
from support.name_server import CardeaWithNames, NameServer

NEVER = [
    ("169.254.169.254", "the metadata service of a cloud"),
    ("169.254.1.1", "a link-local address"),
    ("[fe80::1]", "a link-local address"),
    ("[fd00:ec2::254]", "the metadata service of a cloud"),
    ("[::ffff:169.254.169.254]", "the metadata service of a cloud"),
    ("[64:ff9b::a9fe:a9fe]", "the metadata service of a cloud"),
    ("2852039166", "the metadata service of a cloud"),
    ("0xa9.0xfea9fe", "the metadata service of a cloud"),
    ("0.0.0.0", "no address that can be connected to"),
    ("[::]", "no address that can be connected to"),
    ("224.0.0.1", "a multicast address"),
    ("255.255.255.255", "a reserved address"),
]


def refusal(api, new_host, url: str, **fields) -> str:
    """The sentence of the API, which must have stored nothing."""
    hostname = new_host("refused")
    answer = api.expect(400, "POST", "/proxy/targets", {"hostname": hostname, "target_url": url} | fields)
    api.expect(404, "GET", f"/proxy/targets/{hostname}")
    return answer["detail"]


def status_from(cardea, hostname: str) -> int:
    return raw.status_of(raw.get(cardea.http_port, hostname))


@pytest.mark.parametrize(("host", "words"), NEVER)
def test_some_addresses_are_refused_when_they_are_stored(api, new_host, host, words):
    assert words in refusal(api, new_host, f"http://{host}:3000")


def test_cardea_and_its_redis_are_refused_when_they_are_stored(api, new_host, stack):
    for port in (stack.cardea.http_port, stack.cardea.https_port):
        for host in ("127.0.0.1", "0x7f.1", "[::ffff:127.0.0.1]"):
            assert "is Cardea itself" in refusal(api, new_host, f"http://{host}:{port}")
    assert "is Cardea's Redis" in refusal(api, new_host, f"http://127.0.0.1:{stack.redis.port}")
    assert "is Cardea's Redis" in refusal(api, new_host, f"http://2130706433:{stack.redis.port}")


def test_cardea_and_its_redis_are_refused_under_another_name(stack, http_host):
    for port, words in ((stack.cardea.http_port, "is Cardea itself"), (stack.redis.port, "is Cardea's Redis")):
        hostname = http_host(f"http://localhost:{port}")
        response = raw.get(stack.cardea.http_port, hostname)
        assert raw.status_of(response) == 502
        assert b"localhost" not in response, "the client is not told where"
        assert words in stack.cardea.wait_for_log(hostname, " 502 ")


@pytest.fixture
def strict(folder, stack):
    """A second Cardea on the same Redis, whose upstreams must be public."""
    with Cardea(folder, REDIS_URL=stack.redis.url(), UPSTREAM_ALLOWED="") as server:
        yield server


def test_what_the_operator_does_not_allow_is_refused(strict, stack, http_host, new_host):
    by_name = http_host(f"http://localhost:{stack.nginx.port}")
    by_address = http_host(stack.nginx.url)
    for hostname in (by_name, by_address):
        wait_until(lambda host=hostname: status_from(strict, host) != 404, 20, "the host is known")
        assert status_from(stack.cardea, hostname) == 200
        assert status_from(strict, hostname) == 502
        strict.wait_for_log(f"{hostname} GET: 502", "which UPSTREAM_ALLOWED does not have (loopback)")
    strict_api = Api(strict.http_port, strict.make_token("strict"))
    for url, word in (
        (stack.nginx.url, "(loopback)"),
        ("http://10.0.0.1", "(private)"),
        ("http://[fd12::1]:8080", "(private)"),
        ("http://100.64.0.1", "(private)"),
    ):
        assert f"UPSTREAM_ALLOWED does not have {word}" in refusal(strict_api, new_host, url)


@pytest.fixture
def names():
    with NameServer() as running:
        yield running


@pytest.fixture
def resolving(folder, stack, names):
    """A second Cardea on the same Redis that asks `names`."""
    with CardeaWithNames(folder, names, REDIS_URL=stack.redis.url()) as server:
        yield server


def known(cardea, hostname: str):
    """Waits for the host by what needs no upstream: HTTPS is off, so it has no certificate, but is not 404."""
    wait_until(lambda: status_from(cardea, hostname) != 404, 20, f"{hostname} is known")


def test_what_a_name_resolves_to_is_judged(resolving, names, stack, http_host):
    names.answers |= {
        "good.upstream.test": ["127.0.0.1"],
        "metadata.upstream.test": ["169.254.169.254"],
        "nothing.upstream.test": ["0.0.0.0"],
        "both.upstream.test": ["169.254.169.254", "127.0.0.1"],
    }
    expected = {"good": 200, "metadata": 502, "nothing": 502, "both": 200}
    for name, status in expected.items():
        hostname = http_host(f"http://{name}.upstream.test:{stack.nginx.port}")
        known(resolving, hostname)
        assert status_from(resolving, hostname) == status, name
    resolving.wait_for_log("169.254.169.254 is the metadata service of a cloud")


def test_names_without_an_answer_hold_up_no_other_host(resolving, names, stack, http_host):
    silent = [f"silent-{number}.upstream.test" for number in range(12)]
    names.answers |= dict.fromkeys(silent) | {"good.upstream.test": ["127.0.0.1"]}
    good = http_host(f"http://good.upstream.test:{stack.nginx.port}")
    stuck_hosts = [http_host(f"http://{name}:{stack.nginx.port}") for name in silent]
    # The change stream is in order: who knows this one knows all before it.
    last = http_host(stack.nginx.url)
    known(resolving, last)
    waiting = []
    for hostname in stuck_hosts:
        waiting.append(raw.connect(resolving.http_port))
        waiting[-1].sendall(raw.request("GET /", hostname, "Connection: close"))
    wait_until(lambda: set(silent) <= set(names.asked), 20, "the names are asked for")
    assert status_from(resolving, good) == 200
    assert status_from(resolving, last) == 200
    assert select.select(waiting, [], [], 0)[0] == [], "they still wait while others are served"
    for connection in waiting:
        assert raw.status_of(raw.receive_all(connection)) == 504
        connection.close()


def test_a_name_that_does_not_exist_is_the_fault_of_its_host_alone(resolving, stack, http_host):
    nowhere = http_host("http://nowhere.upstream.test")
    good = http_host(stack.nginx.url)
    known(resolving, good)
    assert status_from(resolving, nowhere) == 502
    assert status_from(resolving, good) == 200
    resolving.wait_for_log("the name does not resolve")


def test_a_directory_that_a_token_names_is_judged_when_it_is_stored(api, new_host, stack):
    hostname = new_host("directory")
    for url, words in (
        ("https://169.254.169.254/dir", "the metadata service of a cloud"),
        (f"https://127.0.0.1:{stack.cardea.https_port}/dir", "is Cardea itself"),
        (f"https://127.0.0.1:{stack.redis.port}/dir", "is Cardea's Redis"),
    ):
        assert words in refusal(api, new_host, "http://backend", acme_directory_url=url)
        wanted = {"domain": hostname, "acme_directory_url": url}
        assert words in api.expect(400, "POST", "/certificates", wanted)["detail"]


def test_a_directory_that_a_token_names_is_judged_when_it_is_asked(api, new_host, stack):
    for port, words in ((stack.cardea.https_port, "is Cardea itself"), (stack.redis.port, "is Cardea's Redis")):
        hostname = new_host("asked")
        name = f"asked-{port}"
        api.create_certificate(name, hostname, acme_directory_url=f"https://localhost:{port}/dir")
        status = api.wait_for_certificate(name, "failed")
        assert words in status["message"], status
        api.expect(200, "DELETE", f"/certificates/{name}")


@pytest.fixture
def strict_alone(folder, stack):
    """A Cardea with a Redis of its own, so that no other node takes its orders over. Its upstreams must be public, and
    its CA is on loopback."""
    with (
        RedisServer(folder / "redis") as redis,
        Cardea(
            folder / "cardea",
            REDIS_URL=redis.url(),
            UPSTREAM_ALLOWED="",
            ACME_DIRECTORY_URL=stack.pebble.directory_url,
            ACME_CA_BUNDLE=str(stack.pebble.ca_path),
        ) as server,
    ):
        yield server


def test_the_operators_own_directory_may_be_anywhere(strict_alone, stack, new_host):
    api = Api(strict_alone.http_port, strict_alone.make_token("strict"))
    own = stack.pebble.directory_url
    # The CA validates at the shared node, which knows no such challenge; but it is asked.
    api.create_certificate("own", new_host("own"), acme_directory_url=own)
    assert "the CA could not validate" in api.wait_for_certificate("own", "failed")["message"]
    # The same CA under a name that only a token knows.
    named = own.replace("127.0.0.1", "localhost")
    assert named != own
    api.create_certificate("named", new_host("named"), acme_directory_url=named)
    assert "(loopback)" in api.wait_for_certificate("named", "failed")["message"]
    wanted = {"domain": new_host("literal"), "acme_directory_url": own + "2"}
    assert "(loopback)" in api.expect(400, "POST", "/certificates", wanted)["detail"]
