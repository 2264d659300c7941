"""Accounts at the CA: registered once for all nodes, found again, never registered anew against the CA's will."""

import contextlib
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from support.acme_client import AcmeClient, base64url
from support.ca_faults import Fault, lose_answer, problem
from support.ca_stack import (
    CaStack,
    certificate,
    certificate_when,
    failed,
    obtain,
    orders_of,
    running_ca_stack,
    time_of,
)

EMAIL = "admin@cardea.test"
EXTERNAL_KEY = base64url(b"a key of 32 bytes that the CA has")


@pytest.fixture(scope="module")
def stack(session_folder):
    with running_ca_stack(session_folder / "accounts") as running:
        yield running


@pytest.fixture(scope="module")
def owner(stack):
    return stack.owner()


@pytest.fixture
def proxy(stack):
    """With nothing written down yet."""
    stack.proxy.clear()
    yield stack.proxy
    stack.proxy.clear_faults()


def provider(directory_url: str) -> str:
    return urlsplit(directory_url).netloc


def account_key(stack: CaStack, email: str = EMAIL) -> str:
    return stack.database.get(f"account:{provider(stack.proxy.directory_url)}:{email}")


def state_key(stack: CaStack, email: str = EMAIL) -> str:
    return f"account-state:{provider(stack.proxy.directory_url)}:{email}"


def account_url(stack: CaStack, email: str = EMAIL) -> str:
    return json.loads(stack.database.get(state_key(stack, email)))["url"]


@contextlib.contextmanager
def as_account(stack: CaStack, email: str = EMAIL):
    """A client of the CA's, past the proxy, with the account that Cardea uses."""
    with AcmeClient(stack.pebble.directory_url, stack.pebble.ca_path, account_key(stack, email)) as client:
        assert client.find_account()
        yield client


def creating(payload) -> bool:
    """A newAccount that may make one."""
    return payload is not None and "termsOfServiceAgreed" in payload


def searching(payload) -> bool:
    return payload is not None and "onlyReturnExisting" in payload


def test_nodes_that_start_at_once_with_an_empty_store_register_one_account(folder):
    with running_ca_stack(folder) as stack:
        owner = stack.owner()
        node = stack.add_node()
        names = [f"many-{number}" for number in range(10)]
        apis = [owner, type(owner)(node.http_port, owner.token)]
        for number, name in enumerate(names):
            apis[number % 2].create_certificate(name, f"{name}.cardea.test")
        for name in names:
            owner.wait_for_certificate(name)
        assert stack.proxy.count("new_account", status=201) == 1
        assert stack.proxy.count("new_account", payload=creating) == 1
        # Every order is that account's, whichever node made it.
        orders = stack.proxy.exchanges("new_order", status=201)
        assert {exchange.protected["kid"] for exchange in orders} == {account_url(stack)}
        assert len(orders) == len(names), "and each certificate is ordered once"


def test_an_account_whose_url_is_lost_is_found_again(stack, owner, proxy):
    obtain(owner, "found")
    url = account_url(stack)
    proxy.clear()
    stack.database.delete(state_key(stack))
    owner.expect(200, "POST", "/certificates/found/renew?wait=60")
    assert account_url(stack) == url
    assert [
        (exchange.payload["onlyReturnExisting"], exchange.status) for exchange in proxy.exchanges("new_account")
    ] == [(True, 200)]


def test_a_registration_whose_answer_is_lost_makes_no_second_account(stack, owner, proxy):
    fault = proxy.add(Fault("new_account", lose_answer(), when=lambda exchange: creating(exchange.payload)))
    owner.create_certificate("lost", "lost.cardea.test", email="lost@cardea.test")
    fault.wait_until_hit()
    found = certificate_when(owner, "lost", lambda found: found["attempts"] or found["fingerprint"], "has ended")
    if failed(found):
        assert found["next_attempt_at"], "nobody said no: it comes up again by itself"
        owner.expect(200, "POST", "/certificates/lost/renew?wait=60")
    assert proxy.count("new_account", ca_answer=lambda answer: answer and answer.status == 201) == 1
    with as_account(stack, "lost@cardea.test") as client:
        assert client.account()["status"] == "valid"


