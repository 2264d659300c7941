"""Every fuzzer for a minute, as one test: it begins with the session (conftest.py) and is waited for here, at its end."""

import pytest
from cardea_stack import repository_root


@pytest.mark.timeout(1200)
def test_fuzzers(fuzzing):
    code = fuzzing.process.wait()
    output = fuzzing.log.read_text(errors="replace")
    assert code == 0, output[-8000:]
    # One that could not start, or found no corpus, must not pass for one that found nothing.
    names = sorted(path.name.removesuffix("_fuzz.cc") for path in (repository_root() / "tests" / "fuzz").glob("*_fuzz.cc"))
    assert names
    for name in names:
        part = output.partition(f"==> {name} for ")[2].partition("\n==> ")[0]
        assert "stat::number_of_executed_units:" in part, f"{name} did not run:\n{part[-2000:]}"
