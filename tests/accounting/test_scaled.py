"""Scaled integers behave like the decimals that they represent."""

import itertools
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickreel.accounting import scaled

_wide = st.integers(-(10**40), 10**40)
_narrow = st.integers(-(2**60), 2**60)


@given(_wide, st.integers(0, 20))
def test_a_decimal_string_has_all_decimals_and_the_same_value(value: int, scale: int) -> None:
    text = scaled.text(value, scale)
    assert Decimal(text).as_tuple().exponent == -scale
    assert Fraction(text) == Fraction(value, 10**scale)
    assert not text.startswith(("-.", "."))


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [(-1205, 3, "-1.205"), (5, 3, "0.005"), (-5, 3, "-0.005"), (0, 2, "0.00"), (7, 0, "7"), (-7, 0, "-7")],
)
def test_decimal_strings_have_a_digit_before_the_point(value: int, scale: int, text: str) -> None:
    assert scaled.text(value, scale) == text
    assert scaled.text(np.int64(value), scale) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=None).filter(lambda value: abs(value.adjusted()) < 40))
def test_a_split_decimal_has_the_same_value_and_no_trailing_zeros(value: Decimal) -> None:
    integer, scale = scaled.split(value)
    assert Fraction(integer, 10**scale) == Fraction(value)
    assert scale == 0 or integer % 10


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        scaled.split(Decimal(text))


@given(_wide, st.integers(1, 10**30))
def test_quotients_are_rounded_half_even(numerator: int, denominator: int) -> None:
    assert scaled.divide_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@given(st.lists(_narrow, min_size=1), st.integers(1, 10**18))
def test_the_quotients_of_an_array_are_those_of_its_values(numerators: list[int], denominator: int) -> None:
    expected = [round(Fraction(numerator, denominator)) for numerator in numerators]
    assert scaled.divide_half_even(np.array(numerators, dtype=np.int64), denominator).tolist() == expected
    assert scaled.divide_half_even(np.array(numerators, dtype=object), denominator).tolist() == expected


def test_ties_in_an_array_are_rounded_to_even() -> None:
    halves = np.array([-35, -25, -15, -5, 5, 15, 25, 35], dtype=np.int64)
    expected = [int((Decimal(int(half)) / 10).quantize(Decimal(1), ROUND_HALF_EVEN)) for half in halves]
    assert scaled.divide_half_even(halves, 10).tolist() == expected == [-4, -2, -2, 0, 0, 2, 2, 4]


def test_all_arrays_are_widened_if_any_could_overflow() -> None:
    arrays = [np.array([1]), np.array([2])]
    assert [array.dtype for array in scaled.wide(arrays, 2**60 - 1)] == [np.int64, np.int64]
    assert [array.dtype for array in scaled.wide(arrays, 2**60)] == [object, object]


@given(st.lists(_narrow))
def test_the_largest_magnitude(values: list[int]) -> None:
    assert scaled.largest(np.array(values, dtype=np.int64)) == max(map(abs, values), default=0)
    assert scaled.largest(np.array([-(2**63)])) == 2**63


_values = st.lists(st.integers(-(10**40), 10**40) | _narrow, min_size=1, max_size=20)


def _column(values: list[int]) -> scaled.Integers:
    """Return the values as int64 if all fit, as columns are read from files."""
    return scaled.narrow(np.array(values, dtype=object))


@given(_values, st.integers(-(10**20), 10**20))
def test_products_and_sums_of_columns_are_exact(values: list[int], factor: int) -> None:
    column, running = _column(values), list(itertools.accumulate(values))
    assert scaled.times(column, factor).tolist() == [value * factor for value in values]
    assert scaled.plus(column, column[::-1]).tolist() == [sum(pair) for pair in zip(values, values[::-1], strict=True)]
    assert scaled.running(column).tolist() == running
    assert scaled.sum_of(column) == running[-1]
    cuts = np.arange(0, len(values), 3)
    assert scaled.sums_from(column, cuts).tolist() == [sum(values[cut : cut + 3]) for cut in cuts]
    places = np.arange(len(values)) % 3
    assert scaled.sums_at(column, places, 4).tolist() == [*(sum(values[place::3]) for place in range(3)), 0]
    assert scaled.low_bits(column).tolist() == [value % 2**64 for value in values]
    assert scaled.rescaled(scaled.rescaled(column, 2, 7), 7, 2).tolist() == values


def test_the_sum_of_an_int64_column_does_not_wrap() -> None:
    column = np.full(100, 10**17)
    assert int(column.sum()) == -8446744073709551616
    assert scaled.sums_from(column, np.array([0])).tolist() == [10**19]


@given(_values, st.integers(0, 16))
def test_fitting_values_keep_as_many_decimals_as_64_bits_allow(values: list[int], scale: int) -> None:
    (found,), fewer = scaled.fitting(_column(values), scale=scale)
    assert found.dtype == np.int64
    with localcontext(prec=60):
        for value, here in zip(values, found.tolist(), strict=True):
            assert here == int((Decimal(value).scaleb(fewer - scale)).to_integral_value(ROUND_HALF_EVEN))
        if fewer < scale:
            largest = max(map(abs, values))
            assert Decimal(largest).scaleb(fewer + 1 - scale).to_integral_value(ROUND_HALF_EVEN) >= 2**63
    if max(map(abs, values)) < 2**63:
        assert (found.tolist(), fewer) == (values, scale)
