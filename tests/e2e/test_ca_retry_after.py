"""A CA that says when to come back, in every form of Retry-After: what is planned then, and that nothing is asked
before.

Every case has a certificate, an account and a proxy of its own, and all of them run at once.
"""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from cardea_stack import wait_until
from support.ca_faults import Fault, change, problem
from support.ca_http import Answer
from support.ca_stack import time_of
from support.fault_stack import Ordered

MINUTE, HOUR, DAY, WEEK = (timedelta(**{unit: 1}) for unit in ("minutes", "hours", "days", "weeks"))
# A delay may be a tenth longer, so that not all come back together; and the test does not see the moment itself.
SPREAD, SLACK = 1.1, timedelta(seconds=20)


def in_ten_minutes() -> str:
    return format_datetime(datetime.now(UTC) + 10 * MINUTE, usegmt=True)


def an_hour_ago() -> str:
    return format_datetime(datetime.now(UTC) - HOUR, usegmt=True)


# Form of the header → how to write it, and what it asks for: None where it says nothing.
FORMS = {
    "seconds": (lambda: "120", timedelta(seconds=120)),
    "date": (in_ten_minutes, 10 * MINUTE),
    "past": (an_hour_ago, timedelta(seconds=1)),
    "zero": (lambda: "0", timedelta(seconds=1)),
    "garbage": (lambda: "soon; maybe", None),
    "ten-years": (lambda: str(10 * 365 * 86400), WEEK),
    "huge": (lambda: "9" * 40, WEEK),
    "absent": (lambda: None, None),
}


@dataclass(frozen=True)
class Case:
    kind: str
    status: int
    form: str

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.status}-{self.form}".replace("_", "-")

    @property
    def asked(self) -> timedelta | None:
        """As far as Cardea believes it: a look at an order is never put off for more than a day."""
        asked = FORMS[self.form][1]
        return asked if asked is None or self.fails else min(asked, DAY)

    @property
    def fails(self) -> bool:
        """429 ends the attempt, whatever it answers. 503 does so where there is no order yet to be looked at again."""
        return self.status == 429 or self.kind in ("directory", "new_nonce", "new_account", "new_order")

    @property
    def delay(self) -> timedelta:
        """Before the next attempt: what the CA says, a minute at least; without its word an hour for a limit and a
        minute for trouble of its own.
        """
        if self.asked is not None:
            return max(self.asked, MINUTE)
        return HOUR if self.status == 429 else MINUTE

    def action(self):
        async def refuse(passage, fault):
            text = FORMS[self.form][0]()  # now: a date written at the start would be nearer by the time it is sent
            headers = {} if text is None else {"Retry-After": text}
            made = problem(self.status, "rateLimited" if self.status == 429 else "", "too much", headers=headers)
            await made(passage, fault)

        return refuse


CASES = [Case("new_order", status, form) for status in (429, 503) for form in FORMS]
CASES += [Case(kind, status, "date") for kind in ("directory", "new_nonce", "new_account") for status in (429, 503)]
CASES += [Case(kind, 429, form) for kind in ("finalize", "authz", "order") for form in ("date", "garbage", "ten-years")]
CASES += [Case(kind, 503, form) for kind in ("finalize", "authz") for form in ("date", "past", "ten-years", "absent")]
CASES += [Case(kind, status, "date") for kind in ("challenge", "certificate") for status in (429, 503)]


@pytest.fixture(scope="module")
def api(fault_stack):
    return fault_stack.api_of(fault_stack.cardea)


@pytest.fixture(scope="module")
def started(fault_stack, api):
    made = {}
    for case in CASES:
        proxy = fault_stack.proxy()
        # The first look at an authorization is what it is about, the second one a poll.
        skip = 1 if case.kind == "authz" else 0
        proxy.add(Fault(case.kind, case.action(), skip=skip))
        made[case] = Ordered(fault_stack, proxy, f"{case.name}.cardea.test", email=f"{case.name}@cardea.test")
        made[case].create(api)
    return made


def check_planned(view: dict, delay: timedelta, at: datetime):
    planned = time_of(view["next_attempt_at"]) - at
    assert delay - SLACK <= planned <= delay * SPREAD + SLACK, f"in {planned}, not in {delay}"


def at_of(view: dict) -> datetime:
    return time_of(view["history"][-1]["at"])


def hold_of(certificate: Ordered) -> datetime | None:
    """Until when the account is left alone; None if it is not."""
    authority = f"127.0.0.1:{certificate.proxy.port}"
    text = certificate.stack.database.get(f"hold:{authority}:{certificate.email}")
    return time_of(json.loads(text)["until"]) if text else None


@pytest.mark.parametrize("case", [case for case in CASES if case.fails], ids=lambda case: case.name)
def test_an_attempt_that_was_refused_comes_back_when_the_ca_says(case, started, api):
    certificate = started[case]
    view = certificate.wait_until_failed(api)
    at = time_of(view["history"][-1]["at"])
    assert (view["attempts"], view["status"], view["last_error"]["status"]) == (1, "failed", case.status)
    check_planned(view, case.delay, at)
    if case.asked is None:
        assert hold_of(certificate) is None, "nobody spoke of others"
    elif case.asked > MINUTE:
        # In Redis, where every node sees it.
        assert abs(hold_of(certificate) - at - case.asked) < SLACK
    due = certificate.stack.database.zscore("due", certificate.name)
    assert due == time_of(view["next_attempt_at"]).timestamp()


