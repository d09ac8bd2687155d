"""The outcome of a replay does not depend on its plan."""

import dataclasses
import os
import random
import signal
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from child_processes import children_running
from overlapping import convert, expected_view, in_view_order, recordings
from small_catalog import START, WINDOW, replay_config, window_rows, write_books, write_trades
from tickreel.engine.copying_strategy import NOT_IN_LOTS
from tickreel.engine.replay import ReplayFile, Shortcuts
from tickreel.engine.strategy import ReplayStrategy
from tickreel.engine.tape import KINDS, Tape
from tickreel.rpc.errors import TickreelError
from tickreel.runner.ledger.ledger import Ledger
from tickreel.runner.ledger.outcome import Outcome, summarise
from tickreel.runner.replay.replay_plan import ReplayPlan
from tickreel.runner.replay.shortcuts import shortcuts_of
from tickreel.runner.replay.slice_process import SegmentReplay, counts_of
from tickreel.runner.replay.slices import PlanReplay
from tickreel.runner.run_spec import RunSpec
from tickreel.runner.strategies.temp_backtest import TempBacktestStrategy
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.runner.window.print_order import PrintOrder
from tickreel.runner.window.window import Window
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.v1 import run_config_pb2, run_pb2
from tickreel.v1.result_pb2 import SNAPSHOT_MODE_BOTH, SNAPSHOT_MODE_TRADES, SnapshotMode

STEP = 1_000_000
# Enough for ties and for partial fills. A slice costs the start of an engine, whatever its rows.
COUNT = 24


