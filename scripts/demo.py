"""`just demo`: Cardea gets a real certificate from a real ACME server and serves a real site with it, step by step.

Pebble (Let's Encrypt's test CA) stands in for Let's Encrypt, so that no public name and no port 80 is needed; its DNS
answers 127.0.0.1 for every name. Everything else is what a user runs. With --once it ends by itself.
"""

import argparse
import contextlib
import http.client
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from cardea_stack import (
    ApiError,
    HostConnection,
    Stack,
    StartError,
    describe_certificate,
    https_context,
    repository_root,
    wait_until,
)

HOST = "demo.cardea.test"
CERT_NAME = "proxy-demo-cardea-test"


class Failed(Exception):
    """A step of the demo did not come out as it must; the text is one sentence for the user."""


class Display:
    """Lines of text, each with the time since the demo began; colours only on a terminal that wants them."""

    def __init__(self):
        self.began = time.monotonic()
        self.colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.durations: list[tuple[str, float]] = []

    def paint(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self.colours else text

    def title(self, text: str):
        print(f"\n{self.paint('1', text)}", flush=True)

    def line(self, text: str, mark: str = " "):
        elapsed = time.monotonic() - self.began
        print(f"{self.paint('2', f'{elapsed:7.2f} s')}  {self.paint('32', mark)} {text}", flush=True)

    def facts(self, facts: list[tuple[str, str]]):
        width = max(len(name) for name, _ in facts)
        for name, value in facts:
            print(f"             {self.paint('2', name.ljust(width))}  {value}", flush=True)

    def took(self, what: str, since: float):
        self.durations.append((what, time.monotonic() - since))

    def summary(self):
        self.title("How long each step took")
        self.facts([(what, f"{seconds:6.2f} s") for what, seconds in self.durations])


class Client(threading.Thread):
    """Requests the site over and over, each time on a new connection, and counts what went wrong."""

    def __init__(self, port: int, root_pem: str):
        super().__init__(daemon=True)
        self.port = port
        self.context = https_context(root_pem)
        self.done = 0
        self.failures: list[str] = []
        self._ended = threading.Event()

    def run(self):
        while not self._ended.is_set():
            try:
                with HostConnection(HOST, self.port, self.context) as connection:
                    status, _, _ = connection.get("/")
                if status != 200:
                    self.failures.append(f"status {status}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(str(error))
            self.done += 1

    def finish(self):
        self._ended.set()
        self.join()


def start_everything(stack: Stack, display: Display):
    display.title("Starting the programs")
    began = time.monotonic()
    cardea = stack.cardea
    addresses = {
        "redis": f"Redis, append-only file on, 127.0.0.1:{stack.redis.port}",
        "challtestsrv": f"Pebble's DNS, every name is 127.0.0.1, port {stack.dns.dns_port}",
        "pebble": f"Pebble, the ACME server, {stack.pebble.directory_url}",
        "nginx": f"nginx, the upstream, {stack.nginx.url}",
        "cardea": f"Cardea, http on 127.0.0.1:{cardea.http_port}, https on 127.0.0.1:{cardea.https_port}",
    }
    stack.start(lambda process: display.line(addresses[process.name], "✓"))
    display.took("start of all programs", began)


def show_issuance(stack: Stack, display: Display, api, what: str, began: float):
    def show(status):
        step = status.get("step", "")
        display.line(f"{step.ljust(12)} {status['message']}", "✓" if status["status"] == "completed" else "…")

    api.wait_for_certificate(CERT_NAME, on_change=show)
    display.took(what, began)


def order_certificate(stack: Stack, display: Display):
    display.title(f"A token, and {HOST} as a proxied host")
    token = stack.cardea.make_token("demo")
    display.line(f"token generate demo admin@cardea.test → {token[:8]}…", "✓")
    api = stack.api(token)
    began = time.monotonic()
    answer = api.create_target(HOST, stack.nginx.url)
    display.line(f"POST /proxy/targets → {answer['certificate_status']}", "✓")
    show_issuance(stack, display, api, "first certificate", began)
    return api


def site_command(stack: Stack, root: Path) -> str:
    """What a user pastes into a shell to ask for the site."""
    port = stack.cardea.https_port
    command = ["curl", "--cacert", str(root), "--resolve", f"{HOST}:{port}:127.0.0.1", f"https://{HOST}:{port}/"]
    return shlex.join(command)


def request_with_curl(stack: Stack, display: Display, root: Path):
    display.title("The HTTPS request, verified against Pebble's root")
    port = stack.cardea.https_port
    url = f"https://{HOST}:{port}/"
    command = ["curl", "--silent", "--show-error", "--include", "--http1.1", "--max-time", "10"]
    command += ["--noproxy", "*", "--cacert", str(root), "--resolve", f"{HOST}:{port}:127.0.0.1", url]
    display.line(site_command(stack, root))
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"curl could not get {url}: {done.stderr.strip()}")
    display.took("HTTPS request with curl", began)
    for line in done.stdout.strip().splitlines():
        print(f"             {line}")
    if "hello from nginx" not in done.stdout:
        raise Failed(f"{url} did not answer with the upstream's page")


def served_certificate(stack: Stack, root_pem: str) -> dict[str, str]:
    with HostConnection(HOST, stack.cardea.https_port, https_context(root_pem)) as connection:
        return describe_certificate(connection.certificate_pem())


def show_certificate(display: Display, facts: dict[str, str]):
    display.facts(
        [
            ("issuer", facts["issuer"]),
            ("names", facts["names"]),
            ("valid", f"{facts['not_before']} – {facts['not_after']}"),
            ("serial", facts["serial"]),
        ]
    )


def renew(stack: Stack, display: Display, api, root_pem: str, old: dict[str, str]):
    display.title("One renewal, while a client keeps asking")
    client = Client(stack.cardea.https_port, root_pem)
    client.start()
    try:
        wait_until(lambda: client.done >= 10, 20, "the client has made 10 requests")
        began = time.monotonic()
        api.expect(202, "POST", f"/certificates/{CERT_NAME}/renew")
        display.line(f"POST /certificates/{CERT_NAME}/renew", "✓")
        show_issuance(stack, display, api, "renewal", began)
        new = wait_until(lambda: changed(stack, root_pem, old), 20, "the new certificate is served")
        display.took("renewal until the new certificate was served", began)
        after = client.done
        wait_until(lambda: client.done >= after + 10, 20, "the client has made 10 more requests")
    finally:
        client.finish()
    display.line(f"served now: serial {new['serial']} (before: {old['serial']})", "✓")
    mark = "✗" if client.failures else "✓"
    display.line(f"{client.done} requests by the client, {len(client.failures)} failed", mark)
    if client.failures:
        raise Failed(f"{len(client.failures)} requests failed during the renewal, the first with: {client.failures[0]}")
    show_certificate(display, new)


def changed(stack: Stack, root_pem: str, old: dict[str, str]):
    new = served_certificate(stack, root_pem)
    return new if new["sha256"] != old["sha256"] else None


def run(stack: Stack, display: Display, folder: Path, once: bool):
    start_everything(stack, display)
    root = stack.pebble.write_root()
    root_pem = root.read_text()
    api = order_certificate(stack, display)
    request_with_curl(stack, display, root)
    first = served_certificate(stack, root_pem)
    show_certificate(display, first)
    renew(stack, display, api, root_pem, first)
    display.summary()
    if not once:
        stay(stack, display, root, api.token, folder)


def stay(stack: Stack, display: Display, root: Path, token: str, folder: Path):
    cardea = stack.cardea
    display.title("Everything keeps running; Ctrl-C ends it")
    display.facts(
        [
            ("the site", site_command(stack, root)),
            ("the API", f"curl http://localhost:{cardea.http_port}/certificates"),
            ("health", f"curl http://localhost:{cardea.http_port}/health"),
            ("token", token),
            ("ACME directory", stack.pebble.directory_url),
            ("logs", f"{shlex.quote(str(folder))}/*/*.log"),
        ]
    )
    while cardea.is_running():
        time.sleep(0.2)
    raise Failed(f"Cardea ended by itself. {cardea.log_tail()}")


def build(preset: str) -> int:
    try:
        return subprocess.run([repository_root() / "scripts" / "build.sh", preset, "cardea"], check=False).returncode
    except KeyboardInterrupt:
        return 130


@contextlib.contextmanager
def terminal_of_our_own():
    """Ctrl-C reaches the demo alone: just, which would report it as an error, stays out of it and only waits."""
    terminal = sys.stdin.fileno() if sys.stdin and sys.stdin.isatty() else None
    group = os.getpgrp()
    if terminal is None or group == os.getpid() or os.tcgetpgrp(terminal) != group:
        yield
        return
    # A stopped demo would leave the terminal with nobody, as the shell knows only just's group.
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # else giving the terminal back would stop us
    os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpgrp())
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # the terminal may be gone
            os.tcsetpgrp(terminal, group)


