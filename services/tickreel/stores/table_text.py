"""Write tables as JSON or CSV, a batch of rows at a time, with every value in the format of the contract.

A decimal has all digits of its column and never an exponent. A time is ISO 8601 in UTC to the nanosecond. A 64-bit integer is a
string in JSON. Arrow converts each column to text and joins the texts row by row, so no value becomes a Python object.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tickreel.stores.converted_rows import scale_of

# Rows in a batch, few enough that its texts stay in the processor's cache.
BATCH_ROWS = 32_768
_THREADS = 2

# Separator between two rows of a JSON array. It is written before each row; the first row drops its comma.
_ROW = ",\n\t"
# An average price has eight more decimals than a price. Trailing zeros of these are not written.
AVERAGES = frozenset(("average_price", "average_entry", "average_exit"))
_SPARE_ZEROS = r"\.?0{1,8}$"
# The column of an event's data, which is JSON already: each kind of event has its own fields.
_JSON = "data"
_TIME_LETTERS = len("2024-07-18T23:57:00.000000000Z")


def write_json(file: BinaryIO, batches: Iterable[pa.RecordBatch], head: Mapping[str, Any] | None = None, key: str = "") -> None:
    """Write a JSON array with an object for each row.

    Args:
        head: If given, write an object with these keys first and then the array under `key`.
    """
    file.write((json.dumps(head)[:-1] + f', "{key}": [' if head is not None else "[").encode())
    first = True
    for rows in _texts(_json_rows, batches):
        # The first row has no comma before it.
        file.write(rows[1:] if first else rows)
        first = first and not rows
    file.write(b"\n]\n" if head is None else b"\n]\n}\n")


def write_csv(file: BinaryIO, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Write a header and a line for each row. A missing value is empty; values are quoted where necessary (RFC 4180)."""
    file.write((",".join(schema.names) + "\n").encode())
    for rows in _texts(_csv_rows, batches):
        file.write(rows)


def _texts(make: Callable[[pa.RecordBatch], memoryview], batches: Iterable[pa.RecordBatch]) -> Iterator[memoryview]:
    """Yield the texts of batches in their order. They are made in parallel, because Arrow releases Python's lock."""
    with ThreadPoolExecutor(_THREADS) as threads:
        pending: deque[Future[memoryview]] = deque()
        for batch in batches:
            pending.append(threads.submit(make, batch))
            if len(pending) > _THREADS:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _json_rows(batch: pa.RecordBatch) -> memoryview:
    parts: list[str | pa.Array] = [_ROW + "{"]
    for place, (name, column) in enumerate(zip(batch.schema.names, batch.columns, strict=True)):
        parts += ["," * (place > 0) + f'"{name}":', *_json_value(name, column)]
    return _joined(parts, "}")


def _csv_rows(batch: pa.RecordBatch) -> memoryview:
    parts: list[str | pa.Array] = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        parts += [",", _csv_text(name, column)]
    return _joined(parts[1:], "\n")


def _json_value(name: str, column: pa.Array) -> list[str | pa.Array]:
    """Return the parts that make up the JSON values of a column, to be joined row by row."""
    text = _text(name, column)
    if pa.types.is_string(column.type) and name != _JSON:
        text = _escaped(text)
    is_bare = name == _JSON or pa.types.is_int32(column.type) or pa.types.is_floating(column.type)
    if is_bare or pa.types.is_boolean(column.type):
        return [text.fill_null("null")]
    if text.null_count:
        return [_row_wise('"', text, '"').fill_null("null")]
    return ['"', text, '"']


def _csv_text(name: str, column: pa.Array) -> pa.Array:
    text = cast(pa.StringArray, _text(name, column).fill_null(""))
    if not pa.types.is_string(column.type):
        return text
    needs_quotes = pc.match_substring_regex(text, r'[",\r\n]')
    if not pc.any(needs_quotes).as_py():
        return text
    quoted = _row_wise('"', pc.replace_substring(text, '"', '""'), '"')
    return cast(pa.Array, pc.if_else(needs_quotes, quoted, text))


