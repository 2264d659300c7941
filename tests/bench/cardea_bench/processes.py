"""Starting, pinning, measuring and ending the benchmark's own processes.

Every process is a child of the script, ends with it (PR_SET_PDEATHSIG), writes its output to a file of its own and is
ended by its own pid. Nothing here looks a process up by name.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import BenchError

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 10
LOG_TAIL_LINES = 15
LIBC = ctypes.CDLL(None, use_errno=True)
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cores:
    """Where things run: `proxy` has a core to itself, `load` holds the generator, the backend and the script."""

    proxy: int
    load: int

    @staticmethod
    def choose() -> Cores:
        usable = sorted(os.sched_getaffinity(0))
        return Cores(usable[0], usable[1] if len(usable) > 1 else usable[0])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _prepare_child(core: int) -> None:
    # SIGTERM and not SIGKILL: nginx's master must still be able to take its worker with it.
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.sched_setaffinity(0, {core})


class Service:
    """A long-running process on one core. `stop` is idempotent; its output is in `log`."""

    def __init__(self, name: str, command: list[str], core: int, folder: Path, environment: dict | None = None):
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=folder,
                env=environment, preexec_fn=lambda: _prepare_child(core))

    @property
    def pid(self) -> int:
        return self._process.pid

    def require_running(self) -> None:
        if self._process.poll() is not None:
            raise BenchError(f"{self.name} ended with exit code {self._process.returncode}.\n{self.log_tail()}")

    def log_tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(f"  {self.name}: {line}" for line in lines[-LOG_TAIL_LINES:])

    def process_ids(self) -> list[int]:
        """The process and all its descendants, so that nginx's worker is counted with its master."""
        parents = {int(entry): _parent_of(int(entry)) for entry in os.listdir("/proc") if entry.isdigit()}
        found = [self.pid]
        for pid in found:
            found.extend(child for child, parent in parents.items() if parent == pid)
        return found

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


@dataclass(frozen=True)
class CpuTime:
    """CPU time of a process tree in seconds. `total` is exact to nanoseconds, user and system to clock ticks."""

    total: float
    user: float
    system: float

    def __sub__(self, earlier: CpuTime) -> CpuTime:
        return CpuTime(self.total - earlier.total, self.user - earlier.user, self.system - earlier.system)


def read_cpu_time(pids: list[int]) -> CpuTime:
    """The sum over all threads of `pids`. Threads that ended are missing, so they must live through a measurement."""
    nanoseconds = user_ticks = system_ticks = 0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            nanoseconds += int((thread / "schedstat").read_text().split()[0])
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        user_ticks += int(fields[11])
        system_ticks += int(fields[12])
    return CpuTime(nanoseconds / 1e9, user_ticks / TICKS_PER_SECOND, system_ticks / TICKS_PER_SECOND)


def resident_kilobytes(pids: list[int]) -> int:
    """Of all `pids` together; pages that they share count for each."""
    statuses = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return sum(int(line.split()[1]) for status in statuses for line in status.splitlines() if line.startswith("VmRSS:"))


def start_load(command: list[str], core: int) -> subprocess.Popen:
    """A load generator with pipes on stdin, stdout and stderr; the caller waits for it with a time limit."""
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            preexec_fn=lambda: _prepare_child(core))


def finish_load(process: subprocess.Popen, seconds: float, answer: str = "") -> str:
    """Waits for the generator, sending it `answer` first; ends it when it takes too long. Returns its stdout."""
    try:
        output, errors = process.communicate(answer, timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise BenchError(f"The load generator did not finish within {seconds:.0f} s.") from None
    if process.returncode != 0:
        raise BenchError(f"The load generator failed with exit code {process.returncode}: {(output + errors)[-500:]}")
    return output


def run_tool(command: list[str], seconds: float = 30) -> str:
    """Runs a short tool to its end and returns its stdout; any failure is a BenchError."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchError(f"{command[0]} could not run: {error}") from None
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command[:3])} failed: {done.stderr.strip()[-500:]}")
    return done.stdout
