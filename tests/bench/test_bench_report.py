"""The arithmetic and the output parsers of the benchmark; the measurements themselves are `just bench --quick`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from cardea_bench.cases import Metric, check_h2load, parse_strace  # noqa: E402
from cardea_bench.errors import BenchError  # noqa: E402
from cardea_bench.report import make_entry, table  # noqa: E402

H2LOAD = """TLS Protocol: TLSv1.3
Cipher: TLS_AES_128_GCM_SHA256
Server Temp Key: X25519 253 bits
requests: 100 total, 100 started, 100 done, {succeeded} succeeded, {failed} failed, 0 errored, 0 timeout
status codes: {succeeded} 2xx, 0 3xx, 0 4xx, {failed} 5xx
"""

STRACE = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 50.00    0.000200           1       200           epoll_wait
 25.00    0.000100           1       100        10 recvfrom
------ ----------- ----------- --------- --------- ----------------
100.00    0.000300           1       300        10 total
"""


def test_the_ratio_of_a_cost_is_taken_to_the_cheapest_peer():
    entry = make_entry("case", Metric("cost"), {"cardea": [9.0, 8.0, 30.0], "nginx": [10.0], "haproxy": [12.0]})
    assert entry["cardea"] == 9.0
    assert entry["ratio"] == 0.9
    assert entry["spread"]["cardea"] == [8.0, 30.0]
    assert entry["rounds"] == 3


def test_the_ratio_of_a_throughput_is_taken_to_the_fastest_peer():
    samples = {"cardea": [110.0], "nginx": [80.0], "haproxy": [100.0]}
    assert make_entry("case", Metric("speed", higher_is_better=True), samples)["ratio"] == 1.1


def test_without_cardea_there_is_no_ratio_and_the_table_still_prints():
    entry = make_entry("case", Metric("cost"), {"nginx": [10.0]})
    assert entry["cardea"] is None and entry["ratio"] is None
    assert "10 (10..10)" in table([entry], ["nginx"])


def test_h2load_output_with_all_requests_answered_is_accepted():
    check_h2load(H2LOAD.format(succeeded=100, failed=0), 100, "https")


@pytest.mark.parametrize("output", [
    H2LOAD.format(succeeded=99, failed=1),
    H2LOAD.format(succeeded=100, failed=0).replace("X25519", "ECDH P-256"),
    H2LOAD.format(succeeded=100, failed=0).replace("TLSv1.3", "TLSv1.2"),
    "",
])
def test_h2load_output_with_a_failed_request_or_other_tls_is_refused(output):
    with pytest.raises(BenchError):
        check_h2load(output, 100, "https")


def test_strace_counts_are_read_with_and_without_the_errors_column():
    assert parse_strace(STRACE) == {"epoll_wait": 200, "recvfrom": 100}
