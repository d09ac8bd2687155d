"""An account is exact: the same as fractions give, one fill and one row at a time."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickreel.accounting import account as accounts
from tickreel.accounting import scaled
from tickreel.accounting.account import Account
from tickreel.accounting.contract import LinearContract


@dataclass(frozen=True)
class Fill:
    """A fill in integers of the contract's precisions; `ts` may be that of the fill before."""

    ts: int
    side: int
    price: int
    size: int
    taker: int


@dataclass(frozen=True)
class State:
    """An account as the textbook has it, in fractions."""

    position: Fraction
    cash: Fraction
    fees: Fraction
    cost: Fraction

    def after(self, contract: LinearContract, fill: Fill) -> "State":
        price = Fraction(fill.price, 10**contract.price_precision)
        size = Fraction(fill.size, 10**contract.size_precision) * fill.side
        value = price * Fraction(contract.multiplier)
        rate = Fraction(contract.taker_fee if fill.taker else contract.maker_fee)
        unit = 10**contract.money_precision
        position = self.position + size
        if self.position * size >= 0:
            cost = self.cost + value * size
        elif abs(size) <= abs(self.position):
            cost = self.cost * position / self.position
        else:
            cost = value * position
        # round() of a fraction takes halves to the even neighbour.
        fee = Fraction(round(abs(value * size) * rate * unit), unit)
        return State(position, self.cash - value * size, self.fees + fee, cost)


def textbook(contract: LinearContract, fills: list[Fill]) -> list[State]:
    """The state at the start and after each fill."""
    states = [State(Fraction(0), Fraction(0), Fraction(0), Fraction(0))]
    for fill in fills:
        states.append(states[-1].after(contract, fill))
    return states


def fold(contract: LinearContract, start: int, fills: list[Fill]) -> Account:
    def column(name: str) -> Any:
        return np.array([getattr(fill, name) for fill in fills], dtype=np.int64)

    return Account.fold(contract, start, *map(column, ("ts", "side", "price", "size", "taker")))


def exact(values: Any, scale: int) -> list[Fraction]:
    return [Fraction(int(value), 10**scale) for value in values]


_rates = st.decimals("-0.01", "0.01", places=6) | st.sampled_from([Decimal("0.0004"), Decimal("-0.00025"), Decimal(0)])
_contracts = st.builds(
    LinearContract,
    price_precision=st.integers(0, 8),
    size_precision=st.integers(0, 8),
    multiplier=st.sampled_from([Decimal(1), Decimal("0.001"), Decimal(10), Decimal("1E+2"), Decimal("0.00000001")]),
    money_precision=st.sampled_from([0, 2, 8]),
    maker_fee=_rates,
    taker_fee=_rates,
)
_sides = st.sampled_from([1, -1])
# Small sizes close and turn positions over; wide ones leave the int64 path.
_small = st.builds(Fill, st.integers(0, 3), _sides, st.integers(1, 10**6), st.integers(1, 5), st.integers(0, 1))
_large = st.builds(Fill, st.integers(0, 3), _sides, st.integers(1, 10**15), st.integers(1, 10**15), st.integers(0, 1))


def in_time(fills: list[Fill]) -> list[Fill]:
    """The same fills with times from what were steps between them."""
    times = np.cumsum([fill.ts for fill in fills], dtype=int).tolist()
    return [Fill(ts, fill.side, fill.price, fill.size, fill.taker) for ts, fill in zip(times, fills, strict=True)]


_fills = (st.lists(_small, max_size=40) | st.lists(_large, max_size=12) | st.lists(_small | _large, max_size=12)).map(in_time)
_marks = st.lists(st.tuples(st.integers(-1, 100), st.integers(0, 10**15) | st.integers(1, 10**6)), min_size=1, max_size=20)


