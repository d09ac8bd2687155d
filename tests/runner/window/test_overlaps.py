"""Runs over overlapping files: repeats are replayed once and reported, contradictions are refused."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from google.protobuf import timestamp_pb2

from overlapping import DAYS, Row, book_table, convert, expected_view, trade_table
from recordings import BTC, NOON, RawFolder
from run_configs import run_config
from serving import serving, settings_in
from small_catalog import replay_config
from stack import Stack, stack
from tickreel.catalog.service import CatalogServicer
from tickreel.rpc.errors import TickreelError
from tickreel.runner.run_spec import RunSpec
from tickreel.runner.window.window import Window
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.v1 import catalog_service_pb2, result_pb2, results_service_pb2, run_pb2, runner_service_pb2, verification_pb2
from tickreel.v1.result_pb2 import SNAPSHOT_MODE_BOTH

SECOND = 1_000_000


def window_of(folder: Path, *recordings: Sequence[Row], books: Sequence[Sequence[Row]] = ()) -> Window:
    """Return the window of a day over recordings, which are converted first."""
    files = [*convert(folder, recordings), *convert(folder, books, BOOK_SNAPSHOT_5)]
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    run = run_pb2.Run(config=replay_config(mode=SNAPSHOT_MODE_BOTH))
    messages = [file.converted for file in files]
    return Window(RunSpec(run, messages, [], folder / "parquet", folder, folder, scratch, {}, 1_000, 50_000, 1))


def trade(at: int, trade_id: str | None = None, **values: Any) -> Row:
    return Row(NOON + at, NOON + at - 1, id=f"t{at}" if trade_id is None else trade_id, **values)


def refusal(folder: Path, *recordings: Sequence[Row]) -> str:
    with pytest.raises(TickreelError) as refused:
        window_of(folder, *recordings)
    assert refused.value.reason == "DATA_REFUSED"
    assert [violation.field for violation in refused.value.violations] == ["data_catalog.trades_path"]
    assert "set the option dataset" in str(refused.value)
    return refused.value.message


def test_repeats_of_each_pair_of_files_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    first, second, third = (
        [trade(at) for at in range(0, 20)],
        [trade(at) for at in range(15, 30)],
        [trade(at) for at in (17, 18, 25, 40)],
    )
    books = [Row(NOON, NOON), Row(NOON + 9, NOON)], [Row(NOON + 9, NOON), Row(NOON + 9, NOON, size=4)]
    window = window_of(tmp_path, first, second, third, books=books)
    names = [f"data_type-trades/{BTC}.parquet" for _ in range(3)]
    assert [finding.code for finding in window.findings] == ["ROWS_REPEATED"] * 4
    assert all(finding.severity == result_pb2.SEVERITY_WARNING for finding in window.findings)
    messages = [finding.message.replace("raw_tick_data/by_date/", "") for finding in window.findings]
    day = [f"day-{day}/{name}" for day, name in zip(DAYS, names, strict=False)]
    assert messages[0] == (
        f"5 trade rows of {day[1]} are also in {day[0]}; each is replayed once. "
        "The first is the trade t15, recorded at 2024-07-18T12:00:00.000015000Z"
    )
    assert messages[1].startswith(f"2 trade rows of {day[2]} are also in {day[0]}; ")
    assert messages[2].startswith(f"1 trade row of {day[2]} is also in {day[1]}; ")
    assert "1 book row of " in messages[3]
    assert messages[3].endswith("The first is recorded at 2024-07-18T12:00:00.000009000Z")
    times, _ = window.times_and_prices()
    assert times.tolist() == [(NOON + at) * 1_000 for at in (*range(30), 40)]
    assert len(window.times_and_mids()[0]) == 3
    # The files that the engine reads do not overlap.
    ends = [(max(part.file.first, part.file.start), min(part.file.last, part.file.end)) for part in window.parts]
    trades = [span for span, part in zip(ends, window.parts, strict=True) if part.file.data_type == TRADES]
    assert all(before[1] < after[0] for before, after in itertools.pairwise(trades))


def test_the_file_of_an_overlap_has_the_schema_and_metadata_of_catalog_files(tmp_path: Path) -> None:
    window = window_of(tmp_path, [trade(0), trade(5)], [trade(5), trade(9)])
    (part,) = [part for part in window.parts if part.file.path.is_relative_to(tmp_path / "scratch")]
    written, catalogs = pq.ParquetFile(part.file.path), pq.ParquetFile(window.files[0].path)
    assert written.schema_arrow.remove_metadata() == catalogs.schema_arrow.remove_metadata()
    metadata, model = written.metadata.metadata or {}, catalogs.metadata.metadata or {}
    names = (b"instrument_id", b"price_precision", b"size_precision", b"type_name")
    assert [metadata[name] for name in names] == [model[name] for name in names]


def test_a_window_that_cuts_an_overlap_counts_only_the_repeats_inside_it(tmp_path: Path) -> None:
    rows = [trade(at * 60 * SECOND) for at in range(-60 * 12, 60 * 12 + 30)]
    window = window_of(tmp_path, rows, [row for row in rows if row.recorded >= NOON + 11 * 3600 * SECOND])
    times, _ = window.times_and_prices()
    # The window runs from midnight to midnight, both ends inclusive.
    assert len(times) == 60 * 24 + 1
    assert "61 trade rows" in window.findings[0].message


def test_the_replay_of_an_overlap_covers_the_whole_window(tmp_path: Path) -> None:
    """A delayed order of the last row arrives only if the engine's clock runs to the end of the window."""
    first, second = [trade(at) for at in range(0, 20)], [trade(at) for at in range(15, 30)]
    apart, cut, last = (
        window_of(tmp_path / name, *recordings)
        for name, recordings in {
            "apart": (first, second[5:]),
            "cut": (first, [*second, trade(SECOND)]),
            "last": (first, second[:5]),
        }.items()
    )
    spans = {(window.parts[0].file.start, window.parts[-1].file.end) for window in (apart, cut, last)}
    assert spans == {(apart.files[0].start, apart.files[0].end)}
    assert cut.parts[-1].file.end > cut.parts[-1].file.last


