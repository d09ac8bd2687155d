"""The positions of a run, from their opening to their close.

A position opens when a fill makes it long or short, and closes when a fill makes it flat or reverses it. A fill that reverses
it is split at zero. The account already splits the value and the fee of such a fill, so every amount comes from the account:

    gross = realized profit of the account at the close, less that at the opening
    fees  = fees of closed positions at the close, less those at the opening

The amounts of successive positions therefore add up to those of the account, without any rounding of their own.

If the engine kept several positions of an instrument at once (a hedging account), each has its own fills. One account over the
fills of one position after the other then splits them. Each position rounds its own cost, and the account of the run the sum of
all. So the amounts add up but for one unit of the account's scale per open position that was reduced in part.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from tickreel.accounting import scaled
from tickreel.accounting.account import Account
from tickreel.accounting.scaled import Integers
from tickreel.engine.event_record import MISSING
from tickreel.engine.tape import Fills
from tickreel.runner.ledger.range_extremes import range_highs, range_lows
from tickreel.runner.window.mark_rows import MarkRows

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Positions:
    """Positions in order of opening; every column has shape (positions,). Money is at the account's scale."""

    number: Int64
    """Rank by opening in the whole run, from 0."""
    engine: Int64
    """Position in `EventRecord.positions`, or MISSING."""
    side: Int64
    """1 is long, -1 short."""
    ts_opened: Int64
    """UNIX nanoseconds on the replay clock, as the next."""
    ts_closed: Int64
    """MISSING if the position is open at the end."""
    amount: Integers
    """Largest size."""
    open_amount: Integers
    """Size at the end of the run."""
    entered: Integers
    """Sum of the sizes that opened or enlarged the position."""
    entry_value: Integers
    """Sum of price x size of these, at the mark scale plus the size precision."""
    left: Integers
    """Sum of the sizes that reduced or closed the position."""
    exit_value: Integers
    gross: Integers
    """Realized profit before fees."""
    fees: Integers
    lowest: Integers
    """Lowest profit before fees at a mark or at the exit, at most 0."""
    highest: Integers
    """Highest profit, likewise, at least 0."""
    entry_order: Int64
    """Row of the order in the whole run; MISSING for a position from before the first fill."""
    exit_order: Int64
    """MISSING if the position is open at the end."""
    orders: Int64
    fills: Int64
    realized_before: Integers
    """Realized profit of the account at the opening."""
    fees_before: Integers
    """Fees of closed positions at the opening."""

    def __len__(self) -> int:
        return len(self.number)

    def chosen(self, rows: Int64 | Mask | slice) -> "Positions":
        """Return some of the positions."""
        return Positions(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True)
class _Steps:
    """An account over fills that lead from one position to the next, one position at a time.

    The first five columns have one entry more than the others: the state before the first fill.
    """

    position: Integers
    cash: Integers
    realized: Integers
    fees: Integers
    closed_fees: Integers
    """Fees of closed positions."""
    ts: Int64
    price: Integers
    size: Integers
    order: Int64
    engine: Int64
    real: Mask
    """False for the end of the run, which ends an open position without a fill."""

    @classmethod
    def of(cls, parts: Sequence[Account], fills: Fills, order: Int64, engine: Int64, real: Mask) -> "_Steps":
        """Return the steps of the successive parts of an account over some fills."""

        def column(name: str) -> Integers:
            first, *others = (getattr(part, name) for part in parts)
            return np.concatenate([first, *(other[1:] for other in others)])

        cash, fees = column("cash"), column("fees")
        realized, closed_fees = scaled.plus(cash, column("cost")), scaled.plus(fees, -column("entry_fees"))
        return cls(
            column("position"),
            cash,
            realized,
            fees,
            closed_fees,
            fills.ts,
            fills.price,
            fills.quantity,
            order,
            engine,
            real,
        )

    @property
    def turns(self) -> tuple[Mask, Mask]:
        """Whether each fill ends a position, and whether it begins one; a fill that reverses a position does both."""
        side = _sign(self.position)
        before, after = side[:-1], side[1:]
        return (before != 0) & (after != before), (after != 0) & (after != before)


