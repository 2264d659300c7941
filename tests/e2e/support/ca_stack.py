"""Stacks for the life of certificates: between Cardea and Pebble stands a proxy that counts and breaks, and there may
be more than one node.
"""

import contextlib
import hashlib
import socket
import ssl
from datetime import datetime
from pathlib import Path

import redis
from cardea_stack import Api, Cardea, Stack, free_port, wait_until

from .ca_exchange import Exchange
from .ca_proxy import CaProxy
from .clock import Clock
from .names import BLOCKED_NAME, bugs_in

# Quick to make and to look at. A test that is about one of these says so itself.
_SETTINGS = {"CERT_KEY_TYPE": "ec_p256", "RENEWAL_CHECK_INTERVAL": "1"}


class CaStack(Stack):
    """`pebble` are options of Pebble (attributes of the class); with a `clock` every node lives by it. No nonce is
    refused unless the options say so: a request that comes twice could not be counted.
    """

    def __init__(self, folder: Path, pebble: dict | None = None, clock: Clock | None = None, **settings: str):
        super().__init__(folder, blocked_names=(BLOCKED_NAME,), **_SETTINGS | settings)
        for name, value in ({"nonce_reject_percent": 0} | (pebble or {})).items():
            if not hasattr(self.pebble, name):
                raise ValueError(f"not an option of Pebble: {name}")
            setattr(self.pebble, name, value)
        self.clock = clock
        self.proxy = CaProxy(self.pebble, clock)
        self.nodes = [self.cardea]
        self.cardea.extra_environment |= self._time()
        if "ACME_DIRECTORY_URL" not in settings:
            self.cardea.settings["ACME_DIRECTORY_URL"] = self.proxy.directory_url

    def start(self, on_started=None):
        self.enter_context(self.proxy)
        super().start(on_started)
        self.database = self.enter_context(redis.Redis.from_url(self.redis.url(), decode_responses=True))
        return self

    def add_node(self) -> Cardea:
        """One more Cardea on the same Redis. The CA validates at the first one."""
        ports = {"HTTP_PORT": str(free_port()), "HTTPS_PORT": str(free_port())}
        node = Cardea(
            self.folder / f"cardea{len(self.nodes)}", extra_environment=self._time(), **self.cardea.settings | ports
        )
        self.nodes.append(self.enter_context(node))
        return node

    def owner(self, name: str = "owner", node: Cardea | None = None, email: str = "admin@cardea.test") -> Api:
        """The API with a new token."""
        return Api((node or self.cardea).http_port, self.cardea.make_token(name, email))

    def end(self):
        """Ends every node; AssertionError if one found a bug in itself."""
        codes = [node.stop() for node in self.nodes]
        for node, code in zip(self.nodes, codes, strict=True):
            assert bugs_in(node.log()) == []
            assert code == 0, node.log_tail()

    def _time(self) -> dict[str, str]:
        return self.clock.environment if self.clock else {}


@contextlib.contextmanager
def running_ca_stack(folder: Path, before_start=None, **options):
    """before_start(stack) may start what else belongs to it."""
    with CaStack(folder, **options) as stack:
        if before_start:
            before_start(stack)
        yield stack.start()
        stack.end()


def certificate(api: Api, cert_name: str, query: str = "") -> dict:
    return api.expect(200, "GET", f"/certificates/{cert_name}{query}")


def certificate_when(api: Api, cert_name: str, condition, what: str, seconds: float = 60) -> dict:
    """The object, once condition(object) holds."""
    last = {}

    def look():
        last.update(certificate(api, cert_name))
        return dict(last) if condition(last) else None

    try:
        return wait_until(look, seconds, f"{cert_name}: {what}", 0.1)
    except TimeoutError as error:
        shown = {name: value for name, value in last.items() if name != "fullchain_pem"}
        raise TimeoutError(f"{error}; it is {shown}") from None


def but_for_renewal_info(found: dict) -> dict:
    """The object without what a question to the CA about its renewal changes, which may be asked at any moment."""
    changed = {"generation", "renewal", "next_action_at", "next_attempt_at"}
    return {name: value for name, value in found.items() if name not in changed}


def obtain(api: Api, *names: str, **fields) -> list[dict]:
    """A certificate for each name's host_of(), all at once; the objects when they are there."""
    for name in names:
        api.create_certificate(name, host_of(name), **fields)
    for name in names:
        api.wait_for_certificate(name)
    return [certificate(api, name) for name in names]


def host_of(cert_name: str) -> str:
    return f"{cert_name.lower()}.cardea.test"


def when_replaced(api: Api, before: dict) -> dict:
    """The object, once it holds another certificate than `before`."""
    return certificate_when(
        api, before["cert_name"], lambda found: found["fingerprint"] != before["fingerprint"], "is another one"
    )


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def orders_of(proxy: CaProxy, hostname: str) -> list[Exchange]:
    """The newOrder requests for that name, with whatever came of them."""

    def is_for(payload):
        return payload is not None and hostname in [each["value"] for each in payload["identifiers"]]

    return [exchange for exchange in proxy.exchanges("new_order") if is_for(exchange.payload)]


def failed(certificate: dict) -> bool:
    return certificate["attempts"] > 0


def served_fingerprint(https_port: int, hostname: str) -> str:
    """Of the certificate that a new connection is shown, in the form of the API's `fingerprint`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", https_port), 20) as plain,
        context.wrap_socket(plain, server_hostname=hostname) as connection,
    ):
        return "sha256:" + hashlib.sha256(connection.getpeercert(binary_form=True)).hexdigest()
