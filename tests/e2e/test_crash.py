"""kill -9 at every step of an order: another node finishes the work, and the CA issues once.

Every point has a proxy of its own before the one CA, which holds the orders there; the node that works on all of them
is killed once. So the wait for its leases is paid once, not for every point.
"""

import signal
from dataclasses import dataclass

import pytest
from cardea_stack import wait_until
from support.ca_faults import hold, hold_answer
from support.ca_proxy import CaProxy
from support.fault_stack import (
    FaultStack,
    Ordered,
    check_challenges,
    hold_all,
    is_asked_again,
    is_finalized,
    is_not_finalized,
)
from support.handshakes import Handshakes

# Points in one round, with two certificates for each: a node works on more at once (kWorkPerDirectoryMax).
POINTS_AT_ONCE = 16
REDIS_PAUSE_MILLISECONDS = 60_000  # ended as soon as the node is dead


def registers(_, exchange):
    return exchange.payload and not exchange.payload.get("onlyReturnExisting")


@dataclass(frozen=True)
class Point:
    """Where the orders of a proxy are held. `hold` keeps the request from the CA, `hold_answer` its answer from us."""

    name: str
    kind: str
    action: object
    when: object = None  # of the proxy and the exchange
    orders: int = 1  # at the CA, when all is over: the crash may cost one that nobody knows of
    registering: bool = False  # only an order without an account comes here
    in_memory: bool = False  # let go at the end, while Redis takes no writes: the chain is there, the commit is not


POINTS = (
    Point("directory", "directory", hold),
    Point("directory-after", "directory", hold_answer),
    Point("nonce", "new_nonce", hold),
    Point("account", "new_account", hold, registers, registering=True),
    Point("account-after", "new_account", hold_answer, registers, registering=True),
    Point("order", "new_order", hold),
    Point("order-after", "new_order", hold_answer, orders=2),
    Point("authz", "authz", hold),
    Point("challenge", "challenge", hold),
    Point("challenge-after", "challenge", hold_answer),
    Point("authz-poll", "authz", hold, is_asked_again),
    Point("order-poll", "order", hold, is_not_finalized),
    Point("finalize", "finalize", hold),
    Point("finalize-after", "finalize", hold_answer),
    Point("issue-poll", "order", hold_answer, is_finalized),
    Point("download", "certificate", hold),
    Point("download-after", "certificate", hold_answer),
    Point("commit", "certificate", hold_answer, in_memory=True),
)


@dataclass
class Held:
    """One point of one round, with the certificates that were on their way there."""

    point: Point
    proxy: CaProxy
    certificates: list[Ordered]
    before: dict[str, str]  # name of the certificate → fingerprint
    fault: object = None
    killed: tuple[str, ...] = ()  # names of those that the killed node worked on
    rounds: int = 0

    def hold(self):
        self.proxy.clear()
        self.fault = hold_all(self.proxy, self.point.kind, self.point.action(), self.point.when)


@pytest.fixture(scope="module")
def worker(fault_stack):
    """The node that is killed; the CA asks the other one."""
    return fault_stack.add_node("worker", LOG_LEVEL="debug")


@pytest.fixture(scope="module")
def rounds(fault_stack):
    """A first order and one that another certificate joins: each point has certificates with one name and with two."""
    made = []
    for point in POINTS:
        proxy = fault_stack.proxy()
        hosts = [(f"{point.name}-one.cardea.test",), (f"{point.name}-two.cardea.test", f"www.{point.name}.cardea.test")]
        # An account for each: with one for both, the second would wait for the first to register it.
        certificates = [Ordered(fault_stack, proxy, *names, email=f"acme@{names[0]}") for names in hosts]
        made.append(Held(point, proxy, certificates, {each.name: "" for each in certificates}))
    return made


