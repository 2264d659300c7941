"""A node that is paused in the middle of its orders for longer than its leases last, and goes on when another node has
done its work: nothing that is stored is changed by it, and the CA issues once.
"""

import signal

import pytest
from cardea_stack import wait_until
from support.ca_faults import Fault, hold, hold_answer, hold_then, problem
from support.fault_stack import Ordered, hold_all, is_asked_again, is_finalized, is_not_finalized
from support.handshakes import Handshakes

# Where the paused node stands → (kind, action, when). "before" it the CA has seen nothing; what the node has sent
# arrives after the pause, when the other node has long finished.
POINTS = {
    "order": ("new_order", hold, None),
    "order-after": ("new_order", hold_answer, None),
    "authz": ("authz", hold_answer, None),
    "challenge": ("challenge", hold, None),
    "authz-poll": ("authz", hold_answer, is_asked_again),
    "order-poll": ("order", hold_answer, is_not_finalized),
    "finalize": ("finalize", hold, None),
    "finalize-after": ("finalize", hold_answer, None),
    "issue-poll": ("order", hold_answer, is_finalized),
    "download": ("certificate", hold_answer, None),
}
CERTIFICATES = 2  # at each point


def hold_at(proxy, point: str):
    kind, action, when = POINTS[point]
    return hold_all(proxy, kind, action(), when)


def has_given_up(sleeper, name: str) -> bool:
    """A request that the CA did not answer in time fails; the rest stops as soon as the lease turns out to be lost, or
    the commit shows that the very same certificate is stored already.
    """
    log = sleeper.log()
    ends = ("another node took over", "this node may not work on the certificate any more", "stored, valid until")
    return f"error certificate {name}: timeout (ca)" in log or any(f"certificate {name}: {end}" in log for end in ends)


def check_unchanged(before: dict, after: dict):
    # The CA may have been asked for its renewal information meanwhile, which moves the renewal a little.
    asked = before["renewal"] != after["renewal"]
    may_change = {"generation", "renewal", "next_action_at", "next_attempt_at"} if asked else set()
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert changed <= may_change, changed
    assert after["fingerprint"] == before["fingerprint"]
    assert not after.get("attempts") and not after.get("last_error")


@pytest.mark.timeout(240)
def test_a_node_that_was_paused_changes_nothing_when_it_goes_on(fault_stack):
    stack, database = fault_stack, fault_stack.database
    sleeper = stack.add_node("sleeper", LOG_LEVEL="debug")
    sleeper.start()
    of_sleeper, api = stack.api_of(sleeper), stack.api_of(stack.cardea)
    held = {}
    for point in POINTS:
        proxy = stack.proxy()
        fault = hold_at(proxy, point)
        hosts = [f"{point}-{i}.cardea.test" for i in range(CERTIFICATES)]
        held[point] = (fault, [Ordered(stack, proxy, host, email=f"acme@{host}") for host in hosts])
    certificates = [certificate for _, group in held.values() for certificate in group]
    with Handshakes(stack.cardea.https_port, stack.pebble.root_pem()) as handshakes:
        for certificate in certificates:
            certificate.create(of_sleeper)
            api.create_target(certificate.hosts[0], stack.nginx.url)
            handshakes.watch(certificate.hosts[0])
        for fault, group in held.values():
            fault.wait_until_hit(30, hits=len(group))
        sleeper.send_signal(signal.SIGSTOP)
        # What was held before goes on being held: only the other node's requests pass from here on.
        for fault, _ in held.values():
            fault.stop_taking()

        for certificate in certificates:
            certificate.wait_until_issued(api)
        before = {certificate.name: certificate.stored() for certificate in certificates}
        issued = {certificate.name: certificate.order_ids() for certificate in certificates}

        sleeper.send_signal(signal.SIGCONT)
        for fault, _ in held.values():
            fault.release()
        at_work = [name for name in before if f"certificate {name}: " in sleeper.log()]
        assert len(at_work) > len(certificates) / 2, "the other node may have been first, but not everywhere"
        for name in at_work:
            wait_until(lambda name=name: has_given_up(sleeper, name), 60, f"the sleeper gives up {name}")

        for certificate in certificates:
            check_unchanged(before[certificate.name], certificate.stored())
            certificate.check_stored()
            made = certificate.order_ids()
            assert len(made) <= 2
            finalized = [len(certificate.finalizes(order)) for order in made]
            assert sum(finalized) == 1, f"{certificate.name}: {finalized}"
            assert len(certificate.certificates_issued()) == 1
            assert set(issued[certificate.name]) <= set(made)
        assert handshakes.errors == []

    # The sleeper is as good a node as before: it renews what the other one got.
    renewed = [group[0] for _, group in held.values()][:3]
    for certificate in renewed:
        certificate.renew(of_sleeper)
    for certificate in renewed:
        certificate.wait_until_issued(of_sleeper, other_than=before[certificate.name]["fingerprint"])
        certificate.check_stored()
    wait_until(lambda: not list(database.scan_iter("lease:*")), 40, "no lease is held")
    assert sleeper.stop() == 0


def test_a_node_whose_lease_was_forgotten_writes_nothing(fault_stack):
    """As after a failover of Redis that lost the last second: another node works and is done while this one still
    believes that it holds the lease. What it learns then must not end up in the other one's object.
    """
    stack, database = fault_stack, fault_stack.database
    believer = stack.add_node("believer", LOG_LEVEL="debug")
    believer.start()
    of_believer, api = stack.api_of(believer), stack.api_of(stack.cardea)
    certificate = Ordered(stack, stack.proxy(), "forgotten.cardea.test", email="forgotten@cardea.test")
    lease = f"lease:cert:{certificate.name}"
    refusal = hold_then(problem(403, "rejectedIdentifier", "not here"))
    fault = certificate.proxy.add(Fault("new_order", refusal))
    certificate.create(of_believer)
    fault.wait_until_hit(30)
    # It extends its lease three times in 20 s: now it does not look again for more than six.
    wait_until(lambda: database.pttl(lease) > 19_500, 30, "the lease was extended just now", interval=0.01)
    database.delete(lease)
    certificate.renew(api)
    certificate.wait_until_issued(api)
    certificate.check_nothing_left()
    before = certificate.stored()
    fault.release()
    wait_until(lambda: f"error certificate {certificate.name}: rejected (ca)" in believer.log(), 30, "it was refused")
    # What it would write, it writes before it ends.
    assert believer.stop() == 0
    check_unchanged(before, certificate.stored())
