"""An account is exact: it equals a calculation with fractions, fill by fill and row by row."""

import itertools
from collections.abc import Callable
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
from tickreel.accounting.contract import InverseContract, LinearContract

AnyContract = LinearContract | InverseContract


@dataclass(frozen=True)
class Fill:
    """A fill in integers at the contract's precisions. Consecutive fills may have the same `ts`."""

    ts: int
    side: int
    price: int
    size: int
    taker: int


@dataclass(frozen=True)
class Opening:
    """The initial state of an account. The position is valued at `mark`."""

    cash: int
    position: int
    mark: int
    more_decimals: int
    """The number of decimals that marks have more than prices."""

    def mark_scale(self, contract: AnyContract) -> int:
        return max(contract.price_precision + self.more_decimals, 0)


@dataclass(frozen=True)
class State:
    """An account by the textbook, in fractions: position, average entry price, realized profit and fees."""

    contract: AnyContract
    position: Fraction
    entry: Fraction
    realized: Fraction
    fees: Fraction
    entry_fees: Fraction

    @classmethod
    def at_start(cls, contract: AnyContract, opening: Opening) -> "State":
        position = Fraction(opening.position, 10**contract.size_precision)
        none = Fraction(0)
        return cls(contract, position, Fraction(opening.mark, 10 ** opening.mark_scale(contract)), none, none, none)

    def profit(self, size: Fraction, price: Fraction) -> Fraction:
        """Return the profit of a part of the position at a price."""
        linear = isinstance(self.contract, LinearContract)
        return size * Fraction(self.contract.multiplier) * (price - self.entry if linear else 1 / self.entry - 1 / price)

    def average(self, size: Fraction, price: Fraction) -> Fraction:
        """Return the average entry price after adding a size: the harmonic mean for an inverse contract."""
        both = self.position + size
        if isinstance(self.contract, LinearContract):
            return (self.position * self.entry + size * price) / both
        return both / (self.position / self.entry + size / price)

    def after(self, fill: Fill) -> "State":
        contract = self.contract
        price = Fraction(fill.price, 10**contract.price_precision)
        size = Fraction(fill.size, 10**contract.size_precision) * fill.side
        position = self.position + size
        entry, closed = self.entry, Fraction(0)
        if self.position == 0:
            entry = price
        elif self.position * size > 0:
            entry = self.average(size, price)
        elif abs(size) <= abs(self.position):
            closed = -size
        else:
            entry, closed = price, self.position
        notional = abs(size) * Fraction(contract.multiplier)
        notional = notional * price if isinstance(contract, LinearContract) else notional / price
        rate, unit = Fraction(contract.taker_fee if fill.taker else contract.maker_fee), 10**contract.money_precision
        # round() of a Fraction rounds half-even.
        fee = Fraction(round(notional * rate * unit), unit)
        if abs(size) > abs(self.position) and self.position * size < 0:
            entry_fees = fee * position / size
        else:
            entry_fees = self.entry_fees * position / self.position if closed else self.entry_fees + fee
        return State(contract, position, entry, self.realized + self.profit(closed, price), self.fees + fee, entry_fees)


def textbook(contract: AnyContract, opening: Opening, fills: list[Fill]) -> list[State]:
    """Return the state at the start and after each fill."""
    states = [State.at_start(contract, opening)]
    for fill in fills:
        states.append(states[-1].after(fill))
    return states


NOTHING = Opening(cash=0, position=0, mark=1, more_decimals=0)


def opened(contract: AnyContract, opening: Opening) -> Account:
    return Account.opened(
        contract,
        opening.cash,
        mark_scale=opening.mark_scale(contract),
        position=opening.position,
        position_mark=opening.mark,
    )


def then(account: Account, fills: list[Fill]) -> Account:
    def column(name: str) -> Any:
        return np.array([getattr(fill, name) for fill in fills], dtype=np.int64)

    return account.then(*map(column, ("ts", "side", "price", "size", "taker")))


