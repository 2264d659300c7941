"""The serving side of tls-alpn-01 (RFC 8737): any node answers for exactly the names whose challenge is in Redis."""

import hashlib
import re
import socket
import ssl
import subprocess

import pytest
import redis
from cardea_stack import Cardea, RedisServer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, ObjectIdentifier
from support import raw
from support.names import bugs_in

ACME_IDENTIFIER = ObjectIdentifier("1.3.6.1.5.5.7.1.31")
AUTHORIZATION = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.nP1qzpXGymHBrUEepNY9HCsQk7K8KhOypzEt62jcerQ"
NO_APPLICATION_PROTOCOL, INTERNAL_ERROR = 120, 80


@pytest.fixture(scope="module")
def nodes(stack, site, tmp_path_factory):
    """Two nodes on one Redis; both know `site` and its certificate."""
    folder = tmp_path_factory.mktemp("second")
    settings = {"REDIS_URL": stack.redis.unix_url(), "ACME_CA_BUNDLE": str(stack.pebble.ca_path)}
    with Cardea(folder, **settings) as second:
        yield stack.cardea, second
        assert second.stop() == 0
        assert bugs_in(second.log()) == []


@pytest.fixture
def publish(database):
    """Puts the answer for a name where the node that orders would put it."""
    published = []

    def put(name: str, authorization: str = AUTHORIZATION):
        published.append(name)
        database.set(f"alpn:{name}", authorization, ex=3600)

    yield put
    for name in published:
        database.delete(f"alpn:{name}")


def s_client(port: int, name: str | None, protocols: str, *options: str) -> subprocess.CompletedProcess:
    """One handshake of OpenSSL's own client, which then ends its side."""
    server_name = ["-servername", name] if name else ["-noservername"]
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *server_name, "-alpn", protocols, *options]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)


def certificates_in(done: subprocess.CompletedProcess) -> list[x509.Certificate]:
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", done.stdout, re.DOTALL)
    return [x509.load_pem_x509_certificate(block.encode()) for block in blocks]


def alert_in(done: subprocess.CompletedProcess) -> int | None:
    found = re.search(r"SSL alert number (\d+)", done.stderr)
    return int(found[1]) if found else None


def assert_answers(certificate: x509.Certificate, name: str, authorization: str = AUTHORIZATION):
    assert certificate.version == x509.Version.v3
    names = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    assert list(names) == [x509.DNSName(name)]
    identifier = certificate.extensions.get_extension_for_oid(ACME_IDENTIFIER)
    assert identifier.critical
    assert identifier.value.value == b"\x04\x20" + hashlib.sha256(authorization.encode()).digest()
    assert isinstance(certificate.public_key().curve, ec.SECP256R1)
    certificate.verify_directly_issued_by(certificate)


def assert_is_of_the_site(certificate: x509.Certificate, site: str):
    names = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    assert names.get_values_for_type(x509.DNSName) == [site]
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_oid(ACME_IDENTIFIER)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_every_node_answers_for_a_name_that_it_never_saw(nodes, publish, new_host, version):
    name = new_host("alpn")
    publish(name)
    for node in nodes:
        done = s_client(node.https_port, name, "acme-tls/1", version)
        assert done.returncode == 0, done.stderr
        assert "ALPN protocol: acme-tls/1" in done.stdout
        (certificate,) = certificates_in(done)
        assert_answers(certificate, name)


def test_the_name_is_compared_without_case(nodes, publish, new_host):
    name = new_host("alpn")
    publish(name)
    for node in nodes:
        (certificate,) = certificates_in(s_client(node.https_port, name.upper(), "acme-tls/1"))
        assert_answers(certificate, name)


def test_a_name_longer_than_a_common_name(nodes, publish):
    name = f"{'a' * 60}.{'b' * 60}.cardea.test"
    publish(name)
    for node in nodes:
        (certificate,) = certificates_in(s_client(node.https_port, name, "acme-tls/1"))
        assert_answers(certificate, name)


