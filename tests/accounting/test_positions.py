"""Position statistics equal those of a simple loop over the fills, for parts of any length."""

import itertools
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickreel.accounting.account import Account
from tickreel.accounting.contract import LinearContract
from tickreel.accounting.positions import Positions

CONTRACT = LinearContract(1, 3, Decimal(1), 8, Decimal("0.0002"), Decimal("0.0004"))
SPAN = (100, 400)


@dataclass
class Walked:
    """The statistics of a simple loop over the fills."""

    held: int = 0
    size_time: int = 0
    largest_long: int = 0
    largest_short: int = 0
    round_trips: int = 0
    winning_round_trips: int = 0
    trip_time: int = 0
    longest_trip: int = 0


def walked(account: Account, position: int) -> Walked:
    """Return the statistics of an account in one part, computed fill by fill."""
    found, since, begun, earned = Walked(), SPAN[0], SPAN[0], 0
    pnl = account.closed_pnl.tolist()
    ends = [*np.minimum(account.ts, SPAN[1]).tolist(), SPAN[1]]
    for number, held in enumerate(account.position.tolist()):
        until = ends[number]
        found.held += (until - since) * (held != 0)
        found.size_time += (until - since) * abs(held)
        found.largest_long, found.largest_short = max(found.largest_long, held), max(found.largest_short, -held)
        if number and position and (held == 0 or held * position < 0):
            found.round_trips += 1
            found.winning_round_trips += pnl[number] > earned
            found.trip_time += since - begun
            found.longest_trip = max(found.longest_trip, since - begun)
        if number and held and held * position <= 0:
            begun, earned = since, pnl[number]
        since, position = until, held
    return found


_fill = st.tuples(
    st.integers(0, 40), st.sampled_from([1, -1]), st.integers(900, 1_100), st.integers(1, 4) | st.integers(1, 10**12)
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_fill, max_size=30), st.sampled_from([0, 0, 3, -2]), st.lists(st.integers(0, 30), max_size=4))
def test_statistics_equal_those_of_a_simple_loop_for_any_parts(
    fills: list[tuple[int, int, int, int]], position: int, cuts: list[int]
) -> None:
    steps, side, price, size = (np.array(column, dtype=np.int64) for column in zip(*fills, strict=True)) if fills else NONE
    columns = (SPAN[0] + np.cumsum(steps), side, price, size, np.ones(len(size), dtype=np.int64))
    before = Account.opened(CONTRACT, 10**14, position=position, position_mark=1_000)
    found = Positions(SPAN, position)
    account, edges = before, [0, *sorted(min(cut, len(fills)) for cut in cuts), len(fills)]
    for first, past in itertools.pairwise(edges):
        account = account.then(*(column[first:past] for column in columns))
        found.add(account)
    found.close()
    expected = asdict(walked(before.then(*columns), position))
    assert {name: getattr(found, name) for name in expected} == expected


NONE: Any = [np.empty(0, dtype=np.int64)] * 4


@pytest.mark.parametrize(("sell_at", "won"), [(1_000, 0), (1_001, 1)])
def test_a_round_trip_wins_only_if_its_profit_exceeds_the_fees(sell_at: int, won: int) -> None:
    """A size of 2 at 100.0 costs 0.04 per side at the rate 0.0002. A tick of 0.1 earns 0.2."""
    account = Account.opened(CONTRACT, 0).then(*map(np.array, ([150, 250], [1, -1], [1_000, sell_at], [2_000, 2_000], [0, 0])))
    found = Positions(SPAN, 0)
    found.add(account)
    found.close()
    assert (found.round_trips, found.winning_round_trips, found.trip_time, found.held) == (1, won, 100, 100)
