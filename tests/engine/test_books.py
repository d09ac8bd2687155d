"""Orders against a book of price levels, and how venue and strategy keys of a config change their outcome."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from small_catalog import START, Levels, replay_config, replay_files, write_books, write_trades
from tickreel.engine.tape import KINDS, Tape
from tickreel.runner.strategies.temp_backtest import TempBacktestStrategy
from tickreel.v1.result_pb2 import SNAPSHOT_MODE_BOOK, SNAPSHOT_MODE_BOTH

SECOND = 1_000_000_000
BUY, SELL = 1, 0
# Two levels per side, of 3 and 5 lots, with a spread of one tick.
BIDS, ASKS = [(999, 3), (998, 5)], [(1_000, 3), (1_001, 5)]
BOOK: "Book" = (START, BIDS, ASKS)

Trade = tuple[int, int, int, int]
Book = tuple[int, Levels, Levels]


def replayed(
    folder: Path, trades: list[Trade], books: Sequence[Book] | None = None, venue: dict[str, Any] | None = None, **strategy: Any
) -> Tape:
    """Return the tape of orders that copy trades against books. `venue` and `strategy` are keys of the config."""
    config = replay_config(mode=SNAPSHOT_MODE_BOTH, venue=venue or {}, **strategy)
    files = [write_trades(folder / "files", trades), write_books(folder / "files", books or [BOOK])]
    return replay_files(TempBacktestStrategy, config, folder / "view", files).tape


def fills(tape: Tape) -> list[tuple[int, int, int]]:
    """Return (order, price, quantity) of each fill."""
    found = tape.fills
    return list(zip(found.order.tolist(), found.price.tolist(), found.quantity.tolist(), strict=True))


def ends(tape: Tape) -> list[tuple[int, str, str]]:
    """Return (order, kind, reason) of each end."""
    found = tape.ends
    kinds, reasons = [KINDS[kind] for kind in found.kind], [found.reasons[reason] for reason in found.reason]
    return list(zip(found.order.tolist(), kinds, reasons, strict=True))


def test_an_order_takes_the_displayed_size_up_to_its_price(tmp_path: Path) -> None:
    trades = [(START + SECOND, BUY, 1_000, 2), (START + 2 * SECOND, BUY, 1_001, 10), (START + 3 * SECOND, SELL, 1_000, 1)]
    tape = replayed(tmp_path, trades)
    assert (tape.rows, tape.book_rows, tape.order_count) == (3, 1, 3)
    # The second order meets both levels in full: the first order did not change the displayed book.
    assert fills(tape) == [(0, 1_000, 2), (1, 1_000, 3), (1, 1_001, 5)]
    assert ends(tape) == [(1, "cancelled", "NO_LIQUIDITY_AT_LIMIT"), (2, "cancelled", "NO_LIQUIDITY_AT_LIMIT")]
    assert tape.fills.taker.tolist() == [1, 1, 1]


def test_displayed_size_fills_once_if_liquidity_is_consumed(tmp_path: Path) -> None:
    trades = [(START + SECOND * n, BUY, 1_000, 2) for n in (1, 2)] + [(START + 4 * SECOND, BUY, 1_000, 2)]
    books = [BOOK, (START + 3 * SECOND, BIDS, [(1_000, 4)])]
    tape = replayed(tmp_path, trades, books, venue={"liquidity_consumption": True})
    # A print consumes displayed liquidity, too, and does so before the order that copies it.
    assert fills(tape) == [(0, 1_000, 1), (2, 1_000, 2)]
    assert [order for order, _, _ in ends(tape)] == [0, 1]


def test_a_trade_meets_the_book_before_its_own_instant(tmp_path: Path) -> None:
    """If a trade and a book have the same time, the book shows the state after the trade."""
    instant = START + SECOND
    tape = replayed(tmp_path, [(instant, BUY, 1_000, 1)], [BOOK, (instant, [(900, 1)], [(2_000, 1)])])
    assert fills(tape) == [(0, 1_000, 1)]


def test_an_order_before_the_first_book_does_not_fill(tmp_path: Path) -> None:
    tape = replayed(tmp_path, [(START - SECOND, BUY, 1_000, 1), (START + SECOND, BUY, 1_000, 1)])
    assert fills(tape) == [(1, 1_000, 1)]
    assert ends(tape) == [(0, "cancelled", "NO_BOOK_YET")]


def test_an_empty_side_fills_nothing_and_the_next_book_replaces_the_whole(tmp_path: Path) -> None:
    books = [BOOK, (START + SECOND, BIDS, []), (START + 3 * SECOND, [], [(1_000, 1)])]
    trades = [(START + 2 * SECOND, BUY, 1_001, 1), (START + 4 * SECOND, BUY, 1_001, 9), (START + 5 * SECOND, SELL, 998, 1)]
    tape = replayed(tmp_path, trades, books)
    assert fills(tape) == [(1, 1_000, 1)]
    assert [order for order, _, _ in ends(tape)] == [0, 1, 2]


def test_fill_or_kill_takes_all_or_nothing(tmp_path: Path) -> None:
    trades = [(START + SECOND, BUY, 1_000, 4), (START + 2 * SECOND, BUY, 1_001, 8)]
    tape = replayed(tmp_path, trades, time_in_force="FOK")
    assert fills(tape) == [(1, 1_000, 3), (1, 1_001, 5)]
    assert ends(tape) == [(0, "cancelled", "NOT_FILLABLE_WHOLE")]


def test_a_market_order_takes_every_level_and_leaves_the_rest(tmp_path: Path) -> None:
    tape = replayed(tmp_path, [(START + SECOND, BUY, 900, 10)], order_type="MARKET")
    assert tape.orders.price.tolist() == [0]
    assert fills(tape) == [(0, 1_000, 3), (0, 1_001, 5)]
    assert ends(tape) == [(0, "cancelled", "NO_LIQUIDITY")]


def test_a_resting_order_fills_when_a_book_reaches_it_and_else_stays_open(tmp_path: Path) -> None:
    books = [BOOK, (START + 2 * SECOND, BIDS, [(999, 3)])]
    trades = [(START + SECOND, BUY, 999, 2), (START + SECOND + 1, BUY, 10, 2), (START + 3 * SECOND, SELL, 998, 1)]
    tape = replayed(tmp_path, trades, books, time_in_force="GTC")
    assert [fill[:2] for fill in fills(tape)] == [(0, 999), (2, 999)]
    assert tape.fills.taker.tolist() == [0, 1]
    assert ends(tape) == []


def test_with_latency_an_order_meets_the_book_of_the_first_row_after_its_arrival(tmp_path: Path) -> None:
    books = [BOOK, (START + SECOND + 1_000, BIDS, [(1_001, 1)]), (START + SECOND + 9_000, BIDS, [(1_002, 1)])]
    trades = [(START + SECOND, BUY, 1_002, 1), (START + 2 * SECOND, BUY, 1_000, 1)]
    tape = replayed(tmp_path, trades, books, venue={"latency": {"base_latency_nanos": 2_000, "insert_latency_nanos": 500}})
    assert fills(tape) == [(0, 1_002, 1)]
    assert tape.fills.ts.tolist() == [START + SECOND + 9_000]
    # The second order arrived after the last row, but within the window.
    assert ends(tape) == [(1, "cancelled", "NO_LIQUIDITY_AT_LIMIT")]
    assert tape.ends.ts.tolist() == [START + 2 * SECOND + 2_500]


def test_an_order_that_arrives_after_the_window_stays_in_flight(tmp_path: Path) -> None:
    trades = [(START + SECOND, BUY, 1_000, 1), (START + 2 * SECOND, BUY, 1_000, 1)]
    most_of_a_day = 60_000 * SECOND
    tape = replayed(tmp_path, trades, venue={"latency": {"base_latency_nanos": most_of_a_day}})
    assert (tape.order_count, fills(tape), ends(tape)) == (2, [], [])


@pytest.mark.parametrize("venue", [{}, {"latency": {"base_latency_nanos": 1_000}}], ids=["at once", "latency"])
def test_the_position_is_closed_by_a_market_order_after_the_last_row(venue: dict, tmp_path: Path) -> None:
    trades = [(START + SECOND, BUY, 1_000, 2), (START + 3 * SECOND, BUY, 1_000, 2)]
    tape = replayed(tmp_path, trades, venue=venue, close_positions_on_stop=True)
    assert tape.orders.side.tolist() == [1, 1, -1]
    closed = [fill for fill in fills(tape) if fill[0] == 2]
    # With latency, only the first order is in the position when the strategy stops.
    assert sum(quantity for _, _, quantity in closed) == (2 if venue else 4)
    assert closed[0] == (2, 999, 2 if venue else 3)


def test_a_position_stays_open_as_far_as_liquidity_is_lacking(tmp_path: Path) -> None:
    trades = [(START + SECOND * n, BUY, 1_001, 8) for n in (1, 2)]
    tape = replayed(tmp_path, trades, close_positions_on_stop=True)
    assert [fill for fill in fills(tape) if fill[0] == 2] == [(2, 999, 3), (2, 998, 5)]
    assert ends(tape) == [(2, "cancelled", "NO_LIQUIDITY")]


def test_books_alone_are_replayed_without_an_order(tmp_path: Path) -> None:
    config = replay_config(mode=SNAPSHOT_MODE_BOOK)
    file = write_books(tmp_path / "files", [BOOK, (START + SECOND, BIDS, ASKS)])
    tape = replay_files(TempBacktestStrategy, config, tmp_path / "view", [file]).tape
    assert (tape.rows, tape.book_rows, tape.order_count) == (0, 2, 0)


def test_the_seed_determines_random_fills(tmp_path: Path) -> None:
    trades = [(START + SECOND * n, n % 2, 1_000 + n % 7, 1 + n) for n in range(60)]

    def prices(name: str, seed: int) -> list[int]:
        config = replay_config(venue={"fill_model": {"prob_slippage": 0.5}})
        config.seed = seed
        file = write_trades(tmp_path / name, trades)
        tape = replay_files(TempBacktestStrategy, config, tmp_path / f"{name} view", [file]).tape
        return [int(price) for price in tape.fills.price]

    assert prices("a", 1) == prices("b", 1)
    assert prices("c", 2) != prices("d", 1)