def test_a_host_that_is_served_answers_its_challenge_and_its_clients(nodes, publish, site):
    """A renewal: the host goes on with its certificate while the CA sees the challenge's."""
    publish(site)
    for node in nodes:
        (certificate,) = certificates_in(s_client(node.https_port, site, "acme-tls/1"))
        assert_answers(certificate, site)
        for protocols in ("h2,http/1.1,acme-tls/1", "acme-tls/1,http/1.1", "http/1.1"):
            done = s_client(node.https_port, site, protocols)
            assert done.returncode == 0, done.stderr
            assert "ALPN protocol: http/1.1" in done.stdout
            assert_is_of_the_site(certificates_in(done)[0], site)


def test_only_the_pending_name_is_answered(nodes, publish, new_host, site):
    name = new_host("alpn")
    publish(name)
    for node in nodes:
        # A subdomain, the parent, a name that nobody knows, and a host with a certificate of its own.
        for other in (f"www.{name}", "cardea.test", new_host("unknown"), site):
            done = s_client(node.https_port, other, "acme-tls/1")
            assert done.returncode != 0
            assert alert_in(done) == NO_APPLICATION_PROTOCOL, done.stderr
            assert certificates_in(done) == [], "no certificate at all is shown"


def test_a_client_without_a_name_is_refused(nodes):
    for node in nodes:
        done = s_client(node.https_port, None, "acme-tls/1")
        assert alert_in(done) == NO_APPLICATION_PROTOCOL, done.stderr
        assert certificates_in(done) == []


def test_a_challenge_ends_with_its_entry(nodes, publish, database, new_host):
    name = new_host("alpn")
    publish(name)
    for node in nodes:
        assert len(certificates_in(s_client(node.https_port, name, "acme-tls/1"))) == 1
    publish(name, "another.authorization")
    for node in nodes:
        (certificate,) = certificates_in(s_client(node.https_port, name, "acme-tls/1"))
        assert_answers(certificate, name, "another.authorization")
    database.delete(f"alpn:{name}")
    for node in nodes:
        assert alert_in(s_client(node.https_port, name, "acme-tls/1")) == NO_APPLICATION_PROTOCOL


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_request_after_the_handshake_is_not_answered(nodes, publish, site, version):
    publish(site)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = version
    context.set_alpn_protocols(["acme-tls/1"])
    for node in nodes:
        with (
            socket.create_connection(("127.0.0.1", node.https_port), 20) as plain,
            context.wrap_socket(plain, server_hostname=site, suppress_ragged_eofs=False) as connection,
        ):
            assert connection.selected_alpn_protocol() == "acme-tls/1"
            connection.sendall(raw.request("GET /", site))
            # The end, in order: without a close_notify this would be an SSLEOFError, after a reset an OSError.
            assert connection.recv(1000) == b""
            assert connection.session is None or not connection.session.has_ticket


def test_what_anybody_can_ask_costs_one_question_and_an_ordinary_client_none(folder, new_host):
    with RedisServer(folder / "redis") as server, Cardea(folder / "cardea", REDIS_URL=server.url()) as node:
        with redis.Redis.from_url(server.url(), decode_responses=True) as database:

            def questions() -> int:
                return database.info("commandstats").get("cmdstat_get", {"calls": 0})["calls"]

            before, keys = questions(), sorted(database.scan_iter())
            for _ in range(5):
                assert alert_in(s_client(node.https_port, new_host(), "acme-tls/1")) == NO_APPLICATION_PROTOCOL
            assert questions() == before + 5
            for name in ("bad..name", None):
                assert alert_in(s_client(node.https_port, name, "acme-tls/1")) == NO_APPLICATION_PROTOCOL
            assert s_client(node.https_port, new_host(), "acme-tls/1,http/1.1").returncode == 0
            assert questions() == before + 5
            assert sorted(database.scan_iter()) == keys, "nothing is kept"
        server.stop()
        done = s_client(node.https_port, new_host(), "acme-tls/1")
        assert alert_in(done) == INTERNAL_ERROR, "Redis is away: " + done.stderr
        assert certificates_in(done) == []
