"""Names that several tests share, and the marks of a bug in a log."""

import re

# Pebble refuses to issue for this name by policy.
BLOCKED_NAME = "blocked.cardea.test"

# What a sanitizer or our own assertion prints when it has found something.
_BUG = re.compile(r"ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer|cardea: bug:", re.IGNORECASE)


def bugs_in(log: str) -> list[str]:
    return [line for line in log.splitlines() if _BUG.search(line)]


def certificate_name(hostname: str) -> str:
    """The certificate that Cardea orders for a proxied host."""
    return "proxy-" + hostname.replace(".", "-")
