#!/usr/bin/env python3
"""Issues many certificates against Pebble: the rate, the CPU per certificate, and what a proxied host feels of it.

Also how long after a commit each node serves the new certificate. Prints a table and writes
build/bench/issuance.json. docs/performance.md says what is measured. Exit code 0: every certificate was issued and
no request failed; no number fails it.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import redis
from cardea_stack import Cardea, HostConnection, Stack, https_context, repository_root, wait_until

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PROBE = "probe.cardea.test"
PROBE_CERTIFICATE = "proxy-probe-cardea-test"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Issue many certificates against Pebble.")
    parser.add_argument("--names", type=int, default=2000, help="certificates, one name each (default 2000)")
    parser.add_argument("--key-type", default="ec_p256", help="CERT_KEY_TYPE (default ec_p256)")
    parser.add_argument("--preset", default="release", help="build of Cardea (default release)")
    parser.add_argument("--swaps", type=int, default=20, help="renewals whose way to both nodes is timed (default 20)")
    arguments = parser.parse_args()
    if not 1 <= arguments.names <= 10_000 or not 0 <= arguments.swaps <= 200:
        parser.error("--names is between 1 and 10000, --swaps between 0 and 200")
    return arguments


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


class Probe:
    """Asks a proxied host on one keep-alive HTTPS connection, without pause, and keeps the times."""

    def __init__(self, stack: Stack):
        self._connection = HostConnection(PROBE, stack.cardea.https_port, https_context(stack.pebble.root_pem()))
        self._ended = threading.Event()
        self._times: list[float] = []
        self.failures: list[str] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._ended.wait(0.002):
            start = time.perf_counter()
            try:
                status = self._connection.get("/")[0]
            except OSError as error:
                self.failures.append(str(error))
                return
            if status != 200:
                self.failures.append(f"status {status}")
            self._times.append((time.perf_counter() - start) * 1000)

    def take(self) -> dict[str, float]:
        """p50, p99 and the maximum in milliseconds since the last call."""
        times, self._times = sorted(self._times), []
        if not times:
            return {}
        return {
            "requests": len(times),
            "p50_ms": round(times[len(times) // 2], 2),
            "p99_ms": round(times[len(times) * 99 // 100], 2),
            "max_ms": round(times[-1], 2),
        }

    def stop(self):
        self._ended.set()
        self._thread.join()


def issue(stack: Stack, api, count: int) -> dict[str, float]:
    """Orders `count` certificates at once and waits until the last one is stored."""
    database = redis.Redis.from_url(stack.redis.url(), decode_responses=True)
    before = cpu_seconds(stack.cardea.pid), cpu_seconds(stack.pebble.pid), time.monotonic()
    for number in range(count):
        api.create_certificate(f"many-{number}", f"many-{number}.cardea.test")
    accepted = time.monotonic() - before[2]

    def stored() -> int:
        names = [f"cert:many-{number}" for number in range(count)]
        done = 0
        for start in range(0, count, 500):
            done += sum('"status":"active"' in (text or "") for text in database.mget(names[start : start + 500]))
        return done

    shown = 0.0
    while (done := stored()) < count:
        if time.monotonic() - shown > 5:
            shown = time.monotonic()
            print(f"  {done} of {count} certificates after {shown - before[2]:.0f} s", flush=True)
        if time.monotonic() - before[2] > 1800:
            raise TimeoutError(f"{done} of {count} certificates after half an hour")
        time.sleep(0.25)
    seconds = time.monotonic() - before[2]
    return {
        "certificates": count,
        "seconds": round(seconds, 1),
        "accepted_seconds": round(accepted, 1),
        "per_second": round(count / seconds, 1),
        "cardea_cpu_ms": round((cpu_seconds(stack.cardea.pid) - before[0]) / count * 1000, 2),
        "pebble_cpu_ms": round((cpu_seconds(stack.pebble.pid) - before[1]) / count * 1000, 2),
    }


def time_swaps(stack: Stack, second: Cardea, api, count: int) -> dict[str, float]:
    """Milliseconds from the commit of a renewal, as the change stream shows it, to handshakes with the new one."""
    database = redis.Redis.from_url(stack.redis.url(), decode_responses=True)
    context = https_context(stack.pebble.root_pem())
    delays = {"own": [], "other": []}

    def fingerprint(port: int) -> str:
        with HostConnection(PROBE, port, context) as connection:
            return connection.certificate_pem()

    for _ in range(count):
        old = fingerprint(stack.cardea.https_port)
        last = database.xrevrange("changes", count=1)[0][0]
        swapped: dict[str, float] = {}

        def watch(node: str, port: int, shown: str):
            while fingerprint(port) == shown:
                pass
            swapped[node] = time.time()

        ports = {"own": stack.cardea.https_port, "other": second.https_port}
        watchers = [threading.Thread(target=watch, args=(*item, old), daemon=True) for item in ports.items()]
        for watcher in watchers:
            watcher.start()
        api.expect(202, "POST", f"/certificates/{PROBE_CERTIFICATE}/renew")
        for watcher in watchers:
            watcher.join(120)
        # Two entries concern it: that a renewal is asked for, and the commit. Their ids are Redis' wall clock.
        changes = database.xrange("changes", f"({last}", "+")
        committed = [entry for entry, change in changes if change["name"] == PROBE_CERTIFICATE][1]
        for node, moment in swapped.items():
            delays[node].append(moment * 1000 - int(committed.split("-")[0]))
    return {
        f"{node}_{name}_ms": round(value(times), 1)
        for node, times in delays.items()
        if times
        for name, value in (("median", statistics.median), ("max", max))
    }


def main() -> int:
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="cardea-issuance-") as folder:
        stack = Stack(
            Path(folder), preset=arguments.preset, CERT_KEY_TYPE=arguments.key_type, RENEWAL_CHECK_INTERVAL="86400"
        )
        with stack:
            stack.start()
            api = stack.api(stack.cardea.make_token("many"))
            api.create_target(PROBE, stack.nginx.url)
            api.wait_for_certificate(PROBE_CERTIFICATE)
            probe = Probe(stack)
            time.sleep(3)
            results = {"key_type": arguments.key_type, "probe_before": probe.take()}
            print(f"ordering {arguments.names} certificates ({arguments.key_type})", flush=True)
            results["issuance"] = issue(stack, api, arguments.names)
            results["probe_meanwhile"] = probe.take()
            probe.stop()
            if arguments.swaps:
                settings = {name: stack.cardea.settings[name] for name in ("REDIS_URL", "ACME_CA_BUNDLE")}
                with Cardea(Path(folder) / "second", preset=arguments.preset, **settings) as second:
                    results["swap"] = time_swaps(stack, second, api, arguments.swaps)
    output = repository_root() / "build" / "bench"
    output.mkdir(parents=True, exist_ok=True)
    (output / "issuance.json").write_text(json.dumps(results, indent=2) + "\n")
    for title, values in results.items():
        print(title, values if isinstance(values, str) else "  ".join(f"{k}={v}" for k, v in values.items()))
    if probe.failures:
        print(f"{len(probe.failures)} requests of the probe failed, the first: {probe.failures[0]}", file=sys.stderr)
    return 1 if probe.failures else 0


if __name__ == "__main__":
    sys.exit(main())
