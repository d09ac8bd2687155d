"""The tables that a full run keeps, a Parquet file each. One that is not what the run wrote is refused by name."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.results.artifact import unreadable
from tickreel.rpc.errors import TickreelError
from tickreel.stores.converted_rows import fitting_precision
from tickreel.stores.result_layout import ResultFile
from tickreel.stores.results import StoredResult
from tickreel.v1 import result_pb2

# The columns that every version has written, of those that are read by name.
_COLUMNS = {
    "orders": ("id", "ts_submitted", "side", "price", "filled_amount", "average_price", "status"),
    "fills": ("id", "order_id", "ts"),
    "timeline": ("ts",),
    "equity": ("ts", "equity", "drawdown", "position"),
    "ticks": ("ts_event", "ts_init", "price", "size", "side"),
}
# The figure of the summary that counts the rows of a table.
_COUNTS = {"orders": "orders", "fills": "fills", "ticks": "trade_rows"}


@dataclass(frozen=True)
class StoredTable:
    """A table that is open. Whatever fails while it is read raises DATA_CHANGED."""

    _stored: StoredResult
    _path: Path
    _file: pq.ParquetFile

    @property
    def schema(self) -> pa.Schema:
        """Its columns."""
        return self._file.schema_arrow

    @property
    def metadata(self) -> pq.FileMetaData:
        """Its footer."""
        return self._file.metadata

    def batches(self, max_rows: int, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Its rows, at most so many at a time."""
        batches = self._file.iter_batches(max_rows, columns=None if columns is None else list(columns))
        while True:
            with reading(self._stored, self._path):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def fitting_precision(self, columns: Sequence[str], most: int) -> int:
        """The decimals with which all values of columns fit into 64 bits (see `stores.converted_rows`)."""
        with reading(self._stored, self._path):
            return fitting_precision([self._path], columns, most)


@contextlib.contextmanager
def stored_table(stored: StoredResult, result: result_pb2.Result, name: str) -> Iterator[StoredTable]:
    """A table of a full run, open for as long as it is read.

    Raises:
        TickreelError: TABLE_NOT_KEPT for a fast run; DATA_CHANGED where the file is gone or is not what the run wrote.
    """
    path = table_path(stored, name)
    with contextlib.ExitStack() as opened:
        with reading(stored, path):
            file = opened.enter_context(pq.ParquetFile(path, pre_buffer=False))
        check_table(result, name, file.metadata.num_rows, file.schema_arrow)
        yield StoredTable(stored, path, file)


def check_table(result: result_pb2.Result, name: str, rows: int, schema: pa.Schema) -> None:
    """Checks that a table has the columns of its kind, and as many rows as the summary says.

    Raises:
        TickreelError: DATA_CHANGED.
    """
    missing = [column for column in _COLUMNS[name] if column not in schema.names]
    if missing:
        raise unreadable(result.run_id, f"{name}.parquet", f"it has no column {', '.join(missing)}")
    counted = getattr(result.summary, _COUNTS[name]) if name in _COUNTS else rows
    if rows != counted:
        raise unreadable(result.run_id, f"{name}.parquet", f"it has {rows:,} rows, but the summary says {counted:,}")


def table_path(stored: StoredResult, name: str) -> Path:
    """The file of a table that a full run keeps.

    Raises:
        TickreelError: TABLE_NOT_KEPT for a fast run, with what to do.
    """
    if not stored.is_full:
        message = f"the run {stored.run_id} was made in fast mode, which keeps no {name}; make it in full mode"
        raise TickreelError("TABLE_NOT_KEPT", message, run_id=stored.run_id, table=name)
    return stored.folder / ResultFile(f"{name}.parquet")


@contextlib.contextmanager
def reading(stored: StoredResult, path: Path) -> Iterator[None]:
    """Turns the faults of reading a table of a run into one of ours.

    Raises:
        TickreelError: DATA_CHANGED.
    """
    try:
        yield
    # A broken footer may have names that are no text.
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise unreadable(stored.run_id, path.name, str(error)) from None
