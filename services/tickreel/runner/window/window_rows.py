"""The rows of a window by row number, read once from beginning to end during a replay."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.accounting.scaled import Integers
from tickreel.rpc.errors import TickreelError
from tickreel.stores.depths import DepthRows
from tickreel.stores.raw_schema import LEVELS
from tickreel.stores.trades import TradeRows

Int64 = npt.NDArray[np.int64]


class WindowRows:
    """The prints and the books of a window. At most one batch of each is held in memory.

    Args:
        trades, books: All rows of the window in replay order, at least with `TRADE_COLUMNS` and `BOOK_COLUMNS`.
    """

    TRADE_COLUMNS: ClassVar = ("price", "size")
    BOOK_COLUMNS: ClassVar = ("bids", "asks")

    def __init__(
        self, trades: Iterator[TradeRows], books: Iterator[DepthRows], price_precision: int, size_precision: int
    ) -> None:
        self._trades = _Forward(rows.batch for rows in trades)
        self._books = _Forward(rows.batch for rows in books)
        self._price_precision, self._size_precision = price_precision, size_precision

    def prints(self, numbers: Int64) -> tuple[Integers, Integers]:
        """Return the prices and sizes of trade rows.

        Args:
            numbers: Row numbers, non-decreasing within and across calls.

        Raises:
            TickreelError: DATA_CHANGED if the files now have fewer rows.
        """
        parts = [TradeRows(batch) for batch in self._trades.take(numbers)]
        return (
            _joined([rows.price(self._price_precision) for rows in parts]),
            _joined([rows.size(self._size_precision) for rows in parts]),
        )

    def levels(self, numbers: Int64) -> tuple[Integers, Integers]:
        """Return the prices and sizes of the levels of books, each of shape (2, rows, LEVELS): bids, then asks, best first.

        A missing level has the price NO_LEVEL and the size 0.

        Args:
            numbers: As for `prints`.
        """
        parts = [DepthRows(batch) for batch in self._books.take(numbers)]

        def both(field: str, precision: int) -> Integers:
            sides = [_joined([rows.levels(side, field, precision) for rows in parts]) for side in self.BOOK_COLUMNS]
            return np.stack(sides).reshape(2, -1, LEVELS)

        return both("price", self._price_precision), both("size", self._size_precision)


class _Forward:
    """A forward-only reader of rows by number."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._batch: pa.RecordBatch | None = None
        self._first = self._past = 0

    def take(self, numbers: Int64) -> Iterator[pa.RecordBatch]:
        """Yield the rows of these numbers, in parts. Numbers are non-decreasing within and across calls."""
        at = 0
        while at < len(numbers):
            while self._batch is None or numbers[at] >= self._past:
                self._batch = next(self._batches, None)
                if self._batch is None:
                    raise TickreelError("DATA_CHANGED", "a file was replaced while the run read it; run it again")
                self._first, self._past = self._past, self._past + len(self._batch)
            past = int(np.searchsorted(numbers, self._past))
            yield self._batch.take(numbers[at:past] - self._first)
            at = past


def _joined(parts: list[Integers]) -> Integers:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
