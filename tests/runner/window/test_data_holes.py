"""Holes are found where rows are missing, but not where a market is thin, quiet at night or bursty."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import pytest

from recordings import needs_real_data, real_data
from tickreel.runner.window.data_holes import Hole, find_holes, hole_findings
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.stores.raw import RawStore
from tickreel.v1 import conversion_pb2, market_data_pb2

Int64 = npt.NDArray[np.int64]

SECOND = 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
START = 1_721_260_800 * SECOND  # 2024-07-18T00:00:00Z


def at_random(random: np.random.Generator, mean: float, days: int = 1) -> Int64:
    """Return the times of a Poisson process with a mean gap in seconds."""
    gaps = random.exponential(mean * SECOND, int(days * 86_400 / mean * 1.2) + 10).astype(np.int64)
    times = START + np.cumsum(gaps)
    return times[times < START + days * DAY]


def quiet_at_night(random: np.random.Generator, mean: float, days: int = 3) -> Int64:
    """Return times that are twenty times as dense by day as at night."""
    times = at_random(random, mean, days)
    rate = 0.525 + 0.475 * np.sin(2 * np.pi * (times - START) / DAY)
    return times[random.random(len(times)) < rate]


def in_sweeps(random: np.random.Generator, mean: float, days: int = 3) -> Int64:
    """Return times of sweeps: each time occurs many times, so sweeps are `mean` times their size apart."""
    size = random.geometric(0.05, 1)[0] + 30
    return np.repeat(quiet_at_night(random, mean * size, days), size)


def with_flurries(random: np.random.Generator, mean: float, days: int = 3) -> Int64:
    """Return times of a thin market in which one row in a hundred starts a burst that fades out."""
    times = quiet_at_night(random, mean, days)
    begun = times[random.random(len(times)) < 0.01]
    flurries = [at + np.cumsum(np.geomspace(SECOND // 10, 5 * MINUTE, 100)).astype(np.int64) for at in begun]
    return np.sort(np.concatenate([times, *flurries]))


def heavy_tailed(random: np.random.Generator, mean: float, days: int = 3) -> Int64:
    """Return times with log-normal gaps: one gap in a million is fifty times the median."""
    count = int(days * 86_400 / mean)
    return START + np.cumsum(random.lognormal(np.log(mean * SECOND) - 0.32, 0.8, count).astype(np.int64))


@pytest.mark.parametrize("mean", [0.05, 1, 10, 60, 600, 3600, 6 * 3600])
@pytest.mark.parametrize("market", [at_random, quiet_at_night, in_sweeps, with_flurries, heavy_tailed])
def test_an_uninterrupted_market_has_no_holes(market: Callable[..., Int64], mean: float) -> None:
    days = 1 if mean < 1 else 3 if mean < 60 else 60
    # A day of 1.7 million rows takes a second.
    for seed in range(5 if mean >= 1 else 2):
        assert find_holes(market(np.random.default_rng(seed), mean, days)) == []


@pytest.mark.parametrize(("mean", "hours"), [(0.05, 1 / 5), (1, 1 / 2), (10, 1 / 2), (60, 2), (300, 8), (600, 24)])
def test_removed_rows_leave_a_hole(mean: float, hours: float) -> None:
    for seed in range(5 if mean >= 1 else 2):
        times = at_random(np.random.default_rng(seed), mean, 4)
        begins = START + DAY + 2 * HOUR
        kept = times[(times < begins) | (times > begins + int(hours * HOUR))]
        (hole,) = find_holes(kept)
        assert (hole.start, hole.end) == (times[times < begins][-1], times[times > begins + int(hours * HOUR)][0])


def test_a_hole_between_two_minutes_of_rows_is_found() -> None:
    minute = np.arange(60) * SECOND
    times = START + np.concatenate([minute, minute + 8 * HOUR])
    assert find_holes(times) == [Hole(START + 59 * SECOND, START + 8 * HOUR)]
    # Two sweeps hours apart, or one burst in a quiet market, are not evidence of a hole.
    assert find_holes(START + np.concatenate([minute // 10**6, minute // 10**6 + 8 * HOUR])) == []
    assert find_holes(START + np.concatenate([minute, minute[:5] * 3600 + 8 * HOUR])) == []


def test_daily_holes_are_all_found_longest_first() -> None:
    times = at_random(np.random.default_rng(1), 5, 7)
    hour = (times - START) % DAY // HOUR
    longer = (times - START) // DAY == 3
    kept = times[(hour < 14) | (hour >= np.where(longer, 23, 22))]
    holes = find_holes(kept)
    assert [round(hole.length / HOUR) for hole in holes] == [9, *[8] * 6]
    assert [hole.length for hole in holes] == sorted((hole.length for hole in holes), reverse=True)


def test_a_row_within_a_hole_splits_it() -> None:
    times = at_random(np.random.default_rng(2), 5)
    kept = times[(times < START + 8 * HOUR) | (times > START + 16 * HOUR)]
    holes = find_holes(np.sort(np.append(kept, START + 12 * HOUR)))
    assert [round(hole.length / HOUR) for hole in holes] == [4, 4]


def test_a_hole_is_distinguished_from_quiet_nights() -> None:
    times = quiet_at_night(np.random.default_rng(6), 10, 4)
    kept = times[(times < START + 30 * HOUR) | (times > START + 34 * HOUR)]
    assert find_holes(times) == []
    assert [round(hole.length / HOUR) for hole in find_holes(kept)] == [4]


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_have_no_holes(rows: int) -> None:
    assert find_holes(START + np.arange(rows) * DAY) == []


def _window(start: int, end: int) -> market_data_pb2.TimeWindow:
    window = market_data_pb2.TimeWindow()
    window.start.FromNanoseconds(start)
    window.end.FromNanoseconds(end)
    return window


def _file(times: Int64, data_type: market_data_pb2.DataType) -> conversion_pb2.ConvertedFile:
    return conversion_pb2.ConvertedFile(data_type=data_type, rows=len(times), span=_window(int(times[0]), int(times[-1])))


def _messages(window: tuple[int, int], trades: list[Int64], books: Int64) -> list[str]:
    """Return the messages on holes in a window over files of trades and at most one file of books."""
    files = [_file(times, market_data_pb2.DATA_TYPE_TRADES) for times in trades]
    files += [_file(books, market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5)] if len(books) else []
    ts, book_ts = (times[(times >= window[0]) & (times <= window[1])] for times in (np.concatenate(trades), books))
    rows = MarkRows.of_books(ts, ts, 0, book_ts, book_ts)
    found = list(hole_findings(_window(*window), files, rows))
    assert {finding.code for finding in found} <= {"HOLES"}
    return [finding.message for finding in found]


def test_trades_and_books_have_separate_findings() -> None:
    trades, books = at_random(np.random.default_rng(3), 5), np.arange(START, START + DAY, SECOND)
    books = books[(books <= START + 6 * HOUR) | (books >= START + 7 * HOUR)]
    (message,) = _messages((START, START + DAY - 1), [trades], books)
    span = "2024-07-18T06:00:00Z to 2024-07-18T07:00:00Z (1 h 0 min)"
    assert message == f"the books have a hole, although rows are dense around it: {span}"


def test_many_holes_are_counted_and_the_longest_are_named() -> None:
    times = np.arange(START, START + DAY, SECOND)
    kept = times[(times - START) % HOUR <= 40 * MINUTE]
    (message,) = _messages((START, START + DAY), [kept], np.empty(0, dtype=np.int64))
    # The last 20 minutes extend to the end of the recording, so they are not a hole.
    assert message.startswith(
        "the trades have 23 holes, 7 h 40 min in all, although rows are dense around them: 2024-07-18T00:40:00Z to"
    )
    assert message.endswith(" and 18 more")


def test_a_hole_that_extends_beyond_the_window_is_found() -> None:
    times = at_random(np.random.default_rng(4), 5)
    kept = times[(times < START + 8 * HOUR) | (times > START + 16 * HOUR)]
    for window in ((START, START + 12 * HOUR), (START + 12 * HOUR, START + DAY)):
        (message,) = _messages(window, [kept], np.empty(0, dtype=np.int64))
        assert "(4 h 0 min)" in message


def test_a_missing_day_is_a_hole_only_within_a_file() -> None:
    """PARTLY_COVERED reports days without a file."""
    times = at_random(np.random.default_rng(5), 30, 4)
    first, last = times[times < START + DAY], times[times >= START + 2 * DAY]
    window, none = (START, START + 4 * DAY), np.empty(0, dtype=np.int64)
    assert _messages(window, [first, last], none) == []
    (message,) = _messages(window, [np.concatenate([first, last])], none)
    assert "a hole" in message


@needs_real_data
def test_the_real_recordings_have_no_holes() -> None:
    store = RawStore(real_data())
    for dataset_id in store.dataset_ids():
        for file in store.dataset(dataset_id).files:
            column = pq.read_table(store.root / file.path, columns=["local_timestamp"]).column(0)
            assert find_holes(np.sort(column.to_numpy()).astype(np.int64) * 1000) == [], file.path
