import gzip
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings import BTC, RawFolder, books, needs_real_data, real_data, trades
from tickreel.rpc.call_thread import AbandonedError
from tickreel.rpc.settings import CSV
from tickreel.stores.footers import Footers
from tickreel.stores.raw_schema import TRADES, schema_faults
from tickreel.stores.raw_table import open_raw_table


@pytest.fixture
def csv(raw: RawFolder) -> RawFolder:
    return RawFolder(raw.root, CSV)


def _write(csv: RawFolder, text: str) -> Path:
    path = csv.write(trades(1))
    path.write_bytes(gzip.compress(text.encode(errors="surrogateescape")))
    return path


def _plain(table: pa.Table) -> pa.Table:
    """Return the same values without dictionaries."""
    columns = (column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in table.columns)
    return pa.table(list(columns), table.column_names)


@pytest.mark.parametrize("table", [trades(3_000), books(3_000)], ids=["trades", "books"])
def test_either_kind_of_file_gives_the_same_columns(raw: RawFolder, csv: RawFolder, table: pa.Table) -> None:
    names = [name for name in table.column_names if name != "symbol"][::-1]
    for path in (raw.write(table), csv.write(table)):
        opened = open_raw_table(path)
        assert (opened.rows, opened.schema.names) == (3_000, table.column_names)
        assert _plain(opened.read(names)).select(names).equals(table.select(names))
        batches = list(opened.batches(1_000, names))
        assert max(batch.num_rows for batch in batches) <= 1_000
        assert _plain(pa.Table.from_batches(batches)).select(names).equals(table.select(names))
        for word in ("exchange", "symbol"):
            assert pa.types.is_dictionary(opened.schema.field(word).type)
        opened.close()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.floats(), st.decimals(0, 10**9, places=8).map(float)), min_size=1, max_size=50))
def test_a_number_in_text_is_the_nearest_double(csv: RawFolder, values: list[float]) -> None:
    path = _write(csv, "".join(f"{line}\n" for line in ["price,amount", *(f"{value!r},1" for value in values)]))
    read = open_raw_table(path).read(["price"])["price"].to_numpy()
    assert np.array_equal(read, np.array(values), equal_nan=True)


def test_an_empty_field_of_a_csv_is_null_or_an_empty_text(csv: RawFolder) -> None:
    header = "\ufeffid,side,price,timestamp,asks[0].price,note\r\n"
    opened = open_raw_table(_write(csv, header + ',,,,,\r\n\r\n"a,b",buy, 1.5 ,12,1e-8,x\r\n'))
    assert opened.read(opened.schema.names).to_pylist() == [
        {"id": "", "side": "", "price": None, "timestamp": None, "asks[0].price": None, "note": ""},
        {"id": "a,b", "side": "buy", "price": 1.5, "timestamp": 12, "asks[0].price": 1e-8, "note": "x"},
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Empty CSV file"),
        ("price,amount\n1,2\n1\n", "Expected 2 columns, got 1: 1"),
        ("price,amount\n1,2\n1,2,3\n", "Expected 2 columns, got 3: 1,2,3"),
        ("price,amount\n1,2\n1.5.2,2\n", "price is '1.5.2' in row 1 (from 0), which is not a number"),
        ("price,timestamp\n" + 99_999 * "1,2\n" + "1,2.5\n", "timestamp is '2.5' in row 99999 (from 0), which is not a whole"),
        (f"price,timestamp\n1,{2**63}\n", f"timestamp is '{2**63}' in row 0"),
        ("price,\udcff\n1,2\n", "its header is not valid text"),
        ("price,id\n1,\udcff\n", "id: CSV conversion error to string: invalid UTF8 data"),
        ("price,id\n\udcff,1\n", "price: CSV conversion error to double: invalid value"),
    ],
)
def test_the_error_of_a_wrong_csv_names_column_and_row(csv: RawFolder, text: str, says: str) -> None:
    path = _write(csv, text)
    with pytest.raises(pa.ArrowException) as refused:
        opened = open_raw_table(path)
        opened.read(opened.schema.names)
    assert says in str(refused.value)


