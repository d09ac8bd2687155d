"""From the window of a config to the instants that the engine is given.

A window means the recorder's clock, whose ticks are microseconds; the catalog spreads rows of one microsecond over its
nanoseconds so that the engine keeps their order. A window whose last instant is a recorded one must take all rows of it.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from tickreel.engine.replay import TradeFile
from tickreel.rpc.errors import TickreelError, Violation
from tickreel.runner.spec import Spec
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.trades import TradeRows, read_window
from tickreel.v1 import conversion_pb2, market_data_pb2

Int64 = npt.NDArray[np.int64]

CLOCK_TICK = 1_000


def replay_window(files: Iterable[conversion_pb2.ConvertedFile], start: int, end: int) -> tuple[int, int]:
    """The first and last replay time of the rows that were recorded in a window.

    Args:
        files: Those of the window, with their crowded instants: those whose rows run past the next tick of the clock.
        start, end: The window on the recorder's clock, both inclusive, UNIX nanoseconds.
    """
    first = -(-start // CLOCK_TICK) * CLOCK_TICK
    last = end // CLOCK_TICK * CLOCK_TICK + CLOCK_TICK - 1
    for file in files:
        for crowded in file.crowded:
            if crowded.recorded < start:
                first = max(first, crowded.last_ts_init + 1)
            elif crowded.recorded <= end:
                last = max(last, crowded.last_ts_init)
    return first, last


class Window:
    """The rows of a run's window in the catalog."""

    def __init__(self, spec: Spec) -> None:
        window = spec.run.config.time_window
        self._spec = spec
        self.start, self.end = replay_window(spec.files, window.start.ToNanoseconds(), window.end.ToNanoseconds())

    @property
    def files(self) -> list[TradeFile]:
        """The files, for the engine."""
        return [
            TradeFile(self._spec.catalog_root / file.path, file.span.start.ToNanoseconds(), file.span.end.ToNanoseconds())
            for file in self._spec.files
        ]

    def rows(self, columns: list[str] | None = None) -> Iterator[TradeRows]:
        """The rows, in replay order."""
        return read_window([file.path for file in self.files], self.start, self.end, columns)

    def times_and_prices(self) -> tuple[Int64, Int64]:
        """Replay times and prices of all rows, in replay order."""
        precision = self._spec.run.config.instrument.price_precision
        chunks = [(rows.ts_init, rows.price(precision)) for rows in self.rows(["price"])]
        times = np.concatenate([ts for ts, _ in chunks]) if chunks else np.empty(0, dtype=np.int64)
        prices = np.concatenate([price for _, price in chunks]) if chunks else np.empty(0, dtype=np.int64)
        return times, prices

    def check_unchanged(self) -> None:
        """Sees whether the files are still those that the run was given.

        Raises:
            TickreelError: DATA_CHANGED, naming the first that is not.
        """
        catalog = CatalogStore(self._spec.catalog_root)
        for file in self._spec.files:
            found = catalog.find(file.path)
            if found is None or found.converted.digest != file.digest:
                message = f"{file.path} was replaced or removed while the run read it; run it again"
                raise TickreelError("DATA_CHANGED", message, run_id=self._spec.run.run_id, path=file.path)

    def check_sides(self) -> None:
        """Sees whether every row has a side, where nothing supplies one.

        Raises:
            TickreelError: DATA_REFUSED, with the count of rows that lack one.
        """
        orders = self._spec.run.config.strategy.orders
        if (orders and orders[0].side) or not any(file.unknown_sides for file in self._spec.files):
            return
        unknown = total = 0
        for rows in self.rows(["aggressor_side"]):
            unknown += int(np.count_nonzero(rows.side == market_data_pb2.AGGRESSOR_SIDE_UNSPECIFIED))
            total += len(rows)
        if unknown:
            problem = f'is empty, but {unknown} of {total} rows have no known side; supply one: [{{"side": "buy"}}]'
            message = f"{unknown} of {total} rows of the window have an unknown side and strategy.orders supplies none"
            raise TickreelError("DATA_REFUSED", message, [Violation("strategy.orders", problem)], rows=unknown)
