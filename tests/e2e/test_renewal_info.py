"""What the CA says about when to renew (RFC 9773): followed where it makes sense, survived where it does not."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from support.ca_faults import Fault, problem
from support.ca_http import Answer
from support.ca_stack import (
    certificate,
    certificate_when,
    failed,
    host_of,
    obtain,
    orders_of,
    running_ca_stack,
    time_of,
    when_replaced,
)
from support.clock import Clock

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EXPLANATION = "https://ca.cardea.test/why?incident=7"


def window(start: datetime, end: datetime, **members) -> dict:
    times = {name: when.strftime("%Y-%m-%dT%H:%M:%SZ") for name, when in (("start", start), ("end", end))}
    return {"suggestedWindow": times} | members


# What the CA answers about the certificate of each name. A text or an object is given to Pebble, which answers with it;
# an Answer comes from the proxy; with None it is Pebble's own.
ADVICE = {
    "own": None,
    "past": window(NOW - 2 * HOUR, NOW - HOUR, explanationURL=EXPLANATION),
    "one-second": window(NOW + 30 * DAY, NOW + 30 * DAY + timedelta(seconds=1), explanationURL='"><script>'),
    "after-its-end": window(NOW + 200 * DAY, NOW + 201 * DAY),
    "malformed": "{not json",
    "no-window": {"suggestedWindow": "soon"},
    "ends-first": window(NOW - HOUR, NOW - 2 * HOUR),
    "not-found": Answer(404, (), b"nothing here"),
    "trouble": Answer(500, (("Content-Type", "text/html"),), b"<html>"),
    "at-once": Answer(200, (("Retry-After", "0"),)).with_body(window(NOW + 40 * DAY, NOW + 41 * DAY)),
    "in-a-year": Answer(200, (("Retry-After", "31536000"),)).with_body(window(NOW + 40 * DAY, NOW + 41 * DAY)),
}
USELESS = ("malformed", "no-window", "ends-first", "not-found", "trouble")


class Advisor:
    """Answers nothing before all certificates are there and it is known what to say about each."""

    def __init__(self, stack):
        self.answers: dict[str, Answer] = {}  # by the certificate's id
        self.fault = stack.proxy.add(Fault("renewal_info", self._answer, times=None))

    async def _answer(self, passage, fault):
        fault.hit()
        await fault.released()
        certificate_id = passage.exchange.path.rpartition("/")[2]
        if certificate_id in self.answers:
            await passage.send(self.answers[certificate_id])
        else:
            await passage.pass_on()


@pytest.fixture(scope="module")
def clock(session_folder):
    return Clock(session_folder / "renewal-info-clock")


@pytest.fixture(scope="module")
def stack(session_folder, clock):
    with running_ca_stack(session_folder / "renewal-info", clock=clock) as running:
        yield running


@pytest.fixture(scope="module")
def owner(stack):
    return stack.owner()


def questions(stack, found: dict) -> list:
    return stack.proxy.exchanges("renewal_info", path=lambda path: path.endswith(found["renewal"]["certificate_id"]))


def first_asked_at(stack, found: dict) -> datetime:
    """By Cardea's clock, which had not been moved then."""
    return datetime.now(UTC) - timedelta(seconds=time.monotonic() - questions(stack, found)[0].at)


@pytest.fixture(scope="module")
def advised(stack, owner, clock):
    """The certificates after the CA's first advice, by name."""
    advisor = Advisor(stack)
    for name in ADVICE:
        owner.create_certificate(name, host_of(name))
    issued = {}
    for name, advice in ADVICE.items():
        owner.wait_for_certificate(name)
        issued[name] = certificate(owner, name)
        if isinstance(advice, Answer):
            advisor.answers[issued[name]["renewal"]["certificate_id"]] = advice
        elif isinstance(advice, str):
            stack.pebble.set_renewal_info(issued[name]["fullchain_pem"], advice)
        elif advice is not None:
            stack.pebble.set_renewal_info(issued[name]["fullchain_pem"], Answer(200).with_body(advice).body.decode())
    stack.proxy.wait_for("renewal_info", len(ADVICE))
    advisor.fault.release()
    soon = clock.now() + timedelta(seconds=30)
    return {
        name: certificate_when(
            owner, name, lambda found: time_of(found["renewal"]["next_poll_at"]) > soon, "was asked about"
        )
        for name in ADVICE
    }


@pytest.mark.parametrize(
    ("name", "delay"),
    [
        ("own", 6 * HOUR),
        ("malformed", 6 * HOUR),
        ("no-window", 6 * HOUR),
        ("ends-first", 6 * HOUR),
        ("not-found", 6 * HOUR),
        ("trouble", timedelta(minutes=1)),
        ("at-once", timedelta(minutes=1)),
        ("in-a-year", 24 * HOUR),
    ],
)
def test_the_next_question_is_neither_at_once_nor_never(stack, advised, name, delay):
    found = advised[name]
    after = time_of(found["renewal"]["next_poll_at"]) - first_asked_at(stack, found)
    assert delay - timedelta(seconds=2) <= after <= delay + timedelta(seconds=59)


def test_advice_that_is_of_no_use_leaves_the_renewal_to_the_dates(advised):
    for name in USELESS:
        found = advised[name]
        assert (found["renewal"]["window_start"], found["renewal"]["chosen_at"]) == (None, None), name
        issued, expires = time_of(found["issued_at"]), time_of(found["expires_at"])
        third = (expires - issued) / 3
        assert expires - third <= time_of(found["next_attempt_at"]) <= expires - third * 0.9, name
        assert (found["attempts"], found["status"]) == (0, "active"), "it is no failure of the certificate"


