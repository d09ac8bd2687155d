"""Conversion: Tickreel's columns against the engine's own path, an object a row and then its catalog write.

    python tests/benchmarks/bench_conversion.py [--rows 2000000] [--rounds 3]

Both read the same generated raw files and leave a catalog that the engine replays. Each round runs both, in processes
of their own, one after the other; start-up and imports are not counted, and a warm-up of a thousand rows neither. The
table has the median of the rounds and the greatest peak memory.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGET = 8.0
SIDES = ("tickreel", "engine")


def convert_with_tickreel(raw_root: Path, catalog_root: Path) -> tuple[float, int]:
    """Seconds and rows of the product's conversion, as its worker does it."""
    from tickreel.converter.plan import Plan  # noqa: PLC0415 - each side imports its own
    from tickreel.converter.worker import convert_missing  # noqa: PLC0415
    from tickreel.stores.catalog import CatalogStore  # noqa: PLC0415
    from tickreel.stores.raw import RawStore  # noqa: PLC0415
    from tickreel.stores.sample_data import MARKETS  # noqa: PLC0415
    from tickreel.stores.sample_market import END, START  # noqa: PLC0415
    from tickreel.v1 import conversion_pb2, market_data_pb2  # noqa: PLC0415

    spec = conversion_pb2.ConversionSpec(
        instrument=f"{MARKETS[0].name}@LIN",
        price_precision=1,
        size_precision=3,
        data_types=[market_data_pb2.DATA_TYPE_TRADES],
    )
    spec.window.start.FromDatetime(START)
    spec.window.end.FromDatetime(END)
    raw, catalog = RawStore(raw_root), CatalogStore(catalog_root)
    start = time.perf_counter()
    files = convert_missing(Plan.of(spec, raw, catalog), raw, catalog, lambda _: None)
    return time.perf_counter() - start, sum(file.rows for file in files)


def convert_with_engine(raw_root: Path, catalog_root: Path) -> tuple[float, int]:
    """Seconds and rows of the engine's own path, as its documentation shows it."""
    import pyarrow.parquet as pq  # noqa: PLC0415
    from nautilus_trader.model import AggressorSide, InstrumentId, Price, Quantity, TradeId, TradeTick  # noqa: PLC0415
    from nautilus_trader.persistence import ParquetDataCatalog  # noqa: PLC0415

    catalog_root.mkdir(parents=True, exist_ok=True)
    catalog = ParquetDataCatalog(str(catalog_root))
    instrument = InstrumentId.from_str("BTC-USDT-PERP.SAMPLE-FUTURES")
    sides = {"buy": AggressorSide.BUY, "sell": AggressorSide.SELL}
    start = time.perf_counter()
    rows = 0
    for path in sorted(raw_root.rglob("data_type-trades/*.parquet")):
        table = pq.ParquetFile(path).read(["price", "amount", "side", "id", "timestamp", "local_timestamp"])
        ticks = [
            TradeTick(instrument, Price(price, 1), Quantity(amount, 3), sides[side], TradeId(trade_id), ts * 1000, local * 1000)
            for price, amount, side, trade_id, ts, local in zip(*(column.to_pylist() for column in table.columns), strict=True)
        ]
        catalog.write_trade_ticks(ticks)
        rows += len(ticks)
    return time.perf_counter() - start, rows


def measure(side: str, raw_root: Path, catalog_root: Path) -> dict[str, float]:
    """Runs one side in a process of its own."""
    command = [sys.executable, __file__, "--side", side, "--raw", str(raw_root), "--catalog", str(catalog_root)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Generates the rows, measures both sides in turn, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--raw", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--catalog", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        convert = convert_with_tickreel if options.side == "tickreel" else convert_with_engine
        convert(options.raw.with_name("warm-up"), options.catalog.with_name(f"warm-up-{options.catalog.name}"))
        seconds, rows = convert(options.raw, options.catalog)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "rows": rows, "peak_mb": peak}))
        return

    with tempfile.TemporaryDirectory(prefix="tickreel-bench-") as folder:
        work = Path(folder)
        generate(work / "raw", options.rows)
        generate(work / "warm-up", 1_000)
        rounds: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
        for number in range(options.rounds):
            for side in SIDES:
                rounds[side].append(measure(side, work / "raw", work / f"{side}-{number}"))
    print(f"{'conversion of ' + format(options.rows, ',') + ' rows':<40}{'seconds':>10}{'rows/s':>14}{'peak MB':>10}")
    seconds = {}
    for side, label in (("tickreel", "tickreel"), ("engine", "engine: TradeTick, write_trade_ticks")):
        assert all(measured["rows"] == options.rows for measured in rounds[side])
        seconds[side] = statistics.median(measured["seconds"] for measured in rounds[side])
        peak = max(measured["peak_mb"] for measured in rounds[side])
        print(f"{label:<40}{seconds[side]:>10.2f}{options.rows / seconds[side]:>14,.0f}{peak:>10.0f}")
    print(f"ratio {seconds['engine'] / seconds['tickreel']:.1f} x (target: at least {TARGET:.0f} x)")


def generate(raw_root: Path, rows: int) -> None:
    """Writes the sample's first instrument with that many rows, in a process whose memory is not counted."""
    code = (
        "import sys, pathlib; from tickreel.stores import sample_data as s;"
        "s.MARKETS = s.MARKETS[:1]; s.write_sample_data(pathlib.Path(sys.argv[1]), s.SEED, int(sys.argv[2]))"
    )
    subprocess.run([sys.executable, "-c", code, str(raw_root), str(rows)], check=True)


if __name__ == "__main__":
    main()
