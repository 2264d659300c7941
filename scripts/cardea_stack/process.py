"""One child process: started with a log file, waited for until it is ready, ended by its own pid."""

import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class StartError(Exception):
    """A program did not become ready; the text holds the end of its log."""


def repository_root() -> Path:
    return Path(__file__).resolve().parents[2]


def wait_until(condition, seconds, what, interval=0.02):
    """Returns condition()'s first true value; raises TimeoutError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(interval)


def _die_with_parent():
    # A test run that is killed must not leave servers behind. SIGTERM, so that they still end in order.
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class ManagedProcess:
    """A program in a folder of its own. Subclasses give `name`, `command()`, and `is_ready()`.

    Use as a context manager, or call start() and stop(). Must be started from a thread that outlives the program
    (the parent-death signal is sent when the starting thread ends).
    """

    name = "process"
    ready_seconds = 20
    stop_seconds = 20

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log_path = self.folder / f"{self.name}.log"
        self.process: subprocess.Popen | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return base_environment()

    def is_ready(self) -> bool:
        raise NotImplementedError

    def start(self):
        self.launch()
        try:
            wait_until(self._ready_or_gone, self.ready_seconds, f"{self.name} is ready")
        except TimeoutError as error:
            self.stop()
            raise StartError(f"{error}\n{self.log_tail()}") from None
        if self.process.poll() is not None:
            raise StartError(f"{self.name} ended with code {self.process.returncode}\n{self.log_tail()}")
        return self

    def launch(self):
        """Starts the program and does not wait for it."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent,
                start_new_session=True,  # Ctrl-C reaches the one who started us; it ends us in order
            )

    def _ready_or_gone(self):
        return self.process.poll() is not None or self.is_ready()

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send_signal(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM) -> int | None:
        """Asks the program to end and returns its exit code; kills it after stop_seconds."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(self.stop_seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def wait(self, seconds) -> int:
        return self.process.wait(seconds)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=40) -> str:
        tail = "\n".join(self.log().splitlines()[-lines:])
        return f"the end of {self.name}'s log:\n{tail}"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def base_environment() -> dict[str, str]:
    """Only what a program needs to run: nothing of .env may leak into a test."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "TERM")
    return {name: os.environ[name] for name in kept if name in os.environ}
