"""The engine's catalog files, written as plain Arrow: NautilusTrader 2.0's own schema, without importing the engine.

The engine's own writer needs one Python object per row, which makes it slow. Here the columns of a recording become the
columns of the catalog.

The schema follows the engine's reader, and tests read the files with it:

- A price is a decimal of scale 16. The instrument's precision is metadata of the file.
- A side is one of three words in a dictionary.
- An id that the reader cannot hold aborts its process.
- A book snapshot is one row with a list of levels per side. It replaces the whole book.
"""

import functools
from collections.abc import Mapping
from importlib import metadata
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tickreel.v1 import market_data_pb2

Int64 = npt.NDArray[np.int64]

# Folder of each data type below a catalog.
FOLDERS = {
    market_data_pb2.DATA_TYPE_TRADES: "data/trades",
    market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5: "data/order_book_depths",
}

# Decimals of stored prices and sizes: the greatest precision of an instrument.
SCALE = 16
# Greatest whole numbers that the engine's raw integers hold.
MAX_PRICE = 17_014_118_346_046
MAX_SIZE = 34_028_236_692_093
MAX_ID_LENGTH = 36

# The words of the side dictionary, by code.
SIDES = ("BUY", "SELL", "NO_AGGRESSOR")
BUY, SELL, NO_AGGRESSOR = range(3)

_DECIMAL = pa.decimal128(38, SCALE)
_TIME = pa.timestamp("ns", tz="UTC")

TRADE_SCHEMA = pa.schema(
    [
        pa.field("price", _DECIMAL, nullable=False),
        pa.field("size", _DECIMAL, nullable=False),
        pa.field("aggressor_side", pa.dictionary(pa.int8(), pa.string()), nullable=False),
        pa.field("trade_id", pa.string(), nullable=False),
        pa.field("ts_event", _TIME, nullable=False),
        pa.field("ts_init", _TIME, nullable=False),
    ]
)

# The engine writes the same constants: a snapshot does not say how many orders a level has, nor their ids.
_LEVEL_COUNT, _LEVEL_ORDER = 1, 0
# RecordFlag.F_SNAPSHOT: the row is a whole book.
_SNAPSHOT = 32

_LEVEL = pa.struct(
    [
        pa.field("price", _DECIMAL, nullable=False),
        pa.field("size", _DECIMAL, nullable=False),
        pa.field("count", pa.uint32(), nullable=False),
        pa.field("order_id", pa.uint64(), nullable=False),
    ]
)
_LEVELS = pa.list_(pa.field("item", _LEVEL, nullable=False))

DEPTH_SCHEMA = pa.schema(
    [
        pa.field("bids", _LEVELS, nullable=False),
        pa.field("asks", _LEVELS, nullable=False),
        pa.field("flags", pa.uint8(), nullable=False),
        pa.field("sequence", pa.uint64(), nullable=False),
        pa.field("ts_event", _TIME, nullable=False),
        pa.field("ts_init", _TIME, nullable=False),
    ]
)


@functools.cache
def engine_version() -> str:
    """Return the version of the installed engine."""
    return metadata.version("nautilus_trader")


def trade_metadata(engine_id: str, price_precision: int, size_precision: int) -> Mapping[str, str]:
    """Return the key-value metadata that the engine expects in a trade file."""
    return _metadata("TradeTick", engine_id, price_precision, size_precision)


def depth_metadata(engine_id: str, price_precision: int, size_precision: int) -> Mapping[str, str]:
    """Return the key-value metadata that the engine expects in a file of book snapshots."""
    return _metadata("OrderBookDepth", engine_id, price_precision, size_precision)


def _metadata(type_name: str, engine_id: str, price_precision: int, size_precision: int) -> Mapping[str, str]:
    return {
        "instrument_id": engine_id,
        "price_precision": str(price_precision),
        "size_precision": str(size_precision),
        "type_name": type_name,
    }


def file_name(first_ts_init: int, last_ts_init: int) -> str:
    """Return the file name for the times of its first and last row, UNIX nanoseconds.

    The engine selects the files of a window by name. If the interval in the name is too narrow, rows are silently skipped.
    """
    return f"{_instant(first_ts_init)}_{_instant(last_ts_init)}.parquet"


def _instant(nanoseconds: int) -> str:
    return np.datetime_as_string(np.datetime64(nanoseconds, "ns")).translate(str.maketrans(":.", "--")) + "Z"


def sides(codes: npt.NDArray[np.int8]) -> pa.DictionaryArray:
    """Return the side column for codes BUY, SELL and NO_AGGRESSOR."""
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), pa.array(SIDES))


def times(nanoseconds: Int64) -> pa.Array:
    """Return the time column for UNIX nanoseconds."""
    return pa.array(nanoseconds).cast(_TIME)


