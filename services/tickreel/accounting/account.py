"""An account over a replay: cash, position and fees after every fill, equity and drawdown at every row.

One scale holds for all money: the one that the contract needs for its values at fill prices and at marks, known before any
fill is. With the value of a position as the contract has it (see `contract`):

    cash       = - sum(value of each fill)                           what trades brought in and took out
    equity     = start + cash + value of the position at the mark - fees
    unrealized = value of the position at the mark - cost            average cost
    realized   = cash + cost                                         before fees
    pnl        = equity - start = realized + unrealized - fees       exactly, for every kind of contract
    closed     = realized - fees + entry fees                        after the fees of what was closed alone

A position that is there at the start counts as a fill without a fee: it is bought at the mark of the start out of an equity
that holds its value, so its cost is that mark and the first equity is the start.

Values of a linear contract are exact, and so is all that is a sum of them. Values of an inverse contract are rounded to the
account's scale, fill by fill: after n fills cash is off by at most n/2 units of it, equity by one half more. As every figure
is a sum of the same rounded values, the last of the equations above holds to the unit all the same.

The cost of an open position and the fees of its entry are kept at 12 decimals more than values need, rounded half-even
where a part of it is closed, because an average is not a decimal number; the split between realized and unrealized profit can
be off by that, their sum is not. What values need follows from the decimals of the data: a contract whose precisions have more
of them gives the same figures.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tickreel.accounting import scaled
from tickreel.accounting.contract import Contract
from tickreel.accounting.scaled import Integers

# What the cost of an open position and the fees of its entry have more of than values need: 12 decimals.
_GUARD = 10**12

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Account:
    """An account over some fills; arrays have shape (fills + 1,), the first entry is where it stood before them.

    Money is of scale `scale`, sizes of the contract's size precision, marks of scale `mark_scale`.
    """

    contract: Contract
    mark_scale: int
    scale: int
    rounded_scale: int
    """The decimals that averages are rounded to: those that values at the decimals of the data have."""
    start: int
    """The equity at the very start: the cash, and what the position of the start was worth."""
    ts: Int64
    """When each fill happened, UNIX nanoseconds; shape (fills,)."""
    cash: Integers
    """What the trades brought in; at the very start what its position would have cost."""
    position: Integers
    fees: Integers
    cost: Integers
    """The value of the open position at its average price."""
    entry_fees: Integers
    """What opening it cost in fees."""
    fill_fees: Integers
    """The fee of each fill, of the currency's scale; shape (fills,)."""
    open_cost: int
    """The last cost, of 12 decimals more than `rounded_scale`."""
    open_fees: int
    """The last entry fees, likewise."""

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
        """An account before its first fill.

        Args:
            start: The cash, of the currency's scale.
            mark_scale: The decimals of the marks; those of a price if not given.
            position: What is held, of the size precision.
            position_mark: The mark that this position is valued at, of scale `mark_scale`; of no account where none is held.
            rounded_scale: The decimals that all values have; those of the account if not given.

        Raises:
            ValueError: A mark of an inverse contract is zero or below.
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
        return cls(contract, mark_scale, scale, rounded_scale, start, empty, cash, held, none, cost, none, empty, open_cost, 0)

    def then(self, ts: Int64, side: Int64, price: Int64, size: Int64, taker: Int64) -> "Account":
        """The account over the fills that follow.

        Args:
            ts: Their times, non-decreasing.
            side: 1 buys, -1 sells.
            price, size: Of the contract's precisions.
            taker: 1 where the fill took liquidity.

        Raises:
            ValueError: A price of an inverse contract is zero or below, or a value has more decimals than `rounded_scale`.
        """
        contract, held = self.contract, int(self.position[-1])
        unit = 10 ** (self.scale - contract.money_precision)
        (size,) = scaled.wide((size,), abs(held) + scaled.total(size))
        signed = size * side
        fill_fees = contract.fees(price, size, taker)
        values = contract.value(price, signed, contract.price_precision, self.scale)
        # Whatever is summed up further on is within the start, what there is, all values and all fees together.
        there = abs(self.start) + sum(abs(int(column[-1])) for column in (self.cash, self.cost, self.fees, self.entry_fees))
        total = there + scaled.total(values) + scaled.total(fill_fees) * unit
        values, paid = scaled.wide((values, fill_fees), max(total, unit))
        positions, paid = _running(held, signed), paid * unit
        rounded_unit = 10 ** (self.scale - self.rounded_scale)
        if rounded_unit > 1 and (values % rounded_unit != 0).any():
            raise ValueError(f"the value of a fill has more than {self.rounded_scale} decimals")
        (cost, open_cost), (entry_fees, open_fees) = _entry_costs(
            positions, values, paid, self.open_cost, self.open_fees, rounded_unit
        )
        return Account(
            contract=contract,
            mark_scale=self.mark_scale,
            scale=self.scale,
            rounded_scale=self.rounded_scale,
            start=self.start,
            ts=ts,
            cash=_running(int(self.cash[-1]), -values),
            position=positions,
            fees=_running(int(self.fees[-1]), paid),
            cost=cost,
            entry_fees=entry_fees,
            fill_fees=fill_fees,
            open_cost=open_cost,
            open_fees=open_fees,
        )

    @property
    def closed_pnl(self) -> Integers:
        """The profit of what was closed, after the fees of closing it and the share of those of opening it."""
        return self.cash + self.cost - self.fees + self.entry_fees

    @property
    def closes(self) -> npt.NDArray[np.bool_]:
        """Whether each fill brought the position nearer to flat, or over to the other side; shape (fills,)."""
        before, after = self.position[:-1], self.position[1:]
        return ((before > 0) & (after < before)) | ((before < 0) & (after > before))

    @property
    def lowest_balance(self) -> int:
        """The lowest that a MARGIN account had in these entries: the start and what was realized, less fees."""
        return self.start + int((self.cash + self.cost - self.fees).min())

    def fills_until(self, ts: Int64) -> Int64:
        """How many fills had happened at each time: the index into this account's arrays."""
        return np.searchsorted(self.ts, ts, side="right")

    def unrealized(self, at: Int64, mark: Integers) -> Integers:
        """The profit of the open position at marks, by index (see `fills_until`)."""
        return self._worth(at, mark) - self.cost[at]

    def equity(self, at: Int64, mark: Integers) -> Integers:
        """The equity at marks, by index (see `fills_until`)."""
        return self.start + self.cash[at] + self._worth(at, mark) - self.fees[at]

    def realized(self, at: Int64) -> Integers:
        """The profit of what was closed, before fees, by index (see `fills_until`): no mark has a part in it."""
        return self.cash[at] + self.cost[at]

    def _worth(self, at: Int64, mark: Integers) -> Integers:
        return self.contract.value(mark, self.position[at], self.mark_scale, self.scale)


