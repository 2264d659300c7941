"""Faults between Cardea and its CA that an order survives: answers that get lost after the CA has acted, bodies that
are cut or never end, pages of somebody else, nonces that are refused.

Every case has a certificate and a proxy of its own, and all of them run at once.
"""

from dataclasses import dataclass

import pytest
from cardea_stack import wait_until
from support.ca_exchange import Exchange
from support.ca_faults import Fault, answer, change, cut_body, delay, endless, lose_answer, problem
from support.ca_http import Answer
from support.fault_stack import Ordered

# Asked again within the attempt, as the order is known by then.
OF_AN_ORDER = ("authz", "challenge", "order", "finalize", "certificate")
WITH_A_BODY = ("directory", "new_account", "new_order", *OF_AN_ORDER)
PAGE = answer(502, "<html><h1>Bad Gateway</h1></html>", {"Content-Type": "text/html"})
LARGE = 20_000_000


def registers(exchange: Exchange) -> bool:
    return exchange.kind != "new_account" or not exchange.payload.get("onlyReturnExisting")


def not_ready(real: Answer) -> Answer:
    return real.with_status(403).with_body({"type": "urn:ietf:params:acme:error:orderNotReady", "status": 403})


def without_nonce(real: Answer) -> Answer:
    return real.without("Replay-Nonce")


def with_bad_nonce(real: Answer) -> Answer:
    return real.with_header("Replay-Nonce", "no+base64/url=")


def with_unknown_nonce(real: Answer) -> Answer:
    return real.with_header("Replay-Nonce", "b2xkLW9sZC1vbGQ")


class Cache:
    """Every answer comes twice, as if from a cache on the way."""

    def __init__(self):
        self.kept = None

    def __call__(self, real: Answer) -> Answer:
        given, self.kept = self.kept or real, None if self.kept else real
        return given


NOT_OF_NEW_NONCE = {"times": None, "when": lambda exchange: exchange.kind != "new_nonce"}


@dataclass(frozen=True)
class Case:
    name: str
    kind: str | None
    action: object
    times: int | None = 1
    when: object = None
    second_order: bool = False  # nobody knows of the first one
    cached_nonces: bool = False


def each(label: str, kinds, action, **fields) -> list[Case]:
    return [Case(f"{label}-{kind.replace('_', '-')}", kind, action, **fields) for kind in kinds]


CASES = [
    *each("lost", ("new_nonce", *WITH_A_BODY), lose_answer(), when=registers, second_order=True),
    *each("cut", WITH_A_BODY, cut_body(), when=registers, second_order=True),
    *each("slow", ("directory", "new_order", "finalize"), delay(3)),
    *each("page", WITH_A_BODY, PAGE, when=registers),
    *each("down", OF_AN_ORDER, answer(503), times=2),
    *each("internal", OF_AN_ORDER, problem(500, "serverInternal")),
    *each("large", ("directory", "authz", "certificate"), answer(200, b"x" * LARGE)),
    *each("endless", ("certificate",), endless(block=b"x" * 100_000, pause=0.01)),
    *each("trickle", ("order", "certificate"), endless(block=b" ", pause=0.1)),
    *each("not-ready", ("finalize",), change(not_ready)),
    *each("bad-nonce", ("new_order", "finalize"), problem(400, "badNonce"), times=5),
    Case("nonce-missing", None, change(without_nonce), **NOT_OF_NEW_NONCE),
    Case("nonce-malformed", None, change(with_bad_nonce), **NOT_OF_NEW_NONCE),
    # A pool that took it twice would use it twice.
    Case("nonce-repeated", None, change(with_unknown_nonce), **NOT_OF_NEW_NONCE),
    Case("nonce-unknown", "new_nonce", change(with_unknown_nonce)),
    Case("nonce-cached", None, change(without_nonce), cached_nonces=True, **NOT_OF_NEW_NONCE),
]


@dataclass(frozen=True)
class Started:
    certificate: Ordered
    fault: Fault


@pytest.fixture(scope="module")
def api(fault_stack):
    return fault_stack.api_of(fault_stack.cardea)


@pytest.fixture(scope="module")
def started(fault_stack, api):
    made = {}
    for case in CASES:
        proxy = fault_stack.proxy()
        fault = proxy.add(Fault(case.kind, case.action, times=case.times, when=case.when))
        if case.cached_nonces:
            proxy.add(Fault("new_nonce", change(Cache()), times=None))
        made[case.name] = Started(Ordered(fault_stack, proxy, f"{case.name}.cardea.test"), fault)
        made[case.name].certificate.create(api)
    return made


