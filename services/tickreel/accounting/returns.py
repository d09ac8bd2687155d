"""Hourly equity: the profit of each hour of the day, and ratios of hourly returns."""

import itertools
from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np
import numpy.typing as npt

from tickreel.accounting.scaled import Integers

HOUR = 3_600_000_000_000
"""An hour in nanoseconds."""
LEAST_HOURS = 24
"""The minimum number of hourly returns for ratios."""
_HOURS_OF_YEAR = 8_760
_DIGITS = 60


@dataclass(frozen=True)
class Ratios:
    """Annualized ratios of hourly returns.

    Attributes:
        hours: The number of returns.
        sharpe, sharpe_error: The Sharpe ratio and its standard error; None if equity did not change.
        sortino: The Sortino ratio; None if no hour had a loss.
    """

    hours: int
    sharpe: Decimal | None
    sharpe_error: Decimal | None
    sortino: Decimal | None


class HourlyEquity:
    """The last equity of each hour (UTC), from rows that are added in parts of any length.

    Args:
        start: The equity before the first row.
    """

    def __init__(self, start: int) -> None:
        self._start = start
        self._equity: dict[int, int] = {}

    def add(self, ts: npt.NDArray[np.int64], equity: Integers) -> None:
        """Add the next rows, in order of time."""
        hours = ts // HOUR
        last = np.flatnonzero(np.diff(hours, append=hours[-1:] + 1))
        self._equity.update(zip(hours[last].tolist(), equity[last].tolist(), strict=True))

    def pnl_by_hour(self, end: int, final: int) -> dict[int, int]:
        """Return the profit of each hour of the day that has rows. Their sum is the total profit.

        Args:
            end: The time of the last row of any kind, UNIX nanoseconds.
            final: The equity at that time.
        """
        found: dict[int, int] = {}
        before = self._start
        for hour, equity in (self._equity | {end // HOUR: final}).items():
            found[hour % 24] = found.get(hour % 24, 0) + equity - before
            before = equity
        return found

    def ratios(self, span: tuple[int, int]) -> Ratios | None:
        """Return the ratios for the whole hours in a span; None if they are too few, or if equity was ever zero or below.

        Args:
            span: The times of the first and the last row of any kind, UNIX nanoseconds.
        """
        first, past = -(-span[0] // HOUR), span[1] // HOUR
        if past - first < LEAST_HOURS:
            return None
        equities, equity = [], self._equity.get(first - 1, self._start)
        for hour in range(first, past):
            equities.append(equity)
            equity = self._equity.get(hour, equity)
        equities.append(equity)
        if min(equities) <= 0:
            return None
        with localcontext(prec=_DIGITS):
            return _ratios([Decimal(after - before) / before for before, after in itertools.pairwise(equities)])


def _ratios(returns: list[Decimal]) -> Ratios:
    count, year = len(returns), Decimal(_HOURS_OF_YEAR)
    mean = sum(returns, Decimal()) / count
    variance = sum(((value - mean) ** 2 for value in returns), Decimal()) / (count - 1)
    downside = sum((value**2 for value in returns if value < 0), Decimal()) / count
    sharpe = error = None
    if variance:
        hourly = mean / variance.sqrt()
        # Lo (2002), for independent returns.
        sharpe, error = hourly * year.sqrt(), ((1 + hourly**2 / 2) / count * year).sqrt()
    return Ratios(count, sharpe, error, mean / downside.sqrt() * year.sqrt() if downside else None)
