"""Answers of a CA that must not be believed: chains that are none or somebody else's, orders that change, directories
and challenges that lead nowhere. The reason is told, and the certificate that is there stays.

Every case has a certificate and a proxy of its own, and all of them run at once.
"""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cardea_stack import wait_until
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.ca_faults import Fault, answer, change, endless, problem
from support.ca_http import Answer
from support.ca_proxy import CaProxy
from support.fault_stack import Ordered

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEY = ec.generate_private_key(ec.SECP256R1())  # the CA's, where the test is the CA


def pem_of(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def issue(key, *names: str, not_before: timedelta = -HOUR, not_after: timedelta = 30 * DAY) -> str:
    now = datetime.now(UTC)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A CA of the test")])
    builder = x509.CertificateBuilder(issuer, x509.Name([]), key, x509.random_serial_number())
    builder = builder.not_valid_before(now + not_before).not_valid_after(now + not_after)
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    return pem_of(builder.add_extension(alternatives, critical=True).sign(KEY, hashes.SHA256()))


@dataclass
class Asked:
    """What the CA was asked for last, as a CA sees it."""

    proxy: CaProxy
    name: str

    @property
    def key(self):
        finalize = self.proxy.exchanges("finalize")[-1]
        text = finalize.payload["csr"]
        return x509.load_der_x509_csr(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))).public_key()


def private_key_pem() -> str:
    no_encryption = serialization.NoEncryption()
    return KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_encryption).decode()


def reversed_chain(pem: str) -> str:
    return "".join(pem_of(each) for each in reversed(x509.load_pem_x509_certificates(pem.encode())))


