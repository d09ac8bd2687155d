"""Benchmark of memory: a replay, and one with five times the rows, with one order per row.

    python tests/benchmarks/bench_memory.py [--rows 1000000] [--mode fast]

A run with that many rows is followed by one with five times as many, both on all cores. The table shows the greatest total
memory of a run's processes in each fifth of its rows, and the peak of a single process. Flat memory shows the same figures in
every column, and a ratio of about 1 between the runs.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from google.protobuf import struct_pb2

sys.path.append(str(Path(__file__).parents[1]))

from bench_replay import MODES, NAME

from run_configs import run_config
from serving import serving, settings_in
from tickreel.converter.service import ConverterServicer
from tickreel.rpc.channel import ServiceClient
from tickreel.runner.service import RunnerServicer
from tickreel.stores import sample_data
from tickreel.stores.sample_market import END, START
from tickreel.v1 import job_pb2, result_pb2, run_pb2, runner_service_pb2

FIFTHS = 5
TARGET = 800


def main() -> None:
    """Replay both, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--mode", choices=MODES, default="fast")
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    print(f"an order a row, {options.mode}, {cores} processes: MiB of all of them, the most in each fifth of the rows")
    peaks = [asyncio.run(measure(rows, options.mode, cores)) for rows in (options.rows, FIFTHS * options.rows)]
    print(f"peak of a process, five times the rows over once: {peaks[1] / peaks[0]:.2f}  target {TARGET} MiB at most, flat")


async def measure(rows: int, mode: str, cores: int) -> int:
    """Replay that many rows, print a line, and return the peak memory of a process in MiB."""
    sample_data.MARKETS = sample_data.MARKETS[:1]
    with tempfile.TemporaryDirectory(prefix="tickreel-bench-") as name:
        folder = Path(name)
        sample_data.write_sample_data(folder / "data_downloads", sample_data.SEED, rows)
        document = struct_pb2.Struct()
        document.update(run_config(NAME, START, END, price_precision=1, starting_balance=1_000_000_000))
        async with serving("converter", ConverterServicer, settings_in(folder)) as converter:
            own = {"TICKREEL_CONVERTER_ADDRESS": converter.address, "TICKREEL_RUN_PROCESSES": str(cores)}
            async with serving("runner", RunnerServicer, settings_in(folder, **own)) as runner:
                fifths, run = await watch(runner, document, mode)
    assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
    assert run.result.summary.fills == rows
    peak = run.result.metadata.peak_memory_mib
    print(f"{rows:>12,} rows{''.join(f'{most:>8,}' for most in fifths)}   peak of a process {peak:,}", flush=True)
    return peak


async def watch(runner: ServiceClient, document: struct_pb2.Struct, mode: str) -> tuple[list[int], run_pb2.Run]:
    """Create a run and watch it; return the greatest total memory of its processes in each fifth of its rows, and the run."""
    options = run_pb2.RunOptions(mode=MODES[mode], snapshot_mode=result_pb2.SNAPSHOT_MODE_TRADES)
    request = runner_service_pb2.CreateRunRequest(document=document, options=options)
    run = (await runner.call("CreateRun", request)).run
    fifths = [0] * FIFTHS
    async for response in runner.stream("WatchRun", runner_service_pb2.WatchRunRequest(run_id=run.run_id)):
        run = response.run
        if run.live.memory_mib and run.progress.total:
            fifth = min(FIFTHS - 1, FIFTHS * run.progress.done // run.progress.total)
            fifths[fifth] = max(fifths[fifth], run.live.memory_mib)
    return fifths, run


if __name__ == "__main__":
    main()
