"""The orders of a run as markers on a chart: single, or counted where there are too many to draw."""

import sys
from collections.abc import Callable, Generator, Iterable

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
from tickreel.stores.converted_rows import integers, nanoseconds
from tickreel.stores.sampling import time_parts, window_rows
from tickreel.v1 import report_pb2

Int64 = npt.NDArray[np.int64]

# The values of `MarkerColumns.side`, by the word of the table.
_SIDES = {"buy": 1, "sell": -1}
_COLUMNS = ("id", "ts_submitted", "side", "price", "filled_amount", "status")
# About as many rows as a group of the table has.
_BATCH_ROWS = 131_072


def make_orders(orders: StoredTable, ticks: Callable[[], Columns], writer: ColumnWriter) -> None:
    """Makes what markers need of a table of orders lie ready, the orders of each side together.

    Args:
        ticks: Gives those of the run, where an order has no price: a market order without a fill stands at the last of them.

    Raises:
        TickreelError: DATA_CHANGED where the table cannot be read.
    """
    schema = orders.schema
    price_precision = orders.fitting_precision(["price", "average_price"], schema.field("price").type.scale)
    size_precision = orders.fitting_precision(["filled_amount"], schema.field("filled_amount").type.scale)
    writer.facts.update(price_precision=price_precision, size_precision=size_precision)
    none = np.empty(0, dtype=np.int64)
    for side in _SIDES:
        _append(writer, side, none, none, none, none, none)
    # What market orders were filled at is as much to decode as a limit, and most runs have no market orders.
    columns = _COLUMNS if _is_whole(orders.metadata, "price") else (*_COLUMNS, "average_price")
    for batch in orders.batches(_BATCH_ROWS, columns):
        ts = nanoseconds(batch.column("ts_submitted"))
        values = (
            batch.column("id").to_numpy(),
            ts,
            _prices(batch, ts, price_precision, ticks),
            _rounded(batch.column("filled_amount"), size_precision),
            _are(batch.column("status"), "filled"),
        )
        for side in _SIDES:
            here = np.flatnonzero(_are(batch.column("side"), side))
            _append(writer, side, *(column[here] for column in values))


def markers(orders: Columns, start: int, end: int, most: int) -> tuple[Wire, int]:
    """The markers of a window as `MarkerColumns`, in order of time, and how many orders it has.

    Prices and sizes have as many decimals as 64 bits a value hold, rounded half-even where those are fewer than the table has.

    Args:
        orders: What `make_orders` made.
        start, end: The window, both ends inclusive, UNIX nanoseconds.
        most: About how many markers there is room for. Where there are more orders, the window's time is cut into equal parts,
            and the orders of a part and side become one marker.
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
    """Each chunk of ticks with its orders as `MarkerColumns`, so that every order comes once wherever a stream is cut.

    Args:
        orders: What `make_orders` made.
        clock: The times of all ticks, UNIX nanoseconds.
        after: The row after which the chunks begin.
    """
    start = int(clock[after - 1]) + 1 if after else FIRST_INSTANT
    for chunk in chunks:
        is_last = chunk.rows_until_end == len(clock)
        end = LAST_INSTANT if is_last else int(clock[chunk.rows_until_end - 1])
        # At the time of the chunk before there are none left.
        drawn, _ = markers(orders, start, end, most=sys.maxsize)
        yield chunk, drawn
        start = end + 1


def _append(writer: ColumnWriter, side: str, ids: Int64, ts: Int64, price: Int64, size: Int64, filled: Int64) -> None:
    columns = {"id": ids, "ts": ts, "price": price, "size": size, "filled": filled.astype(np.uint8)}
    writer.append(**{f"{side}_{name}": values for name, values in columns.items()})


def _is_whole(metadata: pq.FileMetaData, name: str) -> bool:
    """Whether a column of a table has no nulls, as far as its statistics tell."""
    index = metadata.schema.to_arrow_schema().get_field_index(name)
    found = (metadata.row_group(number).column(index).statistics for number in range(metadata.num_row_groups))
    return all(statistics is not None and statistics.null_count == 0 for statistics in found)


def _prices(batch: pa.RecordBatch, ts: Int64, precision: int, ticks: Callable[[], Columns]) -> Int64:
    """Limits; of a market order the average of its fills, and without any the last trade price."""
    price = batch.column("price")
    if not price.null_count:
        return _rounded(price, precision)
    average = pc.round(batch.column("average_price"), price.type.scale, "half_to_even").cast(price.type)
    price = pc.coalesce(price, average)
    known = price.is_valid().to_numpy(zero_copy_only=False)
    limits = _rounded(pc.fill_null(price, 0), precision)
    if known.all():
        return limits
    trades = ticks()
    before = np.searchsorted(trades["ts_init"], ts, "right") - 1
    last = scaled.rescaled(trades["price"][before], trades.facts["price_precision"], precision)
    return np.where(known, limits, last.astype(np.int64))


def _rounded(column: pa.Decimal128Array, precision: int) -> Int64:
    """Decimals times 10^precision, rounded half-even where they have more decimals."""
    return scaled.rescaled(integers(column, column.type.scale), column.type.scale, precision).astype(np.int64)


def _are(column: pa.Array, word: str) -> npt.NDArray[np.bool_]:
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return np.array([known == word for known in encoded.dictionary.to_pylist()], dtype=bool)[encoded.indices.to_numpy()]
