"""Decimals as integers are decimals."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickreel.accounting import scaled

_wide = st.integers(-(10**40), 10**40)
_narrow = st.integers(-(2**60), 2**60)


@given(_wide, st.integers(0, 20))
def test_a_text_has_all_decimals_and_reads_as_the_value(value: int, scale: int) -> None:
    text = scaled.text(value, scale)
    assert Decimal(text).as_tuple().exponent == -scale
    assert Fraction(text) == Fraction(value, 10**scale)
    assert not text.startswith(("-.", "."))


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [(-1205, 3, "-1.205"), (5, 3, "0.005"), (-5, 3, "-0.005"), (0, 2, "0.00"), (7, 0, "7"), (-7, 0, "-7")],
)
def test_texts_as_people_write_them(value: int, scale: int, text: str) -> None:
    assert scaled.text(value, scale) == text
    assert scaled.text(np.int64(value), scale) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=None).filter(lambda value: abs(value.adjusted()) < 40))
def test_a_decimal_in_two_integers_is_the_same_number_without_trailing_zeros(value: Decimal) -> None:
    integer, scale = scaled.split(value)
    assert Fraction(integer, 10**scale) == Fraction(value)
    assert scale == 0 or integer % 10


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_finite_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        scaled.split(Decimal(text))


@given(_wide, st.integers(1, 10**30))
def test_halves_go_to_the_even_neighbour(numerator: int, denominator: int) -> None:
    assert scaled.divide_half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@given(st.lists(_narrow, min_size=1), st.integers(1, 10**18))
def test_an_array_is_divided_as_its_values_are(numerators: list[int], denominator: int) -> None:
    expected = [round(Fraction(numerator, denominator)) for numerator in numerators]
    assert scaled.divide_half_even(np.array(numerators, dtype=np.int64), denominator).tolist() == expected
    assert scaled.divide_half_even(np.array(numerators, dtype=object), denominator).tolist() == expected


def test_halves_of_an_array() -> None:
    halves = np.array([-35, -25, -15, -5, 5, 15, 25, 35], dtype=np.int64)
    expected = [int((Decimal(int(half)) / 10).quantize(Decimal(1), ROUND_HALF_EVEN)) for half in halves]
    assert scaled.divide_half_even(halves, 10).tolist() == expected == [-4, -2, -2, 0, 0, 2, 2, 4]


def test_arrays_are_widened_together_when_anything_could_overflow() -> None:
    arrays = [np.array([1]), np.array([2])]
    assert [array.dtype for array in scaled.wide(arrays, 2**60 - 1)] == [np.int64, np.int64]
    assert [array.dtype for array in scaled.wide(arrays, 2**60)] == [object, object]


@given(st.lists(_narrow))
def test_the_largest_magnitude(values: list[int]) -> None:
    assert scaled.largest(np.array(values, dtype=np.int64)) == max(map(abs, values), default=0)
    assert scaled.largest(np.array([-(2**63)])) == 2**63