def levels(price: pa.Decimal128Array, size: pa.Decimal128Array, counts: npt.NDArray[np.integer]) -> pa.ListArray:
    """Return the column of one side of snapshots.

    Args:
        price, size: Levels of all rows, row after row, the best level of a row first.
        counts: Number of levels of each row.
    """
    rows = len(price)
    orders = [pa.array(np.full(rows, _LEVEL_COUNT, np.uint32)), pa.array(np.full(rows, _LEVEL_ORDER, np.uint64))]
    offsets = np.zeros(len(counts) + 1, dtype=np.int32)
    np.cumsum(counts, out=offsets[1:])
    items = pa.StructArray.from_arrays([price, size, *orders], fields=list(_LEVEL))
    column = pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()),
        items,
        type=_LEVELS,
    )
    return cast(pa.ListArray, column)


def snapshot_flags(rows: int) -> pa.UInt8Array:
    """Return the flags column for rows that are whole books."""
    return pa.array(np.full(rows, _SNAPSHOT, np.uint8), pa.uint8())


def decimals(units: Int64, places: int | npt.NDArray[np.int8]) -> pa.Decimal128Array:
    """Return the exact decimal column, as 128-bit integers of scale 16, for integers with `places` decimals.

    Args:
        units: Values times 10 to the power of `places`, from 0 to below 2⁶³.
        places: 0 to 16, one number for all values or one per value.
    """
    # Schoolbook multiplication in digits of 32 bits, since numpy has no 128-bit integer. Units are below 2⁶³ and the
    # factor is below 2⁵⁴, so the sum of the middle products does not overflow.
    a, b = units.view(np.uint64), _SCALE_UP[places]
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    b0, b1 = b & low, b >> shift
    limbs = np.empty((len(a), 2), dtype="<u8")
    np.multiply(a, b, out=limbs[:, 0])
    if a.max(initial=0) <= low:
        np.right_shift(a * b1 + (a * b0 >> shift), shift, out=limbs[:, 1])
    else:
        a0, a1 = a & low, a >> shift
        np.add(a1 * b1, (a1 * b0 + a0 * b1 + (a0 * b0 >> shift)) >> shift, out=limbs[:, 1])
    return decimals_of_words(limbs)


def decimals_of_words(words: npt.NDArray[np.uint64]) -> pa.Decimal128Array:
    """Return the decimal column for 128-bit integers of scale 16, given as low and high 64 bits: shape (rows, 2)."""
    column = pa.Array.from_buffers(_DECIMAL, len(words), [None, pa.py_buffer(np.ascontiguousarray(words))])
    return cast(pa.Decimal128Array, column)


def words_of_decimals(column: pa.Decimal128Array) -> npt.NDArray[np.uint64]:
    """Return the low and high 64 bits of decimals of scale 16, as a view of shape (rows, 2)."""
    words = np.frombuffer(column.buffers()[1] or b"", dtype="<u8").reshape(-1, 2)
    return words[column.offset : column.offset + len(column)]


_SCALE_UP = np.array([10 ** (SCALE - places) for places in range(SCALE + 1)], dtype=np.uint64)


def fit_ids(ids: pa.StringArray) -> pa.BooleanArray:
    """Return a mask of the ids that the engine can hold; any other id aborts the engine's process.

    A fit id is ASCII text of 1 to 36 characters, without NUL, and not only whitespace. Null is not fit.
    """
    if ids.null_count == 0 and _all_printable(ids) and _all_of_fit_length(ids):
        return pa.repeat(True, len(ids))
    length = pc.binary_length(ids)
    fit = pc.and_(pc.greater_equal(length, _length(1)), pc.less_equal(length, _length(MAX_ID_LENGTH)))
    fit = pc.and_(fit, pc.string_is_ascii(ids))
    fit = pc.and_not(fit, pc.match_substring(ids, "\0"))
    fit = pc.and_not(fit, pc.ascii_is_space(ids))
    return cast(pa.BooleanArray, fit.fill_null(False))


def _length(characters: int) -> pa.Int32Scalar:
    return pa.scalar(characters, pa.int32())


def _all_printable(texts: pa.StringArray) -> bool:
    """Whether all bytes of the texts are printable ASCII and not a space, by one pass over the text buffer."""
    text = texts.buffers()[2]
    if text is None or not text.size:
        return True
    characters = np.frombuffer(text, dtype=np.uint8)
    return bool(characters.min() > ord(" ") and characters.max() < 0x7F)


def text_offsets(texts: pa.StringArray) -> npt.NDArray[np.int32]:
    """Return where each text begins in the text buffer, and where the last one ends: shape (rows + 1,)."""
    offsets = texts.buffers()[1]
    assert offsets is not None
    return np.frombuffer(offsets, dtype=np.int32, count=texts.offset + len(texts) + 1)[texts.offset :]


def _all_of_fit_length(texts: pa.StringArray) -> bool:
    if not len(texts):
        return True
    lengths = np.diff(text_offsets(texts))
    return bool(lengths.min() >= 1 and lengths.max() <= MAX_ID_LENGTH)
