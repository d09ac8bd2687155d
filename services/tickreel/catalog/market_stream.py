"""Streams of rows of the catalog in chunks. A stream can resume after any chunk, and sends each row exactly once.

A cursor is an instant and the number of rows of that instant that have arrived. So a stream resumes without reading earlier
rows, and newly converted files of other times do not shift it.
"""

import re
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tickreel.catalog.market_rows import MarketRows
from tickreel.rpc.bounds import LAST_INSTANT
from tickreel.rpc.columns import ROWS_PER_CHUNK, Wire, wire_of
from tickreel.rpc.errors import invalid_request
from tickreel.stores.column_files import ColumnStore
from tickreel.stores.raw_schema import LEVELS
from tickreel.stores.trades import NUMBERS, TradeRows, file_columns
from tickreel.v1 import market_data_pb2

Int64 = npt.NDArray[np.int64]

# A book has five levels on each side: these are as many bytes as 32,768 trades.
_BOOKS_PER_CHUNK = 4_096
_CURSOR = re.compile(r"(-?\d{1,19})\.(\d{1,18})", re.ASCII)


@dataclass(frozen=True)
class Cursor:
    """The position after which a stream resumes.

    Attributes:
        instant: The time of the last row that arrived, UNIX nanoseconds.
        rows: The number of rows of that instant that have arrived.
    """

    instant: int
    rows: int

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """Parse a cursor; return None for an empty text.

        Raises:
            TickreelError: INVALID_REQUEST for a text that cannot be the cursor of a chunk.
        """
        if not text:
            return None
        found = _CURSOR.fullmatch(text)
        if found is None or abs(int(found[1])) > LAST_INSTANT:
            raise invalid_request("cursor", f"is {text!r}, which is not from this stream; start again without a cursor")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.instant}.{self.rows}"


@dataclass(frozen=True)
class Part:
    """Some rows in replay order.

    Attributes:
        clock: The times of the rows, UNIX nanoseconds, shape (rows,).
        columns: Makes the message of a slice of the rows.
    """

    clock: Int64
    columns: Callable[[slice], Wire]


def stream_trades(
    trades: MarketRows, columns: ColumnStore, after: Cursor | None, wanted: list[str]
) -> Generator[tuple[Wire, Cursor], None, None]:
    """Stream trades as `TradeColumns`, from cached columns if they cover all wanted columns and rows, else from files."""
    rest = _after(trades, after)
    if set(wanted) <= set(NUMBERS) and rest.is_cached(columns):
        parts = _cached_trades(rest, columns, wanted, trades.decimals)
    else:
        parts = _trades_of_files(rest, wanted, trades.decimals)
    return cut_chunks(parts, after, ROWS_PER_CHUNK)


def stream_depth(books: MarketRows, after: Cursor | None) -> Generator[tuple[Wire, Cursor], None, None]:
    """Stream books as `DepthColumns`."""
    price_precision, size_precision = books.decimals

    def parts() -> Iterable[Part]:
        for rows in _after(books, after).depths(_BOOKS_PER_CHUNK):
            columns = rows.columns(price_precision, size_precision)

            def wire(some: slice, columns: dict[str, Int64] = columns) -> Wire:
                levels = slice(some.start * LEVELS, some.stop * LEVELS)
                return wire_of(
                    market_data_pb2.DepthColumns,
                    price_precision=price_precision,
                    size_precision=size_precision,
                    levels=LEVELS,
                    **{name: values[some if name.startswith("ts_") else levels] for name, values in columns.items()},
                )

            yield Part(columns["ts_init"], wire)

    return cut_chunks(parts(), after, _BOOKS_PER_CHUNK)


def _cached_trades(trades: MarketRows, columns: ColumnStore, wanted: list[str], decimals: tuple[int, int]) -> Iterable[Part]:
    price_precision, size_precision = decimals
    for arrays in trades.parts(columns, [*{"ts_init", *wanted}]):

        def wire(some: slice, arrays: dict[str, Int64] = arrays) -> Wire:
            return wire_of(
                market_data_pb2.TradeColumns,
                price_precision=price_precision,
                size_precision=size_precision,
                **{name: arrays[name][some] for name in wanted},
            )

        yield Part(arrays["ts_init"], wire)


def _trades_of_files(trades: MarketRows, wanted: list[str], decimals: tuple[int, int]) -> Iterable[Part]:
    for rows in trades.trades(file_columns(wanted)):

        def wire(some: slice, rows: TradeRows = rows) -> Wire:
            return rows.slice(some.start, some.stop - some.start).to_wire(*decimals, wanted)

        yield Part(rows.ts_init, wire)


def _after(rows: MarketRows, after: Cursor | None) -> MarketRows:
    return rows if after is None else replace(rows, start=max(rows.start, after.instant))


def cut_chunks(parts: Iterable[Part], after: Cursor | None, most: int) -> Generator[tuple[Wire, Cursor], None, None]:
    """Cut rows into chunks, each with the cursor after it.

    Args:
        parts: The rows from the cursor's instant on. Those of that instant that have arrived are skipped.
        after: The cursor to resume after; None to start at the first row.
        most: The maximum number of rows in a chunk.
    """
    last, skip = after, after.rows if after else 0
    for part in parts:
        first = 0
        if skip:
            assert after is not None
            first = min(skip, int(np.searchsorted(part.clock, after.instant, "right")))
            skip = skip - first if first == len(part.clock) else 0
        for begin in range(first, len(part.clock), most):
            end = min(begin + most, len(part.clock))
            last = _cursor(part.clock[begin:end], last)
            # Joined here, in the reading thread, because this may be the first access to the mapped files.
            yield part.columns(slice(begin, end)).joined(), last


def _cursor(clock: Int64, before: Cursor | None) -> Cursor:
    """Return the cursor after a chunk that follows another cursor."""
    instant = int(clock[-1])
    rows = len(clock) - int(np.searchsorted(clock, instant, "left"))
    if before is not None and rows == len(clock) and before.instant == instant:
        rows += before.rows
    return Cursor(instant, rows)
