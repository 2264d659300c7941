"""The fuzzers run beside the other tests: these mostly wait for programs, and use half of one processor."""

import os
import signal
import subprocess

import pytest
from cardea_stack import repository_root

SECONDS_EACH = 60


class Fuzzing:
    """scripts/fuzz.sh, at the lowest priority."""

    def __init__(self):
        folder = repository_root() / "build" / "fuzz"
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "fuzz.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                ["nice", "-n", "19", "scripts/fuzz.sh", str(SECONDS_EACH)],
                cwd=repository_root(), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )


FUZZING = pytest.StashKey[Fuzzing]()


def pytest_collection_finish(session):
    if any(item.name == "test_fuzzers" for item in session.items) and not session.config.option.collectonly:
        session.config.stash[FUZZING] = Fuzzing()


def pytest_sessionfinish(session):
    fuzzing = session.config.stash.get(FUZZING, None)
    if fuzzing and fuzzing.process.poll() is None:
        os.killpg(fuzzing.process.pid, signal.SIGTERM)  # the script and the fuzzer that it runs


@pytest.fixture
def fuzzing(request):
    return request.config.stash[FUZZING]