class PositionBook:
    """Collects the positions of a run from its fills, slice by slice. A position may stay open from one slice to the next.

    Args:
        account: Before the first fill.
        rows: The rows of the window, whose marks decide the excursions.
    """

    def __init__(self, account: Account, rows: MarkRows) -> None:
        self._rows = rows
        self._account = account
        self._count = 0
        self._since = rows.span[0]
        self._open = _none()
        if held := int(account.position[-1]):
            self._open = _held_at_start(account, held, rows)
            self._count = 1

    def add(
        self, parts: Sequence[Account], fills: Fills, first_order: int, engine: Int64 | None = None
    ) -> tuple[Positions, Int64]:
        """Add the next fills.

        Args:
            parts: The account over these fills, in parts.
            fills: `fills.order` is the row among the orders of the slice.
            first_order: Row of the first order of the slice in the whole run.
            engine: The engine's position of each fill, see `EventRecord.fills`. If there are several, the fills must be all
                fills of the run.

        Returns:
            The positions that these fills closed; if the engine kept several, all positions of the run. And the number of the
            position that each fill opened, changed or closed; shape (fills,).
        """
        self._account = parts[-1]
        count = len(fills.ts)
        order = fills.order + first_order
        engine = np.full(count, MISSING) if engine is None else engine
        if not count:
            return _none(), np.empty(0, dtype=np.int64)
        if not self._count and (engine != engine[0]).any():
            return self._hedged(fills, order, engine)
        steps = _Steps.of(parts, fills, order, engine, np.ones(count, dtype=np.bool_))
        found, numbers = self._advanced(steps)
        self._since = int(fills.ts[-1])
        still_open = 1 if int(parts[-1].position[-1]) else 0
        closed = len(found) - still_open
        self._open = found.chosen(slice(closed, None))
        return found.chosen(slice(closed)), numbers

    def close(self) -> Positions:
        """Return the position that is open after the last fill, or none."""
        if not len(self._open):
            return _none()
        account = self._account

        def twice(column: Integers) -> Integers:
            return column[[-1, -1]]

        realized, one = scaled.plus(account.cash[-1:], account.cost[-1:]), np.array([0])
        held = account.position[-1:]
        steps = _Steps(
            position=np.append(held, np.zeros_like(held)),
            cash=twice(account.cash),
            realized=twice(realized),
            fees=twice(account.fees),
            closed_fees=twice(account.fees),
            ts=np.array([self._rows.span[1] + 1]),
            price=one,
            size=np.abs(held),
            order=one,
            engine=self._open.engine,
            real=np.array([False]),
        )
        found, _ = self._advanced(steps)
        self._open = _none()
        return found

    def _hedged(self, fills: Fills, order: Int64, engine: Int64) -> tuple[Positions, Int64]:
        """Return all positions, and the number of each fill's position, if the engine kept several at once.

        The fills of one position after another give one account, which is flat between them: a position that is open at the end
        is closed by an additional fill, which counts as the end of the run.
        """
        known, group = np.unique(engine, return_inverse=True)
        sort = np.argsort(group, kind="stable")
        signed = scaled.wide((fills.quantity * fills.side,), scaled.total(fills.quantity))[0]
        held = scaled.sums_at(signed, group, len(known))
        still_open = np.flatnonzero(held != 0)
        last = np.searchsorted(group[sort], still_open, side="right")
        places = np.insert(sort, last, -1)

        def with_ends(column: Integers, values: Integers) -> Integers:
            return np.insert(column[sort].astype(np.result_type(column, values)), last, values)

        none, end = np.zeros_like(still_open), np.full(len(still_open), self._rows.span[1] + 1)
        columns = Fills(
            order=with_ends(order, none),
            ts=with_ends(fills.ts, end),
            side=with_ends(fills.side, np.where(held[still_open] > 0, -1, 1)),
            price=with_ends(fills.price, fills.price[sort][last - 1]),
            quantity=with_ends(fills.quantity, np.abs(held[still_open])),
            taker=with_ends(fills.taker, none),
            commission=with_ends(fills.commission, none),
        )
        before = self._account
        account = Account.opened(before.contract, 0, mark_scale=before.mark_scale, rounded_scale=before.rounded_scale)
        account = account.then(columns.ts, columns.side, columns.price, columns.quantity, columns.taker)
        steps = _Steps.of([account], columns, columns.order, with_ends(engine, known[still_open]), places >= 0)
        found, numbers = self._advanced(steps)
        of_fill = np.empty(len(order), dtype=np.int64)
        of_fill[places[steps.real]] = numbers
        _, begins = steps.turns
        by_opening = np.argsort(places[begins])
        rank = np.argsort(by_opening)
        return replace(found.chosen(by_opening), number=np.arange(len(rank))), rank[of_fill]

    def _advanced(self, steps: _Steps) -> tuple[Positions, Int64]:
        """Return the positions over the next steps in order of opening, the open one last, and the number of each fill's.

        The first position is the open one of earlier steps, if there is one.
        """
        before, after = steps.position[:-1], steps.position[1:]
        side_before, side_after = _sign(before), _sign(after)
        ends, begins = steps.turns
        carried = len(self._open)
        held_after = carried - 1 + np.cumsum(begins)
        held_before = held_after - begins
        count = carried + int(np.count_nonzero(begins))
        opened = self._opened(steps, begins, side_after)
        first = self._count - carried
        self._count = first + count
        ended = held_before[ends]

        size = steps.size
        # A fill in the direction of the position enlarges it; the rest of a fill that reverses it enlarges the next.
        entering = np.where(side_before * _sign(after - before) >= 0, size, np.where(begins, np.abs(after), 0))
        leaving = size - entering
        enters, leaves = steps.real & (entering != 0), steps.real & (leaving != 0)
        in_entry, in_exit = held_after[enters], held_before[leaves]
        unit = 10 ** (self._rows.mark_scale - self._account.contract.price_precision)
        prices, sizes = scaled.wide(
            (steps.price, size), max(scaled.largest(steps.price), 1) * unit * max(scaled.total(size), 1)
        )
        values = prices * unit * sizes
        # The value of a part of a fill.
        entry_values = np.where(leaving == 0, values, prices * unit * entering.astype(sizes.dtype))
        exit_values = values - entry_values
        realized, closed_fees = steps.realized[1:], steps.closed_fees[1:]
        realized = np.where(steps.real, realized, steps.realized[:-1])
        closed_fees = np.where(steps.real, closed_fees, steps.fees[:-1])
        gross, fees = opened.gross.astype(realized.dtype), opened.fees.astype(closed_fees.dtype)
        gross[ended] = realized[ends] - opened.realized_before[ended]
        fees[ended] = closed_fees[ends] - opened.fees_before[ended]
        lowest, highest = self._excursions(steps, held_before, opened)
        closed = held_before[ends & steps.real]
        lowest[closed], highest[closed] = np.minimum(lowest[closed], gross[closed]), np.maximum(highest[closed], gross[closed])
        amount = opened.amount.astype(np.result_type(opened.amount, after))
        np.maximum.at(amount, held_after[side_after != 0], np.abs(after)[side_after != 0])
        ts_closed, exit_order = opened.ts_closed.copy(), opened.exit_order.copy()
        ts_closed[ended] = np.where(steps.real[ends], steps.ts[ends], MISSING)
        exit_order[ended] = np.where(steps.real[ends], steps.order[ends], MISSING)
        open_amount = np.zeros(count, dtype=amount.dtype)
        open_amount[ended] = np.where(steps.real[ends], 0, np.abs(before[ends]))
        pairs = np.concatenate((in_entry, in_exit)), np.concatenate((steps.order[enters], steps.order[leaves]))
        found = Positions(
            number=np.arange(first, first + count),
            engine=opened.engine,
            side=opened.side,
            ts_opened=opened.ts_opened,
            ts_closed=ts_closed,
            amount=amount,
            open_amount=open_amount,
            entered=scaled.plus(opened.entered, scaled.sums_at(entering[enters], in_entry, count)),
            entry_value=scaled.plus(opened.entry_value, scaled.sums_at(entry_values[enters], in_entry, count)),
            left=scaled.plus(opened.left, scaled.sums_at(leaving[leaves], in_exit, count)),
            exit_value=scaled.plus(opened.exit_value, scaled.sums_at(exit_values[leaves], in_exit, count)),
            gross=gross,
            fees=fees,
            lowest=lowest,
            highest=highest,
            entry_order=opened.entry_order,
            exit_order=exit_order,
            orders=opened.orders + _distinct(*pairs, count),
            fills=opened.fills + np.bincount(in_entry, minlength=count) + np.bincount(in_exit, minlength=count),
            realized_before=opened.realized_before,
            fees_before=opened.fees_before,
        )
        of_fill = np.where(side_before != 0, held_before, held_after)[steps.real] + first
        return found, of_fill

    def _opened(self, steps: _Steps, begins: Mask, side: Int64) -> Positions:
        """Return the open position and those that begin, with the state that they have at their opening."""
        count = int(np.count_nonzero(begins))
        none, zero = np.full(count, MISSING), np.zeros(count, dtype=np.int64)
        new = Positions(
            number=zero,
            engine=steps.engine[begins],
            side=side[begins],
            ts_opened=steps.ts[begins],
            ts_closed=none,
            amount=zero,
            open_amount=zero,
            entered=zero,
            entry_value=zero,
            left=zero,
            exit_value=zero,
            gross=zero,
            fees=zero,
            lowest=zero,
            highest=zero,
            entry_order=steps.order[begins],
            exit_order=none,
            orders=zero,
            fills=zero,
            realized_before=steps.realized[1:][begins],
            fees_before=steps.closed_fees[1:][begins],
        )
        return Positions(
            *(np.concatenate((getattr(self._open, field.name), getattr(new, field.name))) for field in fields(new))
        )

    def _excursions(self, steps: _Steps, held: Int64, opened: Positions) -> tuple[Integers, Integers]:
        """Return the lowest and the highest profit of each position at the marks before each step.

        While its size is constant, the profit of a position is monotone in the mark. So its extremes are at the extreme marks.

        Args:
            held: The position before each step.
        """
        rows, contract = self._rows, self._account.contract
        lowest, highest = opened.lowest.astype(steps.cash.dtype), opened.highest.astype(steps.cash.dtype)
        since = np.concatenate(([self._since], steps.ts[:-1]))
        sampled, sample_marks = rows.samples
        first, past = np.searchsorted(sampled, since), np.searchsorted(sampled, steps.ts)
        position = steps.position[:-1]
        marked = np.flatnonzero((position != 0) & (first < past))
        lows, highs = (reduce(sample_marks, first[marked], past[marked]) for reduce in (range_lows, range_highs))
        at_end = np.flatnonzero((position != 0) & ~steps.real)
        last = np.full(len(at_end), rows.last_mark)
        for places, marks in ((marked, lows), (marked, highs), (at_end, last)):
            worth = contract.value(marks, position[places], rows.mark_scale, self._account.scale)
            profit = steps.cash[:-1][places] + worth - opened.realized_before[held[places]]
            lowest, highest = lowest.astype(profit.dtype), highest.astype(profit.dtype)
            np.minimum.at(lowest, held[places], profit)
            np.maximum.at(highest, held[places], profit)
        return lowest, highest


