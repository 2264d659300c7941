"""Revoking certificates: what the CA is told, in which order, and what is served afterwards."""

import asyncio
import json
from datetime import timedelta

import pytest
from cardea_stack import describe_certificate, wait_until
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from support.acme_client import AcmeClient, base64url
from support.ca_faults import Fault, lose_answer, problem
from support.ca_stack import (
    certificate,
    certificate_when,
    host_of,
    obtain,
    orders_of,
    running_ca_stack,
    served_fingerprint,
    time_of,
    when_replaced,
)
from support.clock import Clock

REASONS = {"unspecified": 0, "keyCompromise": 1, "affiliationChanged": 3, "superseded": 4, "cessationOfOperation": 5}
# A site whose key is out, or whose certificate has a successor, goes on; the other reasons end one.
REISSUED = ("keyCompromise", "superseded")


@pytest.fixture(scope="module")
def stack(session_folder):
    with running_ca_stack(session_folder / "revocation") as running:
        yield running


@pytest.fixture(scope="module")
def owner(stack):
    return stack.owner()


@pytest.fixture
def proxy(stack):
    yield stack.proxy
    stack.proxy.clear_faults()


def serial(found: dict) -> str:
    return describe_certificate(found["fullchain_pem"])["serial"]


def served(stack, name: str) -> str:
    return served_fingerprint(stack.cardea.https_port, host_of(name))


def requests_for(proxy, found: dict) -> list:
    """The revocation requests for that certificate."""
    der = x509.load_pem_x509_certificate(found["fullchain_pem"].encode()).public_bytes(Encoding.DER)
    return proxy.exchanges("revoke", payload=lambda payload: payload and payload["certificate"] == base64url(der))


def revoked(owner, name: str) -> dict:
    """The object once it is revoked and not replaced."""
    return certificate_when(owner, name, lambda found: found["status"] == "revoked", "is revoked")


def test_the_ca_is_told_each_reason(stack, owner, proxy):
    before = dict(zip(REASONS, obtain(owner, *REASONS), strict=True))
    for reason in REASONS:
        answer = owner.expect(202, "POST", f"/certificates/{reason}/revoke", {"reason": reason})
        [waiting] = answer["revocations"]
        assert waiting["reason"] == reason
        assert (waiting["not_before"] is None) == (reason in REISSUED), "after its successor is served"
    for reason, number in REASONS.items():
        status = stack.pebble.wait_until_revoked(serial(before[reason]))
        assert status.get("Reason", 0) == number
        [request] = requests_for(proxy, before[reason])
        # RFC 5280 §5.3.1: a reason that says nothing is left out.
        assert request.payload.get("reason", 0) == number
        found = certificate_when(owner, reason, lambda found: not found["revocations"], "has nothing left to revoke")
        if reason in REISSUED:
            assert found["status"] == "active" and found["fingerprint"] != before[reason]["fingerprint"]
            assert served(stack, reason) == found["fingerprint"]
            assert stack.pebble.certificate_status(serial(found))["Status"] == "Valid"
        else:
            assert found["status"] == "revoked" and found["fingerprint"] == before[reason]["fingerprint"]
        assert any(entry["step"] == "revocation" and reason in entry["message"] for entry in found["history"])


def test_a_key_that_is_out_is_replaced_before_its_certificate_is_revoked(stack, owner, proxy):
    node = stack.add_node()
    [before] = obtain(owner, "key-out")
    shown_at_revocation = []

    async def note_what_is_served(passage, fault):
        ports = (stack.cardea.https_port, node.https_port)
        look = [asyncio.to_thread(served_fingerprint, port, host_of("key-out")) for port in ports]
        shown_at_revocation.extend(await asyncio.gather(*look))
        fault.hit()
        await passage.pass_on()

    proxy.add(Fault("revoke", note_what_is_served))
    owner.expect(202, "POST", "/certificates/key-out/revoke", {"reason": "keyCompromise"})
    after = when_replaced(owner, before)
    stack.pebble.wait_until_revoked(serial(before))
    assert shown_at_revocation == [after["fingerprint"]] * 2, "on every node"
    keys = [x509.load_pem_x509_certificate(each["fullchain_pem"].encode()).public_key() for each in (before, after)]
    assert keys[0] != keys[1]
    [request] = requests_for(proxy, before)
    assert request.at > orders_of(proxy, host_of("key-out"))[-1].at
    # By the key itself: the CA knows then that it is out, and never certifies it again.
    assert "jwk" in request.protected and "kid" not in request.protected


