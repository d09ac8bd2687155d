"""The benchmarks run and print their tables; `make bench` takes the measurements.

Sizes are the least at which every line of a benchmark runs, and each benchmark sees one core: it then measures one core only.
`bench_browser.py` is left out: the tests of the UI cover what it does, and it takes a minute.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    """Restrict this thread, and with it the benchmark that the test starts, to one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    yield
    os.sched_setaffinity(0, cores)


def printed_by(name: str, rows: int, *options: str) -> str:
    command = [sys.executable, str(Path(__file__).with_name(name)), "--rows", str(rows), *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_conversion_benchmark_prints_both_sides_and_their_ratio() -> None:
    printed = printed_by("bench_conversion.py", 100, "--rounds", "1")
    assert re.search(r"^conversion of 100 trades +seconds +rows/s +peak MB$", printed, re.MULTILINE)
    assert re.search(r"^conversion of [\d,]+ books +seconds +rows/s +peak MB$", printed, re.MULTILINE)
    for side in ("tickreel", "engine: TradeTick, write_trade_ticks", "engine: OrderBookDepth, write_order_book_depths"):
        assert re.search(rf"^{side} +[\d.]+ +[\d,]+ +\d+$", printed, re.MULTILINE)
    assert len(re.findall(r"^ratio [\d.]+ x \(target: at least 8 x\)$", printed, re.MULTILINE)) == 2


def test_the_replay_benchmark_prints_all_sides_and_their_ratios() -> None:
    printed = printed_by("bench_replay.py", 100, "--rounds", "1")
    cores = re.findall(r"^100 rows, an order each, (\d+) cores? +seconds +rows/s +peak MB +x bare$", printed, re.MULTILINE)
    assert cores == ["1"]
    for side in (
        "tickreel fast: CreateRun to SUCCEEDED, watched",
        "tickreel full: CreateRun to SUCCEEDED, watched",
        "bare .* script",
    ):
        found = re.findall(rf"^{side} +[\d.]+ +[\d,]+ +\d+ +[\d.]+  rounds [\d.]+", printed, re.MULTILINE)
        assert len(found) == len(cores)
    assert len(set(re.findall(r"result_digest.*", printed))) == 1


def test_the_benchmark_of_memory_prints_both_lengths_and_their_ratio() -> None:
    printed = printed_by("bench_memory.py", 100)
    for rows in ("100", "500"):
        assert re.search(rf"^ +{rows} rows(?: +[\d,]+){{5}}   peak of a process [\d,]+$", printed, re.MULTILINE)
    assert re.search(r"^peak of a process, .*: [\d.]+  target 800 MiB at most, flat$", printed, re.MULTILINE)


def test_the_benchmark_of_jobs_prints_what_is_held_to_a_target() -> None:
    printed = printed_by("bench_jobs.py", 1_000, "--rounds", "1", "--runs", "1", "--watchers", "2", "--phases", "queued")
    assert re.search(r"^a one-minute run, .*median [\d.]+ s.* \(target: under 0.5 s\)$", printed, re.MULTILINE)
    assert re.search(r"^cores busy with it: \d+% \(target: at least 90%\), \d+% by the services, .*$", printed, re.MULTILINE)
    assert re.search(r"^  scratch folders +0 before +0 after$", printed, re.MULTILINE)
    assert re.search(r"^ratio [\d.]+ x its time, .* \(target: at most 1.05 x\)$", printed, re.MULTILINE)
    phases = re.findall(r"^(\w+) +[\d.]+ +[\d.]+$", printed, re.MULTILINE)
    assert phases == ["queued"]


def test_the_benchmark_of_streams_prints_both_sides_and_their_ratio() -> None:
    printed = printed_by("bench_streams.py", 100, "--rounds", "1")
    assert re.search(r"^100 ticks, five columns +rows/s +first ms$", printed, re.MULTILINE)
    assert re.search(r"^ratio [\d.]+ x the plain rate", printed, re.MULTILINE)
    assert len(re.findall(r"^(?:Sample|List).* [\d,.]+ +[\d,.]+ +[\d.]+ x$", printed, re.MULTILINE)) == 5
    assert re.search(r"^tickreel: made and fetched \(target: 1,000,000\) +[\d,]+$", printed, re.MULTILINE)
    assert re.search(r"^resident memory of the service \(target: 500\) +\d+$", printed, re.MULTILINE)
    assert re.search(r"^the index from the files: [\d.]+ s \(target: 10\)$", printed, re.MULTILINE)


def test_the_benchmark_of_the_recorder_prints_both_sides_and_their_ratios() -> None:
    printed = printed_by("bench_recorder.py", 30, "--rounds", "1")
    for strategy in ("IOC orders", "moving quotes", "brackets"):
        assert re.search(rf"^{strategy} +\d+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+$", printed, re.MULTILINE)
    assert re.search(r"^memory of .*: engine alone [\d,]+, tickreel [\d,]+, of which the record [\d,]+$", printed, re.MULTILINE)
