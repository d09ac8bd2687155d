import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tickreel.rpc.errors import TickreelError
from tickreel.stores.catalog import CatalogFile, CatalogRemovedError, CatalogStore, Origin
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.v1 import conversion_pb2, market_data_pb2

ENGINE_ID = "BTC-USDT-PERP.BINANCE-FUTURES"


def _file(
    source: str = "a.parquet",
    mtime_ns: int = 1,
    price: int = 1,
    size: int = 3,
    data_type: market_data_pb2.DataType = TRADES,
    engine_id: str = ENGINE_ID,
) -> CatalogFile:
    converted = conversion_pb2.ConvertedFile(
        source=source, data_type=data_type, rows=1, digest="d", price_precision=price, size_precision=size
    )
    converted.span.start.FromNanoseconds(1_700_000_000_000_000_001)
    converted.span.end.FromNanoseconds(1_700_000_000_000_000_002)
    origin = Origin(source, 10, mtime_ns, engine_id, "2.0")
    return CatalogFile(origin, "BINANCE-FUTURES:PERPETUAL:BTC-USDT", 1, 3, converted, ((2**62, 7), (2**62 + 1, 9)))


def _place(store: CatalogStore, file: CatalogFile, name: str) -> CatalogFile:
    with store.incoming() as written:
        _write(written, file)
        return store.place(written, file, [name])


def _write(path: Path, file: CatalogFile) -> None:
    with pq.ParquetWriter(path, pa.schema([("x", pa.int64())])) as writer:
        writer.write_table(pa.table({"x": [1]}))
        writer.add_key_value_metadata(file.to_metadata())


