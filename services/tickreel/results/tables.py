"""Pages of the tables of full runs, with filters and orders."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from cachetools import LRUCache, cachedmethod
from google.protobuf.message import Message

from tickreel.results.artifact import unreadable
from tickreel.results.run_columns import result_key
from tickreel.results.stored_table import StoredTable, stored_table, table_path
from tickreel.results.table_file import TableFile
from tickreel.results.table_sql import order, where
from tickreel.rpc.errors import TickreelError, is_full, not_writable
from tickreel.rpc.fields import Fields
from tickreel.rpc.filter import parse_filter
from tickreel.rpc.ordering import parse_order
from tickreel.stores.derived_files import DerivedFiles
from tickreel.stores.results import ResultStore, StoredResult
from tickreel.stores.table_rows import messages_of
from tickreel.v1 import report_pb2

# Memory for sorting. Larger sorts spill to disk.
_MEMORY = "160MB"
_SPILLED = "temporary data of a sort"
# Rows that are fetched and cached together: the size of the largest page.
_BLOCK = 500
_MOST_BLOCKS = 32
_VIEW_BYTES = 128 << 20
# If the requested rows span fewer rows than this, scanning the table is quicker than mapping it.
_NEAR = 65_536

RowNumbers = npt.NDArray[np.uint32] | range


@dataclass(frozen=True)
class TableKind:
    """A kind of table.

    Attributes:
        name: The name of the file, without its ending.
        message: The message of a row.
        natural: Columns by which the rows of the file are already sorted.
        is_mapped: Whether to make a `TableFile` for random access. Useful only for tables that clients can sort.
    """

    name: str
    message: type[Message]
    natural: tuple[str, ...]
    is_mapped: bool = True


ORDERS = TableKind("orders", report_pb2.Order, ("id", "ts_submitted"))
ORDER_UPDATES = TableKind("order_updates", report_pb2.OrderUpdate, ("id", "ts", "sequence"))
FILLS = TableKind("fills", report_pb2.Fill, ("id", "ts"))
POSITIONS = TableKind("positions", report_pb2.Position, ("id", "ts_opened"))
TIMELINE = TableKind("timeline", report_pb2.TimelineEvent, ("ts",), is_mapped=False)


@dataclass(frozen=True)
class View:
    """A selection of rows of a table, with their order."""

    stored: StoredResult
    kind: TableKind
    filter: str
    order_by: str


class RunTables:
    """The tables of the runs of a store.

    A view is evaluated once to its row numbers, which are cached. Rows are fetched by number, so all pages cost the same, at
    any offset.

    Args:
        results: The store of the tables.
        derived: The cache of table files for random access.
        spill: A folder for temporary data of large sorts.
    """

    def __init__(self, results: ResultStore, derived: DerivedFiles, spill: Path) -> None:
        self._results = results
        self._derived = derived
        self._spill = spill
        self._database = duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": str(spill)})
        self._views: LRUCache[View, RowNumbers] = LRUCache(_VIEW_BYTES, getsizeof=_bytes)
        self._blocks: LRUCache[tuple[View, int], pa.Table] = LRUCache(_MOST_BLOCKS)
        # A screen requests several pages of a view at once: the first request evaluates it, the others wait.
        self._evaluating = threading.Condition()

    def rows(self, view: View, first: int, count: int) -> tuple[list[Any], int]:
        """Return rows of a view as messages, and the number of rows of the view.

        Args:
            first: The offset of the first row to return.
            count: The most rows to return.

        Raises:
            TickreelError: TABLE_NOT_KEPT for a fast run; DATA_CHANGED if the table is missing or differs from what the run
                wrote; INVALID_REQUEST for an invalid filter or order; OUT_OF_MEMORY, STORE_NOT_WRITABLE or STORE_FULL if a
                sort has no room for its temporary data.
        """
        numbers = self._numbers(view)
        last = min(first + count, len(numbers))
        if first >= last:
            return [], len(numbers)
        blocks = [self._block(view, block) for block in range(first // _BLOCK, -(-last // _BLOCK))]
        rows = pa.concat_tables(blocks).slice(first % _BLOCK, last - first)
        return messages_of(view.kind.message, rows), len(numbers)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    @cachedmethod(lambda self: self._views, key=lambda self, view: view, condition=lambda self: self._evaluating)
    def _numbers(self, view: View) -> RowNumbers:
        path, fields = table_path(view.stored, view.kind.name), Fields(view.kind.message)
        filter_, keys = parse_filter(view.filter, fields), parse_order(view.order_by, fields)
        with self._open(view) as table:
            total, schema = table.metadata.num_rows, table.schema
        is_natural = not keys or (len(keys) == 1 and keys[0].field.path in view.kind.natural)
        is_reversed = is_natural and bool(keys) and keys[0].descending
        if is_natural and not view.filter.strip():
            rows = range(total)
            return rows[::-1] if is_reversed else rows
        condition, values = where(filter_, schema)
        query = f"SELECT file_row_number FROM read_parquet(?, file_row_number = true) WHERE {condition}"
        if not is_natural:
            self._make_spill()
            query += f" ORDER BY {order(keys, schema)}, file_row_number"
        with self._querying(view):
            columns = self._database.cursor().execute(query, [str(path), *values]).fetchnumpy()
        numbers = np.asarray(columns["file_row_number"], dtype=np.uint32)
        if is_natural:
            # A scan by several threads returns rows in any order.
            numbers.sort()
        return numbers[::-1] if is_reversed else numbers

    @cachedmethod(
        lambda self: self._blocks, key=lambda self, view, block: (view, block), condition=lambda self: self._evaluating
    )
    def _block(self, view: View, block: int) -> pa.Table:
        numbers = np.asarray(self._numbers(view)[block * _BLOCK : (block + 1) * _BLOCK], dtype=np.int64)
        first, last = int(numbers.min()), int(numbers.max())
        path = table_path(view.stored, view.kind.name)
        if last - first >= _NEAR and view.kind.is_mapped:
            key = result_key(view.stored, f"{view.kind.name}-table")
            return self._derived.get(key, lambda folder: self._map(view, folder), TableFile.read).rows(numbers)
        query = "SELECT * FROM read_parquet(?, file_row_number = true) WHERE file_row_number BETWEEN ? AND ?"
        if last - first >= len(numbers):
            query += f" AND file_row_number IN ({', '.join(map(str, numbers.tolist()))})"
        query += " ORDER BY file_row_number"
        with self._querying(view):
            rows: pa.Table = self._database.cursor().sql(query, params=[str(path), first, last]).to_arrow_table()
        places = np.argsort(np.argsort(numbers))
        return rows.take(places)

    def _open(self, view: View) -> AbstractContextManager[StoredTable]:
        return stored_table(view.stored, self._results.load(view.stored), view.kind.name)

    def _map(self, view: View, folder: Path) -> None:
        with self._open(view) as table:
            TableFile.make(table, folder)

    @contextmanager
    def _querying(self, view: View) -> Iterator[None]:
        """Convert errors of a query to a `TickreelError`.

        Filters and orders are checked before the query, so errors are due to the table, the memory or the disk.
        """
        try:
            yield
        except duckdb.OutOfMemoryException as error:
            sort = f"sorting the {view.kind.name} of {view.stored.run_id} in this order"
            room = f"the {_MEMORY} of memory and the space in {self._spill}, which all sorts share"
            message = (
                f"{sort} takes more than {room} ({_first_line(error)}); select fewer rows with a filter, or try again later"
            )
            raise TickreelError("OUT_OF_MEMORY", message, run_id=view.stored.run_id, table=view.kind.name) from None
        except duckdb.Error as error:
            if is_full(error):
                raise not_writable(_SPILLED, self._spill, error) from None
            raise unreadable(view.stored.run_id, f"{view.kind.name}.parquet", str(error)) from None

    def _make_spill(self) -> None:
        # DuckDB does not create the parents of its folder.
        try:
            self._spill.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise not_writable(_SPILLED, self._spill, error) from None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _bytes(numbers: RowNumbers) -> int:
    return 100 if isinstance(numbers, range) else numbers.nbytes
