"""Decimals as integers: a value is an integer times 10 to the power of minus its scale.

Columns are int64 where every intermediate value provably fits, and arrays of Python integers otherwise: the same
expressions, exact either way.

numpy multiplies and sums int64 modulo 2^64 and says nothing. A column is therefore multiplied and summed by the functions of
this module, which widen it first. `fitting` is the way back, to formats that hold 64 bits a value.
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


def times(array: Integers, factor: int) -> Integers:
    """The array times a whole number."""
    (array,) = wide((array,), max(largest(array), 1) * max(abs(factor), 1))
    return array * factor


def plus(one: Integers, other: Integers) -> Integers:
    """The sum of two arrays of one scale, value by value."""
    one, other = wide((one, other), largest(one) + largest(other))
    return one + other


def running(array: Integers) -> Integers:
    """The running sum, shape (values,)."""
    return np.cumsum(wide((array,), total(array))[0])


def sums_from(array: Integers, cuts: npt.NDArray[np.int64]) -> Integers:
    """The sum of each part of an array, shape (cuts,).

    Args:
        cuts: The first row of each part, increasing; a part reaches to the next one's first row.
    """
    (array,) = wide((array,), total(array))
    return np.add.reduceat(array, cuts) if len(cuts) else array[:0]


def sums_at(array: Integers, places: npt.NDArray[np.int64], count: int) -> Integers:
    """The sum of the values that belong to each place, shape (count,); 0 where none does.

    Args:
        places: The place of each value, from 0.
    """
    (array,) = wide((array,), total(array))
    sums = np.zeros(count, dtype=array.dtype)
    np.add.at(sums, places, array)
    return sums


def narrow(array: Integers) -> Integers:
    """The array as int64 where all values fit, else as it is."""
    return array if array.dtype != object or largest(array) >= 2**63 else array.astype(np.int64)


def low_bits(array: Integers) -> npt.NDArray[np.uint64]:
    """The lowest 64 bits of each value in two's complement."""
    if array.dtype == object:
        return (array & (2**64 - 1)).astype(np.uint64)
    return array.astype(np.int64, copy=False).view(np.uint64)


def rescaled(array: Integers, scale: int, other: int) -> Integers:
    """The array at another scale; rounded half-even where that has fewer decimals."""
    return times(array, 10 ** (other - scale)) if other >= scale else divide_half_even(array, 10 ** (scale - other))


def fitting(*arrays: Integers, scale: int) -> tuple[list[npt.NDArray[np.int64]], int]:
    """The arrays as int64, and their scale: the given one, or the greatest below it at which all values fit.

    Values are rounded half-even to a lower scale; a scale below zero means tens, hundreds and so on. For sums that are drawn:
    what must be exact is refused instead.
    """
    highest, fewer = max(map(largest, arrays), default=0), 0
    while divide_half_even(highest, 10**fewer) >= 2**63:
        fewer += 1
    if fewer:
        arrays = tuple(divide_half_even(array.astype(object), 10**fewer) for array in arrays)
    return [array.astype(np.int64) for array in arrays], scale - fewer


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