def _files_in(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_a_placed_file_carries_its_record(catalog: CatalogStore) -> None:
    assert (catalog.engine_ids(), catalog.files(ENGINE_ID)) == ([], [])
    placed = _place(catalog, _file(), "1_2.parquet")
    path = f"price1-size3/data/trades/{ENGINE_ID}/1_2.parquet"
    assert _files_in(catalog.root) == [path]
    assert placed.converted.path == path
    assert placed.size_bytes == (catalog.root / path).stat().st_size
    # Another process reads the same record from the file.
    (read,) = CatalogStore(catalog.root).files(ENGINE_ID)
    assert read == placed
    expected = _file()
    expected.converted.path = path
    assert (read.origin, read.raw_name, read.price_decimals, read.size_decimals) == (expected.origin, expected.raw_name, 1, 3)
    assert read.converted == expected.converted
    assert catalog.engine_ids() == [ENGINE_ID]


def test_choices_of_decimals_coexist(catalog: CatalogStore) -> None:
    _place(catalog, _file(price=10), "1_2.parquet")
    _place(catalog, _file(price=2), "1_2.parquet")
    assert [file.converted.price_precision for file in catalog.files(ENGINE_ID)] == [2, 10]


def test_data_types_coexist(catalog: CatalogStore) -> None:
    _place(catalog, _file("books", data_type=BOOK_SNAPSHOT_5), "1_2.parquet")
    _place(catalog, _file("more", data_type=BOOK_SNAPSHOT_5, engine_id="OTHER.VENUE"), "1_2.parquet")
    _place(catalog, _file("trades"), "1_2.parquet")
    assert catalog.engine_ids() == [ENGINE_ID, "OTHER.VENUE"]
    assert [(file.converted.path, file.converted.source) for file in catalog.files(ENGINE_ID)] == [
        (f"price1-size3/data/trades/{ENGINE_ID}/1_2.parquet", "trades"),
        (f"price1-size3/data/order_book_depths/{ENGINE_ID}/1_2.parquet", "books"),
    ]
    assert catalog.folder(ENGINE_ID, BOOK_SNAPSHOT_5, 1, 3) == catalog.root / f"price1-size3/data/order_book_depths/{ENGINE_ID}"


def test_the_file_of_a_changed_source_replaces_the_old_one(catalog: CatalogStore) -> None:
    _place(catalog, _file("b.parquet"), "5_6.parquet")
    _place(catalog, _file(price=2), "1_2.parquet")
    _place(catalog, _file(), "1_2.parquet")
    _place(catalog, _file(mtime_ns=2), "1_3.parquet")
    names = [Path(file.converted.path).name for file in catalog.files(ENGINE_ID)]
    assert names == ["1_3.parquet", "5_6.parquet", "1_2.parquet"]
    # A file of the same name is replaced by the rename alone.
    _place(catalog, _file(mtime_ns=3), "1_3.parquet")
    assert [file.origin.mtime_ns for file in catalog.files(ENGINE_ID)] == [3, 1, 1]


@pytest.fixture
def many_switches() -> Iterator[None]:
    """Make threads switch as often as possible."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("many_switches")
def test_files_of_equal_spans_placed_at_once_are_all_kept(catalog: CatalogStore) -> None:
    sources = [f"{number}.parquet" for number in range(8)]
    together = threading.Barrier(len(sources))

    def place(source: str) -> str:
        with catalog.incoming() as written:
            file = _file(source)
            _write(written, file)
            together.wait()
            # Each service has its own store.
            return (
                CatalogStore(catalog.root)
                .place(written, file, (f"1_{end}.parquet" for end in itertools.count(2)))
                .converted.path
            )

    with ThreadPoolExecutor(len(sources)) as pool:
        for _ in range(10):
            placed = list(pool.map(place, sources))
            assert sorted(file.origin.source for file in catalog.files(ENGINE_ID)) == sources
            assert sorted(placed) == sorted(path for path in _files_in(catalog.root))
            shutil.rmtree(catalog.root)


def test_only_one_conversion_holds_a_source(catalog: CatalogStore) -> None:
    events: list[str] = []
    free, waits = threading.Event(), threading.Event()

    def second() -> None:
        with CatalogStore(catalog.root).converting("a.parquet", waits.set):
            events.append("second")

    with ThreadPoolExecutor(1) as pool:
        with catalog.converting("a.parquet", free.set), catalog.converting("b.parquet", free.set):
            waiting = pool.submit(second)
            waits.wait()
            # A sweep does not remove a held lock.
            assert catalog.sweep() == []
            events.append("first")
        waiting.result()
    assert events == ["first", "second"]
    assert not free.is_set()
    assert _files_in(catalog.root) == []


def test_a_file_that_is_not_placed_is_removed(catalog: CatalogStore) -> None:
    with catalog.incoming() as written:
        assert written.exists()
    with pytest.raises(RuntimeError), catalog.incoming():
        raise RuntimeError
    assert _files_in(catalog.root) == []


def test_a_sweep_removes_files_of_dead_processes_only(catalog: CatalogStore) -> None:
    code = (
        "import sys, pathlib; from tickreel.stores.catalog import CatalogStore\n"
        "with CatalogStore(pathlib.Path(sys.argv[1])).incoming() as path: print(path, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(catalog.root)]
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdin is not None
    path = Path(worker.stdout.readline().strip())
    with catalog.incoming() as own:
        assert catalog.sweep() == []
        assert own.exists()
        assert path.exists()
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        worker.stdin.close()
        worker.stdout.close()
        assert catalog.sweep() == [path]
        assert own.exists()
    assert _files_in(catalog.root) == []


def test_foreign_and_damaged_files_are_ignored(catalog: CatalogStore) -> None:
    _place(catalog, _file(), "1_2.parquet")
    folder = catalog.folder(ENGINE_ID, TRADES, 1, 3)
    pq.write_table(pa.table({"x": [1]}), folder / "3_4.parquet")
    (folder / "5_6.parquet").write_bytes(b"half a fi")
    (catalog.root / "notes").mkdir()
    assert len(catalog.files(ENGINE_ID)) == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tickreel.converted", None),
        ("tickreel.converted", "x"),
        ("tickreel.source_size", None),
        ("tickreel.source_size", "x"),
        ("tickreel.raw_name", None),
    ],
)
def test_a_file_with_an_unreadable_record_is_not_found(catalog: CatalogStore, key: str, value: str | None) -> None:
    values = _file().to_metadata()
    del values[key]
    if value is not None:
        values[key] = value
    folder = catalog.folder(ENGINE_ID, TRADES, 1, 3)
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"x": [1]}).replace_schema_metadata(values), folder / "1_2.parquet")
    assert catalog.files(ENGINE_ID) == []


def test_a_root_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    store = CatalogStore(tmp_path / "file/parquet")
    with pytest.raises(TickreelError, match="cannot be written") as refused:
        store.require_writable()
    assert (refused.value.reason, refused.value.metadata["path"]) == ("STORE_NOT_WRITABLE", str(store.root))
    CatalogStore(tmp_path / "fine").require_writable()
    assert _files_in(tmp_path / "fine") == []


def test_a_failed_placement_leaves_nothing(catalog: CatalogStore) -> None:
    catalog.root.mkdir()
    (catalog.root / "price1-size3").write_text("in the way")
    with pytest.raises(TickreelError, match="cannot be written"):
        _place(catalog, _file(), "1_2.parquet")
    assert _files_in(catalog.root) == ["price1-size3"]


def test_a_catalog_deleted_during_a_placement_is_reported(catalog: CatalogStore) -> None:
    with pytest.raises(CatalogRemovedError, match="was deleted while") as refusal, catalog.incoming() as written:
        shutil.rmtree(catalog.root)
        catalog.place(written, _file(), "1_2.parquet")
    assert refusal.value.reason == "STORE_NOT_WRITABLE"
    assert (catalog.engine_ids(), catalog.files(ENGINE_ID), catalog.sweep()) == ([], [], [])


def test_a_file_that_is_placed_again_has_another_identity(catalog: CatalogStore) -> None:
    path = _place(catalog, _file(), "1_2.parquet").converted.path
    os.utime(catalog.root / path, ns=(1, 1))
    before = catalog.identity(path)
    assert _place(catalog, _file(), "1_2.parquet").converted.path == path
    assert catalog.identity(path) not in (before, None)
    (catalog.root / path).unlink()
    assert catalog.identity(path) is None
