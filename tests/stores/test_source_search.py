from datetime import date, timedelta
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
    """Run a search that is refused; return the field and the description of its only violation."""
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
    days = [str(file.day) for file in search(whole_days(DAY, NEXT)).run(three_days.store)]
    assert days == [DAY, NEXT]
    assert [file.instrument for file in search(whole_days(DAY), ETH).run(three_days.store)] == [ETH]


def test_the_window_is_inclusive_at_both_ends(three_days: RawFolder) -> None:
    first, last = NOON * 1000, (NOON + 4) * 1000
    for window in ((last, last), (first, first), (0, first), (last, 2**62)):
        found = search(window).run(three_days.store)
        assert DAY in [str(file.day) for file in found], window
    for window in ((last + 1, last + 999), (first - 999, first - 1)):
        assert _refusal(three_days, search(window))[0] == "time_window"


def test_a_row_near_midnight_may_be_in_the_neighbouring_folder(raw: RawFolder) -> None:
    raw.write(trades(local_timestamp=_on(NEXT, 0)), DAY)
    (file,) = search(whole_days(NEXT)).run(raw.store)
    assert file.dataset == f"day-{DAY}"


def test_a_file_without_statistics_is_included(raw: RawFolder) -> None:
    raw.write(trades(), write_statistics=False)
    (file,) = search(whole_days(DAY)).run(raw.store)
    assert file.span is None


def test_a_dataset_restricts_the_search(three_days: RawFolder) -> None:
    everything = whole_days("2024-07-17", NEXT)
    for path in ("", f"{LAYOUT}/{BTC}.parquet"):
        (file,) = search(everything, dataset=f"day-{DAY}", path=path).run(three_days.store)
        assert file.dataset == f"day-{DAY}"
    field, text = _refusal(three_days, search(everything, dataset="day-2024-07-01"))
    assert (field, "the day folders are day-2024-07-17, day-2024-07-18, day-2024-07-19" in text) == ("dataset", True)
    field, text = _refusal(three_days, search(whole_days("2024-08-01"), dataset=f"day-{DAY}"))
    assert (field, "they are in day-2024-07-17" in text) == ("dataset", True)
    assert _refusal(three_days, search(everything, dataset="../by_date"))[0] == "dataset"


@pytest.mark.parametrize(
    "path",
    [f"{LAYOUT}/{BTC}.parquet", f"@data_downloads/{LAYOUT}/{BTC}.parquet", f"./{LAYOUT}/{BTC}.parquet", f"**/{BTC}.parquet"],
)
def test_a_path_replaces_the_search_by_name(three_days: RawFolder, path: str) -> None:
    wanted = search(whole_days(DAY, NEXT), path=path, file_pattern="ignored")
    assert [str(file.day) for file in wanted.run(three_days.store)] == [DAY, NEXT]


def test_a_path_may_name_a_file_in_an_earlier_folder(raw: RawFolder) -> None:
    raw.write(trades(local_timestamp=_on("2024-07-10", rows=1) + _on(NEXT, rows=4)), "2024-07-10")
    raw.write(trades(local_timestamp=_on(NEXT, hour=13)), NEXT)
    found = search(whole_days(NEXT), path=f"{LAYOUT}/{BTC}.parquet").run(raw.store)
    assert [file.dataset for file in found] == ["day-2024-07-10", f"day-{NEXT}"]
    # A file without rows in the window is left out.
    (file,) = search(whole_days("2024-07-10"), path=f"{LAYOUT}/{BTC}.parquet").run(raw.store)
    assert file.dataset == "day-2024-07-10"


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
        (
            {"file_pattern": "nothing"},
            "data_catalog.instrument_file_pattern",
            f"'nothing' matches no file; the files are named {BTC}",
        ),
        ({"file_pattern": f"../{BTC}"}, "data_catalog.instrument_file_pattern", "is not a file name"),
        ({"file_pattern": ".."}, "data_catalog.instrument_file_pattern", "is not a file name"),
        ({"path": f"{LAYOUT}/*.parquet"}, "data_catalog.trades_path", "several instruments"),
        ({"path": f"{LAYOUT}/{ETH}.parquet"}, "data_catalog.trades_path", f"files of {ETH}"),
        ({"path": f"{LAYOUT}/nothing.parquet"}, "data_catalog.trades_path", "matches no file below the data root"),
        ({"path": "../*.parquet"}, "data_catalog.trades_path", "leaves the data root"),
        ({"path": "a/../../b.parquet"}, "data_catalog.trades_path", "leaves the data root"),
        ({"path": "/etc/passwd"}, "data_catalog.trades_path", "leaves the data root"),
        ({"path": "~/x.parquet"}, "data_catalog.trades_path", "leaves the data root"),
        ({"path": "@data_downloads/../x.parquet"}, "data_catalog.trades_path", "leaves the data root"),
        ({"path": "a**b/x.parquet"}, "data_catalog.trades_path", "is not a valid glob"),
        ({"path": "."}, "data_catalog.trades_path", "leaves the data root"),
        ({"path": "notes.txt"}, "data_catalog.trades_path", "matches notes.txt; it must match only .parquet files"),
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


