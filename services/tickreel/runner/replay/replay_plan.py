"""How a window is replayed: in one piece, or in slices whose orders do not know of each other.

Slices one after another keep memory flat, slices side by side use every core. They give the same orders and fills as one
piece where each order follows from its own trade row and ends with it, and where nothing that one order leaves behind
changes what the next one meets: not the account, not the book, not a random draw, not the limit of orders a second. That is
decided here by rule; where it does not hold, the plan is one piece and says why. A slice of trades against books begins with
the last book before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickreel.engine.replay import ReplayFile
from tickreel.engine.strategy import ReplayStrategy
from tickreel.runner.replay.shortcuts import may_refuse
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.v1 import market_data_pb2, run_config_pb2


@dataclass(frozen=True)
class Segment:
    """A slice of a window; times are UNIX nanoseconds on the replay clock, both ends inclusive.

    Attributes:
        start, end: Of its trades.
        books_from: Where its books begin: at the last one before `start`, where there is one.
        rows, book_rows: How many rows the engine will see.
        repeats: How many of the books the slice before it has replayed.
    """

    start: int
    end: int
    books_from: int
    rows: int
    book_rows: int
    repeats: int = 0

    def files(self, files: list[ReplayFile]) -> list[ReplayFile]:
        """What is replayed of the window's files."""
        found = []
        for file in files:
            books = file.data_type == market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5
            start, end = max(file.start, self.books_from if books else self.start), min(file.end, self.end)
            if start <= end and file.first <= end and file.last >= start:
                found.append(ReplayFile(file.path, file.data_type, file.first, file.last, start, end))
        return found


@dataclass(frozen=True)
class ReplayPlan:
    """The slices of a window, in order, and why it is one piece where it is."""

    segments: tuple[Segment, ...]
    whole_because: str

    @classmethod
    def whole(cls, rows: MarkRows, start: int, end: int, because: str) -> "ReplayPlan":
        """A window in one piece."""
        return cls((Segment(start, end, start, len(rows.ts), len(rows.book_ts)),), because)

    @classmethod
    def of(
        cls,
        config: run_config_pb2.RunConfig,
        strategy: type[ReplayStrategy],
        rows: MarkRows,
        window: tuple[int, int],
        segment_rows: int,
        processes: int,
        cuts: npt.NDArray[np.bool_] | None = None,
    ) -> "ReplayPlan":
        """The plan of a window.

        Args:
            config: Resolved.
            window: The first and last instant that is replayed.
            segment_rows: The most trade rows of a slice.
            processes: How many slices can be replayed side by side.
            cuts: Whether a slice may begin at each trade row; shape (rows,). Default: at all of them.
        """
        start, end = window
        because = _entangled(config, strategy, rows)
        count = len(rows.ts)
        if because or count <= segment_rows:
            return cls.whole(rows, start, end, because or "it is short")
        # As many for each process, the last of each in quarters, or one of them would wait long for the others at the end.
        pieces = -(-count // (segment_rows * processes)) * processes
        last = 4 * (pieces - processes) if processes > 1 else 4 * pieces
        quarters = [*range(4, last, 4), *range(max(last, 1), 4 * pieces)]
        books = rows.book_ts
        # The engine replays no trades on levels where there is no book at all: those before the first go with what follows.
        earliest = int(books[0]) if len(books) else start
        places = [count * number // (4 * pieces) for number in quarters]
        # A cut is an instant, so that rows of equal times stay together.
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
    """The last row of a mask at or before each place and behind the place before it, where there is one; row 0 is left out."""
    found, before = [], 0
    for place in places:
        rows = np.flatnonzero(mask[before + 1 : place + 1])
        if len(rows):
            found.append(before + 1 + int(rows[-1]))
        before = place
    return found


def _entangled(config: run_config_pb2.RunConfig, strategy: type[ReplayStrategy], rows: MarkRows) -> str:
    """Why the orders of a window may know of each other, or "" where they cannot."""
    venue, orders = config.venue, config.strategy
    drawn = venue.HasField("fill_model") and (venue.fill_model.prob_fill_on_limit < 1 or venue.fill_model.prob_slippage > 0)
    # The orders of any second must stay within the limit, or the next slice would begin with a full allowance.
    crowded = rows.more_in_a_second(config.risk.throttling_per_sec)
    rules = (
        (not strategy.independent_orders, f"{config.strategy.name} does not declare independent_orders"),
        (orders.time_in_force == "GTC", "orders may rest (time_in_force GTC)"),
        (venue.HasField("latency"), "orders are delayed (latency)"),
        (orders.close_positions_on_stop, "the position is closed at the end (close_positions_on_stop)"),
        (venue.liquidity_consumption, "orders use up what the book displays (liquidity_consumption)"),
        (drawn, "fills are drawn (fill_model)"),
        (may_refuse(config) and not venue.frozen_account, "the account may refuse orders"),
        (crowded, "orders may be denied by their rate (risk.throttling_per_sec)"),
    )
    return next((why for applies, why in rules if applies), "")
