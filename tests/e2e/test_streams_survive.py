"""A change touches nothing but what it is about: two thousand streams run while everything else is changed."""

import asyncio
import hashlib
import threading
import time
from contextlib import ExitStack

import pytest
from cardea_stack import HostConnection, https_context, wait_until
from support.names import certificate_name
from support.streams import Stream, StreamUpstream, WebSocketStream
from support.websocket_upstream import WebSocketUpstream
from support.workers import connections_to_all_workers

# Half of each kind by TLS.
EVENT_STREAMS = 1000
TUNNELS = 900
WEBSOCKETS = 100
TARGETS = 1000
CERTIFICATES = 100
SAMPLE = 50  # of so many targets, one is looked at from outside
HANDSHAKES = 3  # with each certificate that was swapped
VISIBLE_SECONDS = 1  # a promise, and no measure of speed: usual are some milliseconds


class Change(threading.Thread):
    """Work beside the streams; the test's own thread tells what went wrong."""

    def __init__(self):
        super().__init__(daemon=True)
        self.fault: Exception | None = None

    def run(self):
        try:
            self.work()
        except Exception as error:
            self.fault = error

    def work(self):
        raise NotImplementedError


class Churn(Change):
    """Creates, changes and deletes targets. `seen` holds how long it took from the API's answer until every worker
    served a sampled change.
    """

    def __init__(self, api, workers: list[HostConnection], url: str):
        super().__init__()
        self._api, self._workers, self._url = api, workers, url
        self.seen: list[float] = []

    def work(self):
        for number in range(TARGETS):
            self._one(f"churn-{number}.cardea.test", sampled=number % SAMPLE == 0)

    def _one(self, hostname: str, sampled: bool):
        path = f"/proxy/targets/{hostname}"
        self._api.create_target(hostname, self._url, enable_https=False)
        if sampled:
            self._see(hostname, 200)
        self._api.expect(200, "PUT", path, {"enabled": False})
        if sampled:
            self._see(hostname, 503)
        self._api.expect(200, "DELETE", path)
        if sampled:
            self._see(hostname, 404)

    def _see(self, hostname: str, status: int):
        begin = time.monotonic()
        for worker in self._workers:
            wait_until(lambda at=worker: at.get("/", {"Host": hostname})[0] == status, 20, f"{hostname}: {status}", 0.005)
        self.seen.append(time.monotonic() - begin)


class Swaps(Change):
    """Renews the certificates of hosts, and ends when each host is served with its new one."""

    def __init__(self, api, port: int, context, hosts: list[str]):
        super().__init__()
        self._api, self._port, self._context, self._hosts = api, port, context, hosts

    def work(self):
        before = {host: self._served(host) for host in self._hosts}
        assert before == {host: self._stored(host) for host in self._hosts}
        for host in self._hosts:
            self._api.expect(202, "POST", f"/certificates/{certificate_name(host)}/renew")
        waiting = set(self._hosts)

        def all_swapped():
            waiting.difference_update({host for host in waiting if self._served(host) != before[host]})
            return not waiting

        wait_until(all_swapped, 200, "every host has another certificate", 0.1)
        for host in self._hosts:
            served = {self._served(host) for _ in range(HANDSHAKES)}
            assert served == {self._stored(host)} != {before[host]}, host

    def _stored(self, host: str) -> str:
        return self._api.expect(200, "GET", f"/certificates/{certificate_name(host)}")["fingerprint"]

    def _served(self, host: str) -> str:
        """Of the certificate, which is verified, in a handshake that is followed by a request."""
        with HostConnection(host, self._port, self._context) as connection:
            connection.connect()
            shown = connection.sock.getpeercert(binary_form=True)
            assert connection.get("/")[0] == 200
        return "sha256:" + hashlib.sha256(shown).hexdigest()


