"""An account over a replay: cash, position and fees after every fill, equity and drawdown at every row.

One scale holds for all money: the larger of the notional's and the currency's decimals.

    cash      = - sum(signed notional)
    equity    = start + cash + position x mark - fees              (exact)
    unrealized = position x mark - cost of the open position        (average cost)
    realized   = equity - start + fees - unrealized                  (before fees)

The cost of an open position is kept at 12 decimals more than a notional has, rounded half-even where a part of it is
closed, because an average is not a decimal number; the split between realized and unrealized profit can be off by that,
their sum is exact.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickreel.accounting import scaled
from tickreel.accounting.contract import LinearContract
from tickreel.accounting.scaled import Integers

_COST_DECIMALS = 12

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Account:
    """An account after every fill; arrays have shape (fills + 1,), the first entry is the start.

    Money is of scale `scale`, sizes of the contract's size precision.
    """

    contract: LinearContract
    scale: int
    start: int
    ts: Int64
    """When each fill happened, UNIX nanoseconds; shape (fills,)."""
    cash: Integers
    position: Integers
    fees: Integers
    cost: Integers
    """What the open position cost at average price; signed as the position is."""
    fill_fees: Integers
    """The fee of each fill, of the currency's scale; shape (fills,)."""

    @classmethod
    def fold(
        cls, contract: LinearContract, start: int, ts: Int64, side: Int64, price: Int64, size: Int64, taker: Int64
    ) -> "Account":
        """Folds fills into an account.

        Args:
            start: The equity at the start, of the currency's scale.
            ts: Times of the fills, non-decreasing.
            side: 1 buys, -1 sells.
            price, size: Of the contract's precisions.
            taker: 1 where the fill took liquidity.
        """
        scale = max(contract.notional_scale, contract.money_precision)
        up = 10 ** (scale - contract.notional_scale)
        # The largest value on the way is either a sum of notionals or a fee before it is rounded.
        multiplier = scaled.split(contract.multiplier)[0]
        volume = 2 * int(size.sum(dtype=np.float64))
        total = scaled.largest(price) * volume * multiplier * up
        start *= 10 ** (scale - contract.money_precision)
        side, price, size = scaled.wide((side, price, size), max(total, start))
        signed = contract.notional(price, size) * side
        fill_fees = contract.fees(np.abs(signed), taker)
        position = _from_zero(np.cumsum(size * side))
        fee_up = 10 ** (scale - contract.money_precision)
        (paid,) = scaled.wide((fill_fees,), max(total, fee_up))
        return cls(
            contract=contract,
            scale=scale,
            start=start,
            ts=ts,
            cash=_from_zero(np.cumsum(-signed * up)),
            position=position,
            fees=_from_zero(np.cumsum(paid * fee_up)),
            cost=_cost(position, signed * up),
            fill_fees=fill_fees,
        )

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
        position = self.position[at]
        largest = scaled.largest(position) * scaled.largest(mark) * scaled.split(self.contract.multiplier)[0]
        up = 10 ** (self.scale - self.contract.notional_scale)
        position, mark = scaled.wide((position, mark), largest * up)
        worth = self.contract.notional(mark, position) * up
        # Sums with cash may be wider than each term.
        return worth if self.cash.dtype != object else worth.astype(object)


def drawdown(equity: Integers, start: int) -> Integers:
    """How far each equity lies below its running peak, which begins at the start."""
    if not len(equity):
        return equity
    return np.maximum(np.maximum.accumulate(equity), start) - equity


def _from_zero(values: Integers) -> Integers:
    return np.concatenate((np.zeros(1, dtype=values.dtype), values))


def _cost(position: Integers, signed: Integers) -> Integers:
    """The cost of the position after each fill, at average price, rounded to the scale of `signed`.

    Adding to a position adds its notional; reducing it takes the same share of the cost; turning it over starts anew with
    the part that opens the other side.
    """
    guard = 10**_COST_DECIMALS
    cost, costs = 0, [0]
    before = 0
    for after, notional in zip(position[1:].tolist(), signed.tolist(), strict=True):
        if before * after < 0:
            # Exact: the fill has one price, so the part that opens has that share of its notional.
            cost = notional * guard * after // (after - before)
        elif abs(after) >= abs(before):
            cost += notional * guard
        else:
            cost = (
                scaled.divide_half_even(cost * after, before) if before > 0 else scaled.divide_half_even(cost * -after, -before)
            )
        costs.append(scaled.divide_half_even(cost, guard))
        before = after
    return np.array(costs, dtype=signed.dtype)
