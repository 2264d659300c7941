"""The access log: a line for each request, with the right values, never a secret, and never in a request's way."""

import json
import os
import re
import signal
import socket
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cardea_stack import Api, Cardea, HostConnection, free_port, https_context, wait_until
from support import raw
from support.access_log import SECONDS, AccessLog, running_logged_cardea
from support.one_pipe import OnePipe
from support.sites import plain_sites

ALWAYS = {
    "time", "request_id", "client", "host", "method", "path", "protocol", "tls", "status",
    "request_bytes", "response_bytes", "duration_ms",
}  # fmt: skip
OF_UPSTREAMS = {"upstream", "upstream_reused", "upstream_first_byte_ms"}


@pytest.fixture(scope="module")
def logged(stack, session_folder):
    with running_logged_cardea(session_folder / "logged", stack) as running:
        yield running


@pytest.fixture
def log(logged):
    return logged.access_log


@pytest.fixture
def logged_host(stack, logged, new_host):
    """Like http_host, but the logging node knows it at once."""
    api = Api(logged.http_port, stack.cardea.make_token(new_host("token")))
    with plain_sites(api, new_host, "logged") as make:
        yield make


def test_a_proxied_request(logged, log, logged_host, nginx):
    host = logged_host(nginx.url)
    before = datetime.now(timezone.utc)
    with HostConnection(host, logged.http_port) as connection:
        assert connection.get("/bytes/1024?access_token=secret-of-a-query")[0] == 200
    line = log.wait_for_one(host=host, path="/bytes/1024")
    assert set(line) == ALWAYS | OF_UPSTREAMS
    assert datetime.fromisoformat(line["time"]) >= before - timedelta(milliseconds=1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert re.fullmatch(r"[0-9a-f]{32}", line["request_id"])
    expected = {
        "client": "127.0.0.1", "method": "GET", "protocol": "HTTP/1.1", "tls": "", "status": 200,
        "request_bytes": 0, "response_bytes": 1024, "upstream": f"127.0.0.1:{nginx.port}",
    }  # fmt: skip
    assert expected.items() <= line.items()
    assert 0 < line["upstream_first_byte_ms"] <= line["duration_ms"] < SECONDS * 1000
    assert "secret-of-a-query" not in log.path.read_text()


def test_the_id_is_the_one_that_the_upstream_got(logged, log, logged_host, upstream):
    host = logged_host(upstream.url)
    with HostConnection(host, logged.http_port) as connection:
        seen = dict(json.loads(connection.get("/headers")[2]))
    assert log.wait_for_one(host=host, path="/headers")["request_id"] == seen["x-request-id"]


def test_bodies_are_counted_without_their_framing(logged, log, logged_host, upstream):
    host = logged_host(upstream.url)
    with HostConnection(host, logged.http_port) as connection:
        body = iter([b"x" * 1000] * 5)
        connection.request("POST", "/mirror", body, encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
        assert len(connection.getresponse().read()) == 5000
        connection.request("HEAD", "/encoded")
        connection.getresponse().read()
    line = log.wait_for_one(host=host, path="/mirror")
    assert (line["method"], line["request_bytes"], line["response_bytes"]) == ("POST", 5000, 5000)
    head = log.wait_for_one(host=host, path="/encoded")
    assert (head["method"], head["status"], head["response_bytes"]) == ("HEAD", 200, 0)


def test_a_connection_with_two_hosts(logged, log, logged_host, nginx):
    """Each request is told with its own host, and of the second one that its upstream's connection was there."""
    hosts = [logged_host(nginx.url) for _ in range(2)]
    with raw.connect(logged.http_port) as connection:
        for host in (*hosts, hosts[0]):
            connection.sendall(raw.request("GET /bytes/1024", host))
            head = raw.receive_until(connection, b"\r\n\r\n")
            body = head.partition(b"\r\n\r\n")[2]
            while len(body) < 1024:
                body += connection.recv(65536)
    lines = [*log.wait_for(2, host=hosts[0], path="/bytes/1024"), log.wait_for_one(host=hosts[1], path="/bytes/1024")]
    assert len({line["request_id"] for line in lines}) == 3
    assert lines[1]["upstream_reused"] is True
    assert lines[2]["upstream_reused"] is True, "hosts of one upstream share its connections"


def test_https(logged, log, site, root_pem):
    with HostConnection(site, logged.https_port, https_context(root_pem)) as connection:
        assert connection.get("/bytes/1024")[0] == 200
    assert log.wait_for_one(host=site, path="/bytes/1024")["tls"] == "TLSv1.3"
    with HostConnection(site, logged.https_port, https_context(root_pem)) as connection:
        connection.request("GET", "/", headers={"Host": "nobody.cardea.test"})
        misdirected = connection.getresponse()
        assert misdirected.status == 421
    line = log.wait_for_one(status=421)
    assert line["request_id"] == misdirected.headers["X-Request-Id"]


def test_our_own_error_pages_say_why(logged, log, logged_host):
    name = "not-there.cardea.test"
    with HostConnection(name, logged.http_port) as connection:
        status, headers, _ = connection.get("/some/path?query")
    line = log.wait_for_one(host=name)
    assert set(line) == ALWAYS | {"error"}
    assert (status, line["status"], line["path"]) == (404, 404, "/some/path")
    assert line["error"] == "There is no such site here."
    assert line["request_id"] == headers["X-Request-Id"]

    port = free_port()
    host = logged_host(f"http://127.0.0.1:{port}")
    with HostConnection(host, logged.http_port) as connection:
        assert connection.get("/down")[0] == 502
    line = log.wait_for_one(host=host, path="/down")
    assert set(line) == ALWAYS | {"upstream", "upstream_reused", "error"}
    assert (line["status"], line["upstream"]) == (502, f"127.0.0.1:{port}")
    assert "refused" in line["error"]


def test_what_is_no_request(logged, log):
    answer = raw.exchange(logged.http_port, b"GET / HTTP/1.1\r\nHost: one.test\r\nHost: two.test\r\n\r\n")
    request_id = re.search(rb"X-Request-Id: (\w+)", answer)[1].decode()
    line = log.wait_for_one(request_id=request_id)
    assert (line["status"], line["method"], line["path"], line["host"], line["protocol"]) == (400, "", "", "", "")
    assert line["error"] == "more than one Host field"


def test_who_leaves_before_the_head_is_whole_made_no_request(logged, log):
    with raw.connect(logged.http_port) as connection:
        connection.sendall(b"GET /half HTTP/1.1\r\nHost: half.cardea.test\r\n")
    with raw.connect(logged.http_port) as connection:
        connection.close()
    with HostConnection("whole.cardea.test", logged.http_port) as connection:
        connection.get("/")
    log.wait_for_one(host="whole.cardea.test")
    assert log.of(host="half.cardea.test") == [] and log.of(path="/half") == []


def test_a_client_that_leaves(logged, log, logged_host, upstream):
    upstream.go_on.clear()
    host = logged_host(upstream.url)
    with raw.connect(logged.http_port) as connection:
        connection.sendall(raw.request("GET /slow", host))
        raw.receive_until(connection, b"\r\n\r\n")
    line = log.wait_for_one(host=host, path="/slow")
    upstream.go_on.set()
    assert (line["status"], line["aborted"]) == (200, "client")


def test_a_client_that_leaves_before_the_response(logged, log, logged_host, listener):
    host = logged_host(listener.url)
    with raw.connect(logged.http_port) as client:
        client.sendall(raw.request("POST /unanswered", host, "Content-Length: 4") + b"body")
        server = listener.accept()
        raw.receive_until(server, b"body")
    line = log.wait_for_one(host=host)
    server.close()
    assert set(line) == ALWAYS | {"upstream", "upstream_reused", "aborted"}
    assert (line["status"], line["request_bytes"], line["aborted"]) == (0, 4, "client")


def test_an_upstream_that_cannot_be_connected_to_in_time(logged, log, logged_host):
    with socket.socket() as busy, socket.socket() as first, socket.socket() as second:
        busy.bind(("127.0.0.1", 0))
        busy.listen(0)
        for waiting in (first, second):  # nobody accepts: one is in the queue, and the queue is full
            waiting.setblocking(False)
            waiting.connect_ex(busy.getsockname())
        host = logged_host(f"http://127.0.0.1:{busy.getsockname()[1]}")
        assert raw.status_of(raw.get(logged.http_port, host)) == 504
    line = log.wait_for_one(host=host)
    assert line["status"] == 504
    assert "timeout" in line["error"]
    assert line["duration_ms"] > 1000, "the wait for the upstream is part of it"


def test_an_upstream_that_breaks_off(logged, log, logged_host, upstream):
    host = logged_host(upstream.url)
    raw.get(logged.http_port, host, "/cut")
    line = log.wait_for_one(host=host, path="/cut")
    assert (line["status"], line["response_bytes"], line["aborted"]) == (200, len("only this"), "upstream")
    assert "in the middle of its response" in line["error"]


def test_an_event_stream_is_told_when_it_ends(logged, log, logged_host, upstream):
    upstream.go_on.clear()
    host = logged_host(upstream.url)
    with raw.connect(logged.http_port) as connection:
        connection.sendall(raw.request("GET /events", host))
        raw.receive_until(connection, b"data: first\n\n")
        with HostConnection(host, logged.http_port) as other:
            assert other.get("/headers")[0] == 200
        log.wait_for_one(host=host, path="/headers")
        assert log.of(host=host, path="/events") == [], "it goes on"
        upstream.go_on.set()
        raw.receive_until(connection, b"0\r\n\r\n")
    line = log.wait_for_one(host=host, path="/events")
    assert line["response_bytes"] == len("data: first\n\ndata: second\n\n")
    assert line["upstream_first_byte_ms"] < line["duration_ms"]
    assert "aborted" not in line


def test_mcp(logged, log, logged_host, upstream):
    host = logged_host(upstream.url)

    def call(path: str, method: str, name: str) -> dict:
        fields = (f"Mcp-Method: {method}", f"Mcp-Name: {name}", "Mcp-Session-Id: secret-session")
        head = raw.request(f"POST {path}", host, "Content-Length: 2", "Connection: close", *fields)
        assert raw.status_of(raw.exchange(logged.http_port, head + b"{}")) == 200
        return log.wait_for_one(host=host, path=path)

    line = call("/one", "tools/call", 'say "hi"\\')
    assert (line["mcp_method"], line["mcp_name"]) == ("tools/call", 'say "hi"\\')
    line = call("/two", "resources/read", "https://files.example/a?token=secret-of-a-resource")
    assert line["mcp_name"] == "https://files.example/a"
    line = call("/three", "prompts/get", "=?base64?SGVsbG8=?=")
    assert line["mcp_name"] == "=?base64?SGVsbG8=?="
    line = call("/four", "tools/call", "x" * 5000)
    assert line["mcp_name"].endswith("x…") and len(line["mcp_name"].encode()) == 256
    assert "secret-" not in log.path.read_text()


def test_the_api_and_no_secret(logged, log, stack, new_host):
    token = stack.cardea.make_token("access-log")
    host = new_host("by-api")
    body = json.dumps({"hostname": host, "target_url": "http://127.0.0.1:9", "enable_https": False})
    with HostConnection("localhost", logged.http_port) as connection:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Cookie": "session=secret-cookie"}
        connection.request("POST", "/proxy/targets", body, headers)
        response = connection.getresponse()
        answer = response.read()
        assert response.status == 201, answer
        connection.request("DELETE", f"/proxy/targets/{host}", headers=headers)
        assert connection.getresponse().read()
    line = log.wait_for_one(host="localhost", method="POST", request_id=response.headers["X-Request-Id"])
    assert set(line) == ALWAYS
    assert (line["path"], line["status"]) == ("/proxy/targets", 201)
    assert (line["request_bytes"], line["response_bytes"]) == (len(body), len(answer))
    log.wait_for_one(method="DELETE", path=f"/proxy/targets/{host}")
    text = log.path.read_text()
    assert token not in text and token.removeprefix("acm_") not in text and "secret-cookie" not in text


def test_a_challenge(logged, log, database):
    token = "token-of-22-characters-of-a-log"
    database.set(f"challenge:{token}", f"{token}.authorisation", ex=60)
    with HostConnection("asked-by-a-ca.cardea.test", logged.http_port) as connection:
        assert connection.get(f"/.well-known/acme-challenge/{token}")[0] == 200
    database.delete(f"challenge:{token}")
    line = log.wait_for_one(host="asked-by-a-ca.cardea.test")
    assert (line["status"], line["response_bytes"]) == (200, len(f"{token}.authorisation"))
    assert "authorisation" not in log.path.read_text()


def test_a_websocket_is_one_line(logged, log, logged_host, listener):
    def echo_twice():
        with listener.accept_request() as (connection, _):
            connection.sendall(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
            while data := connection.recv(65536):
                connection.sendall(data * 2)

    thread = threading.Thread(target=echo_twice, daemon=True)
    thread.start()
    host = logged_host(listener.url)
    with raw.connect(logged.http_port) as client:
        client.sendall(raw.request("GET /socket", host, "Connection: Upgrade", "Upgrade: echo"))
        raw.receive_until(client, b"\r\n\r\n")
        client.sendall(b"hello")
        raw.receive_until(client, b"hellohello")
        assert log.of(host=host) == [], "it goes on"
        client.shutdown(socket.SHUT_WR)
        assert raw.receive_all(client) == b""
    thread.join(SECONDS)
    line = log.wait_for_one(host=host)
    assert (line["status"], line["request_bytes"], line["response_bytes"]) == (101, 5, 10)
    assert "aborted" not in line


def test_a_websocket_that_a_side_breaks(logged, log, logged_host, listener):
    host = logged_host(listener.url)
    for breaker in ("client", "upstream"):
        with raw.connect(logged.http_port) as client:
            client.sendall(raw.request(f"GET /{breaker}", host, "Connection: Upgrade", "Upgrade: echo"))
            with listener.accept_request() as (server, _):
                server.sendall(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
                raw.receive_until(client, b"\r\n\r\n")
                raw.reset(client if breaker == "client" else server)
                assert log.wait_for_one(host=host, path=f"/{breaker}")["aborted"] == breaker


def test_a_trusted_proxy_names_the_client_and_the_id(stack, folder):
    path = folder / "access.log"
    with Cardea(folder, REDIS_URL=stack.redis.url(), ACCESS_LOG=str(path), TRUSTED_PROXIES="127.0.0.0/8") as node:
        fields = ("Connection: close", "X-Forwarded-For: 203.0.113.9", "X-Request-Id: theirs")
        raw.exchange(node.http_port, raw.request("GET /", "a.test", *fields))
        line = AccessLog(path).wait_for_one(host="a.test")
    assert (line["client"], line["request_id"]) == ("203.0.113.9", "theirs")


def test_sighup_opens_the_file_anew(stack, folder):
    path = folder / "access.log"
    with Cardea(folder, REDIS_URL=stack.redis.url(), ACCESS_LOG=str(path)) as node:
        raw.get(node.http_port, "before.cardea.test")
        AccessLog(path).wait_for_one(host="before.cardea.test")
        moved = path.rename(folder / "access.log.1")
        node.send_signal(signal.SIGHUP)
        wait_until(path.exists, SECONDS, "the file is there again")
        raw.get(node.http_port, "after.cardea.test")
        AccessLog(path).wait_for_one(host="after.cardea.test")
        assert [line["host"] for line in AccessLog(moved).lines()] == ["before.cardea.test"]
        assert [line["host"] for line in AccessLog(path).lines()] == ["after.cardea.test"]


def test_the_end_leaves_no_line_behind(stack, folder):
    path = folder / "access.log"
    with Cardea(folder, REDIS_URL=stack.redis.url(), ACCESS_LOG=str(path), WORKERS="1") as node:
        with raw.connect(node.http_port) as connection:
            requests = [raw.request(f"GET /{number}", "end.cardea.test") for number in range(100)]
            connection.sendall(b"".join(requests) + raw.request("GET /last", "x", "Connection: close"))
            raw.receive_all(connection)
        assert node.stop() == 0
    assert [line["path"] for line in AccessLog(path).lines()] == [f"/{number}" for number in range(100)] + ["/last"]


def test_standard_output(stack, folder):
    with Cardea(folder, REDIS_URL=stack.redis.url(), ACCESS_LOG="-") as node:
        raw.get(node.http_port, "out.cardea.test")
        wait_until(lambda: '"host":"out.cardea.test"' in node.log(), SECONDS, "the line is there")
        node.send_signal(signal.SIGHUP)  # nothing to open, and no end
        raw.get(node.http_port, "again.cardea.test")
        wait_until(lambda: '"host":"again.cardea.test"' in node.log(), SECONDS, "the line is there")
        assert node.stop() == 0


def test_a_reader_that_does_not_read_holds_up_nobody(stack, folder):
    """Lines are dropped and counted; all that are written are whole."""
    fifo = folder / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    requests, batch = 4000, 100
    with Cardea(folder, REDIS_URL=stack.redis.url(), ACCESS_LOG=str(fifo), WORKERS="1") as node:
        with raw.connect(node.http_port) as connection:
            many = raw.request(f"GET /{'p' * 2000}", "many.cardea.test") * batch
            for _ in range(requests // batch):
                connection.sendall(many)
                answers = b""
                while answers.count(b"Request id: ") < batch:
                    answers += connection.recv(65536)
        dropped = wait_until(lambda: count_dropped(node), SECONDS, "the log says that lines were dropped")
        received = b""

        def all_there():
            nonlocal received
            try:
                received += os.read(reader, 1 << 20)
            except BlockingIOError:
                pass
            return received.count(b"\n") + count_dropped(node) == requests

        wait_until(all_there, SECONDS, "every line is there or counted", interval=0)
        lines = [json.loads(line) for line in received.splitlines()]
        assert {(line["host"], line["status"]) for line in lines} == {("many.cardea.test", 404)}
        assert 0 < dropped < requests
    os.close(reader)


def test_an_access_log_that_nobody_reads_holds_up_nobody(stack, folder):
    """One reader for both outputs, who stops: lines are dropped, and telling of it must not make a worker wait."""
    with OnePipe(folder, REDIS_URL=stack.redis.url(), ACCESS_LOG="-", WORKERS="1") as node:
        log_many(node, 30)  # 7 MB of lines: more than the chunks of a worker and the pipe hold
        wait_until(lambda: count_dropped(node), SECONDS, "the log says so when it is read again")
        node.send_signal(signal.SIGTERM)
        wait_until(lambda: node.log() and not node.is_running(), SECONDS, "it ends while it is read")
        assert node.stop() == 0


def log_many(node: Cardea, batches: int):
    """Has 100 requests for each batch logged, with 2 KB a line."""
    with raw.connect(node.http_port) as connection:
        batch = raw.request(f"GET /{'p' * 2000}", "many.cardea.test") * 100
        for _ in range(batches):
            connection.sendall(batch)
            answers = b""
            while answers.count(b"Request id: ") < 100:
                more = connection.recv(65536)
                assert more, "the connection goes on"
                answers += more


def count_lost(node: Cardea, before: str) -> int:
    (count,) = re.findall(rf" warning {before} (\d+) lines of the access log were lost", node.log())
    return int(count)


def test_the_end_does_not_wait_for_who_does_not_read(stack, folder):
    """What is neither in the FIFO nor written is counted."""
    fifo = folder / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with Cardea(folder, REDIS_URL=stack.redis.url(), ACCESS_LOG=str(fifo), WORKERS="1") as node:
        log_many(node, 3)
        node.send_signal(signal.SIGTERM)
        assert node.wait(SECONDS) == 0, node.log_tail()
        assert node.log().endswith(" info stopped\n")
    received = b""
    while more := os.read(reader, 1 << 20):
        received += more
    os.close(reader)
    lost = count_lost(node, "the last")
    assert lost > 0 and received.count(b"\n") + lost == 300


class OnTerminal(Cardea):
    """Its standard output is a terminal that nobody reads, its log a file."""

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.master, self._slave = os.openpty()

    def command(self):
        return ["sh", "-c", f'exec "$0" serve > {os.ttyname(self._slave)}', str(self.binary)]

    def __exit__(self, *_):
        super().__exit__()
        os.close(self._slave)
        os.close(self.master)


def test_the_end_does_not_wait_for_a_write_that_hangs(stack, folder):
    """Such a terminal says that it takes more, and then lets the write wait."""
    with OnTerminal(folder, REDIS_URL=stack.redis.url(), ACCESS_LOG="-", WORKERS="1") as node:
        log_many(node, 3)
        node.send_signal(signal.SIGTERM)
        assert node.wait(SECONDS) == 0, node.log_tail()
        assert node.log().endswith(" info stopped\n")
    assert 0 < count_lost(node, "up to") <= 300


def count_dropped(node: Cardea) -> int:
    return sum(int(count) for count in re.findall(r" (\d+) lines of the access log were dropped", node.log()))


@pytest.mark.parametrize("path", ["/no/such/folder/access.log", "."])
def test_a_path_that_cannot_be_written_stops_the_start(stack, folder, path):
    node = Cardea(folder, REDIS_URL=stack.redis.url(), ACCESS_LOG=path)
    done = node.command_line("serve")
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"cardea: ACCESS_LOG: {path} cannot be opened for writing: ")


def threads_of(node: Cardea) -> set[str]:
    return {path.read_text().strip() for path in Path(f"/proc/{node.pid}/task").glob("*/comm")}


def test_without_it_there_is_no_thread_for_it(cardea, logged):
    assert "access-log" in threads_of(logged)
    assert "access-log" not in threads_of(cardea)


def test_sighup_does_not_end_who_has_no_log(stack, folder):
    with Cardea(folder, REDIS_URL=stack.redis.url()) as node:
        node.send_signal(signal.SIGHUP)
        assert raw.status_of(raw.get(node.http_port, "nobody.cardea.test")) == 404
        assert node.stop() == 0
