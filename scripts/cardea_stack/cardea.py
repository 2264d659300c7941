"""The server under test: `cardea serve` with an environment of our own making."""

import os
import shutil
import subprocess
from pathlib import Path

from .ports import free_port, loopback_addresses
from .process import ManagedProcess, base_environment, repository_root, wait_until


def binary_path(preset: str | None = None) -> Path:
    """build/PRESET/cardea; the preset is CARDEA_PRESET's, else asan."""
    path = repository_root() / "build" / (preset or os.environ.get("CARDEA_PRESET", "asan")) / "cardea"
    if not path.exists():
        raise FileNotFoundError(f"{path.relative_to(repository_root())} is not built; run './scripts/justw build'")
    return path


def cardea_environment(**changes: str) -> dict[str, str]:
    """Every variable that `cardea serve` asks for; the caller sets at least REDIS_URL and the ports."""
    settings = {
        "REDIS_URL": "",
        "REDIS_CA_BUNDLE": "",
        "HTTP_PORT": "",
        "HTTPS_PORT": "",
        "LISTEN_ADDRESSES": ",".join(loopback_addresses()),
        "ADMIN_HOSTS": "localhost,127.0.0.1,::1",
        "TRUSTED_PROXIES": "",
        "PROXY_PROTOCOL_PEERS": "",
        "CLIENT_CONNECTIONS_MAX": "10000",
        "WORKERS": "2",
        "UPSTREAM_ALLOWED": "private,loopback,unix",
        "LOG_LEVEL": "info",
        "ACCESS_LOG": "",
        "ACME_DIRECTORY_URL": "https://127.0.0.1:1/dir",
        "ACME_CA_BUNDLE": "",
        "ACME_EAB": "",
        "ACME_RATE_LIMITS": "",
        "CERT_KEY_TYPE": "rsa2048",
        "ACME_POLL_MAX_ATTEMPTS": "30",
        "ACME_POLL_INTERVAL_SECONDS": "1",
        "RENEWAL_CHECK_INTERVAL": "86400",
        "RENEWAL_THRESHOLD_DAYS": "30",
    }
    unknown = set(changes) - set(settings)
    if unknown:
        raise ValueError(f"not a variable of Cardea: {sorted(unknown)}")
    return settings | changes


class Cardea(ManagedProcess):
    """Cardea on two free ports. `settings` are changes to cardea_environment(); `extra_environment` holds what is no
    setting of Cardea. Options for a sanitizer in it come on top of the usual ones.
    """

    name = "cardea"
    stop_seconds = 40

    def __init__(
        self,
        folder: Path,
        preset: str | None = None,
        extra_environment: dict[str, str] | None = None,
        **settings: str,
    ):
        super().__init__(folder)
        self.binary = binary_path(preset)
        self.extra_environment = dict(extra_environment or {})
        self.http_port = int(settings.pop("HTTP_PORT", 0) or free_port())
        self.https_port = int(settings.pop("HTTPS_PORT", 0) or free_port())
        ports = {"HTTP_PORT": str(self.http_port), "HTTPS_PORT": str(self.https_port)}
        self.settings = cardea_environment(**settings, **ports)
        self._log_start = 0

    def command(self):
        return [str(self.binary), "serve"]

    def environment(self):
        symbolizer = shutil.which("llvm-symbolizer-19") or ""
        sanitizers = {
            "ASAN_OPTIONS": f"detect_stack_use_after_return=1:external_symbolizer_path={symbolizer}",
            "UBSAN_OPTIONS": f"print_stacktrace=1:external_symbolizer_path={symbolizer}",
            "TSAN_OPTIONS": f"halt_on_error=1:external_symbolizer_path={symbolizer}",
        }
        extra = dict(self.extra_environment)
        for name in sanitizers.keys() & extra.keys():
            extra[name] = f"{sanitizers[name]}:{extra[name]}"
        return base_environment() | sanitizers | self.settings | extra

    def launch(self):
        self._log_start = len(self.log())
        super().launch()

    def is_ready(self):
        return "cardea is ready" in self.current_log()

    def current_log(self) -> str:
        """What this run has logged; earlier runs of the same object come before it in the file."""
        return self.log()[self._log_start :]

    def wait_for_log(self, *texts: str) -> str:
        """The last line that has all of `texts`. A thread of its own writes the log: after the answer, maybe."""

        def find():
            lines = self.log().splitlines(keepends=True)
            return [line for line in lines if line.endswith("\n") and all(text in line for text in texts)]

        return wait_until(find, 20, f"the log says {texts}")[-1].rstrip("\n")

    def command_line(self, *arguments: str) -> subprocess.CompletedProcess:
        """Runs `cardea ARGUMENTS…` with the same environment to its end."""
        return subprocess.run(
            [str(self.binary), *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def make_token(self, name: str, email: str = "admin@cardea.test") -> str:
        done = self.command_line("token", "generate", name, *([email] if email else []))
        if done.returncode != 0:
            raise RuntimeError(f"cardea token generate {name}: {done.stderr.strip()}")
        return done.stdout.strip()