@settings(max_examples=150, deadline=None)
@given(_contracts, st.integers(1, 10**12), _fills, _marks)
def test_every_figure_is_that_of_the_textbook(
    contract: LinearContract, start_money: int, fills: list[Fill], rows: list[tuple[int, int]]
) -> None:
    start = start_money * 10**contract.money_precision
    states = textbook(contract, fills)
    account = fold(contract, start, fills)
    scale = account.scale

    assert exact(account.position, contract.size_precision) == [state.position for state in states]
    assert exact(account.cash, scale) == [state.cash for state in states]
    assert exact(account.fees, scale) == [state.fees for state in states]
    assert exact(np.cumsum(account.fill_fees), contract.money_precision) == [state.fees for state in states[1:]]

    rows = sorted(rows)
    at = account.fills_until(np.array([ts for ts, _ in rows]))
    marks = np.array([price for _, price in rows], dtype=np.int64)
    equity = exact(account.equity(at, marks), scale)
    realized, unrealized = exact(account.realized(at), scale), exact(account.unrealized(at, marks), scale)
    rounding = Fraction(1, 2 * 10**scale) + Fraction(len(fills), 10 ** (scale + 12))
    for row, (ts, price) in enumerate(rows):
        state = states[sum(fill.ts <= ts for fill in fills)]
        worth = state.position * Fraction(price, 10**contract.price_precision) * Fraction(contract.multiplier)
        assert equity[row] == start_money + state.cash + worth - state.fees
        assert realized[row] + unrealized[row] - state.fees == equity[row] - start_money
        assert abs(unrealized[row] - (worth - state.cost)) <= rounding
        assert abs(realized[row] - (state.cash + state.cost)) <= rounding

    drawdown = exact(accounts.drawdown(account.equity(at, marks), account.start), scale)
    assert drawdown == [max([start_money, *equity[: row + 1]]) - equity[row] for row in range(len(rows))]


@settings(max_examples=60, deadline=None)
@given(_contracts, st.integers(1, 10**10), st.lists(_small, max_size=30).map(in_time), _marks)
def test_machine_integers_and_wide_ones_give_the_same(
    contract: LinearContract, start: int, fills: list[Fill], rows: list[tuple[int, int]]
) -> None:
    marks = np.array([price % 10**6 for _, price in rows], dtype=np.int64)

    def figures() -> list[list[int]]:
        account = fold(contract, start, fills)
        at = account.fills_until(np.array([ts for ts, _ in rows]))
        return [
            [int(value) for value in column]
            for column in (
                *(account.cash, account.position, account.fees, account.cost, account.fill_fees),
                *(account.equity(at, marks), account.realized(at), account.unrealized(at, marks)),
                accounts.drawdown(account.equity(at, marks), account.start),
            )
        ]

    as_it_likes = figures()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scaled, "wide", lambda arrays, _largest: [array.astype(object) for array in arrays])
        assert figures() == as_it_likes


@settings(max_examples=60, deadline=None)
@given(st.integers(9, 16), st.integers(9, 16), st.lists(_small, min_size=1, max_size=10).map(in_time))
def test_decimals_beyond_those_of_any_market_are_exact_too(
    price_precision: int, size_precision: int, fills: list[Fill]
) -> None:
    """Here the values are small and the powers of ten between the scales are not."""
    rates = Decimal("0.0002"), Decimal("0.000412345678901234")
    contract = LinearContract(price_precision, size_precision, Decimal(1), 8, *rates)
    states, account = textbook(contract, fills), fold(contract, 10**14, fills)
    assert exact(account.fees, account.scale) == [state.fees for state in states]
    assert exact(account.cash, account.scale) == [state.cash for state in states]


BTC = LinearContract(2, 3, Decimal(1), 8, Decimal("0.0002"), Decimal("0.0004"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_sides, st.integers(100_000, 10**7), st.integers(1, 10**6)), min_size=1, max_size=60))
def test_one_order_a_row_filled_at_its_own_price_is_the_closed_form(rows: list[tuple[int, int, int]]) -> None:
    """What a replay of `per_trade_tick` comes to, in decimals from the rows alone."""
    fills = [Fill(ts, side, price, size, 1) for ts, (side, price, size) in enumerate(rows)]
    account = fold(BTC, 1_000_000 * 10**8, fills)
    at, marks = account.fills_until(np.arange(len(rows))), np.array([price for _, price, _ in rows])
    equity = account.equity(at, marks)

    cash = position = fees = Decimal(0)
    peak, deepest, worth = Decimal(1_000_000), Decimal(0), Decimal(1_000_000)
    for side, price, size in rows:
        notional = Decimal(price).scaleb(-2) * Decimal(size).scaleb(-3)
        cash -= side * notional
        position += side * Decimal(size).scaleb(-3)
        fees += round(notional * Decimal("0.0004"), 8)
        worth = 1_000_000 + cash + position * Decimal(price).scaleb(-2) - fees
        peak = max(peak, worth)
        deepest = max(deepest, peak - worth)
    assert Decimal(scaled.text(equity[-1], account.scale)) == worth
    assert Decimal(scaled.text(account.fees[-1], account.scale)) == fees
    assert Decimal(scaled.text(account.position[-1], 3)) == position
    assert Decimal(scaled.text(accounts.drawdown(equity, account.start).max(), account.scale)) == deepest


