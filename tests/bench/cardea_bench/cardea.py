"""Starts Cardea for the benchmark: a redis-server of its own with one certificate and one target stored in it."""

from __future__ import annotations

import json
import os
import socket
import time
from datetime import datetime, timezone
from pathlib import Path

from .certificates import Certificate
from .errors import BenchError
from .processes import Cores, Service, free_port
from .proxies import Proxy, Setting

START_SECONDS = 10
TOKEN_HASH = "sha256:" + "0" * 64  # no token has this hash, so nobody can change the objects over the API


class Redis:
    """A redis-server on a Unix socket in a folder of its own, on the load core: it serves no request of a case."""

    def __init__(self, folder: Path, core: int):
        folder.mkdir()
        self._socket_path = folder / "redis.sock"
        self.service = Service("redis", ["redis-server", "--port", "0", "--unixsocket", str(self._socket_path),
                                         "--dir", str(folder), "--appendonly", "yes", "--save", ""], core, folder)
        self._connection = self._connect()

    @property
    def url(self) -> str:
        return f"unix://{self._socket_path}"

    def _connect(self) -> socket.socket:
        end = time.monotonic() + START_SECONDS
        while True:
            self.service.require_running()
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(START_SECONDS)
            try:
                connection.connect(str(self._socket_path))
                return connection
            except OSError:
                connection.close()
                if time.monotonic() > end:
                    raise BenchError(f"redis-server did not start.\n{self.service.log_tail()}") from None
                time.sleep(0.05)

    def command(self, *words: str) -> None:
        """Runs one command whose answer is a single line (SET, SADD); an error answer is a BenchError."""
        parts = [word.encode() for word in words]
        request = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        self._connection.sendall(request)
        answer = self._connection.recv(4096)
        if answer[:1] not in (b"+", b":"):
            raise BenchError(f"Redis refused {words[0]}: {answer.decode(errors='replace').strip()}")


def _store_objects(redis: Redis, certificate: Certificate, backend_port: int) -> None:
    hostname = certificate.hostname
    name = hostname.replace(".", "-")
    owner = {"owner_token_hash": TOKEN_HASH, "created_by": "bench", "generation": 1}
    redis.command("SET", f"cert:{name}", json.dumps({
        "cert_name": name, "domains": [hostname], "email": "bench@cardea.test",
        "acme_directory_url": "https://localhost/dir", "status": "active",
        "expires_at": certificate.expires_at, "issued_at": certificate.issued_at,
        "fingerprint": certificate.fingerprint, "fullchain_pem": certificate.fullchain.read_text(),
        "private_key_pem": certificate.key.read_text(), **owner}))
    redis.command("SET", f"proxy:{hostname}", json.dumps({
        "hostname": hostname, "target_url": f"http://127.0.0.1:{backend_port}", "cert_name": name,
        "created_at": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), "enabled": True,
        "enable_http": True, "enable_https": True, "preserve_host_header": True, "custom_headers": {}, **owner}))
    redis.command("SADD", "index:certs", name)
    redis.command("SADD", "index:targets", hostname)


def _environment(redis_url: str, http_port: int, https_port: int, access_log: str) -> dict[str, str]:
    return os.environ | {
        "REDIS_URL": redis_url, "HTTP_PORT": str(http_port), "HTTPS_PORT": str(https_port),
        "LISTEN_ADDRESSES": "127.0.0.1", "ADMIN_HOSTS": "localhost", "WORKERS": "1", "LOG_LEVEL": "warn",
        "UPSTREAM_ALLOWED": "loopback", "ACCESS_LOG": access_log,
        "ACME_DIRECTORY_URL": "https://localhost/dir", "ACME_CA_BUNDLE": "", "REDIS_CA_BUNDLE": "",
        "TRUSTED_PROXIES": "", "PROXY_PROTOCOL_PEERS": "", "CLIENT_CONNECTIONS_MAX": "100000",
        "ACME_EAB": "", "ACME_RATE_LIMITS": "", "CERT_KEY_TYPE": "rsa2048",
        "ACME_POLL_MAX_ATTEMPTS": "60", "ACME_POLL_INTERVAL_SECONDS": "2", "RENEWAL_CHECK_INTERVAL": "86400",
        "RENEWAL_THRESHOLD_DAYS": "30"}


def start_cardea(setting: Setting, binary: Path, cores: Cores, access_log: str = "") -> tuple[Proxy, Service]:
    """Returns the proxy and its redis-server; both are the caller's to stop."""
    folder = setting.folder / "cardea"
    folder.mkdir()
    redis = Redis(folder / "redis", cores.load)
    for certificate in (setting.certificate, setting.rsa_certificate):
        _store_objects(redis, certificate, setting.backend_port)
    http_port, https_port = free_port(), free_port()
    service = Service("cardea", [str(binary), "serve"], setting.core, folder,
                      _environment(redis.url, http_port, https_port, access_log))
    return Proxy("cardea", "this build", http_port, https_port, service), redis.service
