"""/certificates over its whole life: what can be asked for, who may, what is shown, and what goes away."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from cardea_stack import describe_certificate, wait_until
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from support.ca_faults import Fault, hold, problem
from support.ca_stack import (
    but_for_renewal_info,
    certificate,
    certificate_when,
    failed,
    obtain,
    running_ca_stack,
    served_fingerprint,
    when_replaced,
)
from support.names import BLOCKED_NAME, certificate_name


@pytest.fixture(scope="module")
def stack(session_folder):
    with running_ca_stack(session_folder / "certificates-api") as running:
        yield running


@pytest.fixture(scope="module")
def owner(stack):
    return stack.owner("owner")


@pytest.fixture(scope="module")
def other(stack):
    return stack.owner("other")


@pytest.fixture(autouse=True)
def no_faults_left(request):
    yield
    if "stack" in request.fixturenames:
        request.getfixturevalue("stack").proxy.clear_faults()


@pytest.fixture(scope="module")
def kept(owner):
    """A certificate that no test changes."""
    owner.create_certificate("kept", "kept.cardea.test", "also.kept.cardea.test")
    owner.wait_for_certificate("kept")
    return "kept"


def leaf(found: dict) -> x509.Certificate:
    return x509.load_pem_x509_certificate(found["fullchain_pem"].encode())


def names_in(found: dict) -> set[str]:
    return set(
        leaf(found)
        .extensions.get_extension_for_class(x509.SubjectAlternativeName)
        .value.get_values_for_type(x509.DNSName)
    )


# Asking for one.


def test_every_fault_of_a_request_is_said_at_once(owner, stack):
    faults = {
        "bad..test": {"domains": ["good.cardea.test", "bad..test"]},
        "127.0.0.1": {"domains": ["127.0.0.1", "good.cardea.test"]},
        "e-mail": {"email": "nobody"},
        "key_type": {"key_type": "dsa1024"},
        "challenge_type": {"challenge_type": "dns-01"},
        '"profile"': {"profile": "two words"},
        "preferred_chain": {"preferred_chain": "x" * 201},
        "acme_directory_url": {"acme_directory_urls": ["http://127.0.0.1/dir"]},
        "1 to 5": {"acme_directory_urls": []},
        "not both": {"acme_directory_urls": ["https://a.test/dir"], "acme_directory_url": "https://a.test/dir"},
        '"colour"': {"colour": "red"},
    }
    good = {"cert_name": "faulty", "domains": ["good.cardea.test"]}
    for said, fault in faults.items():
        status, _, answer = owner.call("POST", "/certificates", good | fault)
        assert (status, said in answer["detail"]) == (400, True), answer
    together = [
        "e-mail",
        "key_type",
        "challenge_type",
        '"profile"',
        "preferred_chain",
        "acme_directory_url",
        '"colour"',
    ]
    body = dict(good)
    for said in together:
        body |= faults[said]
    status, _, answer = owner.call("POST", "/certificates", body)
    assert status == 400
    assert [said for said in together if said not in answer["detail"]] == []
    assert stack.database.exists("cert:faulty", "order:faulty") == 0


def test_members_of_a_wrong_type_are_refused(owner, stack):
    body = {
        "cert_name": "types",
        "domains": "types.cardea.test",
        "key_type": 7,
        "profile_required": "yes",
        "acme_directory_urls": [1],
    }
    status, _, answer = owner.call("POST", "/certificates", body)
    assert status == 400
    for member in ("domains", "key_type", "profile_required", "acme_directory_urls"):
        assert member in answer["detail"], answer
    assert stack.database.get("cert:types") is None


def test_what_was_asked_for_is_what_the_object_says(owner, stack):
    asked = {
        "key_type": "rsa2048",
        "challenge_type": "tls-alpn-01",
        "profile": "default",
        "preferred_chain": "No such root",
        "acme_directory_urls": [stack.proxy.directory_url, stack.pebble.directory_url],
        "email": "somebody@cardea.test",
    }
    owner.create_certificate("asked", "asked.cardea.test", "ASKED.cardea.test.", "too.cardea.test", **asked)
    found = certificate(owner, "asked")
    assert {name: found[name] for name in asked} == asked
    assert found["acme_directory_url"] == stack.proxy.directory_url
    assert found["domains"] == ["asked.cardea.test", "too.cardea.test"], "each name once, in lower case"
    owner.wait_for_certificate("asked")
    found = certificate(owner, "asked")
    assert isinstance(leaf(found).public_key(), rsa.RSAPublicKey)
    assert names_in(found) == {"asked.cardea.test", "too.cardea.test"}
    assert found["issuer_directory_url"] == stack.proxy.directory_url
    # The CA has no such root: its own choice is taken.
    assert found["preferred_chain"] == "No such root"


def test_each_kind_of_key_is_made(owner):
    kinds = {
        "rsa3072": lambda key: isinstance(key, rsa.RSAPublicKey) and key.key_size == 3072,
        "ec_p256": lambda key: isinstance(key.curve, ec.SECP256R1),
        "ec_p384": lambda key: isinstance(key.curve, ec.SECP384R1),
    }
    for kind in kinds:
        owner.create_certificate(f"kind-{kind}", f"{kind.replace('_', '-')}.cardea.test", key_type=kind)
    for kind, fits in kinds.items():
        owner.wait_for_certificate(f"kind-{kind}")
        assert fits(leaf(certificate(owner, f"kind-{kind}")).public_key()), kind


def test_one_name_alone_names_the_certificate(owner):
    answer = owner.expect(202, "POST", "/certificates", {"domain": "alone.cardea.test"})
    assert answer["cert_name"] == "alone-cardea-test"
    owner.wait_for_certificate("alone-cardea-test")


def test_a_name_that_is_taken_is_409(owner, other, kept):
    for api in (owner, other):
        status, _, answer = api.call("POST", "/certificates", {"cert_name": kept, "domain": "new.cardea.test"})
        assert status == 409 and kept in answer["detail"]


# Looking at one.


def test_what_is_public_holds_no_secret(owner, other, stack, kept):
    stored = stack.database.get(f"cert:{kept}")
    secrets = ("PRIVATE KEY", "owner_token_hash", owner.token, "private_key")
    assert all(secret in stored for secret in secrets if secret != owner.token), "they are in the stored object"
    for api in (owner, other, stack.api()):
        for path in ("/certificates", f"/certificates/{kept}", f"/certificates/{kept}/status"):
            status, _, answer = api.call("GET", path)
            assert status == 200
            assert [secret for secret in secrets if secret in str(answer)] == []


def test_the_private_key_is_for_the_owner_alone(owner, other, stack, kept):
    path = f"/certificates/{kept}?private_key=true"
    found = owner.expect(200, "GET", path)
    key = serialization.load_pem_private_key(found["private_key_pem"].encode(), None)
    assert key.public_key() == leaf(found).public_key()
    for api, status in ((other, 403), (stack.api(), 401)):
        got, _, answer = api.call("GET", path)
        assert got == status
        assert "PRIVATE KEY" not in str(answer)
    assert "private_key_pem" not in owner.expect(200, "GET", f"/certificates/{kept}?private_key=false")


def test_the_list_has_everything_for_everybody_and_their_own_for_owners(owner, other, stack, kept):
    assert kept in [found["cert_name"] for found in stack.api().expect(200, "GET", "/certificates")]
    assert kept in [found["cert_name"] for found in owner.expect(200, "GET", "/certificates")]
    assert other.expect(200, "GET", "/certificates") == []


def test_the_object_tells_about_the_certificate(owner, kept):
    found = certificate(owner, kept)
    facts = describe_certificate(found["fullchain_pem"])
    assert found["fingerprint"] == "sha256:" + facts["sha256"].replace(":", "").lower()
    assert (found["status"], found["attempts"], found["last_error"]) == ("active", 0, None)
    assert found["issued_at"] < found["next_attempt_at"] < found["expires_at"]
    assert found["next_action"] in ("renewal", "renewal information")
    assert names_in(found) == {"kept.cardea.test", "also.kept.cardea.test"}


def test_the_history_shows_the_exchanges_with_the_ca(owner, kept):
    history = certificate(owner, kept)["history"]
    steps = [entry["step"] for entry in history]
    in_order = ["order", "validation", "finalisation", "download", "stored"]
    assert [step for step in dict.fromkeys(steps) if step in in_order] == in_order
    assert [entry["at"] for entry in history] == sorted(entry["at"] for entry in history)
    ordered = next(entry for entry in history if entry["step"] == "order")
    assert ordered["status"] == 201 and "kept.cardea.test" in ordered["message"]
    assert "history" not in owner.expect(200, "GET", "/certificates")[0], "lists are short"


def test_a_status_goes_through_its_steps(owner, stack):
    gates = {
        "order": stack.proxy.add(Fault("new_order", hold())),
        "validation": stack.proxy.add(Fault("challenge", hold())),
        "finalisation": stack.proxy.add(Fault("finalize", hold())),
        "download": stack.proxy.add(Fault("certificate", hold())),
    }
    owner.create_certificate("steps", "steps.cardea.test")
    for step, gate in gates.items():
        gate.wait_until_hit()
        status = wait_until(lambda step=step: _status_at(owner, "steps", step), 30, f"the status is at {step}")
        assert status["status"] == "in_progress"
        assert "steps.cardea.test" in status["message"]
        gate.release()
    assert owner.wait_for_certificate("steps")["step"] == "stored"


def _status_at(api, cert_name, step):
    status = api.status(cert_name)
    return status if status["step"] == step else None


def test_a_failure_says_why_and_when_it_is_tried_again(owner, stack):
    owner.create_certificate("refused", BLOCKED_NAME)
    status = owner.wait_for_certificate("refused", "failed")
    found = certificate(owner, "refused")
    assert (found["status"], found["attempts"], found["fullchain_pem"]) == ("failed", 1, "")
    assert found["last_error"]["type"].endswith("rejectedIdentifier"), "the CA's own words"
    assert status["message"] == found["last_error_message"] and BLOCKED_NAME in status["message"]
    assert status["next_attempt_at"] == found["next_attempt_at"]
    assert (found["next_action"], found["history"][-1]["step"]) == ("retry", "failed")
    # One that has never been issued may be asked for again, with other names.
    owner.create_certificate("refused", "accepted.cardea.test")
    owner.wait_for_certificate("refused")
    assert certificate(owner, "refused")["last_error"] is None


def test_what_is_not_there_has_a_status(owner):
    code, _, answer = owner.call("GET", "/certificates/nowhere/status")
    assert (code, answer["status"]) == (404, "not_found")


# Renewing.


def test_a_renewal_can_be_waited_for(owner, stack):
    obtain(owner, "waits")
    before = certificate(owner, "waits", "?private_key=true")
    after = owner.expect(200, "POST", "/certificates/waits/renew?wait=60")
    assert after["fingerprint"] != before["fingerprint"]
    assert leaf(after).public_key() != leaf(before).public_key(), "a new key each time"
    assert served_fingerprint(stack.cardea.https_port, "waits.cardea.test") == after["fingerprint"]


def test_a_renewal_that_fails_answers_with_the_reason_of_the_ca(owner, stack):
    [before] = obtain(owner, "wait-fails")
    stack.proxy.add(Fault("new_order", problem(403, "rejectedIdentifier", "not on a Wednesday")))
    status, _, answer = owner.call("POST", "/certificates/wait-fails/renew?wait=60")
    assert status == 502 and "not on a Wednesday" in answer["detail"]
    found = certificate(owner, "wait-fails")
    assert (found["status"], found["attempts"], found["fingerprint"]) == ("active", 1, before["fingerprint"])
    assert served_fingerprint(stack.cardea.https_port, "wait-fails.cardea.test") == before["fingerprint"]
    # At once, whatever next_attempt_at says.
    assert owner.expect(200, "POST", "/certificates/wait-fails/renew?wait=60")["attempts"] == 0


def test_a_renewal_that_nobody_waits_for_is_accepted(owner):
    owner.create_certificate("accepted", "not-waited.cardea.test")
    owner.wait_for_certificate("accepted")
    before = certificate(owner, "accepted")
    assert owner.expect(202, "POST", "/certificates/accepted/renew")["fingerprint"] == before["fingerprint"]
    assert owner.status("accepted")["status"] in ("in_progress", "completed")
    when_replaced(owner, before)


@pytest.mark.parametrize("wait", ["soon", "-1", "1.5", "301", ""])
def test_a_wait_that_is_no_number_of_seconds_is_refused(owner, stack, kept, wait):
    orders = stack.proxy.count("new_order")
    status, _, answer = owner.call("POST", f"/certificates/{kept}/renew?wait={wait}")
    assert status == 400 and "wait" in answer["detail"]
    assert certificate(owner, kept)["next_action"] != "order"
    assert stack.proxy.count("new_order") == orders


def test_a_renewal_may_change_how_it_is_ordered(owner, stack):
    obtain(owner, "changes")
    changed = {
        "key_type": "ec_p384",
        "email": "changed@cardea.test",
        "challenge_type": "tls-alpn-01",
        "acme_directory_urls": [stack.pebble.directory_url],
    }
    after = owner.expect(200, "POST", "/certificates/changes/renew?wait=60", changed)
    assert {name: after[name] for name in changed} == changed
    assert isinstance(leaf(after).public_key().curve, ec.SECP384R1)
    assert after["issuer_directory_url"] == stack.pebble.directory_url
    status, _, answer = owner.call(
        "POST", "/certificates/changes/renew", {"key_type": "dsa", "challenge_type": "x", "domains": ["a.test"]}
    )
    assert status == 400
    assert all(member in answer["detail"] for member in ("key_type", "challenge_type", '"domains"')), answer
    now = certificate(owner, "changes")
    assert but_for_renewal_info(now) == but_for_renewal_info(after), "and nothing is changed"


# Taking away.


def test_a_domain_that_is_taken_away_is_left_out_of_the_next_certificate(owner, stack):
    owner.create_certificate("fewer", "one.fewer.cardea.test", "two.fewer.cardea.test", "three.fewer.cardea.test")
    owner.wait_for_certificate("fewer")
    before = certificate(owner, "fewer")
    answer = owner.expect(202, "DELETE", "/certificates/fewer/domains/TWO.fewer.cardea.test")
    left = ["one.fewer.cardea.test", "three.fewer.cardea.test"]
    assert answer["domains"] == left
    after = when_replaced(owner, before)
    assert names_in(after) == set(left)
    port = stack.cardea.https_port
    assert {served_fingerprint(port, name) for name in left} == {after["fingerprint"]}
    assert served_fingerprint(port, "two.fewer.cardea.test") not in (before["fingerprint"], after["fingerprint"])
    for gone in ("two.fewer.cardea.test", "never.cardea.test", "no name"):
        assert owner.call("DELETE", f"/certificates/fewer/domains/{gone.replace(' ', '%20')}")[0] == 404
    assert certificate(owner, "fewer")["domains"] == left


def test_the_last_domain_takes_the_certificate_with_it(owner, stack):
    obtain(owner, "last")
    shown = certificate(owner, "last")["fingerprint"]
    assert served_fingerprint(stack.cardea.https_port, "last.cardea.test") == shown
    owner.expect(200, "DELETE", "/certificates/last/domains/last.cardea.test")
    assert owner.call("GET", "/certificates/last")[0] == 404
    assert served_fingerprint(stack.cardea.https_port, "last.cardea.test") != shown


def test_a_certificate_that_is_deleted_is_gone(owner, stack):
    obtain(owner, "gone")
    shown = certificate(owner, "gone")["fingerprint"]
    owner.expect(200, "DELETE", "/certificates/gone")
    for method, path in (
        ("GET", ""),
        ("GET", "/status"),
        ("POST", "/renew"),
        ("DELETE", ""),
        ("DELETE", "/domains/gone.cardea.test"),
    ):
        assert owner.call(method, f"/certificates/gone{path}")[0] == 404, (method, path)
    assert served_fingerprint(stack.cardea.https_port, "gone.cardea.test") != shown
    assert stack.database.exists("cert:gone", "order:gone") == 0
    assert stack.database.zscore("due", "gone") is None


def test_an_order_under_way_goes_with_its_certificate(owner, stack):
    gate = stack.proxy.add(Fault("finalize", hold()))
    owner.create_certificate("under-way", "under-way.cardea.test")
    gate.wait_until_hit()
    assert stack.database.exists("order:under-way") == 1
    owner.expect(200, "DELETE", "/certificates/under-way")
    assert stack.database.exists("cert:under-way", "order:under-way") == 0
    assert stack.database.zscore("due", "under-way") is None
    gate.release()
    wait_until(lambda: stack.database.get("lease:cert:under-way") is None, 60, "the work on it has ended")
    assert stack.database.exists("cert:under-way", "order:under-way", "progress:under-way") == 0
    assert owner.call("GET", "/certificates/under-way")[0] == 404


def test_a_name_that_is_used_again_gets_nothing_of_the_order_before(owner, stack):
    gate = stack.proxy.add(Fault("finalize", hold()))
    owner.create_certificate("again", "before.again.cardea.test")
    gate.wait_until_hit()
    owner.expect(200, "DELETE", "/certificates/again")
    owner.create_certificate("again", "after.again.cardea.test")
    gate.release()
    found = certificate_when(owner, "again", lambda found: found["status"] == "active", "is issued")
    assert names_in(found) == {"after.again.cardea.test"}


def test_names_that_change_while_they_are_ordered_are_ordered_again(owner, stack):
    gate = stack.proxy.add(Fault("finalize", hold()))
    owner.create_certificate("change", "stays.change.cardea.test", "goes.change.cardea.test")
    gate.wait_until_hit()
    owner.expect(202, "DELETE", "/certificates/change/domains/goes.change.cardea.test")
    gate.release()
    found = certificate_when(owner, "change", lambda found: found["status"] == "active", "is issued")
    assert names_in(found) == {"stays.change.cardea.test"}


def test_a_name_that_is_refused_can_be_taken_away_while_it_is_ordered(owner, stack):
    gate = stack.proxy.add(Fault("new_order", hold()))
    owner.create_certificate("mended", "good.mended.cardea.test", BLOCKED_NAME)
    gate.wait_until_hit()
    owner.expect(202, "DELETE", f"/certificates/mended/domains/{BLOCKED_NAME}")
    gate.release()
    # At once: the order that fails now is not the one that was asked for since.
    found = certificate_when(owner, "mended", lambda found: found["status"] == "active", "is issued")
    assert (found["attempts"], names_in(found)) == (0, {"good.mended.cardea.test"})


def test_nobody_else_may_touch_a_certificate(owner, other, kept):
    before = certificate(owner, kept)
    writes = [
        ("POST", "/renew", None),
        ("POST", "/renew?wait=1", {"key_type": "ec_p384"}),
        ("POST", "/revoke", {"reason": "keyCompromise"}),
        ("DELETE", "", None),
        ("DELETE", "/domains/kept.cardea.test", None),
        ("DELETE", "/domains/not-in-it.cardea.test", None),
    ]
    for method, path, body in writes:
        status, _, answer = other.call(method, f"/certificates/{kept}{path}", body)
        assert status == 403, (method, path)
        assert "another token" in answer["detail"]
    after = certificate(owner, kept)
    assert {name: after[name] for name in ("domains", "fingerprint", "key_type", "revocations")} == {
        name: before[name] for name in ("domains", "fingerprint", "key_type", "revocations")
    }


def test_many_writes_at_once_end_in_one_order(owner, stack):
    [before] = obtain(owner, "busy")
    gate = stack.proxy.add(Fault("new_order", hold(), when=lambda exchange: "busy" in str(exchange.payload)))
    with ThreadPoolExecutor(8) as pool:
        statuses = [
            status for status, _, _ in pool.map(lambda _: owner.call("POST", "/certificates/busy/renew"), range(8))
        ]
    assert set(statuses) <= {202, 409} and 202 in statuses
    gate.wait_until_hit()
    gate.release()
    after = when_replaced(owner, before)
    assert not failed(after)
    ordered = stack.proxy.exchanges("new_order", payload=lambda payload: "busy.cardea.test" in str(payload))
    assert len(ordered) == 2, "the first one and one renewal"


def test_a_change_of_a_target_leaves_an_order_that_failed_as_it_is(owner, stack):
    """Its back-off, and all that its owner set besides the name of the host."""
    host = "fails.cardea.test"
    name = certificate_name(host)
    stack.proxy.add(Fault("new_order", problem(403, "rejectedIdentifier"), when=lambda e: host in str(e.payload)))
    owner.create_certificate(name, host, f"also.{host}", key_type="ec_p384", challenge_type="tls-alpn-01")
    before = certificate_when(owner, name, failed, "has failed")
    owner.create_target(host, stack.nginx.url, enable_https=False)
    said = owner.expect(200, "PUT", f"/proxy/targets/{host}", {"enable_https": True})["certificate_status"]
    assert said == (
        f'The certificate "{name}" exists already, but its last order failed; POST /certificates/{name}/renew repeats it'
    )
    assert certificate(owner, name) == before
