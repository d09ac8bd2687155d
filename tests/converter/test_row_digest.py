import hashlib

import numpy as np
import pyarrow as pa
import pytest

from tickreel.converter.row_digest import RowDigest
from tickreel.engine.catalog_format import decimals

ROWS = 10


def _columns(**changed: object) -> dict:
    columns = {
        "price": decimals(np.arange(1, ROWS + 1), 2),
        "size": decimals(np.arange(1, ROWS + 1), 3),
        "side": np.array([0, 1] * 5, dtype=np.int8),
        "ids": pa.array([str(row) * (row % 3 + 1) for row in range(ROWS)]),
        "ts_event": np.arange(ROWS, dtype=np.int64),
        "ts_init": np.arange(ROWS, dtype=np.int64) + 5,
    }
    return columns | changed


def _digest(columns: dict, *cuts: int) -> str:
    digest = RowDigest()
    for start, end in zip((0, *cuts), (*cuts, ROWS), strict=True):
        digest.update(**{name: values[start:end] for name, values in columns.items()})
    return digest.hexdigest()


def test_chunks_change_nothing() -> None:
    assert _digest(_columns(), 3, 4, 9) == _digest(_columns())


@pytest.mark.parametrize(
    "changed",
    [
        {"price": decimals(np.arange(2, ROWS + 2), 2)},
        {"size": decimals(np.arange(1, ROWS + 1), 2)},
        {"side": np.array([1, 0] * 5, dtype=np.int8)},
        {"ids": pa.array(["12", "3"] * 5)},
        {"ts_event": np.arange(ROWS, dtype=np.int64) + 1},
        {"ts_init": np.arange(ROWS, dtype=np.int64) + 6},
    ],
)
def test_every_column_counts(changed: dict) -> None:
    assert _digest(_columns(**changed)) != _digest(_columns())


def test_ids_that_run_together_are_told_apart() -> None:
    assert _digest(_columns(ids=pa.array(["12", "3"] * 5))) != _digest(_columns(ids=pa.array(["1", "23"] * 5)))


def test_the_encoding_is_the_documented_one() -> None:
    columns = _columns()
    parts = [
        b"".join(int(value.scaleb(16)).to_bytes(16, "little") for value in columns["price"].to_pylist()),
        b"".join(int(value.scaleb(16)).to_bytes(16, "little") for value in columns["size"].to_pylist()),
        columns["side"].tobytes(),
        bytes(len(text) for text in columns["ids"].to_pylist()),
        "".join(columns["ids"].to_pylist()).encode(),
        columns["ts_event"].astype("<i8").tobytes(),
        columns["ts_init"].astype("<i8").tobytes(),
    ]
    whole = b"tickreel trades 1" + ROWS.to_bytes(8, "little") + b"".join(hashlib.sha256(part).digest() for part in parts)
    assert _digest(columns) == hashlib.sha256(whole).hexdigest()
