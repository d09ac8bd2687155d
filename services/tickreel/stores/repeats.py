"""Detection of repeats: rows that are recorded in more than one file.

A row repeats an earlier row of another file if all of these values are equal: recorded time and `ts_event`; price, size, side
and id of a trade; all levels of a book. Replay times are not compared, because their nanoseconds depend on neighbouring rows.
Equal rows within one file are different rows, so the k-th of them is compared with the k-th in another file. Trades without a
recorded id are never repeats: two equal trades are possible, and only an id tells them from one trade that was recorded twice.
"""

from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tickreel.stores.raw_schema import LEVELS

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MADE_ID = "row-"
"""Prefix of trade ids that a conversion makes. Recorded ids with this prefix are replaced, so that all ids stay unique."""

NO_ROW = -1
"""Sentinel for a missing row number."""

TRADE_VALUES = ("ts_event", "price", "size", "aggressor_side", "trade_id")
BOOK_VALUES = ("ts_event", "bids", "asks")
"""The columns that are compared, of trades and of books."""


def are_books(names: list[str]) -> bool:
    """Return whether rows with columns of these names are book snapshots rather than trades."""
    return "bids" in names


def find_repeats(batch: pa.RecordBatch, file: Int64, recorded: Int64) -> Int64:
    """Return the number of the row that each row repeats; NO_ROW if it repeats none.

    Args:
        batch: Rows with TRADE_VALUES or BOOK_VALUES, sorted by recorded time, file, and place in the file.
        file: The number of each row's file.
        recorded: The recorded time of each row, UNIX nanoseconds.
    """
    repeated = np.full(len(recorded), NO_ROW)
    shared = np.flatnonzero(in_several_files(file, recorded))
    if not len(shared):
        return repeated
    file = file[shared]
    group = equal_rows(batch.take(shared), recorded[shared])
    # The k-th row of a group in a file has the occurrence k.
    order = np.lexsort((file, group))
    begins = np.diff(group[order], prepend=-1).astype(bool) | np.diff(file[order], prepend=-1).astype(bool)
    row = np.arange(len(order))
    occurrence = np.empty(len(order), dtype=np.int64)
    occurrence[order] = row - np.maximum.accumulate(np.where(begins, row, 0))
    # The first file that has a group's k-th occurrence keeps it.
    order = np.lexsort((file, occurrence, group))
    begins = np.diff(group[order], prepend=-1).astype(bool) | np.diff(occurrence[order], prepend=-1).astype(bool)
    kept = order[np.maximum.accumulate(np.where(begins, row, 0))]
    repeated[shared[order[~begins]]] = shared[kept[~begins]]
    return repeated


def in_several_files(file: Int64, recorded: Int64) -> Mask:
    """Return a mask of the rows whose recorded time occurs in more than one file.

    Args:
        file, recorded: As for `find_repeats`.
    """
    begins = np.flatnonzero(np.diff(recorded, prepend=recorded[:1] - 1))
    ends = np.append(begins[1:], len(recorded))
    return np.repeat(file[begins] != file[ends - 1], ends - begins)


def equal_rows(batch: pa.RecordBatch, recorded: Int64, *, with_ids: bool = True) -> Int64:
    """Return a group number for each row; equal rows have the same number.

    Args:
        batch: Rows with TRADE_VALUES or BOOK_VALUES.
        recorded: The recorded times of the rows.
        with_ids: Whether to compare the ids of trades. If so, a trade without a recorded id equals no other.
    """
    values = _book_values(batch) if are_books(batch.schema.names) else _trade_values(batch, with_ids=with_ids)
    words = np.column_stack([recorded, _integers(batch.column("ts_event")), *values])
    whole = np.ascontiguousarray(words).view(np.dtype((np.void, words.itemsize * words.shape[1]))).reshape(-1)
    return np.unique(whole, return_inverse=True)[1].reshape(-1)


def made_ids(batch: pa.RecordBatch) -> Mask:
    """Return a mask of the trades whose id was made by a conversion."""
    return pc.starts_with(batch.column("trade_id"), MADE_ID).to_numpy(zero_copy_only=False)


def _trade_values(batch: pa.RecordBatch, *, with_ids: bool) -> list[Int64]:
    side = cast(pa.DictionaryArray, batch.column("aggressor_side")).indices.to_numpy().astype(np.int64)
    values = [_words(batch.column("price")), _words(batch.column("size")), side]
    if with_ids:
        number = batch.column("trade_id").dictionary_encode().indices.to_numpy().astype(np.int64)
        values.append(np.where(made_ids(batch), -1 - np.arange(len(number)), number))
    return values


def _book_values(batch: pa.RecordBatch) -> list[Int64]:
    values = []
    for side in ("bids", "asks"):
        column = cast(pa.ListArray, batch.column(side))
        levels_of_rows = cast(pa.StructArray, column.values)
        offsets = column.offsets.to_numpy()
        counts = np.diff(offsets)
        row = np.repeat(np.arange(len(column)), counts)
        level = np.arange(len(row)) - np.repeat(offsets[:-1] - offsets[0], counts)
        values.append(counts.astype(np.int64))
        for name in ("price", "size"):
            levels = np.zeros((len(column), LEVELS, 2), dtype=np.int64)
            levels[row, level] = _words(levels_of_rows.field(name).slice(int(offsets[0]), len(row)))
            values.append(levels.reshape(len(column), -1))
    return values


def _words(decimals: pa.Array) -> Int64:
    """Return the low and the high 64 bits of decimals, shape (rows, 2)."""
    words = np.frombuffer(decimals.buffers()[1] or b"", dtype="<i8").reshape(-1, 2)
    return words[decimals.offset : decimals.offset + len(decimals)]


def _integers(times: pa.Array) -> Int64:
    return times.cast(pa.int64()).to_numpy()
