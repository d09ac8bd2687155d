"""The ticks that a run replayed: a full run has kept them, a fast one has named the catalog files."""

from collections.abc import Collection, Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.results.artifact import unreadable
from tickreel.results.stored_table import check_table
from tickreel.rpc.columns import ROWS_PER_CHUNK, Wire, wire_of
from tickreel.rpc.errors import TickreelError, invalid_request
from tickreel.rpc.fields import instant_of
from tickreel.stores.catalog import CatalogFile, CatalogStore
from tickreel.stores.column_files import Columns, ColumnWriter
from tickreel.stores.converted_rows import ALL_TIMES, Slice, fitting_precision
from tickreel.stores.sampling import downsampled_rows, window_rows
from tickreel.stores.trades import NUMBERS, TradeRows, file_columns, read_trades, tick_schema, write_trades
from tickreel.v1 import market_data_pb2, result_pb2

# Fewer than a message has room for: to decode them takes longer than to send them, and the first shall be there soon.
_BATCH_ROWS = ROWS_PER_CHUNK // 2
_DECIMAL = ("price", "size")


@dataclass(frozen=True)
class TickChunk:
    """Some rows as `TradeColumns`, and how many rows of the whole lie before and up to their end."""

    columns: Wire
    rows_until_end: int


def parse_cursor(cursor: str) -> int:
    """The row after which a stream goes on.

    Raises:
        TickreelError: INVALID_REQUEST for a cursor that no chunk had.
    """
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise invalid_request("cursor", f"is {cursor!r}, which no chunk of this stream had; begin without one")
    return int(cursor)


class RunTicks:
    """The ticks of a result, where they came to rest.

    Args:
        kept: Where a full run has kept them. Where that is no file they are read from the catalog, whose files are those of
            the run for as long as they have the same digest.
    """

    def __init__(self, result: result_pb2.Result, kept: Path, catalog: CatalogStore) -> None:
        self._result = result
        self._kept = kept
        self._catalog = catalog
        self.total = result.summary.trade_rows

    def chunks(self, after: int, wanted: Collection[str]) -> Generator[TickChunk, None, None]:
        """The chunks after a row, with some columns.

        Raises:
            TickreelError: DATA_CHANGED where the catalog no longer has what the run replayed; DATA_REFUSED for a value that is
                no 64-bit integer.
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
        """The columns of `batches`."""
        return tick_schema(*self._decimals)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows with all columns, as a table of a full run has them.

        Raises:
            TickreelError: DATA_CHANGED, likewise.
        """
        row = 0
        for rows in self._batches(self.schema.names):
            yield rows.to_batch(*self._decimals, row)
            row += len(rows)

    def make(self, writer: ColumnWriter) -> None:
        """Makes the columns of numbers of all rows lie ready.

        Raises:
            TickreelError: DATA_CHANGED and DATA_REFUSED, likewise.
        """
        write_trades(self._batches(NUMBERS), *self._wire_decimals, writer)

    @property
    def _decimals(self) -> tuple[int, int]:
        """Those of prices and of sizes."""
        return self._sources[1]

    @property
    def _wire_decimals(self) -> tuple[int, int]:
        """The same, or fewer where the values would not fit into the 64 bits that columns have."""
        files = [part.path for part in self._sources[0]]
        try:
            price, size = (fitting_precision(files, [name], most) for name, most in zip(_DECIMAL, self._decimals, strict=True))
        except (OSError, pa.ArrowException) as error:
            raise self._changed(str(error)) from None
        return price, size

    @cached_property
    def _sources(self) -> tuple[list[Slice], tuple[int, int]]:
        """What to read, and the decimals of prices and sizes."""
        if self._kept.is_file():
            try:
                with pq.ParquetFile(self._kept) as file:
                    rows, schema = file.metadata.num_rows, file.schema_arrow
            except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
                raise self._changed(str(error)) from None
            check_table(self._result, "ticks", rows, schema)
            return [Slice(self._kept, *ALL_TIMES)], (schema.field("price").type.scale, schema.field("size").type.scale)
        slices, precisions = [], (0, 0)
        for named, file in self._in_catalog():
            if file is None:
                raise self._changed(f"{named.path} is not in it")
            start, end = self._instant(named.replay_start), self._instant(named.replay_end)
            slices.append(Slice(self._catalog.root / named.path, start, end))
            precisions = file.converted.price_precision, file.converted.size_precision
        return slices, precisions

    def _in_catalog(self) -> Iterator[tuple[result_pb2.DataFile, CatalogFile | None]]:
        """The catalog files that the result names and those that are there."""
        for named in self._result.metadata.data_files:
            if named.data_type == market_data_pb2.DATA_TYPE_TRADES:
                file = self._catalog.find(named.path)
                if file is not None and file.converted.digest != named.digest:
                    raise self._changed(f"{named.path} was converted from other data since")
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
            raise self._changed(f"{found:,} rows are left of {self.total:,}")
        if not self._kept.is_file():
            # One may have been replaced before it was opened. One that is gone by now was read.
            list(self._in_catalog())

    def _instant(self, time: str) -> int:
        found = instant_of(time)
        if found is None:
            raise unreadable(self._result.run_id, "summary.json", f"{time!r} in its data_files is no time")
        return found

    def _changed(self, problem: str) -> TickreelError:
        if self._kept.is_file():
            return unreadable(self._result.run_id, self._kept.name, problem)
        message = f"the ticks of {self._result.run_id} are no longer in the catalog: {problem}; a new run converts them again"
        return TickreelError("DATA_CHANGED", message, run_id=self._result.run_id)


def chunks_at_hand(columns: Columns, after: int, wanted: Collection[str]) -> Generator[TickChunk, None, None]:
    """The chunks after a row, from columns that lie ready.

    Args:
        wanted: Columns of NUMBERS.
    """
    total = len(columns["ts_init"])
    for first in range(after, total, ROWS_PER_CHUNK):
        past = min(first + ROWS_PER_CHUNK, total)
        yield TickChunk(_tick_columns(columns, slice(first, past), wanted, first), past)
        columns.release_pages()


def tick_sample(columns: Columns, start: int, end: int, most: int) -> tuple[Wire, int]:
    """The rows of a window that a chart keeps, its extremes of price among them, as `TradeColumns`, and how many it has.

    Args:
        start, end: The window, both ends inclusive, UNIX nanoseconds.
        most: About how many rows there is room for.
    """
    rows = window_rows(columns["ts_init"], start, end)
    price = columns["price"][rows]
    kept = downsampled_rows(columns["ts_init"][rows], most, lowest=[price], highest=[price])
    found = _tick_columns(columns, kept + rows.start)
    columns.release_pages()
    return found, rows.stop - rows.start


def _tick_columns(columns: Columns, rows: object, wanted: Collection[str] = NUMBERS, first_row: int | None = None) -> Wire:
    arrays = {name: columns[name][rows] for name in wanted}
    return wire_of(market_data_pb2.TradeColumns, **columns.facts, first_row=first_row, **arrays)
