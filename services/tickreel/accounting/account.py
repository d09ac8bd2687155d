"""An account over a replay: cash, position and fees after every fill, equity and drawdown at every row.

All money has one scale, known before the first fill: the scale that the contract needs for its values at fill prices and at
marks. With the value of a position as the contract defines it (see `contract`):

    cash       = - sum(value of each fill)                           net cash flow of all trades
    equity     = start + cash + value of the position at the mark - fees
    unrealized = value of the position at the mark - cost            average cost
    realized   = cash + cost                                         before fees
    pnl        = equity - start = realized + unrealized - fees       exactly, for every kind of contract
    closed     = realized - fees + entry fees                        after the fees of the closed part only

Fills belong to one position, or to several at once (hedging). Cash, fees and equity are the same sums for both. The cost of
several positions is the sum of their costs, so profit is realized when one of them is reduced, even if another offsets it.

A position that is open at the start counts as a fill without a fee. It is bought at the first mark, and the starting equity
includes its value. So its cost is its value at that mark, and the first equity is the start.

Values of a linear contract are exact, and so are all sums of them. Values of an inverse contract are rounded to the account's
scale, fill by fill. After n fills, cash is off by at most n/2 units of that scale, and equity by half a unit more. Every
figure is a sum of the same rounded values, so the equation for pnl above still holds to the unit.

The cost and the entry fees of an open position have 12 decimals more than values need, because an average has no finite
decimal form. They are rounded half-even whenever a part of the position is closed. The split between realized and unrealized
profit can be off by that rounding; their sum is exact. The decimals that values need follow from the decimals of the data, so
a contract with higher precisions gives the same figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tickreel.accounting import scaled
from tickreel.accounting.contract import Contract
from tickreel.accounting.scaled import Integers

# The cost and entry fees of an open position have 12 decimals more than values need.
_GUARD = 10**12

Int64 = npt.NDArray[np.int64]


class OpenPosition(NamedTuple):
    """One of several open positions: its signed size, and its cost and entry fees as `Account.open_cost` has them."""

    size: int
    cost: int
    entry_fees: int


class ReversedPositionError(ValueError):
    """A fill is larger than the one of several positions that it belongs to.

    Attributes:
        fill: The row of the fill among those of the call.
    """

    def __init__(self, fill: int) -> None:
        super().__init__(f"fill {fill} reverses its position")
        self.fill = fill


@dataclass(frozen=True)
class Account:
    """An account over some fills. Arrays have shape (fills + 1,); their first entry is the state before the fills.

    Money has the scale `scale`, sizes have the contract's size precision, marks have the scale `mark_scale`.
    """

    contract: Contract
    mark_scale: int
    scale: int
    rounded_scale: int
    """The scale to which averages are rounded: that of values at the decimals of the data."""
    start: int
    """The starting equity: the cash and the value of the initial position."""
    ts: Int64
    """The time of each fill, UNIX nanoseconds; shape (fills,)."""
    cash: Integers
    """The net cash flow of all trades, including the assumed purchase of the initial position."""
    position: Integers
    """The signed size of the open position."""
    fees: Integers
    """All fees paid so far."""
    cost: Integers
    """The value of the open position at its average price."""
    entry_fees: Integers
    """The fees paid to open the position."""
    fill_fees: Integers
    """The fee of each fill, at the currency's scale; shape (fills,)."""
    own_before: Integers
    """The signed size of the position that each fill belongs to, before the fill; shape (fills,)."""
    own_after: Integers
    """The same after the fill."""
    open_cost: int
    """The last entry of `cost`, with 12 decimals more than `rounded_scale`."""
    open_fees: int
    """The last entry of `entry_fees`, with 12 decimals more than `rounded_scale`."""
    open_positions: Mapping[int, "OpenPosition"]
    """The open positions by key after the last fill, if fills belong to several positions; otherwise empty."""

    @classmethod
    def opened(
        cls,
        contract: Contract,
        start: int,
        *,
        mark_scale: int | None = None,
        position: int = 0,
        position_mark: int = 0,
        rounded_scale: int | None = None,
    ) -> "Account":
        """Return an account before its first fill.

        Args:
            start: The cash, at the currency's scale.
            mark_scale: The decimals of marks. Default: the price precision.
            position: The signed size of the initial position, at the size precision.
            position_mark: The mark of the initial position, at `mark_scale`. Ignored without a position.
            rounded_scale: The decimals that all values have. Default: the scale of the account.

        Raises:
            ValueError: The mark of an inverse contract is zero or below.
        """
        mark_scale = contract.price_precision if mark_scale is None else mark_scale
        scale = contract.scale(mark_scale)
        worth = 0
        if position:
            worth = int(contract.value(np.array([position_mark]), np.array([position]), mark_scale, scale)[0])
        start = start * 10 ** (scale - contract.money_precision) + worth
        rounded_scale = scale if rounded_scale is None else rounded_scale
        open_cost = worth * _GUARD // 10 ** (scale - rounded_scale)
        held, cash, none, cost = (_entry(value, abs(start) + abs(worth)) for value in (position, -worth, 0, worth))
        empty = np.empty(0, dtype=np.int64)
        columns = empty, cash, held, none, cost, none, empty, empty, empty
        return cls(contract, mark_scale, scale, rounded_scale, start, *columns, open_cost, 0, {})

    def then(
        self, ts: Int64, side: Int64, price: Int64, size: Int64, taker: Int64, positions: Int64 | None = None
    ) -> "Account":
        """Return the account over the next fills, which starts at the end of this one.

        Args:
            ts: Times of the fills, non-decreasing.
            side: 1 for a purchase, -1 for a sale.
            price, size: Prices and sizes at the contract's precisions.
            taker: 1 where the fill took liquidity, else 0.
            positions: Keys of the positions that the fills belong to, if there may be several at once. Then the cost is the sum
                of their costs, and profit is realized when one of them is reduced. Otherwise all fills belong to one position.

        Raises:
            ReversedPositionError: A fill reverses one of several positions.
            ValueError: A price of an inverse contract is zero or below, or a value has more decimals than `rounded_scale`.
        """
        contract, held = self.contract, int(self.position[-1])
        unit = 10 ** (self.scale - contract.money_precision)
        (size,) = scaled.wide((size,), abs(held) + scaled.total(size))
        signed = size * side
        fill_fees = contract.fees(price, size, taker)
        values = contract.value(price, signed, contract.price_precision, self.scale)
        # No sum below exceeds the magnitudes of the start, the current state, all values and all fees together.
        current = abs(self.start) + sum(abs(int(column[-1])) for column in (self.cash, self.cost, self.fees, self.entry_fees))
        total = current + scaled.total(values) + scaled.total(fill_fees) * unit
        values, paid = scaled.wide((values, fill_fees), max(total, unit))
        running, paid = _running(held, signed), paid * unit
        rounded_unit = 10 ** (self.scale - self.rounded_scale)
        if rounded_unit > 1 and (values % rounded_unit != 0).any():
            raise ValueError(f"the value of a fill has more than {self.rounded_scale} decimals")
        still_open: Mapping[int, OpenPosition] = {}
        own_before, own_after = running[:-1], running[1:]
        if positions is None:
            (cost, open_cost), (entry_fees, open_fees) = _entry_costs(
                running, values, paid, self.open_cost, self.open_fees, rounded_unit
            )
        else:
            costs, own, still_open = _costs_of_several(self, positions, signed, values, paid, rounded_unit)
            (cost, open_cost), (entry_fees, open_fees) = costs
            own_before, own_after = (column.astype(running.dtype) for column in own)
        return Account(
            contract=contract,
            mark_scale=self.mark_scale,
            scale=self.scale,
            rounded_scale=self.rounded_scale,
            start=self.start,
            ts=ts,
            cash=_running(int(self.cash[-1]), -values),
            position=running,
            fees=_running(int(self.fees[-1]), paid),
            cost=cost,
            entry_fees=entry_fees,
            fill_fees=fill_fees,
            own_before=own_before,
            own_after=own_after,
            open_cost=open_cost,
            open_fees=open_fees,
            open_positions=still_open,
        )

    @property
    def closed_pnl(self) -> Integers:
        """The profit of closed positions, after their closing fees and their share of the entry fees."""
        return self.cash + self.cost - self.fees + self.entry_fees

    @property
    def closes(self) -> npt.NDArray[np.bool_]:
        """Whether each fill reduced, closed or reversed its position; shape (fills,)."""
        before, after = self.own_before, self.own_after
        return ((before > 0) & (after < before)) | ((before < 0) & (after > before))

    @property
    def lowest_balance(self) -> int:
        """The lowest balance of a MARGIN account over these entries: the start plus realized profit, less fees."""
        return self.start + int((self.cash + self.cost - self.fees).min())

    def fills_until(self, ts: Int64) -> Int64:
        """Return the number of fills at or before each time, which is the index into this account's arrays."""
        return np.searchsorted(self.ts, ts, side="right")

    def unrealized(self, at: Int64, mark: Integers) -> Integers:
        """Return the profit of the open position at marks, by index (see `fills_until`)."""
        return self._worth(at, mark) - self.cost[at]

    def open_by_side(self, mark: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return the unrealized profit at a mark and the entry fees of the open short, and of the open long positions."""
        last = np.array([-1])
        unrealized, entry_fees = int(self.unrealized(last, np.array([mark]))[0]), int(self.entry_fees[-1])
        if not self.open_positions:
            short = int(self.position[-1]) < 0
            return ((unrealized, entry_fees), (0, 0)) if short else ((0, 0), (unrealized, entry_fees))
        held = [position for position in self.open_positions.values() if position.size < 0]
        size, cost, fees = (sum(column) for column in zip(*held, strict=True)) if held else (0, 0, 0)
        unit = 10 ** (self.scale - self.rounded_scale)
        cost, fees = (int(_rounded([exact], np.dtype(object), unit)[0]) for exact in (cost, fees))
        worth = int(self.contract.value(np.array([mark]), np.array([size], dtype=object), self.mark_scale, self.scale)[0])
        # Both sides add up to the whole, also where values are rounded.
        return (worth - cost, fees), (unrealized - worth + cost, entry_fees - fees)

    def equity(self, at: Int64, mark: Integers) -> Integers:
        """Return the equity at marks, by index (see `fills_until`)."""
        return self.start + self.cash[at] + self._worth(at, mark) - self.fees[at]

    def realized(self, at: Int64) -> Integers:
        """Return the profit of closed positions before fees, by index (see `fills_until`). It does not depend on marks."""
        return self.cash[at] + self.cost[at]

    def _worth(self, at: Int64, mark: Integers) -> Integers:
        return self.contract.value(mark, self.position[at], self.mark_scale, self.scale)


def drawdown(equity: Integers, peak: int) -> Integers:
    """Return the distance of each equity below its running peak, which starts at `peak`."""
    if not len(equity):
        return equity
    return np.maximum(np.maximum.accumulate(equity), peak) - equity


def _entry(value: int, other: int) -> Integers:
    """Return a column of one value, wide enough for sums with `other`."""
    (array,) = scaled.wide((np.array([value], dtype=object),), abs(value) + other)
    return array


def _running(first: int, steps: Integers) -> Integers:
    return np.cumsum(np.concatenate((np.array([first], dtype=steps.dtype), steps)))


def _entry_costs(
    positions: Integers, values: Integers, fees: Integers, cost: int, entry_fees: int, unit: int
) -> tuple[tuple[Integers, int], tuple[Integers, int]]:
    """Return the cost at average price and the entry fees of each position, rounded to a unit, each with its last exact value.

    A fill that adds to the position adds its value and fee. A fill that reduces it leaves the same share of both. A fill that
    reverses it starts again with the share of its value and fee that opens the other side.

    Args:
        values, fees: The values and fees of the fills between consecutive positions.
        cost, entry_fees: The cost and entry fees of the first position, in units, with 12 decimals more.
        unit: A common divisor of all values and fees.
    """
    before, *others = positions.tolist()
    held, costs, paid = abs(before), [cost], [entry_fees]
    in_units = ((column // unit).tolist() for column in (values, fees))
    for after, value, fee in zip(others, *in_units, strict=True):
        size = abs(after)
        if before * after < 0:
            # A fill has one price, so its value splits in proportion to size.
            cost, entry_fees = _share(value * _GUARD, size, size + held), _share(fee * _GUARD, size, size + held)
        elif size >= held:
            cost, entry_fees = cost + value * _GUARD, entry_fees + fee * _GUARD
        else:
            cost, entry_fees = _share(cost, size, held), _share(entry_fees, size, held)
        costs.append(cost)
        paid.append(entry_fees)
        before, held = after, size
    return (_rounded(costs, values.dtype, unit), cost), (_rounded(paid, fees.dtype, unit), entry_fees)


def _costs_of_several(
    account: Account, keys: Int64, sizes: Integers, values: Integers, fees: Integers, unit: int
) -> tuple[tuple[tuple[Integers, int], tuple[Integers, int]], tuple[Integers, Integers], Mapping[int, OpenPosition]]:
    """Return what `_entry_costs` does, as sums over several positions.

    Also return the size of each fill's position before and after the fill, and the positions that are open after the last fill.
    """
    held = dict(account.open_positions)
    cost, entry_fees = account.open_cost, account.open_fees
    costs, paid, before, after = [cost], [entry_fees], [], []
    in_units = ((column // unit).tolist() for column in (values, fees))
    none = OpenPosition(0, 0, 0)
    for row, (key, size, value, fee) in enumerate(zip(keys.tolist(), sizes.tolist(), *in_units, strict=True)):
        was = held.pop(key, none)
        now = was.size + size
        if was.size * now < 0:
            raise ReversedPositionError(row)
        if abs(now) >= abs(was.size):
            own = OpenPosition(now, was.cost + value * _GUARD, was.entry_fees + fee * _GUARD)
        else:
            shares = (_share(amount, abs(now), abs(was.size)) for amount in (was.cost, was.entry_fees))
            own = OpenPosition(now, *shares)
        if now:
            held[key] = own
        cost, entry_fees = cost + own.cost - was.cost, entry_fees + own.entry_fees - was.entry_fees
        costs.append(cost)
        paid.append(entry_fees)
        before.append(was.size)
        after.append(now)
    rounded = (_rounded(costs, values.dtype, unit), cost), (_rounded(paid, fees.dtype, unit), entry_fees)
    return rounded, (np.array(before, dtype=object), np.array(after, dtype=object)), held


def _share(amount: int, part: int, whole: int) -> int:
    """Return amount x part / whole, rounded half-even. Much faster for one number than `scaled.divide_half_even`."""
    # At a tie, the quotient is the upper neighbour.
    quotient, rest = divmod(2 * amount * part + whole, 2 * whole)
    return quotient if rest else quotient - quotient % 2


def _rounded(exact: list[int], dtype: np.dtype[Any], unit: int) -> Integers:
    """Round amounts in units with 12 extra decimals half-even to whole units. Return them at the account's scale."""
    halves = (divmod(value + _GUARD // 2, _GUARD) for value in exact)
    return np.array([(upper if rest else upper - upper % 2) * unit for upper, rest in halves], dtype=dtype)