def test_the_error_of_a_window_without_data_offers_alternatives(three_days: RawFolder) -> None:
    field, text = _refusal(three_days, search(whole_days("2023-01-01")))
    assert field == "time_window"
    assert "from 2023-01-01T00:00:00Z to 2023-01-01T23:59:59.999999999Z" in text
    assert "day-2024-07-17, day-2024-07-18, day-2024-07-19" in text
    field, text = _refusal(three_days, search((nanos(f"{DAY}T13:00:00"), nanos(f"{DAY}T14:00:00"))))
    assert "is 2024-07-18T12:00:00Z to 2024-07-18T12:00:00.000004Z" in text
    field, text = _refusal(three_days, search(whole_days("2023-01-01"), path=f"{LAYOUT}/{BTC}.parquet"))
    assert (field, "the path matches day-2024-07-17, day-2024-07-18" in text) == ("time_window", True)


def test_alternatives_are_only_days_that_a_search_reads(raw: RawFolder) -> None:
    raw.write(trades())
    raw.write(trades(), "2024-7-20")
    for searched in (search(whole_days("2023-01-01")), search(whole_days("2023-01-01"), dataset="day-2024-7-20")):
        text = _refusal(raw, searched)[1]
        assert f"there are some in day-{DAY}" in text or f"they are in day-{DAY}" in text, text
        assert "day-2024-7-20" not in text.partition(" in day-")[2].partition(";")[0], text


def test_a_window_without_data_names_the_nearest_days_of_many(raw: RawFolder) -> None:
    first = date(2024, 1, 1)
    days = [(first + timedelta(days=number)).isoformat() for number in range(60) if number not in range(30, 35)]
    for day in days:
        raw.write(trades(1, local_timestamp=_on(day, rows=1)), day)
    nearest = "day-2024-01-30, day-2024-02-05, the nearest of 55 days from day-2024-01-01 to day-2024-02-29"
    for path in ("", f"{LAYOUT}/{BTC}.parquet"):
        text = _refusal(raw, search(whole_days("2024-02-01", "2024-02-03"), path=path))[1]
        assert text.endswith(nearest), text
    after, before = (_refusal(raw, search(whole_days(day)))[1] for day in ("2023-01-01", "2025-01-01"))
    assert after.endswith("some in day-2024-01-01, the nearest of 55 days from day-2024-01-01 to day-2024-02-29")
    assert before.endswith("some in day-2024-02-29, the nearest of 55 days from day-2024-01-01 to day-2024-02-29")
    text = _refusal(raw, search(whole_days("2024-02-01"), dataset="day-2024-02-01"))[1]
    assert text == "there is no day folder 'day-2024-02-01'; the day folders are " + text.partition("folders are ")[2]
    assert "day-2024-02-21" in text
    assert text.endswith("and 43 more")


def test_files_outside_the_window_are_named_nearest_first(raw: RawFolder) -> None:
    for number in range(20):
        (raw.root / f"archive-{number:02d}").mkdir()
        table = trades(local_timestamp=_on((date(2024, 1, 1) + timedelta(days=number)).isoformat()))
        raw.write(table).rename(raw.root / f"archive-{number:02d}/{BTC}.parquet")
    text = _refusal(raw, search((nanos("2024-01-18T00:00:00"), nanos("2024-01-18T01:00:00")), path=f"archive-*/{BTC}.parquet"))[
        1
    ]
    # Noon of the 18th is nearer than noon of the 17th by two hours.
    assert f"; archive-17/{BTC}.parquet is 2024-01-18T12:00:00Z to" in text
    assert text.index("archive-17") < text.index("archive-16") < text.index("archive-18")
    assert text.endswith("and 8 more")


