"""The profit curve for lists keeps the extremes of every part, however the rows are batched."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickreel.runner.ledger.pnl_sketch import PARTS, PnlSketch

START = 1_721_300_000_000_000_000


def points(ts: list[int], equity: list[int], cuts: list[int]) -> list[float]:
    """Return the points of rows that are added in batches; equity has two decimals and starts at 10.00."""
    sketch = PnlSketch(1_000, (ts[0], ts[-1]))
    for batch in np.split(np.arange(len(ts)), cuts):
        sketch.add(np.array(ts, dtype=np.int64)[batch], np.array(equity, dtype=np.int64)[batch])
    return sketch.points(2)


def test_each_part_has_its_extremes_in_order_of_time_and_empty_parts_repeat_the_last_point() -> None:
    """Ten rows in the first part and ten in the last one, none in between."""
    last = START + (PARTS - 1) * 1_000_000_000
    ts = [start + tenth * 100_000_000 for start in (START, last) for tenth in range(10)]
    equity = [1_000, 1_300, 900, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, *range(1_010, 1_000, -1)]
    found = points(ts, equity, [])
    assert found == [3.0, -1.0, *[-1.0] * (2 * PARTS - 4), 0.1, 0.01]


def test_without_rows_there_are_no_points() -> None:
    assert PnlSketch(1_000, (START, START + 10)).points(2) == []


@given(
    st.lists(st.tuples(st.integers(0, 10**12), st.integers(-(10**12), 10**12)), min_size=1, max_size=60),
    st.lists(st.integers(0, 60), max_size=5),
)
def test_the_curve_does_not_depend_on_batches_and_keeps_the_extremes(rows: list[tuple[int, int]], cuts: list[int]) -> None:
    ts, equity = [START + at for at, _ in sorted(rows)], [value for _, value in sorted(rows)]
    whole = points(ts, equity, [])
    assert points(ts, equity, sorted(cuts)) == whole
    assert len(whole) == 2 * PARTS
    # The curve starts at 0 if its first part has no row.
    profits = [0.0, *(float(f"{(value - 1_000) / 100:.6g}") for value in equity)]
    assert {min(profits[1:]), max(profits[1:])} <= set(whole) <= set(profits)
