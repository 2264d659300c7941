"""Many names at once, an empty store, two nodes: one account, one order for each name."""

from cardea_stack import wait_until
from support.fault_stack import Ordered, check_challenges

NAMES = 130  # more than two nodes work on at one CA at once
EMAIL = "many@cardea.test"


def test_many_names_at_once_are_one_account_and_an_order_each(fault_stack):
    stack = fault_stack
    other = stack.add_node("other")
    other.start()
    proxy = stack.proxy()
    apis = [stack.api_of(stack.cardea), stack.api_of(other)]
    certificates = [Ordered(stack, proxy, f"many-{i}.cardea.test", email=EMAIL) for i in range(NAMES)]
    for i, certificate in enumerate(certificates):
        certificate.create(apis[i % 2])
    for certificate in certificates:
        view = certificate.wait_until_issued(apis[0])
        assert (view["status"], view["attempts"]) == ("active", 0)
        certificate.check_stored()
        [order] = certificate.order_ids()
        assert len(certificate.finalizes(order)) == 1
    made = proxy.exchanges("new_account", ca_answer=lambda answer: answer and answer.status == 201)
    assert len(made) == 1
    accounts = {each.protected["kid"] for each in proxy.exchanges("new_order")}
    assert accounts == {made[0].ca_answer.header("Location")}
    assert list(stack.database.scan_iter("account:*")) == [f"account:127.0.0.1:{proxy.port}:{EMAIL}"]
    wait_until(lambda: not list(stack.database.scan_iter("lease:*")), 40, "no lease is held")
    check_challenges(stack.database)
    assert other.stop() == 0
