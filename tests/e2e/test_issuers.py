"""Which CA issues, under which root, by which profile: what was asked for, and what is taken where that is not had."""

import re
import socket
from datetime import timedelta

import pytest
from cardea_stack import HostConnection, Pebble, describe_certificate, https_context
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from support.ca_faults import Fault, answer, hold, problem, refuse
from support.ca_proxy import CaProxy
from support.ca_stack import (
    CaStack,
    certificate,
    certificate_when,
    obtain,
    orders_of,
    running_ca_stack,
    time_of,
    when_replaced,
)
from support.clock import Clock

DAY = timedelta(days=1)


def chain_of(found: dict) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(found["fullchain_pem"].encode())


def is_under(found: dict, root_pem: str) -> bool:
    """Whether the chain ends at that root."""
    root = x509.load_pem_x509_certificate(root_pem.encode())
    chain = [*chain_of(found), root]
    try:
        for issued, issuer in zip(chain, chain[1:], strict=False):
            issued.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


# Several CAs.


class TwoCas:
    """A stack, and a second Pebble behind a proxy of its own, which validates at the same place."""

    def __init__(self, folder):
        self.second = None
        self._folder = folder
        self._bundle = folder / "both-roots.pem"
        # With a clock, as failures are far apart.
        self.options = {"clock": Clock(folder / "clock"), "ACME_CA_BUNDLE": str(self._bundle)}

    def add_second(self, stack: CaStack):
        ports = stack.cardea.http_port, stack.dns.dns_port
        self.second = Pebble(self._folder / "second", *ports, nonce_reject_percent=0, tls_port=stack.cardea.https_port)
        self._bundle.write_text(stack.pebble.ca_path.read_text() + self.second.ca_path.read_text())
        stack.enter_context(self.second)
        self.second_proxy = stack.enter_context(CaProxy(self.second, stack.clock))
        self.urls = [stack.proxy.directory_url, self.second_proxy.directory_url]
        self.stack = stack


@pytest.fixture
def two_cas(folder):
    made = TwoCas(folder)
    with running_ca_stack(folder / "stack", before_start=made.add_second, **made.options):
        yield made


def fail_until(stack, owner, cert_name: str, attempts: int) -> dict:
    """Moves the clock on from one attempt to the next until so many have failed."""
    for attempt in range(1, attempts + 1):
        found = certificate_when(
            owner, cert_name, lambda found, attempt=attempt: found["attempts"] == attempt, f"has failed {attempt} times"
        )
        if attempt < attempts:
            stack.clock.advance(time_of(found["next_attempt_at"]) - stack.clock.now() + timedelta(seconds=1))
    return found


def test_a_site_that_has_no_certificate_gets_one_from_the_second_ca(two_cas):
    stack = two_cas.stack
    owner = stack.owner()
    away = stack.proxy.add(Fault(None, refuse(), times=None))
    owner.create_certificate("first", "first.cardea.test", acme_directory_urls=two_cas.urls)
    found = fail_until(stack, owner, "first", 2)
    assert away.hits >= 2 and found["fingerprint"] == ""
    # Another CA knows nothing of this one's reasons: it is asked soon.
    assert time_of(found["next_attempt_at"]) - stack.clock.now() <= timedelta(minutes=1)
    stack.clock.advance("+61s")
    found = certificate_when(owner, "first", lambda found: found["fingerprint"], "is issued")
    assert (found["attempts"], found["last_error"]) == (0, None)
    assert found["issuer_directory_url"] == two_cas.urls[1]
    assert found["acme_directory_urls"] == two_cas.urls, "the wish stays"
    assert is_under(found, two_cas.second.root_pem()) and not is_under(found, stack.pebble.root_pem())
    # Once the first one is back, the next renewal goes to it, and does not name what another CA issued.
    stack.proxy.clear_faults()
    after = owner.expect(200, "POST", "/certificates/first/renew?wait=60")
    assert after["issuer_directory_url"] == two_cas.urls[0]
    assert is_under(after, stack.pebble.root_pem())
    [order] = orders_of(stack.proxy, "first.cardea.test")
    assert "replaces" not in order.payload
    assert len(stack.database.keys("account:*")) == 2, "each CA has an account of its own"


