"""Orders, fills, events and ticks carry the recorded times and row numbers of the raw files, in every format."""

import csv
import json
from collections.abc import Mapping
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, cast

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plug_in import install_here
from recordings import BTC, DAY, NOON, RawFolder, books, engine_trades, nanos, trades
from run_configs import market_config
from serving import serving
from stack import Stack, stack
from tickreel.catalog.service import CatalogServicer
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.runner.window.recorded_times import NO_ROW, RecordedTimes
from tickreel.stores.replay_clock import MICROSECOND, clock_step, trade_times
from tickreel.stores.trades import TradeRows
from tickreel.v1 import catalog_service_pb2, job_pb2, report_pb2, result_pb2, results_service_pb2, run_pb2

NEXT_DAY = "2024-07-19"
MIDNIGHT = nanos(f"{NEXT_DAY}T00:00:00") // 1_000
TIES = [NOON + row // 7 for row in range(60)]
CROWDED = [NOON] * 3 + [NOON + 1] * 1_500 + [NOON + 2] * 4 + [NOON + 5_000_000]
MILLISECONDS = [NOON // 1_000 + row // 5 for row in range(40)]
NANOSECONDS = [NOON * 1_000 + row // 3 * 7 for row in range(40)]
ON_BOOKS = run_pb2.RunOptions(snapshot_mode=result_pb2.SNAPSHOT_MODE_BOTH)


def config(**changes: Any) -> dict[str, Any]:
    return market_config(BTC, f"{DAY}T00:00:00Z", f"{NEXT_DAY}T23:59:59Z", **changes)


async def ran(services: Stack, document: Mapping[str, Any], mode: str = "full", **fields: Any) -> str:
    """Run a config to success and return the run's id."""
    run = await services.finish(document, mode, **fields)
    assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
    return run.run_id


async def table(services: Stack, run_id: str, name: str) -> pa.Table:
    return pq.read_table(BytesIO(await export(services, run_id, f"{name}.parquet")))


async def export(services: Stack, run_id: str, name: str) -> bytes:
    request = results_service_pb2.ExportArtifactRequest(run_id=run_id, name=name)
    return b"".join([part.data async for part in services.results.stream("ExportArtifact", request)])


def numbers(rows: pa.Table, name: str) -> list[int]:
    """Return a column without nulls as whole numbers."""
    return cast(list[int], rows[name].cast(pa.int64()).to_pylist())


def iso(nanoseconds: int) -> str:
    return f"{np.datetime64(nanoseconds, 'ns')}Z"


# The raw files of a recording, by day, and the recorded times of their rows in nanoseconds.
RECORDINGS: dict[str, tuple[dict[str, pa.Table], list[int]]] = {
    "ties": ({DAY: trades(len(TIES), local_timestamp=TIES)}, [time * 1_000 for time in TIES]),
    "crowded microseconds": ({DAY: trades(len(CROWDED), local_timestamp=CROWDED)}, [time * 1_000 for time in CROWDED]),
    "a millisecond clock": (
        {DAY: trades(40, timestamp=MILLISECONDS, local_timestamp=MILLISECONDS)},
        [time * 1_000_000 for time in MILLISECONDS],
    ),
    "a nanosecond clock": (
        {DAY: trades(40, timestamp=NANOSECONDS, local_timestamp=NANOSECONDS)},
        NANOSECONDS,
    ),
    "the engine's schema": ({DAY: engine_trades(40, ts_event=NANOSECONDS, ts_init=NANOSECONDS)}, NANOSECONDS),
    "two days of different clocks": (
        {
            DAY: trades(len(CROWDED), local_timestamp=CROWDED),
            NEXT_DAY: engine_trades(9, ts_init=[MIDNIGHT * 1_000 + row // 2 for row in range(9)]),
        },
        [time * 1_000 for time in CROWDED] + [MIDNIGHT * 1_000 + row // 2 for row in range(9)],
    ),
}


@pytest.mark.parametrize("name", RECORDINGS)
async def test_every_table_stream_and_export_has_the_recorded_times(raw: RawFolder, tmp_path: Path, name: str) -> None:
    files, recorded = RECORDINGS[name]
    for day, rows in files.items():
        raw.write(rows, day)
    everything = list(range(len(recorded)))
    async with stack(tmp_path) as services:
        full, fast = await ran(services, config()), await ran(services, config(), "fast")
        for run_id in (full, fast):
            ticks = await table(services, run_id, "ticks")
            assert ticks.column_names[-2:] == ["ts_recorded", "trade_row"]
            assert (numbers(ticks, "ts_recorded"), numbers(ticks, "trade_row")) == (recorded, everything)
            assert numbers(ticks, "ts_init") == sorted(set(numbers(ticks, "ts_init")))
            request = results_service_pb2.StreamTicksRequest(run_id=run_id)
            chunks = [chunk.trades async for chunk in services.results.stream("StreamTicks", request)]
            assert [time for chunk in chunks for time in chunk.ts_recorded] == recorded
            assert [chunk.first_row + row for chunk in chunks for row in range(len(chunk.ts_init))] == everything
            exported = json.loads(await export(services, run_id, "ticks.json"))["ticks"]
            assert [(row["ts_recorded"], row["trade_row"]) for row in exported] == [
                (iso(time), str(row)) for row, time in enumerate(recorded)
            ]
        for kept in ("orders", "fills"):
            rows = await table(services, full, kept)
            names = rows.column_names
            assert names.index("trade_row") == names.index("ts_recorded") + 1
            # Order k copies row k - 1. Some orders have no fill.
            of_rows = [order - 1 for order in numbers(rows, "id" if kept == "orders" else "order_id")]
            assert of_rows == (everything if kept == "orders" else sorted(of_rows))
            assert len(of_rows) > len(recorded) // 2
            assert numbers(rows, "trade_row") == of_rows
            assert numbers(rows, "ts_recorded") == [recorded[row] for row in of_rows]
            lines = list(csv.DictReader(StringIO((await export(services, full, f"{kept}.csv")).decode())))
            assert [(line["ts_recorded"], line["trade_row"]) for line in lines] == [
                (iso(recorded[row]), str(row)) for row in of_rows
            ]
        events = json.loads(await export(services, full, "timeline.json"))
        rows_of = {"Trade": everything, "Order": everything, "Fill": of_rows}
        for kind, of_kind in rows_of.items():
            found = [(event["ts_recorded"], event["trade_row"]) for event in events if event["event"] == kind]
            assert found == [(iso(recorded[row]), str(row)) for row in of_kind]
        assert list(events[0]) == ["ts", "event", "data", "ts_recorded", "trade_row"]


async def test_the_catalog_streams_recorded_times_without_row_numbers(raw: RawFolder, tmp_path: Path) -> None:
    files, recorded = RECORDINGS["two days of different clocks"]
    for day, rows in files.items():
        raw.write(rows, day)
    async with stack(tmp_path) as services, serving("catalog", CatalogServicer, services.settings) as catalog:
        await ran(services, config(), "fast")
        request = catalog_service_pb2.StreamTradesRequest(instrument_id=f"{BTC}@LIN")
        bars = catalog_service_pb2.SampleBarsRequest(instrument_id=f"{BTC}@LIN")
        # Once before and once after the catalog has cached its numeric columns.
        for _ in range(2):
            for paths in ((), ("ts_recorded",)):
                request.read_mask.paths[:] = paths
                chunks = [chunk.trades async for chunk in catalog.stream("StreamTrades", request)]
                assert [time for chunk in chunks for time in chunk.ts_recorded] == recorded
                assert not any(chunk.HasField("first_row") for chunk in chunks)
            await catalog.call("SampleBars", bars)


async def test_chart_columns_have_no_recorded_times(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(40))
    async with stack(tmp_path) as services:
        run_id = await ran(services, config())
        request = results_service_pb2.StreamTicksRequest(run_id=run_id)
        request.read_mask.paths.extend(["ts_init", "price"])
        chunks = [chunk.trades async for chunk in services.results.stream("StreamTicks", request)]
        sample = await services.results.call("SampleTicks", results_service_pb2.SampleTicksRequest(run_id=run_id))
    assert all(len(chunk.price) == 40 and not chunk.ts_recorded for chunk in (*chunks, sample.trades))
    assert not sample.trades.HasField("first_row")


async def test_rows_are_filtered_by_recorded_time_and_row_number(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(len(TIES), local_timestamp=TIES))
    async with stack(tmp_path) as services:
        run_id = await ran(services, config())

        async def listed(method: str, filter_: str) -> list[Any]:
            kind = getattr(results_service_pb2, f"{method}Request")
            found = await services.results.call(method, kind(run_id=run_id, filter=filter_, page_size=100))
            return list(getattr(found, method.removeprefix("List").lower().replace("timeline", "events")))

        tied = f'ts_recorded = "{iso(TIES[7] * 1_000)}"'
        for method in ("ListOrders", "ListFills"):
            assert [row.trade_row for row in await listed(method, tied)] == list(range(7, 14))
            (first,) = await listed(method, "trade_row = 0")
            assert first.HasField("trade_row")
            assert first.ts_recorded.ToNanoseconds() == TIES[0] * 1_000
        events = await listed("ListTimeline", f"{tied} AND trade_row >= 13")
        assert [(event.event, event.trade_row) for event in events] == [("Trade", 13), ("Order", 13), ("Fill", 13)]


async def test_a_delayed_fill_has_the_start_of_its_clock_step_and_the_row_before_it(raw: RawFolder, tmp_path: Path) -> None:
    # Two rows per recorded time. The second order of each pair arrives between rows, or at a book.
    clock = [NOON + 1_000 * (row // 2) for row in range(40)]
    raw.write(trades(40, local_timestamp=clock))
    raw.write(books(40, local_timestamp=[NOON - 1_000 + 500 * row for row in range(40)]), data_type="book_snapshot_5")
    latency = {"base_latency_nanos": 700_000}
    async with stack(tmp_path) as services:
        run_id = await ran(services, config(venue__latency=latency), options=ON_BOOKS)
        orders, fills, ticks = [await table(services, run_id, name) for name in ("orders", "fills", "ticks")]
    assert numbers(orders, "ts_recorded") == [time * 1_000 for time in clock]
    assert numbers(orders, "trade_row") == list(range(40))
    times = np.array(numbers(fills, "ts"))
    assert set(times.tolist()) - set(numbers(ticks, "ts_init"))
    assert numbers(fills, "ts_recorded") == (times // 1_000 * 1_000).tolist()
    rows = np.searchsorted(numbers(ticks, "ts_init"), times, "right") - 1
    assert numbers(fills, "trade_row") == rows.tolist()


@pytest.mark.parametrize("mode", ["fast", "full"])
async def test_trades_against_books_have_the_times_of_the_trades(raw: RawFolder, tmp_path: Path, mode: str) -> None:
    raw.write(trades(len(TIES), local_timestamp=TIES))
    raw.write(books(20, local_timestamp=[NOON - 5 + row for row in range(20)]), data_type="book_snapshot_5")
    async with stack(tmp_path) as services:
        run_id = await ran(services, config(), mode, options=ON_BOOKS)
        names = ("ticks", "orders") if mode == "full" else ("ticks",)
        for name in names:
            rows = await table(services, run_id, name)
            assert numbers(rows, "ts_recorded") == [time * 1_000 for time in TIES]
            assert numbers(rows, "trade_row") == list(range(len(TIES)))


_TIMER = '''
"""Orders by the clock."""

import datetime

from nautilus_trader.model import OrderSide, Quantity, TimeInForce

from tickreel.engine.strategy import ReplayStrategy


class EveryMillisecond(ReplayStrategy):
    """Buys every 1.5 ms, independently of the trades."""

    def on_start(self):
        super().on_start()
        self.clock.set_timer("pulse", datetime.timedelta(microseconds=1_500), callback=self.on_pulse)

    def on_pulse(self, event):
        size = Quantity.from_str("0.001")
        self.submit_order(self.order_factory.market(self.instrument.id, OrderSide.BUY, size, TimeInForce.IOC))
'''
_TIMER_PROJECT = """
[project]
name = "every-millisecond"
version = "1.0"

[project.entry-points."tickreel.strategies"]
EveryMillisecond = "every_millisecond:EveryMillisecond"
"""


async def test_an_order_of_a_timer_has_the_row_before_it(
    raw: RawFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "every_millisecond"
    package.mkdir()
    (package / "every_millisecond.py").write_text(_TIMER)
    (package / "pyproject.toml").write_text(_TIMER_PROJECT)
    install_here(package, tmp_path / "site", monkeypatch)
    clock = [NOON + 1_000 * row + 7 for row in range(20)]
    raw.write(trades(20, local_timestamp=clock))
    document = config()
    document["strategy"]["name"] = "EveryMillisecond"
    async with stack(tmp_path) as services:
        orders = await table(services, await ran(services, document), "orders")
    times = numbers(orders, "ts_submitted")
    assert len(times) > 5
    assert numbers(orders, "ts_recorded") == [time // 1_000 * 1_000 for time in times]
    rows = np.searchsorted([time * 1_000 for time in clock], times, "right") - 1
    assert orders["trade_row"].to_pylist() == [row if row >= 0 else None for row in rows.tolist()]


async def test_orders_join_with_the_raw_file(raw: RawFolder, tmp_path: Path) -> None:
    """Run the SQL examples of docs/BACKTEST_SPEC.md."""
    raw_file = raw.write(trades(len(TIES), local_timestamp=TIES, price=[64_000.5 + row for row in range(len(TIES))]))
    async with stack(tmp_path) as services:
        run_id = await ran(services, config())
    folder = tmp_path / "results/full" / run_id
    by_time, by_row = _examples()
    with duckdb.connect() as database:
        for name, path in (
            ("raw.parquet", raw_file),
            ("orders.parquet", folder / "orders.parquet"),
            ("ticks.parquet", folder / "ticks.parquet"),
        ):
            by_time, by_row = (query.replace(f"'{name}'", f"'{path}'") for query in (by_time, by_row))
        # The first query joins each order with all rows of its microsecond.
        assert len(database.sql(by_time).fetchall()) == sum(TIES.count(time) for time in TIES)
        found = database.sql(by_row).to_arrow_table()
    assert found["order_id"].to_pylist() == list(range(1, len(TIES) + 1))
    assert found["id"].to_pylist() == [str(100 + row) for row in range(len(TIES))]


def _examples() -> list[str]:
    """Return the SQL examples of the specification."""
    text = (Path(__file__).parents[3] / "docs/BACKTEST_SPEC.md").read_text()
    return [part.partition("```")[0] for part in text.split("```sql\n")[1:]]


def _of_files(*files: list[int]) -> tuple[RecordedTimes, np.ndarray, np.ndarray]:
    """Return the recorded times of trade files, and the replay times and recorded times of all their rows.

    Args:
        files: The recorded times of each file, in nanoseconds.
    """
    made = []
    for recorded in (np.array(sorted(file), dtype=np.int64) for file in files):
        made.append((trade_times(recorded), recorded, clock_step(recorded)))
    ts, recorded = (np.concatenate([file[part] for file in made]) for part in range(2))
    order = np.argsort(ts, kind="stable")
    ts, recorded = ts[order], recorded[order]
    rows = MarkRows.of_trades(ts, np.ones(len(ts), dtype=np.int64), 0)
    time = pa.timestamp("ns", tz="UTC")
    batch = pa.record_batch({"ts_init": pa.array(ts).cast(time), "ts_recorded": pa.array(recorded).cast(time)})
    parts = [TradeRows(batch.slice(0, len(ts) // 2)), TradeRows(batch.slice(len(ts) // 2))]
    return RecordedTimes.of(rows, [(int(file[0][0]), file[2]) for file in made], parts), ts, recorded


_file = st.tuples(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.sampled_from([1, MICROSECOND]))


@given(st.lists(_file, min_size=1, max_size=3))
def test_each_row_of_any_files_has_its_recorded_time(files: list[tuple[list[int], int]]) -> None:
    """Files may overlap and have different clocks. For rows with one replay time, the last row counts."""
    times, ts, recorded = _of_files(*([NOON * 1_000 + offset * unit for offset in offsets] for offsets, unit in files))
    last = np.searchsorted(ts, ts, "right") - 1
    assert times.trade_rows(ts).tolist() == last.tolist()
    assert times.recorded(ts).tolist() == recorded[last].tolist()


def test_an_instant_between_rows_has_the_start_of_its_clock_step() -> None:
    first = NOON * 1_000
    # A microsecond clock, then a nanosecond clock.
    times, _, _ = _of_files([first + MICROSECOND], [first + 9_999_001, first + 9_999_001])
    instants = [first, first + 1_700, first + 5_000_123, first + 9_999_500]
    assert times.recorded(np.array(instants)).tolist() == [first, first + 1_000, first + 5_000_000, first + 9_999_500]
    assert times.trade_rows(np.array(instants)).tolist() == [NO_ROW, 0, 0, 2]


def test_the_instant_of_a_book_has_the_start_of_its_microsecond() -> None:
    first, none = NOON * 1_000, np.empty(0, dtype=np.int64)
    ts, book_ts = np.array([first + 7, first + 2_000]), np.array([first + 999, first + 1_998, first + 1_999])
    rows = MarkRows.of_books(ts, ts, 0, book_ts, book_ts)
    nanosecond_clock = RecordedTimes(rows.ts, rows.book_ts, ts[:1], np.array([1]), none, none)
    assert nanosecond_clock.recorded(np.array([first + 7, first + 999, first + 1_000, first + 1_999])).tolist() == [
        first + 7, first, first + 1_000, first + 1_000,
    ]  # fmt: skip
    without_trades = MarkRows.of_books(none, none, 0, book_ts, book_ts)
    books_alone = RecordedTimes.of(without_trades, [], [])
    assert books_alone.recorded(book_ts).tolist() == [first, first + 1_000, first + 1_000]
    assert books_alone.trade_rows(book_ts).tolist() == [NO_ROW] * 3


def test_row_0_and_an_unset_row_differ() -> None:
    assert report_pb2.Order(trade_row=0).HasField("trade_row")
    assert not report_pb2.Order().HasField("trade_row")
