"""Benchmark of conversion: Tickreel against the engine's own writer, which needs one object per row.

    python tests/benchmarks/bench_conversion.py [--rows 2000000] [--rounds 3]

Trades are measured first, then books: those that the sample has for half as many trades. Both sides read the same generated
raw files, and write a catalog that the engine can replay. Each round runs one side after the other, in separate processes.
Start-up, imports and a warm-up with a thousand rows are not counted. The table shows the median of the rounds and the
greatest peak memory.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Each side imports what it needs.
    import pyarrow as pa

TARGET = 8.0
ENGINE_ID = "BTC-USDT-PERP.SAMPLE-FUTURES"
SIDES = ("tickreel", "engine")
LABELS = {
    "trades": ("trades", "engine: TradeTick, write_trade_ticks"),
    "book_snapshot_5": ("books", "engine: OrderBookDepth, write_order_book_depths"),
}


def convert_with_tickreel(kind: str, raw_root: Path, catalog_root: Path) -> tuple[float, int]:
    """Convert as the Converter's worker does; return seconds and rows."""
    from tickreel.converter.conversion_plan import ConversionPlan  # noqa: PLC0415 - each side imports its own
    from tickreel.converter.conversion_process import convert_missing  # noqa: PLC0415
    from tickreel.stores.catalog import CatalogStore  # noqa: PLC0415
    from tickreel.stores.raw import RawStore  # noqa: PLC0415
    from tickreel.stores.sample_data import MARKETS  # noqa: PLC0415
    from tickreel.stores.sample_market import END, START  # noqa: PLC0415
    from tickreel.v1 import conversion_pb2  # noqa: PLC0415

    spec = conversion_pb2.ConversionSpec(
        instrument=f"{MARKETS[0].name}@LIN",
        price_precision=1,
        size_precision=3,
        data_types=[f"DATA_TYPE_{kind.upper()}"],
    )
    spec.window.start.FromDatetime(START)
    spec.window.end.FromDatetime(END)
    raw, catalog = RawStore(raw_root), CatalogStore(catalog_root)
    start = time.perf_counter()
    files = convert_missing(ConversionPlan.of(spec, raw, catalog), raw, catalog, lambda _: None)
    return time.perf_counter() - start, sum(file.rows for file in files)


def convert_with_engine(kind: str, raw_root: Path, catalog_root: Path) -> tuple[float, int]:
    """Convert as the engine's documentation shows; return seconds and rows."""
    import pyarrow.parquet as pq  # noqa: PLC0415
    from nautilus_trader.persistence import ParquetDataCatalog  # noqa: PLC0415

    catalog_root.mkdir(parents=True, exist_ok=True)
    catalog = ParquetDataCatalog(str(catalog_root))
    ways: dict[str, tuple[Callable[[pa.Table], list[Any]], Callable[[list[Any]], object]]] = {
        "trades": (trade_ticks, catalog.write_trade_ticks),
        "book_snapshot_5": (book_depths, catalog.write_order_book_depths),
    }
    make, write = ways[kind]
    start = time.perf_counter()
    rows = 0
    for path in sorted(raw_root.rglob(f"data_type-{kind}/*.parquet")):
        objects = make(pq.ParquetFile(path).read())
        write(objects)
        rows += len(objects)
    return time.perf_counter() - start, rows


def trade_ticks(table: "pa.Table") -> list[Any]:
    """Return one object per trade."""
    from nautilus_trader.model import AggressorSide, InstrumentId, Price, Quantity, TradeId, TradeTick  # noqa: PLC0415

    instrument = InstrumentId.from_str(ENGINE_ID)
    sides = {"buy": AggressorSide.BUY, "sell": AggressorSide.SELL}
    columns = table.select(["price", "amount", "side", "id", "timestamp", "local_timestamp"]).columns
    return [
        TradeTick(instrument, Price(price, 1), Quantity(amount, 3), sides[side], TradeId(trade_id), ts * 1000, local * 1000)
        for price, amount, side, trade_id, ts, local in zip(*(column.to_pylist() for column in columns), strict=True)
    ]


