"""Decimals as integers: a value is an integer times 10 to the power of minus its scale.

Arrays are int64 where every intermediate value provably fits, and arrays of Python integers otherwise: the same
expressions, exact either way.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[Any]
"""An array of int64, or of Python integers (dtype object)."""


def text(value: int, scale: int) -> str:
    """The decimal string of a value, with all of its decimals: text(-1205, 3) == "-1.205"."""
    digits = str(abs(int(value))).rjust(scale + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"


def split(value: Decimal) -> tuple[int, int]:
    """A decimal as an integer and its scale, without trailing zeros: 0.0004 is (4, 4).

    Raises:
        ValueError: The value is not finite.
    """
    if not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    # Not by normalize(), which rounds to the 28 digits of the context.
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    integer = int("".join(map(str, digits))) * (-1 if sign else 1)
    while exponent < 0 and integer % 10 == 0:
        integer, exponent = integer // 10, exponent + 1
    return (integer * 10**exponent, 0) if exponent > 0 else (integer, -exponent)


def wide(arrays: Iterable[Integers], largest: int) -> list[Integers]:
    """The arrays as int64 where no value or factor on the way is larger than `largest` and that fits, else as Python
    integers."""
    # Sums of a few such values must fit as well.
    dtype = np.int64 if largest < 2**60 else object
    return [array.astype(dtype) for array in arrays]


def largest(array: Integers) -> int:
    """The largest magnitude in an array."""
    return max(abs(int(array.max())), abs(int(array.min()))) if len(array) else 0


def total(array: Integers) -> int:
    """A number that the magnitude of no sum of values of an array exceeds."""
    if array.dtype == object:
        return sum(map(abs, array.tolist()))
    # Twice the sum of doubles: more than what they round away.
    return 2 * int(np.abs(array.astype(np.float64)).sum())


def sum_of(array: Integers) -> int:
    """The sum of an array, whatever its size."""
    return int(wide((array,), total(array))[0].sum())


def divide_half_even[N: (int, Integers)](numerator: N, denominator: int | N) -> N:
    """The quotient, rounded to the nearest integer, halves to the even one (as the engine rounds money).

    Args:
        denominator: Greater than zero.
    """
    quotient, remainder = numerator // denominator, numerator % denominator
    twice = remainder * 2
    up = (twice > denominator) | ((twice == denominator) & (quotient % 2 == 1))
    return quotient + up


def ratio(numerator: int, denominator: int, decimals: int) -> str | None:
    """The decimal string of a quotient, rounded half-even; None where it would be one by zero.

    Args:
        denominator: Zero or more.
    """
    return text(divide_half_even(numerator * 10**decimals, denominator), decimals) if denominator else None


def mean(total: int, count: int, scale: int) -> str | None:
    """The decimal string of the mean of so many values of a scale, rounded half-even to it; None of nothing."""
    return text(divide_half_even(total, count), scale) if count else None
