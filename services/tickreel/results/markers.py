"""Orders of a run as markers on a chart: one marker per order, or one per group of orders if there are too many to draw."""

import sys
from collections.abc import Callable, Generator, Iterable
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tickreel.accounting import scaled
from tickreel.results.stored_table import StoredTable
from tickreel.results.ticks import TickChunk
from tickreel.rpc.bounds import FIRST_INSTANT, LAST_INSTANT
from tickreel.rpc.columns import Wire, wire_of
from tickreel.stores.column_files import Columns, ColumnWriter
from tickreel.stores.converted_rows import integers, nanoseconds, scale_of
from tickreel.stores.sampling import time_parts, window_rows
from tickreel.v1 import report_pb2

Int64 = npt.NDArray[np.int64]

# Values of `MarkerColumns.side`, by the word in the table.
_SIDES = {"buy": 1, "sell": -1}
_COLUMNS = ("id", "ts_submitted", "side", "price", "filled_amount", "status")
# About the size of a row group of the table.
_BATCH_ROWS = 131_072


def make_orders(orders: StoredTable, ticks: Callable[[], Columns], writer: ColumnWriter) -> None:
    """Write the columns of a table of orders that markers need, separately for each side.

    Args:
        ticks: Returns the ticks of the run. Called only if a market order has no fill: its marker is at the price of the last
            tick before it.

    Raises:
        TickreelError: DATA_CHANGED if the table cannot be read.
    """
    schema = orders.schema
    price_precision = orders.fitting_precision(["price", "average_price"], scale_of(schema.field("price").type))
    size_precision = orders.fitting_precision(["filled_amount"], scale_of(schema.field("filled_amount").type))
    writer.facts.update(price_precision=price_precision, size_precision=size_precision)
    none = np.empty(0, dtype=np.int64)
    for side in _SIDES:
        _append(writer, side, none, none, none, none, none)
    # Only market orders need the average price of their fills, and most runs have none. Decoding the column is not free.
    columns = _COLUMNS if _has_no_nulls(orders.metadata, "price") else (*_COLUMNS, "average_price")
    for batch in orders.batches(_BATCH_ROWS, columns):
        ts = nanoseconds(batch.column("ts_submitted"))
        ids: Int64 = batch.column("id").to_numpy()
        values = (
            ids,
            ts,
            _prices(batch, ts, price_precision, ticks),
            _rounded(batch.column("filled_amount"), size_precision),
            _equals(batch.column("status"), "filled").astype(np.int64),
        )
        for side in _SIDES:
            rows = np.flatnonzero(_equals(batch.column("side"), side))
            _append(writer, side, *(column[rows] for column in values))


