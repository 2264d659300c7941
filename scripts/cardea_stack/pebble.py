"""Pebble, Let's Encrypt's own test CA, and the challenge test server that answers its DNS questions."""

import json
import socket
import ssl
import struct
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from .certificates import DirectoryCertificate
from .ports import free_port
from .process import ManagedProcess, StartError, base_environment, repository_root, wait_until


def _tool(name: str) -> str:
    path = repository_root() / "build" / "tools" / "bin" / name
    if not path.exists():
        raise StartError(f"{name} is not built; run './scripts/justw setup test'")
    return str(path)


class ChallengeTestServer(ManagedProcess):
    """pebble-challtestsrv as a DNS server: every name is 127.0.0.1 and has no IPv6 address."""

    name = "challtestsrv"

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.dns_port = free_port()
        self.management_port = free_port()

    def command(self):
        off = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", ""]
        listen = ["-dnsserver", f"127.0.0.1:{self.dns_port}", "-management", f"127.0.0.1:{self.management_port}"]
        return [_tool("pebble-challtestsrv"), *off, *listen, "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]

    def fail_lookups(self, hostname: str):
        """From now on every question for that name ends in SERVFAIL."""
        body = json.dumps({"host": f"{hostname}."}).encode()
        url = f"http://127.0.0.1:{self.management_port}/set-servfail"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(url, body, method="POST"), timeout=5) as answer:
            answer.read()

    def is_ready(self):
        # A question for the A record of a.test; ready when the answer carries an address.
        question = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x01a\x04test\x00\x00\x01\x00\x01"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.2)
            try:
                probe.sendto(question, ("127.0.0.1", self.dns_port))
                return socket.inet_aton("127.0.0.1") in probe.recv(512)
            except OSError:
                return False


