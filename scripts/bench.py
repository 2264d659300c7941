#!/usr/bin/env python3
"""Measures Cardea against nginx and HAProxy on this machine: CPU per request, throughput, system calls.

Prints a table and writes build/bench/results.json. docs/performance.md says what is measured and how to repeat it.
Exit code 0: all cases ran; 1: a proxy could not start, a request failed or a tool is missing. No number fails it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "bench"))

from cardea_bench import report  # noqa: E402
from cardea_bench.backend import Backend  # noqa: E402
from cardea_bench.cardea import start_cardea  # noqa: E402
from cardea_bench.cases import (  # noqa: E402
    CASE_NAMES, FULL, IDLE_MEMORY_CASE, LOAD_CASES, QUICK, SYSCALLS_CASE, TICKETS_VALUE, Bench, Case, Metric,
    count_syscalls, measure_idle_memory)
from cardea_bench.certificates import RSA2048, RSA_HOSTNAME, make_certificate  # noqa: E402
from cardea_bench.errors import BenchError  # noqa: E402
from cardea_bench.processes import Cores, Service, run_tool  # noqa: E402
from cardea_bench.proxies import Proxy, Setting, start_haproxy, start_nginx  # noqa: E402

OUTPUT = ROOT / "build" / "bench"
PROXY_NAMES = ("cardea", "nginx", "haproxy")
COMPILERS = ("clang++-19", "clang++", "g++")
TOOLS = {"h2load": "nghttp2-client", "nginx": "nginx", "openssl": "openssl", "haproxy": "haproxy",
         "redis-server": "redis-server", "strace": "strace"}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure Cardea against nginx and HAProxy.")
    parser.add_argument("--quick", action="store_true", help="one short round of every case: shows that it works")
    parser.add_argument("--case", choices=CASE_NAMES, help="only this case")
    parser.add_argument("--rounds", type=int, help="rounds per case (default 5, with --quick 1)")
    parser.add_argument("--only", default=",".join(PROXY_NAMES), help="comma-separated proxies, such as nginx,haproxy")
    parser.add_argument("--binary", type=Path, default=ROOT / "build" / "release" / "cardea", help="Cardea's program")
    parser.add_argument("--access-log", action="store_true", help="Cardea writes its access log; the others have none")
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 5)
    arguments.only = arguments.only.split(",")
    if not 1 <= arguments.rounds <= 50:
        parser.error("--rounds is between 1 and 50")
    if not set(arguments.only) <= set(PROXY_NAMES):
        parser.error(f"--only takes {', '.join(PROXY_NAMES)}")
    return arguments


def require_tools(names: list[str], binary: Path) -> None:
    unused = {"haproxy"} - set(names) | ({"redis-server"} if "cardea" not in names else set())
    missing = [package for tool, package in TOOLS.items() if tool not in unused and not shutil.which(tool)]
    if missing:
        raise BenchError(f"Missing packages: {' '.join(missing)}. `./scripts/justw setup bench` installs them.")
    if "cardea" in names and not os.access(binary, os.X_OK):
        raise BenchError(f"{binary} does not exist. `./scripts/justw build` makes the release build.")


def build_handshake_client() -> Path:
    source, program = ROOT / "tests" / "bench" / "handshake_client.cc", OUTPUT / "handshake_client"
    if program.exists() and program.stat().st_mtime > source.stat().st_mtime:
        return program
    compiler = next((name for name in COMPILERS if shutil.which(name)), None)
    if compiler is None:
        raise BenchError(f"No C++ compiler found ({', '.join(COMPILERS)}).")
    run_tool([compiler, "-std=c++20", "-O2", "-pthread", "-o", str(program), str(source), "-lssl", "-lcrypto"], 120)
    return program


class Stack:
    """Everything that runs beside the load: backend, proxies, Cardea's Redis. Ends all of it when closed."""

    def __init__(self, folder: Path, names: list[str], binary: Path, cores: Cores, access_log: str):
        self.proxies: list[Proxy] = []
        self._services: list[Service] = []
        self._folder, self._binary, self._cores = folder, binary, cores
        self._access_log = access_log
        try:
            self._start(names)
        except BaseException:
            self.close()
            raise

    def _start(self, names: list[str]) -> None:
        certificate = make_certificate(self._folder / "certificates")
        self.backend = Backend(self._folder / "backend", self._cores.load)
        self._services.append(self.backend.service)
        rsa = make_certificate(self._folder / "rsa-certificates", RSA_HOSTNAME, RSA2048)
        setting = Setting(self._folder, certificate, rsa, self.backend.port, self._cores.proxy)
        for name in PROXY_NAMES:
            if name in names:
                self.proxies.append(self._start_proxy(name, setting))
        for proxy in self.proxies:
            proxy.require_ready(certificate)

    def _start_proxy(self, name: str, setting: Setting) -> Proxy:
        if name == "cardea":
            proxy, redis = start_cardea(setting, self._binary, self._cores, self._access_log)
            self._services.append(redis)
        else:
            proxy = start_nginx(setting) if name == "nginx" else start_haproxy(setting)
        self._services.append(proxy.service)
        return proxy

    def close(self) -> None:
        for service in reversed(self._services):
            service.stop()


