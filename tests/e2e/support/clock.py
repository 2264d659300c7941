"""Time travel: the wall clock of a Cardea process, moved while it runs. Only that one: what is measured (timers,
time limits, leases in Redis) goes on as before, and the CA and the test stay in the present.

By libfaketime, which answers for the system's clock inside the process.
"""

import contextlib
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

_OFFSET = re.compile(r"([+-]\d+(?:\.\d+)?)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def library_path() -> Path:
    """libfaketime's variant for programs with threads; FileNotFoundError if it is not installed."""
    for folder in ("lib/*/faketime", "lib*/faketime"):
        for path in Path("/usr").glob(f"{folder}/libfaketimeMT.so.1"):
            return path
    raise FileNotFoundError("libfaketime is not installed; run './scripts/justw setup test'")


def parse_offset(offset: str | timedelta) -> timedelta:
    """"+40d", "-2h", "+1.5h", "+30s": a sign, a number, a unit."""
    if isinstance(offset, timedelta):
        return offset
    match = _OFFSET.fullmatch(offset)
    if not match:
        raise ValueError(f"not a sign, a number and one of s, m, h, d: {offset!r}")
    return timedelta(**{_UNITS[match[2]]: float(match[1])})


def _remove_leftovers():
    """libfaketime keeps two small objects per process in shared memory; they outlive a process that is killed."""
    for path in [*Path("/dev/shm").glob("faketime_shm_*"), *Path("/dev/shm").glob("sem.faketime_sem_*")]:
        pid = path.name.rpartition("_")[2]
        if pid.isdigit() and not Path("/proc", pid).exists():
            with contextlib.suppress(OSError):
                path.unlink()


class Clock:
    """A clock that several processes can share: Cardea(folder, extra_environment=clock.environment).

    A process sees what set() and advance() say the next time it looks at the clock. Nothing wakes it: what Cardea does
    by the wall clock it does at its next check. Offsets are whole seconds.
    """

    def __init__(self, folder: Path):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        _remove_leftovers()
        self._path = folder / "faketime"
        self.set("+0s")

    @property
    def environment(self) -> dict[str, str]:
        # The sanitizers' allocators look at the clock, to give memory back now and then, before libfaketime has been
        # initialised, which ends in a crash. This turns it off.
        sanitizer = "allocator_release_to_os_interval_ms=-1"
        return {
            "LD_PRELOAD": str(library_path()),
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "ASAN_OPTIONS": sanitizer,
            "TSAN_OPTIONS": sanitizer,
        }

    def set(self, offset: str | timedelta):
        """Puts the clock that far from the real one; "+0s" is the present."""
        self.offset = timedelta(seconds=round(parse_offset(offset).total_seconds()))
        # A process may read at any moment: it must find the old line or the new one.
        new = self._path.with_suffix(".new")
        new.write_text(f"{int(self.offset.total_seconds()):+d}\n")
        os.replace(new, self._path)

    def advance(self, offset: str | timedelta):
        """Moves the clock on (or back) from where it stands."""
        self.set(self.offset + parse_offset(offset))

    def now(self) -> datetime:
        """What the processes see."""
        return datetime.now(UTC) + self.offset


class TimerClock(Clock):
    """Moves what is measured, too: every timer and time limit of the process. It looks at them a few times a second.

    Only forward: a monotonic clock cannot go back. Connections to others (Redis) seem to have been silent for as long,
    and may be made anew.
    """

    @property
    def environment(self) -> dict[str, str]:
        environment = super().environment
        del environment["FAKETIME_DONT_FAKE_MONOTONIC"]
        return environment