def test_no_proxy_of_the_environment_is_asked_for_a_ca_that_a_request_names(folder):
    """The address policy would judge its address, and not where it goes for a request."""
    with socket.create_server(("127.0.0.1", 0)) as forbidden:
        url = f"http://127.0.0.1:{forbidden.getsockname()[1]}"

        def name_proxy(stack: CaStack):
            stack.cardea.extra_environment |= {"https_proxy": url, "HTTPS_PROXY": url, "ALL_PROXY": url}

        with running_ca_stack(folder / "stack", before_start=name_proxy) as stack:
            owner = stack.owner()
            owner.create_certificate("direct", "direct.cardea.test", acme_directory_url=stack.pebble.directory_url)
            owner.wait_for_certificate("direct")
        forbidden.setblocking(False)
        with pytest.raises(BlockingIOError):
            forbidden.accept()


# Weeks before the end, a CA that fails is mostly back soon enough; in the last days one failure is too many.
@pytest.mark.parametrize(("days_left", "failures"), [(26, 6), (12, 3), (5, 1)])
def test_a_renewal_goes_to_the_second_ca_the_sooner_the_less_time_is_left(two_cas, days_left, failures):
    stack = two_cas.stack
    owner = stack.owner()
    stack.proxy.add(Fault("renewal_info", answer(404), times=None))
    [before] = obtain(owner, "late", acme_directory_urls=two_cas.urls)
    stack.proxy.clear()
    # Not "serverInternal": to that, an attempt orders once more without naming the predecessor.
    stack.proxy.add(Fault("new_order", problem(503, "rateLimited"), times=None))
    stack.clock.set(time_of(before["expires_at"]) - days_left * DAY - stack.clock.now())
    found = fail_until(stack, owner, "late", failures)
    assert found["fingerprint"] == before["fingerprint"]
    assert time_of(found["next_attempt_at"]) - stack.clock.now() <= timedelta(minutes=1)
    assert [each.status for each in orders_of(stack.proxy, "late.cardea.test")] == [503] * failures
    assert two_cas.second_proxy.count() == 0
    stack.clock.advance("+61s")
    after = when_replaced(owner, before)
    assert after["issuer_directory_url"] == two_cas.urls[1]
    [order] = orders_of(two_cas.second_proxy, "late.cardea.test")
    assert "replaces" not in order.payload, "what the other CA issued is unknown to this one"


# Several chains.


@pytest.fixture(scope="module")
def chains(session_folder):
    with running_ca_stack(session_folder / "chains", pebble={"alternate_roots": 2, "chain_length": 2}) as running:
        yield running


def name_of(root_pem: str) -> str:
    return re.search(r"CN ?= ?(.+)", describe_certificate(root_pem)["issuer"])[1]


def test_the_chain_of_the_preferred_root_is_taken_and_served(chains):
    owner = chains.owner("chains")
    roots = chains.pebble.roots()
    assert len({name_of(root) for root in roots}) == 3
    wanted = {f"chain-{number}": root for number, root in enumerate(roots)}
    for cert_name, root in wanted.items():
        owner.create_certificate(cert_name, f"{cert_name}.cardea.test", preferred_chain=name_of(root))
    owner.create_certificate("chain-unknown", "chain-unknown.cardea.test", preferred_chain="Some other root")
    owner.create_certificate("chain-any", "chain-any.cardea.test")
    for cert_name, root in (wanted | {"chain-unknown": roots[0], "chain-any": roots[0]}).items():
        owner.wait_for_certificate(cert_name)
        assert is_under(certificate(owner, cert_name), root), cert_name
        hostname = f"{cert_name}.cardea.test"
        with HostConnection(hostname, chains.cardea.https_port, https_context(root)) as connection:
            connection.connect()  # trusts that root alone


