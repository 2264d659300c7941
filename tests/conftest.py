"""What every test of the repository may use, and the order in which files are handed to test processes."""

import shutil
import tempfile
from pathlib import Path

import pytest

# scripts/test.sh runs files side by side, and the end waits for the last one. So those that take more than half a minute
# begin first, the longest of all at the top.
LONG_FILES = (
    "test_fuzzers.py",
    "test_issuance.py",
    "test_ca_answers.py",
    "test_renewal.py",
    "test_crash.py",
    "test_ca_faults.py",
    "test_streams_survive.py",
    "test_revocation.py",
    "test_issuers.py",
    "test_hot_swap.py",
    "test_lifecycle.py",
    "test_units.py",
    "test_certificates_api.py",
    "test_ca_retry_after.py",
    "test_accounts.py",
    "test_redis_crash.py",
    "test_paused_node.py",
    "test_revoke_command.py",
)


def pytest_collection_modifyitems(items):
    places = {name: place for place, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.fixture
def tell(record_property):
    """tell(text): to be read at the end of the run, also of a test that passed, in whichever process it ran."""
    return lambda text: record_property("told", text)


def pytest_terminal_summary(terminalreporter):
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for text in [text for name, text in getattr(report, "user_properties", ()) if name == "told"]:
            terminalreporter.write_line(f"{report.location[2]}:\n{text.strip()}\n")


@pytest.fixture(scope="session")
def session_folder():
    """A folder of this process, short enough a path for a Unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="cardea-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder():
    """A folder for one test; pytest's own would be too long a path for Redis' socket."""
    path = Path(tempfile.mkdtemp(prefix="cardea-test-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)
