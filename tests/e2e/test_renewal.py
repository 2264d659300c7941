"""When certificates are renewed by themselves, and what happens while that fails."""

import signal
from datetime import timedelta

import pytest
from cardea_stack import wait_until
from support.ca_faults import Fault, answer
from support.ca_stack import (
    certificate,
    certificate_when,
    failed,
    obtain,
    orders_of,
    running_ca_stack,
    served_fingerprint,
    time_of,
    when_replaced,
)
from support.clock import Clock

SHORT = 40
PROFILES = {
    "short": {"description": "for tests", "validityPeriod": SHORT},
    "usual": {"description": "for sites"},
}
USUAL = {"profiles": {"usual": PROFILES["usual"]}}
DAY = timedelta(days=1)


@pytest.fixture
def clock(folder):
    return Clock(folder / "clock")


def no_renewal_info(proxy):
    """The CA says nothing about when to renew: only the dates count."""
    proxy.add(Fault("renewal_info", answer(404), times=None))


def wait_until_looked_at(stack, cert_name: str):
    """Until the queue has taken the certificate up, by the clock as it is now, and put it back for later."""
    now = int(stack.clock.now().timestamp())
    wait_until(lambda: (stack.database.zscore("due", cert_name) or 0) > now + 1, 60, f"{cert_name} is looked at")


def test_short_lived_certificates_renew_at_half_their_lives_and_not_more_often(folder):
    lives = 3
    with running_ca_stack(folder, pebble={"profiles": PROFILES}) as stack:
        no_renewal_info(stack.proxy)
        owner = stack.owner()
        names = [f"short-{number}" for number in range(3)]
        for name in names:
            owner.create_certificate(name, f"{name}.cardea.test", profile="short")
        owner.create_certificate("usual", "usual.cardea.test", profile="usual")
        seen = {name: [] for name in names}

        def all_seen():
            for name, found in seen.items():
                now = certificate(owner, name)
                if now["fingerprint"] and now["fingerprint"] not in [each["fingerprint"] for each in found]:
                    found.append(now)
            return all(len(found) >= lives for found in seen.values())

        wait_until(all_seen, 150, "each has been renewed twice", 0.2)
        for name, found in seen.items():
            assert len(orders_of(stack.proxy, f"{name}.cardea.test")) == len(found), "one order for each"
            for before, after in zip(found, found[1:], strict=False):
                half = time_of(before["issued_at"]) + timedelta(seconds=SHORT / 2)
                assert half <= time_of(after["issued_at"]) < time_of(before["expires_at"])
                assert after["profile"] == "short"
        assert len(orders_of(stack.proxy, "usual.cardea.test")) == 1


def test_a_certificate_of_90_days_is_left_alone_until_its_last_third(folder, clock):
    with running_ca_stack(folder, clock=clock, pebble=USUAL) as stack:
        no_renewal_info(stack.proxy)
        owner = stack.owner()
        [before] = obtain(owner, "site")
        issued, expires = time_of(before["issued_at"]), time_of(before["expires_at"])
        assert expires - issued > 89 * DAY
        planned = time_of(before["next_attempt_at"])
        assert issued + 60 * DAY - timedelta(minutes=1) <= planned <= issued + 63 * DAY

        for when in (issued + 30 * DAY, planned - timedelta(hours=1)):
            clock.set(when - issued)
            wait_until_looked_at(stack, "site")
            assert certificate(owner, "site")["next_attempt_at"] == before["next_attempt_at"]
        # A node that was away meanwhile knows the same.
        assert stack.cardea.stop() == 0
        stack.cardea.start()
        wait_until_looked_at(stack, "site")
        assert len(orders_of(stack.proxy, "site.cardea.test")) == 1

        clock.set(planned - issued + timedelta(minutes=1))
        after = when_replaced(owner, before)
        assert not failed(after)
        [_, renewal] = orders_of(stack.proxy, "site.cardea.test")
        assert renewal.payload["replaces"] == before["renewal"]["certificate_id"]
        assert served_fingerprint(stack.cardea.https_port, "site.cardea.test") == after["fingerprint"]


def test_a_threshold_that_is_shorter_renews_later(folder, clock):
    with running_ca_stack(folder, clock=clock, pebble=USUAL, RENEWAL_THRESHOLD_DAYS="10") as stack:
        no_renewal_info(stack.proxy)
        owner = stack.owner()
        [found] = obtain(owner, "late")
        assert 9 * DAY <= time_of(found["expires_at"]) - time_of(found["next_attempt_at"]) <= 10 * DAY
        # The setting is changed: what is stored already goes by the new one.
        assert stack.cardea.stop() == 0
        stack.cardea.settings["RENEWAL_THRESHOLD_DAYS"] = "20"
        stack.cardea.start()
        found = certificate_when(
            owner,
            "late",
            lambda found: time_of(found["expires_at"]) - time_of(found["next_attempt_at"]) > 17 * DAY,
            "is planned anew",
        )
        assert time_of(found["expires_at"]) - time_of(found["next_attempt_at"]) <= 20 * DAY