def test_another_address_and_another_ca_have_other_accounts(stack, owner, proxy):
    obtain(owner, "first-account")
    obtain(owner, "second-account", email="second@cardea.test")
    # The same Pebble under another name is another CA to Cardea.
    obtain(owner, "other-ca", acme_directory_urls=[stack.pebble.directory_url])
    keys = {
        account_key(stack),
        account_key(stack, "second@cardea.test"),
        stack.database.get(f"account:{provider(stack.pebble.directory_url)}:{EMAIL}"),
    }
    assert len(keys) == 3 and None not in keys
    assert account_url(stack) != account_url(stack, "second@cardea.test")


def test_a_new_address_moves_the_account(stack, owner, proxy):
    obtain(owner, "moves", email="before@cardea.test")
    url, key = account_url(stack, "before@cardea.test"), account_key(stack, "before@cardea.test")
    proxy.clear()
    owner.expect(200, "POST", "/certificates/moves/renew?wait=60", {"email": "after@cardea.test"})
    assert account_url(stack, "after@cardea.test") == url
    assert account_key(stack, "after@cardea.test") == key
    assert account_key(stack, "before@cardea.test") is None
    assert proxy.count("new_account", payload=creating) == 0
    [told] = proxy.exchanges("account", status=200)
    assert told.payload == {"contact": ["mailto:after@cardea.test"]}
    with as_account(stack, "after@cardea.test") as client:
        assert client.account()["contact"] == ["mailto:after@cardea.test"]


def test_an_account_is_not_taken_along_by_who_only_named_its_address(stack, owner):
    """An address is no property: the account belongs to the token that registered it."""
    obtain(owner, "victim", email="victim@cardea.test")
    url, key = account_url(stack, "victim@cardea.test"), account_key(stack, "victim@cardea.test")
    other = stack.owner("stranger", email="stranger@cardea.test")
    obtain(other, "stranger", email="victim@cardea.test")
    other.expect(200, "POST", "/certificates/stranger/renew?wait=60", {"email": "elsewhere@cardea.test"})
    assert account_url(stack, "victim@cardea.test") == url
    assert account_key(stack, "victim@cardea.test") == key
    assert account_url(stack, "elsewhere@cardea.test") != url
    with as_account(stack, "victim@cardea.test") as client:
        assert client.account()["contact"] == ["mailto:victim@cardea.test"]


def test_a_ca_that_does_not_take_the_new_address_issues_all_the_same(stack, owner, proxy):
    obtain(owner, "untold", email="untold@cardea.test")
    proxy.add(Fault("account", problem(400, "invalidContact", "no such domain")))
    after = owner.expect(200, "POST", "/certificates/untold/renew?wait=60", {"email": "told@cardea.test"})
    assert not failed(after)
    assert proxy.count("account") == 1


def test_a_closed_account_is_left_closed(stack, owner, proxy):
    email = "closed@cardea.test"
    before = obtain(owner, "closed", "closed-too", email=email)
    with as_account(stack, email) as client:
        assert client.deactivate().json()["status"] == "deactivated"
    proxy.clear()
    for number, name in enumerate(("closed", "closed-too")):
        status, _, answer = owner.call("POST", f"/certificates/{name}/renew?wait=60")
        assert status == 502, answer
        found = certificate(owner, name)
        assert (found["attempts"], found["next_attempt_at"]) == (1, None), "never by itself"
        assert found["fingerprint"] == before[number]["fingerprint"], "what is there is served"
        for said in ("closed the account", email, "Use another e-mail address", "then renew"):
            assert said in found["last_error_message"]
        assert owner.status(name)["status"] == "failed"
    assert proxy.count("new_account", payload=creating) == 0
    assert orders_of(proxy, "closed-too.cardea.test") == [], "who comes second knows it already"
    # What the sentence says.
    obtain(owner, "open-again", email="open-again@cardea.test")
    after = owner.expect(200, "POST", "/certificates/closed/renew?wait=60", {"email": "open-again@cardea.test"})
    assert (after["attempts"], after["status"]) == (0, "active")