def test_a_file_that_unpacks_too_far_is_read_once_and_refused(csv: RawFolder) -> None:
    path = csv.path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"local_timestamp,price\n")
        for _ in range(300):
            file.write(b"1721304000000000,1.0\n" * 50_000)
    footers = Footers()
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(footers.read, [path] * 8))
    # All callers shared one read.
    assert all(answer is answers[0] for answer in answers)
    assert answers[0].fault is not None
    code, message = answers[0].fault
    assert (code, "100 times its size" in message) == ("FILE_EXPANDS", True)
    assert footers.read(path) is answers[0]


class Caller(threading.Event):
    """A caller that abandons its call when it is asked for the n-th time, after it has run a function."""

    def __init__(self, asked: int, first: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._left, self._first = asked, first

    def is_set(self) -> bool:
        self._left -= 1
        if self._left == 0:
            self._first()
            self.set()
        return super().is_set()


def test_a_read_that_all_callers_abandoned_stops(csv: RawFolder) -> None:
    path = csv.write(trades(100_000))
    footers, caller = Footers(), Caller(4)
    with pytest.raises(AbandonedError):
        footers.read(path, caller)
    # Nothing is remembered, so the next call starts a new read.
    with pytest.raises(AbandonedError):
        footers.read(path, caller)
    assert footers.read(path).rows == 100_000


def test_a_read_continues_for_the_callers_that_still_wait(csv: RawFolder) -> None:
    path = csv.write(trades(100_000))
    footers = Footers()
    with ThreadPoolExecutor(2) as callers:
        others = []

        def join() -> None:
            others.append(callers.submit(footers.read, path))
            leaving = threading.Event()
            others.append(callers.submit(footers.read, path, leaving))
            while len(footers._readings[path].callers) < 3:
                time.sleep(0.001)
            # A caller that has left does not wait for the end of the read.
            leaving.set()
            with pytest.raises(AbandonedError):
                others.pop().result()

        first = footers.read(path, Caller(3, join))
        assert others[0].result() is first
    assert first.rows == 100_000


def test_a_fault_in_an_unread_column_is_ignored(csv: RawFolder) -> None:
    opened = open_raw_table(_write(csv, "price,amount\nx,2\n"))
    assert opened.rows == 1
    assert opened.read(["amount"])["amount"].to_pylist() == [2.0]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.binary(max_size=3) | st.sampled_from([b",", b'"', b"\n"]), st.integers(0, 9)),
        max_size=3,
    )
)
def test_a_file_of_any_bytes_is_read_or_refused(csv: RawFolder, changes: list[tuple[int, bytes, int]]) -> None:
    content = gzip.decompress(csv.write(trades(5)).read_bytes())
    for place, put, less in changes:
        content = content[:place] + put + content[place + less :]
    path = csv.path()
    path.write_bytes(gzip.compress(content))
    footer = Footers().read(path)
    if footer.fault is None and not schema_faults(footer.schema, TRADES):
        opened = open_raw_table(path)
        with suppress(pa.ArrowException):
            assert opened.read(opened.schema.names).num_rows == footer.rows


@pytest.mark.parametrize("damage", ["cut", "checksum", "garbage", "plain"])
def test_a_damaged_gzip_is_refused_however_it_is_read(csv: RawFolder, damage: str) -> None:
    path = csv.write(trades(20_000))
    content = path.read_bytes()
    flipped = bytes([content[-6] ^ 1])
    path.write_bytes(
        {
            "cut": content[:-1],
            "checksum": content[:-6] + flipped + content[-5:],
            "garbage": content + b"more",
            "plain": gzip.decompress(content),
        }[damage]
    )
    with pytest.raises(OSError, match=r"Truncated|inflate failed"):
        print(open_raw_table(path).rows)
    with pytest.raises(OSError, match=r"Truncated|inflate failed"):
        open_raw_table(path).read(["price"])
    with pytest.raises(OSError, match=r"Truncated|inflate failed"):
        list(open_raw_table(path).batches(1_000, ["price"]))


@needs_real_data
def test_the_real_csv_has_the_rows_of_the_real_parquet() -> None:
    folder = RawFolder(real_data())
    (path,) = (real_data() / "csv").glob("*2020-02-22*.csv.gz")
    names = ["exchange", "symbol", "timestamp", "local_timestamp", "id", "side", "price", "amount"]
    text, parquet = (_plain(open_raw_table(found).read(names)) for found in (path, folder.path("2020-02-22", BTC)))
    assert text.num_rows == 9_999
    for name in names:
        assert pc.all(pc.equal(text[name], parquet[name].slice(0, 9_999))).as_py(), name
