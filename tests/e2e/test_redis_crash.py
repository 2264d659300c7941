"""Redis dies in the middle of orders and comes back with its append-only file: every order goes on, none is made twice,
and what is served is served all the while.
"""

import signal

import pytest
from cardea_stack import wait_until
from support.ca_faults import hold_answer
from support.fault_stack import Ordered, check_challenges, hold_all, is_finalized, is_not_finalized
from support.handshakes import Handshakes


# The CA has acted, and Redis dies before its answer arrives.
POINTS = {
    "account": ("new_account", None),
    "order": ("new_order", None),
    "authz": ("authz", None),
    "challenge": ("challenge", None),
    "order-poll": ("order", is_not_finalized),
    "finalize": ("finalize", None),
    "issue-poll": ("order", is_finalized),
    "download": ("certificate", None),
}
# When the answer arrives.
MOMENTS = ("while-away", "when-back")
SERVED = 3


@pytest.mark.timeout(300)
def test_redis_that_dies_in_the_middle_of_orders_costs_nothing(fault_stack):
    stack = fault_stack
    api = stack.api_of(stack.cardea)
    served = [Ordered(stack, stack.proxy(), f"served-{i}.cardea.test") for i in range(SERVED)]
    held = []
    with Handshakes(stack.cardea.https_port, stack.pebble.root_pem()) as handshakes:
        for certificate in served:
            certificate.create(api)
            certificate.wait_until_issued(api)
            api.create_target(certificate.hosts[0], stack.nginx.url, enable_https=True)
        wait_until(lambda: api.expect(200, "GET", "/health")["certificates_loaded"] == SERVED, 20, "all are loaded")
        handshakes.watch(*(certificate.hosts[0] for certificate in served))
        for certificate in served:
            wait_until(lambda c=certificate: handshakes.seen(c.hosts[0]), 20, "the hosts are served")
        before = {certificate.name: certificate.stored() for certificate in served}

        for point, (kind, when) in POINTS.items():
            for moment in MOMENTS:
                proxy = stack.proxy()
                fault = hold_all(proxy, kind, hold_answer(), when)
                host = f"{point}-{moment}.cardea.test"
                certificate = Ordered(stack, proxy, host, email=f"acme@{host}")
                certificate.create(api)
                held.append((point, moment, fault, certificate))
        for _, _, fault, _ in held:
            fault.wait_until_hit(30)

        stack.redis.stop(signal.SIGKILL)
        asked = [certificate.proxy.count("new_order") for *_, certificate in held]
        for _, moment, fault, certificate in held:
            if moment == "while-away":
                fault.release()
        for _, moment, _, certificate in held:
            if moment == "while-away":
                line = f"error certificate {certificate.name}: "
                wait_until(lambda line=line: line in stack.cardea.log(), 60, f"{certificate.name} stops")
        # Nobody begins anything that could not be remembered.
        assert [certificate.proxy.count("new_order") for *_, certificate in held] == asked
        assert api.call("POST", "/certificates", {"domain": "no.cardea.test"})[0] == 503
        count = handshakes.count
        wait_until(lambda: handshakes.count > count + SERVED, 20, "the hosts are served without Redis")
        stack.redis.start()
        wait_until(lambda: api.expect(200, "GET", "/health")["redis"] == "healthy", 30, "the node is connected again")
        for _, _, fault, _ in held:
            fault.release()

        for point, _, _, certificate in held:
            view = certificate.wait_until_issued(api)
            assert (view["status"], view["attempts"], view["last_error"]) == ("active", 0, None), certificate.name
            certificate.check_stored()
            orders = certificate.order_ids()
            orders_max = 2 if point == "order" else 1  # the answer that named the order was lost
            assert len(orders) <= orders_max, certificate.name
            finalized = [len(certificate.finalizes(order)) for order in orders]
            assert finalized == [0] * (len(orders) - 1) + [1], f"{certificate.name}: {finalized}"
            assert len(certificate.certificates_issued()) == 1
            made = certificate.proxy.count("new_account", ca_answer=lambda answer: answer and answer.status == 201)
            assert made == 1, f"{certificate.name}: one account"
        # No storm: nobody thought that what was there is lost.
        for certificate in served:
            assert len(certificate.order_ids()) == 1
            assert certificate.stored()["fingerprint"] == before[certificate.name]["fingerprint"]
            assert handshakes.seen(certificate.hosts[0]) == [certificate.stored()["fingerprint"].partition(":")[2]]
        assert handshakes.errors == []
        check_challenges(stack.database)
