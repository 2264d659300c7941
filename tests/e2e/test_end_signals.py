"""Signals that end the server: the first one in order, the second one at once."""

import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from cardea_stack import Cardea
from support import raw

SECONDS = 20


class FirstProcess(Cardea):
    """Cardea as the first process of a process namespace, as in a container: no signal has a default action there."""

    def command(self):
        return ["unshare", "-r", "--pid", "--fork", "--kill-child", *super().command()]

    def signal_server(self, number: int):
        parent = self.process.pid
        (server,) = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        subprocess.run(["kill", f"-{number}", server], check=True)


@pytest.fixture
def first_process(stack, folder):
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-r", "-pf", "true"], check=False).returncode:
        pytest.skip("no process namespace can be made here")
    with FirstProcess(folder / "first", REDIS_URL=stack.redis.url(), WORKERS="1") as node:
        yield node


def test_the_second_signal_ends_the_first_process_of_a_container_at_once(first_process, http_host, listener):
    host = http_host(listener.url)
    with raw.connect(first_process.http_port) as client:
        client.sendall(raw.request("GET /held", host))
        with listener.accept_request():  # a running request, for which the first signal waits
            first_process.signal_server(signal.SIGTERM)
            first_process.wait_for_log("stopping")
            assert first_process.process.poll() is None
            first_process.signal_server(signal.SIGTERM)
            assert first_process.wait(SECONDS) == 128 + signal.SIGTERM
