"""What the tests can tell Pebble, so that a test of Cardea does not take an option for granted that does nothing."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from cardea_stack import describe_certificate
from cryptography import x509
from support.acme_client import AcmeClient, base64url, lone_pebble


@pytest.fixture(scope="module")
def ca(session_folder):
    with lone_pebble(session_folder / "told", certificate_validity_seconds=3600) as running:
        yield running


@pytest.fixture
def client(ca):
    with AcmeClient(ca.directory_url, ca.ca_path) as made:
        assert made.new_account().status == 201
        yield made


def lifetime(certificate: x509.Certificate) -> timedelta:
    """With its last second, which belongs to it (RFC 5280 4.1.2.5)."""
    return certificate.not_valid_after_utc - certificate.not_valid_before_utc + timedelta(seconds=1)


def test_renewal_information_can_be_set(client, ca):
    pem = client.issue("a.cardea.test").body.decode()
    certificate = x509.load_pem_x509_certificate(pem.encode())
    key_id = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    serial = certificate.serial_number.to_bytes(certificate.serial_number.bit_length() // 8 + 1, "big")
    url = f"{client.directory['renewalInfo']}/{base64url(key_id)}.{base64url(serial)}"
    assert "suggestedWindow" in client.request("GET", url).json()
    ca.set_renewal_info(pem, "{no JSON")
    assert client.request("GET", url).body == b"{no JSON"
    start = datetime(2027, 1, 1, tzinfo=UTC)
    ca.set_renewal_window(pem, start, start + timedelta(hours=1), explanationURL="https://cardea.test/why")
    assert client.request("GET", url).json() == {
        "suggestedWindow": {"start": "2027-01-01T00:00:00Z", "end": "2027-01-01T01:00:00Z"},
        "explanationURL": "https://cardea.test/why",
    }


def test_a_revocation_is_seen(client, ca):
    pem = client.issue("a.cardea.test").body.decode()
    serial = describe_certificate(pem)["serial"]
    assert ca.certificate_status(serial)["Status"] == "Valid"
    assert client.revoke(pem, reason=4).status == 200
    assert ca.wait_until_revoked(serial)["Reason"] == 4
    assert ca.certificate_status("1234") is None


def test_certificates_live_as_long_as_they_are_told_to(client):
    certificate = x509.load_pem_x509_certificate(client.issue("a.cardea.test").body)
    assert lifetime(certificate) == timedelta(hours=1)


def test_external_accounts(folder):
    key = base64url(b"a secret of 32 bytes, for an HMAC")
    options = {"external_account_keys": {"kid-1": key}, "external_account_required": True}
    with lone_pebble(folder, **options) as ca, AcmeClient(ca.directory_url, ca.ca_path) as client:
        assert client.directory["meta"]["externalAccountRequired"] is True
        assert client.new_account().json()["type"].endswith(":externalAccountRequired")
        assert client.new_account(("kid-1", base64url(b"another"))).status == 403
        assert client.new_account(("kid-1", key)).status == 201


def test_profiles(folder):
    profiles = {"short": {"description": "", "validityPeriod": 600}, "long": {"description": "long"}}
    options = {"profiles": profiles, "certificate_validity_seconds": 7200}
    with lone_pebble(folder, **options) as ca, AcmeClient(ca.directory_url, ca.ca_path) as client:
        client.new_account()
        assert client.directory["meta"]["profiles"] == {"short": "", "long": "long"}
        for profile, seconds in {"short": 600, "long": 7200}.items():
            certificate = x509.load_pem_x509_certificate(client.issue("a.cardea.test", profile=profile).body)
            assert lifetime(certificate) == timedelta(seconds=seconds)
        assert client.new_order("a.cardea.test", profile="none").json()["type"].endswith(":invalidProfile")


def test_chains(folder):
    options = {"alternate_roots": 2, "chain_length": 3}
    with lone_pebble(folder, **options) as ca, AcmeClient(ca.directory_url, ca.ca_path) as client:
        client.new_account()
        issued = client.issue("a.cardea.test")
        assert len(x509.load_pem_x509_certificates(issued.body)) == 4
        alternates = [value for name, value in issued.headers if name == "Link" and 'rel="alternate"' in value]
        assert len(alternates) == 2
        assert len(set(ca.roots())) == 3 and ca.roots()[0] == ca.root_pem()


@pytest.mark.parametrize(("percent", "status"), [(0, "pending"), (100, "ready")])
def test_what_was_validated_can_be_valid_in_the_next_order(folder, percent, status):
    with lone_pebble(folder, authz_reuse_percent=percent) as ca, AcmeClient(ca.directory_url, ca.ca_path) as client:
        client.new_account()
        client.issue("a.cardea.test")
        assert client.new_order("a.cardea.test").json()["status"] == status


def test_waiting(folder):
    options = {"validation_sleep": 1, "retry_after": {"order": 600}}
    with lone_pebble(folder, **options) as ca, AcmeClient(ca.directory_url, ca.ca_path) as client:
        client.new_account()
        client.issue("a.cardea.test")
        assert "Setting maximum random VA sleep time to 1 seconds" in ca.log()
        # As a number or as a date, which Pebble decides by chance.
        retry_after = client.finalized.header("Retry-After")
        date = parsedate_to_datetime(client.finalized.header("Date"))
        assert retry_after == "600" or parsedate_to_datetime(retry_after) > date + timedelta(seconds=300)


@pytest.mark.parametrize("strict", [True, False])
def test_strictness(folder, strict):
    with lone_pebble(folder, strict=strict) as ca:
        assert ("Running in strict mode" in ca.log()) == strict
