from pathlib import Path

import pytest

from recordings import BTC, DAY, ETH, NOON, RawFolder, books, engine_trades, nanos, search, trades, whole_days
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import CSV
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5
from tickreel.stores.source_search import SourceSearch

NEXT = "2024-07-19"
LAYOUT = "raw_tick_data/by_date/day-*/data_type-trades"


def _on(day: str, hour: int = 12, rows: int = 5) -> list[int]:
    return [nanos(f"{day}T{hour:02d}:00:00") // 1000 + row for row in range(rows)]


def _refusal(raw: RawFolder, wanted: SourceSearch) -> tuple[str, str]:
    """The field and the description of the one violation."""
    with pytest.raises(TickreelError) as refused:
        wanted.run(raw.store)
    assert refused.value.reason == "DATA_REFUSED"
    assert BTC in refused.value.message
    (violation,) = refused.value.violations
    return violation.field, violation.description


@pytest.fixture
def three_days(raw: RawFolder) -> RawFolder:
    for day in ("2024-07-17", DAY, NEXT):
        raw.write(trades(local_timestamp=_on(day)), day)
        raw.write(trades(local_timestamp=_on(day)), day, ETH)
    return raw


def test_the_files_of_the_window_are_found_in_time_order(three_days: RawFolder) -> None:
    days = [file.day.isoformat() for file in search(whole_days(DAY, NEXT)).run(three_days.store)]
    assert days == [DAY, NEXT]
    assert [file.instrument for file in search(whole_days(DAY), ETH).run(three_days.store)] == [ETH]


def test_the_window_is_inclusive_at_both_ends(three_days: RawFolder) -> None:
    first, last = NOON * 1000, (NOON + 4) * 1000
    for window in ((last, last), (first, first), (0, first), (last, 2**62)):
        found = search(window).run(three_days.store)
        assert DAY in [file.day.isoformat() for file in found], window
    for window in ((last + 1, last + 999), (first - 999, first - 1)):
        assert _refusal(three_days, search(window))[0] == "time_window"


def test_a_row_near_midnight_may_lie_in_the_folder_beside(raw: RawFolder) -> None:
    raw.write(trades(local_timestamp=_on(NEXT, 0)), DAY)
    (file,) = search(whole_days(NEXT)).run(raw.store)
    assert file.dataset == f"day-{DAY}"


def test_a_file_without_statistics_is_taken(raw: RawFolder) -> None:
    raw.write(trades(), write_statistics=False)
    (file,) = search(whole_days(DAY)).run(raw.store)
    assert file.span is None


def test_a_dataset_restricts_the_search(three_days: RawFolder) -> None:
    everything = whole_days("2024-07-17", NEXT)
    for path in ("", f"{LAYOUT}/{BTC}.parquet"):
        (file,) = search(everything, dataset=f"day-{DAY}", path=path).run(three_days.store)
        assert file.dataset == f"day-{DAY}"
    field, text = _refusal(three_days, search(everything, dataset="day-2024-07-01"))
    assert (field, "there are day-2024-07-17, day-2024-07-18, day-2024-07-19" in text) == ("dataset", True)
    field, text = _refusal(three_days, search(whole_days("2024-08-01"), dataset=f"day-{DAY}"))
    assert (field, "they are in day-2024-07-17" in text) == ("dataset", True)
    assert _refusal(three_days, search(everything, dataset="../by_date"))[0] == "dataset"


@pytest.mark.parametrize(
    "path",
    [f"{LAYOUT}/{BTC}.parquet", f"@data_downloads/{LAYOUT}/{BTC}.parquet", f"./{LAYOUT}/{BTC}.parquet", f"**/{BTC}.parquet"],
)
def test_a_path_replaces_the_search_by_name(three_days: RawFolder, path: str) -> None:
    wanted = search(whole_days(DAY, NEXT), path=path, file_pattern="ignored")
    assert [file.day.isoformat() for file in wanted.run(three_days.store)] == [DAY, NEXT]


def test_a_path_may_lie_outside_of_the_layout(raw: RawFolder) -> None:
    path = raw.write(trades())
    (raw.root / "my files #1").mkdir()
    path.rename(raw.root / f"my files #1/{BTC}.parquet")
    (file,) = search(whole_days(DAY), path=f"my files #1/{BTC}.parquet").run(raw.store)
    assert (file.dataset, file.day, file.instrument) == ("", None, BTC)


def test_a_pattern_finds_the_instrument(three_days: RawFolder) -> None:
    assert len(search(whole_days(DAY), file_pattern="BINANCE-*BTC-USDT").run(three_days.store)) == 1


@pytest.mark.parametrize(
    ("parts", "field", "says"),
    [
        ({"file_pattern": "BINANCE-FUTURES:*"}, "data_catalog.instrument_file_pattern", f"several instruments: {BTC}, {ETH}"),
        ({"file_pattern": ETH}, "data_catalog.instrument_file_pattern", f"files of {ETH}, but the instrument is {BTC}"),
        ({"file_pattern": "nothing"}, "data_catalog.instrument_file_pattern", f"'nothing' matches no file; there are {BTC}"),
        ({"file_pattern": f"../{BTC}"}, "data_catalog.instrument_file_pattern", "is no name of a file"),
        ({"file_pattern": ".."}, "data_catalog.instrument_file_pattern", "is no name of a file"),
        ({"path": f"{LAYOUT}/*.parquet"}, "data_catalog.trades_path", "several instruments"),
        ({"path": f"{LAYOUT}/{ETH}.parquet"}, "data_catalog.trades_path", f"files of {ETH}"),
        ({"path": f"{LAYOUT}/nothing.parquet"}, "data_catalog.trades_path", "matches no file below the data root"),
        ({"path": "../*.parquet"}, "data_catalog.trades_path", "leaves the data root"),
        ({"path": "a/../../b.parquet"}, "data_catalog.trades_path", "leaves the data root"),
        ({"path": "/etc/passwd"}, "data_catalog.trades_path", "leaves the data root"),
        ({"path": "~/x.parquet"}, "data_catalog.trades_path", "leaves the data root"),
        ({"path": "@data_downloads/../x.parquet"}, "data_catalog.trades_path", "leaves the data root"),
        ({"path": "a**b/x.parquet"}, "data_catalog.trades_path", "is no glob"),
        ({"path": "."}, "data_catalog.trades_path", "leaves the data root"),
        ({"path": "notes.txt"}, "data_catalog.trades_path", "matches notes.txt; it must match .parquet files alone"),
    ],
)
def test_a_wrong_pattern_or_path_is_refused(three_days: RawFolder, parts: dict, field: str, says: str) -> None:
    (three_days.root / "notes.txt").write_text("x")
    found, text = _refusal(three_days, search(whole_days(DAY), **parts))
    assert found == field
    assert says in text


def test_a_link_out_of_the_root_is_refused(three_days: RawFolder, tmp_path: Path) -> None:
    outside = tmp_path / "outside.parquet"
    three_days.path().rename(outside)
    three_days.path().symlink_to(outside)
    field, text = _refusal(three_days, search(whole_days(DAY), path=f"{LAYOUT}/{BTC}.parquet"))
    assert (field, "symbolic link" in text) == ("data_catalog.trades_path", True)
    assert _refusal(three_days, search(whole_days(DAY)))[0] == "time_window"


def test_a_window_without_data_says_what_there_is(three_days: RawFolder) -> None:
    field, text = _refusal(three_days, search(whole_days("2023-01-01")))
    assert field == "time_window"
    assert "from 2023-01-01T00:00:00Z to 2023-01-01T23:59:59.999999999Z" in text
    assert "day-2024-07-17, day-2024-07-18, day-2024-07-19" in text
    field, text = _refusal(three_days, search((nanos(f"{DAY}T13:00:00"), nanos(f"{DAY}T14:00:00"))))
    assert "is 2024-07-18T12:00:00Z to 2024-07-18T12:00:00.000004Z" in text
    field, text = _refusal(three_days, search(whole_days("2023-01-01"), path=f"{LAYOUT}/{BTC}.parquet"))
    assert (field, "the path matches raw_tick_data/by_date/day-2024-07-17" in text) == ("time_window", True)


def test_an_instrument_without_files_says_which_there_are(raw: RawFolder) -> None:
    (raw.root / "README").write_text("put raw data here")
    field, text = _refusal(raw, search(whole_days(DAY)))
    assert (field, "no trades of any instrument" in text) == ("instrument.id", True)
    raw.write(trades(), name=ETH)
    field, text = _refusal(raw, search(whole_days(DAY)))
    assert (field, text) == ("instrument.id", f"there are no trades of {BTC}; there are some of {ETH}")


def test_a_data_root_that_is_not_there_or_empty_cannot_be_read(tmp_path: Path) -> None:
    root = tmp_path / "mount point"
    for _ in range(2):
        with pytest.raises(TickreelError, match="is its disk mounted") as refused:
            search(whole_days(DAY)).run(RawFolder(root).store)
        assert (refused.value.reason, refused.value.metadata) == ("STORE_NOT_READABLE", {"path": str(root)})
        root.mkdir(exist_ok=True)


def test_every_broken_file_of_the_window_is_named(three_days: RawFolder) -> None:
    three_days.path(DAY).write_bytes(b"")
    three_days.path(NEXT).write_bytes(b"not Parquet at all")
    with pytest.raises(TickreelError) as refused:
        search(whole_days(DAY, NEXT)).run(three_days.store)
    assert [violation.field for violation in refused.value.violations] == ["data_catalog.instrument_file_pattern"] * 2
    assert DAY in refused.value.violations[0].description
    assert NEXT in refused.value.violations[1].description


def test_a_broken_neighbour_does_not_stand_in_the_way(three_days: RawFolder) -> None:
    three_days.path(NEXT).write_bytes(b"")
    assert len(search(whole_days(DAY)).run(three_days.store)) == 1
    assert "unreadable" in _refusal(three_days, search((nanos(f"{DAY}T23:00:00"), nanos(f"{DAY}T23:01:00"))))[1]


def test_a_copy_is_refused(raw: RawFolder) -> None:
    path = raw.write(trades())
    copy = raw.root / f"copies/{BTC}.parquet"
    copy.parent.mkdir()
    copy.write_bytes(path.read_bytes())
    field, text = _refusal(raw, search(whole_days(DAY), path=f"**/{BTC}.parquet"))
    assert (field, "one of them is a copy" in text) == ("data_catalog.trades_path", True)


def test_book_snapshots_have_a_path_and_words_of_their_own(three_days: RawFolder) -> None:
    for day in (DAY, NEXT):
        three_days.write(books(local_timestamp=_on(day)), day, data_type="book_snapshot_5")
    layout = "raw_tick_data/by_date/day-*/data_type-book_snapshot_5"

    def wanted(*days: str, **parts: str) -> SourceSearch:
        return search(whole_days(*days), data_type=BOOK_SNAPSHOT_5, **parts)

    for path in ("", f"@data_downloads/{layout}/{BTC}.parquet"):
        found = wanted(DAY, NEXT, path=path).run(three_days.store)
        assert [(file.day.isoformat(), file.data_type) for file in found] == [(DAY, BOOK_SNAPSHOT_5), (NEXT, BOOK_SNAPSHOT_5)]
    for path, says in (("/etc/*", "day-*/data_type-book_snapshot_5/*.parquet"), ("nothing", "matches no file")):
        field, text = _refusal(three_days, wanted(DAY, path=path))
        assert (field, says in text) == ("data_catalog.book_snapshot_5_path", True)
    field, text = _refusal(three_days, wanted("2024-07-17"))
    assert (field, "no book snapshots of BINANCE-FUTURES:PERPETUAL:BTC-USDT from" in text) == ("time_window", True)
    with pytest.raises(TickreelError, match=r"the book snapshots of .* cannot be used"):
        search(whole_days(DAY), ETH, BOOK_SNAPSHOT_5).run(three_days.store)


def test_files_as_the_engine_names_things_are_found(raw: RawFolder) -> None:
    raw.write(engine_trades())
    (file,) = search(whole_days(DAY)).run(raw.store)
    assert file.span == (NOON * 1000, (NOON + 4000) * 1000)
    assert _refusal(raw, search((NOON * 1000 + 4_000_001, NOON * 1000 + 5_000_000)))[0] == "time_window"


def test_one_kind_of_files_is_searched_and_the_other_is_hinted_at(raw: RawFolder) -> None:
    csv = RawFolder(raw.root, CSV)
    csv.write(trades())
    for path in ("", f"{LAYOUT}/{BTC}.csv.gz"):
        (file,) = search(whole_days(DAY), path=path).run(csv.store)
        assert (file.instrument, file.rows) == (BTC, 5)
    hint = "set UNIFIED_CLOUD_SERVICES_USE_PARQUET to false to read .csv.gz files"
    assert hint in _refusal(raw, search(whole_days(DAY)))[1]
    raw.write(trades(), name=ETH)
    field, text = _refusal(raw, search(whole_days(DAY)))
    assert (field, f"there are some of {ETH}; {hint}" in text) == ("instrument.id", True)
    field, text = _refusal(raw, search(whole_days(DAY), path="raw_tick_data/**/*BTC-USDT.csv.gz"))
    assert (field, f"must match .parquet files alone, or {hint}" in text) == ("data_catalog.trades_path", True)
    # No word of it where the files that are read say it all, or where it would not help.
    assert hint not in _refusal(csv, search(whole_days("2023-01-01")))[1]
    with pytest.raises(TickreelError) as refused:
        search(whole_days(DAY), "BINANCE:SPOT_PAIR:NEXO-USDT").run(raw.store)
    assert hint not in refused.value.violations[0].description
    raw.write(trades())
    assert hint not in _refusal(raw, search(whole_days("2023-01-01")))[1]
