"""The account over several positions at once is the sum of accounts over one position each."""

import functools
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickreel.accounting.account import Account, ReversedPositionError
from tickreel.accounting.contract import InverseContract, LinearContract

LINEAR, INVERSE = (
    kind(
        price_precision=1,
        size_precision=3,
        multiplier=Decimal(1),
        money_precision=8,
        maker_fee=Decimal("-0.0001"),
        taker_fee=Decimal("0.0004"),
    )
    for kind in (LinearContract, InverseContract)
)
FILL = st.tuples(st.integers(0, 3), st.integers(-500, 500), st.integers(90_000, 110_000), st.integers(0, 1))


def columns(fills: list[tuple[int, int, int, int]]) -> tuple[np.ndarray, ...]:
    keys, sizes, prices, takers = np.array(fills, dtype=np.int64).reshape(-1, 4).T
    return np.arange(len(keys)), np.where(sizes < 0, -1, 1), prices, np.abs(sizes), takers, keys


def without_reversals(drawn: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Shorten fills that would reverse their position, and drop empty ones."""
    held: dict[int, int] = {}
    fills = []
    for key, size, price, taker in drawn:
        was = held.get(key, 0)
        kept = -was if was * (was + size) < 0 else size
        if kept:
            held[key] = was + kept
            fills.append((key, kept, price, taker))
    return fills


@pytest.mark.parametrize("contract", [LINEAR, INVERSE], ids=["linear", "inverse"])
@given(drawn=st.lists(FILL, max_size=30), cut=st.integers(0, 30), mark=st.integers(80_000, 120_000))
@settings(max_examples=60, deadline=None)
def test_the_account_is_the_sum_of_its_positions(
    contract: LinearContract | InverseContract, drawn: list[tuple[int, int, int, int]], cut: int, mark: int
) -> None:
    fills = without_reversals(drawn)
    start = Account.opened(contract, 1_000)
    # In two parts, as the ledger adds them.
    account = start.then(*columns(fills[:cut])).then(*columns(fills[cut:]))
    single = [start.then(*columns([fill for fill in fills if fill[0] == key])[:5]) for key in range(4)]
    at, marks = np.array([-1]), np.array([mark])
    tolerance = 0 if contract is LINEAR else 4
    exact = functools.partial(pytest.approx, abs=tolerance, rel=0)
    assert int(account.position[-1]) == sum(int(one.position[-1]) for one in single)
    assert int(account.fees[-1]) == sum(int(one.fees[-1]) for one in single)
    assert int(account.equity(at, marks)[0] - start.start) == exact(
        sum(int(one.equity(at, marks)[0] - start.start) for one in single)
    )
    # The sum is rounded once, each of the others for itself.
    rounding = functools.partial(pytest.approx, abs=4, rel=0)
    assert int(account.realized(at)[0]) == rounding(sum(int(one.realized(at)[0]) for one in single))
    assert int(account.entry_fees[-1]) == rounding(sum(int(one.entry_fees[-1]) for one in single))
    short, long = account.open_by_side(mark)
    for side, (profit, fees) in ((-1, short), (1, long)):
        of_side = [one for one in single if np.sign(int(one.position[-1])) == side]
        assert profit == rounding(sum(int(one.unrealized(at, marks)[0]) for one in of_side))
        assert fees == rounding(sum(int(one.entry_fees[-1]) for one in of_side))
    assert short[0] + long[0] == int(account.unrealized(at, marks)[0])
    assert account.open_positions.keys() == {key for key, one in enumerate(single) if int(one.position[-1])}


def test_a_hedge_realizes_the_profit_of_the_closed_position_alone() -> None:
    bought, sold = (1, 1_000, 100_000, 1), (2, -1_000, 101_000, 1)
    both = Account.opened(LINEAR, 0).then(*columns([bought, sold]))
    assert int(both.position[-1]) == int(both.realized(np.array([-1]))[0]) == 0
    assert both.closes.tolist() == [False, False]
    after = both.then(*columns([(1, -1_000, 102_000, 1)]))
    # 1 bought at 10,000 and sold at 10,200; the short position is open.
    assert int(after.realized(np.array([-1]))[0]) == 200 * 10**after.scale
    assert after.closes.tolist() == [True]
    assert int(after.position[-1]) == -1_000


def test_a_fill_that_reverses_one_of_several_positions_is_refused() -> None:
    with pytest.raises(ReversedPositionError) as refusal:
        Account.opened(LINEAR, 0).then(*columns([(1, 100, 100_000, 1), (2, 100, 100_000, 1), (1, -101, 100_000, 1)]))
    assert refusal.value.fill == 2
