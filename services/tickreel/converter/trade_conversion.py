"""The conversion of trades."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tickreel.converter.conversion import INFO, WARNING, Conversion, CountedFinding, Int64
from tickreel.converter.converted_trades import ConvertedTrades
from tickreel.converter.raw_reader import Chunk, RawReader
from tickreel.converter.time_column import TimeColumn
from tickreel.converter.trade_columns import SideColumn, trade_ids
from tickreel.engine import catalog_format
from tickreel.stores.catalog import CatalogFile
from tickreel.stores.raw import utc_day
from tickreel.stores.raw_schema import ENGINE, EXCHANGE
from tickreel.stores.replay_clock import clock_step, crowded_instants, trade_times

# Columns of a trade: price, size, side, id, time of the exchange.
_NAMES = {
    EXCHANGE: ("price", "amount", "side", "id", "timestamp"),
    ENGINE: ("price", "size", "aggressor_side", "trade_id", "ts_event"),
}


class TradeConversion(Conversion[ConvertedTrades]):
    """The conversion of one raw file of trades, in either raw schema."""

    _kind = ConvertedTrades
    _chunk_rows = 65_536

    def _begin(self, reader: RawReader) -> tuple[list[str], Int64]:
        self._names = _NAMES[reader.raw_schema]
        _, _, side, _, time = self._names
        self._sides = SideColumn(side, reader.raw_schema, self._faults)
        self._ts_event = TimeColumn(time, self._faults)
        self._unknown_sides = 0
        self._made_ids = 0
        ts_init = trade_times(reader.recorded)
        self._day = utc_day(int(ts_init[0])).strftime("%Y%m%d")
        return list(self._names), ts_init

    def _rows_of(self, chunk: Chunk, ts_init: Int64) -> ConvertedTrades:
        price, size, side, trade_id, time = self._names
        columns, rows = chunk.columns, chunk.rows
        prices = self._price.convert(price, columns[price], rows)
        sizes = self._size.convert(size, columns[size], rows)
        sides = self._sides.convert(columns[side], rows)
        ids, made = trade_ids(columns[trade_id], rows, self._day)
        self._made_ids += made
        self._unknown_sides += int(np.count_nonzero(sides == catalog_format.NO_AGGRESSOR))
        return ConvertedTrades(prices, sizes, sides, ids, self._ts_event.convert(columns[time], rows), ts_init)

    def _record(self, reader: RawReader, ts_init: Int64, digest: str) -> CatalogFile:
        file = super()._record(reader, ts_init, digest)
        step = clock_step(reader.recorded)
        file.converted.clock_step = step
        file.converted.unknown_sides = self._unknown_sides
        return replace(file, crowded=tuple(crowded_instants(reader.recorded, ts_init, step)))

    def _counted_findings(self) -> Iterator[CountedFinding]:
        sides = "rows do not say who the aggressor was; they are kept as unknown"
        ids = "rows have no id that the engine can hold; their ids are made of day and row"
        yield self._unknown_sides, WARNING, "SIDES_UNKNOWN", sides
        yield self._made_ids, INFO, "IDS_MADE", ids
