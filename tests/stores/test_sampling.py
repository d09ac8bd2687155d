"""Downsampled rows keep all extremes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickreel.stores.sampling import downsampled_rows, time_parts, window_rows

_rows = st.lists(st.tuples(st.integers(0, 50), st.integers(-100, 100), st.integers(-100, 100)), max_size=300)
Rows = list[tuple[int, int, int]]


def columns_of(rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a clock made of the pauses between rows, and two columns."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return 1_721_300_000_000_000_000 + np.cumsum(table[:, 0]), table[:, 1], table[:, 2]


@given(_rows, st.integers(1, 400))
def test_the_ends_and_extremes_of_each_part_are_kept(rows: Rows, most: int) -> None:
    clock, low, high = columns_of(rows)
    kept = downsampled_rows(clock, most, lowest=[low], highest=[high])
    assert kept.tolist() == sorted(set(kept.tolist()))
    if len(rows) <= most:
        assert kept.tolist() == list(range(len(rows)))
        return
    assert len(kept) <= max(4, most)
    cuts = time_parts(clock, max(1, most // 4))
    for first, past in zip(cuts, [*cuts[1:], len(rows)], strict=True):
        part = kept[(kept >= first) & (kept < past)]
        assert (part[0], part[-1]) == (first, past - 1)
        assert low[part].min() == low[first:past].min()
        assert high[part].max() == high[first:past].max()


@given(_rows, st.integers(1, 50))
def test_parts_are_equal_in_time_and_have_every_row_once(rows: Rows, parts: int) -> None:
    clock, _, _ = columns_of(rows)
    cuts = time_parts(clock, parts)
    if not rows:
        assert not len(cuts)
        return
    assert cuts[0] == 0
    assert (np.diff(cuts) > 0).all()
    assert len(cuts) <= parts
    # In integers: the part of a row is the number of edges at or before it.
    span = int(clock[-1]) - int(clock[0]) + 1
    edges = [int(clock[0]) + number * (span // parts) + number * (span % parts) // parts for number in range(parts)]
    part_of = [sum(edge <= time for edge in edges) for time in clock.tolist()]
    assert cuts.tolist() == [row for row in range(len(rows)) if row == 0 or part_of[row] != part_of[row - 1]]


@given(_rows, st.integers(-10, 3_000), st.integers(-10, 3_000))
def test_a_window_includes_both_ends(rows: Rows, one: int, other: int) -> None:
    clock, _, _ = columns_of(rows)
    start, end = sorted((1_721_300_000_000_000_000 + one, 1_721_300_000_000_000_000 + other))
    inside = [row for row, time in enumerate(clock.tolist()) if start <= time <= end]
    assert list(range(len(rows)))[window_rows(clock, start, end)] == inside


def test_all_of_time_is_a_window() -> None:
    clock, _, _ = columns_of([(1, 0, 0)] * 3)
    assert window_rows(clock, -(2**63), 2**63 - 1) == slice(0, 3)