@pytest.mark.parametrize("case", [case for case in CASES if not case.fails], ids=lambda case: case.name)
def test_an_order_in_trouble_is_looked_at_when_the_ca_says(case, started, api):
    certificate = started[case]
    asked = case.asked or timedelta(seconds=1)

    def settled():
        view = certificate.view(api)
        return view if view["fingerprint"] or view["postponed_because"] else None

    view = wait_until(settled, 90, f"{certificate.name} is issued or waits", interval=0.1)
    assert (view["attempts"], view["last_error"]) == (0, None)
    if asked <= MINUTE:
        assert view["status"] == "active"
        certificate.check_stored()
    else:
        check_planned(view, asked, time_of(view["history"][-1]["at"]))
        lease = f"lease:cert:{certificate.name}"
        wait_until(lambda: not certificate.stack.database.exists(lease), 30, "the lease is given back")
        assert certificate.stored()["status"] == "pending" and certificate.order_ids()
        assert abs(hold_of(certificate) - at_of(view) - FORMS[case.form][1]) < SLACK, "the whole account waits"


@pytest.mark.parametrize("kind", ["finalize", "authz", "order"])
def test_the_order_that_was_refused_is_taken_up_later(kind, started, api):
    certificate = started[Case(kind, 429, "garbage")]
    certificate.wait_until_failed(api)
    certificate.renew(api)
    certificate.wait_until_issued(api)
    [order] = certificate.order_ids()
    assert len(certificate.finalizes(order)) == 1
    certificate.check_stored()


def test_a_look_that_fails_does_not_fail_the_validation_that_it_was_about(fault_stack, api):
    # The CA takes up to six seconds before it asks, and the attempt has ended by then.
    proxy = fault_stack.proxy(fault_stack.add_pebble("slow-ca", validation_sleep=6))
    hosts = [f"slow-{i}.cardea.test" for i in range(3)]
    certificate = Ordered(fault_stack, proxy, *hosts, email="slow@cardea.test")
    proxy.add(Fault("authz", problem(429, "", "too much"), skip=len(hosts)))
    certificate.create(api)
    certificate.wait_until_failed(api)
    time.sleep(7)
    certificate.renew(api)
    certificate.wait_until_issued(api)
    [order] = certificate.order_ids()
    assert len(certificate.finalizes(order)) == 1


def test_a_hold_is_for_the_whole_account_and_for_no_other(fault_stack, api):
    proxy = fault_stack.proxy()
    proxy.add(Fault("new_order", problem(429, "rateLimited", "too many orders", headers={"Retry-After": "7200"})))
    first, second = (Ordered(fault_stack, proxy, f"held-{i}.cardea.test", email="held@cardea.test") for i in range(2))
    other = Ordered(fault_stack, proxy, "not-held.cardea.test", email="other@cardea.test")
    first.create(api)
    first.wait_until_failed(api)
    node = fault_stack.add_node("second-node")
    node.start()
    second.create(fault_stack.api_of(node))
    view = wait_until(lambda: (v := second.view(api))["postponed_because"] and v, 30, "the second one waits")
    assert "too many orders" in view["postponed_because"]
    assert (view["attempts"], view["status"], view["last_error"]) == (0, "pending", None)
    check_planned(view, 2 * HOUR, time_of(view["history"][-1]["at"]))
    assert second.order_requests() == []
    other.create(api)
    other.wait_until_issued(api)
    # Somebody asks: still nothing before the time.
    first.renew(api)
    view = wait_until(lambda: (v := first.view(api))["postponed_because"] and v, 30, "the first one waits, too")
    assert len(first.order_requests()) == 1
    assert node.stop() == 0


def test_an_order_that_is_processed_for_long_gives_its_lease_back_and_goes_on(fault_stack, api):
    proxy = fault_stack.proxy()
    certificate = Ordered(fault_stack, proxy, "processing.cardea.test")

    def processing(real: Answer) -> Answer:
        order = real.json() | {"status": "processing"}
        order.pop("certificate", None)
        return real.with_body(order).with_header("Retry-After", "3600")

    proxy.add(Fault("order", change(processing), when=lambda _: proxy.count("finalize") > 0))
    certificate.create(api)
    view = wait_until(lambda: (v := certificate.view(api))["postponed_because"] and v, 60, "the certificate waits")
    assert "3600" in view["postponed_because"] and view["attempts"] == 0
    check_planned(view, HOUR, time_of(view["history"][-1]["at"]))
    assert "hold" not in "".join(fault_stack.database.scan_iter(f"*{proxy.port}*")), "nobody else has to wait"
    certificate.renew(api)
    certificate.wait_until_issued(api)
    [order] = certificate.order_ids()
    assert len(certificate.finalizes(order)) == 1
    certificate.check_stored()
