"""The plan of a replay: one piece, or slices that are independent of each other.

Sequential slices keep memory flat; parallel slices use every core. Slices give the same orders and fills as one piece if:

- each order follows from its own trade row and ends at that row, and
- no order affects a later one through the account, the book, a random draw or the rate limit.

Rules decide whether this holds. If it does not, the plan is one piece and says why. A slice of trades against books starts with
the last book before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickreel.engine.copying_strategy import CopyingStrategy
from tickreel.engine.replay import ReplayFile
from tickreel.runner.replay.shortcuts import may_deny_orders
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.v1 import market_data_pb2, run_config_pb2


@dataclass(frozen=True)
class Segment:
    """A slice of a window; times are UNIX nanoseconds on the replay clock, both ends inclusive.

    Attributes:
        start, end: The time range of the trades.
        books_from: The start of the books: the time of the last book before `start`, or `start` if there is none.
        rows, book_rows: Number of rows that the engine will see.
        repeats: Number of books that the previous slice replays as well.
        first_book: The time of the window's first book; None if the window has no books, or several slices.
    """

    start: int
    end: int
    books_from: int
    rows: int
    book_rows: int
    repeats: int = 0
    first_book: int | None = None

    def files(self, files: list[ReplayFile]) -> list[ReplayFile]:
        """Return the parts of the window's files that belong to the slice."""
        found = []
        for file in files:
            books = file.data_type == market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5
            start, end = max(file.start, self.books_from if books else self.start), min(file.end, self.end)
            if start <= end and file.first <= end and file.last >= start:
                found.append(ReplayFile(file.path, file.data_type, file.first, file.last, start, end))
        return found


@dataclass(frozen=True)
class ReplayPlan:
    """The slices of a window, in order.

    Attributes:
        whole_because: Why the plan is one piece; "" if it has several slices.
    """

    segments: tuple[Segment, ...]
    whole_because: str

    @classmethod
    def whole(cls, rows: MarkRows, start: int, end: int, because: str) -> "ReplayPlan":
        """Return the plan of a window in one piece."""
        first_book = int(rows.book_ts[0]) if len(rows.book_ts) else None
        return cls((Segment(start, end, start, len(rows.ts), len(rows.book_ts), first_book=first_book),), because)

    @classmethod
    def of(
        cls,
        config: run_config_pb2.RunConfig,
        strategy: type,
        rows: MarkRows,
        window: tuple[int, int],
        segment_rows: int,
        processes: int,
        cuts: npt.NDArray[np.bool_] | None = None,
    ) -> "ReplayPlan":
        """Return the plan of a window.

        Args:
            config: Resolved.
            window: The first and the last replayed instant, UNIX nanoseconds.
            segment_rows: Maximum number of trade rows per slice.
            processes: Number of slices that can be replayed in parallel.
            cuts: Whether a slice may begin at each trade row; shape (rows,). Default: at every row.
        """
        start, end = window
        because = _dependence(config, strategy, rows)
        count = len(rows.ts)
        if because or count <= segment_rows:
            return cls.whole(rows, start, end, because or "the window is short")
        # Every process gets the same number of pieces. The last piece of each process is cut into quarters, so that no process
        # waits long for the others at the end.
        pieces = -(-count // (segment_rows * processes)) * processes
        last = 4 * (pieces - processes) if processes > 1 else 4 * pieces
        quarters = [*range(4, last, 4), *range(max(last, 1), 4 * pieces)]
        books = rows.book_ts
        # The engine replays no trades on an L2 book without any book row, so the first cut comes after the first book.
        earliest = int(books[0]) if len(books) else start
        places = [count * number // (4 * pieces) for number in quarters]
        # Rows with equal times must stay together, so a cut is the first row of an instant.
        begins = np.diff(rows.ts, prepend=rows.ts[:1] - 1) > 0
        chosen = _last_before(begins if cuts is None else begins & cuts, places)
        cuts_at = [cut for cut in chosen if rows.ts[cut] > earliest]
        if not cuts_at:
            return cls.whole(rows, start, end, "no slice can begin between its trades")
        starts = [start, *(int(rows.ts[cut]) for cut in cuts_at)]
        ends = [*(instant - 1 for instant in starts[1:]), end]
        edges = [0, *cuts_at, count]
        segments = []
        for number, (first, last) in enumerate(zip(starts, ends, strict=True)):
            begin, past = (int(np.searchsorted(books, first, "left")), int(np.searchsorted(books, last, "right")))
            books_from, before = first, begin
            if number and begin:
                books_from = int(books[begin - 1])
                before = int(np.searchsorted(books, books_from, "left"))
            trades = edges[number + 1] - edges[number]
            segments.append(Segment(first, last, books_from, trades, past - before, begin - before))
        return cls(tuple(segments), "")


def _last_before(mask: npt.NDArray[np.bool_], places: Sequence[int]) -> list[int]:
    """Return, for each place, the last row of the mask at or before this place and after the previous place.

    Places without such a row are skipped. Row 0 is never returned.
    """
    found, before = [], 0
    for place in places:
        rows = np.flatnonzero(mask[before + 1 : place + 1])
        if len(rows):
            found.append(before + 1 + int(rows[-1]))
        before = place
    return found


def _dependence(config: run_config_pb2.RunConfig, strategy: type, rows: MarkRows) -> str:
    """Return why the orders of a window may depend on each other; "" if they cannot."""
    venue, orders = config.venue, config.strategy
    drawn = venue.HasField("fill_model") and (venue.fill_model.prob_fill_on_limit < 1 or venue.fill_model.prob_slippage > 0)
    # If a second has more orders than the limit, a slice that started in it would start with a full allowance.
    crowded = rows.more_in_a_second(config.risk.throttling_per_sec)
    rules = (
        (not issubclass(strategy, CopyingStrategy), f"{config.strategy.name} is not a CopyingStrategy"),
        (not getattr(strategy, "independent_orders", False), f"{config.strategy.name} does not declare independent_orders"),
        (orders.time_in_force == "GTC", "orders may rest (time_in_force GTC)"),
        (venue.HasField("latency"), "orders are delayed (latency)"),
        (orders.close_positions_on_stop, "the position is closed at the end (close_positions_on_stop)"),
        (venue.liquidity_consumption, "orders consume the displayed sizes (liquidity_consumption)"),
        (drawn, "fills are drawn at random (fill_model)"),
        (may_deny_orders(config) and not venue.frozen_account, "the account may deny orders"),
        (crowded, "the rate limit may deny orders (risk.throttling_per_sec)"),
    )
    return next((why for applies, why in rules if applies), "")
