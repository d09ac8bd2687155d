"""Equity of a run for charts: the account at every trade row and at the end, as doubles."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.results.stored_table import StoredTable
from tickreel.rpc.columns import ROWS_PER_CHUNK, Wire, wire_of
from tickreel.stores.column_files import Columns, ColumnWriter
from tickreel.stores.converted_rows import nanoseconds
from tickreel.stores.sampling import downsampled_rows, window_rows
from tickreel.v1 import report_pb2

_MONEY = ("equity", "drawdown", "position")
_BATCH_ROWS = 131_072


@dataclass(frozen=True)
class EquityChunk:
    """Consecutive points of equity.

    Attributes:
        columns: The points, as `EquityColumns`.
        points_until_end: Number of points of the run up to the end of this chunk.
    """

    columns: Wire
    points_until_end: int


def make_equity(equity: StoredTable, writer: ColumnWriter) -> None:
    """Write the columns of a table of equity.

    Raises:
        TickreelError: DATA_CHANGED if the table cannot be read.
    """
    none = np.empty(0)
    writer.append(ts=none.astype(np.int64), **dict.fromkeys(_MONEY, none))
    for batch in equity.batches(_BATCH_ROWS, ["ts", *_MONEY]):
        money = {name: batch.column(name).cast(pa.float64()).to_numpy() for name in _MONEY}
        writer.append(ts=nanoseconds(batch.column("ts")), **money)


def equity_sample(equity: Columns, start: int, end: int, most: int) -> tuple[Wire, int]:
    """Downsample the points of a window for a chart; extremes of equity and the deepest drawdowns are kept.

    Args:
        start, end: The window, both ends inclusive, UNIX nanoseconds.
        most: The approximate number of points to keep.

    Returns:
        The kept points as `EquityColumns`, and the number of points in the window.
    """
    rows = window_rows(equity["ts"], start, end)
    money, drawdown = equity["equity"][rows], equity["drawdown"][rows]
    kept = downsampled_rows(equity["ts"][rows], most, lowest=[money], highest=[money, drawdown])
    return _columns(equity, kept + rows.start), rows.stop - rows.start


def equity_chunks(equity: Columns, after: int) -> Generator[EquityChunk, None, None]:
    """Yield all points after the first `after` points, in chunks."""
    total = len(equity["ts"])
    for first in range(after, total, ROWS_PER_CHUNK):
        past = min(first + ROWS_PER_CHUNK, total)
        yield EquityChunk(_columns(equity, slice(first, past)), past)
        equity.release_pages()


def _columns(equity: Columns, rows: slice | npt.NDArray[np.int64]) -> Wire:
    return wire_of(report_pb2.EquityColumns, **{name: equity[name][rows] for name in ("ts", *_MONEY)})
