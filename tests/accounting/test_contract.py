"""Values and fees equal the formulas, rounded once."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickreel.accounting.contract import InverseContract, LinearContract

_RATES = st.decimals("-0.01", "0.01", places=6) | st.sampled_from(
    [Decimal("-0.00025"), Decimal("0.000412345678901234"), Decimal(5000)]
)
_MULTIPLIERS = st.sampled_from([Decimal(1), Decimal("0.001"), Decimal("1E+2"), Decimal("0.00000001"), Decimal("12.5")])
_PARTS = (st.integers(0, 8), st.integers(0, 8), _MULTIPLIERS, st.sampled_from([0, 2, 8]), _RATES, _RATES)
_magnitudes = st.integers(1, 200) | st.integers(1, 10**6) | st.integers(1, 10**15)
_fills = st.lists(st.tuples(_magnitudes, _magnitudes, st.integers(0, 1)), max_size=12)


def columns(rows: list[tuple[int, int, int]]) -> list[np.ndarray]:
    return [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)] or [np.zeros(0, dtype=np.int64)] * 3


def notional(contract: LinearContract | InverseContract, price: int, size: int, price_scale: int) -> Fraction:
    """Return the notional in the settlement currency."""
    quantity = Fraction(size, 10**contract.size_precision) * Fraction(contract.multiplier)
    at = Fraction(price, 10**price_scale)
    return quantity * at if isinstance(contract, LinearContract) else quantity / at


@settings(max_examples=150, deadline=None)
@given(st.builds(LinearContract, *_PARTS) | st.builds(InverseContract, *_PARTS), _fills)
def test_a_fee_is_its_share_of_the_notional_rounded_half_even(
    contract: LinearContract | InverseContract, fills: list[tuple[int, int, int]]
) -> None:
    expected = []
    for price, size, taker in fills:
        rate = Fraction(contract.taker_fee if taker else contract.maker_fee)
        # round() of a Fraction rounds half-even.
        expected.append(round(notional(contract, price, size, contract.price_precision) * rate * 10**contract.money_precision))
    assert contract.fees(*columns(fills)).tolist() == expected


@settings(max_examples=150, deadline=None)
@given(st.builds(LinearContract, *_PARTS) | st.builds(InverseContract, *_PARTS), _fills)
def test_an_unrounded_fee_is_exact_or_rounded_at_the_guard_scale_for_an_inverse_contract(
    contract: LinearContract | InverseContract, fills: list[tuple[int, int, int]]
) -> None:
    expected = []
    for price, size, taker in fills:
        rate = Fraction(contract.taker_fee if taker else contract.maker_fee)
        expected.append(notional(contract, price, size, contract.price_precision) * rate * 10**contract.fee_scale)
    if isinstance(contract, InverseContract):
        assert contract.fee_scale == contract.money_precision + 12
        expected = [Fraction(round(fee)) for fee in expected]
    assert [Fraction(int(fee)) for fee in contract.unrounded_fees(*columns(fills))] == expected


@settings(max_examples=100, deadline=None)
@given(st.builds(LinearContract, *_PARTS), _fills, st.integers(0, 9), st.integers(0, 3))
def test_a_linear_value_is_exact_at_every_mark_scale(
    contract: LinearContract, rows: list[tuple[int, int, int]], price_scale: int, beyond: int
) -> None:
    price, size, short = columns(rows)
    scale = contract.scale(price_scale + beyond)
    values = contract.value(price, size * (1 - 2 * short), price_scale, scale)
    assert [Fraction(int(value), 10**scale) for value in values] == [
        notional(contract, price, size, price_scale) * (-1 if short else 1) for price, size, short in rows
    ]


@settings(max_examples=100, deadline=None)
@given(st.builds(InverseContract, *_PARTS), _fills, st.integers(0, 9))
def test_an_inverse_value_is_a_debt_rounded_at_the_guard_scale(
    contract: InverseContract, rows: list[tuple[int, int, int]], price_scale: int
) -> None:
    price, size, short = columns(rows)
    scale = contract.scale(price_scale)
    assert scale == contract.money_precision + 12
    values = contract.value(price, size * (1 - 2 * short), price_scale, scale)
    assert values.tolist() == [
        round(notional(contract, price, size, price_scale) * 10**scale * (1 if short else -1)) for price, size, short in rows
    ]


@pytest.mark.parametrize(
    ("contract", "price", "fee"),
    [
        *((LinearContract, price, fee) for price, fee in [(1, 0), (3, 2), (5, 2), (7, 4)]),
        # A size of 15 at a rate of 0.5: the fee is 7.5 / price.
        *((InverseContract, price, fee) for price, fee in [(1, 8), (3, 2), (5, 2), (15, 0)]),
    ],
)
def test_fees_at_a_tie_are_rounded_to_even(
    contract: type[LinearContract] | type[InverseContract], price: int, fee: int
) -> None:
    made = contract(0, 0, Decimal(1), 0, Decimal("0.5"), Decimal("-0.5"))
    size = np.array([1 if contract is LinearContract else 15])
    assert made.fees(np.array([price]), size, np.array([0])).tolist() == [fee]
    assert made.fees(np.array([price]), size, np.array([1])).tolist() == [-fee]


def test_the_scale_of_a_linear_account_covers_fills_marks_and_fees() -> None:
    contract = LinearContract(2, 3, Decimal("0.001"), 6, Decimal(0), Decimal(0))
    assert [contract.scale(mark_scale) for mark_scale in (0, 2, 3)] == [8, 8, 9]
    assert LinearContract(2, 3, Decimal(100), 8, Decimal(0), Decimal(0)).scale(3) == 8


@pytest.mark.parametrize("price", [0, -5])
def test_an_inverse_contract_refuses_a_price_of_zero_or_below(price: int) -> None:
    contract = InverseContract(1, 0, Decimal(1), 8, Decimal(0), Decimal(0))
    with pytest.raises(ValueError, match=f"at the price {price}: prices must be above zero"):
        contract.value(np.array([7, price]), np.array([1, 1]), 1, 20)
    with pytest.raises(ValueError, match="prices must be above zero"):
        contract.fees(np.array([price]), np.array([1]), np.array([1]))
    # The price of a size of 0 is ignored.
    assert contract.value(np.array([80, price]), np.array([16, 0]), 1, 20).tolist() == [-2 * 10**20, 0]
