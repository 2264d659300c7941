"""The access log of a Cardea, as a program that follows the file would see it."""

import json
from pathlib import Path

from cardea_stack import wait_until

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
