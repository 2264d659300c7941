"""Every fuzzer for a minute, at the lowest priority: the other tests run beside it, and have what processor they want."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from cardea_stack import repository_root

SECONDS = 60
AT_ONCE = 2  # else they, one after the other, would take longer than all other tests
NAMES = sorted(path.name.removesuffix("_fuzz.cc") for path in (repository_root() / "tests" / "fuzz").glob("*_fuzz.cc"))


def fuzz(name: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["nice", "-n", "19", "scripts/fuzz.sh", str(SECONDS), name],
        cwd=repository_root(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def runs():
    """What becomes of each."""
    pool = ThreadPoolExecutor(AT_ONCE)
    yield {name: pool.submit(fuzz, name) for name in NAMES}
    pool.shutdown(cancel_futures=True)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", NAMES)
def test_a_fuzzer_finds_nothing(runs, name):
    done = runs[name].result()
    assert done.returncode == 0, done.stdout[-8000:]
    # One that could not start must not pass for one that found nothing.
    assert "stat::number_of_executed_units:" in done.stdout, done.stdout[-2000:]


def test_there_are_fuzzers():
    assert NAMES
