"""The cases: each puts one bounded load on one proxy and returns its metrics by name.

A case fails with BenchError if a single request fails, if TLS was not what all proxies are meant to speak, or if a
connection of the resumed case was not resumed (and of the full case was).
"""

from __future__ import annotations

import json
import re
import signal
import socket
import ssl
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .backend import LARGE_BYTES, SMALL_BODY, Backend
from .certificates import HOSTNAME, RSA_HOSTNAME
from .errors import BenchError
from .processes import Cores, CpuTime, finish_load, read_cpu_time, resident_kilobytes, start_load
from .proxies import CIPHER, GROUP, Proxy

LOAD_SECONDS_MAX = 60
POLL_SECONDS = 0.01
KEEPALIVE_CLIENTS = 64
HANDSHAKE_THREADS = 16
AS_FAST_AS_POSSIBLE = 1_000_000
TRANSFER_CLIENTS = 4
LATENCY_CLIENTS = 20
LATENCY_REQUESTS_PER_CLIENT = 200  # a second; the proxy's core is far from full
RSA_HANDSHAKES_PER_SECOND = 500
IDLE_WARMUP = 50
IDLE_SECONDS = 3  # every proxy has given back by then what it gives back
STRACE_ATTACH_SECONDS = 10


@dataclass(frozen=True)
class Sizes:
    """How much load one measurement is. Chosen for some seconds each; `quick` only shows that everything works."""

    keepalive_warmup: int
    keepalive_requests: int
    handshakes: int
    downloads: int
    uploads: int
    idle_connections: int
    latency_seconds: int
    traced_requests: int


FULL = Sizes(keepalive_warmup=8_000, keepalive_requests=80_000, handshakes=4_000, downloads=150, uploads=100,
             idle_connections=2_000, latency_seconds=5, traced_requests=1_000)
QUICK = Sizes(keepalive_warmup=2_000, keepalive_requests=8_000, handshakes=300, downloads=8, uploads=8,
              idle_connections=200, latency_seconds=1, traced_requests=200)


@dataclass(frozen=True)
class Bench:
    """What every case needs besides the proxy."""

    cores: Cores
    backend: Backend
    sizes: Sizes
    handshake_client: Path


@dataclass(frozen=True)
class Metric:
    name: str
    higher_is_better: bool = False


CPU_METRICS = (Metric("cpu_us_per_request"), Metric("user_us_per_request"), Metric("system_us_per_request"))
REQUEST_METRICS = (*CPU_METRICS, Metric("requests_per_second", higher_is_better=True))
TRANSFER_METRICS = (Metric("cpu_us_per_megabyte"), Metric("megabytes_per_second", higher_is_better=True))
LATENCY_METRICS = (Metric("p50_us"), Metric("p99_us"), Metric("handshakes_per_second", higher_is_better=True))
# Not a result but a condition: every proxy should send the same number of session tickets.
TICKETS_VALUE = "tickets_per_connection"
Values = dict[str, float]


def _request_values(cpu: CpuTime, requests: int, seconds: float) -> Values:
    per_request = 1e6 / requests
    return {"cpu_us_per_request": cpu.total * per_request, "user_us_per_request": cpu.user * per_request,
            "system_us_per_request": cpu.system * per_request, "requests_per_second": requests / seconds}


# --- h2load ---------------------------------------------------------------------------------------------------------

def _h2load_command(proxy: Proxy, scheme: str, path: str, clients: int, requests: int) -> list[str]:
    port = proxy.https_port if scheme == "https" else proxy.http_port
    return ["h2load", "--h1", f"--connect-to=127.0.0.1:{port}", f"--tls13-ciphers={CIPHER}", f"--groups={GROUP}",
            "-t1", f"-c{clients}", f"-n{requests}", f"{scheme}://{HOSTNAME}{path}"]


def check_h2load(output: str, requests: int, scheme: str) -> None:
    """Raises BenchError unless all requests succeeded with 2xx and TLS was the pinned one."""
    summary = re.search(r"requests: .*", output)
    status = re.search(r"status codes: (\d+) 2xx", output)
    succeeded = re.search(r"(\d+) succeeded, 0 failed, 0 errored, 0 timeout", output)
    if not (succeeded and status and int(succeeded.group(1)) == int(status.group(1)) == requests):
        raise BenchError(f"Requests failed: {summary.group(0) if summary else output[-300:]}")
    expected = ("TLS Protocol: TLSv1.3", f"Cipher: {CIPHER}", f"Server Temp Key: {GROUP}")
    if scheme == "https" and not all(text in output for text in expected):
        raise BenchError(f"h2load did not negotiate TLS 1.3 with {CIPHER} and {GROUP}.")


def _run_h2load(bench: Bench, proxy: Proxy, scheme: str, path: str, clients: int, requests: int, *more: str) -> None:
    process = start_load([*_h2load_command(proxy, scheme, path, clients, requests), *more], bench.cores.load)
    check_h2load(finish_load(process, LOAD_SECONDS_MAX), requests, scheme)


# --- keep-alive -----------------------------------------------------------------------------------------------------

