"""The value of a position and the fee of a fill, by the kind of contract.

    linear    value = price x size x multiplier      in the quote currency, exact
    inverse   value = - size x multiplier / price    in the base currency, rounded half-even at a guard scale
    either    fee   = |value| x rate                 rounded half-even, once, to the decimals of the settlement currency

Values are signed so that for either kind the profit of a position is its value at the exit less its value at the entry. A long
inverse position is a debt in the base currency, and a higher price makes the debt smaller:

    size x multiplier x (1 / entry - 1 / exit)

The guard scale has 12 decimals more than the currency: a value is off by at most half a unit of it, 5e-21 BTC. Fees are
computed from sizes and prices, not from a rounded value, so they are rounded once.

Rounding each fee can change a sum of small fees by much. So a contract also gives the fees before that rounding: exact for a
linear contract; rounded at the guard scale for an inverse contract, whose fees are quotients.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

import numpy as np

from tickreel.accounting import scaled
from tickreel.accounting.scaled import Integers

_GUARD_DECIMALS = 12


class Contract(Protocol):
    """The traded contract as an account needs it.

    Prices and sizes are integers at the contract's precisions. Fees have the scale `money_precision`.
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
        """Return the scale of an account with marks of `mark_scale` decimals: enough for values, fees and cash."""

    def with_decimals(self, price: int, size: int) -> "Contract":
        """Return the contract with other precisions."""

    def value(self, price: Integers, size: Integers, price_scale: int, scale: int) -> Integers:
        """Return the values of positions at prices, at the scale `scale`.

        Args:
            price: Prices at the scale `price_scale`.
            size: Positive for long positions, negative for short ones.
            scale: A result of `scale()` for marks with at least `price_scale` decimals.
        """

    def fees(self, price: Integers, size: Integers, taker: Integers) -> Integers:
        """Return the fee of each fill. A negative fee is a rebate.

        Args:
            size: Unsigned sizes.
            taker: 1 where the fill took liquidity, 0 where it made it.
        """

    @property
    def fee_scale(self) -> int:
        """The decimals of `unrounded_fees`."""

    def unrounded_fees(self, price: Integers, size: Integers, taker: Integers) -> Integers:
        """Return the fee of each fill before it is rounded to the decimals of the currency, at the scale `fee_scale`.

        Args:
            size, taker: As for `fees`.
        """


@dataclass(frozen=True)
class LinearContract:
    """A spot pair, or a contract with its profit in the quote currency. A size of 1 is `multiplier` of the base currency."""

    price_precision: int
    size_precision: int
    multiplier: Decimal
    money_precision: int
    maker_fee: Decimal
    taker_fee: Decimal

    def scale(self, mark_scale: int) -> int:
        """Return the decimals that hold every value at marks and at fill prices exactly."""
        return max(self._value_scale(max(mark_scale, self.price_precision)), self.money_precision)

    def with_decimals(self, price: int, size: int) -> "LinearContract":
        """Return the contract with other precisions."""
        return replace(self, price_precision=price, size_precision=size)

    def value(self, price: Integers, size: Integers, price_scale: int, scale: int) -> Integers:
        """Return price x size x multiplier."""
        factor = scaled.split(self.multiplier)[0] * 10 ** (scale - self._value_scale(price_scale))
        price, size = scaled.wide((price, size), _largest_product(price, size) * factor)
        values: Integers = price * size * factor
        return values

    def fees(self, price: Integers, size: Integers, taker: Integers) -> Integers:
        """Return price x size x multiplier x rate, rounded half-even."""
        exact, shift = self.unrounded_fees(price, size, taker), self.money_precision - self.fee_scale
        factor, divisor = 10 ** max(shift, 0), 10 ** max(-shift, 0)
        (exact,) = scaled.wide((exact,), max(scaled.largest(exact) * factor, factor, divisor))
        return scaled.divide_half_even(exact * factor, divisor)

    @property
    def fee_scale(self) -> int:
        """The decimals that hold every fee exactly."""
        return self._value_scale(self.price_precision) + _rates(self.maker_fee, self.taker_fee)[2]

    def unrounded_fees(self, price: Integers, size: Integers, taker: Integers) -> Integers:
        """Return price x size x multiplier x rate, exactly."""
        maker_rate, taker_rate, _ = _rates(self.maker_fee, self.taker_fee)
        factor = scaled.split(self.multiplier)[0]
        highest = _largest_product(price, size) * factor * max(abs(maker_rate), abs(taker_rate), 1)
        price, size, taker = scaled.wide((price, size, taker), highest)
        fees: Integers = price * size * factor * (taker * taker_rate + (1 - taker) * maker_rate)
        return fees

    def _value_scale(self, price_scale: int) -> int:
        return price_scale + self.size_precision + scaled.split(self.multiplier)[1]


@dataclass(frozen=True)
class InverseContract:
    """A contract with its profit in the base currency. A size of 1 is `multiplier` of the quote currency.

    Prices must be above zero wherever the size is not 0. All values are Python integers, because one bitcoin at the guard
    scale exceeds int64.
    """

    price_precision: int
    size_precision: int
    multiplier: Decimal
    money_precision: int
    maker_fee: Decimal
    taker_fee: Decimal

    def scale(self, mark_scale: int) -> int:
        """Return the guard scale for all marks: no number of decimals holds every quotient."""
        return self.money_precision + _GUARD_DECIMALS

    def with_decimals(self, price: int, size: int) -> "InverseContract":
        """Return the contract with other precisions."""
        return replace(self, price_precision=price, size_precision=size)

    def value(self, price: Integers, size: Integers, price_scale: int, scale: int) -> Integers:
        """Return - size x multiplier / price, rounded half-even. Where the size is 0, the price is ignored and may be invalid.

        Raises:
            ValueError: The price of a size other than 0 is zero or below.
        """
        factor, decimals = scaled.split(self.multiplier)
        price = np.where(size == 0, 1, price)
        return _quotient(size.astype(object) * -factor, price, scale + price_scale - self.size_precision - decimals)

    def fees(self, price: Integers, size: Integers, taker: Integers) -> Integers:
        """Return size x multiplier x rate / price, rounded half-even.

        Raises:
            ValueError: A price is zero or below.
        """
        return self._fees(price, size, taker, self.money_precision)

    @property
    def fee_scale(self) -> int:
        """The guard scale."""
        return self.money_precision + _GUARD_DECIMALS

    def unrounded_fees(self, price: Integers, size: Integers, taker: Integers) -> Integers:
        """Return size x multiplier x rate / price, rounded half-even at the guard scale.

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
    """Return numerator x 10^shift / price, rounded half-even. Raise ValueError for a price of zero or below."""
    if len(price) and int(price.min()) <= 0:
        raise ValueError(f"an inverse contract has no value at the price {price.min()}: prices must be above zero")
    return scaled.divide_half_even(numerator * 10 ** max(shift, 0), price.astype(object) * 10 ** max(-shift, 0))


def _rates(maker: Decimal, taker: Decimal) -> tuple[int, int, int]:
    """Return both rates as integers at one scale, and that scale."""
    (maker_rate, maker_scale), (taker_rate, taker_scale) = scaled.split(maker), scaled.split(taker)
    scale = max(maker_scale, taker_scale)
    return maker_rate * 10 ** (scale - maker_scale), taker_rate * 10 ** (scale - taker_scale), scale


def _largest_product(price: Integers, size: Integers) -> int:
    """Return an upper bound of all products of the two and of their factors. Zeros count as ones."""
    return max(scaled.largest(price), 1) * max(scaled.largest(size), 1)
