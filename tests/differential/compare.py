"""Comparison of Tickreel with NautilusTrader 1.231.0, the last 1.x engine, fill by fill: one IOC limit order per trade row.

    make differential [DIFFERENTIAL="--rows 100000 --rounds 3"]
    python tests/differential/compare.py PYTHON_OF_1X [--rows 20000] [--rounds 1] [--data ROOT --day 2020-02-22]

The rows come from the generated sample, or from one day of BTC-USDT below a data root. Fills are compared row by row: whether
the order filled, price, size, fee. Differences are counted by kind, with an example. docs/REFERENCE.md explains the kinds. Then
both are timed: 1.x as a whole process; Tickreel from CreateRun to SUCCEEDED, in fast mode, watched, with one core and with all.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.append(str(Path(__file__).parents[1]))

from run_configs import run_config
from stack import stack
from tickreel.stores import sample_data
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.sample_market import END, START
from tickreel.v1 import job_pb2, run_pb2

TARGETS = {1: 10.0, 2: 20.0}
SAMPLE, RECORDED = "SAMPLE-FUTURES:PERPETUAL:BTC-USDT", "BINANCE-FUTURES:PERPETUAL:BTC-USDT"
MODEL = Path(__file__).with_name("replay_1x.py")


async def run(folder: Path, config: dict[str, Any], mode: str, processes: int) -> tuple[float, run_pb2.Run]:
    """Return the seconds from CreateRun to SUCCEEDED, and the run."""
    async with stack(folder, TICKREEL_RUN_PROCESSES=str(processes)) as services:
        began = time.perf_counter()
        done = await services.finish(config, mode)
        seconds = time.perf_counter() - began
    assert done.state == job_pb2.JOB_STATE_SUCCEEDED, done.failure.message
    return seconds, done


def write_rows(ticks: pa.Table, path: Path) -> None:
    """Write the values of trade rows in the format that the script for 1.x reads."""
    columns: dict[str, pa.Array] = {
        name: pa.array([str(value) for value in ticks.column(name).to_pylist()]) for name in ("price", "size", "trade_id")
    }
    for name, kind in (("ts_event", pa.int64()), ("ts_init", pa.int64()), ("side", pa.string())):
        columns[name] = ticks.column(name).combine_chunks().cast(kind)
    pq.write_table(pa.table(columns), path)


def by_row(row: pa.ChunkedArray, *columns: pa.ChunkedArray) -> dict[int, list[tuple[Decimal, ...]]]:
    """Return the fills of each trade row."""
    found: dict[int, list[tuple[Decimal, ...]]] = {}
    for number, *values in zip(*(column.to_pylist() for column in (row, *columns)), strict=True):
        found.setdefault(number, []).append(tuple(Decimal(value).normalize() for value in values))
    return found


def compare(ticks: pa.Table, ours: pa.Table, theirs: pa.Table) -> None:
    """Print how many rows have the same fills, and the kinds of difference of the others."""
    mine = by_row(pc.subtract(ours.column("order_id"), 1), *(ours.column(name) for name in ("price", "amount", "fee")))
    other = by_row(theirs.column("row"), *(theirs.column(name) for name in ("price", "size", "fee")))
    prices = cast(list[Decimal], ticks.column("price").to_pylist())
    sides = cast(list[str], ticks.column("side").to_pylist())
    kinds: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for row in range(ticks.num_rows):
        kind = kind_of(row, mine.get(row, []), other.get(row, []), prices, sides)
        kinds[kind] += 1
        if kind != "the same fills":
            examples.setdefault(kind, f"row {row}: {mine.get(row, [])} here, {other.get(row, [])} there")
    print(f"{ticks.num_rows:,} trade rows with an order each; {len(mine):,} filled here, {len(other):,} there")
    for kind, count in kinds.most_common():
        print(f"  {kind:<64}{count:>10,}{count / ticks.num_rows:>9.2%}")
    for kind, example in examples.items():
        print(f"  for example, {kind}: {example}")


def kind_of(
    row: int, mine: list[tuple[Decimal, ...]], other: list[tuple[Decimal, ...]], prices: list[Decimal], sides: list[str]
) -> str:
    """Return the kind of difference between the fills of a row."""
    if mine == other:
        return "the same fills"
    if mine and not other:
        worse = row and (prices[row] < prices[row - 1] if sides[row] == "buy" else prices[row] > prices[row - 1])
        return "filled here alone, after a print at a better price" if worse else "filled here alone, otherwise"
    if other and not mine:
        return "filled there alone"
    if [fill[:2] for fill in mine] == [fill[:2] for fill in other]:
        return "another fee"
    if [fill[1] for fill in mine] == [fill[1] for fill in other]:
        return "another price"
    return "another size"


def replay_1x(python: str, *arguments: object) -> float:
    """Run the script for 1.x in a process, and return its seconds."""
    began = time.perf_counter()
    subprocess.run([python, MODEL, *map(str, arguments)], check=True)
    return time.perf_counter() - began


def main() -> None:
    """Compare and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", help="Python of an environment with nautilus_trader 1.231.0")
    parser.add_argument("--rows", type=int, default=20_000, help="rows of the sample")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--data", type=Path, help="data root to use instead of the sample")
    parser.add_argument("--day", help="day below the data root")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tickreel-differential-") as temporary:
        folder = Path(temporary)
        start: str | datetime
        end: str | datetime
        if options.data:
            (folder / "data_downloads").symlink_to(options.data.resolve())
            name, start, end = RECORDED, f"{options.day}T00:00:00Z", f"{options.day}T23:59:59.999999Z"
        else:
            sample_data.MARKETS = sample_data.MARKETS[:1]
            sample_data.write_sample_data(folder / "data_downloads", sample_data.SEED, options.rows)
            name, start, end = SAMPLE, START, END
        config = run_config(name, start, end, price_precision=1 if name == SAMPLE else 2, starting_balance=1_000_000_000)
        _, full = asyncio.run(run(folder, config, "full", 1))
        outputs = full.result.metadata.outputs
        ticks = pq.read_table(outputs["ticks.parquet"])
        write_rows(ticks, folder / "rows.parquet")
        # Venue names of 1.x have no hyphen.
        symbol, _, venue = InstrumentName.parse(name).engine_id.rpartition(".")
        engine_id = f"{symbol}.{venue.replace('-', '_')}"
        terms = full.config.instrument
        precisions = terms.price_precision, terms.size_precision
        replay_1x(options.python, "prepare", folder / "rows.parquet", folder / "catalog-1x", engine_id, *precisions)
        there = (options.python, "replay", folder / "catalog-1x", engine_id, folder / "fills-1x.parquet")
        cores = sorted(os.sched_getaffinity(0))
        seconds: dict[int, list[float]] = {used: [] for used in sorted({0, 1, len(cores)})}
        for _ in range(options.rounds):
            seconds[0].append(replay_1x(*there))
            for used in list(seconds)[1:]:
                os.sched_setaffinity(0, cores[:used])
                seconds[used].append(asyncio.run(run(folder, config, "fast", used))[0])
            os.sched_setaffinity(0, cores)
        compare(ticks, pq.read_table(outputs["fills.parquet"]), pq.read_table(folder / "fills-1x.parquet"))
    print(f"\n{'':<40}{'seconds':>10}{'rows/s':>12}{'x 1.231.0':>12}")
    slow = statistics.median(seconds[0])
    for used, measured in seconds.items():
        took = statistics.median(measured)
        label = f"tickreel, {used} core{'s' * (used > 1)}" if used else "1.231.0, a script"
        target = f"  (target: at least {TARGETS[used]:.0f} x)" if used in TARGETS else ""
        print(f"{label:<40}{took:>10.2f}{ticks.num_rows / took:>12,.0f}{slow / took:>12.1f}{target}")


if __name__ == "__main__":
    main()
