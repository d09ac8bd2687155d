import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickreel.stores.replay_clock import book_times, clock_step, crowded_instants, overfull, trade_times

START = 1_700_000_000_000_000_000
# Steps of the recorder's clock in nanoseconds, including ties, and how often each time repeats.
STEPS = st.lists(st.one_of(st.integers(0, 3).map(lambda us: us * 1000), st.integers(0, 2500)), min_size=1, max_size=50)
WHOLE_STEPS = st.lists(st.integers(0, 5).map(lambda us: us * 1000), min_size=1, max_size=50)
REPEATS = st.integers(1, 700)


def _recorded(steps: list[int], repeat: int) -> np.ndarray:
    return np.repeat(START + np.cumsum(steps), repeat)


@given(STEPS, REPEATS)
def test_trade_times_are_strictly_increasing_and_as_early_as_possible(steps: list[int], repeat: int) -> None:
    recorded = _recorded(steps, repeat)
    times = trade_times(recorded)
    assert (np.diff(times) > 0).all()
    assert (times >= recorded).all()
    late = times > recorded
    assert (times[1:][late[1:]] - times[:-1][late[1:]] == 1).all(), (
        "a trade is later than recorded only if the row before delays it"
    )
    assert not late[0]


@given(STEPS, REPEATS)
def test_book_times_are_strictly_increasing_and_as_late_as_possible(steps: list[int], repeat: int) -> None:
    recorded = _recorded(steps, repeat)
    times = book_times(recorded)
    end = recorded // 1000 * 1000 + 999
    assert (np.diff(times) > 0).all()
    assert (times <= end).all()
    early = times < end
    assert (times[1:][early[:-1]] - times[:-1][early[:-1]] == 1).all(), (
        "a book is earlier than its end only if the row after requires it"
    )
    assert not early[-1]


@given(WHOLE_STEPS, REPEATS)
def test_the_two_clocks_are_mirror_images(steps: list[int], repeat: int) -> None:
    recorded = _recorded(steps, repeat)
    mirrored = 2 * START - recorded[::-1]
    assert (book_times(recorded) == 2 * START + 999 - trade_times(mirrored)[::-1]).all()


@given(STEPS, REPEATS)
def test_trade_times_depend_on_earlier_rows_only_and_book_times_on_later_ones_only(steps: list[int], repeat: int) -> None:
    recorded = _recorded(steps, repeat)
    cut = len(recorded) // 2
    assert (trade_times(recorded)[:cut] == trade_times(recorded[:cut])).all(), "later rows do not move a trade"
    assert (book_times(recorded)[cut:] == book_times(recorded[cut:])).all(), "earlier rows do not move a book"


@given(WHOLE_STEPS, st.integers(1, 500), st.integers(1, 500))
def test_trades_come_before_the_books_of_their_microsecond(steps: list[int], trades: int, books: int) -> None:
    instants = np.unique(_recorded(steps, 1))
    last_trade = trade_times(np.repeat(instants, trades)).reshape(-1, trades)[:, -1]
    first_book = book_times(np.repeat(instants, books)).reshape(-1, books)[:, 0]
    assert (last_trade < first_book).all()
    assert (first_book[:-1] < instants[1:]).all()


@given(STEPS, REPEATS)
def test_crowded_instants_are_where_a_window_would_lose_rows(steps: list[int], repeat: int) -> None:
    recorded = _recorded(steps, repeat)
    times = trade_times(recorded)
    step = clock_step(recorded)
    expected = {}
    for instant, time in zip(recorded.tolist(), times.tolist(), strict=True):
        if not instant <= time < instant + step or instant in expected:
            expected[instant] = time
    assert crowded_instants(recorded, times, step) == sorted(expected.items())


@pytest.mark.parametrize(("rows", "crowded"), [(1000, []), (1001, [(START, START + 1000)])])
def test_a_thousand_trades_have_room_in_a_microsecond(rows: int, crowded: list[tuple[int, int]]) -> None:
    recorded = np.full(rows, START)
    assert crowded_instants(recorded, trade_times(recorded), 1000) == crowded


def test_a_nanosecond_has_room_for_one() -> None:
    recorded = START + np.array([1, 2, 2, 9])
    assert clock_step(recorded) == 1
    assert crowded_instants(recorded, trade_times(recorded), 1) == [(START + 2, START + 3)]


@pytest.mark.parametrize(("times", "step"), [([0, 1000, 5000], 1000), ([0, 1000, 5001], 1), ([999], 1), ([10**6], 1000)])
def test_the_step_is_a_nanosecond_where_a_time_is_no_whole_microsecond(times: list[int], step: int) -> None:
    assert clock_step(START + np.array(times)) == step


@given(STEPS, st.sampled_from([1, 333, 500, 1000, 1001]))
def test_a_microsecond_with_more_than_a_thousand_books_is_overfull(steps: list[int], repeat: int) -> None:
    recorded = _recorded(steps, repeat)
    micros = recorded // 1000
    expected = [int((micros == micro).sum()) > 1000 for micro in micros.tolist()[::repeat]]
    assert overfull(recorded, book_times(recorded)).tolist() == np.repeat(expected, repeat).tolist()
