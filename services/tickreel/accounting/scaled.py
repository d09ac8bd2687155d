"""Decimals as integers: a value is an integer times 10^-scale.

Columns are int64 where every intermediate value provably fits, and arrays of Python integers otherwise. The same expressions
work on both and are exact.

numpy multiplies and sums int64 modulo 2^64 without a warning. So columns are multiplied and summed with the functions of this
module, which widen them first. `fitting` narrows columns again for formats with 64 bits per value.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[Any]
"""An array of int64, or of Python integers (dtype object)."""


def text(value: int | np.integer[Any], scale: int) -> str:
    """Return the decimal string of a value, with all decimals of its scale: text(-1205, 3) == "-1.205"."""
    digits = str(abs(int(value))).rjust(scale + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"


def split(value: Decimal) -> tuple[int, int]:
    """Return a decimal as an integer and its scale, without trailing zeros: 0.0004 is (4, 4).

    Raises:
        ValueError: The value is not finite.
    """
    if not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    # normalize() would round to the 28 digits of the decimal context.
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    integer = int("".join(map(str, digits))) * (-1 if sign else 1)
    while exponent < 0 and integer % 10 == 0:
        integer, exponent = integer // 10, exponent + 1
    return (integer * 10**exponent, 0) if exponent > 0 else (integer, -exponent)


def wide(arrays: Iterable[Integers], largest: int) -> list[Integers]:
    """Return the arrays as int64 if `largest` fits, else as Python integers.

    Args:
        largest: An upper bound of the magnitudes of all values, factors and intermediate results.
    """
    # Below 2^60, so that sums of a few such values fit too.
    dtype = np.int64 if largest < 2**60 else object
    return [array.astype(dtype) for array in arrays]


def times(array: Integers, factor: int) -> Integers:
    """Return the array times a whole number."""
    (array,) = wide((array,), max(largest(array), 1) * max(abs(factor), 1))
    return array * factor


def plus(one: Integers, other: Integers) -> Integers:
    """Return the elementwise sum of two arrays of one scale."""
    one, other = wide((one, other), largest(one) + largest(other))
    return one + other


def running(array: Integers) -> Integers:
    """Return the cumulative sum; shape (values,)."""
    return np.cumsum(wide((array,), total(array))[0])


def sums_from(array: Integers, cuts: npt.NDArray[np.int64]) -> Integers:
    """Return the sum of each part of an array; shape (cuts,).

    Args:
        cuts: The first row of each part, increasing. A part ends before the first row of the next part.
    """
    (array,) = wide((array,), total(array))
    return np.add.reduceat(array, cuts) if len(cuts) else array[:0]


def sums_at(array: Integers, places: npt.NDArray[np.int64], count: int) -> Integers:
    """Return the sum of the values for each place; shape (count,). The sum of a place without values is 0.

    Args:
        places: The place of each value, from 0 to count - 1.
    """
    (array,) = wide((array,), total(array))
    sums = np.zeros(count, dtype=array.dtype)
    np.add.at(sums, places, array)
    return sums


def narrow(array: Integers) -> Integers:
    """Return the array as int64 if all values fit, else unchanged."""
    return array if array.dtype != object or largest(array) >= 2**63 else array.astype(np.int64)


def low_bits(array: Integers) -> npt.NDArray[np.uint64]:
    """Return the lowest 64 bits of each value in two's complement."""
    if array.dtype == object:
        return (array & (2**64 - 1)).astype(np.uint64)
    return array.astype(np.int64, copy=False).view(np.uint64)


def rescaled(array: Integers, scale: int, other: int) -> Integers:
    """Return the array at another scale, rounded half-even if that scale has fewer decimals."""
    return times(array, 10 ** (other - scale)) if other >= scale else divide_half_even(array, 10 ** (scale - other))


def fitting(*arrays: Integers, scale: int) -> tuple[list[npt.NDArray[np.int64]], int]:
    """Return the arrays as int64, and their scale: the given scale, or the greatest lower scale at which all values fit.

    Values are rounded half-even to a lower scale. A scale below zero means tens, hundreds and so on. This is for charts only:
    columns that must be exact are refused if they do not fit.
    """
    highest, fewer = max(map(largest, arrays), default=0), 0
    while divide_half_even(highest, 10**fewer) >= 2**63:
        fewer += 1
    if fewer:
        arrays = tuple(divide_half_even(array.astype(object), 10**fewer) for array in arrays)
    return [array.astype(np.int64) for array in arrays], scale - fewer


def largest(array: Integers) -> int:
    """Return the largest magnitude in an array; 0 if it is empty."""
    return max(abs(int(array.max())), abs(int(array.min()))) if len(array) else 0


def total(array: Integers) -> int:
    """Return an upper bound of the magnitude of every sum of values of an array."""
    if array.dtype == object:
        return sum(map(abs, array.tolist()))
    # Twice the sum as doubles, which covers their rounding errors.
    return 2 * int(np.abs(array.astype(np.float64)).sum())


def sum_of(array: Integers) -> int:
    """Return the exact sum of an array."""
    return int(wide((array,), total(array))[0].sum())


def divide_half_even[N: (int, Integers)](numerator: N, denominator: int | N) -> N:
    """Return the quotient rounded half-even, as the engine rounds money.

    Args:
        denominator: Greater than zero.
    """
    quotient, remainder = numerator // denominator, numerator % denominator
    twice = remainder * 2
    up = (twice > denominator) | ((twice == denominator) & (quotient % 2 == 1))
    rounded: N = quotient + up
    return rounded


def ratio(numerator: int, denominator: int, decimals: int) -> str | None:
    """Return the decimal string of a quotient, rounded half-even; None if the denominator is zero.

    Args:
        denominator: Zero or more.
    """
    return text(divide_half_even(numerator * 10**decimals, denominator), decimals) if denominator else None


def mean(total: int, count: int, scale: int) -> str | None:
    """Return the decimal string of the mean of `count` values, rounded half-even to their scale; None if `count` is 0."""
    return text(divide_half_even(total, count), scale) if count else None
