"""The profit of a run as a curve to look at: every extreme of its parts, however the rows came."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickreel.runner.ledger.pnl_sketch import PARTS, PnlSketch

START = 1_721_300_000_000_000_000


def points(ts: list[int], equity: list[int], cuts: list[int]) -> list[float]:
    """Those of rows that came in portions; two decimals, from an equity of 10.00."""
    sketch = PnlSketch(1_000, (ts[0], ts[-1]))
    for portion in np.split(np.arange(len(ts)), cuts):
        sketch.add(np.array(ts, dtype=np.int64)[portion], np.array(equity, dtype=np.int64)[portion])
    return sketch.points(2)


def test_each_part_has_its_extremes_in_their_order_and_none_is_left_out() -> None:
    """Ten rows a second in the first and the last of the parts, nothing between them."""
    last = START + (PARTS - 1) * 1_000_000_000
    ts = [start + tenth * 100_000_000 for start in (START, last) for tenth in range(10)]
    equity = [1_000, 1_300, 900, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, *range(1_010, 1_000, -1)]
    found = points(ts, equity, [])
    assert found == [3.0, -1.0, *[-1.0] * (2 * PARTS - 4), 0.1, 0.01]


def test_nothing_is_drawn_without_a_row() -> None:
    assert PnlSketch(1_000, (START, START + 10)).points(2) == []


@given(
    st.lists(st.tuples(st.integers(0, 10**12), st.integers(-(10**12), 10**12)), min_size=1, max_size=60),
    st.lists(st.integers(0, 60), max_size=5),
)
def test_it_is_the_same_however_the_rows_came_and_keeps_the_extremes(rows: list[tuple[int, int]], cuts: list[int]) -> None:
    ts, equity = [START + at for at, _ in sorted(rows)], [value for _, value in sorted(rows)]
    whole = points(ts, equity, [])
    assert points(ts, equity, sorted(cuts)) == whole
    assert len(whole) == 2 * PARTS
    # It begins with nothing won and nothing lost where its first part has no row.
    profits = [0.0, *(float(f"{(value - 1_000) / 100:.6g}") for value in equity)]
    assert {min(profits[1:]), max(profits[1:])} <= set(whole) <= set(profits)
