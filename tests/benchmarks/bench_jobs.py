"""Jobs: what a short run takes, how a long line of them is worked off, what watchers cost, how soon a cancelled run is gone.

    python tests/benchmarks/bench_jobs.py [--runs 200] [--rounds 20] [--rows 200000] [--watchers 100]

Converter and Runner are processes of their own, as `tickreel up` starts them; the data is cached. A short run replays a minute
of a thousand trade rows with an order each, fast mode, and is timed from CreateRun to the last message of WatchRun.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from google.protobuf import struct_pb2

sys.path.append(str(Path(__file__).parents[1]))

import numpy as np
import psutil

from phases import PHASES, cancel, phases, reach
from recordings import BTC, DAY, RawFolder, micros, trades
from run_configs import run_config
from tickreel.cli.supervision.services import Services
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.settings import CATALOG_ROOT, DATA_ROOT
from tickreel.v1 import job_pb2, result_pb2, run_pb2, runner_service_pb2

SHORT_ROWS = 1_000
LATENCY_TARGET = 0.5
BUSY_TARGET = 0.9
WATCHING_TARGET = 1.05
CANCEL_TARGET = 1.0


def config_of(rows: int) -> struct_pb2.Struct:
    """A run of the first rows of the day, of which there are a thousand a minute."""
    seconds = rows * 60 // SHORT_ROWS - 1
    end = f"{DAY}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.999999Z"
    document = struct_pb2.Struct()
    document.update(run_config(BTC, f"{DAY}T00:00:00Z", end, starting_balance=1_000_000_000))
    return document


async def create(runner: ServiceClient, document: struct_pb2.Struct) -> str:
    """Asks for a fast run of trades; returns its id."""
    options = run_pb2.RunOptions(mode=result_pb2.RUN_MODE_FAST, snapshot_mode=result_pb2.SNAPSHOT_MODE_TRADES)
    request = runner_service_pb2.CreateRunRequest(document=document, options=options)
    return str((await runner.call("CreateRun", request)).run.run_id)


async def end_of(runner: ServiceClient, run_id: str) -> run_pb2.Run:
    """Watches a run to its end."""
    run = run_pb2.Run()
    async for response in runner.stream("WatchRun", runner_service_pb2.WatchRunRequest(run_id=run_id)):
        run = response.run
    assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
    return run


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time of processes and their descendants, including those that have ended."""
    seconds = 0.0
    for process in map(psutil.Process, pids):
        seconds += sum(process.cpu_times()[:4])
        for descendant in process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                seconds += sum(descendant.cpu_times()[:2])
    return seconds


def resources(services: Services, folder: Path) -> dict[str, int]:
    """What the services hold."""
    held = {"scratch folders": len(list((folder / "tmp").iterdir()))}
    for process in services.processes:
        root = psutil.Process(process.pid)
        held[f"{process.name} MiB"] = root.memory_info().rss // 2**20
        held[f"{process.name} descriptors"] = root.num_fds()
        held[f"{process.name} threads"] = root.num_threads()
        held[f"{process.name} processes"] = len(root.children(recursive=True))
    return held


async def measure_one(runner: ServiceClient, rounds: int) -> None:
    """A short run, one after the other, each after a pause as a person makes."""
    seconds = []
    for _ in range(rounds):
        await asyncio.sleep(1.5)
        began = time.perf_counter()
        await end_of(runner, await create(runner, config_of(SHORT_ROWS)))
        seconds.append(time.perf_counter() - began)
    told = f"median {statistics.median(seconds):.2f} s, least {min(seconds):.2f} s, most {max(seconds):.2f} s"
    print(f"a one-minute run, CreateRun to SUCCEEDED: {told} (target: under {LATENCY_TARGET} s)")


