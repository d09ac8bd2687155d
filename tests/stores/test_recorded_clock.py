"""Replay times are converted back to recorded times."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickreel.stores.recorded_clock import RecordedClock
from tickreel.stores.replay_clock import MICROSECOND, clock_step, crowded_instants, trade_times

_START = 1_721_347_200_000_000_000


def _round_trip(recorded: np.ndarray) -> None:
    ts_init = trade_times(recorded)
    step = clock_step(recorded)
    clock = RecordedClock.of(step, crowded_instants(recorded, ts_init, step))
    assert clock.recorded(ts_init).tolist() == recorded.tolist()


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.sampled_from([1, MICROSECOND]))
def test_ties_give_their_recorded_times(offsets: list[int], unit: int) -> None:
    _round_trip(_START + np.sort(np.array(offsets, dtype=np.int64)) * unit)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 1_500)), min_size=1, max_size=5))
def test_crowded_microseconds_give_their_recorded_times(ties: list[tuple[int, int]]) -> None:
    recorded = np.concatenate([np.full(rows, _START + step * MICROSECOND) for step, rows in ties])
    _round_trip(np.sort(recorded))


def test_a_time_between_rows_is_in_its_step() -> None:
    clock = RecordedClock.of(MICROSECOND, [(_START, _START + 1_199)])
    times = np.array([_START - 1, _START, _START + 1_199, _START + 1_200, _START + 2_001])
    expected = [_START - MICROSECOND, _START, _START, _START + MICROSECOND, _START + 2 * MICROSECOND]
    assert clock.recorded(times).tolist() == expected
