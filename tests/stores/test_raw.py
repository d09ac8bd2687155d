import gzip
import os
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from permissions import bound_by_permissions
from recordings import BTC, DAY, ETH, NOON, RawFolder, engine_trades, needs_real_data, real_data, trades
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import CSV
from tickreel.stores.raw import BY_DATE, RawStore, day_of
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES, guess_unit

HEADER = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
ROW = f"binance,BTCUSDT,{NOON + 5},{NOON},7,buy,64000.5,0.001"


def _codes(warnings: tuple) -> list[str]:
    return [warning.code for warning in warnings]


def _book(rows: int = 3) -> pa.Table:
    names = (f"{side}[{level}].{part}" for level in range(5) for side in ("asks", "bids") for part in ("price", "amount"))
    columns = {name: [1.0] * rows for name in names}
    return trades(rows, id=None, side=None, price=None, amount=None, **columns)


def test_a_dataset_describes_its_files_by_their_footers(raw: RawFolder) -> None:
    path = raw.write(trades(10), row_group_size=4)
    raw.write(_book(), data_type="book_snapshot_5")
    dataset = raw.store.dataset(f"day-{DAY}")
    assert (dataset.day, dataset.warnings) == (date(2024, 7, 18), ())
    book, file = dataset.files
    assert (book.data_type, book.rows, book.warnings) == (BOOK_SNAPSHOT_5, 3, ())
    assert (file.data_type, file.instrument, file.dataset, file.rows) == (TRADES, BTC, f"day-{DAY}", 10)
    assert file.path == f"{BY_DATE}/day-{DAY}/data_type-trades/{BTC}.parquet"
    assert file.span == (NOON * 1000, (NOON + 9000) * 1000)
    assert (file.size_bytes, file.mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)
    assert (file.faults, file.warnings) == ((), ())


