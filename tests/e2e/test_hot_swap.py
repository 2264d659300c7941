"""Certificates that change under the eyes of clients, on two nodes: nobody notices but by the certificate."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from cardea_stack import Api, HostConnection, https_context, wait_until
from support.ca_stack import certificate, running_ca_stack, served_fingerprint, when_replaced
from support.names import certificate_name

HOST = "swapped.cardea.test"
RENEWALS = 20


@pytest.fixture(scope="module")
def stack(session_folder):
    # Names that were validated before are valid at once: many renewals in little time.
    with running_ca_stack(session_folder / "hot-swap", pebble={"authz_reuse_percent": 100}) as running:
        running.add_node()
        yield running


@pytest.fixture(scope="module")
def apis(stack):
    """The owner's, at each node."""
    owner = stack.owner()
    return [Api(node.http_port, owner.token) for node in stack.nodes]


@pytest.fixture(scope="module")
def context(stack):
    return https_context(stack.pebble.root_pem())


def served_by_all(stack, hostname: str) -> set[str]:
    return {served_fingerprint(node.https_port, hostname) for node in stack.nodes}


def wait_until_all_serve(stack, hostname: str, fingerprint: str):
    wait_until(lambda: served_by_all(stack, hostname) == {fingerprint}, 30, f"both nodes serve {fingerprint}")


class Clients:
    """Threads that do something again and again until the end, and what they saw; a failure ends one."""

    def __init__(self):
        self._ending = threading.Event()
        self._pool = ThreadPoolExecutor(16)
        self._running = []

    def add(self, once):
        def repeat():
            seen = []
            while not self._ending.is_set():
                seen.append(once())
            return seen

        self._running.append(self._pool.submit(repeat))

    def end(self) -> list[list]:
        """What each of them saw, in the order in which they were added; raises what one of them did."""
        self._ending.set()
        self._pool.shutdown()
        return [each.result() for each in self._running]


def test_clients_notice_no_renewal_but_by_the_certificate(stack, apis, context):
    name = certificate_name(HOST)
    apis[0].create_target(HOST, stack.nginx.url)
    apis[0].wait_for_certificate(name)
    wait_until_all_serve(stack, HOST, certificate(apis[0], name)["fingerprint"])
    clients = Clients()
    kept_open = []
    for node in stack.nodes:

        def shake_hands(port=node.https_port):
            # Verified: a key that does not fit the certificate ends the handshake.
            with HostConnection(HOST, port, context) as connection:
                return connection.certificate_pem()

        kept_open.append(HostConnection(HOST, node.https_port, context))
        kept_open[-1].connect()
        kept_open[-1].auto_open = 0  # never again: it must stay open

        def ask_on(connection=kept_open[-1]):
            status, _, body = connection.get("/headers")
            return status, connection.certificate_pem(), b"uri" in body

        clients.add(shake_hands)
        clients.add(shake_hands)
        clients.add(ask_on)

    fingerprints = [certificate(apis[0], name)["fingerprint"]]
    try:
        for number in range(RENEWALS):
            renewed = apis[number % 2].expect(200, "POST", f"/certificates/{name}/renew?wait=60")
            fingerprints.append(renewed["fingerprint"])
        wait_until_all_serve(stack, HOST, fingerprints[-1])
    finally:
        seen = clients.end()
    assert len(set(fingerprints)) == RENEWALS + 1
    shaken, asked = seen[0::3] + seen[1::3], seen[2::3]
    for each in shaken:
        assert len(set(each)) > RENEWALS / 2, "the clients were there while it happened"
    for each in asked:
        # One connection from beginning to end: one certificate, and every request was answered.
        assert len({pem for _, pem, _ in each}) == 1
        assert {(status, echoed) for status, _, echoed in each} == {(200, True)}
        assert len(each) > RENEWALS
    for connection in kept_open:
        assert connection.get("/headers")[0] == 200, "and it works on"
        connection.close()
    with HostConnection(HOST, stack.nodes[1].https_port, context) as connection:
        assert connection.get("/headers")[0] == 200
    assert stack.proxy.count("new_order", status=201) == RENEWALS + 1


def test_a_certificate_that_is_deleted_leaves_the_fallback_on_every_node(stack, apis, context):
    name, hostname = certificate_name("deleted.cardea.test"), "deleted.cardea.test"
    apis[1].create_target(hostname, stack.nginx.url)
    apis[1].wait_for_certificate(name)
    shown = certificate(apis[1], name)["fingerprint"]
    wait_until_all_serve(stack, hostname, shown)
    open_before = [HostConnection(hostname, node.https_port, context) for node in stack.nodes]
    for connection in open_before:
        assert connection.get("/headers")[0] == 200
    apis[0].expect(200, "DELETE", f"/certificates/{name}")
    wait_until(lambda: shown not in served_by_all(stack, hostname), 30, "no node serves it")
    for node in stack.nodes:
        fallback = served_fingerprint(node.https_port, "nobody-knows.cardea.test")
        assert served_fingerprint(node.https_port, hostname) == fallback
        with HostConnection(hostname, node.http_port) as plain:
            assert plain.get("/headers")[0] == 200, "the target stays"
    for connection in open_before:
        connection.close()
    # Ordered again, it is back without a restart.
    apis[1].create_certificate(name, hostname)
    apis[1].wait_for_certificate(name)
    wait_until_all_serve(stack, hostname, certificate(apis[0], name)["fingerprint"])


def test_tls_alpn_orders_of_both_nodes_are_validated_at_one(stack, apis):
    names = [f"alpn-{number}" for number in range(6)]
    for number, name in enumerate(names):
        domains = [f"{name}.cardea.test", f"too.{name}.cardea.test"]
        apis[number % 2].create_certificate(name, *domains, challenge_type="tls-alpn-01")
    for name in names:
        apis[0].wait_for_certificate(name)
        wait_until_all_serve(stack, f"too.{name}.cardea.test", certificate(apis[0], name)["fingerprint"])
    offered = {}
    for exchange in stack.proxy.exchanges("authz", status=200):
        authorization = exchange.sent.json()
        if "alpn-" in authorization["identifier"]["value"]:
            offered |= {challenge["url"]: challenge["type"] for challenge in authorization["challenges"]}
    urls = [exchange.protected["url"] for exchange in stack.proxy.exchanges("challenge")]
    assert [offered[url] for url in urls if url in offered] == ["tls-alpn-01"] * 2 * len(names)
    assert stack.database.keys("alpn:*") == [], "and the answers are taken away again"


def test_a_site_renews_by_tls_alpn_while_it_is_served(stack, apis):
    stack.pebble.stop()
    stack.pebble.authz_reuse_percent = 0
    stack.pebble.start()
    context = https_context(stack.pebble.root_pem())
    hostname = "alpn-site.cardea.test"
    apis[0].create_certificate("alpn-site", hostname, challenge_type="tls-alpn-01")
    apis[0].wait_for_certificate("alpn-site")
    before = certificate(apis[0], "alpn-site")
    wait_until_all_serve(stack, hostname, before["fingerprint"])
    clients = Clients()
    for node in stack.nodes:

        def shake_hands(port=node.https_port):
            with HostConnection(hostname, port, context) as connection:
                return connection.certificate_pem()

        clients.add(shake_hands)
    try:
        for number in range(4):
            apis[number % 2].expect(200, "POST", "/certificates/alpn-site/renew?wait=60")
        after = when_replaced(apis[0], before)
        wait_until_all_serve(stack, hostname, after["fingerprint"])
    finally:
        seen = clients.end()
    assert all(len(set(each)) >= 2 for each in seen), "no client was shown the CA's handshake, nor refused"
