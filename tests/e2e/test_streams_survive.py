"""A change touches nothing but what it is about: two thousand streams run while everything else is changed."""

import asyncio
import threading
import time

import pytest
from cardea_stack import wait_until
from support import raw
from support.streams import Stream, StreamUpstream

STREAMS_OF_A_KIND = 1000
TARGETS = 1000
CERTIFICATES = 100
SAMPLE = 50  # of so many targets, one is looked at from outside


class Churn(threading.Thread):
    """Creates, changes and deletes targets; then `seen` holds how long a sampled change took to be served."""

    def __init__(self, api, cardea, url: str):
        super().__init__(daemon=True)
        self._api, self._cardea, self._url = api, cardea, url
        self.seen: list[float] = []
        self.fault: Exception | None = None

    def run(self):
        try:
            for number in range(TARGETS):
                self._one(f"churn-{number}.cardea.test", sampled=number % SAMPLE == 0)
        except Exception as error:  # the test's own thread tells
            self.fault = error

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
        wait_until(lambda: raw.status_of(raw.get(self._cardea.http_port, hostname)) == status, 20, f"{hostname}: {status}", 0.01)
        self.seen.append(time.monotonic() - begin)


@pytest.fixture
def certificates(api):
    """Names of certificates that are there."""
    names = [f"swap-{number}" for number in range(CERTIFICATES)]
    for name in names:
        api.create_certificate(name, f"{name}.cardea.test", key_type="ec_p256")
    for name in names:
        api.wait_for_certificate(name, seconds=120)
    yield names
    for name in names:
        api.expect(200, "DELETE", f"/certificates/{name}")


def fingerprints(api, names: list[str]) -> dict[str, str]:
    return {name: api.expect(200, "GET", f"/certificates/{name}")["fingerprint"] for name in names}


async def all_of(streams: list[Stream], what):
    """what(stream) of all, in portions; errors are the streams that were lost."""
    lost = []
    for start in range(0, len(streams), 100):
        done = await asyncio.gather(*(what(each) for each in streams[start : start + 100]), return_exceptions=True)
        lost += [outcome for outcome in done if isinstance(outcome, Exception)]
    assert lost == [], f"{len(lost)} streams failed, the first: {lost[0]!r}"


async def check_alive(upstream: StreamUpstream, streams: list[Stream], mark: int):
    tunnels = [each for each in streams if each.upgrade]
    listeners = [each for each in streams if not each.upgrade]
    await all_of(tunnels, lambda each: asyncio.wait_for(each.echoes(b"still here %d\n" % mark), 30))
    event = b"data: %d\n" % mark
    assert await asyncio.to_thread(upstream.send_event, event + b"\n") == len(listeners)
    await all_of(listeners, lambda each: asyncio.wait_for(each.receives(event), 30))


async def hold_through(upstream: StreamUpstream, streams: list[Stream], change: threading.Thread):
    """Opens all streams and uses them again and again while `change` runs, and once more afterwards."""
    try:
        await all_of(streams, lambda each: each.open())
        await check_alive(upstream, streams, 0)
        change.start()
        mark = 0
        while change.is_alive():
            mark += 1
            await check_alive(upstream, streams, mark)
        await check_alive(upstream, streams, mark + 1)
    finally:
        for stream in streams:
            stream.close()


@pytest.mark.timeout(400)
def test_two_thousand_streams_outlive_every_change_of_something_else(
    api, cardea, http_host, nginx, certificates, tell
):
    with StreamUpstream() as upstream:
        host = http_host(upstream.url)
        streams = [Stream(cardea.http_port, host, upgrade) for upgrade in (True, False) for _ in range(STREAMS_OF_A_KIND)]
        before = fingerprints(api, certificates)
        churn = Churn(api, cardea, nginx.url)
        for name in certificates:
            api.expect(202, "POST", f"/certificates/{name}/renew")
        asyncio.run(hold_through(upstream, streams, churn))
    assert churn.fault is None, churn.fault
    after = wait_until(
        lambda: all((now := fingerprints(api, certificates))[name] != before[name] for name in before) and now,
        60,
        "every certificate is another one",
    )
    assert set(after) == set(before)
    tell(
        f"{len(streams)} streams held, 0 lost, through {TARGETS} targets created, changed and deleted and "
        f"{CERTIFICATES} certificates swapped; a change was served after {max(churn.seen) * 1000:.0f} ms at most"
    )