def _escaped(text: pa.Array) -> pa.Array:
    """Escape texts for JSON, without the quotes around them."""
    if not pc.any(pc.match_substring_regex(text, r'["\\\x00-\x1f]')).as_py():
        return text
    # Each distinct text once. Texts that need escaping are rare.
    words = text.dictionary_encode()
    escaped = [json.dumps(word, ensure_ascii=False)[1:-1] for word in words.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(words.indices, pa.array(escaped, pa.string())).dictionary_decode()


def _text(name: str, column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_decimal(kind):
        text = _decimal_text(column)
        return pc.replace_substring_regex(text, _SPARE_ZEROS, "") if name in AVERAGES else text
    if pa.types.is_timestamp(kind):
        return _time_text(column)
    return column.cast(pa.string())


def _decimal_text(column: pa.Array) -> pa.Array:
    """Return decimals as text with all digits. Arrow's own text of a small decimal has an exponent."""
    scale = scale_of(column.type)
    whole: pa.Array | None = _small_integers(column)
    if whole is None:
        whole = pa.Array.from_buffers(pa.decimal128(38, 0), len(column), column.buffers(), offset=column.offset)
    digits = whole.cast(pa.string())
    negative = pc.starts_with(digits, "-")
    has_negative = pc.any(negative).as_py()
    if has_negative:
        digits = pc.ascii_ltrim(digits, "-")
    if scale:
        digits = pc.binary_replace_slice(pc.ascii_lpad(digits, scale + 1, "0"), -scale, -scale, ".")
    return _row_wise(cast(pa.Array, pc.if_else(negative, "-", "")), digits) if has_negative else digits


def _small_integers(column: pa.Array) -> pa.Int64Array | None:
    """Return decimals as unscaled integers; None if one does not fit into 64 bits. Their text is made many times as fast."""
    limbs = np.frombuffer(column.buffers()[1] or b"", "<i8").reshape(-1, 2)[column.offset : column.offset + len(column)]
    low, high = limbs[:, 0], limbs[:, 1]
    if (high != low >> 63).any():
        return None
    nulls = pc.is_null(column).to_numpy(zero_copy_only=False) if column.null_count else None
    return pa.array(low, pa.int64(), mask=nulls)


def _time_text(column: pa.Array) -> pa.StringArray:
    """Return times in the form 2024-07-18T23:57:00.000000000Z."""
    rows = len(column)
    # Without nulls all texts have one length, 2024-07-18 23:57:00.000000000, and are adjacent in one buffer.
    text = column.fill_null(0).cast(pa.timestamp("ns")).cast(pa.string())
    letters = np.empty((rows, _TIME_LETTERS), np.uint8)
    letters[:, :-1] = np.frombuffer(text.buffers()[2] or b"", np.uint8).reshape(rows, _TIME_LETTERS - 1)
    letters[:, 10], letters[:, -1] = ord("T"), ord("Z")
    starts = np.arange(rows + 1, dtype=np.int32) * _TIME_LETTERS
    valid = pc.is_valid(column).buffers()[1] if column.null_count else None
    return pa.StringArray.from_buffers(rows, pa.py_buffer(starts), pa.py_buffer(letters), valid)


def _joined(parts: Sequence[str | pa.Array], end: str) -> memoryview:
    """Join the parts row by row, and return all rows as one text: the buffer of the joined column."""
    merged: list[str | pa.Array] = []
    for part in [*parts, end]:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    return memoryview(_row_wise(*merged).buffers()[2] or b"")


def _row_wise(*parts: str | pa.Array) -> pa.Array:
    """Join the parts of each row; a part that is a string is the same in every row."""
    return cast(pa.Array, pc.binary_join_element_wise(*parts, ""))  # type: ignore[call-overload]  # the stub does not mix them