def test_a_renewal_that_fails_is_repeated_ever_more_rarely_and_the_old_one_is_served(folder, clock):
    with running_ca_stack(folder, clock=clock, pebble=USUAL) as stack:
        no_renewal_info(stack.proxy)
        owner = stack.owner()
        [before] = obtain(owner, "fails")
        document = {"type": "about:blank", "detail": "back on Monday", "status": 503}
        trouble = answer(503, document, {"Content-Type": "application/problem+json"}, fresh_nonce=True)
        stack.proxy.add(
            Fault("new_order", trouble, times=None, when=lambda each: "fails.cardea.test" in str(each.payload))
        )
        start = clock.now()
        clock.advance(time_of(before["next_attempt_at"]) - start + timedelta(seconds=1))

        waits = []
        for attempt in range(1, 7):
            found = certificate_when(
                owner,
                "fails",
                lambda found, attempt=attempt: found["attempts"] == attempt,
                f"has failed {attempt} times",
            )
            assert (found["status"], found["fingerprint"]) == ("active", before["fingerprint"])
            assert found["last_error"]["detail"] == "back on Monday", "the CA's own words"
            waits.append(time_of(found["next_attempt_at"]) - clock.now())
            if attempt == 3:
                restarted_remembers(stack, owner, found)
            if attempt < 6:
                clock.advance(waits[-1] + timedelta(seconds=1))
        minutes = [wait / timedelta(minutes=1) for wait in waits]
        # By a tenth longer at random; a little shorter as some time has passed meanwhile.
        for wait, planned in zip(minutes, (1, 10, 100, 1440, 1440, 1440), strict=True):
            assert planned - 1 <= wait <= planned * 1.1, minutes
        assert stack.proxy.count("new_order", status=503) == 6, "one order for each attempt"
        assert served_fingerprint(stack.cardea.https_port, "fails.cardea.test") == before["fingerprint"]

        stack.proxy.clear_faults()
        clock.advance(waits[-1] + timedelta(seconds=1))
        after = when_replaced(owner, before)
        assert (after["attempts"], after["last_error"], after["status"]) == (0, None, "active")


def restarted_remembers(stack, owner, before: dict):
    """After a crash the node serves what it has, and counts and waits on where it stood."""
    stack.cardea.stop(signal.SIGKILL)
    stack.cardea.start()
    assert served_fingerprint(stack.cardea.https_port, "fails.cardea.test") == before["fingerprint"]
    obtain(owner, "meanwhile")
    now = certificate(owner, "fails")
    members = ("attempts", "next_attempt_at", "last_error", "history")
    assert {member: now[member] for member in members} == {member: before[member] for member in members}


def test_a_certificate_that_expired_while_nothing_ran_is_renewed_at_the_start(folder, clock):
    with running_ca_stack(folder, clock=clock, pebble=USUAL) as stack:
        owner = stack.owner()
        [before] = obtain(owner, "expired")
        assert stack.cardea.stop() == 0
        clock.set("+89d")
        stack.cardea.start()
        after = when_replaced(owner, before)
        assert not failed(after)
        assert len(orders_of(stack.proxy, "expired.cardea.test")) == 2


def test_a_clock_that_is_behind_is_no_reason_to_serve_what_is_not_valid_yet(folder, clock):
    with running_ca_stack(folder, clock=clock, pebble=USUAL) as stack:
        owner = stack.owner()
        [before] = obtain(owner, "early")
        # The CA does not share this clock: what it issues now begins ten seconds later than "now" here.
        clock.set("-10s")
        owner.expect(202, "POST", "/certificates/early/renew")
        stack.proxy.wait_for("certificate", count=2)
        assert served_fingerprint(stack.cardea.https_port, "early.cardea.test") == before["fingerprint"]
        after = when_replaced(owner, before)
        assert clock.now() >= time_of(after["issued_at"]), "stored when it is valid here too"


def test_a_clock_that_is_far_off_is_said(folder, clock):
    clock.set("+2d")
    with running_ca_stack(folder, pebble=USUAL) as stack:
        stack.cardea.stop()
        stack.cardea.extra_environment |= clock.environment
        stack.cardea.start()
        owner = stack.owner()
        owner.create_certificate("skewed", "skewed.cardea.test")
        wait_until(lambda: "the clock of this machine is" in stack.cardea.log(), 30, "the log says so")
        assert "ahead of" in stack.cardea.log()
