import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickreel.converter.replay_clock import crowded_instants, replay_times

START = 1_700_000_000_000_000
RECORDED = st.lists(st.integers(0, 5), min_size=1, max_size=50)


@given(RECORDED, st.integers(1, 700))
def test_times_are_strictly_increasing_and_as_early_as_can_be(steps: list[int], repeat: int) -> None:
    recorded = np.repeat(START + np.cumsum(steps), repeat)
    times = replay_times(recorded)
    assert (np.diff(times) > 0).all()
    assert (times >= recorded * 1000).all()
    late = times > recorded * 1000
    assert (times[1:][late[1:]] - times[:-1][late[1:]] == 1).all(), "later than recorded only where the row before pushes"
    assert not late[0]


@given(RECORDED, st.integers(1, 700))
def test_crowded_instants_are_where_a_window_would_lose_rows(steps: list[int], repeat: int) -> None:
    recorded = np.repeat(START + np.cumsum(steps), repeat)
    times = replay_times(recorded)
    expected = {}
    for instant, time in zip(recorded.tolist(), times.tolist(), strict=True):
        if time // 1000 != instant or instant * 1000 in expected:
            expected[instant * 1000] = time
    assert crowded_instants(recorded, times) == sorted(expected.items())


def test_a_thousand_rows_have_room_in_a_microsecond() -> None:
    for rows, crowded in ((1000, []), (1001, [(START * 1000, START * 1000 + 1000)])):
        recorded = np.full(rows, START)
        assert crowded_instants(recorded, replay_times(recorded)) == crowded