class Pebble(ManagedProcess):
    """The CA: validates http-01 at `http_port` of the address that `dns_port` answers.

    The options are attributes too; one that is changed holds from the next start on. A start makes new roots and
    forgets every account, order and certificate.
    """

    name = "pebble"

    def __init__(
        self,
        folder: Path,
        http_port: int,
        dns_port: int,
        blocked_names: tuple[str, ...] = (),
        nonce_reject_percent: int = 5,
        tls_port: int = 0,
        *,
        # Of the identifiers that were validated before, how many are valid at once in a new order.
        authz_reuse_percent: int = 0,
        # Validations wait a random whole number of seconds below this one; None for no wait.
        validation_sleep: int | None = None,
        # Nothing is asked at all: every challenge that is answered is valid.
        validate_nothing: bool = False,
        # Chains beside the default one, each to a root of its own.
        alternate_roots: int = 0,
        # Intermediates in a chain.
        chain_length: int = 1,
        # Key id → HMAC key in base64url, for external account binding.
        external_account_keys: dict[str, str] | None = None,
        external_account_required: bool = False,
        # Name → {"description": …, "validityPeriod": seconds}. An order that names none gets one of them at random.
        profiles: dict[str, dict] | None = None,
        # The lifetime of certificates of profiles that give none; None for 90 days.
        certificate_validity_seconds: int | None = None,
        # Seconds of Retry-After of an "authz" and of an "order" that are being processed, sent now as a number, now as
        # a date.
        retry_after: dict[str, int] | None = None,
        # Refuse what is deprecated, too.
        strict: bool = True,
    ):
        super().__init__(folder)
        self.port = free_port()
        self.management_port = free_port()
        self.http_port = http_port
        self.tls_port = tls_port or http_port
        self.dns_port = dns_port
        self.blocked_names = blocked_names
        self.nonce_reject_percent = nonce_reject_percent
        self.authz_reuse_percent = authz_reuse_percent
        self.validation_sleep = validation_sleep
        self.validate_nothing = validate_nothing
        self.alternate_roots = alternate_roots
        self.chain_length = chain_length
        self.external_account_keys = external_account_keys or {}
        self.external_account_required = external_account_required
        self.profiles = profiles or {}
        self.certificate_validity_seconds = certificate_validity_seconds
        self.retry_after = {"authz": 1, "order": 1} | (retry_after or {})
        self.strict = strict
        self.use_certificate(DirectoryCertificate(self.folder / "tls"))

    def use_certificate(self, certificate: DirectoryCertificate):
        """For the directory's own TLS, from the next start on: several Pebbles can be trusted by one root."""
        self.certificate = certificate
        self._context = ssl.create_default_context(cafile=str(certificate.ca_path))

    @property
    def directory_url(self) -> str:
        return f"https://127.0.0.1:{self.port}/dir"

    @property
    def ca_path(self) -> Path:
        """The root of the directory's own TLS certificate, for ACME_CA_BUNDLE."""
        return self.certificate.ca_path

    def command(self):
        config = {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self.management_port}",
            "certificate": str(self.certificate.certificate_path),
            "privateKey": str(self.certificate.key_path),
            "httpPort": self.http_port,
            "tlsPort": self.tls_port,
            "domainBlocklist": list(self.blocked_names),
            "retryAfter": self.retry_after,
            "keyAlgorithm": "ecdsa",
            "externalAccountBindingRequired": self.external_account_required,
            "externalAccountMACKeys": self.external_account_keys,
            "profiles": self._profiles(),
        }
        path = self.folder / "pebble.json"
        path.write_text(json.dumps({"pebble": config}, indent=2))
        command = [_tool("pebble"), "-config", str(path), "-dnsserver", f"127.0.0.1:{self.dns_port}"]
        return command + (["-strict"] if self.strict else [])

    def _profiles(self) -> dict[str, dict]:
        # Pebble's own "default" is the same as this one, but its lifetime cannot be told.
        profiles = self.profiles or {"default": {"description": "The default profile"}}
        common = {"validityPeriod": self.certificate_validity_seconds} if self.certificate_validity_seconds else {}
        return {name: common | profile for name, profile in profiles.items()}

    def environment(self):
        environment = base_environment() | {
            "PEBBLE_WFE_NONCEREJECT": str(self.nonce_reject_percent),
            "PEBBLE_AUTHZREUSE": str(self.authz_reuse_percent),
            "PEBBLE_ALTERNATE_ROOTS": str(self.alternate_roots),
            "PEBBLE_CHAIN_LENGTH": str(self.chain_length),
            "PEBBLE_VA_ALWAYS_VALID": str(int(self.validate_nothing)),
        }
        if self.validation_sleep is None:
            return environment | {"PEBBLE_VA_NOSLEEP": "1"}
        return environment | {"PEBBLE_VA_SLEEPTIME": str(self.validation_sleep)}

    def is_ready(self):
        try:
            self._ask(self.port, "/dir")
            self.root_pem()
            return True
        except OSError:
            return False

    def root_pem(self, number: int = 0) -> str:
        """A root under which this run of Pebble issues (new ones every start); 0 is the default chain's."""
        return self._ask(self.management_port, f"/roots/{number}").decode()

    def roots(self) -> list[str]:
        """The default chain's root and those of the alternate chains."""
        return [self.root_pem(number) for number in range(1 + self.alternate_roots)]

    def write_root(self) -> Path:
        path = self.folder / "issued-root.pem"
        path.write_text(self.root_pem())
        return path

    def certificate_status(self, serial_hex: str) -> dict | None:
        """{"Status": "Valid" or "Revoked", "Serial", "Certificate", and when revoked "Reason" (if one was given) and
        "RevokedAt"}; None for a certificate that this run of Pebble has not issued.
        """
        try:
            return json.loads(self._ask(self.management_port, f"/cert-status-by-serial/{serial_hex}"))
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def wait_until_revoked(self, serial_hex: str, seconds: float = 30) -> dict:
        """The certificate's status once it is "Revoked"; TimeoutError if it does not become so."""

        def revoked():
            status = self.certificate_status(serial_hex)
            return status if status and status["Status"] == "Revoked" else None

        return wait_until(revoked, seconds, f"certificate {serial_hex} is revoked")

    def set_renewal_info(self, pem: str, text: str):
        """From now on `text`, JSON or not, is the CA's renewal information (RFC 9773) for the first certificate in
        `pem`; with "" it is Pebble's own again.
        """
        body = json.dumps({"Certificate": pem, "ARIResponse": text}).encode()
        self._ask(self.management_port, "/set-renewal-info/", body)

    def set_renewal_window(self, pem: str, start: datetime, end: datetime, **members):
        """Suggests to renew between the two times; `members` are added to the object (explanationURL="…")."""
        window = {"start": start, "end": end}
        window = {name: time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for name, time in window.items()}
        self.set_renewal_info(pem, json.dumps({"suggestedWindow": window} | members))

    def _ask(self, port: int, path: str, body: bytes | None = None) -> bytes:
        """The answer's body; a POST if there is something to send. OSError for any status but 2xx."""
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._context)
        )
        with opener.open(f"https://127.0.0.1:{port}{path}", body, timeout=5) as answer:
            return answer.read()