def run_load_case(bench: Bench, proxies: list[Proxy], case: Case, rounds: int) -> list[dict]:
    """Interleaved: every round measures each proxy once, so that a slow phase of the machine hits all of them."""
    rows: dict[str, list[dict[str, float]]] = {proxy.name: [] for proxy in proxies}
    for number in range(1, rounds + 1):
        for proxy in proxies:
            print(f"  {case.name}: round {number} of {rounds}, {proxy.name} ...", file=sys.stderr, flush=True)
            try:
                rows[proxy.name].append(case.run(bench, proxy))
            except BenchError as error:
                raise BenchError(f"{case.name} with {proxy.name}: {error}\n{proxy.service.log_tail()}") from None
    tickets = {name: values[0][TICKETS_VALUE] for name, values in rows.items() if TICKETS_VALUE in values[0]}
    if len(set(tickets.values())) > 1:
        print(f"warning: {case.name}: session tickets per connection differ: {tickets}", file=sys.stderr)
    return [report.make_entry(case.name, metric, {name: [row[metric.name] for row in values]
                                                  for name, values in rows.items()}) for metric in case.metrics]


def run_idle_memory_case(bench: Bench, proxies: list[Proxy]) -> list[dict]:
    samples = {}
    for proxy in proxies:
        print(f"  {IDLE_MEMORY_CASE}: {proxy.name} ...", file=sys.stderr, flush=True)
        samples[proxy.name] = [measure_idle_memory(bench, proxy)]
    return [report.make_entry(IDLE_MEMORY_CASE, Metric("kb_per_connection"), samples)]


def run_syscalls_case(bench: Bench, proxies: list[Proxy]) -> tuple[list[dict], list[str]]:
    calls = {}
    for proxy in proxies:
        print(f"  {SYSCALLS_CASE}: {proxy.name} ...", file=sys.stderr, flush=True)
        calls[proxy.name] = count_syscalls(bench, proxy)
    samples = {name: [sum(by_call.values())] for name, by_call in calls.items()}
    entry = report.make_entry(SYSCALLS_CASE, Metric("syscalls_per_request"), samples)
    return [entry], ["system calls per keep-alive TLS request on one connection:", *report.syscall_lines(calls)]


def measure(arguments: argparse.Namespace, stack: Stack, bench: Bench) -> None:
    entries: list[dict] = []
    notes: list[str] = []
    if arguments.case in (None, IDLE_MEMORY_CASE):
        entries += run_idle_memory_case(bench, stack.proxies)  # first: see there
    for case in LOAD_CASES:
        if arguments.case in (None, case.name):
            entries += run_load_case(bench, stack.proxies, case, arguments.rounds)
    if arguments.case in (None, SYSCALLS_CASE):
        try:
            syscalls, notes = run_syscalls_case(bench, stack.proxies)
            entries += syscalls
        except BenchError as error:
            if "strace" not in str(error):
                raise
            notes = [f"system calls were not counted: {error}"]
    names = [proxy.name for proxy in stack.proxies]
    print(f"median (min..max) of {arguments.rounds} interleaved rounds; ratio = cardea / best peer\n")
    print(report.table(entries, names))
    print("\n".join(["", *report.busy_lines(entries), *notes, ""]))
    report.write(OUTPUT / "results.json", entries)
    print(f"written: {(OUTPUT / 'results.json').relative_to(ROOT)}")


def run(arguments: argparse.Namespace) -> None:
    require_tools(arguments.only, arguments.binary)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    client = build_handshake_client()
    cores = Cores.choose()
    os.sched_setaffinity(0, {cores.load})
    with tempfile.TemporaryDirectory(prefix="cardea-bench-") as folder:
        access_log = str(Path(folder) / "access.log") if arguments.access_log else ""
        stack = Stack(Path(folder), arguments.only, arguments.binary.resolve(), cores, access_log)
        try:
            versions = {proxy.name: proxy.version for proxy in stack.proxies}
            print("\n".join(report.machine_lines(cores, versions)), flush=True)
            sizes = QUICK if arguments.quick else FULL
            measure(arguments, stack, Bench(cores, stack.backend, sizes, client))
        finally:
            stack.close()


def main() -> int:
    arguments = parse_arguments()
    # SIGTERM must end the children and the temporary folder as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        run(arguments)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
