"""What the README promises: `just demo --once`, with the build that users run."""

import os
import signal
import subprocess
import sys

import pytest
from cardea_stack import repository_root, wait_until

DEMO = [sys.executable, str(repository_root() / "scripts" / "demo.py")]


@pytest.fixture
def environment():
    return os.environ | {"PYTHONPATH": str(repository_root() / "scripts"), "NO_COLOR": "1"}


def test_the_demo_ends_by_itself(environment):
    done = subprocess.run([*DEMO, "--once"], env=environment, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hello from nginx" in done.stdout
    assert "issuer" in done.stdout and "Pebble Intermediate" in done.stdout
    assert " 0 failed" in done.stdout
    assert "\033[" not in done.stdout, "no colours outside a terminal"


def test_ctrl_c_ends_the_demo_cleanly(environment, folder):
    output = folder / "demo.txt"
    with open(output, "w") as file:
        demo = subprocess.Popen(DEMO, env=environment, stdout=file, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: "Ctrl-C ends it" in output.read_text() or demo.poll() is not None, 120, "the demo runs")
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 0, output.read_text()
    finally:
        if demo.poll() is None:
            demo.kill()
            demo.wait()
    assert "Stopped" in output.read_text()
