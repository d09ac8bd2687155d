"""The engine's catalog files, written as plain Arrow: NautilusTrader 2.0's own schema, without importing the engine.

An object a row is what makes the usual way into the engine's catalog slow; the columns of a recording become the
columns of the catalog here. Seen in the engine's reader, and kept by tests that read with it: a price is a decimal of
scale 16 whatever the instrument's precision, which is metadata of the file; a side is one of three words of a
dictionary; an id that the reader cannot hold aborts its process. A book snapshot is one row with a list of levels on
each side, which replaces the whole book.
"""

import functools
from collections.abc import Mapping
from importlib import metadata

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tickreel.v1 import market_data_pb2

Int64 = npt.NDArray[np.int64]

# Where the engine looks for a data type below a catalog.
FOLDERS = {
    market_data_pb2.DATA_TYPE_TRADES: "data/trades",
    market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5: "data/order_book_depths",
}

# Decimals at rest, and so the most that an instrument can have.
SCALE = 16
# The engine refuses what its raw integers cannot hold; whole units below that.
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

# As the engine itself makes levels of a snapshot: it knows neither how many orders a level has nor which.
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
    """The version of the installed engine."""
    return metadata.version("nautilus_trader")


def trade_metadata(engine_id: str, price_precision: int, size_precision: int) -> Mapping[str, str]:
    """The key-value metadata by which the engine knows a trade file."""
    return _metadata("TradeTick", engine_id, price_precision, size_precision)


def depth_metadata(engine_id: str, price_precision: int, size_precision: int) -> Mapping[str, str]:
    """The key-value metadata by which the engine knows a file of book snapshots."""
    return _metadata("OrderBookDepth", engine_id, price_precision, size_precision)


def _metadata(type_name: str, engine_id: str, price_precision: int, size_precision: int) -> Mapping[str, str]:
    return {
        "instrument_id": engine_id,
        "price_precision": str(price_precision),
        "size_precision": str(size_precision),
        "type_name": type_name,
    }


def file_name(first_ts_init: int, last_ts_init: int) -> str:
    """The name of a file by the times of its first and last row, UNIX nanoseconds.

    The engine picks the files of a window by name: an interval too narrow hides rows, silently.
    """
    return f"{_instant(first_ts_init)}_{_instant(last_ts_init)}.parquet"


def _instant(nanoseconds: int) -> str:
    return np.datetime_as_string(np.datetime64(nanoseconds, "ns")).translate(str.maketrans(":.", "--")) + "Z"


def sides(codes: npt.NDArray[np.int8]) -> pa.DictionaryArray:
    """The side column of codes BUY, SELL and NO_AGGRESSOR."""
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(SIDES))


def times(nanoseconds: Int64) -> pa.TimestampArray:
    """A time column of UNIX nanoseconds."""
    return pa.array(nanoseconds).cast(_TIME)


def levels(price: pa.Decimal128Array, size: pa.Decimal128Array, counts: npt.NDArray[np.integer]) -> pa.ListArray:
    """The column of one side of snapshots.

    Args:
        price, size: The levels of all rows one after another, the best of each row first.
        counts: How many levels each row has.
    """
    rows = len(price)
    orders = [pa.array(np.full(rows, _LEVEL_COUNT, np.uint32)), pa.array(np.full(rows, _LEVEL_ORDER, np.uint64))]
    offsets = np.zeros(len(counts) + 1, dtype=np.int32)
    np.cumsum(counts, out=offsets[1:])
    items = pa.StructArray.from_arrays([price, size, *orders], fields=list(_LEVEL))
    return pa.ListArray.from_arrays(pa.array(offsets), items, type=_LEVELS)


def snapshot_flags(rows: int) -> pa.UInt8Array:
    """The flags column of rows that are whole books."""
    return pa.array(np.full(rows, _SNAPSHOT, np.uint8))


def decimals(units: Int64, places: int | npt.NDArray[np.int8]) -> pa.Decimal128Array:
    """The decimal column of integers with that many decimal places: exact, as 128-bit integers of scale 16.

    Args:
        units: Values times 10 to the power of `places`, from 0 to below 2⁶³.
        places: 0 to 16, one for all or one a value.
    """
    # Schoolbook multiplication in digits of 32 bits, since numpy has no 128-bit integer. Units are below 2⁶³ and the
    # factor is below 2⁵⁴, so the sum of the middle products has no carry of its own.
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
    """The decimal column of 128-bit integers of scale 16, each given as its low and its high 64 bits."""
    return pa.Array.from_buffers(_DECIMAL, len(words), [None, pa.py_buffer(np.ascontiguousarray(words))])


def words_of_decimals(column: pa.Decimal128Array) -> npt.NDArray[np.uint64]:
    """The low and the high 64 bits of decimals of scale 16, as a view of shape (rows, 2)."""
    words = np.frombuffer(column.buffers()[1] or b"", dtype="<u8").reshape(-1, 2)
    return words[column.offset : column.offset + len(column)]


_SCALE_UP = np.array([10 ** (SCALE - places) for places in range(SCALE + 1)], dtype=np.uint64)


def fit_ids(ids: pa.StringArray) -> pa.BooleanArray:
    """Which ids the engine can hold; it aborts its process on any other.

    Fit is an ASCII text of 1 to 36 characters without NUL that is not all whitespace; null is not.
    """
    if ids.null_count == 0 and _all_printable(ids) and _all_of_fit_length(ids):
        return pa.repeat(True, len(ids))
    length = pc.binary_length(ids)
    fit = pc.and_(pc.greater_equal(length, 1), pc.less_equal(length, MAX_ID_LENGTH))
    fit = pc.and_(fit, pc.string_is_ascii(ids))
    fit = pc.and_not(fit, pc.match_substring(ids, "\0"))
    fit = pc.and_not(fit, pc.ascii_is_space(ids))
    return pc.fill_null(fit, False)


def _all_printable(texts: pa.StringArray) -> bool:
    """Whether no byte of the texts is a space, a control character or beyond ASCII; one look at all of them at once."""
    text = texts.buffers()[2]
    if text is None or not text.size:
        return True
    characters = np.frombuffer(text, dtype=np.uint8)
    return bool(characters.min() > ord(" ") and characters.max() < 0x7F)


def _all_of_fit_length(texts: pa.StringArray) -> bool:
    if not len(texts):
        return True
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32, count=texts.offset + len(texts) + 1)[texts.offset :]
    lengths = np.diff(offsets)
    return bool(lengths.min() >= 1 and lengths.max() <= MAX_ID_LENGTH)