def test_a_window_is_followed_to_the_second(advised):
    found = advised["one-second"]
    assert time_of(found["renewal"]["window_start"]) == NOW + 30 * DAY
    assert time_of(found["next_attempt_at"]) == NOW + 30 * DAY
    own = advised["own"]["renewal"]
    assert own["window_start"] <= own["chosen_at"] < own["window_end"]
    assert advised["own"]["next_attempt_at"] == own["chosen_at"]


def test_a_window_after_the_end_does_not_let_the_certificate_expire(advised):
    found = advised["after-its-end"]
    issued, expires = time_of(found["issued_at"]), time_of(found["expires_at"])
    assert time_of(found["renewal"]["chosen_at"]) > expires
    assert abs(time_of(found["next_attempt_at"]) - (expires - (expires - issued) / 10)) <= timedelta(seconds=1)


def test_the_reason_of_the_ca_can_be_seen(advised, stack):
    assert advised["past"]["renewal"]["explanation_url"] == EXPLANATION
    assert advised["one-second"]["renewal"]["explanation_url"] is None, "what is no URL is not passed on"
    stack.cardea.wait_for_log(EXPLANATION)


def test_a_window_in_the_past_renews_once_and_nothing_else_is_renewed(advised, stack, owner, clock):
    before = advised["past"]
    # Not at once: a wrong clock would order for ever.
    assert time_of(before["next_attempt_at"]) >= time_of(before["issued_at"]) + 5 * HOUR
    clock.advance("+7h")
    after = when_replaced(owner, before)
    first, second = orders_of(stack.proxy, host_of("past"))
    assert "replaces" not in first.payload
    assert second.payload["replaces"] == before["renewal"]["certificate_id"]
    # The new one has its own advice.
    soon = clock.now() + timedelta(seconds=30)
    after = certificate_when(
        owner, "past", lambda found: time_of(found["renewal"]["next_poll_at"]) > soon, "was asked about"
    )
    assert after["renewal"]["certificate_id"] != before["renewal"]["certificate_id"]
    assert after["renewal"]["explanation_url"] is None
    assert time_of(after["next_attempt_at"]) > clock.now() + 7 * DAY
    # All others were asked about again meanwhile, but for the one whose CA said "in a year".
    for name in advised.keys() - {"past"}:
        found = certificate_when(
            owner, name, lambda found: time_of(found["renewal"]["next_poll_at"]) > soon, "was asked about again"
        )
        assert found["fingerprint"] == advised[name]["fingerprint"], name
        assert len(orders_of(stack.proxy, host_of(name))) == 1, name
        if name not in ("trouble", "at-once"):
            assert len(questions(stack, found)) == (1 if name == "in-a-year" else 2), name
    assert len(orders_of(stack.proxy, host_of("past"))) == 2


def test_a_ca_that_calls_every_certificate_overdue_gets_no_loop(advised, stack, owner, clock):
    known = {found["renewal"]["certificate_id"] for found in owner.expect(200, "GET", "/certificates")}
    overdue = Answer(200, (("Retry-After", "0"),)).with_body(window(NOW - 2 * HOUR, NOW - HOUR))

    async def say_overdue(passage, fault):
        fault.hit()
        await passage.send(overdue)

    stack.proxy.clear_faults()
    stack.proxy.add(
        Fault("renewal_info", say_overdue, times=None, when=lambda each: each.path.rpartition("/")[2] not in known)
    )
    obtain(owner, "overdue")

    def advised_again(found):
        return bool(found["renewal"]["chosen_at"])

    before = certificate_when(owner, "overdue", advised_again, "was asked about")
    clock.advance("+7h")
    when_replaced(owner, before)
    after = certificate_when(owner, "overdue", advised_again, "was asked about")
    assert time_of(after["next_attempt_at"]) > clock.now() + 5 * HOUR
    clock.advance("+5h")
    # Asked about again, with the same answer, and left alone.
    now = clock.now()
    after = certificate_when(
        owner, "overdue", lambda found: time_of(found["renewal"]["next_poll_at"]) > now, "was asked about again"
    )
    assert time_of(after["next_attempt_at"]) > now
    assert len(orders_of(stack.proxy, host_of("overdue"))) == 2


@pytest.fixture(scope="module")
def replaced(stack, owner):
    """Certificates whose successor the CA refuses to take as such, by the refusal."""
    refusals = {
        "already": problem(409, "alreadyReplaced"),
        "malformed": problem(400, "malformed", "no such certificate"),
        "unauthorized": problem(403, "unauthorized", "requester account did not request the certificate"),
        "internal": problem(500, "serverInternal"),
    }
    for name in refusals:
        owner.create_certificate(f"replaces-{name}", host_of(f"replaces-{name}"))
    for name, refusal in refusals.items():
        owner.wait_for_certificate(f"replaces-{name}")

        def is_renewal(exchange, name=name):
            return "replaces" in exchange.payload and host_of(f"replaces-{name}") in str(exchange.payload)

        stack.proxy.add(Fault("new_order", refusal, times=None, when=is_renewal))
    return list(refusals)


def test_a_ca_that_refuses_to_replace_is_asked_once_without(stack, owner, replaced):
    def renew(name):
        return owner.call("POST", f"/certificates/replaces-{name}/renew?wait=60")

    with ThreadPoolExecutor(len(replaced)) as pool:
        answers = dict(zip(replaced, pool.map(renew, replaced), strict=True))
    for name, (status, _, answer) in answers.items():
        assert status == 200 and not failed(answer), (name, answer)
        orders = orders_of(stack.proxy, host_of(f"replaces-{name}"))
        assert ["replaces" in order.payload for order in orders] == [False, True, False], name
        assert orders[-1].status == 201
        assert orders[-1].payload["identifiers"] == orders[0].payload["identifiers"]