def fold(contract: AnyContract, opening: Opening, fills: list[Fill]) -> Account:
    return then(opened(contract, opening), fills)


def exact(values: Any, scale: int) -> list[Fraction]:
    return [Fraction(int(value), 10**scale) for value in values]


_rates = st.decimals("-0.01", "0.01", places=6) | st.sampled_from([Decimal("-0.00025"), Decimal(0), Decimal(5000)])


def _made(contract: Callable[..., AnyContract]) -> st.SearchStrategy[AnyContract]:
    return st.builds(
        contract,
        price_precision=st.integers(0, 8),
        size_precision=st.integers(0, 8),
        multiplier=st.sampled_from([Decimal(1), Decimal("0.001"), Decimal(10), Decimal("1E+2"), Decimal("0.00000001")]),
        money_precision=st.sampled_from([0, 2, 8]),
        maker_fee=_rates,
        taker_fee=_rates,
    )


_contracts = _made(LinearContract) | _made(InverseContract)
_sides = st.sampled_from([1, -1])
# Small sizes close and reverse positions. Large sizes leave the int64 path.
_small = st.builds(Fill, st.integers(0, 3), _sides, st.integers(1, 10**6), st.integers(1, 5), st.integers(0, 1))
_large = st.builds(Fill, st.integers(0, 3), _sides, st.integers(1, 10**15), st.integers(1, 10**15), st.integers(0, 1))
_openings = st.builds(
    Opening,
    cash=st.integers(0, 10**20) | st.integers(0, 10**9),
    position=st.just(0) | st.integers(-10, 10) | st.sampled_from([-(10**20), 10**18, 10**20]),
    mark=st.integers(1, 10**15) | st.integers(1, 10**6),
    more_decimals=st.integers(-1, 2),
)


def in_time(fills: list[Fill]) -> list[Fill]:
    """Return the fills with their time steps replaced by times."""
    times = np.cumsum([fill.ts for fill in fills], dtype=int).tolist()
    return [Fill(ts, fill.side, fill.price, fill.size, fill.taker) for ts, fill in zip(times, fills, strict=True)]


_fills = (st.lists(_small, max_size=40) | st.lists(_large, max_size=12) | st.lists(_small | _large, max_size=12)).map(in_time)
_marks = st.lists(st.tuples(st.integers(-1, 100), st.integers(1, 10**15) | st.integers(1, 10**6)), min_size=1, max_size=20)


@settings(max_examples=250, deadline=None)
@given(_contracts, _openings, _fills, _marks)
def test_every_figure_equals_the_textbook(
    contract: AnyContract, opening: Opening, fills: list[Fill], rows: list[tuple[int, int]]
) -> None:
    states = textbook(contract, opening, fills)
    account = fold(contract, opening, fills)
    scale = account.scale
    unit = Fraction(1, 10**scale)
    # A linear contract rounds only averages. An inverse one also rounds each fill, the mark and the opening by half a unit.
    rounding = 0 if isinstance(contract, LinearContract) else unit * (len(fills) + 2) / 2
    average = rounding + unit / 2 + unit * len(fills) / 10**12

    assert exact(account.position, contract.size_precision) == [state.position for state in states]
    assert exact(account.fees, scale) == [state.fees for state in states]
    kept = unit / 2 + unit * len(fills) / 10**12
    for fee, state in zip(exact(account.entry_fees, scale), states, strict=True):
        assert abs(fee - state.entry_fees) <= kept
    assert exact(np.cumsum(account.fill_fees), contract.money_precision) == [state.fees for state in states[1:]]

    rows = sorted(rows)
    at = account.fills_until(np.array([ts for ts, _ in rows]))
    marks = np.array([price for _, price in rows], dtype=np.int64)
    equity = exact(account.equity(at, marks), scale)
    realized, unrealized = exact(account.realized(at), scale), exact(account.unrealized(at, marks), scale)
    start = exact([account.start], scale)[0]
    worths = []
    for row, (ts, price) in enumerate(rows):
        state = states[sum(fill.ts <= ts for fill in fills)]
        open_profit = state.profit(state.position, Fraction(price, 10 ** opening.mark_scale(contract)))
        worths.append(start + state.realized + open_profit - state.fees)
        assert abs(equity[row] - worths[row]) <= rounding
        assert equity[row] - start == realized[row] + unrealized[row] - state.fees
        assert abs(unrealized[row] - open_profit) <= average
        assert abs(realized[row] - state.realized) <= average

    drawdown = exact(accounts.drawdown(account.equity(at, marks), account.start), scale)
    for row, below in enumerate(drawdown):
        assert abs(below - (max([start, *worths[: row + 1]]) - worths[row])) <= 2 * rounding


