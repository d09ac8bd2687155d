"""The ticks that a run replayed, from the table of a full run or from the catalog files of a fast run."""

from collections.abc import Collection, Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.results.artifact import unreadable
from tickreel.results.stored_table import check_table
from tickreel.rpc.columns import ROWS_PER_CHUNK, Wire, wire_of
from tickreel.rpc.errors import TickreelError, invalid_request
from tickreel.rpc.fields import instant_of
from tickreel.stores.catalog import CatalogFile, CatalogStore
from tickreel.stores.column_files import Columns, ColumnWriter
from tickreel.stores.converted_rows import ALL_TIMES, Slice, fitting_precision, scale_of
from tickreel.stores.sampling import downsampled_rows, window_rows
from tickreel.stores.trades import NUMBERS, TradeRows, file_columns, read_trades, tick_schema, write_trades
from tickreel.v1 import market_data_pb2, result_pb2

# Half of a message: decoding takes longer than sending, and the first message should arrive early.
_BATCH_ROWS = ROWS_PER_CHUNK // 2
_DECIMAL = ("price", "size")


@dataclass(frozen=True)
class TickChunk:
    """Consecutive rows of ticks.

    Attributes:
        columns: The rows, as `TradeColumns`.
        rows_until_end: Number of rows of the run up to the end of this chunk.
    """

    columns: Wire
    rows_until_end: int


def parse_cursor(cursor: str) -> int:
    """Return the number of rows before the position of a cursor.

    Raises:
        TickreelError: INVALID_REQUEST for a cursor that is not from a stream.
    """
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise invalid_request("cursor", f"is {cursor!r}, which is not from this stream; start again without a cursor")
    return int(cursor)