def test_equal_rows_of_one_file_are_kept(tmp_path: Path) -> None:
    window = window_of(tmp_path, [trade(0), trade(5), trade(5)], [trade(5), trade(5), trade(5), trade(9)])
    assert len(window.times_and_prices()[0]) == 5
    assert "2 trade rows" in window.findings[0].message


def test_an_id_with_different_values_is_refused_with_the_values(tmp_path: Path) -> None:
    message = refusal(tmp_path, [trade(0), trade(5), trade(9)], [trade(4), trade(5, size=7, buys=False), trade(11)])
    assert DAYS[0] in message
    assert DAYS[1] in message
    assert message.endswith("different trades with the id t5: amount 0.001 and 0.007, side BUY and SELL")


def test_an_id_with_different_times_is_refused(tmp_path: Path) -> None:
    recordings = [[trade(at) for at in range(9)], [trade(at + 3, f"t{at}") for at in range(4, 12)]]
    message = refusal(tmp_path, *recordings)
    assert "the id t4: local_timestamp 2024-07-18T12:00:00.000004000Z and 2024-07-18T12:00:00.000007000Z" in message
    assert message.endswith("timestamp 2024-07-18T12:00:00.000003000Z and 2024-07-18T12:00:00.000006000Z (and 3 more ids)")


def test_an_id_with_different_values_in_the_second_of_three_files_is_refused(tmp_path: Path) -> None:
    rows = [trade(0), trade(5), trade(9)]
    assert "the id t5" in refusal(tmp_path, rows, [trade(0), trade(5, price=1), trade(9)], rows)


