"""Tables of a run for export, as schemas and batches of rows, from any source."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tickreel.results.artifact import unreadable
from tickreel.results.run_columns import RunColumns
from tickreel.results.stored_table import stored_table
from tickreel.rpc.descriptors import descriptor_of, text_format
from tickreel.rpc.fields import decimal_of, instant_of
from tickreel.rpc.message_json import as_json, enum_text
from tickreel.stores.results import StoredResult
from tickreel.stores.table_text import BATCH_ROWS
from tickreel.v1 import result_pb2, text_format_pb2

TABLES = ("summary", "orders", "order_updates", "fills", "positions", "timeline", "equity", "ticks")

_TIME = pa.timestamp("ns", tz="UTC")
_NUMBERS = {
    FieldDescriptor.CPPTYPE_INT32: pa.int32(),
    FieldDescriptor.CPPTYPE_INT64: pa.int64(),
    FieldDescriptor.CPPTYPE_DOUBLE: pa.float64(),
    FieldDescriptor.CPPTYPE_BOOL: pa.bool_(),
}


@dataclass(frozen=True)
class ExportedTable:
    """A table that is being read.

    Attributes:
        rows: The number of rows.
    """

    schema: pa.Schema
    rows: int
    batches: Iterator[pa.RecordBatch]


@contextmanager
def exported_table(columns: RunColumns, stored: StoredResult, result: result_pb2.Result, name: str) -> Iterator[ExportedTable]:
    """Open a table of a run until the context exits.

    Args:
        name: One of `TABLES`.

    Raises:
        TickreelError: TABLE_NOT_KEPT for a fast run, except for its summary and its ticks; DATA_CHANGED if the file is
            missing or differs from what the run wrote.
    """
    if name == "summary":
        try:
            row = _summary(result)
        except ValueError as error:
            raise unreadable(stored.run_id, "summary.json", str(error)) from None
        yield ExportedTable(row.schema, 1, iter([row]))
    elif name == "ticks" and not stored.is_full:
        ticks = columns.sources(stored)
        yield ExportedTable(ticks.schema, ticks.total, ticks.batches())
    else:
        with stored_table(stored, result, name) as table:
            yield ExportedTable(table.schema, table.metadata.num_rows, table.batches(BATCH_ROWS))


def _summary(result: result_pb2.Result) -> pa.RecordBatch:
    """Return a result as one row. The columns are named by the paths of the fields; a repeated field becomes JSON text."""
    columns = dict(_fields(result, ""))
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _fields(message: Message, prefix: str) -> Iterator[tuple[str, pa.Array]]:
    values = as_json(message)
    for field in descriptor_of(message).fields:
        value, path = getattr(message, field.name), prefix + field.name
        if field.is_repeated:
            yield path, pa.array([json.dumps(values[field.name], ensure_ascii=False)])
        elif field.message_type is not None:
            yield from _fields(value, f"{path}.")
        else:
            is_set = not field.has_presence or message.HasField(field.name)
            yield path, _value(field, value if is_set else None)


def _value(field: FieldDescriptor, value: Any) -> pa.Array:
    if field.cpp_type in _NUMBERS:
        return pa.array([value], _NUMBERS[field.cpp_type])
    if field.enum_type is not None:
        return pa.array([enum_text(field, value or 0)])
    match text_format(field):
        case text_format_pb2.TEXT_FORMAT_DECIMAL:
            number = decimal_of(value or "")
            if value and number is None:
                raise ValueError(f"{field.name} is {value!r}, which is not a decimal")
            return pa.array([number], None if number is not None else pa.decimal128(38, 0))
        case text_format_pb2.TEXT_FORMAT_TIME:
            instant = instant_of(value) if value else None
            if value and instant is None:
                raise ValueError(f"{field.name} is {value!r}, which is not a time")
            return pa.array([instant], pa.int64()).cast(_TIME)
    return pa.array([value], pa.string())
