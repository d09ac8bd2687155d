"""The benchmarks run; what they measure is for `make bench`.

The one in a browser is not among them: what it does, the tests of the UI do, and it takes a minute.
"""

import os
import re
import subprocess
import sys
from pathlib import Path


def printed_by(name: str, *options: str) -> str:
    return output_of(name, "--rounds", "1", *options)


def output_of(name: str, *options: str) -> str:
    command = [sys.executable, str(Path(__file__).with_name(name)), "--rows", "3000", *options]
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


def test_the_benchmark_of_memory_prints_both_lengths_and_their_ratio() -> None:
    printed = output_of("bench_memory.py")
    for rows in ("3,000", "15,000"):
        assert re.search(rf"^ +{rows} rows(?: +[\d,]+){{5}}   peak of a process [\d,]+$", printed, re.MULTILINE)
    assert re.search(r"^peak of a process, .*: [\d.]+  target 800 MiB at most, flat$", printed, re.MULTILINE)


def test_the_benchmark_of_jobs_prints_what_is_held_to_a_target() -> None:
    printed = printed_by("bench_jobs.py", "--runs", "4", "--watchers", "3")
    assert re.search(r"^a one-minute run, .*median [\d.]+ s.* \(target: under 0.5 s\)$", printed, re.MULTILINE)
    assert re.search(r"^cores busy with it: \d+% \(target: at least 90%\), \d+% by the services, .*$", printed, re.MULTILINE)
    assert re.search(r"^  scratch folders +0 before +0 after$", printed, re.MULTILINE)
    assert re.search(r"^ratio [\d.]+ x its time, .* \(target: at most 1.05 x\)$", printed, re.MULTILINE)
    phases = re.findall(r"^(\w+) +[\d.]+ +[\d.]+$", printed, re.MULTILINE)
    assert phases == ["queued", "starting", "converting", "loading", "replaying", "writing"]


def test_the_benchmark_of_streams_prints_both_sides_and_their_ratio() -> None:
    printed = printed_by("bench_streams.py")
    assert re.search(r"^3,000 ticks, five columns +rows/s +first ms$", printed, re.MULTILINE)
    assert re.search(r"^ratio [\d.]+ x the plain rate", printed, re.MULTILINE)
    assert len(re.findall(r"^(?:Sample|List).* [\d,.]+ +[\d,.]+ +[\d.]+ x$", printed, re.MULTILINE)) == 5
    assert re.search(r"^tickreel: made and fetched \(target: 1,000,000\) +[\d,]+$", printed, re.MULTILINE)
    assert re.search(r"^resident memory of the service \(target: 500\) +\d+$", printed, re.MULTILINE)
    assert re.search(r"^the index from the files: [\d.]+ s \(target: 10\)$", printed, re.MULTILINE)