class RunTicks:
    """The stored ticks of a result.

    Args:
        kept: The table of a full run. If the file does not exist, the ticks are read from the files of the catalog that the
            result names, provided that their digests are unchanged.
    """

    def __init__(self, result: result_pb2.Result, kept: Path, catalog: CatalogStore) -> None:
        self._result = result
        self._kept = kept
        self._catalog = catalog
        self.total = result.summary.trade_rows

    def chunks(self, after: int, wanted: Collection[str]) -> Generator[TickChunk, None, None]:
        """Yield all rows after the first `after` rows, with the wanted columns.

        Raises:
            TickreelError: DATA_CHANGED if the catalog no longer has the data that the run replayed; DATA_REFUSED for a value
                that does not fit into 64 bits.
        """
        row, decimals = 0, self._wire_decimals
        for rows in self._batches(wanted):
            skip = max(0, after - row)
            row += len(rows)
            for offset in range(skip, len(rows), ROWS_PER_CHUNK):
                part, first = rows.slice(offset, ROWS_PER_CHUNK), row - len(rows) + offset
                yield TickChunk(part.to_wire(*decimals, wanted, first), first + len(part))

    @property
    def schema(self) -> pa.Schema:
        """The schema of `batches`."""
        return tick_schema(*self._decimals)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield all rows, with the columns of the table of a full run.

        Raises:
            TickreelError: DATA_CHANGED if the catalog no longer has the data that the run replayed.
        """
        row = 0
        for rows in self._batches(self.schema.names):
            yield rows.to_batch(*self._decimals, row)
            row += len(rows)

    def make(self, writer: ColumnWriter) -> None:
        """Write the numeric columns of all rows.

        Raises:
            TickreelError: DATA_CHANGED and DATA_REFUSED, as for `chunks`.
        """
        write_trades(self._batches(NUMBERS), *self._wire_decimals, writer)

    @property
    def _decimals(self) -> tuple[int, int]:
        """The decimals of prices and of sizes."""
        return self._sources[1]

    @property
    def _wire_decimals(self) -> tuple[int, int]:
        """The decimals of prices and of sizes on the wire: fewer if the values would not fit into 64 bits."""
        files = [part.path for part in self._sources[0]]
        try:
            price, size = (fitting_precision(files, [name], most) for name, most in zip(_DECIMAL, self._decimals, strict=True))
        except (OSError, pa.ArrowException) as error:
            raise self._changed(str(error)) from None
        return price, size

    @cached_property
    def _sources(self) -> tuple[list[Slice], tuple[int, int]]:
        """The files to read, and the decimals of prices and sizes."""
        if self._kept.is_file():
            try:
                with pq.ParquetFile(self._kept) as table:
                    rows, schema = table.metadata.num_rows, table.schema_arrow
            except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
                raise self._changed(str(error)) from None
            check_table(self._result, "ticks", rows, schema)
            return [Slice(self._kept, *ALL_TIMES)], (scale_of(schema.field("price").type), scale_of(schema.field("size").type))
        slices, precisions = [], (0, 0)
        for named, file in self._in_catalog():
            if file is None:
                raise self._changed(f"{named.path} is missing")
            start, end = self._instant(named.replay_start), self._instant(named.replay_end)
            slices.append(Slice(self._catalog.root / named.path, start, end))
            precisions = file.converted.price_precision, file.converted.size_precision
        return slices, precisions

    def _in_catalog(self) -> Iterator[tuple[result_pb2.DataFile, CatalogFile | None]]:
        """Yield each catalog file that the result names, with its current entry in the catalog or None."""
        for named in self._result.metadata.data_files:
            if named.data_type == market_data_pb2.DATA_TYPE_TRADES:
                file = self._catalog.find(named.path)
                if file is not None and file.converted.digest != named.digest:
                    raise self._changed(f"{named.path} was converted again from other data")
                yield named, file

    def _batches(self, wanted: Collection[str]) -> Iterator[TradeRows]:
        found = 0
        try:
            for rows in read_trades(self._sources[0], file_columns(wanted), _BATCH_ROWS):
                found += len(rows)
                yield rows
        except (OSError, pa.ArrowException) as error:
            raise self._changed(str(error)) from None
        if found != self.total:
            raise self._changed(f"{found:,} of {self.total:,} rows are left")
        if not self._kept.is_file():
            # Check the digests again: a file may have been replaced before it was opened. A file that is gone now was read.
            list(self._in_catalog())

    def _instant(self, time: str) -> int:
        found = instant_of(time)
        if found is None:
            raise unreadable(self._result.run_id, "summary.json", f"{time!r} in data_files is not a time")
        return found

    def _changed(self, problem: str) -> TickreelError:
        if self._kept.is_file():
            return unreadable(self._result.run_id, self._kept.name, problem)
        message = (
            f"the ticks of {self._result.run_id} are no longer in the catalog: {problem}; repeat the run to convert them again"
        )
        return TickreelError("DATA_CHANGED", message, run_id=self._result.run_id)


def cached_chunks(columns: Columns, after: int, wanted: Collection[str]) -> Generator[TickChunk, None, None]:
    """Yield all rows after the first `after` rows, from cached columns.

    Args:
        wanted: Names from NUMBERS.
    """
    total = len(columns["ts_init"])
    for first in range(after, total, ROWS_PER_CHUNK):
        past = min(first + ROWS_PER_CHUNK, total)
        yield TickChunk(_tick_columns(columns, slice(first, past), wanted, first), past)
        columns.release_pages()


def tick_sample(columns: Columns, start: int, end: int, most: int) -> tuple[Wire, int]:
    """Downsample the rows of a window for a chart; the extremes of the price are kept.

    Args:
        start, end: The window, both ends inclusive, UNIX nanoseconds.
        most: The approximate number of rows to keep.

    Returns:
        The kept rows as `TradeColumns`, and the number of rows in the window.
    """
    rows = window_rows(columns["ts_init"], start, end)
    price = columns["price"][rows]
    kept = downsampled_rows(columns["ts_init"][rows], most, lowest=[price], highest=[price])
    sample = _tick_columns(columns, kept + rows.start)
    columns.release_pages()
    return sample, rows.stop - rows.start


def _tick_columns(
    columns: Columns,
    rows: slice | npt.NDArray[np.int64],
    wanted: Collection[str] = NUMBERS,
    first_row: int | None = None,
) -> Wire:
    arrays = {name: columns[name][rows] for name in wanted}
    return wire_of(market_data_pb2.TradeColumns, **columns.facts, first_row=first_row, **arrays)