def test_what_is_revoked_is_not_served_nor_renewed_until_somebody_asks(stack, owner, proxy):
    [before] = obtain(owner, "ended")
    assert served(stack, "ended") == before["fingerprint"]
    owner.expect(202, "POST", "/certificates/ended/revoke", {"reason": "cessationOfOperation"})
    found = revoked(owner, "ended")
    assert stack.pebble.certificate_status(serial(before))["Reason"] == 5
    wait_until(lambda: served(stack, "ended") != before["fingerprint"], 30, "it is served no more")
    assert (found["next_attempt_at"], found["next_action"], found["attempts"]) == (None, "none", 0)
    assert stack.database.zscore("due", "ended") is None
    status = owner.status("ended")
    assert (status["status"], status["step"]) == ("failed", "revoked") and "renew" in status["message"]
    assert stack.api().expect(200, "GET", "/certificates/ended")["status"] == "revoked"
    # Also after a restart.
    assert stack.cardea.stop() == 0
    stack.cardea.start()
    assert served(stack, "ended") != before["fingerprint"]
    assert certificate(owner, "ended")["status"] == "revoked"
    assert len(orders_of(proxy, host_of("ended"))) == 1
    # A renewal brings it back.
    after = owner.expect(200, "POST", "/certificates/ended/renew?wait=60")
    assert (after["status"], after["revocations"]) == ("active", [])
    assert served(stack, "ended") == after["fingerprint"] != before["fingerprint"]
    assert owner.status("ended")["status"] == "completed"


def test_reissuing_can_be_chosen(stack, owner, proxy):
    before = obtain(owner, "chosen-yes", "chosen-no")
    owner.expect(202, "POST", "/certificates/chosen-yes/revoke", {"reason": "affiliationChanged", "reissue": True})
    owner.expect(202, "POST", "/certificates/chosen-no/revoke", {"reason": "keyCompromise", "reissue": False})
    after = when_replaced(owner, before[0])
    assert after["status"] == "active"
    assert revoked(owner, "chosen-no")["fingerprint"] == before[1]["fingerprint"]
    for each, number in zip(before, (3, 1), strict=True):
        assert stack.pebble.wait_until_revoked(serial(each))["Reason"] == number
    assert len(orders_of(proxy, host_of("chosen-no"))) == 1


def test_a_revocation_whose_answer_is_lost_is_done(stack, owner, proxy):
    [before] = obtain(owner, "lost-answer")
    fault = proxy.add(Fault("revoke", lose_answer()))
    owner.expect(202, "POST", "/certificates/lost-answer/revoke")
    fault.wait_until_hit()
    found = certificate_when(
        owner,
        "lost-answer",
        lambda found: found["status"] == "revoked" or found["revocations"][0]["attempts"],
        "is tried",
    )
    assert stack.pebble.certificate_status(serial(before))["Status"] == "Revoked"
    if found["status"] != "revoked":
        [waiting] = found["revocations"]
        assert waiting["last_error"] and waiting["not_before"], "it comes up again by itself"
        due_now(stack, "lost-answer")
        found = revoked(owner, "lost-answer")
        assert found["revocations"] == []
    answers = [request.status for request in requests_for(proxy, before)]
    assert answers[0] is None and answers[1:] != [200], "the second time it had been done already"


