"""The rows of a config's time window, and the replay times at which the engine starts and ends.

A window is given on the recorder's clock, whose steps are usually microseconds. The catalog spreads the rows of one step over
the nanoseconds of its microsecond, so that the engine keeps their order. A window that ends at a recorded time must include
all rows recorded then.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.accounting.scaled import Integers
from tickreel.engine.replay import ReplayFile
from tickreel.rpc.errors import TickreelError, Violation
from tickreel.runner.run_spec import RunSpec
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.runner.window.overlaps import Part, without_overlaps
from tickreel.runner.window.recorded_times import RecordedTimes
from tickreel.runner.window.window_rows import WindowRows
from tickreel.stores.catalog import CatalogFile, CatalogStore
from tickreel.stores.converted_rows import RECORDED, Slice, read_slice
from tickreel.stores.depths import NO_LEVEL, DepthRows
from tickreel.stores.trades import TradeRows
from tickreel.v1 import market_data_pb2, result_pb2

Int64 = npt.NDArray[np.int64]

TRADES = market_data_pb2.DATA_TYPE_TRADES
BOOKS = market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5
_MICROSECOND = 1_000


def replay_span(file: CatalogFile, start: int, end: int) -> tuple[int, int]:
    """Return the first and the last replay time of the rows of a file that were recorded in a window.

    Args:
        start, end: The window on the recorder's clock, both inclusive, UNIX nanoseconds.
    """
    step = file.converted.clock_step
    first = -(-start // step) * step
    last = end // step * step + step - 1
    for recorded, last_ts_init in file.crowded:
        if recorded < start:
            first = max(first, last_ts_init + 1)
        elif recorded <= end:
            last = max(last, last_ts_init)
    return first, last


class Window:
    """The rows of a run's window in the catalog.

    Attributes:
        files: The catalog files, in the order of the spec, each with its span in the window.
        parts: The files to read and replay: the same rows without repeats, in files that do not overlap.
        start, end: The first and last replay time, UNIX nanoseconds.
        findings: The findings on repeated rows.

    Raises:
        TickreelError: DATA_CHANGED if a file was removed or replaced; DATA_REFUSED if overlapping files contradict each other.
    """

    def __init__(self, spec: RunSpec) -> None:
        window = spec.run.config.time_window
        start, end = window.start.ToNanoseconds(), window.end.ToNanoseconds()
        self._spec = spec
        self._records = self._found()
        self.files = [
            ReplayFile(
                spec.catalog_root / file.path,
                file.data_type,
                file.span.start.ToNanoseconds(),
                file.span.end.ToNanoseconds(),
                *replay_span(record, start, end),
            )
            for file, record in zip(spec.files, self._records, strict=True)
        ]
        self.parts: list[Part] = []
        self.findings: list[result_pb2.Finding] = []
        for data_type in (TRADES, BOOKS):
            files = [pair for pair in zip(self.files, self._records, strict=True) if pair[0].data_type == data_type]
            parts, findings = without_overlaps(files, spec.scratch)
            self.parts += parts
            self.findings += findings
        self.start = min(file.start for file in self.files)
        # Rows of an overlap may have later replay times than the last row of each file.
        self.end = max(file.end for file in (*self.files, *(part.file for part in self.parts)))

    def trades(self, columns: Sequence[str] | None = None) -> Iterator[TradeRows]:
        """Return the trade rows, in replay order."""
        return (TradeRows(batch) for batch in self._batches(TRADES, columns))

    def recorded_times(self, rows: MarkRows) -> RecordedTimes:
        """Return the recorded times by replay time.

        Args:
            rows: The rows of the window.
        """
        files = [
            (max(part.file.first, part.file.start), part.record.converted.clock_step)
            for part in self.parts
            if part.file.data_type == TRADES
        ]
        return RecordedTimes.of(rows, files, self.trades([RECORDED]))

    @property
    def decimals(self) -> tuple[int, int]:
        """The fewest decimals that hold all prices of the files, and the fewest that hold all sizes."""
        prices, sizes = zip(*((record.price_decimals, record.size_decimals) for record in self._records), strict=True)
        return max(prices), max(sizes)

    def rows(self) -> WindowRows:
        """Return the prints and books, by row number."""
        instrument = self._spec.run.config.instrument
        trades, books = self.trades(WindowRows.TRADE_COLUMNS), self._books(WindowRows.BOOK_COLUMNS)
        return WindowRows(trades, books, instrument.price_precision, instrument.size_precision)

    def times_and_prices(self) -> tuple[Int64, Integers]:
        """Return the replay times of all trade rows and their prices times 10^price_precision, in replay order."""
        precision = self._spec.run.config.instrument.price_precision
        # Copies, so that the memory of each batch is released.
        chunks = [(rows.ts_init.copy(), rows.price(precision).copy()) for rows in self.trades(["price"])]
        return _joined([ts for ts, _ in chunks]), _joined([price for _, price in chunks])

    def exchange_times(self) -> Int64:
        """Return the exchange times of all trade rows, UNIX nanoseconds, in replay order."""
        return _joined([rows.ts_event.copy() for rows in self.trades(["ts_event"])])

    def times_and_mids(self) -> tuple[Int64, Integers]:
        """Return the replay times of all book rows and their mid prices times 10^(price_precision + 1).

        A book that lacks a side has the mid price of the book before it, or NO_LEVEL if there is none.
        """
        precision = self._spec.run.config.instrument.price_precision
        times, mids = [], []
        for rows in self._books(["bids", "asks"]):
            times.append(rows.ts_init.copy())
            mids.append(rows.mids(precision))
        return _joined(times), _carried(_joined(mids))

    def check_order(self, trade_times: Int64, book_times: Int64) -> None:
        """Check that every trade comes before the books that were recorded in the same microsecond.

        A microsecond has room for a thousand rows. If more rows share it, some trades would be matched against a later book.

        Raises:
            TickreelError: DATA_REFUSED, naming the first such instant.
        """
        following = np.searchsorted(trade_times, book_times, side="right")
        late = following < len(trade_times)
        late[late] = trade_times[following[late]] // _MICROSECOND == book_times[late] // _MICROSECOND
        for part in self.parts:
            for recorded, last_ts_init in part.record.crowded:
                late |= (book_times >= recorded) & (book_times < last_ts_init)
        if late.any():
            instant = np.datetime_as_string(np.datetime64(int(book_times[late][0]) // _MICROSECOND, "us"))
            problem = f"has more trades recorded at {instant}Z than fit before the book of that microsecond on the replay clock"
            remedy = "set snapshot_mode to trades, or choose a window without that instant"
            message = f"the window {problem}; {remedy}"
            raise TickreelError("DATA_REFUSED", message, [Violation("time_window", f"{problem}; {remedy}")])

    def check_unchanged(self) -> None:
        """Check that no file was removed or replaced since the run began.

        Raises:
            TickreelError: DATA_CHANGED, naming the first such file.
        """
        self._found()

    def check_sides(self) -> None:
        """Check that every trade row has a side, unless `strategy.orders` supplies a default.

        Raises:
            TickreelError: DATA_REFUSED, with the number of rows without a side.
        """
        orders = self._spec.run.config.strategy.orders
        if (orders and orders[0].side) or not any(file.unknown_sides for file in self._spec.files):
            return
        unknown = total = 0
        for rows in self.trades(["aggressor_side"]):
            unknown += int(np.count_nonzero(rows.side == market_data_pb2.AGGRESSOR_SIDE_UNSPECIFIED))
            total += len(rows)
        if unknown:
            problem = f'has no side, but {unknown} of {total} rows have an unknown side; set one: [{{"side": "buy"}}]'
            message = f"{unknown} of {total} rows of the window have an unknown side and strategy.orders supplies none"
            raise TickreelError("DATA_REFUSED", message, [Violation("strategy.orders", problem)], rows=unknown)

    def _found(self) -> list[CatalogFile]:
        catalog = CatalogStore(self._spec.catalog_root)
        records = []
        for file in self._spec.files:
            record = catalog.find(file.path)
            if record is None or record.converted.digest != file.digest:
                message = f"{file.path} was replaced or removed while the run read it; run it again"
                raise TickreelError("DATA_CHANGED", message, run_id=self._spec.run.run_id, path=file.path)
            records.append(record)
        return records

    def _books(self, columns: Sequence[str]) -> Iterator[DepthRows]:
        return (DepthRows(batch) for batch in self._batches(BOOKS, columns))

    def _batches(self, data_type: market_data_pb2.DataType, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        for part in self.parts:
            if part.file.data_type == data_type:
                yield from read_slice(Slice(part.file.path, part.file.start, part.file.end), columns)


def _joined(chunks: list[Integers]) -> Integers:
    return np.concatenate(chunks) if chunks else np.empty(0, dtype=np.int64)


def _carried(values: Integers) -> Integers:
    """Return the values with each NO_LEVEL replaced by the last value before it."""
    known = np.maximum.accumulate(np.where(values == NO_LEVEL, -1, np.arange(len(values))))
    return np.where(known < 0, NO_LEVEL, values[known])