def _skipped(raw: RawFolder, wanted: SourceSearch) -> list[str]:
    """Return the skipped paths of a successful search."""
    found = wanted.find(raw.store)
    assert found.files
    return found.skipped


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (f"day-{DAY}/{BTC}.parquet", "lies directly in a day folder; move it to data_type-trades or data_type-book_"),
        (f"day-{DAY}/trades/{BTC}.parquet", "lies in a folder that is not named data_type-trades or data_type-book"),
        (f"day-{DAY}/data_type-trades/new/{BTC}.parquet", "lies in a folder that is a folder inside data_type-trades; move"),
        (f"day-{DAY}/data_type-trades/{BTC}.parquet.tmp", "does not end in .parquet"),
        (f"day-{DAY}/data_type-trades/{BTC}.PARQUET", "does not end in .parquet"),
        (f"day-{DAY}/data_type-trades/{BTC}@LIN.parquet", "is not named VENUE:PRODUCT:SYMBOL.parquet"),
        (f"day-{DAY}/data_type-trades/{BTC} (1).parquet", "is not named VENUE:PRODUCT:SYMBOL.parquet"),
        (f"day-2024-7-18/data_type-trades/{BTC}.parquet", "rename day-2024-7-18 to day-2024-07-18"),
        (f"day-2024-W29-4/data_type-trades/{BTC}.parquet", "rename day-2024-W29-4 to day-2024-07-18"),
        (f"2024-07-18/data_type-trades/{BTC}.parquet", "rename 2024-07-18 to day-2024-07-18"),
        (f"20240718/data_type-trades/{BTC}.parquet", "rename 20240718 to day-2024-07-18"),
        (f"thursday/data_type-trades/{BTC}.parquet", "rename thursday to day-YYYY-MM-DD"),
        (f"{BTC}.parquet", "lies directly in raw_tick_data/by_date; move it to a folder day-YYYY-MM-DD/data_type-trades"),
    ],
)
def test_a_misplaced_file_is_named_if_it_may_have_rows_of_the_window(raw: RawFolder, place: str, says: str) -> None:
    raw.write(trades(), name=ETH)
    misplaced = raw.root / "raw_tick_data/by_date" / place
    misplaced.parent.mkdir(parents=True, exist_ok=True)
    raw.write(trades()).rename(misplaced)
    # The refusal names the skipped file if no other file is found.
    text = _refusal(raw, search(whole_days(DAY)))[1]
    assert f"; one file was skipped: raw_tick_data/by_date/{place} " in text
    assert says in text
    raw.write(trades())
    (skipped,) = _skipped(raw, search(whole_days(DAY)))
    assert skipped.startswith(f"raw_tick_data/by_date/{place} ")
    assert says in skipped
    # Searches for another instrument, or in a window in which the file has no rows, do not mention it.
    assert _skipped(raw, search(whole_days(DAY), ETH)) == []
    raw.write(trades(local_timestamp=_on("2024-07-20")), "2024-07-20")
    assert _skipped(raw, search(whole_days("2024-07-20"))) == []


def test_an_unfinished_file_is_named_for_the_day_of_its_folder(three_days: RawFolder) -> None:
    three_days.path().with_suffix(".parquet.part").write_bytes(b"PAR1 and no end")
    (skipped,) = _skipped(three_days, search(whole_days(DAY, NEXT)))
    assert f"{BTC}.parquet.part does not end in .parquet" in skipped
    assert _skipped(three_days, search(whole_days(NEXT))) == []