def figures(account: Account, mark: int) -> dict[str, str]:
    """The last figures, as people read them."""
    at, marks = np.array([len(account.cash) - 1]), np.array([mark])
    values = {"realized": lambda at, _: account.realized(at), "unrealized": account.unrealized, "equity": account.equity}
    return {name: scaled.text(figure(at, marks)[0], account.scale) for name, figure in values.items()}


def test_a_round_trip() -> None:
    """Buys 2 at 100.00, sells 1 at 110.00: 10 are realized, the other lot is worth 10 more."""
    account = fold(BTC, 1_000 * 10**8, [Fill(1, 1, 10_000, 2_000, 1), Fill(2, -1, 11_000, 1_000, 0)])
    assert figures(account, 11_000) == {"realized": "10.00000000", "unrealized": "10.00000000", "equity": "1019.89800000"}
    # Two lots taken at 0.0004, one made at 0.0002.
    assert account.fill_fees.tolist() == [8_000_000, 2_200_000]


def test_a_position_that_turns_over_starts_anew_at_the_price_that_turned_it() -> None:
    account = fold(BTC, 0, [Fill(1, 1, 10_000, 1_000, 1), Fill(2, -1, 12_000, 3_000, 1)])
    assert account.position.tolist() == [0, 1_000, -2_000]
    assert figures(account, 12_000)["realized"] == "20.00000000"
    assert figures(account, 12_000)["unrealized"] == "0.00000000"
    assert figures(account, 13_000)["unrealized"] == "-20.00000000"


def test_adding_to_a_position_averages_its_cost() -> None:
    account = fold(BTC, 0, [Fill(1, -1, 10_000, 1_000, 1), Fill(2, -1, 10_001, 2_000, 1), Fill(3, 1, 9_000, 1_500, 1)])
    # Sold 3 for 300.02, half of it bought back: 150.01 - 135.
    assert figures(account, 9_000)["realized"] == "15.01000000"


def test_a_rebate_is_a_negative_fee() -> None:
    contract = LinearContract(2, 3, Decimal(1), 8, Decimal("-0.00025"), Decimal("0.00075"))
    account = fold(contract, 0, [Fill(1, 1, 10_000, 1_000, 0), Fill(2, -1, 10_000, 1_000, 1)])
    assert account.fill_fees.tolist() == [-2_500_000, 7_500_000]
    assert figures(account, 10_000)["equity"] == "-0.05000000"


@pytest.mark.parametrize(("price", "fee"), [(1, 0), (3, 2), (5, 2), (7, 4), (-1, 0)])
def test_half_a_unit_of_a_fee_goes_to_the_even_neighbour(price: int, fee: int) -> None:
    contract = LinearContract(0, 0, Decimal(1), 0, Decimal("0.5"), Decimal("-0.5"))
    assert contract.fees(np.array([abs(price)]), np.array([0])).tolist() == [fee]
    assert contract.fees(np.array([abs(price)]), np.array([1])).tolist() == [-fee]


def test_a_multiplier_scales_the_notional() -> None:
    contract = LinearContract(1, 0, Decimal("0.001"), 8, Decimal(0), Decimal("0.0005"))
    account = fold(contract, 0, [Fill(1, 1, 100_000, 7, 1)])
    # 7 contracts of 0.001 at 10,000.0: a notional of 70.
    assert (account.scale, contract.notional_scale) == (8, 4)
    assert figures(account, 110_000) == {"realized": "0.00000000", "unrealized": "7.00000000", "equity": "6.96500000"}


def test_an_account_without_fills_stays_at_its_start() -> None:
    account = fold(BTC, 5 * 10**8, [])
    assert figures(account, 10_000) == {"realized": "0.00000000", "unrealized": "0.00000000", "equity": "5.00000000"}
    assert accounts.drawdown(account.equity(np.array([0]), np.array([1])), account.start).tolist() == [0]


def test_a_row_knows_the_fills_of_its_own_instant_and_none_of_later_ones() -> None:
    account = fold(BTC, 0, [Fill(ts, 1, 10_000, 1, 1) for ts in (5, 5, 9)])
    assert account.fills_until(np.array([4, 5, 8, 9, 10])).tolist() == [0, 2, 2, 3, 3]


def test_drawdown_counts_from_the_start_and_from_every_peak() -> None:
    equity = np.array([90, 120, 100, 130, 60, 140])
    assert accounts.drawdown(equity, 100).tolist() == [10, 0, 20, 0, 70, 0]
    assert accounts.drawdown(equity.astype(object), 100).tolist() == [10, 0, 20, 0, 70, 0]
    assert accounts.drawdown(equity[:0], 100).tolist() == []