def markers(orders: Columns, start: int, end: int, most: int) -> tuple[Wire, int]:
    """Return the markers of a window.

    Prices and sizes are rounded half-even to as many decimals as fit into 64 bits, if the table has more.

    Args:
        orders: The columns that `make_orders` wrote.
        start, end: The window, both ends inclusive, UNIX nanoseconds.
        most: The approximate number of markers to draw. If there are more orders, the time of the window is divided into equal
            parts, and all orders of one side in one part become one marker.

    Returns:
        The markers as `MarkerColumns`, in order of time, and the number of orders in the window.
    """
    windows = {side: window_rows(orders[f"{side}_ts"], start, end) for side in _SIDES}
    count = sum(rows.stop - rows.start for rows in windows.values())
    found = []
    for side, rows in windows.items():
        if rows.stop == rows.start:
            continue
        ts, ids, price, size, filled = (orders[f"{side}_{name}"][rows] for name in ("ts", "id", "price", "size", "filled"))
        cuts = np.arange(len(ts)) if count <= most else time_parts(ts, max(1, most // 2))
        ends = np.append(cuts[1:], len(ts)) - 1
        parts = {
            "first_order": ids[cuts],
            "orders": ends - cuts + 1,
            "filled": np.add.reduceat(filled, cuts, dtype=np.int64),
            "side": np.full(len(cuts), _SIDES[side]),
            "ts_first": ts[cuts],
            "ts_last": ts[ends],
            "price_low": np.minimum.reduceat(price, cuts),
            "price_high": np.maximum.reduceat(price, cuts),
            "filled_size": scaled.sums_from(size, cuts),
        }
        found.append(parts)
    columns = {name: np.concatenate([parts[name] for parts in found]) for name in found[0]} if found else {}
    filled_precision = orders.facts["size_precision"]
    if columns:
        (columns["filled_size"],), filled_precision = scaled.fitting(columns["filled_size"], scale=filled_precision)
        order = np.lexsort((columns["first_order"], columns["ts_first"]))
        columns = {name: values[order] for name, values in columns.items()}
        columns["side"] = columns["side"].tolist()
    return wire_of(report_pb2.MarkerColumns, **orders.facts, filled_precision=filled_precision, **columns), count


def with_markers(
    chunks: Iterable[TickChunk], orders: Columns, clock: Int64, after: int
) -> Generator[tuple[TickChunk, Wire], None, None]:
    """Yield each chunk of ticks with its orders as `MarkerColumns`. Each order comes exactly once, wherever a stream breaks.

    Args:
        orders: The columns that `make_orders` wrote.
        clock: The times of all ticks, UNIX nanoseconds, shape (rows,).
        after: The number of rows before the first chunk.
    """
    start = int(clock[after - 1]) + 1 if after else FIRST_INSTANT
    for chunk in chunks:
        is_last = chunk.rows_until_end == len(clock)
        end = LAST_INSTANT if is_last else int(clock[chunk.rows_until_end - 1])
        # The window starts after the last time of the previous chunk, whose window included that time.
        drawn, _ = markers(orders, start, end, most=sys.maxsize)
        yield chunk, drawn
        start = end + 1


def _append(writer: ColumnWriter, side: str, ids: Int64, ts: Int64, price: Int64, size: Int64, filled: Int64) -> None:
    columns: dict[str, npt.NDArray[np.integer]] = {"id": ids, "ts": ts, "price": price, "size": size}
    columns["filled"] = filled.astype(np.uint8)
    writer.append(**{f"{side}_{name}": values for name, values in columns.items()})


def _has_no_nulls(metadata: pq.FileMetaData, name: str) -> bool:
    """Return whether the statistics of a column say that it has no nulls."""
    index = metadata.schema.to_arrow_schema().get_field_index(name)
    groups = (metadata.row_group(number).column(index).statistics for number in range(metadata.num_row_groups))
    return all(statistics is not None and statistics.null_count == 0 for statistics in groups)


def _prices(batch: pa.RecordBatch, ts: Int64, precision: int, ticks: Callable[[], Columns]) -> Int64:
    """Return the price of each marker.

    The price is the limit; for a market order the average price of its fills; without fills the last trade price before it.
    """
    limit = batch.column("price")
    if not limit.null_count:
        return _rounded(limit, precision)
    average = pc.round(batch.column("average_price"), scale_of(limit.type), "half_to_even").cast(limit.type)
    price = pc.coalesce(limit, average)
    known: npt.NDArray[np.bool_] = price.is_valid().to_numpy(zero_copy_only=False)
    limits = _rounded(price.fill_null(0), precision)
    if known.all():
        return limits
    trades = ticks()
    before = np.searchsorted(trades["ts_init"], ts, "right") - 1
    last = scaled.rescaled(trades["price"][before], trades.facts["price_precision"], precision)
    return np.where(known, limits, last.astype(np.int64))


def _rounded(column: pa.Array, precision: int) -> Int64:
    """Return decimals times 10^precision, rounded half-even to integers."""
    scale = scale_of(column.type)
    return scaled.rescaled(integers(column, scale), scale, precision).astype(np.int64)


def _equals(column: pa.Array, word: str) -> npt.NDArray[np.bool_]:
    encoded = cast(pa.DictionaryArray, column if pa.types.is_dictionary(column.type) else column.dictionary_encode())
    words = cast(list[str], encoded.dictionary.to_pylist())
    indices: Int64 = encoded.indices.to_numpy()
    return np.array([known == word for known in words], dtype=np.bool_)[indices]