def test_a_link_out_of_the_root_is_named_and_not_read(three_days: RawFolder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    three_days.path().rename(elsewhere / "file")
    three_days.path().symlink_to(elsewhere / "file")
    for link in (three_days.path("2024-07-20").parent, three_days.path("2024-07-21").parent.parent):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(elsewhere)
    text, *folders = _skipped(three_days, search(whole_days("2024-07-17", "2024-07-21")))
    assert f"day-{DAY}/data_type-trades/{BTC}.parquet is a symbolic link out of the data root" in text
    assert [text.partition(" ")[0].rpartition("/")[2] for text in folders] == ["data_type-trades", "day-2024-07-21"]
    assert _skipped(three_days, search(whole_days("2024-07-17"))) == []


def test_data_of_other_types_is_not_skipped_data(three_days: RawFolder) -> None:
    day = three_days.path().parent.parent
    for folder in ("data_type-liquidations", "data_type-quotes", "data_type-book_snapshot_25", "notes"):
        (day / folder).mkdir()
        three_days.write(trades(), "2024-07-01").rename(day / folder / f"{BTC}.parquet")
    three_days.write(books(), "2024-07-01").rename(day / f"{BTC}.parquet")
    (day / f"data_type-trades/.{BTC}.parquet.crc").write_bytes(b"x")
    (day / f"data_type-trades/._{BTC}.parquet").write_bytes(b"x")
    (day / "data_type-trades/_SUCCESS").write_bytes(b"")
    assert _skipped(three_days, search(whole_days(DAY))) == []


def test_hidden_files_are_never_data(three_days: RawFolder) -> None:
    folder = three_days.path().parent
    (folder / f"._{BTC}.parquet").write_bytes(b"a resource fork")
    (folder / f".{BTC}.parquet").write_bytes(b"x")
    (three_days.root / ".trash").mkdir()
    three_days.write(trades(), "2024-07-01").rename(three_days.root / f".trash/{BTC}.parquet")
    for path in (f"{LAYOUT}/*BTC-USDT.parquet", "**/*BTC-USDT.parquet"):
        (file,) = search(whole_days(DAY), path=path).run(three_days.store)
        assert file.path.endswith(f"data_type-trades/{BTC}.parquet")
    # Hidden folders that the path names are searched.
    (file,) = search(whole_days(DAY), path=f".trash/{BTC}.parquet").run(three_days.store)
    assert file.path == f".trash/{BTC}.parquet"
    field, text = _refusal(three_days, search(whole_days(DAY), path=f"{LAYOUT}/._*"))
    assert (field, "matches only hidden files: raw_tick_data" in text) == ("data_catalog.trades_path", True)


def test_files_of_tools_beside_the_data_are_named_and_skipped(three_days: RawFolder) -> None:
    for name in (f"{BTC}.parquet.crc", f"{BTC}.parquet.tmp"):
        (three_days.path().parent / name).write_bytes(b"x")
    skipped = _skipped(three_days, search(whole_days(DAY), path=f"{LAYOUT}/*BTC-USDT*"))
    assert [text.rpartition("/")[2] for text in skipped] == [
        f"{BTC}.parquet.crc does not end in .parquet",
        f"{BTC}.parquet.tmp does not end in .parquet",
    ]


def test_a_path_that_is_too_long_is_refused(three_days: RawFolder) -> None:
    field, text = _refusal(three_days, search(whole_days(DAY), path="x" * 5000))
    assert field == "data_catalog.trades_path"
    assert len(text) < 6000


def test_the_error_of_an_instrument_without_files_names_others(raw: RawFolder) -> None:
    (raw.root / "README").write_text("put raw data here")
    field, text = _refusal(raw, search(whole_days(DAY)))
    assert (field, "no trades of any instrument" in text) == ("instrument.id", True)
    raw.write(trades(), name=ETH)
    field, text = _refusal(raw, search(whole_days(DAY)))
    assert (field, text) == ("instrument.id", f"there are no trades of {BTC}; there are some of {ETH}")


def test_a_missing_or_empty_data_root_cannot_be_read(tmp_path: Path) -> None:
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


def test_a_broken_file_of_a_neighbouring_day_is_ignored(three_days: RawFolder) -> None:
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


def test_the_search_for_book_snapshots_has_its_own_path_and_words(three_days: RawFolder) -> None:
    for day in (DAY, NEXT):
        three_days.write(books(local_timestamp=_on(day)), day, data_type="book_snapshot_5")
    layout = "raw_tick_data/by_date/day-*/data_type-book_snapshot_5"

    def wanted(*days: str, **parts: str) -> SourceSearch:
        return search(whole_days(*days), data_type=BOOK_SNAPSHOT_5, **parts)

    for path in ("", f"@data_downloads/{layout}/{BTC}.parquet"):
        found = wanted(DAY, NEXT, path=path).run(three_days.store)
        assert [(str(file.day), file.data_type) for file in found] == [(DAY, BOOK_SNAPSHOT_5), (NEXT, BOOK_SNAPSHOT_5)]
    for path, says in (("/etc/*", "day-*/data_type-book_snapshot_5/*.parquet"), ("nothing", "matches no file")):
        field, text = _refusal(three_days, wanted(DAY, path=path))
        assert (field, says in text) == ("data_catalog.book_snapshot_5_path", True)
    field, text = _refusal(three_days, wanted("2024-07-17"))
    assert (field, "no book snapshots of BINANCE-FUTURES:PERPETUAL:BTC-USDT from" in text) == ("time_window", True)
    with pytest.raises(TickreelError, match=r"the book snapshots of .* cannot be used"):
        search(whole_days(DAY), ETH, BOOK_SNAPSHOT_5).run(three_days.store)


def test_files_in_the_engine_schema_are_found(raw: RawFolder) -> None:
    raw.write(engine_trades())
    (file,) = search(whole_days(DAY)).run(raw.store)
    assert file.span == (NOON * 1000, (NOON + 4000) * 1000)
    assert _refusal(raw, search((NOON * 1000 + 4_000_001, NOON * 1000 + 5_000_000)))[0] == "time_window"


def test_files_of_the_other_kind_are_mentioned_in_errors(raw: RawFolder) -> None:
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
    assert (field, f"must match only .parquet files, or {hint}" in text) == ("data_catalog.trades_path", True)
    # No hint if the files of the right kind explain the error, or if the other kind would not help.
    assert hint not in _refusal(csv, search(whole_days("2023-01-01")))[1]
    with pytest.raises(TickreelError) as refused:
        search(whole_days(DAY), "BINANCE:SPOT_PAIR:NEXO-USDT").run(raw.store)
    assert hint not in refused.value.violations[0].description
    raw.write(trades())
    assert hint not in _refusal(raw, search(whole_days("2023-01-01")))[1]
