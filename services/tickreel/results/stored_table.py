"""Tables of a full run, one Parquet file each. A file that differs from what the run wrote is refused by name."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.results.artifact import unreadable
from tickreel.rpc.errors import TickreelError
from tickreel.stores.converted_rows import fitting_precision
from tickreel.stores.results import StoredResult
from tickreel.v1 import result_pb2

# Columns that this service reads by name and that every version has written.
_COLUMNS = {
    "orders": ("id", "ts_submitted", "side", "price", "filled_amount", "average_price", "status"),
    "order_updates": ("id", "order_id", "ts", "kind"),
    "fills": ("id", "order_id", "ts"),
    "positions": ("id", "ts_opened", "ts_closed", "pnl"),
    "timeline": ("ts",),
    "equity": ("ts", "equity", "drawdown", "position"),
    "ticks": ("ts_event", "ts_init", "price", "size", "side"),
}
# Tables that results of earlier versions do not have.
_LATER = ("order_updates", "positions")
# Field of the summary that counts the rows of a table.
_COUNTS = {"orders": "orders", "fills": "fills", "ticks": "trade_rows"}


@dataclass(frozen=True)
class StoredTable:
    """An open table. Every failure to read it raises DATA_CHANGED."""

    _stored: StoredResult
    _path: Path
    _file: pq.ParquetFile

    @property
    def schema(self) -> pa.Schema:
        """The schema of the table."""
        return self._file.schema_arrow

    @property
    def metadata(self) -> pq.FileMetaData:
        """The footer of the file."""
        return self._file.metadata

    def batches(self, max_rows: int, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield all rows, in batches of at most `max_rows`."""
        batches = self._file.iter_batches(max_rows, columns=None if columns is None else list(columns))
        while True:
            with reading(self._stored, self._path):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def fitting_precision(self, columns: Sequence[str], most: int) -> int:
        """Return the decimals with which all values of the columns fit into 64 bits (see `stores.converted_rows`)."""
        with reading(self._stored, self._path):
            return fitting_precision([self._path], columns, most)


@contextlib.contextmanager
def stored_table(stored: StoredResult, result: result_pb2.Result, name: str) -> Iterator[StoredTable]:
    """Open a table of a full run until the context exits.

    Raises:
        TickreelError: TABLE_NOT_KEPT for a fast run, or if the version that wrote the result did not have the table;
            DATA_CHANGED if the file is missing or differs from what the run wrote.
    """
    path = table_path(stored, name)
    if name in _LATER and path.name not in result.metadata.outputs:
        message = f"an earlier version wrote the result {stored.run_id}, without {name}; repeat the run to get them"
        raise TickreelError("TABLE_NOT_KEPT", message, run_id=stored.run_id, table=name)
    with contextlib.ExitStack() as opened:
        with reading(stored, path):
            file = opened.enter_context(pq.ParquetFile(path, pre_buffer=False))
        check_table(result, name, file.metadata.num_rows, file.schema_arrow)
        yield StoredTable(stored, path, file)


def check_table(result: result_pb2.Result, name: str, rows: int, schema: pa.Schema) -> None:
    """Check that a table has the columns of its kind, and as many rows as the summary says.

    Raises:
        TickreelError: DATA_CHANGED.
    """
    missing = [column for column in _COLUMNS[name] if column not in schema.names]
    if missing:
        raise unreadable(result.run_id, f"{name}.parquet", f"columns are missing: {', '.join(missing)}")
    counted = getattr(result.summary, _COUNTS[name]) if name in _COUNTS else rows
    if rows != counted:
        raise unreadable(result.run_id, f"{name}.parquet", f"it has {rows:,} rows, but the summary says {counted:,}")


def table_path(stored: StoredResult, name: str) -> Path:
    """Return the path of a table of a full run.

    Raises:
        TickreelError: TABLE_NOT_KEPT for a fast run.
    """
    if not stored.is_full:
        message = f"the run {stored.run_id} was made in fast mode, which keeps no {name}; repeat it in full mode"
        raise TickreelError("TABLE_NOT_KEPT", message, run_id=stored.run_id, table=name)
    return stored.folder / f"{name}.parquet"


@contextlib.contextmanager
def reading(stored: StoredResult, path: Path) -> Iterator[None]:
    """Convert errors of reading a table of a run to DATA_CHANGED.

    Raises:
        TickreelError: DATA_CHANGED.
    """
    try:
        yield
    # UnicodeDecodeError: names in a damaged footer may not be valid UTF-8.
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise unreadable(stored.run_id, path.name, str(error)) from None