def _wait_for_requests(backend: Backend, target: int, load: subprocess.Popen) -> int:
    end = time.monotonic() + LOAD_SECONDS_MAX
    while (count := backend.count_requests()) < target:
        if load.poll() is not None or time.monotonic() > end:
            finish_load(load, 1)
            raise BenchError("The load ended before its warm-up was over.")
        time.sleep(POLL_SECONDS)
    return count


def _keepalive(scheme: str) -> Callable[[Bench, Proxy], Values]:
    def run(bench: Bench, proxy: Proxy) -> Values:
        # The window opens while requests are flowing, so that connecting (64 handshakes) is not part of it.
        requests = bench.sizes.keepalive_warmup + bench.sizes.keepalive_requests
        pids = proxy.service.process_ids()
        before = bench.backend.count_requests()
        load = start_load(_h2load_command(proxy, scheme, "/", KEEPALIVE_CLIENTS, requests), bench.cores.load)
        first = _wait_for_requests(bench.backend, before + bench.sizes.keepalive_warmup, load)
        cpu, start = read_cpu_time(pids), time.monotonic()
        output = finish_load(load, LOAD_SECONDS_MAX)
        seconds = time.monotonic() - start
        cpu = read_cpu_time(pids) - cpu
        check_h2load(output, requests, scheme)
        return _request_values(cpu, before + requests - first, seconds)
    return run


# --- handshakes -----------------------------------------------------------------------------------------------------

def _start_handshakes(bench: Bench, proxy: Proxy, host: str, count: int, mode: str, per_second: int) -> subprocess.Popen:
    """The client is ready to begin: finish_load with "go" as its input lets it."""
    load = start_load([str(bench.handshake_client), str(proxy.https_port), host, str(count), str(HANDSHAKE_THREADS),
                       mode, str(LOAD_SECONDS_MAX), str(per_second)], bench.cores.load)
    if load.stdout.readline() != "ready\n":
        finish_load(load, LOAD_SECONDS_MAX)
        raise BenchError("The handshake client did not get ready.")
    return load


def _handshakes(mode: str) -> Callable[[Bench, Proxy], Values]:
    def run(bench: Bench, proxy: Proxy) -> Values:
        count = bench.sizes.handshakes
        pids = proxy.service.process_ids()
        load = _start_handshakes(bench, proxy, HOSTNAME, count, mode, AS_FAST_AS_POSSIBLE)
        cpu = read_cpu_time(pids)
        result = json.loads(finish_load(load, LOAD_SECONDS_MAX + 15, "go\n"))
        cpu = read_cpu_time(pids) - cpu
        _check_handshakes(result, count, mode)
        return _request_values(cpu, count, result["seconds"]) | {TICKETS_VALUE: result["tickets"] / count}
    return run


def _check_handshakes(result: dict, count: int, mode: str) -> None:
    if result["failed"] or result["succeeded"] != count:
        raise BenchError(f"{count - result['succeeded']} of {count} connections failed: {result['error']}")
    expected = count if mode == "resume" else 0
    if result["resumed"] != expected:
        raise BenchError(f"{result['resumed']} of {count} handshakes were resumed, expected {expected}.")


# --- latency --------------------------------------------------------------------------------------------------------

def _read_latencies(log: Path, skip: int) -> list[int]:
    """Microseconds of each request in h2load's log, but for the first ones."""
    return [int(line.split("\t")[2]) for line in log.read_text().splitlines()[skip:]]


def _latency_under_handshakes(bench: Bench, proxy: Proxy) -> Values:
    """Requests at a fixed rate on open connections, while other clients shake hands with a host that has an RSA key."""
    seconds = bench.sizes.latency_seconds
    per_second = LATENCY_CLIENTS * LATENCY_REQUESTS_PER_CLIENT
    # The first second does not count: its requests came with the connections.
    requests = per_second * (seconds + 1)
    handshakes = RSA_HANDSHAKES_PER_SECOND * (seconds + 1)
    with tempfile.TemporaryDirectory(prefix="cardea-bench-") as folder:
        log = Path(folder) / "latencies"
        shaking = _start_handshakes(bench, proxy, RSA_HOSTNAME, handshakes, "full", RSA_HANDSHAKES_PER_SECOND)
        try:
            shaking.stdin.write("go\n")
            shaking.stdin.flush()
            _run_h2load(bench, proxy, "https", "/", LATENCY_CLIENTS, requests,
                        f"--rps={LATENCY_REQUESTS_PER_CLIENT}", f"--log-file={log}")
            result = json.loads(finish_load(shaking, LOAD_SECONDS_MAX))
        finally:
            shaking.kill()  # nothing, if it has ended
        latencies = _read_latencies(log, per_second)
    _check_handshakes(result, handshakes, "full")
    percentiles = statistics.quantiles(latencies, n=100)
    return {"p50_us": percentiles[49], "p99_us": percentiles[98],
            "handshakes_per_second": handshakes / result["seconds"]}


# --- download and upload --------------------------------------------------------------------------------------------

