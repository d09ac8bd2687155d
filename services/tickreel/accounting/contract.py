"""What a position is worth and what a fill costs, by the kind of contract.

    linear    value = price x size x multiplier      in the quote currency, exact
    inverse   value = - size x multiplier / price    in the base currency, rounded half-even at a guard scale
    either    fee   = |value| x rate                 rounded half-even, once, to the decimals of the settlement currency

Values are signed so that the profit of a position is its value at the exit less its value at the entry, for either kind. A
long inverse position is a debt in the base currency, which a higher price makes smaller:

    size x multiplier x (1 / entry - 1 / exit)

The guard scale is 12 decimals more than the currency has: a value is off by at most half a unit of it, 5e-21 BTC. Fees are
taken from sizes and prices, not from such a value, so that they are rounded once.

Rounding each fee may change a sum of small ones by much, so a contract also gives the fees before that rounding: exact for a
linear contract, rounded at the guard scale for an inverse one, whose fees are quotients.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

import numpy as np

from tickreel.accounting import scaled
from tickreel.accounting.scaled import Integers

_GUARD_DECIMALS = 12


class Contract(Protocol):
    """What an account needs to know of what it trades.

    Prices and sizes are integers of the precisions, fees are of scale `money_precision`.
    """

    @property
    def price_precision(self) -> int:
        """The decimals of a price."""

    @property
    def size_precision(self) -> int:
        """The decimals of a size."""

    @property
    def money_precision(self) -> int:
        """The decimals of the settlement currency."""

    def scale(self, mark_scale: int) -> int:
        """The decimals of an account that is marked at prices of `mark_scale` decimals: enough for values, fees and cash."""

    def with_decimals(self, price: int, size: int) -> "Contract":
        """The contract with other precisions."""

    def value(self, price: Integers, size: Integers, price_scale: int, scale: int) -> Integers:
        """The values of positions at prices, of scale `scale`.

        Args:
            price: Of scale `price_scale`.
            size: Positive where long, negative where short.
            scale: One that `scale()` gave for marks of no fewer decimals than `price_scale`.
        """

    def fees(self, price: Integers, size: Integers, taker: Integers) -> Integers:
        """The fee of each fill; a negative one is a rebate.

        Args:
            size: Magnitudes.
            taker: 1 where the fill took liquidity, 0 where it made it.
        """

    @property
    def fee_scale(self) -> int:
        """The decimals of `unrounded_fees`."""

    def unrounded_fees(self, price: Integers, size: Integers, taker: Integers) -> Integers:
        """The fee of each fill before it is rounded to the decimals of the currency, of scale `fee_scale`.

        Args:
            size, taker: As for `fees`.
        """


@dataclass(frozen=True)
class LinearContract:
    """A contract whose profit is in the quote currency, or a spot pair: a size stands for `multiplier` of the base currency."""

    price_precision: int
    size_precision: int
    multiplier: Decimal
    money_precision: int
    maker_fee: Decimal
    taker_fee: Decimal

    def scale(self, mark_scale: int) -> int:
        """The decimals that hold every value at such marks and at fill prices, exactly."""
        return max(self._value_scale(max(mark_scale, self.price_precision)), self.money_precision)

    def with_decimals(self, price: int, size: int) -> "LinearContract":
        """The contract with other precisions."""
        return replace(self, price_precision=price, size_precision=size)

    def value(self, price: Integers, size: Integers, price_scale: int, scale: int) -> Integers:
        """Price x size x multiplier."""
        factor = scaled.split(self.multiplier)[0] * 10 ** (scale - self._value_scale(price_scale))
        price, size = scaled.wide((price, size), _largest_product(price, size) * factor)
        return price * size * factor

    def fees(self, price: Integers, size: Integers, taker: Integers) -> Integers:
        """Price x size x multiplier x rate, rounded half-even."""
        exact, shift = self.unrounded_fees(price, size, taker), self.money_precision - self.fee_scale
        factor, divisor = 10 ** max(shift, 0), 10 ** max(-shift, 0)
        (exact,) = scaled.wide((exact,), max(scaled.largest(exact) * factor, factor, divisor))
        return scaled.divide_half_even(exact * factor, divisor)

    @property
    def fee_scale(self) -> int:
        """The decimals that hold every fee exactly."""
        return self._value_scale(self.price_precision) + _rates(self.maker_fee, self.taker_fee)[2]

    def unrounded_fees(self, price: Integers, size: Integers, taker: Integers) -> Integers:
        """Price x size x multiplier x rate, exactly."""
        maker_rate, taker_rate, _ = _rates(self.maker_fee, self.taker_fee)
        factor = scaled.split(self.multiplier)[0]
        highest = _largest_product(price, size) * factor * max(abs(maker_rate), abs(taker_rate), 1)
        price, size, taker = scaled.wide((price, size, taker), highest)
        return price * size * factor * (taker * taker_rate + (1 - taker) * maker_rate)

    def _value_scale(self, price_scale: int) -> int:
        return price_scale + self.size_precision + scaled.split(self.multiplier)[1]


@dataclass(frozen=True)
class InverseContract:
    """A contract whose profit is in the base currency: a size stands for `multiplier` of the quote currency.

    Prices of sizes must be above zero. All values are Python integers: a bitcoin at the guard scale is beyond an int64.
    """

    price_precision: int
    size_precision: int
    multiplier: Decimal
    money_precision: int
    maker_fee: Decimal
    taker_fee: Decimal

    def scale(self, mark_scale: int) -> int:
        """The guard scale, whatever the marks: a quotient has no last decimal."""
        return self.money_precision + _GUARD_DECIMALS

    def with_decimals(self, price: int, size: int) -> "InverseContract":
        """The contract with other precisions."""
        return replace(self, price_precision=price, size_precision=size)

    def value(self, price: Integers, size: Integers, price_scale: int, scale: int) -> Integers:
        """- size x multiplier / price, rounded half-even; no size has no value at any price, even where none is known.

        Raises:
            ValueError: The price of a size is zero or below.
        """
        factor, decimals = scaled.split(self.multiplier)
        price = np.where(size == 0, 1, price)
        return _quotient(size.astype(object) * -factor, price, scale + price_scale - self.size_precision - decimals)

    def fees(self, price: Integers, size: Integers, taker: Integers) -> Integers:
        """Size x multiplier x rate / price, rounded half-even.

        Raises:
            ValueError: A price is zero or below.
        """
        return self._fees(price, size, taker, self.money_precision)

    @property
    def fee_scale(self) -> int:
        """The guard scale."""
        return self.money_precision + _GUARD_DECIMALS

    def unrounded_fees(self, price: Integers, size: Integers, taker: Integers) -> Integers:
        """Size x multiplier x rate / price, rounded half-even at the guard scale.

        Raises:
            ValueError: A price is zero or below.
        """
        return self._fees(price, size, taker, self.fee_scale)

    def _fees(self, price: Integers, size: Integers, taker: Integers, scale: int) -> Integers:
        maker_rate, taker_rate, rate_scale = _rates(self.maker_fee, self.taker_fee)
        factor, decimals = scaled.split(self.multiplier)
        taker = taker.astype(object)
        exact = size.astype(object) * factor * (taker * taker_rate + (1 - taker) * maker_rate)
        return _quotient(exact, price, scale + self.price_precision - self.size_precision - decimals - rate_scale)


def _quotient(numerator: Integers, price: Integers, shift: int) -> Integers:
    """The numerator x 10^shift / price, rounded half-even; a price that is no divisor is refused."""
    if len(price) and int(price.min()) <= 0:
        raise ValueError(f"an inverse contract has no value at the price {price.min()}: prices must be above zero")
    return scaled.divide_half_even(numerator * 10 ** max(shift, 0), price.astype(object) * 10 ** max(-shift, 0))


def _rates(maker: Decimal, taker: Decimal) -> tuple[int, int, int]:
    """Both rates as integers of one scale, and that scale."""
    (maker_rate, maker_scale), (taker_rate, taker_scale) = scaled.split(maker), scaled.split(taker)
    scale = max(maker_scale, taker_scale)
    return maker_rate * 10 ** (scale - maker_scale), taker_rate * 10 ** (scale - taker_scale), scale


def _largest_product(price: Integers, size: Integers) -> int:
    """No less than any product of the two, and than any factor of it, zeros taken for ones."""
    return max(scaled.largest(price), 1) * max(scaled.largest(size), 1)
