"""The benchmarks run; what they measure is for `make bench`."""

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


def test_the_replay_benchmark_prints_both_sides_and_their_ratio() -> None:
    printed = printed_by("bench_replay.py")
    assert re.search(r"^replay of 3,000 rows, an order each +seconds +rows/s +peak MB$", printed, re.MULTILINE)
    for side in ("tickreel: CreateRun to SUCCEEDED, watched", "bare BacktestNode script"):
        assert re.search(rf"^{side} +[\d.]+ +[\d,]+ +\d+$", printed, re.MULTILINE)
    assert re.search(r"^ratio [\d.]+ x its time", printed, re.MULTILINE)