def cut_in_base64(pem: str) -> str:
    return pem[: len(pem) // 3]


# Name → (the chain that is sent, of the real one and what was asked for; a part of the reason).
WRONG_CHAINS = {
    "private-key": (lambda real, asked: real + private_key_pem(), "refused"),
    "key-first": (lambda real, asked: private_key_pem() + real, "refused"),
    "empty": (lambda real, asked: "", "refused"),
    "text-first": (lambda real, asked: "subject=A leaf\n" + real, "refused"),
    "page": (lambda real, asked: "<html>Your certificate</html>", "refused"),
    "cut": (lambda real, asked: cut_in_base64(real), "refused"),
    "leaf-not-first": (lambda real, asked: reversed_chain(real), "not the first"),
    "other-key": (lambda real, asked: issue(KEY.public_key(), asked.name), "another private key"),
    "other-name": (lambda real, asked: issue(asked.key, "other.cardea.test"), "does not name other-name-"),
    "expired": (lambda real, asked: issue(asked.key, asked.name, not_before=-2 * DAY, not_after=-DAY), "expired"),
    "future": (lambda real, asked: issue(asked.key, asked.name, not_before=2 * DAY), "clock"),
    "endless-chain": (lambda real, asked: real + real * 30, "refused"),
}
GOOD_CHAINS = {
    "crlf": lambda real: real.replace("\n", "\r\n"),
    "blank-lines": lambda real: "\n\n" + real.replace("-----END CERTIFICATE-----\n", "-----END CERTIFICATE-----\n\n\n"),
}


@pytest.fixture(scope="module")
def api(fault_stack):
    return fault_stack.api_of(fault_stack.cardea)


@pytest.fixture(scope="module")
def renewed(fault_stack, api):
    """Certificates whose renewal brings another chain; and what they were before."""
    made = {}
    for name in (*WRONG_CHAINS, *GOOD_CHAINS):
        proxy = fault_stack.proxy()
        made[name] = Ordered(fault_stack, proxy, f"{name}-chain.cardea.test")
        made[name].create(api)
    before = {name: certificate.wait_until_issued(api) for name, certificate in made.items()}
    for name, certificate in made.items():
        asked = Asked(certificate.proxy, certificate.hosts[0])

        def changed(real: Answer, name=name, asked=asked) -> Answer:
            real_chain = real.body.decode()
            good = GOOD_CHAINS.get(name)
            return real.with_body(good(real_chain) if good else WRONG_CHAINS[name][0](real_chain, asked))

        certificate.proxy.add(Fault("certificate", change(changed)))
        certificate.renew(api)
    return {name: (certificate, before[name]) for name, certificate in made.items()}


@pytest.mark.parametrize("name", WRONG_CHAINS)
def test_a_wrong_chain_is_refused_and_the_old_one_stays(name, renewed, api):
    certificate, before = renewed[name]
    view = certificate.wait_until_failed(api)
    assert WRONG_CHAINS[name][1] in view["last_error_message"]
    for member in ("fingerprint", "fullchain_pem", "expires_at", "issued_at"):
        assert view[member] == before[member]
    assert (view["status"], view["attempts"]) == ("active", 1)
    delay = datetime.fromisoformat(view["next_attempt_at"]) - datetime.fromisoformat(view["history"][-1]["at"])
    assert delay > HOUR / 2, "a CA that issues nonsense is not asked for more of it at once"
    certificate.check_stored()


@pytest.mark.parametrize("name", WRONG_CHAINS)
def test_after_a_wrong_chain_a_new_order_is_made(name, renewed, api):
    certificate, before = renewed[name]
    certificate.wait_until_failed(api)
    certificate.proxy.clear()
    certificate.renew(api)
    view = certificate.wait_until_issued(api, other_than=before["fingerprint"])
    assert (view["attempts"], view["last_error"], view["status"]) == (0, None, "active")
    assert len(certificate.order_ids()) == 1
    certificate.check_stored()


@pytest.mark.parametrize("name", GOOD_CHAINS)
def test_a_chain_in_another_style_is_taken(name, renewed, api):
    certificate, before = renewed[name]
    view = certificate.wait_until_issued(api, other_than=before["fingerprint"])
    assert (view["attempts"], view["last_error"]) == (0, None)
    certificate.check_stored()


# First orders.


def json_change(function):
    """Changes the object in the answer in place."""

    def changed(real: Answer) -> Answer:
        document = real.json()
        function(document)
        return real.with_body(document)

    return change(changed)


def set_all(**members):
    return json_change(lambda document: document.update(members))


def set_challenges(function):
    return json_change(lambda document: [function(each) for each in document["challenges"]])


STRANGER = [{"type": "dns", "value": "stranger.cardea.test"}]
ELSEWHERE = ["https://127.0.0.1:1/authZ/of-somebody-else"]
HTML = {"Content-Type": "text/html"}


@dataclass(frozen=True)
class Case:
    name: str
    kind: str
    action: object
    reason: str  # a part of it
    times: int | None = 1
    when: object = None


LARGE = b"{" + b" " * 20_000_000
CASES = [
    Case("directory-page", "directory", answer(502, "<html>", HTML), "HTTP status 502 and text/html"),
    Case("directory-moved", "directory", answer(301, "", {"Location": "https://127.0.0.1:1/"}), "301"),
    Case("directory-http", "directory", set_all(newOrder="http://127.0.0.1/order"), "not an https URL"),
    Case("directory-bare", "directory", set_all(newNonce=None), "newNonce"),
    Case("directory-text", "directory", answer(200, "hello"), "is not JSON"),
    Case("directory-list", "directory", answer(200, "[1]"), "not a JSON object"),
    Case("directory-large", "directory", answer(200, LARGE), "larger than any"),
    Case("directory-trickle", "directory", endless(block=b" ", pause=0.1), "timed out"),
    Case("order-page", "new_order", answer(200, "<html>", HTML), "Location"),
    Case("order-nowhere", "new_order", change(lambda real: real.without("Location")), "Location"),
    Case("order-plain", "new_order", change(lambda real: real.with_header("Location", "http://a.test/")), "Location"),
    Case("order-stranger", "new_order", set_all(identifiers=STRANGER), "other names"),
    Case("order-no-status", "new_order", set_all(status="fine"), "status"),
    Case("order-names-change", "order", set_all(identifiers=STRANGER), "other names"),
    Case("order-authz-change", "order", set_all(authorizations=ELSEWHERE), "changed the authorizations"),
    Case("order-text", "order", answer(200, "{}"), "status"),
    Case("order-no-url", "order", set_all(status="valid", certificate=None), "names no certificate"),
    Case(
        "order-expired", "order", set_all(status="processing", expires="2020-01-01T00:00:00Z"), "expired", times=None
    ),
    Case("order-invalid", "order", set_all(status="invalid"), "gave no reason"),
    Case("authz-stranger", "authz", set_all(identifier=STRANGER[0]), "another name"),
    Case("authz-no-http", "authz", set_challenges(lambda one: one.update(type="dns-99")), "it offers: dns-99"),
    Case("authz-path", "authz", set_challenges(lambda one: one.update(token="../../etc/passwd/aaaaaaaa")), "token"),
    Case("authz-long", "authz", set_challenges(lambda one: one.update(token="a" * 10_000)), "token"),
    Case("authz-tokenless", "authz", set_challenges(lambda one: one.pop("token", None)), "token"),
    Case("authz-wildcard", "authz", set_all(wildcard=True), "*.authz-wildcard"),
    Case("authz-gone", "authz", set_all(status="deactivated"), "deactivated"),
    Case("certificate-gone", "certificate", problem(404, "malformed", "no such certificate"), "no such certificate"),
    Case("no-status", "new_order", answer(403, {"type": "urn:ietf:params:acme:error:caa", "detail": "CAA says no"},
         {"Content-Type": "application/problem+json; charset=utf-8"}), "CAA says no"),
]  # fmt: skip

# What is unusual and right all the same.
GOOD_CASES = [
    Case("meta-null", "directory", set_all(meta={"termsOfService": None, "website": None, "profiles": None}), ""),
    Case("no-key-change", "directory", set_all(keyChange=None, revokeCert=None, renewalInfo=None), ""),
    Case("text-plain", "directory", change(lambda real: real.with_header("Content-Type", "text/plain")), ""),
    Case(
        "unknown-types",
        "authz",
        json_change(
            lambda document: document["challenges"].insert(
                0, {"type": "dns-persist-01", "url": "https://127.0.0.1:1/", "status": "pending"}
            )
        ),
        "",
        times=None,
    ),
    Case("no-location", "finalize", change(lambda real: real.without("Location")), ""),
    Case("other-location", "finalize", change(lambda real: real.with_header("Location", "https://127.0.0.1:1/")), ""),
]


@pytest.fixture(scope="module")
def ordered(fault_stack, api):
    made = {}
    for case in (*CASES, *GOOD_CASES):
        proxy = fault_stack.proxy()
        proxy.add(Fault(case.kind, case.action, times=case.times, when=case.when))
        made[case.name] = Ordered(fault_stack, proxy, f"{case.name}.cardea.test")
        made[case.name].create(api)
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_answer_that_makes_no_sense_ends_the_attempt_with_a_reason(case, ordered, api):
    certificate = ordered[case.name]
    view = certificate.wait_until_failed(api)
    assert case.reason in view["last_error_message"], view["last_error_message"]
    assert (view["status"], view["attempts"], view["next_action"]) == ("failed", 1, "retry")
    assert len(view["last_error_message"]) < 2000
    assert certificate.proxy.count("finalize") <= 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_when_the_ca_is_itself_again_the_next_attempt_succeeds(case, ordered, api):
    certificate = ordered[case.name]
    certificate.wait_until_failed(api)
    certificate.proxy.clear_faults()
    certificate.renew(api)
    view = certificate.wait_until_issued(api)
    assert (view["status"], view["attempts"], view["last_error"]) == ("active", 0, None)
    certificate.check_stored()
    assert len(certificate.order_ids()) <= 2
    assert all(len(certificate.finalizes(order)) <= 1 for order in certificate.order_ids())


@pytest.mark.parametrize("case", GOOD_CASES, ids=lambda case: case.name)
def test_what_is_unusual_and_right_is_taken(case, ordered, api):
    certificate = ordered[case.name]
    view = certificate.wait_until_issued(api)
    assert (view["status"], view["attempts"], view["last_error"]) == ("active", 0, None)
    certificate.check_stored()
    [order] = certificate.order_ids()
    assert len(certificate.finalizes(order)) == 1


def test_no_private_key_reaches_the_log(renewed, fault_stack):
    for name in "private-key", "key-first":
        line = f"error certificate {renewed[name][0].name}: "
        wait_until(lambda line=line: line in fault_stack.cardea.log(), 90, f"{name} is refused")
    secret = private_key_pem().splitlines()[1]
    told = fault_stack.cardea.log() + str(fault_stack.api().expect(200, "GET", "/certificates"))
    assert secret[:16] not in told


def test_no_token_of_an_order_that_ended_is_left(ordered, api, fault_stack):
    for case in (*CASES, *GOOD_CASES):
        certificate = ordered[case.name]
        wait_until(lambda c=certificate: c.view(api)["fingerprint"] or c.view(api)["attempts"], 90, case.name)
    wait_until(lambda: not list(fault_stack.database.scan_iter("challenge:*")), 30, "every token is withdrawn")
