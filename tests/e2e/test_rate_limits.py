"""The ledger: what the CA allows is counted here too, by all nodes together, and refused before the CA has to."""

import pytest
from cardea_stack import Api, wait_until
from support.ca_stack import certificate, certificate_when, obtain, orders_of, running_ca_stack, time_of

HOUR = 3600
# A name whose validation fails: the CA cannot look it up.
UNPROVEN = "unproven.cardea.test"


def limits_of(authority: str) -> str:
    return f"{authority} orders=3/{HOUR} domain=100/{HOUR} duplicate=2/{HOUR} failures=2/{HOUR}"


def use_limits(stack):
    authority = stack.proxy.directory_url.split("/")[2]
    stack.cardea.settings["ACME_RATE_LIMITS"] = limits_of(authority)


@pytest.fixture
def stack(folder):
    with running_ca_stack(folder, before_start=use_limits) as running:
        yield running


def postponed(owner, name: str) -> dict:
    return certificate_when(owner, name, lambda found: found["postponed_because"], "is held back")


def test_an_order_over_the_limit_waits_and_the_ca_is_not_asked(stack):
    owner = stack.owner()
    second = stack.add_node()
    for number in range(3):
        obtain(owner, f"within-{number}")
    # The count is everybody's: another node knows it.
    other = stack.owner("other", node=second)
    other.create_certificate("over", "over.cardea.test")
    found = postponed(other, "over")
    assert "holds this order back" in found["postponed_because"]
    assert "3" in found["postponed_because"]
    assert (found["attempts"], found["last_error"], found["status"]) == (0, None, "pending")
    waits = time_of(found["next_attempt_at"]) - time_of(found["history"][-1]["at"])
    assert 0 < waits.total_seconds() <= HOUR
    status = other.status("over")
    assert status["status"] == "in_progress" and status["step"] == "waiting"
    assert found["postponed_because"] in status["message"]
    assert orders_of(stack.proxy, "over.cardea.test") == []
    # Another account has a count of its own.
    third = stack.owner("third", email="third@cardea.test")
    obtain(third, "elsewhere")
    # What is renewed does not count towards new orders.
    owner.expect(200, "POST", "/certificates/within-0/renew?wait=60")


def test_of_orders_that_begin_together_no_more_go_on_than_fit(stack):
    owner = stack.owner()
    nodes = [owner, Api(stack.add_node().http_port, owner.token)]
    names = [f"burst-{number}" for number in range(12)]
    for number, name in enumerate(names):
        nodes[number % 2].create_certificate(name, f"{name}.cardea.test")

    def settled():
        found = [certificate(owner, name) for name in names]
        issued = [each["cert_name"] for each in found if each["fingerprint"]]
        waiting = [each["cert_name"] for each in found if each["postponed_because"]]
        return issued if len(issued) + len(waiting) == len(names) else None

    issued = wait_until(settled, 60, "every order is issued or held back")
    assert len(issued) == 3
    assert len(stack.proxy.exchanges("new_order")) == 3, "the CA is not asked for more"


def test_what_came_to_nothing_is_taken_back(stack):
    stack.dns.fail_lookups(UNPROVEN)
    owner = stack.owner()
    owner.create_certificate("failed", UNPROVEN)
    certificate_when(owner, "failed", lambda found: found["attempts"] == 1, "fails")
    assert list(stack.database.scan_iter("ledger:*:duplicate:*")) == []
    assert list(stack.database.scan_iter("ledger:*:domain:*")) == []
    [orders] = stack.database.scan_iter("ledger:*:orders:*")
    assert stack.database.zcard(orders) == 1, "the CA made the order"


def test_a_name_that_failed_is_not_tried_more_often_than_the_ca_allows(stack):
    stack.dns.fail_lookups(UNPROVEN)
    owner = stack.owner()
    owner.create_certificate("unproven", UNPROVEN)
    for attempts in (1, 2):
        found = certificate_when(owner, "unproven", lambda found, n=attempts: found["attempts"] == n, "fails")
        assert found["last_error"]["type"].endswith("connection"), "the CA's own words"
        owner.expect(202, "POST", "/certificates/unproven/renew")
    found = postponed(owner, "unproven")
    assert UNPROVEN in found["postponed_because"] and "failed" in found["postponed_because"]
    assert found["attempts"] == 2 and found["last_error"]["type"].endswith("connection"), "that is still the reason"
    assert len(orders_of(stack.proxy, UNPROVEN)) == 2
    # Only that name is held back.
    obtain(owner, "proven")


def test_the_same_names_are_not_ordered_for_ever(stack):
    """Without renewal information the CA cannot be told that an order is a renewal, and counts it."""
    owner = stack.owner()
    owner.create_certificate("first", "same.cardea.test")
    owner.wait_for_certificate("first")
    owner.create_certificate("second", "same.cardea.test")
    owner.wait_for_certificate("second")
    owner.create_certificate("third", "same.cardea.test")
    assert "same names" in postponed(owner, "third")["postponed_because"]
    assert len(orders_of(stack.proxy, "same.cardea.test")) == 2
    # A renewal says which certificate it replaces, which CAs count for nothing.
    owner.expect(200, "POST", "/certificates/first/renew?wait=60")
    assert orders_of(stack.proxy, "same.cardea.test")[-1].payload["replaces"]
