"""What CaProxy writes down: one request to the CA and what became of it."""

import base64
import json
import time
from dataclasses import dataclass, field

from .ca_faults import Fault
from .ca_http import Answer, Headers, Request

# Beginnings of Pebble's paths; an order's own URL begins differently from the one that makes orders.
_KINDS = {
    "/dir": "directory",
    "/nonce-plz": "new_nonce",
    "/sign-me-up": "new_account",
    "/my-account/": "account",
    "/order-plz": "new_order",
    "/my-order/": "order",
    "/list-orderz/": "orders",
    "/authZ/": "authz",
    "/chalZ/": "challenge",
    "/finalize-order/": "finalize",
    "/certZ/": "certificate",
    "/revoke-cert": "revoke",
    "/rollover-account-key": "key_change",
    "/draft-ietf-acme-ari-03/renewalInfo/": "renewal_info",
}


def kind_of(path: str) -> str:
    return next((kind for beginning, kind in _KINDS.items() if path.startswith(beginning)), "unknown")


@dataclass
class Exchange:
    """One request and what became of it. Answers come in later, as they do."""

    kind: str
    method: str
    path: str
    protected: dict | None  # the JWS header
    payload: object  # the JWS payload, decoded; None for "" (POST-as-GET) and for what is no JWS
    request_headers: Headers
    at: float = field(default_factory=time.monotonic)
    fault: Fault | None = None
    ca_answer: Answer | None = None  # None: the CA was not asked, or has not answered
    sent: Answer | None = None  # None: the client got nothing, or not yet; of a cut body, the part that was sent

    @property
    def status(self) -> int | None:
        """What the client got."""
        return self.sent.status if self.sent else None

    @property
    def response_headers(self) -> Headers:
        return self.sent.headers if self.sent else ()

    @property
    def response_body(self) -> bytes:
        return self.sent.body if self.sent else b""

    @classmethod
    def of(cls, request: Request) -> "Exchange":
        protected, payload = _decode_jws(request.body)
        return cls(kind_of(request.path), request.method, request.path, protected, payload, request.headers)

    def matches(self, kind: str | None, fields: dict) -> bool:
        """Whether it is of that kind (None for any) and each field has the value, or the function says yes to it."""
        if kind not in (None, self.kind):
            return False  # first: a function may rely on what that kind has
        for name, wanted in fields.items():
            value = getattr(self, name)
            if not (wanted(value) if callable(wanted) else value == wanted):
                return False
        return True


def _decode_jws(body: bytes) -> tuple[dict | None, object]:
    """(header, payload) of a JWS, (None, None) for anything else."""
    try:
        jws = json.loads(body)
        protected, payload = (_decode_base64url(jws[name]) for name in ("protected", "payload"))
        return json.loads(protected), json.loads(payload) if payload else None
    except (ValueError, KeyError, TypeError):
        return None, None


def _decode_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