def kill_while_held(stack: FaultStack, worker, held: list[Held]):
    """Once everything is at its point. In the end Redis takes no writes, and the downloads are let go."""
    for each in held:
        each.fault.wait_until_hit(60, hits=len(each.certificates))
    stack.database.client_pause(REDIS_PAUSE_MILLISECONDS, all=False)
    try:
        for each in held:
            if each.point.in_memory:
                each.fault.release()
                for certificate in each.certificates:
                    arrived = f"certificate {certificate.name}: The certificate for {certificate.hosts[0]} has arrived"
                    wait_until(lambda line=arrived: line in worker.current_log(), 30, arrived)
        worker.stop(signal.SIGKILL)
    finally:
        stack.database.client_unpause()
    log = worker.current_log()
    for each in held:
        each.proxy.clear_faults()
        # The other node may have looked for due certificates just when one was asked for, and been first.
        names = [certificate.name for certificate in each.certificates]
        each.killed = tuple(name for name in names if f"certificate {name}: " in log)
        assert each.killed, f"nothing was killed at {each.point.name}"


def check_finished(stack: FaultStack, held: list[Held], handshakes: Handshakes):
    api = stack.api_of(stack.cardea)
    for each in held:
        for certificate in each.certificates:
            view = certificate.wait_until_issued(api, other_than=each.before[certificate.name])
            assert (view["status"], view["attempts"], view["last_error"]) == ("active", 0, None), certificate.name
            certificate.check_stored()
            orders = certificate.order_ids()
            expected = each.point.orders if certificate.name in each.killed else 1
            assert len(orders) == expected, f"{certificate.name}: {orders}"
            finalized = [len(certificate.finalizes(order)) for order in orders]
            assert finalized == [0] * (len(orders) - 1) + [1], f"{certificate.name}: {finalized}"
            assert len(certificate.certificates_issued()) == 1, certificate.name
            host, shown = certificate.hosts[0], view["fingerprint"].removeprefix("sha256:")
            wait_until(lambda h=host, s=shown: handshakes.seen(h)[-1:] == [s], 30, f"{host} shows it")
    assert handshakes.errors == []
    check_challenges(stack.database)


def run_round(stack: FaultStack, worker, held: list[Held], handshakes: Handshakes):
    """First orders of what is new, renewals of the rest."""
    for each in held:
        each.hold()
    worker.start()
    api, other_api = stack.api_of(worker), stack.api_of(stack.cardea)
    for each in held:
        for certificate in each.certificates:
            if each.before[certificate.name]:
                certificate.renew(api)
                continue
            certificate.create(api)
            other_api.create_target(certificate.hosts[0], stack.nginx.url)
            handshakes.watch(certificate.hosts[0])
    kill_while_held(stack, worker, held)
    check_finished(stack, held, handshakes)
    for each in held:
        each.rounds += 1
        each.before = {certificate.name: certificate.stored()["fingerprint"] for certificate in each.certificates}


@pytest.mark.timeout(400)
def test_a_node_that_is_killed_at_any_step_loses_nothing(fault_stack, worker, rounds):
    first = [each for each in rounds if not each.point.in_memory][:POINTS_AT_ONCE]
    with_account = [each for each in rounds if not each.point.registering]
    accounts = []
    with Handshakes(fault_stack.cardea.https_port, fault_stack.pebble.root_pem()) as handshakes:
        for held in first, with_account:
            run_round(fault_stack, worker, held, handshakes)
            accounts += [(each.proxy.port, account) for each in held for account in accounts_made(each.proxy)]
    for each in rounds:
        made = [account for port, account in accounts if port == each.proxy.port]
        assert len(made) == len(each.certificates), f"{each.point.name}: one account for each e-mail address"
        for certificate in each.certificates:
            # The fallback apart, a host has shown its certificate and then each successor once.
            assert len(handshakes.seen(certificate.hosts[0])) == each.rounds, certificate.name


def accounts_made(proxy: CaProxy) -> list[str]:
    asked = proxy.exchanges("new_account", ca_answer=lambda answer: answer and answer.status == 201)
    return [each.ca_answer.header("Location") for each in asked]
