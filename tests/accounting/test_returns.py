"""Hourly profits and the ratios of hourly returns."""

import itertools
import math
import random
import statistics
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickreel.accounting.returns import HOUR, LEAST_HOURS, HourlyEquity

DAY = 24 * HOUR
MIDNIGHT = 20_000 * DAY


def fed(start: int, rows: list[tuple[int, int]], cuts: list[int]) -> HourlyEquity:
    equity = HourlyEquity(start)
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    for first, past in itertools.pairwise(edges):
        ts, values = (np.array([row[field] for row in rows[first:past]], dtype=np.int64) for field in (0, 1))
        equity.add(ts, values)
    return equity


_rows = st.lists(st.tuples(st.integers(0, 3 * DAY), st.integers(1, 10**6)), min_size=1, max_size=60).map(
    lambda rows: sorted((MIDNIGHT + at, value) for at, value in rows)
)


@settings(max_examples=100, deadline=None)
@given(_rows, st.lists(st.integers(0, 60), max_size=4), st.integers(0, 10**6))
def test_hourly_profits_add_up_to_the_total_for_any_parts(rows: list[tuple[int, int]], cuts: list[int], final: int) -> None:
    whole, end = fed(5, rows, []), rows[-1][0]
    parts = fed(5, rows, cuts)
    span = (rows[0][0], end)
    assert parts.pnl_by_hour(end, final) == whole.pnl_by_hour(end, final)
    assert parts.ratios(span) == whole.ratios(span)
    assert sum(whole.pnl_by_hour(end, final).values()) == final - 5


def test_an_hour_has_the_profit_since_the_row_before_it() -> None:
    rows = [(MIDNIGHT + 1, 100), (MIDNIGHT + HOUR - 1, 110), (MIDNIGHT + 5 * HOUR, 90), (MIDNIGHT + DAY, 95)]
    assert fed(100, rows, []).pnl_by_hour(MIDNIGHT + DAY + 7, 96) == {0: 10 + 6, 5: -20}


def test_ratios_equal_those_of_the_hourly_returns() -> None:
    draw = random.Random(7)
    values = [1_000_000]
    for _ in range(72):
        values.append(values[-1] + draw.randrange(-900, 1_000))
    # The equity of an hour is that of its last row. The first and the last hour are not complete.
    rows = [(MIDNIGHT + hour * HOUR + HOUR // 2, value) for hour, value in enumerate(values)]
    found = fed(3, rows, []).ratios((rows[0][0], rows[-1][0]))
    returns = [after / before - 1 for before, after in itertools.pairwise(values[:-1])]
    hourly = statistics.fmean(returns) / statistics.stdev(returns)
    downside = math.sqrt(sum(min(value, 0) ** 2 for value in returns) / len(returns))
    assert found is not None
    assert found.sharpe is not None
    assert found.sharpe_error is not None
    assert found.sortino is not None
    assert found.hours == 71
    assert float(found.sharpe) == pytest.approx(hourly * math.sqrt(8760))
    assert float(found.sharpe_error) == pytest.approx(math.sqrt((1 + hourly**2 / 2) / 71 * 8760))
    assert float(found.sortino) == pytest.approx(statistics.fmean(returns) / downside * math.sqrt(8760))


@pytest.mark.parametrize(
    ("hours", "equity", "there"),
    [(LEAST_HOURS, 100, True), (LEAST_HOURS - 1, 100, False), (LEAST_HOURS, 0, False), (LEAST_HOURS, -1, False)],
)
def test_few_hours_or_an_equity_of_zero_or_below_have_no_ratios(hours: int, equity: int, there: bool) -> None:
    found = fed(100, [(MIDNIGHT, 100), (MIDNIGHT + 2 * HOUR, equity)], []).ratios((MIDNIGHT, MIDNIGHT + hours * HOUR))
    assert (found is not None) == there
    if found is not None:
        assert (found.hours, found.sharpe, found.sortino) == (hours, None, None)


def test_rising_equity_has_no_sortino_ratio() -> None:
    rows = [(MIDNIGHT + hour * HOUR, 100 + hour) for hour in range(30)]
    found = fed(100, rows, []).ratios((MIDNIGHT, rows[-1][0]))
    assert found is not None
    assert isinstance(found.sharpe, Decimal)
    assert found.sortino is None