def due_now(stack, name: str):
    """Lets a revocation come up that waits for its next attempt."""

    def change(transaction):
        stored = json.loads(transaction.get(f"cert:{name}"))
        stored["generation"] += 1  # whoever is about to store what was read before reads again
        for revocation in stored["revocations"]:
            revocation["not_before"] = "2026-01-01T00:00:00Z"
        transaction.multi()
        transaction.set(f"cert:{name}", json.dumps(stored))
        transaction.zadd("due", {name: 0})

    stack.database.transaction(change, f"cert:{name}")


def test_a_ca_in_trouble_is_asked_again(stack, owner, proxy):
    [before] = obtain(owner, "ca-trouble")
    proxy.add(Fault("revoke", problem(500, "serverInternal", "back on Monday")))
    owner.expect(202, "POST", "/certificates/ca-trouble/revoke", {"reason": "superseded", "reissue": False})
    found = certificate_when(owner, "ca-trouble", lambda found: found["revocations"][0]["attempts"], "is tried")
    [waiting] = found["revocations"]
    assert "back on Monday" in waiting["last_error"]
    assert "PRIVATE KEY" not in str(found), "the key that is kept for it is not shown"
    due_now(stack, "ca-trouble")
    revoked(owner, "ca-trouble")
    assert stack.pebble.certificate_status(serial(before))["Reason"] == 4


def test_a_reason_that_the_ca_does_not_take_is_left_out(stack, owner, proxy):
    [before] = obtain(owner, "bad-reason")
    proxy.add(Fault("revoke", problem(400, "badRevocationReason")))
    owner.expect(202, "POST", "/certificates/bad-reason/revoke", {"reason": "affiliationChanged"})
    revoked(owner, "bad-reason")
    assert stack.pebble.certificate_status(serial(before)).get("Reason", 0) == 0


def test_without_the_account_the_key_of_the_certificate_signs(stack, owner, proxy):
    email = "gone@cardea.test"
    [before] = obtain(owner, "no-account", email=email)
    provider = proxy.directory_url.removeprefix("https://").removesuffix("/dir")
    assert stack.database.delete(f"account:{provider}:{email}", f"account-state:{provider}:{email}") == 2
    owner.expect(202, "POST", "/certificates/no-account/revoke", {"reason": "cessationOfOperation"})
    revoked(owner, "no-account")
    assert stack.pebble.certificate_status(serial(before))["Reason"] == 5
    [request] = requests_for(proxy, before)
    assert "jwk" in request.protected


def test_bad_revocations_are_refused(stack, owner, proxy):
    obtain(owner, "refused")
    body = {"reason": "because", "reissue": "maybe", "colour": "red"}
    status, _, answer = owner.call("POST", "/certificates/refused/revoke", body)
    assert status == 400
    assert all(member in answer["detail"] for member in ('"reason"', "reissue", '"colour"')), answer
    assert owner.call("POST", "/certificates/nowhere/revoke")[0] == 404
    assert stack.api().call("POST", "/certificates/refused/revoke")[0] == 401
    assert certificate(owner, "refused")["revocations"] == []
    proxy.add(Fault("new_order", problem(403, "rejectedIdentifier")))
    owner.create_certificate("never-issued", host_of("never-issued"))
    owner.wait_for_certificate("never-issued", "failed")
    assert owner.call("POST", "/certificates/never-issued/revoke")[0] == 409


def test_a_certificate_that_the_ca_revoked_is_renewed_in_time(folder):
    """Pebble then says in its renewal information that the certificate was due an hour ago."""
    clock = Clock(folder / "clock")
    with running_ca_stack(folder, clock=clock) as stack:
        owner = stack.owner()
        [before] = obtain(owner, "by-the-ca")
        key = certificate(owner, "by-the-ca", "?private_key=true")["private_key_pem"]
        with AcmeClient(stack.pebble.directory_url, stack.pebble.ca_path, key) as client:
            assert client.revoke(before["fullchain_pem"], 1).status == 200
        clock.set("+7h")
        after = when_replaced(owner, before)
        assert after["status"] == "active"
        assert time_of(before["expires_at"]) - clock.now() > timedelta(days=30), "long before its time"
        assert len(orders_of(stack.proxy, host_of("by-the-ca"))) == 2
