"""Pebble, Let's Encrypt's own test CA, and the challenge test server that answers its DNS questions."""

import json
import socket
import ssl
import struct
import urllib.request
from pathlib import Path

from .certificates import DirectoryCertificate
from .ports import free_port
from .process import ManagedProcess, StartError, base_environment, repository_root


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
    """The CA: validates http-01 at `http_port` of the address that `dns_port` answers."""

    name = "pebble"

    def __init__(
        self,
        folder: Path,
        http_port: int,
        dns_port: int,
        blocked_names: tuple[str, ...] = (),
        nonce_reject_percent: int = 5,
        tls_port: int = 0,
    ):
        super().__init__(folder)
        self.port = free_port()
        self.management_port = free_port()
        self.http_port = http_port
        self.tls_port = tls_port or http_port
        self.dns_port = dns_port
        self.blocked_names = blocked_names
        self.nonce_reject_percent = nonce_reject_percent
        self.certificate = DirectoryCertificate(self.folder / "tls")
        self._context = ssl.create_default_context(cafile=str(self.certificate.ca_path))

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
            "retryAfter": {"authz": 1, "order": 1},
            "keyAlgorithm": "ecdsa",
        }
        path = self.folder / "pebble.json"
        path.write_text(json.dumps({"pebble": config}, indent=2))
        return [_tool("pebble"), "-config", str(path), "-dnsserver", f"127.0.0.1:{self.dns_port}", "-strict"]

    def environment(self):
        return base_environment() | {
            "PEBBLE_VA_NOSLEEP": "1",
            "PEBBLE_WFE_NONCEREJECT": str(self.nonce_reject_percent),
            # Every order is validated anew, as if its names had never been seen.
            "PEBBLE_AUTHZREUSE": "0",
        }

    def is_ready(self):
        try:
            self._get(self.port, "/dir")
            self.root_pem()
            return True
        except OSError:
            return False

    def root_pem(self) -> str:
        """The root under which this run of Pebble issues (a new one every start)."""
        return self._get(self.management_port, "/roots/0").decode()

    def write_root(self) -> Path:
        path = self.folder / "issued-root.pem"
        path.write_text(self.root_pem())
        return path

    def _get(self, port: int, path: str) -> bytes:
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._context)
        )
        with opener.open(f"https://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.read()
