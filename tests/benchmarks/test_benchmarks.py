"""The benchmarks run; what they measure is for `make bench`."""

import re
import subprocess
import sys
from pathlib import Path


def test_the_conversion_benchmark_prints_both_sides_and_their_ratio() -> None:
    script = Path(__file__).with_name("bench_conversion.py")
    command = [sys.executable, str(script), "--rows", "3000", "--rounds", "1"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert re.search(r"^conversion of 3,000 trades +seconds +rows/s +peak MB$", printed, re.MULTILINE)
    assert re.search(r"^conversion of [\d,]+ books +seconds +rows/s +peak MB$", printed, re.MULTILINE)
    for side in ("tickreel", "engine: TradeTick, write_trade_ticks", "engine: OrderBookDepth, write_order_book_depths"):
        assert re.search(rf"^{side} +[\d.]+ +[\d,]+ +\d+$", printed, re.MULTILINE)
    assert len(re.findall(r"^ratio [\d.]+ x \(target: at least 8 x\)$", printed, re.MULTILINE)) == 2