def finish(api, certificate: Ordered) -> dict:
    """Until it is issued. Where the attempt has failed, a person tries again at once instead of in a minute."""

    def over():
        view = certificate.view(api)
        return view if view["fingerprint"] or view["attempts"] else None

    view = wait_until(over, 120, f"the first attempt of {certificate.name} is over", interval=0.1)
    if view["attempts"]:
        assert view["status"] == "failed" and view["last_error_message"] and view["last_error"]
        assert view["next_action"] == "retry" and view["next_attempt_at"]
        certificate.renew(api)
    return certificate.wait_until_issued(api)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_order_survives(case, started, api):
    certificate, fault = started[case.name].certificate, started[case.name].fault
    view = finish(api, certificate)
    assert fault.hits >= (case.times or 1)
    assert (view["status"], view["attempts"], view["last_error"]) == ("active", 0, None)
    certificate.check_stored()
    orders = certificate.order_ids()
    assert 1 <= len(orders) <= (2 if case.second_order and case.kind == "new_order" else 1)
    assert [len(certificate.finalizes(order)) for order in orders] == [0] * (len(orders) - 1) + [1]
    assert len(certificate.certificates_issued()) == 1
    assert certificate.proxy.count("new_account", ca_answer=lambda got: got and got.status == 201) == 1


@pytest.mark.parametrize("kind", OF_AN_ORDER)
def test_a_lost_answer_to_a_known_order_is_no_failure(kind, started, api):
    certificate = started[f"lost-{kind}"].certificate
    history = certificate.wait_until_issued(api)["history"]
    assert "failed" not in [entry["step"] for entry in history]


@pytest.mark.parametrize("name", ["page-finalize", "down-finalize", "internal-finalize", "not-ready-finalize"])
def test_after_a_finalize_in_trouble_the_order_is_looked_at(name, started, api):
    certificate = started[name].certificate
    certificate.wait_until_issued(api)
    kinds = [each.kind for each in certificate.proxy.exchanges() if each.kind != "new_nonce"]
    assert kinds[kinds.index("finalize") + 1] == "order"
    if name == "not-ready-finalize":
        assert kinds.count("finalize") == 1, "the CA had taken it"


def test_the_nonce_of_a_refusal_is_the_next_one(started, api):
    for name in "bad-nonce-new-order", "bad-nonce-finalize":
        certificate, fault = started[name].certificate, started[name].fault
        certificate.wait_until_issued(api)
        tries = certificate.proxy.exchanges(fault.kind)
        assert [each.status for each in tries] == [400] * 5 + [tries[-1].status] and tries[-1].status < 300
        for refused, repeated in zip(tries, tries[1:], strict=False):
            assert repeated.protected["nonce"] == refused.sent.header("Replay-Nonce")
        assert len({each.protected["nonce"] for each in tries}) == len(tries)


def test_no_nonce_is_used_twice(started, api):
    names = [name for name in started if name.startswith("nonce-")]
    assert len(names) == 5
    for name in names:
        certificate = started[name].certificate
        certificate.wait_until_issued(api)
        used = [each.protected["nonce"] for each in certificate.proxy.exchanges() if each.protected]
        assert len(used) == len(set(used))


# Other CAs, which Cardea trusts as it does the first one.


def test_a_ca_that_refuses_nine_of_ten_nonces_issues(fault_stack, api):
    picky = fault_stack.add_pebble("picky", nonce_reject_percent=90)
    certificate = Ordered(fault_stack, fault_stack.proxy(picky), "picky.cardea.test")
    certificate.create(api)
    view = finish(api, certificate)
    assert certificate.proxy.count("new_order", status=400) + certificate.proxy.count("finalize", status=400) > 0
    assert (view["status"], view["attempts"]) == ("active", 0)
    certificate.check_stored()
    [order] = certificate.order_ids()
    assert len(certificate.finalizes(order)) == 1


def test_names_that_are_proven_already_are_not_proven_again(fault_stack, api):
    remembering = fault_stack.add_pebble("reuse", authz_reuse_percent=100)
    certificate = Ordered(fault_stack, fault_stack.proxy(remembering), "reuse.cardea.test")
    certificate.create(api)
    first = certificate.wait_until_issued(api)
    certificate.proxy.clear()
    certificate.renew(api)
    certificate.wait_until_issued(api, other_than=first["fingerprint"])
    assert certificate.order_requests()[0].sent.json()["status"] == "ready"
    assert certificate.proxy.count("challenge") == 0
    [order] = certificate.order_ids()
    assert len(certificate.finalizes(order)) == 1