def market(folder: Path, seed: int, rows: int) -> tuple[list[ReplayFile], MarkRows, MarkRows]:
    """Write trades and books around one price, some at equal times.

    Returns:
        The files, the rows of a replay of trades, and the rows of a replay of both.
    """
    draw = random.Random(seed)
    instants = sorted(draw.randrange(rows) for _ in range(rows))
    ts = [START + instant * STEP + number for number, instant in enumerate(instants)]
    price = [1_000 + draw.randrange(-3, 4) for _ in ts]
    trades = write_trades(folder, [(at, draw.randrange(2), p, draw.randrange(1, 9)) for at, p in zip(ts, price, strict=True)])
    book_ts = [START + at * STEP + 999_999 for at in sorted(draw.sample(range(rows), max(rows // 3, 1)))]

    def side(best: int, step: int) -> list[tuple[int, int]]:
        return [(best + step * (level + draw.randrange(2)), draw.randrange(1, 9)) for level in range(0, 4, 2)]

    books = write_books(folder, [(at, side(999, -1), side(1_000, 1)) for at in book_ts])
    times, prices, mids = np.array(ts), np.array(price), np.full(len(book_ts), 9_995)
    return [trades, books], MarkRows.of_trades(times, prices, 1), MarkRows.of_books(times, prices, 1, np.array(book_ts), mids)


def parts(tapes: Iterable[Tape]) -> list[list[Any]]:
    """Return the joined columns of consecutive tapes, with orders numbered across all tapes and reasons by name."""
    joined: list[list[Any]] = []
    before = 0
    for tape in tapes:
        orders, fills, ends = tape.orders, tape.fills, tape.ends
        columns = [column.tolist() for table in (orders, fills) for column in vars(table).values()]
        columns += [ends.ts.tolist(), ends.kind.tolist(), [ends.reasons[code] for code in ends.reason]]
        columns += [(fills.order + before).tolist(), (ends.order + before).tolist()]
        joined = [one + more for one, more in zip(joined or [[] for _ in columns], columns, strict=True)]
        before += tape.order_count
    # Without the numbers of orders within each tape, which depend on the plan.
    return joined[:4] + joined[5:]


def replayed(
    folder: Path,
    config: run_config_pb2.RunConfig,
    files: list[ReplayFile],
    plan: ReplayPlan,
    processes: int = 1,
    shortcuts: Shortcuts = Shortcuts(frozen_account=True),  # noqa: B008 - frozen
) -> list[Tape]:
    """Replay a plan and return its tapes, in the order in which they are delivered."""
    folder.mkdir()
    tapes: list[Tape] = []
    replay = PlanReplay(SegmentReplay(config, files, folder, 1_000), plan, processes)
    replay.run(tapes.append, shortcuts)
    rows, book_rows, *others = map(sum, zip(*map(counts_of, tapes), strict=True))
    assert replay.counts == (rows, book_rows - sum(segment.repeats for segment in plan.segments), *others)
    # Saved tapes are deleted. A killed process leaves its view of the catalog, which goes with the scratch folder of the run.
    assert list(folder.glob("tape-*")) == []
    return tapes


@pytest.mark.parametrize("mode", [SNAPSHOT_MODE_TRADES, SNAPSHOT_MODE_BOTH], ids=["trades", "both"])
@pytest.mark.parametrize("seed", range(6))
def test_orders_fills_and_ends_do_not_depend_on_the_slices(mode: SnapshotMode, seed: int, tmp_path: Path) -> None:
    files, of_trades, of_both = market(tmp_path / "files", seed, COUNT)
    files, rows = (files[:1], of_trades) if mode == SNAPSHOT_MODE_TRADES else (files, of_both)
    kind: dict[str, Any] = {"time_in_force": ["IOC", "FOK"][seed % 2], "order_type": ["LIMIT", "MARKET"][seed // 2 % 2]}
    config = replay_config(1e9, mode=mode, **kind)
    whole = replayed(tmp_path / "whole", config, files, ReplayPlan.whole(rows, *WINDOW, "for comparison"))
    assert whole[0].order_count == COUNT
    assert whole[0].fill_count
    for most in (1, 5, COUNT - 1):
        plan = ReplayPlan.of(config, TempBacktestStrategy, rows, WINDOW, most, 1)
        first_book = int(rows.book_ts[0]) if len(rows.book_ts) else 0
        assert len(plan.segments) >= -(-COUNT // most) - np.count_nonzero(rows.ts <= first_book)
        assert sum(segment.rows for segment in plan.segments) == COUNT
        # Without the engine's risk checks the outcome is the same, too.
        shortcuts = shortcuts_of(config, TempBacktestStrategy, rows)
        assert shortcuts == Shortcuts(frozen_account=True, no_risk_checks=True)
        assert parts(replayed(tmp_path / str(most), config, files, plan, shortcuts=shortcuts)) == parts(whole)


def test_an_order_not_in_lots_is_denied_in_every_slice(tmp_path: Path) -> None:
    files, rows, _ = market(tmp_path / "files", 8, COUNT)
    config = replay_config(1e9)
    config.instrument.lot_size = 0.003
    whole = replayed(tmp_path / "whole", config, files[:1], ReplayPlan.whole(rows, *WINDOW, "for comparison"))
    ends = whole[0].ends
    assert ends.reasons == (NOT_IN_LOTS,)
    assert (whole[0].orders.quantity[ends.order] % 3 != 0).all()
    assert (whole[0].fills.quantity % 3 == 0).all()
    assert len(ends.order) + whole[0].fill_count == COUNT
    for most in (1, 9):
        plan = ReplayPlan.of(config, TempBacktestStrategy, rows, WINDOW, most, 1)
        shortcuts = shortcuts_of(config, TempBacktestStrategy, rows)
        assert shortcuts.no_risk_checks
        assert parts(replayed(tmp_path / str(most), config, files[:1], plan, shortcuts=shortcuts)) == parts(whole)


@pytest.mark.parametrize("mode", [SNAPSHOT_MODE_TRADES, SNAPSHOT_MODE_BOTH], ids=["trades", "both"])
@settings(max_examples=8, deadline=None, derandomize=True)
@given(data=st.data())
def test_files_that_overlap_in_time_are_replayed_equally_in_all_slices(
    tmp_path_factory: pytest.TempPathFactory, mode: SnapshotMode, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("overlapping")
    # Windows with books and many trades at one time are refused.
    found = data.draw(recordings(TRADES, most_at_once=700 if mode == SNAPSHOT_MODE_TRADES else 20))
    files = convert(folder, found)
    if mode == SNAPSHOT_MODE_BOTH:
        files += convert(folder, data.draw(recordings(BOOK_SNAPSHOT_5)), BOOK_SNAPSHOT_5)
    config = replay_config(1e9, mode=mode)
    scratch = folder / "scratch"
    scratch.mkdir()
    messages = [file.converted for file in files]
    run, catalog = run_pb2.Run(config=config), folder / "parquet"
    window = Window(RunSpec(run, messages, [], catalog, folder, folder, scratch, {}, 1_000, 1, 1))
    times, prices = window.times_and_prices()
    rows = MarkRows.of_trades(times, prices, 1)
    if mode == SNAPSHOT_MODE_BOTH:
        rows = MarkRows.of_books(times, prices, 1, *window.times_and_mids())
    prints = PrintOrder.of(window.exchange_times())
    parts_of_window = [part.file for part in window.parts]
    whole = replayed(
        folder / "whole", config, parts_of_window, ReplayPlan.whole(rows, window.start, window.end, "for comparison")
    )
    # The engine replays the rows in the order of the catalog view: each order has the time and price of its row.
    view = expected_view(in_view_order(files[: len(found)], found))
    assert (whole[0].rows, whole[0].book_rows) == (len(view), len(rows.book_ts))
    orders = whole[0].orders
    met = list(zip(orders.ts_submitted.tolist(), orders.price.tolist(), strict=True))
    assert met == [(ts, row.price) for ts, row in view]
    cuts = prints.cuts if mode == SNAPSHOT_MODE_TRADES else None
    for most in {len(view) // 60 + 1, len(view) // 7 + 1, len(view) // 2 + 1}:
        plan = ReplayPlan.of(config, TempBacktestStrategy, rows, (window.start, window.end), most, 1, cuts)
        assert parts(replayed(folder / f"most{most}", config, parts_of_window, plan)) == parts(whole)


def test_no_two_slices_have_trades_of_the_same_instant(tmp_path: Path) -> None:
    ts = np.repeat(START + 100 + np.arange(5) * STEP, [1, 3, 3, 1, 4])
    books = np.repeat(START + np.arange(3) * 2 * STEP, 2)
    rows = MarkRows.of_books(ts, np.full(12, 1_000), 1, books, np.full(6, 9_995))
    for most in range(1, 12):
        plan = ReplayPlan.of(replay_config(), TempBacktestStrategy, rows, WINDOW, most, 1)
        for segment in plan.segments:
            assert segment.rows == np.count_nonzero((ts >= segment.start) & (ts <= segment.end))
            assert segment.book_rows == np.count_nonzero((books >= segment.books_from) & (books <= segment.end))
            assert segment.repeats == np.count_nonzero((books >= segment.books_from) & (books < segment.start))
        assert sum(segment.rows for segment in plan.segments) == 12
        assert sum(segment.book_rows - segment.repeats for segment in plan.segments) == 6


def test_slices_of_child_processes_are_handed_on_in_order(tmp_path: Path) -> None:
    files, _, rows = market(tmp_path / "files", 3, 400)
    config = replay_config(1e9, mode=SNAPSHOT_MODE_BOTH)
    whole = replayed(tmp_path / "whole", config, files, ReplayPlan.whole(rows, *WINDOW, "for comparison"))
    assert len(whole[0].ends.order)
    plan = ReplayPlan.of(config, TempBacktestStrategy, rows, WINDOW, 60, 3)
    tapes = replayed(tmp_path / "children", config, files, plan, 3)
    assert parts(tapes) == parts(whole)
    assert [tape.rows for tape in tapes] == [segment.rows for segment in plan.segments]
    assert [tape.book_rows for tape in tapes] == [segment.book_rows for segment in plan.segments]
    assert sum(segment.book_rows - segment.repeats for segment in plan.segments) == len(rows.book_ts)


def test_a_child_process_that_dies_is_replaced_and_its_slice_replayed_again(tmp_path: Path) -> None:
    files, rows, _ = market(tmp_path / "files", 4, 3_000)
    config = replay_config(1e9)
    plan = ReplayPlan.of(config, TempBacktestStrategy, rows, WINDOW, 500, 2)
    whole = replayed(tmp_path / "whole", config, files[:1], ReplayPlan.whole(rows, *WINDOW, "for comparison"))
    killed: list[int] = []

    def kill_one() -> None:
        while not killed:
            killed.extend(children_running("tickreel.runner.replay.slice_process")[:1])
            time.sleep(0.01)
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    tapes = replayed(tmp_path / "sliced", config, files[:1], plan, processes=2)
    killer.join()
    assert killed
    assert parts(tapes) == parts(whole)
    assert children_running("tickreel.runner.replay.slice_process") == []


def test_a_slice_that_the_engine_cannot_replay_fails_the_run_with_its_reason(tmp_path: Path) -> None:
    files, rows, _ = market(tmp_path / "files", 5, 200)
    config = replay_config(1e9)
    plan = ReplayPlan.of(config, TempBacktestStrategy, rows, WINDOW, 50, 2)
    files[0].path.write_bytes(b"no Parquet")
    with pytest.raises(TickreelError) as failure:
        replayed(tmp_path / "sliced", config, files[:1], plan, processes=2)
    assert failure.value.reason == "REPLAY_FAILED"
    assert children_running("tickreel.runner.replay.slice_process") == []


DEPENDENT: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"time_in_force": "GTC"}, "orders may rest"),
    ({}, {"close_positions_on_stop": True}, "closed at the end"),
    ({"latency": {"base_latency_nanos": 1}}, {}, "orders are delayed"),
    ({"liquidity_consumption": True}, {}, "consume the displayed sizes"),
    ({"fill_model": {"prob_slippage": 0.1}}, {}, "fills are drawn at random"),
]
ROWS = MarkRows.of_trades(START + np.arange(500) * STEP, np.full(500, 1_000), 1)


@pytest.mark.parametrize(("venue", "strategy", "why"), DEPENDENT, ids=[why for *_, why in DEPENDENT])
def test_a_window_whose_orders_may_depend_on_each_other_is_one_piece(
    venue: dict[str, Any], strategy: dict[str, Any], why: str
) -> None:
    plan = ReplayPlan.of(replay_config(venue=venue, **strategy), TempBacktestStrategy, ROWS, WINDOW, 10, 4)
    assert len(plan.segments) == 1
    assert why in plan.whole_because


def test_limits_that_may_deny_orders_keep_a_window_in_one_piece() -> None:
    config = replay_config()
    config.risk.throttling_per_sec = 499
    assert "the rate limit may deny orders" in ReplayPlan.of(config, TempBacktestStrategy, ROWS, WINDOW, 10, 1).whole_because
    config.risk.throttling_per_sec = 500
    config.instrument.margin_init = 0.1
    assert "the account may deny orders" in ReplayPlan.of(config, TempBacktestStrategy, ROWS, WINDOW, 10, 1).whole_because
    config.venue.frozen_account = True
    assert len(ReplayPlan.of(config, TempBacktestStrategy, ROWS, WINDOW, 10, 1).segments) == 50


def test_risk_checks_are_skipped_only_if_they_cannot_deny_an_order() -> None:
    def checked(config: run_config_pb2.RunConfig, strategy: type = TempBacktestStrategy) -> bool:
        return not shortcuts_of(config, strategy, ROWS).no_risk_checks

    crowded, margin, cash = replay_config(), replay_config(), replay_config()
    assert not checked(crowded)
    crowded.risk.throttling_per_sec = 499
    margin.instrument.margin_init = 0.1
    cash.venue.account_type = "CASH"
    assert checked(crowded)
    assert checked(margin)
    assert checked(cash)
    assert checked(replay_config(close_positions_on_stop=True))
    assert checked(replay_config(), ReplayStrategy)


def test_the_account_of_a_strategy_that_may_look_at_it_is_never_frozen() -> None:
    config = replay_config()
    assert shortcuts_of(config, ReplayStrategy, ROWS) == Shortcuts()
    config.venue.frozen_account = True
    assert shortcuts_of(config, ReplayStrategy, ROWS) == Shortcuts(frozen_account=True)


def test_a_strategy_without_independent_orders_is_replayed_in_one_piece() -> None:
    class Remembering(TempBacktestStrategy):
        """A strategy that does not declare independent orders."""

        independent_orders = False

    assert "independent_orders" in ReplayPlan.of(replay_config(), Remembering, ROWS, WINDOW, 10, 4).whole_because
    other = ReplayPlan.of(replay_config(), ReplayStrategy, ROWS, WINDOW, 10, 4)
    assert "is not a CopyingStrategy" in other.whole_because


def test_a_short_window_is_one_piece_and_a_longer_one_is_divided_among_the_processes() -> None:
    def rows_of(most: int, processes: int) -> list[int]:
        plan = ReplayPlan.of(replay_config(), TempBacktestStrategy, ROWS, WINDOW, most, processes)
        return [segment.rows for segment in plan.segments]

    assert rows_of(500, 2) == [500]
    assert rows_of(499, 1) == [250, 250]
    assert rows_of(200, 1) == [166, 167, 167]
    # The last piece of each process is cut into quarters.
    assert rows_of(499, 2) == [62, 63, 62, 63, 62, 63, 62, 63]
    assert rows_of(200, 2) == [125, 125, 31, 31, 31, 32, 31, 31, 31, 32]
    assert len(rows_of(100, 4)) == 4 + 4 * 4
    # No slice is without rows.
    assert rows_of(1, 2) == [1] * 500


def test_a_saved_tape_is_loaded_unchanged(tmp_path: Path) -> None:
    tape = Tape()
    tape.save(tmp_path / "empty")
    assert parts([Tape.load(tmp_path / "empty")]) == parts([Tape()])
    tape.rows, tape.book_rows, tape.settled = 3, 2, 1
    for row in range(3):
        tape.add_orders([100 + row, 1, 7, 5])
    tape.add_fills([1, 100, 1, 7, 5, 1, 3])
    tape.end(2, 100, KINDS[1], "SOME_REASON")
    tape.reported = {"position": "0.005"}
    tape.save(tmp_path / "tape")
    loaded = Tape.load(tmp_path / "tape")
    assert parts([loaded]) == parts([tape])
    assert loaded.reported == tape.reported
    assert (loaded.rows, loaded.book_rows, loaded.settled, loaded.submission(1)) == (3, 2, 1, (101, 1))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    mode=st.sampled_from([SNAPSHOT_MODE_TRADES, SNAPSHOT_MODE_BOTH]),
    window=st.tuples(st.integers(0, 49), st.integers(0, 49)),
    most=st.integers(1, 55),
    looks=st.integers(0, 3),
)
def test_the_result_digest_never_depends_on_the_plan(
    seed: int, mode: SnapshotMode, window: tuple[int, int], most: int, looks: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The digest also does not depend on skipped risk checks, nor on when the ledger followed the running replay."""
    folder = tmp_path_factory.mktemp("plan")
    files, of_trades, of_both = market(folder / "files", seed, 50)
    files, rows = (files[:1], of_trades) if mode == SNAPSHOT_MODE_TRADES else (files, of_both)
    start, end = sorted(int(of_trades.ts[row]) for row in window)
    span = start, end
    files = [dataclasses.replace(file, start=start, end=end) for file in files]
    rows = within(rows, *span)
    # A replay of both needs a book.
    assume(mode == SNAPSHOT_MODE_TRADES or len(rows.book_ts))
    config = replay_config(1e9, mode=mode)
    uncut, plan = (
        ReplayPlan.whole(rows, *span, "for comparison"),
        ReplayPlan.of(config, TempBacktestStrategy, rows, span, most, 1),
    )
    whole = outcome_of(folder / "whole", config, files, rows, span, uncut, Shortcuts())
    shortcuts = shortcuts_of(config, TempBacktestStrategy, rows)
    sliced = outcome_of(folder / "sliced", config, files, rows, span, plan, shortcuts, looks)
    assert whole.orders == len(rows.ts)
    assert sliced.result_digest == whole.result_digest
    assert summarise(sliced) == summarise(whole)


def within(rows: MarkRows, start: int, end: int) -> MarkRows:
    """Return the rows of a part of a window, with the marks of the whole window."""
    trades, books = ((ts >= start) & (ts <= end) for ts in (rows.ts, rows.book_ts))
    marks = rows.marks[trades]
    first, last = int(marks[0]), int(marks[-1])
    rows = dataclasses.replace(rows, ts=rows.ts[trades], marks=marks, first_mark=first, last_mark=last)
    # A replay of trades has no books.
    return dataclasses.replace(rows, book_ts=rows.book_ts[books], mids=rows.mids[books])


def outcome_of(
    folder: Path,
    config: run_config_pb2.RunConfig,
    files: list[ReplayFile],
    rows: MarkRows,
    span: tuple[int, int],
    plan: ReplayPlan,
    shortcuts: Shortcuts,
    looks: int = 0,
) -> Outcome:
    """Return the outcome of a plan. The ledger follows each slice `looks` times before it settles the slice."""
    folder.mkdir()
    ledger = Ledger(config, rows, span[1], window=window_rows(files))

    def settle(tape: Tape) -> None:
        first, settled = ledger.marked_until or span[0], tape.settled
        for look in range(looks):
            tape.settled = first + (settled - first) * look // looks
            ledger.follow(tape)
        tape.settled = settled
        ledger.settle(tape)

    PlanReplay(SegmentReplay(config, files, folder, 1_000), plan, 1).run(settle, shortcuts)
    return ledger.close()