def test_another_chain_that_is_wanted_while_an_order_runs_is_taken(chains):
    owner = chains.owner("chain-changed")
    roots = chains.pebble.roots()
    gate = chains.proxy.add(Fault("finalize", hold()))
    owner.create_certificate("other-chain", "other-chain.cardea.test", preferred_chain=name_of(roots[1]))
    gate.wait_until_hit()
    owner.expect(202, "POST", "/certificates/other-chain/renew", {"preferred_chain": name_of(roots[2])})
    gate.release()
    owner.wait_for_certificate("other-chain")
    assert is_under(certificate(owner, "other-chain"), roots[2])


def test_a_chain_that_cannot_be_had_is_no_reason_to_fail(chains):
    owner = chains.owner("chain-trouble")
    roots = chains.pebble.roots()
    chains.proxy.add(
        Fault("certificate", answer(404, "gone"), times=None, when=lambda each: "/alternate/" in each.path)
    )
    owner.create_certificate("trouble", "trouble.cardea.test", preferred_chain=name_of(roots[1]))
    owner.wait_for_certificate("trouble")
    chains.proxy.clear_faults()
    assert chains.proxy.count("certificate", status=404) == 2, "both were asked for"
    assert is_under(certificate(owner, "trouble"), roots[0])
    # The next time it is there.
    after = owner.expect(200, "POST", "/certificates/trouble/renew?wait=60")
    assert is_under(after, roots[1])


# Profiles.


def lifetime(found: dict) -> timedelta:
    return time_of(found["expires_at"]) - time_of(found["issued_at"])


def test_profiles_that_must_be_and_profiles_that_may_be(folder):
    profiles = {"short": {"description": "six days", "validityPeriod": 6 * 86400}, "usual": {"description": "as ever"}}
    with running_ca_stack(folder, pebble={"profiles": profiles}) as stack:
        owner = stack.owner()
        owner.create_certificate("must", "must.cardea.test", profile="short")
        owner.create_certificate("may", "may.cardea.test", profile="short", profile_required=False)
        owner.create_certificate("no-such", "no-such.cardea.test", profile="long")
        owner.create_certificate("if-there", "if-there.cardea.test", profile="long", profile_required=False)
        for name in ("must", "may", "if-there"):
            owner.wait_for_certificate(name)
        for name in ("must", "may"):
            assert abs(lifetime(certificate(owner, name)) - 6 * DAY) < timedelta(minutes=1)
            assert [each.payload["profile"] for each in orders_of(stack.proxy, f"{name}.cardea.test")] == ["short"]
        [order] = orders_of(stack.proxy, "if-there.cardea.test")
        assert "profile" not in order.payload
        owner.wait_for_certificate("no-such", "failed")
        found = certificate(owner, "no-such")
        for said in ('"long"', "short", "usual"):
            assert said in found["last_error_message"], "what there is, too"
        assert orders_of(stack.proxy, "no-such.cardea.test") == [], "the CA was not asked for what it does not have"

        # Another one is wanted while an order runs: what that brings is not kept.
        gate = stack.proxy.add(Fault("finalize", hold()))
        owner.create_certificate("changed", "changed.cardea.test", profile="usual")
        gate.wait_until_hit()
        owner.expect(202, "POST", "/certificates/changed/renew", {"profile": "short"})
        gate.release()
        owner.wait_for_certificate("changed")
        assert abs(lifetime(certificate(owner, "changed")) - 6 * DAY) < timedelta(minutes=1)

        # The profile goes away between two renewals.
        stack.pebble.stop()
        stack.pebble.profiles = {"usual": profiles["usual"]}
        stack.pebble.start()
        after = owner.expect(200, "POST", "/certificates/may/renew?wait=60")
        assert lifetime(after) > 80 * DAY
        assert after["profile"] == "short", "the wish stays"
        before = certificate(owner, "must")
        status, _, refusal = owner.call("POST", "/certificates/must/renew?wait=60")
        assert status == 502 and "short" in refusal["detail"]
        found = certificate(owner, "must")
        assert (found["fingerprint"], found["status"]) == (before["fingerprint"], "active")
        # A renewal may ask for another one.
        after = owner.expect(200, "POST", "/certificates/must/renew?wait=60", {"profile": "usual"})
        assert lifetime(after) > 80 * DAY
