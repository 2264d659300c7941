"""Medians, ratios, the table, the description of the machine, and results.json."""

from __future__ import annotations

import json
import os
import platform
import ssl
import statistics
from pathlib import Path

from .cases import Metric
from .processes import Cores, run_tool

OURS = "cardea"


def make_entry(case: str, metric: Metric, samples: dict[str, list[float]]) -> dict:
    """One entry of results.json from the rounds of each proxy. `cardea` and `ratio` are null when it did not run."""
    medians = {name: _round(statistics.median(values)) for name, values in samples.items()}
    peers = {name: value for name, value in medians.items() if name != OURS}
    ours = medians.get(OURS)
    best = (max if metric.higher_is_better else min)(peers.values(), default=None)
    return {
        "case": case, "metric": metric.name, "cardea": ours, "peers": peers,
        "ratio": _round(ours / best) if ours is not None and best else None,
        "spread": {name: [_round(min(values)), _round(max(values))] for name, values in samples.items()},
        "rounds": max(len(values) for values in samples.values()), "higher_is_better": metric.higher_is_better}


def _round(value: float) -> float:
    return float(f"{value:.4g}")


def table(entries: list[dict], names: list[str]) -> str:
    """The entries as text: median (min..max) of each proxy and the ratio to the best peer."""
    rows = [["case", "metric", *names, "ratio"]]
    previous = ""
    for entry in entries:
        medians = entry["peers"] | {OURS: entry["cardea"]}
        cells = [_cell(medians.get(name), entry["spread"].get(name)) for name in names]
        better = "higher" if entry["higher_is_better"] else "lower"
        ratio = "-" if entry["ratio"] is None else f"{entry['ratio']:.3f} ({better} is better)"
        rows.append([entry["case"] if entry["case"] != previous else "", entry["metric"], *cells, ratio])
        previous = entry["case"]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _cell(median: float | None, spread: list[float] | None) -> str:
    if median is None or spread is None:
        return "-"
    return f"{_number(median)} ({_number(spread[0])}..{_number(spread[1])})"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 1000 else f"{value:.4g}"


def syscall_lines(calls: dict[str, dict[str, float]]) -> list[str]:
    """The system calls per request of each proxy, most frequent first."""
    return [f"  {name}: " + ", ".join(f"{call} {count:.2f}" for call, count in by_call.items() if count >= 0.005)
            for name, by_call in calls.items()]


def busy_lines(entries: list[dict]) -> list[str]:
    """How busy each proxy was: well below 100 % means that the load core, not the proxy, limited the throughput."""
    values = {(entry["case"], entry["metric"]): entry["peers"] | {OURS: entry["cardea"]} for entry in entries}
    lines = []
    for unit, units in (("request", "requests"), ("megabyte", "megabytes")):
        cost, speed = f"cpu_us_per_{unit}", f"{units}_per_second"
        for case in dict.fromkeys(name for name, metric in values if metric == cost):
            busy = {name: cpu * values[case, speed][name] / 1e4 for name, cpu in values[case, cost].items() if cpu}
            lines.append(f"  {case}: " + ", ".join(f"{name} {percent:.0f} %" for name, percent in sorted(busy.items())))
    heading = "proxy core busy (where it is well below 100 %, the load core limits the throughput):"
    return [heading, *lines] if lines else []


def machine_lines(cores: Cores, versions: dict[str, str]) -> list[str]:
    cpu = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    h2load = run_tool(["h2load", "--version"]).split()[-1]
    load = os.getloadavg()[0]
    lines = [f"machine   {cpu}, {os.cpu_count()} cores, Linux {platform.release()}, {ssl.OPENSSL_VERSION}",
             f"versions  {', '.join(f'{name} {version}' for name, version in versions.items())}, h2load {h2load}",
             f"pinning   proxy on core {cores.proxy}; load generator and backend on core {cores.load}"]
    if cores.proxy == cores.load:
        lines.append("warning   only one core is usable: the throughput numbers mean little")
    if load > 0.5:
        lines.append(f"warning   the load average is {load:.1f}: other work on this machine disturbs the numbers")
    return lines


def write(path: Path, entries: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entries, indent=2) + "\n")
