"""The program's own log on standard error: nobody waits for who reads it."""

import re
import signal

import pytest
from cardea_stack import Api, free_port, wait_until
from support import raw
from support.access_log import SECONDS
from support.one_pipe import OnePipe

FAILURES = 8000  # some 2 MB of warnings: more than may wait
BATCH = 100
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info|warning|error) \S.*")


@pytest.fixture
def node(stack, folder):
    with OnePipe(folder, REDIS_URL=stack.redis.url(), WORKERS="1") as running:
        yield running


@pytest.fixture
def broken_host(stack, node, new_host):
    """A site without a server behind it: each request is a warning."""
    api = Api(node.http_port, stack.cardea.make_token(new_host("token")))
    name = new_host("broken")
    api.create_target(name, f"http://127.0.0.1:{free_port()}", enable_https=False)
    yield name
    stack.api(api.token).expect(200, "DELETE", f"/proxy/targets/{name}")


def fail(node, host: str, failures: int) -> list[str]:
    """Has that many requests answered with 502, over one connection; their ids."""
    ids = []
    with raw.connect(node.http_port) as connection:
        batch = raw.request("GET /", host) * BATCH
        for _ in range(failures // BATCH):
            connection.sendall(batch)
            answers = b""
            while len(re.findall(rb"Request id: \w+\n", answers)) < BATCH:
                more = connection.recv(65536)
                assert more, "the connection goes on"
                answers += more
            assert answers.count(b"HTTP/1.1 502 ") == BATCH
            ids += re.findall(r"Request id: (\w+)", answers.decode())
    return ids


def test_a_log_that_nobody_reads_holds_up_nobody(node, broken_host):
    """What is too much is dropped and counted; what is written is whole and in its order."""
    before = len(node.log())
    ids = fail(node, broken_host, FAILURES)

    def counts():
        lines = node.log()[before:].splitlines()
        dropped = [int(line.split()[2]) for line in lines if " lines of this log were dropped: " in line]
        warnings = [line for line in lines if f" {broken_host} GET: 502 " in line]
        return len(warnings) + sum(dropped) == FAILURES and (len(warnings), sum(dropped))

    written, dropped = wait_until(counts, SECONDS, "every warning is there or counted", interval=0)
    assert written > 1000 and dropped > 0
    lines = node.log().splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    told = [line.rpartition(" (request ")[2].rstrip(")") for line in lines if f" {broken_host} GET: 502 " in line]
    there = set(told)
    assert told == [request_id for request_id in ids if request_id in there]
    fail(node, broken_host, BATCH)
    wait_until(lambda: f" {broken_host} GET: 502 " in node.log().splitlines()[-1], SECONDS, "it goes on")


def test_the_end_does_not_wait_for_a_reader(node, broken_host):
    fail(node, broken_host, BATCH)
    node.send_signal(signal.SIGTERM)
    assert node.wait(SECONDS) == 0


def test_the_last_line_is_written_before_the_end(node, broken_host):
    fail(node, broken_host, BATCH)
    node.send_signal(signal.SIGTERM)
    wait_until(lambda: node.log() and not node.is_running(), SECONDS, "it ends while it is read")
    lines = node.log().splitlines()
    assert sum(f" {broken_host} GET: 502 " in line for line in lines) == BATCH, lines
    assert lines[-1].endswith(" info stopped")
