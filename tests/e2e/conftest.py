"""The real programs that the tests share: Redis, Pebble with its DNS, nginx, and one Cardea (CARDEA_PRESET's build).

Tests that hurt a program (kill Redis, stop Cardea) start their own; the shared ones stay whole.
"""

import itertools

import pytest
import redis
from cardea_stack import HostConnection, Stack, https_context
from support import raw
from support.fault_stack import FaultStack
from support.names import BLOCKED_NAME, bugs_in, certificate_name
from support.sites import plain_sites
from support.upstream import Upstream


@pytest.fixture(scope="session")
def stack(session_folder):
    with Stack(session_folder, blocked_names=(BLOCKED_NAME,)) as running:
        running.start()
        yield running
        code = running.cardea.stop()
        assert bugs_in(running.cardea.log()) == []
        assert code == 0, running.cardea.log_tail()


@pytest.fixture(scope="session")
def cardea(stack):
    return stack.cardea


@pytest.fixture(scope="session")
def pebble(stack):
    return stack.pebble


@pytest.fixture(scope="session")
def nginx(stack):
    return stack.nginx


@pytest.fixture(scope="session")
def root_pem(pebble):
    return pebble.root_pem()


@pytest.fixture(scope="session")
def database(stack):
    """Redis as Cardea sees it."""
    with redis.Redis.from_url(stack.redis.url(), decode_responses=True) as client:
        yield client


@pytest.fixture(scope="session")
def api(stack):
    """The API with a token that may write."""
    return stack.api(stack.cardea.make_token("e2e"))


@pytest.fixture(scope="session")
def public_api(stack):
    return stack.api()


_numbers = itertools.count(1)


@pytest.fixture
def new_host():
    """Makes host names that no other test uses."""
    return lambda label="host": f"{label}-{next(_numbers)}.cardea.test"


@pytest.fixture(scope="session")
def site(stack, api):
    """A host with a certificate, proxied to nginx."""
    hostname = "site.cardea.test"
    api.create_target(hostname, stack.nginx.url)
    api.wait_for_certificate(certificate_name(hostname))
    return hostname


@pytest.fixture(scope="session")
def upstream():
    """The Python upstream for what nginx cannot do: uploads, chunked answers, events, an answer on command."""
    with Upstream() as running:
        yield running


@pytest.fixture
def http_host(stack, api, new_host):
    """Makes a target that is served over plain HTTP only (no certificate to wait for) and returns its name."""
    with plain_sites(api, new_host) as make:
        yield make


@pytest.fixture
def http(cardea):
    """Opens a plain connection for a host name: http("name")."""
    opened = []

    def connect(hostname: str, **arguments) -> HostConnection:
        opened.append(HostConnection(hostname, cardea.http_port, **arguments))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def https(cardea, root_pem):
    """Opens a verified HTTPS connection for a host name: https("name")."""
    opened = []
    context = https_context(root_pem)

    def connect(hostname: str, **arguments) -> HostConnection:
        opened.append(HostConnection(hostname, cardea.https_port, context, **arguments))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def client(cardea):
    """A plain connection to Cardea, for bytes."""
    with raw.connect(cardea.http_port) as connection:
        yield connection


@pytest.fixture
def listener():
    """An upstream that the test speaks for, byte by byte."""
    with raw.Listener() as listening:
        yield listening


@pytest.fixture(scope="module")
def fault_stack(session_folder, request):
    """A module's own stack, whose certificates can each have a proxy of its own before the CA; to be hurt at will."""
    with FaultStack(session_folder / request.module.__name__.rpartition(".")[2]) as running:
        running.start()
        yield running
        running.cardea.stop()
        running.check_logs()