def test_a_ca_that_forgot_everything_gets_one_new_registration(folder):
    with running_ca_stack(folder) as stack:
        owner = stack.owner()
        names = [f"forgotten-{number}" for number in range(5)]
        before = obtain(owner, *names)
        stack.pebble.stop()
        stack.pebble.start()
        stack.proxy.clear()
        for name in names:
            owner.expect(202, "POST", f"/certificates/{name}/renew")
        for old in before:
            found = certificate_when(
                owner,
                old["cert_name"],
                lambda found, old=old: found["fingerprint"] != old["fingerprint"] or failed(found),
                "is renewed",
            )
            assert not failed(found), found["last_error_message"]
        assert stack.proxy.count("new_account", payload=creating) == 1
        assert stack.proxy.count("new_account", status=201) == 1
        searches = stack.proxy.exchanges("new_account", payload=searching)
        # The nonces from before the restart are no good either.
        reasons = {exchange.sent.json()["type"].rpartition(":")[2] for exchange in searches} - {"badNonce"}
        assert reasons == {"accountDoesNotExist"}
        assert stack.proxy.exchanges("new_account")[0] in searches, "it is looked for first"


def test_a_ca_that_wants_an_external_account(folder):
    required = {"external_account_required": True, "external_account_keys": {"customer-7": EXTERNAL_KEY}}
    with running_ca_stack(folder, pebble=required) as stack:
        owner = stack.owner()
        authority = provider(stack.proxy.directory_url)

        # Without one, a person has to do something; the sentence says what.
        owner.create_certificate("external", "external.cardea.test")
        owner.wait_for_certificate("external", "failed")
        found = certificate(owner, "external")
        assert (found["attempts"], found["next_attempt_at"], found["next_action"]) == (1, None, "none")
        for said in ("external account", "ACME_EAB", authority):
            assert said in found["last_error_message"]
        assert stack.proxy.count("new_account", payload=creating) == 0, "it was not even tried"

        # With a wrong key, the CA says so; no loop.
        wrong = base64url(b"another key, also of 32 bytes....")
        restart(stack, f"{authority}=customer-7:{wrong}")
        status, _, answer = owner.call("POST", "/certificates/external/renew?wait=60")
        assert status == 502 and "registering the account" in answer["detail"]
        found = certificate(owner, "external")
        assert found["attempts"] == 2
        assert time_of(found["next_attempt_at"]) > datetime.now(UTC) + timedelta(seconds=30)
        assert wrong not in json.dumps(found) and wrong not in stack.cardea.log(), "it is a secret"
        assert stack.proxy.count("new_account", payload=creating) == 1

        # With one that the CA does not know, likewise.
        restart(stack, f"{authority}=customer-8:{EXTERNAL_KEY}")
        assert owner.call("POST", "/certificates/external/renew?wait=60")[0] == 502
        assert stack.proxy.count("new_account", payload=creating) == 2

        restart(stack, f"{authority}=customer-7:{EXTERNAL_KEY}")
        after = owner.expect(200, "POST", "/certificates/external/renew?wait=60")
        assert (after["attempts"], after["last_error"]) == (0, None)
        [made] = stack.proxy.exchanges("new_account", status=201)
        assert "externalAccountBinding" in made.payload


def restart(stack: CaStack, external_accounts: str):
    assert stack.cardea.stop() == 0
    stack.cardea.settings["ACME_EAB"] = external_accounts
    stack.cardea.start()
