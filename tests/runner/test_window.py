"""A window means the recorder's clock, however far its rows are spread over the nanoseconds behind it."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickreel.runner.window import replay_window
from tickreel.v1.conversion_pb2 import ConvertedFile

MICROSECOND = 1_000


def replay_times(recorded: np.ndarray) -> np.ndarray:
    """Strictly increasing times, none before the recorded one: how the catalog is written."""
    row = np.arange(len(recorded))
    return np.maximum.accumulate(recorded * MICROSECOND - row) + row


def converted(recorded: np.ndarray) -> ConvertedFile:
    """A file with the instants of its rows that ran past their microsecond."""
    file = ConvertedFile()
    times = replay_times(recorded)
    for instant in np.unique(recorded[times // MICROSECOND != recorded]).tolist():
        last = int(times[recorded == instant].max())
        file.crowded.add(recorded=instant * MICROSECOND, last_ts_init=last)
    return file


@st.composite
def recordings(draw: st.DrawFn, base: int = 1_582_329_600_000_000) -> np.ndarray:
    """Microseconds of rows, with single rows, ties, and thousands in one microsecond, close together and far apart."""
    runs = draw(
        st.lists(
            st.tuples(st.sampled_from([0, 1, 1, 2, 3, 5, 1000]), st.sampled_from([1, 1, 2, 3, 999, 1000, 1001, 2500, 4001])),
            min_size=1,
            max_size=6,
        )
    )
    instants = base + np.cumsum([gap for gap, _ in runs])
    return np.repeat(instants, [rows for _, rows in runs])


def edges(recorded: np.ndarray) -> st.SearchStrategy[int]:
    """Instants around the rows, to the nanosecond."""
    near = st.sampled_from(sorted({int(instant) for instant in recorded}))
    off = st.sampled_from([0, 1, 999, 1000, 1001, 2000, 3500, -1, -999, -1000, -1001]) | st.integers(-6_000, 6_000)
    return st.tuples(near, off).map(lambda pair: pair[0] * MICROSECOND + pair[1])


@given(st.data())
def test_exactly_the_rows_recorded_in_the_window_are_replayed(data: st.DataObject) -> None:
    recorded = data.draw(recordings())
    start, end = data.draw(edges(recorded)), data.draw(edges(recorded))
    times = replay_times(recorded)
    first, last = replay_window([converted(recorded)], start, end)
    wanted = (recorded * MICROSECOND >= start) & (recorded * MICROSECOND <= end)
    replayed = (times >= first) & (times <= last)
    assert np.array_equal(wanted, replayed)


@given(st.data())
def test_files_of_different_days_are_one_recording(data: st.DataObject) -> None:
    day = 86_400_000_000
    days: Sequence[np.ndarray] = [data.draw(recordings(1_582_329_600_000_000 + number * day)) for number in range(2)]
    both = np.concatenate(days)
    start, end = data.draw(edges(both)), data.draw(edges(both))
    first, last = replay_window([converted(recorded) for recorded in days], start, end)
    for recorded in days:
        times = replay_times(recorded)
        wanted = (recorded * MICROSECOND >= start) & (recorded * MICROSECOND <= end)
        assert np.array_equal(wanted, (times >= first) & (times <= last))


def test_a_window_without_crowds_ends_with_the_last_nanosecond_of_its_microsecond() -> None:
    assert replay_window([], 5_000, 9_000) == (5_000, 9_999)
    assert replay_window([], 5_001, 9_999) == (6_000, 9_999)
    assert replay_window([ConvertedFile()], 0, 0) == (0, 999)


def test_a_window_between_two_ticks_of_the_clock_is_empty() -> None:
    first, last = replay_window([], 5_001, 5_002)
    assert first > last


def test_the_rows_of_a_crowd_belong_to_the_instant_that_recorded_them() -> None:
    file = ConvertedFile()
    file.crowded.add(recorded=10_000, last_ts_init=12_500)
    assert replay_window([file], 0, 10_000) == (0, 12_500)
    assert replay_window([file], 10_001, 20_000) == (12_501, 20_999)
    assert replay_window([file], 0, 9_999) == (0, 9_999)