@pytest.fixture
def secure_hosts(api):
    """Makes targets with certificates, all at once: secure_hosts({host: target_url})."""
    made = {}

    def make(urls: dict[str, str]) -> list[str]:
        made.update(urls)
        for host, url in urls.items():
            # Before the target, whose own would be of a kind that takes longer to make.
            api.create_certificate(certificate_name(host), host, key_type="ec_p256")
            assert "exists already" in api.create_target(host, url)["certificate_status"]
        for host in urls:
            api.wait_for_certificate(certificate_name(host), seconds=120)
        return list(urls)

    yield make
    for host in made:
        api.expect(200, "DELETE", f"/proxy/targets/{host}?delete_certificate=true")


async def all_of(streams: list, what):
    """what(stream) of all, in portions; errors are the streams that were lost."""
    lost = []
    for start in range(0, len(streams), 100):
        portion = [asyncio.wait_for(what(each), 30) for each in streams[start : start + 100]]
        done = await asyncio.gather(*portion, return_exceptions=True)
        lost += [outcome for outcome in done if isinstance(outcome, Exception)]
    assert lost == [], f"{len(lost)} streams failed, the first: {lost[0]!r}"


async def check_alive(upstream: StreamUpstream, streams: list, mark: int):
    echoing = [each for each in streams if each.upgrade]
    listening = [each for each in streams if not each.upgrade]
    await all_of(echoing, lambda each: each.echoes(b"still here %d\n" % mark))
    event = b"data: %d\n" % mark
    assert await asyncio.to_thread(upstream.send_event, event + b"\n") == len(listening)
    await all_of(listening, lambda each: each.receives(event))


async def hold_through(upstream: StreamUpstream, streams: list, changes: list[Change]) -> int:
    """Opens all streams and uses them again and again while `changes` run, and once more afterwards; how often it was."""
    try:
        await all_of(streams, lambda each: each.open())
        await check_alive(upstream, streams, 0)
        for change in changes:
            change.start()
        mark = 0
        while any(change.is_alive() for change in changes):
            mark += 1
            await check_alive(upstream, streams, mark)
        await check_alive(upstream, streams, mark + 1)
        return mark
    finally:
        # After a failure some may not even be open.
        await asyncio.gather(*(each.close() for each in streams), return_exceptions=True)


@pytest.mark.timeout(600)
def test_two_thousand_streams_outlive_every_change_of_something_else(
    api, cardea, http_host, nginx, secure_hosts, root_pem, tell
):
    context = https_context(root_pem)
    swapped = {f"swap-{number}.cardea.test": nginx.url for number in range(CERTIFICATES)}
    with StreamUpstream() as upstream, WebSocketUpstream() as websocket_upstream, ExitStack() as stack:
        hosts = {"streams.cardea.test": upstream.url, "websockets.cardea.test": websocket_upstream.url}
        stream_host, websocket_host, *swap_hosts = secure_hosts(hosts | swapped)
        streams = []
        for port, tls in ((cardea.http_port, None), (cardea.https_port, context)):
            streams += [Stream(port, stream_host, True, tls) for _ in range(TUNNELS // 2)]
            streams += [Stream(port, stream_host, False, tls) for _ in range(EVENT_STREAMS // 2)]
            streams += [WebSocketStream(port, websocket_host, tls) for _ in range(WEBSOCKETS // 2)]
        workers = connections_to_all_workers(cardea, http_host(nginx.url))
        for connection in workers:
            stack.enter_context(connection)
        churn = Churn(api, workers, nginx.url)
        swaps = Swaps(api, cardea.https_port, context, swap_hosts)
        uses = asyncio.run(hold_through(upstream, streams, [churn, swaps]))
    for change in (churn, swaps):
        assert change.fault is None, repr(change.fault)
    assert len(churn.seen) == 3 * TARGETS // SAMPLE
    assert max(churn.seen) < VISIBLE_SECONDS, sorted(churn.seen)
    assert uses > 0
    tell(
        f"{len(streams)} streams held and used {uses} times, 0 lost, through {TARGETS} targets created, changed and "
        f"deleted and {CERTIFICATES} certificates swapped; a change was served after {max(churn.seen) * 1000:.0f} ms at most"
    )
