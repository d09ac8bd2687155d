"""Replay: one order per trade row through the services, against the script that one would write by hand.

    python tests/benchmarks/bench_replay.py [--rows 200000] [--rounds 3]

Both replay the same converted rows and end with the same number of fills. Ours is timed from CreateRun to the final message
of WatchRun, fast mode, progress on: validation, spawning the worker, replay, the exact account, the digests and the result
file are all in it. The rival is timed as a whole process. Rounds alternate, so that both meet the same noise; the table has
medians and the greatest peak memory.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from google.protobuf import struct_pb2

sys.path.append(str(Path(__file__).parents[1]))

from run_configs import run_config
from serving import serving, settings_in
from tickreel.converter.service import ConverterServicer
from tickreel.engine.instruments import engine_instrument
from tickreel.engine.replay import write_instrument
from tickreel.rpc.channel import ServiceClient
from tickreel.runner.service import RunnerServicer
from tickreel.stores import sample_data
from tickreel.stores.sample_market import END, START
from tickreel.v1 import job_pb2, result_pb2, run_pb2, runner_service_pb2

TARGET = 1.15
NAME = "SAMPLE-FUTURES:PERPETUAL:BTC-USDT"
ENGINE_ID = "BTC-USDT-PERP.SAMPLE-FUTURES"


async def run_through_services(runner: ServiceClient, document: struct_pb2.Struct) -> tuple[float, run_pb2.Run]:
    """Seconds from the request to the last message, and the run."""
    start = time.perf_counter()
    options = run_pb2.RunOptions(mode=result_pb2.RUN_MODE_FAST, snapshot_mode=result_pb2.SNAPSHOT_MODE_TRADES)
    request = runner_service_pb2.CreateRunRequest(document=document, options=options)
    run = (await runner.call("CreateRun", request)).run
    async for response in runner.stream("WatchRun", runner_service_pb2.WatchRunRequest(run_id=run.run_id)):
        run = response.run
    seconds = time.perf_counter() - start
    assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
    return seconds, run


def run_bare(catalog: Path) -> tuple[float, int, float]:
    """Seconds, fills and peak MB of the rival's process."""
    command = [sys.executable, str(Path(__file__).with_name("bare_replay.py")), str(catalog), ENGINE_ID]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    fills = int(process.stdout.read())
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    process.stdout.close()
    return time.perf_counter() - start, fills, usage.ru_maxrss / 1024


async def main() -> None:
    """Generates the rows, converts them, measures both sides in turn, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tickreel-bench-") as folder:
        await measure(Path(folder), options.rows, options.rounds)


async def measure(folder: Path, rows: int, rounds: int) -> None:
    """Measures in a folder, and prints the table."""
    sample_data.MARKETS = sample_data.MARKETS[:1]
    sample_data.write_sample_data(folder / "data_downloads", sample_data.SEED, rows)
    config = run_config(NAME, START, END, price_precision=1, starting_balance=1_000_000_000)
    document = struct_pb2.Struct()
    document.update(config)
    settings = settings_in(folder)
    async with serving("converter", ConverterServicer, settings) as converter:
        settings = settings_in(folder, TICKREEL_CONVERTER_ADDRESS=converter.address)
        async with serving("runner", RunnerServicer, settings) as runner:
            # The first run converts, and warms the caches of the file system for both.
            _, run = await run_through_services(runner, document)
            label = next((folder / "parquet").glob("price*"))
            write_instrument(label, engine_instrument(ENGINE_ID, run.config.instrument))
            ours, bare = [], []
            for _ in range(rounds):
                seconds, run = await run_through_services(runner, document)
                assert run.result.summary.fills == rows
                ours.append((seconds, run.result.metadata.peak_memory_mib))
                seconds, fills, peak = await asyncio.to_thread(run_bare, label)
                assert fills == rows
                bare.append((seconds, peak))
    print(f"{'replay of ' + format(rows, ',') + ' rows, an order each':<44}{'seconds':>10}{'rows/s':>12}{'peak MB':>10}")
    medians = []
    for name, measured in (("tickreel: CreateRun to SUCCEEDED, watched", ours), ("bare BacktestNode script", bare)):
        seconds = statistics.median(second for second, _ in measured)
        medians.append(seconds)
        print(f"{name:<44}{seconds:>10.2f}{rows / seconds:>12,.0f}{max(peak for _, peak in measured):>10.0f}")
    ratios = [ours_s / bare_s for (ours_s, _), (bare_s, _) in zip(ours, bare, strict=True)]
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"ratio {medians[0] / medians[1]:.2f} x its time, round by round {shown} (target: at most {TARGET} x)")


if __name__ == "__main__":
    asyncio.run(main())