@settings(max_examples=150, deadline=None)
@given(_contracts, _openings, _fills, st.lists(st.integers(0, 40), max_size=4))
def test_fills_may_be_added_in_parts_of_any_length(
    contract: AnyContract, opening: Opening, fills: list[Fill], cuts: list[int]
) -> None:
    whole, parts, account = fold(contract, opening, fills), [], opened(contract, opening)
    edges = sorted([0, *(min(cut, len(fills)) for cut in cuts), len(fills)])
    for first, past in itertools.pairwise(edges):
        account = then(account, fills[first:past])
        parts.append(account)
    for name in ("cash", "position", "fees", "cost", "entry_fees"):
        entries = [int(getattr(opened(contract, opening), name)[0])]
        for part in parts:
            column = getattr(part, name).tolist()
            assert column[0] == entries[-1]
            entries += column[1:]
        assert entries == getattr(whole, name).tolist()
    assert (account.start, account.open_cost, account.open_fees) == (whole.start, whole.open_cost, whole.open_fees)
    assert min(part.lowest_balance for part in parts) == whole.lowest_balance


@settings(max_examples=100, deadline=None)
@given(_contracts, _openings, st.integers(1, 10**15))
def test_the_first_equity_is_the_cash_and_the_position_at_its_mark(contract: AnyContract, opening: Opening, mark: int) -> None:
    account = fold(contract, opening, [])
    size = Fraction(opening.position, 10**contract.size_precision) * Fraction(contract.multiplier)
    price = Fraction(opening.mark, 10 ** opening.mark_scale(contract))
    worth = size * price if isinstance(contract, LinearContract) else -size / price
    start = exact([account.start], account.scale)[0]
    rounding = Fraction(isinstance(contract, InverseContract), 2 * 10**account.scale)
    assert abs(start - (Fraction(opening.cash, 10**contract.money_precision) + worth)) <= rounding
    first, at = np.array([0]), np.array([opening.mark])
    assert account.equity(first, at).tolist() == [account.start]
    assert account.unrealized(first, at).tolist() == account.realized(first).tolist() == [0]
    # Later changes of equity come from the mark alone.
    assert account.equity(first, np.array([mark])).tolist() == [account.start + account.unrealized(first, np.array([mark]))[0]]


@settings(max_examples=60, deadline=None)
@given(_contracts, _openings, st.lists(_small, max_size=30).map(in_time), _marks)
def test_machine_integers_and_wide_ones_give_the_same(
    contract: AnyContract, opening: Opening, fills: list[Fill], rows: list[tuple[int, int]]
) -> None:
    marks = np.array([1 + price % 10**6 for _, price in rows], dtype=np.int64)

    def figures() -> list[list[int]]:
        account = fold(contract, opening, fills)
        at = account.fills_until(np.array([ts for ts, _ in rows]))
        return [
            [int(value) for value in column]
            for column in (
                *(account.cash, account.position, account.fees, account.cost, account.entry_fees, account.fill_fees),
                *(account.equity(at, marks), account.realized(at), account.unrealized(at, marks)),
                accounts.drawdown(account.equity(at, marks), account.start),
            )
        ]

    expected = figures()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scaled, "wide", lambda arrays, _largest: [array.astype(object) for array in arrays])
        assert figures() == expected


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([LinearContract, InverseContract]),
    st.integers(9, 16),
    st.integers(9, 16),
    st.lists(_small, min_size=1, max_size=10).map(in_time),
)
def test_very_high_precisions_are_exact(
    kind: type[AnyContract], price_precision: int, size_precision: int, fills: list[Fill]
) -> None:
    """The values are small, but the powers of ten between the scales are large."""
    rates = Decimal("0.0002"), Decimal("0.000412345678901234")
    contract = kind(price_precision, size_precision, Decimal(1), 8, *rates)
    opening = Opening(10**14, 0, 1, 1)
    states, account = textbook(contract, opening, fills), fold(contract, opening, fills)
    assert exact(account.fees, account.scale) == [state.fees for state in states]
    assert exact(account.position, size_precision) == [state.position for state in states]


