"""The first order or fill in which a second execution differs from a result."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from google.protobuf import json_format
from google.protobuf.message import Message

from tickreel.rpc.errors import TickreelError
from tickreel.runner.result.order_marks import first_difference
from tickreel.runner.result.reproduction import compared_files
from tickreel.stores.result_layout import ResultFile
from tickreel.stores.results import StoredResult
from tickreel.stores.table_rows import messages_of
from tickreel.v1 import report_pb2
from tickreel.v1.verification_pb2 import Divergence, FieldDifference

_MEMORY = "384MB"
# A positional join compares row by row, whatever the row groups. A row that only one file has is joined with nulls.
_FIRST = """
SELECT min(coalesce(recorded.id, again.id))
FROM read_parquet(?) AS recorded POSITIONAL JOIN read_parquet(?) AS again
WHERE {differs}
"""


def first_divergence(stored: StoredResult, folder: Path, on_progress: Callable[[int, int], None]) -> Divergence | None:
    """Return where an execution first differs from a result; None if all orders and fills are equal.

    Args:
        folder: The tables of the execution, and its marks if the result is of a fast run.
        on_progress: Called with the number of files compared so far and the number of files in all.

    Raises:
        TickreelError: DATA_CHANGED if a file of the result cannot be read.
    """
    names = compared_files(full=stored.is_full)
    first: dict[str, int | None] = dict.fromkeys((ResultFile.ORDERS, ResultFile.FILLS))
    try:
        for done, name in enumerate(names):
            on_progress(done, len(names))
            if name == ResultFile.MARKS:
                first[ResultFile.ORDERS] = first_difference(stored.folder / ResultFile.MARKS, folder / ResultFile.MARKS)
            else:
                first[name] = _first_row(stored.folder / name, folder / name)
        on_progress(len(names), len(names))
        recorded, again = _Tables(stored.folder if stored.is_full else None), _Tables(folder)
        return _divergence(recorded, again, first[ResultFile.ORDERS], first[ResultFile.FILLS])
    except (OSError, duckdb.Error, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        message = (
            f"the files of the result {stored.run_id} in {stored.folder} cannot be compared: {reason}; "
            "create a new run with the same config to get a result that can be verified"
        )
        raise TickreelError("DATA_CHANGED", message, run_id=stored.run_id) from None


def _first_row(recorded: Path, again: Path) -> int | None:
    """Return the id of the first row that differs in the columns that both tables have."""
    columns = [name for name in pq.read_schema(recorded).names if name in pq.read_schema(again).names]
    if "id" not in columns:
        raise pa.ArrowInvalid(f"{recorded} has no column id")
    differs = " OR ".join(f"recorded.{name} IS DISTINCT FROM again.{name}" for name in columns)
    with duckdb.connect(config={"memory_limit": _MEMORY}) as database:
        found: list[tuple[int | None]] = database.execute(
            _FIRST.format(differs=differs), [str(recorded), str(again)]
        ).fetchall()
    return found[0][0]


@dataclass(frozen=True)
class _Tables:
    """The orders and fills of an execution. `folder` is None if it kept no tables: then it has no columns and no rows."""

    folder: Path | None

    def columns(self, name: str) -> Collection[str]:
        """Return the names of the columns of a table."""
        return pq.read_schema(self.folder / name).names if self.folder is not None else ()

    def orders(self, order_id: int) -> list[report_pb2.Order]:
        """Return the order with an id, in a list that is empty if there is none."""
        return self._rows(report_pb2.Order, ResultFile.ORDERS, "id", order_id)

    def fills(self, order_id: int) -> list[report_pb2.Fill]:
        """Return the fills of an order."""
        return self._rows(report_pb2.Fill, ResultFile.FILLS, "order_id", order_id)

    def fill(self, fill_id: int) -> list[report_pb2.Fill]:
        """Return the fill with an id, in a list that is empty if there is none."""
        return self._rows(report_pb2.Fill, ResultFile.FILLS, "id", fill_id)

    def _rows[M: Message](self, kind: type[M], name: str, column: str, value: int) -> list[M]:
        if self.folder is None:
            return []
        return messages_of(kind, pq.read_table(self.folder / name, filters=[(column, "=", value)]))


def _divergence(recorded: _Tables, again: _Tables, order_id: int | None, fill_id: int | None) -> Divergence | None:
    """Return the divergence at the first order or the first fill that differs, whichever is earlier; at a tie, the order."""
    if order_id is None and fill_id is None:
        return None
    orders = (recorded.orders(order_id), again.orders(order_id)) if order_id is not None else ([], [])
    fills = (recorded.fill(fill_id), again.fill(fill_id)) if fill_id is not None else ([], [])
    submitted = [order.ts_submitted.ToNanoseconds() for side in orders for order in side]
    filled = [fill.ts.ToNanoseconds() for side in fills for fill in side]
    if order_id is None or (filled and submitted and min(filled) < min(submitted)):
        order_id = min(fill.order_id for side in fills for fill in side)
        divergence = Divergence(
            order_id=order_id, fill_id=fill_id, fields=_differences(*fills, recorded.columns(ResultFile.FILLS))
        )
        divergence.ts.FromNanoseconds(min(filled))
        orders = recorded.orders(order_id), again.orders(order_id)
    else:
        divergence = Divergence(order_id=order_id, fields=_differences(*orders, recorded.columns(ResultFile.ORDERS)))
        if submitted:
            divergence.ts.FromNanoseconds(min(submitted))
    for name, side, order in (("recorded_", recorded, orders[0]), ("", again, orders[1])):
        for one in order:
            getattr(divergence, f"{name}order").CopyFrom(one)
        getattr(divergence, f"{name}fills").extend(side.fills(order_id))
    return divergence


def _differences[M: Message](recorded: list[M], again: list[M], columns: Collection[str]) -> list[FieldDifference]:
    """Return the fields in which two rows differ, among the recorded columns. Without one of the rows the list is empty."""
    if not (recorded and again):
        return []
    before, now = (json_format.MessageToDict(side[0], preserving_proto_field_name=True) for side in (recorded, again))
    names = [
        field.name
        for field in recorded[0].DESCRIPTOR.fields
        if field.name in columns and before.get(field.name) != now.get(field.name)
    ]
    return [FieldDifference(name=name, recorded=before.get(name, ""), again=now.get(name, "")) for name in names]
