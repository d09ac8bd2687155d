import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tickreel.converter.converted_depths import ConvertedDepths, SideLevels
from tickreel.converter.converted_trades import ConvertedTrades
from tickreel.converter.row_digest import RowDigest
from tickreel.engine.catalog_format import decimals

ROWS = 10


def _trades(**changed: Any) -> dict[str, Any]:
    columns = {
        "price": decimals(np.arange(1, ROWS + 1), 2),
        "size": decimals(np.arange(1, ROWS + 1), 3),
        "side": np.array([0, 1] * 5, dtype=np.int8),
        "ids": pa.array([str(row) * (row % 3 + 1) for row in range(ROWS)]),
        "ts_event": np.arange(ROWS, dtype=np.int64),
        "ts_init": np.arange(ROWS, dtype=np.int64) + 5,
    }
    return columns | changed


def _digest(columns: dict[str, Any], *cuts: int) -> str:
    digest = RowDigest(ConvertedTrades.form, ConvertedTrades.digest_columns)
    for start, end in zip((0, *cuts), (*cuts, ROWS), strict=True):
        rows = ConvertedTrades(**{name: values[start:end] for name, values in columns.items()})
        digest.update(len(rows), rows.digest_bytes())
    return digest.hexdigest()


def test_chunks_do_not_change_the_digest() -> None:
    assert _digest(_trades(), 3, 4, 9) == _digest(_trades())


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
def test_every_column_changes_the_digest(changed: dict[str, Any]) -> None:
    assert _digest(_trades(**changed)) != _digest(_trades())


def test_ids_with_the_same_concatenation_have_other_digests() -> None:
    assert _digest(_trades(ids=pa.array(["12", "3"] * 5))) != _digest(_trades(ids=pa.array(["1", "23"] * 5)))


def _whole(form: bytes, parts: list[bytes]) -> str:
    columns = b"".join(hashlib.sha256(part).digest() for part in parts)
    return hashlib.sha256(form + ROWS.to_bytes(8, "little") + columns).hexdigest()


def _scaled(column: pa.Decimal128Array) -> bytes:
    values: list[Any] = column.to_pylist()
    return b"".join(int(value.scaleb(16)).to_bytes(16, "little") for value in values)


def test_the_encoding_of_trades_is_the_documented_one() -> None:
    columns = _trades()
    parts = [
        _scaled(columns["price"]),
        _scaled(columns["size"]),
        columns["side"].tobytes(),
        bytes(len(text) for text in columns["ids"].to_pylist()),
        "".join(columns["ids"].to_pylist()).encode(),
        columns["ts_event"].astype("<i8").tobytes(),
        columns["ts_init"].astype("<i8").tobytes(),
    ]
    assert _digest(columns) == _whole(b"tickreel trades 1", parts)


COUNTS = np.arange(ROWS, dtype=np.uint8) % 6


def _side(first: int, counts: np.ndarray = COUNTS, places: int = 2) -> SideLevels:
    levels = int(counts.sum())
    return SideLevels(decimals(first + np.arange(levels), places), decimals(1 + np.arange(levels), 3), counts)


def _books(**changed: Any) -> ConvertedDepths:
    columns: dict[str, Any] = {
        "start": 0,
        "bids": _side(100),
        "asks": _side(200, COUNTS[::-1].copy()),
        "ts_event": np.arange(ROWS, dtype=np.int64),
        "ts_init": np.arange(ROWS, dtype=np.int64) + 5,
    }
    return ConvertedDepths(**(columns | changed))


def _part(rows: ConvertedDepths, start: int, end: int) -> ConvertedDepths:
    def side(whole: SideLevels) -> SideLevels:
        first, past = int(whole.counts[:start].sum()), int(whole.counts[:end].sum())
        return SideLevels(whole.price[first:past], whole.size[first:past], whole.counts[start:end])

    return ConvertedDepths(start, side(rows.bids), side(rows.asks), rows.ts_event[start:end], rows.ts_init[start:end])


def _book_digest(rows: ConvertedDepths, *cuts: int) -> str:
    digest = RowDigest(ConvertedDepths.form, ConvertedDepths.digest_columns)
    for start, end in zip((0, *cuts), (*cuts, ROWS), strict=True):
        part = _part(rows, start, end)
        digest.update(len(part), part.digest_bytes())
    return digest.hexdigest()


def test_chunks_do_not_change_the_digest_of_books() -> None:
    assert _book_digest(_books(), 1, 4, 9) == _book_digest(_books())


@pytest.mark.parametrize(
    "changed",
    [
        {"bids": _side(101)},
        {"bids": _side(100, places=3)},
        {"asks": _side(200)},
        {"asks": _side(201, COUNTS[::-1].copy())},
        {"ts_event": np.arange(ROWS, dtype=np.int64) + 1},
        {"ts_init": np.arange(ROWS, dtype=np.int64) + 6},
    ],
)
def test_every_column_of_books_changes_the_digest(changed: dict[str, Any]) -> None:
    assert _book_digest(_books(**changed)) != _book_digest(_books())


def test_levels_with_the_same_concatenation_have_other_digests() -> None:
    counts = COUNTS.copy()
    counts[[3, 4]] = counts[[4, 3]]
    assert _book_digest(_books(bids=_side(100, counts))) != _book_digest(_books())


def test_the_encoding_of_books_is_the_documented_one() -> None:
    rows = _books()
    parts = [
        part for side in (rows.bids, rows.asks) for part in (side.counts.tobytes(), _scaled(side.price), _scaled(side.size))
    ]
    parts += [rows.ts_event.astype("<i8").tobytes(), rows.ts_init.astype("<i8").tobytes()]
    assert _book_digest(rows) == _whole(b"tickreel books 1", parts)