BTC = LinearContract(2, 3, Decimal(1), 8, Decimal("0.0002"), Decimal("0.0004"))
XBT = InverseContract(1, 0, Decimal(1), 8, Decimal("-0.00025"), Decimal("0.00075"))


def closed_form(contract: AnyContract, rows: list[tuple[int, int, int]]) -> dict[str, Fraction]:
    """Return the figures of one order per row, filled at its own price, computed from the rows alone."""
    inverse = isinstance(contract, InverseContract)
    cash = position = fees = equity = peak = deepest = Fraction(0)
    for side, price, size in rows:
        at, quantity = Fraction(price, 10**contract.price_precision), Fraction(size, 10**contract.size_precision)
        notional = quantity / at if inverse else quantity * at
        cash += side * notional if inverse else -side * notional
        position += side * quantity
        fees += Fraction(round(notional * Fraction(contract.taker_fee) * 10**8), 10**8)
        equity = cash + (-position / at if inverse else position * at) - fees
        peak = max(peak, equity)
        deepest = max(deepest, peak - equity)
    return {"position": position, "fees": fees, "equity": equity, "drawdown": deepest}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([BTC, XBT]),
    st.lists(st.tuples(_sides, st.integers(100_000, 10**7), st.integers(1, 10**6)), min_size=1, max_size=60),
)
def test_one_order_per_row_filled_at_its_own_price_equals_the_closed_form(
    contract: AnyContract, rows: list[tuple[int, int, int]]
) -> None:
    """These are the fills of a `per_trade_tick` replay."""
    fills = [Fill(ts, side, price, size, 1) for ts, (side, price, size) in enumerate(rows)]
    account = fold(contract, NOTHING, fills)
    at, marks = account.fills_until(np.arange(len(rows))), np.array([price for _, price, _ in rows])
    equity = account.equity(at, marks)
    drawdown = accounts.drawdown(equity, account.start)

    expected = closed_form(contract, rows)
    bound = 0 if contract is BTC else Fraction(len(rows) + 1, 2 * 10**account.scale)
    assert exact(account.position[-1:], contract.size_precision) == [expected["position"]]
    assert exact(account.fees[-1:], account.scale) == [expected["fees"]]
    assert abs(exact(equity[-1:], account.scale)[0] - expected["equity"]) <= bound
    assert abs(exact([drawdown.max()], account.scale)[0] - expected["drawdown"]) <= 2 * bound


def holding(*, cash: int = 0, position: int = 0, mark: int = 1, more_decimals: int = 0) -> Opening:
    return Opening(cash, position, mark, more_decimals)


def figures(account: Account, mark: int) -> dict[str, str]:
    """Return the last figures as decimal strings."""
    at, marks = np.array([len(account.cash) - 1]), np.array([mark])
    values = {"realized": lambda at, _: account.realized(at), "unrealized": account.unrealized, "equity": account.equity}
    return {name: scaled.text(figure(at, marks)[0], account.scale) for name, figure in values.items()}