@pytest.mark.parametrize(
    ("table", "options", "code", "says"),
    [
        (trades(0), {}, "NO_ROWS", "has no rows"),
        (trades(side=None, price=None), {}, "COLUMNS_MISSING", "has no column side, price; it has exchange, symbol"),
        (trades(price=pa.array([1.5] * 5, pa.float32())), {}, "COLUMN_TYPE", "price as float; it must be float64, or whole"),
        (trades(local_timestamp=["x"] * 5), {}, "COLUMN_TYPE", "local_timestamp as string; it must be int64 milliseconds"),
        (trades(side=[1.5] * 5), {}, "COLUMN_TYPE", "the column side as double; it must be text"),
        (engine_trades(price=None), {}, "COLUMNS_MISSING", "has no column price; it has ts_event, ts_init"),
        (trades(), {"write_statistics": False}, "NO_STATISTICS", "has no statistics of local_timestamp"),
        (trades(local_timestamp=[NOON // 1_000_000] * 5), {}, "TIMES_IMPLAUSIBLE", "seems to be seconds"),
        (trades(local_timestamp=[NOON // 1000, *[NOON] * 4]), {}, "TIMES_IMPLAUSIBLE", "milliseconds, and 17213"),
        (trades(local_timestamp=[0, *[NOON] * 4]), {}, "TIMES_IMPLAUSIBLE", "is not a time of 2009 to 2099 in any unit"),
        (trades(local_timestamp=pa.array([5] * 5, pa.timestamp("ms"))), {}, "TIMES_IMPLAUSIBLE", "the local_timestamp 5; it"),
    ],
)  # fmt: skip
def test_each_fault_of_a_file_is_a_warning(raw: RawFolder, table: pa.Table, options: dict, code: str, says: str) -> None:
    raw.write(table, **options)
    (file,) = raw.store.dataset(f"day-{DAY}").files
    assert _codes(file.warnings) == [code]
    assert says in file.warnings[0].message
    assert file.path in file.warnings[0].message
    assert file.span is None
    assert bool(file.faults) == (code != "NO_STATISTICS")


def test_files_that_are_larger_than_any_recording_are_refused_by_their_footers(raw: RawFolder) -> None:
    rows = 450_000
    empty = pa.nulls(rows, pa.float64())
    places = [f"{side}[{level}]" for side in ("asks", "bids") for level in range(20)]
    levels = {f"{place}.{part}": empty for place in places for part in ("price", "amount")}
    words = pa.DictionaryArray.from_arrays(np.zeros(rows, dtype=np.int8), pa.array(["word"]))
    times = pa.array(np.full(rows, NOON))
    expanding = pa.table({"exchange": words, "symbol": words, "timestamp": times, "local_timestamp": times, **levels})
    assert raw.write(expanding, data_type="book_snapshot_5").stat().st_size < 1_000_000
    raw.write(trades().replace_schema_metadata({"note": "x" * (9 << 20)}))
    raw.write(pa.table({f"column_{number}_{'x' * 100}": [1] for number in range(500)}), name=ETH)
    dataset = raw.store.dataset(f"day-{DAY}")
    said = [(found.code, found.message) for file in dataset.files for found in file.warnings]
    assert [code for code, _ in said] == ["FILE_EXPANDS", "FOOTER_TOO_LARGE", "COLUMNS_MISSING"]
    assert "it unpacks to more than 268,435,456 bytes, 100 times its size" in said[0][1]
    assert "bytes, and 16,777,216 are the most; write it with larger row groups" in said[1][1]
    # Short enough for thousands of them in one response.
    assert max(len(message) for _, message in said) < 1_200
    assert all(file.faults for file in dataset.files)


def test_each_kind_of_unreadable_file_has_its_fault(raw: RawFolder) -> None:
    path = raw.write(trades(1000), name=BTC)
    path.write_bytes(path.read_bytes()[:-100])
    raw.write(trades(), name=ETH).write_bytes(b"")
    btc, eth = raw.store.dataset(f"day-{DAY}").files
    assert (_codes(btc.warnings), _codes(eth.warnings)) == (["FILE_UNREADABLE"], ["FILE_EMPTY"])
    assert "corrupt or cut short" in btc.faults[0]
    assert "0 bytes" in eth.faults[0]
    assert (btc.rows, eth.rows) == (0, 0)


def test_a_footer_with_names_that_are_not_text_is_unreadable(raw: RawFolder) -> None:
    path = raw.write(trades())
    path.write_bytes(path.read_bytes().replace(b"amount", b"a\xac\xacunt"))
    (file,) = raw.store.dataset(f"day-{DAY}").files
    assert _codes(file.warnings) == ["FILE_UNREADABLE"]


def test_a_column_that_comes_twice_is_a_fault(raw: RawFolder) -> None:
    table = trades()
    raw.write(table.append_column("price", table["price"]))
    (file,) = raw.store.dataset(f"day-{DAY}").files
    assert _codes(file.warnings) == ["COLUMN_TWICE"]


def test_stray_files_are_named_and_skipped(raw: RawFolder, tmp_path: Path) -> None:
    day = raw.write(trades()).parent.parent
    (day / "data_type-trades/notes.txt").write_text("x")
    (day / "data_type-trades/BTCUSDT.parquet").write_bytes(b"")
    (day / "data_type-quotes").mkdir()
    (day / ".hidden").write_text("x")
    outside = tmp_path / f"{ETH}.parquet"
    outside.write_bytes(b"x")
    (day / f"data_type-trades/{ETH}.parquet").symlink_to(outside)
    dataset = raw.store.dataset(f"day-{DAY}")
    assert [file.instrument for file in dataset.files] == [BTC]
    assert _codes(dataset.warnings) == ["STRAY_FILE"] * 4
    assert all(
        any(name in w.message for w in dataset.warnings) for name in ("notes.txt", "BTCUSDT.parquet", "data_type-quotes", ETH)
    )


def test_day_folders(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades())
    (raw.root / BY_DATE / "day-2024-13-40").mkdir()
    (raw.root / BY_DATE / ".trash").mkdir()
    store = raw.store
    assert sorted(store.dataset_ids()) == ["day-2024-07-18", "day-2024-13-40"]
    assert _codes(store.dataset("day-2024-13-40").warnings) == ["NOT_A_DAY", "NO_FILES"]
    for wrong in ("", "day-2024-07-19", "..", "../by_date", f"day-{DAY}/data_type-trades", "day\0"):
        with pytest.raises(TickreelError, match="there is no dataset") as refused:
            store.dataset(wrong)
        assert refused.value.reason == "NOT_FOUND"
    assert RawStore(tmp_path).dataset_ids() == []
    with pytest.raises(TickreelError, match="is its disk mounted") as refused:
        RawStore(tmp_path / "nowhere").dataset_ids()
    assert (refused.value.reason, refused.value.metadata) == ("STORE_NOT_READABLE", {"path": f"{tmp_path}/nowhere"})


def test_files_without_read_permission_are_named(raw: RawFolder) -> None:
    file = raw.write(trades())
    folder = file.parent
    store = raw.store
    with bound_by_permissions():
        file.chmod(0)
        (warning,) = store.dataset(f"day-{DAY}").files[0].warnings
        assert (warning.code, warning.message.endswith("cannot be read: Permission denied")) == ("FILE_UNREADABLE", True)
        folder.chmod(0)
        with pytest.raises(TickreelError, match="Permission denied; let the user of the service read it") as refused:
            store.dataset(f"day-{DAY}")
        assert (refused.value.reason, refused.value.metadata["path"]) == ("STORE_NOT_READABLE", str(folder.parent))
        folder.chmod(0o755)
        file.chmod(0o644)
        assert store.dataset(f"day-{DAY}").files[0].warnings == ()


def test_names_that_are_not_valid_utf8_do_no_harm(raw: RawFolder) -> None:
    day = raw.write(trades()).parent.parent
    for folder in (day.parent, day, day / "data_type-trades"):
        (folder / os.fsdecode(b"\xff")).mkdir()
    store = raw.store
    assert store.dataset_ids() == [f"day-{DAY}"]
    assert [warning.message.split(" ")[0].rpartition("/")[2] for warning in store.dataset(f"day-{DAY}").warnings] == ["?", "?"]


def test_a_day_folder_that_leads_out_of_the_root_is_not_read(raw: RawFolder, tmp_path: Path) -> None:
    elsewhere = RawFolder(tmp_path / "elsewhere")
    elsewhere.write(trades())
    (raw.root / BY_DATE).mkdir(parents=True)
    (raw.root / BY_DATE / f"day-{DAY}").symlink_to(elsewhere.path().parent.parent)
    dataset = raw.store.dataset(f"day-{DAY}")
    assert (dataset.files, _codes(dataset.warnings)) == ((), ["STRAY_FILE", "NO_FILES"])


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(raw: RawFolder) -> None:
    path = raw.write(trades(5))
    store = raw.store
    (first,) = store.dataset(f"day-{DAY}").files
    assert store.identity(first.path) == (first.size_bytes, first.mtime_ns)
    content = path.read_bytes()
    raw.write(trades(7))
    (second,) = store.dataset(f"day-{DAY}").files
    assert (first.rows, second.rows) == (5, 7)
    path.unlink()
    assert store.identity(first.path) is None
    assert len(content) == first.size_bytes


@pytest.mark.parametrize(
    "name",
    [
        "day-2024-07-18 ",
        "day-20240718",
        "2024-07-18",
        "day-2024-7-18",
        "day-2024-02-30",
        "",
        "day-2022-W20-3",
        "day-٢٠٢٤-07-18",
    ],
)
def test_only_day_folders_have_a_day(name: str) -> None:
    assert day_of(name) is None


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("typed", [None, "UTC", "America/New_York"])
def test_spans_are_nanoseconds_whatever_the_unit(raw: RawFolder, unit: str, typed: str | None) -> None:
    times = pa.array(np.arange(NOON, NOON + 5000, 1000)).cast(pa.timestamp("us")).cast(pa.timestamp(unit))
    recorded = times.cast(pa.timestamp(unit, typed)) if typed else times.cast(pa.int64())
    raw.write(trades(local_timestamp=recorded))
    raw.write(engine_trades(ts_init=recorded), name=ETH)
    assert [file.span for file in raw.store.dataset(f"day-{DAY}").files] == [(NOON * 1000, (NOON + 4000) * 1000)] * 2


def test_units_of_times_are_guessed() -> None:
    seconds = NOON // 1_000_000
    assert guess_unit(seconds) == "seems to be seconds"
    assert guess_unit(seconds * 1000) == "seems to be milliseconds"
    assert guess_unit(seconds * 10**9) == "seems to be nanoseconds"
    assert guess_unit(0) == "is not a time of 2009 to 2099 in any unit"


def test_a_csv_is_described_like_a_parquet_file(raw: RawFolder) -> None:
    folder = RawFolder(raw.root, CSV)
    path = folder.write(trades(70_000))
    folder.write(_book(), data_type="book_snapshot_5")
    dataset = folder.store.dataset(f"day-{DAY}")
    assert dataset.warnings == ()
    book, file = dataset.files
    assert (book.data_type, book.instrument, book.rows) == (BOOK_SNAPSHOT_5, BTC, 3)
    assert file.path == f"{BY_DATE}/day-{DAY}/data_type-trades/{BTC}.csv.gz"
    assert (file.instrument, file.rows, file.span) == (BTC, 70_000, (NOON * 1000, (NOON + 69_999_000) * 1000))
    assert (file.size_bytes, file.mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)
    assert (file.faults, file.warnings) == ((), ())


@pytest.mark.parametrize(
    ("lines", "code", "says"),
    [
        ([], "FILE_UNREADABLE", "is not a readable .csv.gz file: Empty CSV file"),
        ([HEADER], "NO_ROWS", "has no rows"),
        ([HEADER.replace(",price", ""), "x,x,1,1,1,buy,1"], "COLUMNS_MISSING", "has no column price; it has exchange, symbol"),
        ([HEADER.replace("local_timestamp", "when"), ROW], "COLUMNS_MISSING", "has no column local_timestamp; it has"),
        ([f"{HEADER},price", f"{ROW},5"], "COLUMN_TWICE", "has 2 columns price"),
        ([ROW, ROW], "COLUMNS_MISSING", "has no column exchange, symbol"),
        ([HEADER, ROW, "x,BTC"], "FILE_UNREADABLE", "Expected 8 columns, got 2: x,BTC"),
        ([HEADER, ROW, ROW.replace(f"{NOON}", "noon")], "FILE_UNREADABLE", "local_timestamp is 'noon' in row 1 (from 0)"),
        ([HEADER, ROW.replace(f"{NOON}", "")], "NO_STATISTICS", "has no statistics of local_timestamp"),
        ([HEADER, ROW.replace(f"{NOON}", "12")], "TIMES_IMPLAUSIBLE", "is not a time of 2009 to 2099"),
    ],
)
def test_each_fault_of_a_csv_is_a_warning(raw: RawFolder, lines: list[str], code: str, says: str) -> None:
    folder = RawFolder(raw.root, CSV)
    path = folder.write(trades())
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    (file,) = folder.store.dataset(f"day-{DAY}").files
    assert _codes(file.warnings) == [code]
    assert says in file.warnings[0].message
    assert bool(file.faults) == (code != "NO_STATISTICS")


def test_a_csv_may_have_the_engine_schema(raw: RawFolder) -> None:
    folder = RawFolder(raw.root, CSV)
    folder.write(engine_trades(7))
    (file,) = folder.store.dataset(f"day-{DAY}").files
    assert (file.rows, file.span, file.warnings) == (7, (NOON * 1000, (NOON + 6000) * 1000), ())


@pytest.mark.parametrize("cut", [1, 8, 100, 20_000])
def test_a_truncated_csv_is_refused(raw: RawFolder, cut: int) -> None:
    folder = RawFolder(raw.root, CSV)
    path = folder.write(trades(20_000))
    path.write_bytes(path.read_bytes()[:-cut])
    (file,) = folder.store.dataset(f"day-{DAY}").files
    assert (_codes(file.warnings), file.rows) == (["FILE_UNREADABLE"], 0)
    assert "Truncated" in file.faults[0]


def test_files_of_the_other_kind_are_reported_only_if_there_are_no_others(raw: RawFolder) -> None:
    csv = RawFolder(raw.root, CSV)
    csv.write(trades())
    csv.write(trades(), name=ETH)
    (warning,) = raw.store.dataset(f"day-{DAY}").warnings
    assert warning.code == "NO_FILES"
    assert "no .parquet file, but 2 .csv.gz; set UNIFIED_CLOUD_SERVICES_USE_PARQUET to false to read" in warning.message
    raw.write(trades())
    for folder, names in ((raw, [BTC]), (csv, [BTC, ETH])):
        dataset = folder.store.dataset(f"day-{DAY}")
        assert (dataset.warnings, [file.instrument for file in dataset.files]) == ((), names)


@needs_real_data
def test_all_real_recordings_are_accepted() -> None:
    store = RawStore(real_data())
    datasets = [store.dataset(name) for name in store.dataset_ids()]
    assert len(datasets) == 10
    assert all(not dataset.warnings and not any(file.warnings for file in dataset.files) for dataset in datasets)
    assert sum(file.rows for dataset in datasets for file in dataset.files if file.data_type == TRADES) == 184_172