def drawdown(equity: Integers, peak: int) -> Integers:
    """How far each equity lies below its running peak, which begins at `peak`."""
    if not len(equity):
        return equity
    return np.maximum(np.maximum.accumulate(equity), peak) - equity


def _entry(value: int, beside: int) -> Integers:
    """A column of one value that fits into sums with `beside`."""
    (array,) = scaled.wide((np.array([value], dtype=object),), abs(value) + beside)
    return array


def _running(first: int, steps: Integers) -> Integers:
    return np.cumsum(np.concatenate((np.array([first], dtype=steps.dtype), steps)))


def _entry_costs(
    positions: Integers, values: Integers, fees: Integers, cost: int, entry_fees: int, unit: int
) -> tuple[tuple[Integers, int], tuple[Integers, int]]:
    """The cost of each position at average price and the fees of its entry, both rounded to a unit, and the last of each
    unrounded.

    Adding to a position adds the fill's value and fee; reducing it takes the same share of both; turning it over starts anew
    with the share of the fill that opens the other side.

    Args:
        values, fees: Of the fills that led from each position to the next.
        cost, entry_fees: Those of the first position, in units and of 12 decimals more.
        unit: What all values and fees are multiples of.
    """
    before, *others = positions.tolist()
    held, costs, paid = abs(before), [cost], [entry_fees]
    in_units = ((column // unit).tolist() for column in (values, fees))
    for after, value, fee in zip(others, *in_units, strict=True):
        size = abs(after)
        if before * after < 0:
            # The fill has one price, so the part that opens has that share of its value.
            cost, entry_fees = _share(value * _GUARD, size, size + held), _share(fee * _GUARD, size, size + held)
        elif size >= held:
            cost, entry_fees = cost + value * _GUARD, entry_fees + fee * _GUARD
        else:
            cost, entry_fees = _share(cost, size, held), _share(entry_fees, size, held)
        costs.append(cost)
        paid.append(entry_fees)
        before, held = after, size
    return (_rounded(costs, values.dtype, unit), cost), (_rounded(paid, fees.dtype, unit), entry_fees)


def _share(amount: int, part: int, whole: int) -> int:
    """The amount x part / whole, rounded half-even: for one number much quicker than `scaled.divide_half_even`."""
    # Of what lies in the middle, the quotient is the upper one.
    quotient, rest = divmod(2 * amount * part + whole, 2 * whole)
    return quotient if rest else quotient - quotient % 2


def _rounded(exact: list[int], dtype: np.dtype[Any], unit: int) -> Integers:
    """Amounts in units and of 12 decimals more, rounded half-even to whole units, of the account's scale."""
    halves = (divmod(value + _GUARD // 2, _GUARD) for value in exact)
    return np.array([(upper if rest else upper - upper % 2) * unit for upper, rest in halves], dtype=dtype)