def test_a_round_trip() -> None:
    """Buy 2 at 100.00, sell 1 at 110.00: the profit is 10 realized and 10 unrealized."""
    account = fold(BTC, holding(cash=1_000 * 10**8), [Fill(1, 1, 10_000, 2_000, 1), Fill(2, -1, 11_000, 1_000, 0)])
    assert figures(account, 11_000) == {"realized": "10.00000000", "unrealized": "10.00000000", "equity": "1019.89800000"}
    # A size of 2 at the taker fee 0.0004, a size of 1 at the maker fee 0.0002.
    assert account.fill_fees.tolist() == [8_000_000, 2_200_000]


def test_a_reversed_position_is_entered_at_the_price_of_the_reversal() -> None:
    account = fold(BTC, NOTHING, [Fill(1, 1, 10_000, 1_000, 1), Fill(2, -1, 12_000, 3_000, 1)])
    assert account.position.tolist() == [0, 1_000, -2_000]
    assert figures(account, 12_000)["realized"] == "20.00000000"
    assert figures(account, 12_000)["unrealized"] == "0.00000000"
    assert figures(account, 13_000)["unrealized"] == "-20.00000000"


def test_adding_to_a_position_averages_its_cost() -> None:
    account = fold(BTC, NOTHING, [Fill(1, -1, 10_000, 1_000, 1), Fill(2, -1, 10_001, 2_000, 1), Fill(3, 1, 9_000, 1_500, 1)])
    # Sell 3 for 300.02, buy half back for 135: 150.01 - 135.
    assert figures(account, 9_000)["realized"] == "15.01000000"


def test_a_rebate_is_a_negative_fee() -> None:
    contract = LinearContract(2, 3, Decimal(1), 8, Decimal("-0.00025"), Decimal("0.00075"))
    account = fold(contract, NOTHING, [Fill(1, 1, 10_000, 1_000, 0), Fill(2, -1, 10_000, 1_000, 1)])
    assert account.fill_fees.tolist() == [-2_500_000, 7_500_000]
    assert figures(account, 10_000)["equity"] == "-0.05000000"


def test_a_fee_may_exceed_the_notional() -> None:
    contract = LinearContract(0, 0, Decimal(1), 2, Decimal(0), Decimal(5000))
    account = fold(contract, NOTHING, [Fill(1, 1, 10**15, 1, 1)])
    assert figures(account, 10**15) == {"realized": "0.00", "unrealized": "0.00", "equity": f"-{5 * 10**18}.00"}


def test_a_multiplier_scales_the_notional() -> None:
    contract = LinearContract(1, 0, Decimal("0.001"), 8, Decimal(0), Decimal("0.0005"))
    account = fold(contract, NOTHING, [Fill(1, 1, 100_000, 7, 1)])
    # 7 contracts of 0.001 at 10,000.0: a notional of 70.
    assert account.scale == 8
    assert figures(account, 110_000) == {"realized": "0.00000000", "unrealized": "7.00000000", "equity": "6.96500000"}


def test_an_account_without_fills_stays_at_its_start() -> None:
    account = fold(BTC, holding(cash=5 * 10**8), [])
    assert figures(account, 10_000) == {"realized": "0.00000000", "unrealized": "0.00000000", "equity": "5.00000000"}
    assert accounts.drawdown(account.equity(np.array([0]), np.array([1])), account.start).tolist() == [0]


@pytest.mark.parametrize("kind", [LinearContract, InverseContract])
def test_an_empty_account_is_zero_at_any_scale(kind: type[AnyContract]) -> None:
    account = fold(kind(8, 8, Decimal("0.00000001"), 0, Decimal(0), Decimal("0.1")), NOTHING, [])
    figures = (account.cash, account.fees, account.cost, account.equity(np.array([0]), np.array([1])))
    assert [figure.tolist() for figure in figures] == [[0]] * 4
    assert account.lowest_balance == 0