def main() -> int:
    parser = argparse.ArgumentParser(prog="./scripts/justw demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end by itself instead of waiting for Ctrl-C")
    parser.add_argument(
        "--preset",
        default="release",
        choices=["release", "debug", "asan", "tsan"],
        help="which build of Cardea to run (default: release)",
    )
    parser.add_argument("--build", action="store_true", help="build that preset first; the recipe always does")
    arguments = parser.parse_args()
    with terminal_of_our_own():
        return build_and_show(arguments)


def build_and_show(arguments: argparse.Namespace) -> int:
    if arguments.build and (status := build(arguments.preset)) != 0:
        return status
    display = Display()
    # SIGTERM ends the demo as Ctrl-C does: through the context managers that end the programs.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="cardea-demo-") as folder:
            with Stack(Path(folder), arguments.preset) as stack:
                try:
                    run(stack, display, Path(folder), arguments.once)
                except (ApiError, OSError, http.client.HTTPException) as error:
                    tail = stack.cardea.log_tail() if stack.cardea.process else ""
                    raise Failed(f"{error}\n{tail}") from error
        display.title("Done: everything is stopped and its files are removed.")
        return 0
    except KeyboardInterrupt:
        print("\nStopped; the demo's files are removed.", flush=True)
        return 0 if not arguments.once else 130
    except (Failed, StartError, FileNotFoundError, RuntimeError) as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
