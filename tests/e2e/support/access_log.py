"""The access log of a Cardea, as a program that follows the file would see it."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from cardea_stack import Cardea, Stack, wait_until

from .names import bugs_in

SECONDS = 20  # to wait for lines: they come a moment after the response


class AccessLog:
    def __init__(self, path: Path):
        self.path = path

    def lines(self) -> list[dict]:
        """All complete lines."""
        if not self.path.exists():
            return []
        text = self.path.read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def of(self, **wanted) -> list[dict]:
        return [line for line in self.lines() if all(line.get(key) == value for key, value in wanted.items())]

    def wait_for(self, count: int = 1, **wanted) -> list[dict]:
        """Exactly that many lines with these values."""
        found = wait_until(
            lambda: len(of := self.of(**wanted)) >= count and of, SECONDS, f"{count} lines of {wanted} are logged"
        )
        assert len(found) == count, found
        return found

    def wait_for_one(self, **wanted) -> dict:
        return self.wait_for(1, **wanted)[0]


@contextlib.contextmanager
def running_logged_cardea(folder: Path, stack: Stack, **options) -> Iterator[Cardea]:
    """A second Cardea on the stack's Redis with an `access_log`; it must end well. One worker: the lines are in the order
    of the ends, and there is one pool of connections.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = AccessLog(folder / "access.log")
    settings = {"REDIS_URL": stack.redis.url(), "ACCESS_LOG": str(log.path), "WORKERS": "1"}
    with Cardea(folder, **settings, **options) as running:
        running.access_log = log
        yield running
        assert running.stop() == 0, running.log_tail()
        assert bugs_in(running.log()) == []