def _transfer(bench: Bench, proxy: Proxy, path: str, count: int, *more: str) -> Values:
    _run_h2load(bench, proxy, "https", path, TRANSFER_CLIENTS, TRANSFER_CLIENTS, *more)
    pids = proxy.service.process_ids()
    cpu, start = read_cpu_time(pids), time.monotonic()
    _run_h2load(bench, proxy, "https", path, TRANSFER_CLIENTS, count, *more)
    seconds = time.monotonic() - start
    cpu = read_cpu_time(pids) - cpu
    megabytes = count * LARGE_BYTES / 1e6
    return {"cpu_us_per_megabyte": cpu.total * 1e6 / megabytes, "megabytes_per_second": megabytes / seconds}


def _download(bench: Bench, proxy: Proxy) -> Values:
    return _transfer(bench, proxy, "/10m", bench.sizes.downloads)


def _upload(bench: Bench, proxy: Proxy) -> Values:
    return _transfer(bench, proxy, "/upload", bench.sizes.uploads, "-d", str(bench.backend.large_file))


# --- idle connections -----------------------------------------------------------------------------------------------

def measure_idle_memory(bench: Bench, proxy: Proxy) -> float:
    """KB that an idle TLS connection adds to the resident memory, each after one request. Only of a proxy that has had
    no load yet: what was allocated once is not given back, and would be used again without growth.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    request = f"GET / HTTP/1.1\r\nHost: {HOSTNAME}\r\n\r\n".encode()
    held: list[ssl.SSLSocket] = []

    def hold(count: int) -> None:
        for _ in range(count):
            plain = socket.create_connection(("127.0.0.1", proxy.https_port), timeout=10)
            held.append(context.wrap_socket(plain, server_hostname=HOSTNAME))
            held[-1].sendall(request)
            while SMALL_BODY.encode()[-20:] not in held[-1].recv(65536):
                pass
        time.sleep(IDLE_SECONDS)

    try:
        hold(IDLE_WARMUP)  # what the first ones allocate is not theirs
        before = resident_kilobytes(proxy.service.process_ids())
        hold(bench.sizes.idle_connections)
        return (resident_kilobytes(proxy.service.process_ids()) - before) / bench.sizes.idle_connections
    finally:
        for connection in held:
            connection.close()


# --- syscalls -------------------------------------------------------------------------------------------------------

def parse_strace(summary: str) -> dict[str, int]:
    """Calls by name from the table of `strace -c`, whose fourth column is the number of calls."""
    calls = {}
    for line in summary.splitlines():
        fields = line.split()
        if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
            calls[fields[-1]] = int(fields[3])
    return calls


def _trace(bench: Bench, proxy: Proxy, requests: int) -> dict[str, int]:
    arguments = [word for pid in proxy.service.process_ids() for word in ("-p", str(pid))]
    tracer = start_load(["strace", "-f", "-c", *arguments], bench.cores.load)
    try:
        _wait_until_traced(proxy, tracer)
        _run_h2load(bench, proxy, "https", "/", 1, requests)
    finally:
        tracer.send_signal(signal.SIGINT)  # strace detaches and prints its table
        _, summary = tracer.communicate(timeout=LOAD_SECONDS_MAX)
    return parse_strace(summary)


def _wait_until_traced(proxy: Proxy, tracer: subprocess.Popen) -> None:
    end = time.monotonic() + STRACE_ATTACH_SECONDS
    statuses = [status for pid in proxy.service.process_ids() for status in Path(f"/proc/{pid}/task").glob("*/status")]
    while any("TracerPid:\t0\n" in status.read_text() for status in statuses):
        if tracer.poll() is not None or time.monotonic() > end:
            raise BenchError("strace could not attach to the proxy (it needs the right to ptrace).")
        time.sleep(POLL_SECONDS)


def count_syscalls(bench: Bench, proxy: Proxy) -> dict[str, float]:
    """System calls per request by name. The difference of a long and a short run leaves the connection out."""
    extra = bench.sizes.traced_requests
    short = _trace(bench, proxy, extra // 5)
    long = _trace(bench, proxy, extra // 5 + extra)
    differences = {name: (calls - short.get(name, 0)) / extra for name, calls in long.items()}
    return {name: value for name, value in sorted(differences.items(), key=lambda item: -item[1]) if value > 0}


@dataclass(frozen=True)
class Case:
    name: str
    metrics: tuple[Metric, ...]
    run: Callable[[Bench, Proxy], Values]


LOAD_CASES = (
    Case("tls13-keepalive", REQUEST_METRICS, _keepalive("https")),
    Case("http-keepalive", REQUEST_METRICS, _keepalive("http")),
    Case("handshake-ecdsa", REQUEST_METRICS, _handshakes("full")),
    Case("handshake-resumed", REQUEST_METRICS, _handshakes("resume")),
    Case("latency-under-rsa-handshakes", LATENCY_METRICS, _latency_under_handshakes),
    Case("download-10m", TRANSFER_METRICS, _download),
    Case("upload-10m", TRANSFER_METRICS, _upload),
)
SYSCALLS_CASE = "syscalls"
IDLE_MEMORY_CASE = "idle-memory"
CASE_NAMES = (IDLE_MEMORY_CASE, *(case.name for case in LOAD_CASES), SYSCALLS_CASE)
