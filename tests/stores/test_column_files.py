"""Columns are made once and cached afterwards; they may be deleted at any time."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tickreel.rpc.errors import TickreelError
from tickreel.stores.column_files import ColumnStore, ColumnWriter
from tickreel.stores.derived_files import DerivedFiles


class Maker:
    """Makes columns of a number of rows, and counts how often."""

    def __init__(self, rows: int = 1_000) -> None:
        self.rows = rows
        self.made = 0

    def __call__(self, writer: ColumnWriter) -> None:
        self.made += 1
        writer.facts["price_precision"] = 1
        for first in range(0, self.rows, 300):
            rows = np.arange(first, min(first + 300, self.rows))
            writer.append(price=rows, side=(rows % 2).astype(np.uint8))
        writer.append(none=np.empty(0))


def test_columns_are_read_as_written(tmp_path: Path) -> None:
    for columns in (
        ColumnStore(DerivedFiles(tmp_path / "columns", 1)).get("k", Maker()),
        ColumnStore(DerivedFiles(tmp_path / "columns", 1)).find("k"),
    ):
        assert columns is not None
        assert columns["price"].tolist() == list(range(1_000))
        assert columns["side"].dtype == np.uint8
        assert columns["side"].tolist() == [row % 2 for row in range(1_000)]
        assert (columns["none"].dtype, len(columns["none"])) == (np.dtype(np.float64), 0)
        assert columns.facts == {"price_precision": 1}


def test_columns_are_made_once(tmp_path: Path) -> None:
    make, store = Maker(), ColumnStore(DerivedFiles(tmp_path, 1))
    assert store.find("k") is None
    store.get("k", make)
    ColumnStore(DerivedFiles(tmp_path, 1)).get("k", make)
    assert make.made == 1


def test_concurrent_callers_wait_for_the_one_that_makes_the_columns(tmp_path: Path) -> None:
    make, store, gate = Maker(), ColumnStore(DerivedFiles(tmp_path, 1)), threading.Event()

    def slowly(writer: ColumnWriter) -> None:
        gate.wait()
        make(writer)

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(store.get, "k", slowly) for _ in range(4)]
        gate.set()
        assert [len(columns.result()["price"]) for columns in asked] == [1_000] * 4
    assert make.made == 1


def test_deleted_columns_are_made_again_and_held_ones_stay_readable(tmp_path: Path) -> None:
    make, store = Maker(), ColumnStore(DerivedFiles(tmp_path, 1))
    held = store.get("k", make)
    shutil.rmtree(tmp_path / "k")
    assert int(held["price"][999]) == 999
    assert len(store.get("k", make)["price"]) == 1_000
    assert make.made == 2


def test_beyond_the_limit_the_least_recently_used_are_evicted(tmp_path: Path) -> None:
    store = ColumnStore(DerivedFiles(tmp_path, 1))
    # 9 bytes a row: four entries are larger than a MiB, three are not.
    for key in ("a", "b", "c"):
        store.get(key, Maker(35_000))
    store.find("a")
    store.get("d", Maker(35_000))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c", "d"]


def test_a_failure_leaves_no_files(tmp_path: Path) -> None:
    store = ColumnStore(DerivedFiles(tmp_path, 1))

    def fail(writer: ColumnWriter) -> None:
        Maker()(writer)
        raise TickreelError("DATA_CHANGED", "the table is gone")

    with pytest.raises(TickreelError, match="the table is gone"):
        store.get("k", fail)
    assert list(tmp_path.iterdir()) == []
    assert len(store.get("k", Maker())["price"]) == 1_000


def test_unfinished_entries_of_a_dead_process_are_swept(tmp_path: Path) -> None:
    files = DerivedFiles(tmp_path, 1)
    ColumnStore(files).get("k", Maker())
    (tmp_path / ".j.0123").mkdir()
    (tmp_path / ".j.0123/price.int64").write_bytes(b"\0" * 8)
    files.sweep()
    assert [path.name for path in tmp_path.iterdir()] == ["k"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TickreelError) as caught:
        ColumnStore(DerivedFiles(tmp_path / "file/columns", 1)).get("k", Maker())
    assert caught.value.reason == "STORE_NOT_WRITABLE"
    assert caught.value.metadata["path"] == str(tmp_path / "file/columns")