def book_depths(table: "pa.Table") -> list[Any]:
    """Return one object per snapshot, with one per level."""
    from nautilus_trader.model import BookOrder, InstrumentId, OrderBookDepth, OrderSide, Price, Quantity  # noqa: PLC0415

    instrument = InstrumentId.from_str(ENGINE_ID)
    levels, ones = range(5), [1] * 5

    def side_of(row: dict[str, Any], name: str, side: Any) -> list[Any]:
        return [
            BookOrder(side, Price(row[f"{name}[{level}].price"], 1), Quantity(row[f"{name}[{level}].amount"], 3), 0)
            for level in levels
        ]

    return [
        OrderBookDepth(
            instrument,
            side_of(row, "bids", OrderSide.BUY),
            side_of(row, "asks", OrderSide.SELL),
            ones,
            ones,
            32,
            number,
            row["timestamp"] * 1000,
            row["local_timestamp"] * 1000,
        )
        for number, row in enumerate(table.to_pylist())
    ]


def measure(side: str, kind: str, raw_root: Path, catalog_root: Path) -> dict[str, float]:
    """Run one side in a separate process."""
    command = [sys.executable, __file__, "--side", side, "--kind", kind, "--raw", str(raw_root), "--catalog", str(catalog_root)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def main() -> None:
    """Generate the rows, measure both sides in turn, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--kind", choices=LABELS, help=argparse.SUPPRESS)
    parser.add_argument("--raw", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--catalog", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        convert = convert_with_tickreel if options.side == "tickreel" else convert_with_engine
        convert(options.kind, options.raw.with_name("warm-up"), options.catalog.with_name(f"warm-up-{options.catalog.name}"))
        seconds, rows = convert(options.kind, options.raw, options.catalog)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "rows": rows, "peak_mb": peak}))
        return

    for kind, rows in (("trades", options.rows), ("book_snapshot_5", options.rows // 2)):
        with tempfile.TemporaryDirectory(prefix="tickreel-bench-") as folder:
            compare(kind, rows, options.rounds, Path(folder))


def compare(kind: str, trades: int, rounds: int, work: Path) -> None:
    """Measure both sides on rows of one kind, and print the table."""
    generate({work / "raw": trades, work / "warm-up": 1_000})
    measured: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for number in range(rounds):
        for side in SIDES:
            measured[side].append(measure(side, kind, work / "raw", work / f"{side}-{number}"))
    (rows,) = {one["rows"] for side in SIDES for one in measured[side]}
    noun, engine = LABELS[kind]
    print(f"{f'conversion of {rows:,} {noun}':<52}{'seconds':>10}{'rows/s':>14}{'peak MB':>10}")
    seconds = {}
    for side, label in (("tickreel", "tickreel"), ("engine", engine)):
        seconds[side] = statistics.median(one["seconds"] for one in measured[side])
        peak = max(one["peak_mb"] for one in measured[side])
        print(f"{label:<52}{seconds[side]:>10.2f}{rows / seconds[side]:>14,.0f}{peak:>10.0f}")
    print(f"ratio {seconds['engine'] / seconds['tickreel']:.1f} x (target: at least {TARGET:.0f} x)")


def generate(rows_by_root: dict[Path, int]) -> None:
    """Write the first sample instrument below each root, in a process whose memory is not counted."""
    code = (
        "import sys, pathlib; from tickreel.stores import sample_data as s; s.MARKETS = s.MARKETS[:1]\n"
        "for root, rows in zip(sys.argv[1::2], sys.argv[2::2]): s.write_sample_data(pathlib.Path(root), s.SEED, int(rows))"
    )
    arguments = (str(part) for root_and_rows in rows_by_root.items() for part in root_and_rows)
    subprocess.run([sys.executable, "-c", code, *arguments], check=True)


if __name__ == "__main__":
    main()
