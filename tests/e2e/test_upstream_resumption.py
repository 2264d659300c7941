"""TLS sessions towards upstreams: a new connection resumes the one before, but never beyond its trust or its time."""

import contextlib
import datetime

import pytest
from cardea_stack import Api, ApiError, Cardea, HostConnection, wait_until
from support.clock import TimerClock
from support.secure_upstream import SecureNginx, TestCa


@pytest.fixture(scope="module")
def ca():
    return TestCa("The good CA")


@pytest.fixture(scope="module")
def other_ca():
    return TestCa("Another CA")


@pytest.fixture(scope="module")
def nginx(session_folder, ca):
    with SecureNginx(session_folder / "resuming", {"local": ca.leaf("localhost", "127.0.0.1", "other.name")}) as running:
        yield running


@pytest.fixture
def clock(folder):
    return TimerClock(folder / "clock")


@pytest.fixture
def node(stack, folder, clock):
    """One worker: it has nobody to share sessions with. And nobody has made any before."""
    with Cardea(folder, extra_environment=clock.environment, REDIS_URL=stack.redis.url(), WORKERS="1") as running:
        yield running


class Site:
    def __init__(self, node: Cardea, api: Api, name: str, url: str):
        self._node, self._api, self._url = node, api, url
        self.name = name

    def create(self, **wishes):
        self._api.create_target(self.name, self._url, enable_https=False, **wishes)
        return self

    def replace(self, **wishes):
        self._api.expect(200, "DELETE", f"/proxy/targets/{self.name}")
        return self.create(**wishes)

    def get(self, path: str = "/close/") -> tuple[int, bytes]:
        with HostConnection(self.name, self._node.http_port) as connection:
            status, _, body = connection.get(path)
            return status, body

    def is_resumed(self) -> bool:
        """On a new connection to the upstream, as each is closed after its response."""
        status, body = self.get()
        assert status == 200
        lines = dict(line.split(": ", 1) for line in body.decode().splitlines())
        assert lines["resumed"] in ("r", ".")
        return lines["resumed"] == "r"


@pytest.fixture
def site(stack, node, new_host, nginx):
    """Makes a site whose upstream is nginx: site(upstream_ca_pem=…)."""
    api = Api(node.http_port, stack.cardea.make_token(new_host("token")))
    made = []

    def make(host: str = "localhost", **wishes) -> Site:
        made.append(Site(node, api, new_host("resuming"), f"https://{host}:{nginx.ports['local']}").create(**wishes))
        return made[-1]

    yield make

    for each in made:
        # The clock may have been moved, and the connection to Redis is made anew.
        def is_deleted(name=each.name):
            with contextlib.suppress(ApiError):
                api.expect(200, "DELETE", f"/proxy/targets/{name}")
                return True

        wait_until(is_deleted, 20, "the API answers")


def test_each_new_connection_resumes_the_one_before(site, ca):
    trusting = site(upstream_ca_pem=ca.pem)
    assert [trusting.is_resumed() for _ in range(5)] == [False, True, True, True, True]
    also = site(upstream_ca_pem=ca.pem)
    assert also.is_resumed(), "to the same upstream, trusting the same"


def test_whoever_is_not_verified_is_resumed_by_those_who_trust_anybody_only(site, ca, other_ca):
    careless = site(insecure_skip_verify=True)
    assert [careless.is_resumed() for _ in range(2)] == [False, True]
    wrong = site(upstream_ca_pem=other_ca.pem)
    by_the_system = site()
    for each in (wrong, by_the_system):
        assert each.get()[0] == 502
    trusting = site(upstream_ca_pem=ca.pem)
    assert [trusting.is_resumed() for _ in range(2)] == [False, True]
    for each in (wrong, by_the_system):
        assert each.get()[0] == 502
    assert careless.is_resumed() and trusting.is_resumed()


def test_a_session_is_good_for_one_name_and_address(site, ca):
    assert not site(upstream_ca_pem=ca.pem).is_resumed()
    assert not site(upstream_ca_pem=ca.pem, upstream_server_name="other.name").is_resumed()
    assert not site("127.0.0.1", upstream_ca_pem=ca.pem).is_resumed()
    assert site(upstream_ca_pem=ca.pem, upstream_server_name="wrong.name").get()[0] == 502


def test_a_change_of_trust_ends_the_sessions(site, ca, other_ca):
    changing = site(upstream_ca_pem=ca.pem)
    assert [changing.is_resumed() for _ in range(2)] == [False, True]
    changing.replace(upstream_ca_pem=other_ca.pem)
    assert changing.get()[0] == 502
    changing.replace(upstream_ca_pem=ca.pem)
    assert [changing.is_resumed() for _ in range(2)] == [False, True]


def test_nobody_lives_on_in_renewed_sessions(site, ca, clock):
    """Each connection brings a new session; the certificate is looked at again five minutes after the last look."""
    trusting = site(upstream_ca_pem=ca.pem)
    resumed = [trusting.is_resumed()]
    for _ in range(4):
        clock.advance(datetime.timedelta(minutes=2))
        resumed.append(trusting.is_resumed())
    assert resumed == [False, True, True, False, True]