async def measure_line(services: Services, runner: ServiceClient, folder: Path, runs: int) -> None:
    """Many short runs at once."""
    pids = [process.pid for process in services.processes]
    before, cpu, own, began = resources(services, folder), cpu_seconds(pids), time.process_time(), time.perf_counter()
    ids = [await create(runner, config_of(SHORT_ROWS)) for _ in range(runs)]
    ended = await asyncio.gather(*(end_of(runner, run_id) for run_id in ids))
    seconds = time.perf_counter() - began
    cores = seconds * (os.cpu_count() or 1)
    busy, asking = (cpu_seconds(pids) - cpu) / cores, (time.process_time() - own) / cores
    assert len({run.result.metadata.result_digest for run in ended}) == 1
    took = [(run.ended_at.ToNanoseconds() - run.started_at.ToNanoseconds()) / 1e9 for run in ended]
    tenth = max(1, runs // 10)
    first, last = statistics.median(took[:tenth]), statistics.median(took[-tenth:])
    await asyncio.sleep(3)
    after = resources(services, folder)
    print(f"\n{runs} one-minute runs at once: {seconds:.1f} s, {runs / seconds:.1f} runs a second")
    told = f"{busy:.0%} by the services, {asking:.0%} by this script, which watches all of them"
    print(f"cores busy with it: {busy + asking:.0%} (target: at least {BUSY_TARGET:.0%}), {told}")
    print(f"a run, started to ended: the first tenth {first:.2f} s, the last {last:.2f} s; ratio {last / first:.2f} x")
    for name, held in before.items():
        print(f"  {name:<24}{held:>8} before{after[name]:>8} after")


async def measure_watching(runner: ServiceClient, rows: int, watchers: int, rounds: int) -> None:
    """A longer run with one who watches, and with many."""
    took: dict[int, list[float]] = {1: [], watchers: []}
    for _ in range(rounds):
        for watching, seconds in took.items():
            run_id = await create(runner, config_of(rows))
            run, *_ = await asyncio.gather(*(end_of(runner, run_id) for _ in range(watching)))
            seconds.append((run.ended_at.ToNanoseconds() - run.started_at.ToNanoseconds()) / 1e9)
    one, many = (statistics.median(seconds) for seconds in took.values())
    pairs = ", ".join(f"{b / a:.3f}" for a, b in zip(*took.values(), strict=True))
    print(f"\na run of {rows:,} rows: one watcher {one:.2f} s, {watchers} watchers {many:.2f} s")
    print(f"ratio {many / one:.3f} x its time, round by round {pairs} (target: at most {WATCHING_TARGET} x)")


async def measure_cancelling(folder: Path, rounds: int) -> None:
    """From CancelRun to its answer, in each phase of a run."""
    print(f"\n{'CancelRun to CANCELLED':<24}{'median s':>10}{'most s':>10}   (target: at most {CANCEL_TARGET} s)")
    async with phases(folder) as services:
        for phase in PHASES:
            seconds = []
            for _ in range(rounds):
                run = await reach(services, phase)
                began = time.perf_counter()
                run = await cancel(services, run)
                seconds.append(time.perf_counter() - began)
                assert run.state == job_pb2.JOB_STATE_CANCELLED
                await cancel_all(services.runner)
            print(f"{phase:<24}{statistics.median(seconds):>10.3f}{max(seconds):>10.3f}")


async def cancel_all(runner: ServiceClient) -> None:
    """Cancels what waits or runs."""
    live = await anext(aiter(runner.stream("WatchRuns", runner_service_pb2.WatchRunsRequest())))
    for run in live.runs:
        await runner.call("CancelRun", runner_service_pb2.CancelRunRequest(run_id=run.run_id))


async def main() -> None:
    """Makes the data and the services, and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--watchers", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tickreel-bench-") as temporary:
        folder = Path(temporary)
        times = micros(f"{DAY}T00:00:00") + 60_000_000 // SHORT_ROWS * np.arange(options.rows)
        prices = 60_000.5 + np.arange(options.rows) % 7
        RawFolder(folder / "data_downloads").write(
            trades(options.rows, local_timestamp=times, timestamp=times, price=prices), DAY
        )
        (folder / "tmp").mkdir()
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TICKREEL_")},
            DATA_ROOT: str(folder / "data_downloads"),
            CATALOG_ROOT: str(folder / "parquet"),
            "TICKREEL_STATE_PATH": str(folder / "state"),
            "TICKREEL_RESULTS_PATH": str(folder / "results"),
            "TICKREEL_TICKDATA_PATH": str(folder / "tickdata"),
            "TMPDIR": str(folder / "tmp"),
        }
        async with Services(environ, folder / "logs") as services:
            await services.start(("converter", "127.0.0.1:0"))
            await services.start(("runner", "127.0.0.1:0"))
            runner = ServiceClient("runner", services.addresses["runner"])
            # Converts, so that all the others find it done.
            await end_of(runner, await create(runner, config_of(SHORT_ROWS)))
            await measure_one(runner, options.rounds)
            await measure_line(services, runner, folder, options.runs)
            await measure_watching(runner, options.rows, options.watchers, max(1, options.rounds // 5))
            await runner.close()
    with tempfile.TemporaryDirectory(prefix="tickreel-bench-") as temporary:
        await measure_cancelling(Path(temporary), max(1, options.rounds // 4))


if __name__ == "__main__":
    asyncio.run(main())