def test_an_id_that_many_rows_share_is_ignored(tmp_path: Path) -> None:
    first, second = [trade(at, "0") for at in (0, 4, 8)], [trade(at, "0") for at in (2, 6, 10)]
    assert len(window_of(tmp_path, first, second).times_and_prices()[0]) == 6


def test_equal_rows_without_ids_are_refused_and_different_ones_are_merged(tmp_path: Path) -> None:
    first = [trade(at, "") for at in range(6)]
    message = refusal(tmp_path / "equal", first, [trade(at, "") for at in range(3, 9)])
    assert message.endswith("(the first recorded at 2024-07-18T12:00:00.000003000Z)")
    assert "have equal trades without exchange ids" in message
    assert "without exchange ids" in refusal(tmp_path / "half", first, [trade(3), trade(9)])
    second = [trade(3, "", price=640_001), trade(4, "", size=2), trade(9, "")]
    window = window_of(tmp_path / "other", first, second)
    assert len(window.times_and_prices()[0]) == 9
    assert not window.findings


def test_more_than_a_thousand_books_in_a_microsecond_are_refused(tmp_path: Path) -> None:
    books = [[Row(NOON, NOON, size=1 + file * 600 + row) for row in range(600)] for file in range(2)]
    with pytest.raises(TickreelError, match="more than 1000 snapshots in the microsecond 2024-07-18T12:00:00"):
        window_of(tmp_path, [trade(0)], books=books)


