"""The benchmarks run; what they measure is for `make bench`."""

import os
import re
import subprocess
import sys
from pathlib import Path


def printed_by(name: str) -> str:
    command = [sys.executable, str(Path(__file__).with_name(name)), "--rows", "3000", "--rounds", "1"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_conversion_benchmark_prints_both_sides_and_their_ratio() -> None:
    printed = printed_by("bench_conversion.py")
    assert re.search(r"^conversion of 3,000 trades +seconds +rows/s +peak MB$", printed, re.MULTILINE)
    assert re.search(r"^conversion of [\d,]+ books +seconds +rows/s +peak MB$", printed, re.MULTILINE)
    for side in ("tickreel", "engine: TradeTick, write_trade_ticks", "engine: OrderBookDepth, write_order_book_depths"):
        assert re.search(rf"^{side} +[\d.]+ +[\d,]+ +\d+$", printed, re.MULTILINE)
    assert len(re.findall(r"^ratio [\d.]+ x \(target: at least 8 x\)$", printed, re.MULTILINE)) == 2


def test_the_replay_benchmark_prints_all_sides_and_their_ratios_with_one_core_and_with_all() -> None:
    printed = printed_by("bench_replay.py")
    cores = re.findall(r"^3,000 rows, an order each, (\d+) cores? +seconds +rows/s +peak MB +x bare$", printed, re.MULTILINE)
    assert [int(number) for number in cores] == sorted({1, len(os.sched_getaffinity(0))})
    for side in (
        "tickreel fast: CreateRun to SUCCEEDED, watched",
        "tickreel full: CreateRun to SUCCEEDED, watched",
        "bare .* script",
    ):
        found = re.findall(rf"^{side} +[\d.]+ +[\d,]+ +\d+ +[\d.]+  rounds [\d.]+", printed, re.MULTILINE)
        assert len(found) == len(cores)
    assert len(set(re.findall(r"result_digest.*", printed))) == 1