def test_a_row_includes_the_fills_up_to_its_own_time() -> None:
    account = fold(BTC, NOTHING, [Fill(ts, 1, 10_000, 1, 1) for ts in (5, 5, 9)])
    assert account.fills_until(np.array([4, 5, 8, 9, 10])).tolist() == [0, 2, 2, 3, 3]


def test_drawdown_counts_from_the_start_and_from_every_peak() -> None:
    equity = np.array([90, 120, 100, 130, 60, 140])
    assert accounts.drawdown(equity, 100).tolist() == [10, 0, 20, 0, 70, 0]
    assert accounts.drawdown(equity.astype(object), 100).tolist() == [10, 0, 20, 0, 70, 0]
    assert accounts.drawdown(equity[:0], 100).tolist() == []


def test_an_inverse_round_trip() -> None:
    """Contracts for 100 dollars, bought at 10,000.0 and sold at 12,500.0, gain 100 x (1/10,000 - 1/12,500)."""
    account = fold(XBT, holding(cash=10**8), [Fill(1, 1, 100_000, 100, 0), Fill(2, -1, 125_000, 100, 1)])
    assert account.fill_fees.tolist() == [-250, 600]
    assert figures(account, 1) == {
        "realized": "0.00200000000000000000",
        "unrealized": "0.00000000000000000000",
        "equity": "1.00199650000000000000",
    }


def test_an_inverse_position_averages_harmonically() -> None:
    """Equal sizes at 10,000 and at 20,000 have an average entry of 13,333 1/3."""
    account = fold(XBT, NOTHING, [Fill(1, 1, 100_000, 100, 1), Fill(2, 1, 200_000, 100, 1), Fill(3, -1, 160_000, 50, 1)])
    # 50 x (3/40,000 - 1/16,000), and 150 x (3/40,000 - 1/16,000) at a mark of 16,000.
    assert figures(account, 160_000)["realized"] == "0.00062500000000000000"
    assert figures(account, 160_000)["unrealized"] == "0.00187500000000000000"


def test_a_mark_between_two_prices_needs_one_more_decimal() -> None:
    opening = holding(more_decimals=1)
    contract = LinearContract(2, 8, Decimal(1), 8, Decimal(0), Decimal(0))
    account = fold(contract, opening, [Fill(1, 1, 10_000, 1, 1)])
    # 0.00000001 at 100.00, marked at 100.005: the eleventh decimal counts.
    assert (account.mark_scale, account.scale) == (3, 11)
    assert figures(account, 100_005) == {"realized": "0.00000000000", "unrealized": "0.00000000005", "equity": "0.00000000005"}


def test_marks_have_the_price_precision_by_default() -> None:
    assert Account.opened(BTC, 0).mark_scale == BTC.price_precision


def test_an_initial_position_is_valued_at_the_first_mark() -> None:
    """Start with 1,000 in cash and 2 coins at 100.005, and sell one at 110.00 for a fee of 0.044."""
    opening = holding(cash=1_000 * 10**8, position=2_000, mark=100_005, more_decimals=1)
    account = fold(BTC, opening, [Fill(1, -1, 11_000, 1_000, 1)])
    assert scaled.text(account.start, account.scale) == "1200.01000000"
    assert figures(account, 110_000) == {"realized": "9.99500000", "unrealized": "9.99500000", "equity": "1219.95600000"}


def test_the_lowest_balance_counts_losses_and_fees_but_no_unrealized_profit() -> None:
    """Buy 2 at 100.00, sell one at 40.00, then the other at 90.00, each at the fee 0.0002."""
    fills = [Fill(1, 1, 10_000, 2_000, 0), Fill(2, -1, 4_000, 1_000, 0), Fill(3, -1, 9_000, 1_000, 0)]
    account = fold(BTC, holding(cash=199 * 10**8), fills)
    assert scaled.text(account.lowest_balance, account.scale) == "128.93400000"
    assert scaled.text(fold(BTC, holding(cash=199 * 10**8), fills[:1]).lowest_balance, account.scale) == "198.96000000"
