"""Benchmark of replay: one order per trade row through the services, against a script written by hand.

    python tests/benchmarks/bench_replay.py [--rows 200000] [--rounds 3]

Both replay the same converted rows and end with the same number of fills. Tickreel is timed from CreateRun to the last message
of WatchRun. This includes validation, the worker, the replay, the exact account, the digests and the result files. The script
is timed as a whole process. All are measured with one core, then with all cores. Rounds alternate, so that all meet the same
noise. The table shows medians, the greatest peak memory of a process, and the ratio of the script's time to each time.
"""

import argparse
import asyncio
import json
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
from tickreel.engine.instrument import engine_instrument, write_instrument
from tickreel.rpc.channel import ServiceClient
from tickreel.runner.service import RunnerServicer
from tickreel.stores import sample_data
from tickreel.stores.sample_market import END, START
from tickreel.v1 import job_pb2, result_pb2, run_pb2, runner_service_pb2

NAME = "SAMPLE-FUTURES:PERPETUAL:BTC-USDT"
ENGINE_ID = "BTC-USDT-PERP.SAMPLE-FUTURES"
MODES = {"fast": result_pb2.RUN_MODE_FAST, "full": result_pb2.RUN_MODE_FULL}
# Speed as a multiple of the script's, by cores and mode.
TARGETS = {(1, "fast"): 1.2, (1, "full"): 1.0, (2, "fast"): 2.2}


async def run_through_services(
    runner: ServiceClient, document: struct_pb2.Struct, mode: str = "fast"
) -> tuple[float, run_pb2.Run]:
    """Return the seconds from the request to the last message, and the run."""
    start = time.perf_counter()
    options = run_pb2.RunOptions(mode=MODES[mode], snapshot_mode=result_pb2.SNAPSHOT_MODE_TRADES)
    request = runner_service_pb2.CreateRunRequest(document=document, options=options)
    run = (await runner.call("CreateRun", request)).run
    async for response in runner.stream("WatchRun", runner_service_pb2.WatchRunRequest(run_id=run.run_id)):
        run = response.run
    seconds = time.perf_counter() - start
    assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
    return seconds, run


def run_bare(catalog: Path) -> tuple[float, int, float]:
    """Return seconds, fills and peak MB of the script's process."""
    command = [sys.executable, str(Path(__file__).with_name("bare_replay.py")), str(catalog), ENGINE_ID]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    fills = int(process.stdout.read())
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    process.stdout.close()
    return time.perf_counter() - start, fills, usage.ru_maxrss / 1024


def main() -> None:
    """Measure with one core, then with all, and print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, help="measure with this number of cores only")
    options = parser.parse_args()
    if options.cores is None:
        # In separate processes, so that all threads and children keep to the cores.
        for cores in sorted({1, len(os.sched_getaffinity(0))}):
            subprocess.run([sys.executable, __file__, *sys.argv[1:], "--cores", str(cores)], check=True)
        return
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    with tempfile.TemporaryDirectory(prefix="tickreel-bench-") as folder:
        asyncio.run(measure(Path(folder), options.rows, options.rounds, options.cores))


async def measure(folder: Path, rows: int, rounds: int, cores: int) -> None:
    """Measure in a folder, and print the table."""
    sample_data.MARKETS = sample_data.MARKETS[:1]
    sample_data.write_sample_data(folder / "data_downloads", sample_data.SEED, rows)
    config = run_config(NAME, START, END, price_precision=1, starting_balance=1_000_000_000)
    document = struct_pb2.Struct()
    document.update(config)
    measured: dict[str, list[tuple[float, float]]] = {mode: [] for mode in (*MODES, "bare")}
    digests = set()
    settings = settings_in(folder)
    async with serving("converter", ConverterServicer, settings) as converter:
        own = {
            "TICKREEL_CONVERTER_ADDRESS": converter.address,
            "TICKREEL_RUN_PROCESSES": str(cores),
        }
        async with serving("runner", RunnerServicer, settings_in(folder, **own)) as runner:
            # The first run converts, and warms the file system cache for all others.
            _, run = await run_through_services(runner, document)
            catalog = next((folder / "parquet").glob("price*"))
            write_instrument(catalog, engine_instrument(ENGINE_ID, run.config.instrument))
            for _ in range(rounds):
                for mode in MODES:
                    seconds, run = await run_through_services(runner, document, mode)
                    assert run.result.summary.fills == rows
                    digests.add(run.result.metadata.result_digest)
                    measured[mode].append((seconds, run.result.metadata.peak_memory_mib))
                seconds, fills, peak = await asyncio.to_thread(run_bare, catalog)
                assert fills == rows
                measured["bare"].append((seconds, peak))
    assert len(digests) == 1, digests
    print(f"{rows:,} rows, an order each, {cores} core{'s' * (cores > 1)}".ljust(48) + "seconds      rows/s   peak MB   x bare")
    bare = [seconds for seconds, _ in measured["bare"]]
    for name, figures in measured.items():
        seconds = statistics.median(second for second, _ in figures)
        ratios = [of_bare / second for of_bare, (second, _) in zip(bare, figures, strict=True)]
        label = "bare BacktestNode script" if name == "bare" else f"tickreel {name}: CreateRun to SUCCEEDED, watched"
        line = f"{label:<44}{seconds:>11.2f}{rows / seconds:>12,.0f}{max(peak for _, peak in figures):>10.0f}"
        target = f"  target {TARGETS[cores, name]}" if (cores, name) in TARGETS else ""
        print(f"{line}{statistics.median(ratios):>9.2f}  rounds {', '.join(f'{ratio:.2f}' for ratio in ratios)}{target}")
    print(json.dumps({"result_digest": digests.pop()}))


if __name__ == "__main__":
    main()
