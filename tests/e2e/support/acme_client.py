"""A small ACME client of the tests' own, to try Pebble and the proxy before it without Cardea."""

import base64
import hashlib
import hmac
import http.client
import json
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from cardea_stack import Pebble, free_port, wait_until
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from .ca_http import Answer


def lone_pebble(folder: Path, **options) -> Pebble:
    """A Pebble that needs neither DNS nor a server to validate: it believes every challenge."""
    options = {"nonce_reject_percent": 0, "validate_nothing": True} | options
    return Pebble(folder / "pebble", free_port(), free_port(), **options)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class AcmeClient:
    """One account, one connection that is kept. Every method returns what the CA answered, or raises OSError or
    http.client.HTTPException when there is no whole answer; the next request connects anew then. The account's key is
    a new one for ES256, or the one in `key_pem`, which may be RSA.
    """

    def __init__(self, directory_url: str, ca_path: Path, key_pem: str | None = None):
        parts = urlsplit(directory_url)
        context = ssl.create_default_context(cafile=str(ca_path))
        self._connection = http.client.HTTPSConnection(parts.hostname, parts.port, context=context, timeout=30)
        self._key = ec.generate_private_key(ec.SECP256R1())
        if key_pem:
            self._key = serialization.load_pem_private_key(key_pem.encode(), None)
        self._account_url = None
        self._nonce = None
        self.finalized = None  # the answer to the last finalize of issue()
        self.directory = self.request("GET", directory_url).json()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def hang_up(self):
        """Ends the connection while another thread waits for its answer."""
        self._connection.sock.shutdown(socket.SHUT_RDWR)

    def request(self, method: str, url: str, body: bytes | None = None, headers=()) -> Answer:
        headers = {"User-Agent": "cardea-e2e"} | dict(headers)
        if body is not None:
            headers["Content-Type"] = "application/jose+json"
        try:
            self._connection.request(method, urlsplit(url).path, body, headers)
            response = self._connection.getresponse()
            answer = Answer(response.status, tuple(response.getheaders()), response.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        self._nonce = answer.header("Replay-Nonce")
        return answer

    def receive_some(self, url: str, length: int) -> bytes:
        """The beginning of the body of a GET; the rest is not waited for."""
        self._connection.request("GET", urlsplit(url).path, headers={"User-Agent": "cardea-e2e"})
        received = self._connection.getresponse().read(length)
        self._connection.close()
        return received

    def new_nonce(self) -> Answer:
        return self.request("HEAD", self.directory["newNonce"])

    def post(self, url: str, payload=None) -> Answer:
        """Signed by the account; without a payload a POST-as-GET."""
        if not self._nonce:
            self.new_nonce()
        algorithm = "RS256" if isinstance(self._key, rsa.RSAPrivateKey) else "ES256"
        protected = {"alg": algorithm, "nonce": self._nonce, "url": url}
        protected |= {"kid": self._account_url} if self._account_url else {"jwk": self._jwk()}
        self._nonce = None
        return self.request("POST", url, json.dumps(self._jws(protected, payload, self._sign)).encode())

    def new_account(self, external_key: tuple[str, str] | None = None) -> Answer:
        """`external_key` is a key id and an HMAC key in base64url, for external account binding."""
        payload = {"termsOfServiceAgreed": True, "contact": ["mailto:e2e@cardea.test"]}
        if external_key:
            key_id, key = external_key
            secret = base64.urlsafe_b64decode(key + "==")
            protected = {"alg": "HS256", "kid": key_id, "url": self.directory["newAccount"]}
            payload["externalAccountBinding"] = self._jws(
                protected, self._jwk(), lambda data: hmac.digest(secret, data, hashlib.sha256)
            )
        answer = self.post(self.directory["newAccount"], payload)
        self._account_url = answer.header("Location")
        return answer

    def find_account(self) -> str | None:
        """The URL of the account that the key belongs to; from now on requests are its. None if there is none."""
        self._account_url = self.post(self.directory["newAccount"], {"onlyReturnExisting": True}).header("Location")
        return self._account_url

    def account(self) -> dict:
        return self.post(self._account_url).json()

    def deactivate(self) -> Answer:
        return self.post(self._account_url, {"status": "deactivated"})

    def new_order(self, *names: str, **members) -> Answer:
        identifiers = [{"type": "dns", "value": name} for name in names]
        return self.post(self.directory["newOrder"], {"identifiers": identifiers} | members)

    def issue(self, *names: str, **members) -> Answer:
        """The answer with the certificate, by a CA that validates nothing."""
        order = self.new_order(*names, **members)
        url = order.header("Location")
        for authorization in order.json()["authorizations"]:
            self.post(self.post(authorization).json()["challenges"][0]["url"], {})
        self._wait_for(url, "ready")
        self.finalized = self.post(order.json()["finalize"], {"csr": base64url(_csr(names))})
        return self.post(self._wait_for(url, "valid")["certificate"])

    def revoke(self, pem: str, reason: int = 0) -> Answer:
        der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)
        return self.post(self.directory["revokeCert"], {"certificate": base64url(der), "reason": reason})

    def _wait_for(self, order_url: str, status: str) -> dict:
        def order_there():
            order = self.post(order_url).json()
            return order if order["status"] == status else None

        return wait_until(order_there, 20, f"the order is {status}")

    def _jws(self, protected: dict, payload, sign) -> dict:
        head = base64url(json.dumps(protected).encode())
        body = "" if payload is None else base64url(json.dumps(payload).encode())
        return {"protected": head, "payload": body, "signature": base64url(sign(f"{head}.{body}".encode()))}

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = utils.decode_dss_signature(self._key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def _jwk(self) -> dict:
        numbers = self._key.public_key().public_numbers()
        if isinstance(numbers, rsa.RSAPublicNumbers):
            n, e = (base64url(value.to_bytes((value.bit_length() + 7) // 8, "big")) for value in (numbers.n, numbers.e))
            return {"kty": "RSA", "n": n, "e": e}
        x, y = (base64url(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def _csr(names: tuple[str, ...]) -> bytes:
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(alternatives, False)
    request = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return request.public_bytes(serialization.Encoding.DER)
