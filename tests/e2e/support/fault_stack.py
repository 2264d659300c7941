"""A stack of the test's own, with a proxy before the CA for every certificate that is to meet a fault, and as many
nodes on the same Redis as the test wants to hurt.
"""

import functools
import json
import signal
from pathlib import Path

import redis
from cardea_stack import Api, Cardea, Pebble, Stack, wait_until
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .ca_exchange import Exchange
from .ca_faults import Fault
from .ca_proxy import CaProxy
from .names import bugs_in, certificate_name

ORDER_URL, FINALIZE_URL = "/my-order/", "/finalize-order/"


class FaultStack(Stack):
    """`cardea` is the node that the CA asks on port 80. No nonce is refused, so that every exchange counts."""

    def __init__(self, folder: Path, **settings: str):
        settings = {"CERT_KEY_TYPE": "ec_p256", "ACME_POLL_INTERVAL_SECONDS": "1"} | settings
        super().__init__(folder, **settings)
        self.pebble.nonce_reject_percent = 0
        self.nodes: list[Cardea] = [self.cardea]

    def start(self, on_started=None):
        super().start(on_started)
        self.token = self.cardea.make_token("faults")
        self.database = self.enter_context(redis.Redis.from_url(self.redis.url(), decode_responses=True))
        return self

    def add_node(self, name: str, **settings: str) -> Cardea:
        """One more node with the same Redis and CA, on ports of its own; not started."""
        mine = {key: value for key, value in self.cardea.settings.items() if not key.endswith("_PORT")}
        node = Cardea(self.folder / name, **(mine | settings))
        self.nodes.append(node)
        self.callback(node.stop, signal.SIGKILL)
        return node

    def proxy(self, pebble: Pebble | None = None) -> CaProxy:
        return self.enter_context(CaProxy(pebble or self.pebble))

    def add_pebble(self, name: str, **options) -> Pebble:
        """One more CA, which the nodes trust; it runs."""
        options = {"nonce_reject_percent": 0, "tls_port": self.pebble.tls_port} | options
        pebble = Pebble(self.folder / name, self.pebble.http_port, self.pebble.dns_port, **options)
        pebble.use_certificate(self.pebble.certificate)
        return self.enter_context(pebble)

    def api_of(self, node: Cardea) -> Api:
        return Api(node.http_port, self.token)

    def check_logs(self):
        for node in self.nodes:
            assert bugs_in(node.log()) == []


class Ordered:
    """A certificate whose CA is behind `proxy`, named after its first host; and what became of it at the CA."""

    def __init__(self, stack: FaultStack, proxy: CaProxy, *hosts: str, email: str = "faults@cardea.test"):
        self.stack = stack
        self.proxy = proxy
        self.hosts = hosts
        self.email = email
        self.name = certificate_name(hosts[0])

    def create(self, api: Api, **fields):
        api.create_certificate(
            self.name, *self.hosts, email=self.email, acme_directory_url=self.proxy.directory_url, **fields
        )

    def renew(self, api: Api):
        api.expect(202, "POST", f"/certificates/{self.name}/renew")

    def view(self, api: Api) -> dict:
        return api.expect(200, "GET", f"/certificates/{self.name}")

    def wait_until_issued(self, api: Api, other_than: str = "", seconds: float = 120) -> dict:
        """The object once it holds another certificate than the one with that fingerprint."""

        def issued():
            view = self.view(api)
            return view if view["fingerprint"] not in ("", other_than) else None

        try:
            return wait_until(issued, seconds, f"{self.name} is issued", interval=0.1)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; it is {json.dumps(self.view(api), indent=1)}") from None

    def wait_until_failed(self, api: Api, attempts: int = 1, seconds: float = 90) -> dict:
        """The object once so many attempts in a row have failed."""

        def failed():
            view = self.view(api)
            return view if view["attempts"] >= attempts else None

        return wait_until(failed, seconds, f"{self.name} has failed {attempts} times", interval=0.1)

    # At the CA, in the order in which it happened.

    def order_requests(self) -> list[Exchange]:
        wanted = sorted(self.hosts)

        def is_mine(exchange):
            return sorted(each["value"] for each in exchange.payload["identifiers"]) == wanted

        return [exchange for exchange in self.proxy.exchanges("new_order") if is_mine(exchange)]

    def order_ids(self) -> list[str]:
        """Of the orders that the CA made, whether or not its answer arrived."""
        made = [each.ca_answer for each in self.order_requests() if each.ca_answer and each.ca_answer.status == 201]
        return [answer.header("Location").rpartition("/")[2] for answer in made]

    def finalizes(self, order_id: str) -> list[Exchange]:
        """Requests that the CA took."""
        return self.proxy.exchanges(
            "finalize", path=FINALIZE_URL + order_id, ca_answer=lambda answer: answer and answer.status == 200
        )

    def certificates_issued(self) -> set[str]:
        """The URLs of all certificates that the CA made of these orders, as far as anyone asked for them."""
        urls = set()
        for order_id in self.order_ids():
            polls = self.proxy.exchanges("order", path=ORDER_URL + order_id, ca_answer=lambda answer: answer)
            urls |= {poll.ca_answer.json().get("certificate") for poll in polls}
        return urls - {None}

    # In Redis.

    def stored(self) -> dict:
        return json.loads(self.stack.database.get(f"cert:{self.name}"))

    def check_stored(self):
        """Key, leaf and names belong together, and nothing of the order is left."""
        stored = self.stored()
        leaf = x509.load_pem_x509_certificate(stored["fullchain_pem"].encode())
        key = load_pem_private_key(stored["private_key_pem"].encode(), None)
        assert leaf.public_key() == key.public_key(), f"{self.name}: the key does not fit"
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert sorted(names.get_values_for_type(x509.DNSName)) == sorted(self.hosts)
        assert stored["fingerprint"] == f"sha256:{leaf.fingerprint(hashes.SHA256()).hex()}"
        self.check_nothing_left()

    def check_nothing_left(self):
        def left():
            keys = (f"order:{self.name}", f"progress:{self.name}", f"lease:cert:{self.name}")
            return [key for key in keys if self.stack.database.exists(key)]

        # The commit takes the order away; lease and progress go a moment after it.
        wait_until(lambda: not left(), 30, f"nothing is left of the work on {self.name}")


def check_challenges(database):
    """What a dead node published is still there, but not for ever."""
    for pattern in ("challenge:*", "alpn:*"):
        for key in database.scan_iter(pattern):
            assert database.ttl(key) > 0, f"{key} never ends"


def is_finalized(proxy: CaProxy, exchange: Exchange) -> bool:
    """Whether a finalize was sent for the order that the exchange is about."""
    return proxy.count("finalize", path=FINALIZE_URL + exchange.path.rpartition("/")[2]) > 0


def is_not_finalized(proxy: CaProxy, exchange: Exchange) -> bool:
    return not is_finalized(proxy, exchange)


def is_asked_again(proxy: CaProxy, exchange: Exchange) -> bool:
    """Whether the same was asked before."""
    return proxy.count(exchange.kind, path=exchange.path) > 1


def hold_all(proxy: CaProxy, kind: str, action, when=None) -> Fault:
    """Every request of that kind for which when(proxy, exchange) says yes."""
    return proxy.add(Fault(kind, action, times=None, when=functools.partial(when, proxy) if when else None))