def closed_count(fills: Fills, engine: Int64) -> int:
    """Return the number of positions that were closed, where the engine kept several at once.

    Args:
        engine: The engine's position of each fill.
    """
    sort = np.argsort(engine, kind="stable")
    held = scaled.running((fills.quantity * fills.side)[sort])
    starts = np.flatnonzero(np.diff(engine[sort], prepend=-1))
    lengths = np.diff(starts, append=len(sort))
    before_group = np.repeat(np.concatenate(([0], held))[starts], lengths)
    side = _sign(held - before_group)
    previous = np.concatenate(([0], side[:-1]))
    previous[starts] = 0
    return int(np.count_nonzero((previous != 0) & (side != previous)))


def _none() -> Positions:
    empty = np.empty(0, dtype=np.int64)
    return Positions(*(empty for _ in fields(Positions)))


def _held_at_start(account: Account, held: int, rows: MarkRows) -> Positions:
    """Return the position that the account holds before its first fill, bought at the first mark."""
    size, zero = np.array([abs(held)], dtype=account.position.dtype), np.array([0])
    values: dict[str, Integers] = dict.fromkeys((field.name for field in fields(Positions)), zero)
    values |= dict.fromkeys(("engine", "ts_closed", "entry_order", "exit_order"), np.array([MISSING]))
    values |= dict.fromkeys(("amount", "entered"), size)
    values |= {
        "side": np.array([1 if held > 0 else -1]),
        "ts_opened": np.array([rows.span[0]]),
        "entry_value": scaled.narrow(size.astype(object) * rows.first_mark),
    }
    return Positions(**values)


def _sign(values: Integers) -> Int64:
    return (values > 0).astype(np.int64) - (values < 0)


def _distinct(groups: Int64, values: Int64, count: int) -> Int64:
    """Return the number of distinct values in each group; shape (count,)."""
    if not len(groups):
        return np.zeros(count, dtype=np.int64)
    width = int(values.max()) + 1
    return np.bincount(np.unique(groups * width + values) // width, minlength=count)
