"""The view of overlapping files has the rows of one raw file with all of their rows."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overlapping import Row, convert, expected_view, in_view_order, recordings
from recordings import NOON
from tickreel.runner.window.window import replay_span
from tickreel.stores.catalog import CatalogFile
from tickreel.stores.converted_rows import ALL_TIMES, RECORDED, Slice
from tickreel.stores.depths import DepthRows, read_depths
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.stores.trades import TradeRows, read_trades
from tickreel.stores.view import ViewFile, read_stretch, stretches
from tickreel.v1 import market_data_pb2

Kind = market_data_pb2.DataType


def read(parts: list[Slice], kind: Kind, batch_rows: int) -> list[tuple[int, int, int, int]]:
    """Return replay time, recorded time, ts_event and price of each row of some slices."""
    if kind == TRADES:
        trades = read_trades(parts, ["ts_event", "price", RECORDED], batch_rows)
        return [row for rows in trades for row in values(rows, rows.price(1))]
    books = read_depths(parts, ["ts_event", "bids", RECORDED], batch_rows)
    return [row for rows in books for row in values(rows, rows.best("bids", 1))]


def values(rows: TradeRows | DepthRows, prices: np.ndarray) -> list[tuple[int, int, int, int]]:
    recorded = TradeRows(rows.batch).ts_recorded
    assert recorded is not None
    return list(zip(rows.ts_init.tolist(), recorded.tolist(), rows.ts_event.tolist(), prices.tolist(), strict=True))


def expected(files: list[CatalogFile], found: list[list[Row]], kind: Kind) -> list[tuple[int, int, int, int]]:
    view = expected_view(in_view_order(files, found), kind)
    return [(ts, row.recorded * 1_000, row.event * 1_000, row.price) for ts, row in view]


@pytest.mark.parametrize("kind", [TRADES, BOOK_SNAPSHOT_5], ids=["trades", "books"])
@settings(max_examples=20, deadline=None, derandomize=True)
@given(data=st.data())
def test_overlapping_files_are_read_like_one_raw_file_with_all_rows(
    tmp_path_factory: pytest.TempPathFactory, kind: Kind, data: st.DataObject
) -> None:
    found = data.draw(recordings(kind))
    folder = tmp_path_factory.mktemp("view")
    files = convert(folder, found, kind)
    whole = expected(files, found, kind)
    times = [row[0] for row in whole]
    assert times == sorted(set(times))
    paths = {file.converted.path: folder / "parquet" / file.converted.path for file in files}
    assert len(paths) == len(files)
    batch_rows = data.draw(st.sampled_from([2, 9, 65_536]))
    if len(whole) > 500:
        batch_rows = max(batch_rows, 90)
    assert read([Slice(path, *ALL_TIMES) for path in paths.values()], kind, batch_rows) == whole

    # A window on the recorder's clock, which each file converts to its own replay clock.
    edges = st.sampled_from([row[1] for row in whole]) | st.integers(whole[0][1] - 2_000, whole[-1][1] + 2_000)
    start, end = sorted((data.draw(edges), data.draw(edges)))
    parts = [Slice(paths[file.converted.path], *replay_span(file, start, end)) for file in files]
    assert read(parts, kind, batch_rows) == [row for row in whole if start <= row[1] <= end]

    # Instants on the view's clock, like those of a cursor.
    between = sorted((data.draw(st.sampled_from(times)), data.draw(st.sampled_from(times))))
    view = stretches([ViewFile.of(file, folder / "parquet") for file in files])
    by_footers = stretches([ViewFile.read(path) for path in paths.values()])
    assert [(part.start, part.end, part.overlaps) for part in by_footers] == [
        (part.start, part.end, part.overlaps) for part in view
    ]
    clock = [
        ts
        for stretch in view
        for batch in read_stretch(stretch, between=(between[0], between[1]), columns=["ts_init"], batch_rows=batch_rows)
        for ts in TradeRows(batch).ts_init.tolist()
    ]
    assert clock == [ts for ts in times if between[0] <= ts <= between[1]]


def test_stretches_are_merged_only_where_files_overlap(tmp_path: Path) -> None:
    minute = 60_000_000
    found = [[Row(NOON + at * minute, NOON, id=f"t{at}") for at in range(first, first + 11)] for first in (0, 10, 20)]
    found[2] = found[2][1:]
    files = convert(tmp_path, found)
    view = stretches([ViewFile.of(file, tmp_path / "parquet") for file in files])
    assert [stretch.overlaps for stretch in view] == [False, True, False, False]
    assert view[1].start < (NOON + 10 * minute) * 1_000 < view[1].end
    assert view[1].end - view[1].start < 10**6
    # A file that overlaps no other has its whole span in one stretch. No two stretches share an instant.
    assert (view[3].start, view[3].end) == (view[3].files[0].first, view[3].files[0].last)
    assert all(before.end < after.start for before, after in itertools.pairwise(view))


def test_recordings_with_equal_spans_have_separate_files(tmp_path: Path) -> None:
    found = [
        [Row(NOON, NOON, id="a"), Row(NOON + 5, NOON, id="b")],
        [Row(NOON, NOON, id="a"), Row(NOON + 2, NOON, id="c"), Row(NOON + 5, NOON, id="d")],
    ]
    files = convert(tmp_path, found)
    again = convert(tmp_path, found)
    assert [file.converted.path for file in files] == [file.converted.path for file in again]
    slices = [Slice(tmp_path / "parquet" / file.converted.path, *ALL_TIMES) for file in files]
    assert [name for rows in read_trades(slices) for name in rows.trade_id] == ["a", "c", "b", "d"]


def test_trades_without_recorded_ids_are_never_repeats(tmp_path: Path) -> None:
    found = [[Row(NOON, NOON), Row(NOON + 1, NOON)], [Row(NOON + 1, NOON), Row(NOON + 2, NOON)]]
    files = convert(tmp_path, found)
    slices = [Slice(tmp_path / "parquet" / file.converted.path, *ALL_TIMES) for file in files]
    assert sum(len(rows) for rows in read_trades(slices)) == 4
