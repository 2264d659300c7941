"""Everything together: Redis, Pebble with its DNS, nginx and Cardea, each started after what it needs."""

import contextlib
from pathlib import Path

from .api import Api
from .cardea import Cardea
from .nginx import Nginx
from .pebble import ChallengeTestServer, Pebble
from .ports import free_port
from .redis_server import RedisServer


class Stack(contextlib.ExitStack):
    """A context manager; leaving it ends every process, Cardea first. `settings` go to Cardea."""

    def __init__(self, folder: Path, preset: str | None = None, blocked_names: tuple[str, ...] = (), **settings: str):
        super().__init__()
        self.folder = Path(folder)
        http_port, https_port = free_port(), free_port()
        self.redis = RedisServer(self.folder / "redis")
        self.dns = ChallengeTestServer(self.folder / "dns")
        self.pebble = Pebble(
            self.folder / "pebble", http_port, self.dns.dns_port, blocked_names, tls_port=https_port
        )
        self.nginx = Nginx(self.folder / "nginx")
        self.cardea = Cardea(
            self.folder / "cardea",
            preset,
            **{
                "REDIS_URL": self.redis.url(),
                "HTTP_PORT": str(http_port),
                "HTTPS_PORT": str(https_port),
                "ACME_DIRECTORY_URL": self.pebble.directory_url,
                "ACME_CA_BUNDLE": str(self.pebble.ca_path),
            }
            | settings,
        )

    def processes(self):
        return (self.redis, self.dns, self.pebble, self.nginx, self.cardea)

    def start(self, on_started=None):
        for process in self.processes():
            self.enter_context(process)
            if on_started:
                on_started(process)
        return self

    def __enter__(self):
        super().__enter__()
        return self

    def api(self, token: str = "") -> Api:
        return Api(self.cardea.http_port, token)
