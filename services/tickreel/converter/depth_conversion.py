"""The conversion of book snapshots."""

from collections.abc import Iterator

from tickreel.converter.book_columns import SideColumns
from tickreel.converter.book_counts import BookCounts
from tickreel.converter.conversion import INFO, WARNING, Conversion, CountedFinding, Int64
from tickreel.converter.converted_depths import ConvertedDepths
from tickreel.converter.raw_reader import Chunk, RawReader
from tickreel.converter.time_column import TimeColumn
from tickreel.stores.catalog import CatalogFile
from tickreel.stores.raw_schema import ENGINE, EXCHANGE
from tickreel.stores.replay_clock import MICROSECOND, book_times, overfull

# Column of the exchange's time.
_TIMES = {EXCHANGE: "timestamp", ENGINE: "ts_event"}


class DepthConversion(Conversion[ConvertedDepths]):
    """The conversion of one raw file of book snapshots, in either raw schema."""

    _kind = ConvertedDepths
    # A snapshot has ten times as many values as a trade.
    _chunk_rows = 16_384

    def _begin(self, reader: RawReader) -> tuple[list[str], Int64]:
        self._time = _TIMES[reader.raw_schema]
        self._ts_event = TimeColumn(self._time, self._faults)
        self._bids, self._asks = (
            SideColumns(name, reader.names, self._price, self._size, self._faults) for name in ("bids", "asks")
        )
        self._counts = BookCounts()
        ts_init = book_times(reader.recorded)
        # Rows with faulty times share one time, which is not another fault.
        if not self._faults:
            crowd = overfull(reader.recorded, ts_init)
            problem = f"more than {MICROSECOND} snapshots in one microsecond, so that the engine cannot keep their order,"
            self._faults.add(reader.clock, problem, reader.places[crowd], reader.recorded[crowd] // MICROSECOND)
        return [self._time, *self._bids.names, *self._asks.names], ts_init

    def _rows_of(self, chunk: Chunk, ts_init: Int64) -> ConvertedDepths:
        bids, asks = (side.convert(chunk.columns, chunk.rows) for side in (self._bids, self._asks))
        self._counts.add(bids, asks)
        ts_event = self._ts_event.convert(chunk.columns[self._time], chunk.rows)
        return ConvertedDepths(chunk.start, bids.levels(), asks.levels(), ts_event, ts_init)

    def _record(self, reader: RawReader, ts_init: Int64, digest: str) -> CatalogFile:
        file = super()._record(reader, ts_init, digest)
        file.converted.clock_step = MICROSECOND
        return file

    def _counted_findings(self) -> Iterator[CountedFinding]:
        counts = self._counts
        yield counts.missing, INFO, "MISSING_LEVELS", "snapshots show fewer than five levels on a side; they are kept"
        yield counts.empty, WARNING, "EMPTY_SIDES", "snapshots show no level on a side; they are kept"
        yield counts.crossed, WARNING, "CROSSED_BOOKS", "snapshots have a bid above an ask; they are kept"
        yield counts.locked, WARNING, "LOCKED_BOOKS", "snapshots have a bid at an ask; they are kept"
        yield counts.repeated, INFO, "REPEATED_BOOKS", "snapshots are equal to the one before; they are kept"
        yield (
            counts.unsorted,
            WARNING,
            "LEVELS_SORTED",
            "snapshots did not have their best level first; their levels were sorted",
        )
        yield (
            counts.beyond,
            WARNING,
            "LEVELS_BEYOND_FIVE",
            "snapshots show more than five levels on a side; the best five are kept",
        )
        yield counts.doubled, WARNING, "LEVELS_DOUBLED", "snapshots have a price twice on a side; the engine keeps the last"
