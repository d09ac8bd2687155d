"""A window selects rows by recorded time, even where their replay times run past the recorded microsecond."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings import BTC
from small_catalog import ENGINE_ID, START, replay_config, write_books, write_trades
from tickreel.rpc.errors import TickreelError
from tickreel.runner.run_spec import RunSpec
from tickreel.runner.window.window import Window, replay_span
from tickreel.stores.catalog import CatalogFile, CatalogStore, Origin
from tickreel.stores.depths import NO_LEVEL
from tickreel.v1 import result_pb2, run_pb2
from tickreel.v1.conversion_pb2 import ConvertedFile

MICROSECOND = 1_000


def replay_times(recorded: np.ndarray) -> np.ndarray:
    """Return replay times as the catalog assigns them: strictly increasing, none before its recorded time."""
    row = np.arange(len(recorded))
    return np.maximum.accumulate(recorded * MICROSECOND - row) + row


def file_of(*crowded: tuple[int, int], step: int = MICROSECOND) -> CatalogFile:
    """Return the record of a file with a clock step, and with recorded times whose rows ran past their step."""
    return CatalogFile(Origin("raw", 1, 2, "id", "engine"), BTC, 1, 3, ConvertedFile(clock_step=step), crowded)


def converted(recorded: np.ndarray) -> CatalogFile:
    """Return the record of a file for recorded times in microseconds."""
    times = replay_times(recorded)
    instants = np.unique(recorded[times // MICROSECOND != recorded]).tolist()
    return file_of(*((instant * MICROSECOND, int(times[recorded == instant].max())) for instant in instants))


@st.composite
def recordings(draw: st.DrawFn, base: int = 1_582_329_600_000_000) -> np.ndarray:
    """Draw recorded microseconds: single rows, ties and thousands in one microsecond, close together and far apart."""
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
    """Return a strategy of instants near the rows, in nanoseconds."""
    near = st.sampled_from(sorted({int(instant) for instant in recorded}))
    off = st.sampled_from([0, 1, 999, 1000, 1001, 2000, 3500, -1, -999, -1000, -1001]) | st.integers(-6_000, 6_000)
    return st.tuples(near, off).map(lambda pair: pair[0] * MICROSECOND + pair[1])


@given(st.data())
def test_exactly_the_rows_recorded_in_the_window_are_replayed(data: st.DataObject) -> None:
    recorded = data.draw(recordings())
    start, end = data.draw(edges(recorded)), data.draw(edges(recorded))
    times = replay_times(recorded)
    first, last = replay_span(converted(recorded), start, end)
    wanted = (recorded * MICROSECOND >= start) & (recorded * MICROSECOND <= end)
    replayed = (times >= first) & (times <= last)
    assert np.array_equal(wanted, replayed)


@given(st.data())
def test_the_span_of_each_file_depends_only_on_its_own_rows(data: st.DataObject) -> None:
    day = 86_400_000_000
    days: Sequence[np.ndarray] = [data.draw(recordings(1_582_329_600_000_000 + number * day)) for number in range(2)]
    both = np.concatenate(days)
    start, end = data.draw(edges(both)), data.draw(edges(both))
    for recorded in days:
        first, last = replay_span(converted(recorded), start, end)
        times = replay_times(recorded)
        wanted = (recorded * MICROSECOND >= start) & (recorded * MICROSECOND <= end)
        assert np.array_equal(wanted, (times >= first) & (times <= last))


def test_a_window_ends_with_the_last_nanosecond_of_its_microsecond() -> None:
    file = file_of()
    assert replay_span(file, 5_000, 9_000) == (5_000, 9_999)
    assert replay_span(file, 5_001, 9_999) == (6_000, 9_999)
    assert replay_span(file, 0, 0) == (0, 999)


def test_a_window_on_a_nanosecond_clock_is_exact_to_the_nanosecond() -> None:
    assert replay_span(file_of(step=1), 5_001, 9_002) == (5_001, 9_002)
    assert replay_span(file_of((5_000, 5_003), (9_002, 9_004), step=1), 5_001, 9_002) == (5_004, 9_004)


def test_a_window_between_two_ticks_of_the_clock_is_empty() -> None:
    first, last = replay_span(file_of(), 5_001, 5_002)
    assert first > last


def test_rows_past_their_microsecond_belong_to_their_recorded_time() -> None:
    file = file_of((10_000, 12_500))
    assert replay_span(file, 0, 10_000) == (0, 12_500)
    assert replay_span(file, 10_001, 20_000) == (12_501, 20_999)
    assert replay_span(file, 0, 9_999) == (0, 9_999)


def window_of(
    folder: Path, trades: list[tuple[int, int, int, int]], books: list, crowded: tuple[tuple[int, int], ...] = ()
) -> Window:
    """Return a window over rows, which are written to a catalog first. `crowded` belongs to the file of trades."""
    catalog = CatalogStore(folder / "catalog")
    messages = []
    for written in (write_trades(folder, trades), write_books(folder, books)):
        message = ConvertedFile(
            data_type=written.data_type, clock_step=MICROSECOND, price_precision=1, size_precision=3, digest=written.path.name
        )
        message.span.start.FromNanoseconds(written.first)
        message.span.end.FromNanoseconds(written.last)
        record = CatalogFile(Origin(written.path.name, 1, 2, ENGINE_ID, "engine"), BTC, 1, 3, message, crowded)
        crowded = ()
        table = pq.read_table(written.path)
        with catalog.incoming() as incoming:
            pq.write_table(table.replace_schema_metadata(record.to_metadata()), incoming, use_compliant_nested_type=False)
            messages.append(catalog.place(incoming, record, [written.path.name]).converted)
    run = run_pb2.Run(config=replay_config(mode=result_pb2.SNAPSHOT_MODE_BOTH))
    return Window(RunSpec(run, messages, [], catalog.root, folder, folder, folder, {}, 1_000, 50_000, 1))


BIDS, ASKS = [(999, 3)], [(1_001, 5), (1_002, 1)]


def test_a_window_returns_trade_prices_and_mid_prices(tmp_path: Path) -> None:
    books = [(START, [], ASKS), (START + 1, BIDS, ASKS), (START + 2, BIDS, []), (START + 3, [(1_000, 1)], ASKS)]
    window = window_of(tmp_path, [(START, 1, 1_000, 1), (START + 9, 0, 1_003, 2)], books)
    times, prices = window.times_and_prices()
    assert (times - START).tolist() == [0, 9]
    assert prices.tolist() == [1_000, 1_003]
    times, mids = window.times_and_mids()
    assert (times - START).tolist() == [0, 1, 2, 3]
    # A book without a side has the mid price of the book before it.
    assert mids.tolist() == [NO_LEVEL, 10_000, 10_000, 10_005]


def test_a_window_with_all_trades_before_the_books_of_their_microsecond_is_in_order(tmp_path: Path) -> None:
    trades = [(START + 5_000 + row, 1, 1_000, 1) for row in range(900)]
    window = window_of(tmp_path, trades, [(START, BIDS, ASKS), (START + 5_999, BIDS, ASKS)])
    window.check_order(window.times_and_prices()[0], window.times_and_mids()[0])


def test_a_trade_after_a_book_of_its_microsecond_is_refused(tmp_path: Path) -> None:
    trades = [(START + 5_000 + row, 1, 1_000, 1) for row in range(1_000)]
    window = window_of(tmp_path, trades, [(START, BIDS, ASKS), (START + 5_998, BIDS, ASKS), (START + 5_999, BIDS, ASKS)])
    with pytest.raises(TickreelError, match=r"more trades recorded at 2024-07-18T10:53:20\.000005Z") as refusal:
        window.check_order(window.times_and_prices()[0], window.times_and_mids()[0])
    assert refusal.value.reason == "DATA_REFUSED"
    assert [violation.field for violation in refusal.value.violations] == ["time_window"]


def test_trades_that_run_past_their_microsecond_and_a_book_are_refused(tmp_path: Path) -> None:
    trades = [(START + row, 1, 1_000, 1) for row in range(1_500)]
    books = [(START + 999, BIDS, ASKS), (START + 9_999, BIDS, ASKS)]
    window = window_of(tmp_path, trades, books, ((START, START + 1_499),))
    with pytest.raises(TickreelError, match="than fit before the book of that microsecond"):
        window.check_order(window.times_and_prices()[0], window.times_and_mids()[0])