def overlapping_market(folder: Path) -> tuple[list[list[Row]], list[list[Row]]]:
    """Write three recordings of trades and two of books that overlap and have ties. Return their rows."""
    raw = RawFolder(folder / "data_downloads")
    raw.root.mkdir(exist_ok=True)
    rows = [
        Row(NOON + at // 3 * SECOND, NOON + at // 3 * SECOND, 640_000 + at * 7 % 11, 1 + at % 5, at % 2 == 0, f"t{at}")
        for at in range(300)
    ]
    trades = [rows[:150], rows[100:220], [rows[118], *rows[200:]]]
    trades[1][4] = Row(rows[104].recorded, rows[104].event, 640_003, 2, True, "other")
    all_books = [Row(NOON + at // 2 * SECOND, NOON + at, 639_999 + at % 5, 3 + at % 4) for at in range(200)]
    books = [all_books[:120], all_books[90:]]
    for day, part in zip(DAYS, trades, strict=False):
        raw.write(trade_table(part), day)
    for day, part in zip(DAYS, books, strict=False):
        raw.write(book_table(part), day, data_type="book_snapshot_5")
    return trades, books


async def ticks(services: Stack, run_id: str) -> list[tuple[int, int, int, str]]:
    request = results_service_pb2.StreamTicksRequest(run_id=run_id)
    chunks = [chunk.trades async for chunk in services.results.stream("StreamTicks", request)]
    return [row for chunk in chunks for row in zip(chunk.ts_init, chunk.ts_recorded, chunk.price, chunk.trade_id, strict=True)]


@pytest.mark.parametrize("mode", ["trades", "both"])
async def test_every_reader_returns_the_rows_that_a_run_replays(tmp_path: Path, mode: str) -> None:
    trades, _ = overlapping_market(tmp_path)
    # The file of the third day begins with a row of the first day.
    view = [(ts, row.recorded * 1_000, row.price, row.id) for ts, row in expected_view(trades)]
    config = run_config(BTC, "2024-07-18T12:00:00Z", "2024-07-20T23:59:59Z", starting_balance=1e9)
    config["data_catalog"] = {
        "auto_discover": False,
        "trades_path": f"raw_tick_data/by_date/*/data_type-trades/{BTC}.parquet",
        "book_snapshot_5_path": f"raw_tick_data/by_date/*/data_type-book_snapshot_5/{BTC}.parquet",
    }
    options = run_pb2.RunOptions(snapshot_mode=f"SNAPSHOT_MODE_{mode.upper()}")
    runs = []
    for kind, rows in (("fast", "50000"), ("full", "7")):
        async with stack(tmp_path, TICKREEL_SEGMENT_ROWS=rows) as services:
            run = await services.finish(config, kind, options=options)
            assert not run.HasField("failure"), (kind, run.failure)
            runs.append(run)
            assert await ticks(services, run.run_id) == view
            preview = runner_service_pb2.CreateRunRequest(validate_only=True, options=options)
            preview.document.update(config)
            previewed = (await services.runner.call("CreateRun", preview)).preview
            assert (previewed.trade_rows, previewed.rows_estimated) == (len(view), False)
    async with stack(tmp_path, TICKREEL_SEGMENT_ROWS="40") as services:
        request = runner_service_pb2.VerifyRunRequest(run_id=runs[0].run_id)
        verifying = (await services.runner.call("VerifyRun", request)).run
        verified = (await services.watch(verifying.run_id))[-1]
    assert verified.verification.verdict == verification_pb2.VERDICT_EQUAL
    assert {run.result.summary.trade_rows for run in runs} == {len(view)}
    assert len({run.result.metadata.result_digest for run in runs}) == 1
    assert [run.result.metadata.segments > 1 for run in runs] == [False, True]
    codes = [finding.code for finding in runs[0].result.findings]
    assert codes.count("ROWS_REPEATED") == (3 if mode == "trades" else 4)


async def test_the_catalog_returns_the_rows_of_a_run_from_any_cursor(tmp_path: Path) -> None:
    trades, books = overlapping_market(tmp_path)
    view = [(ts, row.price, row.id) for ts, row in expected_view(trades)]
    convert(tmp_path, trades)
    convert(tmp_path, books, BOOK_SNAPSHOT_5)
    async with serving("catalog", CatalogServicer, settings_in(tmp_path)) as catalog:
        start, end = timestamp_pb2.Timestamp(), timestamp_pb2.Timestamp()
        end.FromNanoseconds(2**62)
        for mask in (["ts_init", "price", "trade_id"], ["ts_init", "price"]):
            request = catalog_service_pb2.StreamTradesRequest(instrument_id=f"{BTC}@LIN", start=start, end=end)
            request.read_mask.paths.extend(mask)
            chunks = [chunk async for chunk in catalog.stream("StreamTrades", request)]
            clock = [ts for chunk in chunks for ts in chunk.trades.ts_init]
            assert clock == [ts for ts, *_ in view]
            assert [price for chunk in chunks for price in chunk.trades.price] == [price for _, price, _ in view]
            for arrived in (1, 110, 111, 299):
                request.cursor = f"{clock[arrived - 1]}.1"
                rest = [chunk async for chunk in catalog.stream("StreamTrades", request)]
                assert [ts for chunk in rest for ts in chunk.trades.ts_init] == clock[arrived:]
            bars = catalog_service_pb2.SampleBarsRequest(instrument_id=f"{BTC}@LIN")
            assert (await catalog.call("SampleBars", bars)).rows == len(view)
        depth_request = catalog_service_pb2.StreamDepthRequest(instrument_id=f"{BTC}@LIN", start=start, end=end)
        depths = [chunk.depth async for chunk in catalog.stream("StreamDepth", depth_request)]
        expected_books = [(ts, row.event * 1_000) for ts, row in expected_view(books, BOOK_SNAPSHOT_5)]
        assert [row for depth in depths for row in zip(depth.ts_init, depth.ts_event, strict=True)] == expected_books
        for ts, event in expected_books[90:96]:
            at = timestamp_pb2.Timestamp()
            at.FromNanoseconds(ts)
            snapshot = catalog_service_pb2.GetDepthSnapshotRequest(instrument_id=f"{BTC}@LIN", at=at)
            depth = (await catalog.call("GetDepthSnapshot", snapshot)).depth
            assert (depth.ts_init.ToNanoseconds(), depth.ts_event.ToNanoseconds()) == (ts, event)
