"""The ticks that a run replayed, in chunks: a full run has kept them, a fast one has named the catalog files."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from google.protobuf import timestamp_pb2

from tickreel.rpc.columns import ROWS_PER_CHUNK, trade_columns
from tickreel.rpc.errors import TickreelError, invalid_request
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.rows import ALL_TIMES, Slice
from tickreel.stores.trades import TradeRows, read_trades
from tickreel.v1 import market_data_pb2, result_pb2


@dataclass(frozen=True)
class TickChunk:
    """Some rows, and how many rows of the whole lie before and up to their end."""

    columns: market_data_pb2.TradeColumns
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
    """The ticks of a result.

    Args:
        kept: Where a full run has kept them. Where that is no file they are read from the catalog, whose files are those of
            the run for as long as they have the same digest.
    """

    def __init__(self, result: result_pb2.Result, kept: Path, catalog: CatalogStore) -> None:
        self._result = result
        self._kept = kept
        self._catalog = catalog
        self.total = result.summary.trade_rows

    def chunks(self, after: int) -> Generator[TickChunk, None, None]:
        """The chunks after a row.

        Raises:
            TickreelError: DATA_CHANGED where the catalog no longer has what the run replayed.
        """
        slices, precisions = self._sources()
        row = 0
        try:
            for rows in read_trades(slices):
                skip = max(0, after - row)
                row += len(rows)
                for offset in range(skip, len(rows), ROWS_PER_CHUNK):
                    part = TradeRows(rows.batch.slice(offset, ROWS_PER_CHUNK))
                    yield TickChunk(_columns(part, *precisions), row - len(rows) + offset + len(part))
        except (OSError, pa.ArrowException) as error:
            raise self._changed(str(error)) from None

    def _sources(self) -> tuple[list[Slice], tuple[int, int]]:
        """What to read, and the decimals of prices and sizes."""
        if self._kept.is_file():
            schema = pq.read_schema(self._kept)
            return [Slice(self._kept, *ALL_TIMES)], (schema.field("price").type.scale, schema.field("size").type.scale)
        slices, precisions = [], (0, 0)
        for named in self._result.metadata.data_files:
            if named.data_type != "trades":
                continue
            file = self._catalog.find(named.path)
            if file is None:
                raise self._changed(f"{named.path} is not in it")
            if file.converted.digest != named.digest:
                raise self._changed(f"{named.path} was converted from other data since")
            start, end = _nanoseconds(named.replay_start), _nanoseconds(named.replay_end)
            slices.append(Slice(self._catalog.root / named.path, start, end))
            precisions = file.converted.price_precision, file.converted.size_precision
        return slices, precisions

    def _changed(self, problem: str) -> TickreelError:
        message = f"the ticks of {self._result.run_id} are no longer in the catalog: {problem}; a new run converts them again"
        return TickreelError("DATA_CHANGED", message, run_id=self._result.run_id)


def _columns(rows: TradeRows, price_precision: int, size_precision: int) -> market_data_pb2.TradeColumns:
    return trade_columns(
        price_precision=price_precision,
        size_precision=size_precision,
        ts_event=rows.ts_event,
        ts_init=rows.ts_init,
        price=rows.price(price_precision),
        size=rows.size(size_precision),
        side=rows.side,
        trade_id=rows.trade_id,
    )


def _nanoseconds(time: str) -> int:
    parsed = timestamp_pb2.Timestamp()
    parsed.FromJsonString(time)
    return parsed.ToNanoseconds()
