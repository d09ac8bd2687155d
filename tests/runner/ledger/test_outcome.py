"""The outcome of a replay: marks, equity at the rows and at the end, the summary and the findings."""

import random
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from small_catalog import START, replay_config
from tickreel.engine.copying_strategy import NOT_IN_LOTS
from tickreel.engine.tape import Tape
from tickreel.runner.ledger.ledger import Ledger, MarkedRows
from tickreel.runner.ledger.outcome import Outcome, summarise
from tickreel.runner.result.findings import findings
from tickreel.runner.window.iso_time import iso
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.stores.depths import NO_LEVEL
from tickreel.v1 import result_pb2, run_config_pb2
from tickreel.v1.result_pb2 import SNAPSHOT_MODE_BOOK as BOOK
from tickreel.v1.result_pb2 import SNAPSHOT_MODE_BOTH as BOTH
from tickreel.v1.result_pb2 import SNAPSHOT_MODE_TRADES as TRADES

END = START + 1_000_000


def column(*values: int) -> npt.NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


class Kept:
    """Keeps the marked rows."""

    def __init__(self) -> None:
        self.marked: list[MarkedRows] = []

    def add_equity(self, marked: MarkedRows) -> None:
        self.marked.append(marked)

    def add_orders(self, *_: object) -> None:
        pass

    def add_fills(self, *_: object) -> None:
        pass

    def add_updates(self, *_: object) -> None:
        pass

    def add_positions(self, *_: object) -> None:
        pass


def fold(config: run_config_pb2.RunConfig, tape: Tape, rows: MarkRows, end: int, kept: Kept | None = None) -> Outcome:
    """Return the outcome of a replay in one piece."""
    ledger = Ledger(config, rows, end, [kept] if kept else ())
    tape.settled = rows.span[1]
    ledger.settle(tape)
    return ledger.close()


def test_trades_are_marked_at_their_own_prices() -> None:
    rows = MarkRows.of_trades(column(1, 2, 3), column(10, 11, 12), 1)
    assert (rows.first_mark, rows.last_mark, rows.mark_scale, len(rows.book_ts), rows.span) == (10, 12, 1, 0, (1, 3))
    assert [rows.time_after(number, 0) for number in range(4)] == [None, 1, 2, 3]


def test_with_books_a_row_is_marked_at_the_mid_price_of_the_last_book_before_it() -> None:
    rows = MarkRows.of_books(column(5, 10, 15, 30), column(7, 8, 9, 10), 1, column(10, 20, 40), column(105, NO_LEVEL, 115))
    # Before the first book a row is marked at its own price with one decimal more. A book at the same time follows the trade.
    assert rows.marks.tolist() == [70, 105, 105, 100]
    assert (rows.mark_scale, rows.first_mark, rows.last_mark, len(rows.book_ts), rows.span) == (2, 70, 115, 3, (5, 40))
    assert (rows.time_after(1, 0), rows.time_after(1, 1), rows.time_after(3, 1)) == (5, 10, 15)


def test_books_alone_have_no_rows_of_equity() -> None:
    rows = MarkRows.of_books(column(), column(), 1, column(10, 20), column(105, 115))
    assert (len(rows.marks), rows.first_mark, rows.last_mark, rows.span) == (0, 105, 115, (10, 20))
    outcome = fold(replay_config(mode=BOOK), Tape(), rows, END)
    summary = summarise(outcome)
    assert (summary.orders, summary.trade_rows, summary.book_rows, float(summary.pnl)) == (0, 0, 2, 0)
    assert Decimal(summary.final_equity) == Decimal(summary.starting_equity) == 1_000_000
    assert codes(outcome, BOOK) >= {"NO_TRADE_ROWS"}


def bought_and_held(config: run_config_pb2.RunConfig, rows: MarkRows, *, late: int = 0, kept: Kept | None = None) -> Outcome:
    """Buy 2 at 100.0 at the first row. If `late` is 1, also sell 1 at 90.0 after the last row."""
    tape = Tape()
    tape.add_orders([START, 1, 1_000, 2_000])
    tape.add_fills([0, START, 1, 1_000, 2_000, 1, 8_000_000])
    if late:
        tape.add_orders([END - 1, -1, 900, 1_000])
        tape.add_fills([1, END, -1, 900, 1_000, 1, 3_600_000])
    return fold(config, tape, rows, END, kept)


def test_the_end_is_marked_at_the_last_mid_price_and_counts_for_the_drawdown() -> None:
    times = column(START, START + 10)
    rows = MarkRows.of_books(times, column(1_000, 1_000), 1, column(START - 5, START + 50), column(10_005, 8_000))
    kept = Kept()
    outcome = bought_and_held(replay_config(mode=BOTH), rows, kept=kept)
    summary = summarise(outcome)
    # 2 x (100.05 - 100.0) at the rows, 2 x (80.00 - 100.0) at the end, less 2 x 100.0 x 0.0004.
    assert [outcome.money(value) for value in kept.marked[0].equity] == ["1000000.02000000"] * 2
    assert Decimal(summary.pnl) == Decimal("-40.08")
    assert Decimal(summary.max_drawdown) == Decimal("40.10")
    assert (summary.max_drawdown_from, summary.max_drawdown_at) == (iso(START), iso(START + 50))
    assert Decimal(summary.unrealized_pnl) == -40


def test_a_fill_after_the_last_row_affects_only_the_end() -> None:
    rows = MarkRows.of_trades(column(START), column(1_000), 1)
    kept = Kept()
    summary = summarise(bought_and_held(replay_config(), rows, late=1, kept=kept))
    assert kept.marked[0].at.tolist() == [1]
    assert summary.final_position == "1.000"
    assert Decimal(summary.pnl) == -10 - Decimal("0.08") - Decimal("0.036")


def last_row(kept: Kept) -> tuple[int, int]:
    """Return the time and the equity of the last marked row."""
    return int(kept.marked[-1].ts[-1]), int(kept.marked[-1].equity[-1])


def test_the_end_is_a_separate_row_if_a_book_comes_after_the_last_trade() -> None:
    times, book_times = column(START, START + 10), column(START - 5, START + 50)
    rows = MarkRows.of_books(times, column(1_000, 1_000), 1, book_times, column(10_005, 8_000))
    kept = Kept()
    outcome = bought_and_held(replay_config(mode=BOTH), rows, kept=kept)
    assert [len(marked.ts) for marked in kept.marked] == [2, 1]
    assert last_row(kept) == (START + 50, outcome.final_equity)
    end = kept.marked[-1]
    assert (end.marks.tolist(), end.account.position[end.at].tolist()) == ([8_000], [2_000])
    assert outcome.money(end.drawdown[0]) == summarise(outcome).max_drawdown
    # The curve of a list ends there as well.
    assert outcome.pnl_sketch[-1] == pytest.approx(-40.08)


def test_the_end_is_a_separate_row_even_if_its_equity_equals_that_of_the_last_trade() -> None:
    rows = MarkRows.of_books(column(START), column(1_000), 1, column(START - 5, START + 50), column(10_005, 10_005))
    kept = Kept()
    outcome = bought_and_held(replay_config(mode=BOTH), rows, kept=kept)
    assert [len(marked.ts) for marked in kept.marked] == [1, 1]
    assert last_row(kept) == (START + 50, outcome.final_equity)
    assert kept.marked[0].equity[0] == kept.marked[1].equity[0]


def test_the_end_is_not_a_separate_row_if_a_trade_is_the_last_row() -> None:
    for mode, rows in (
        (TRADES, MarkRows.of_trades(column(START, START + 10), column(1_000, 900), 1)),
        (BOTH, MarkRows.of_books(column(START, START + 10), column(1_000, 900), 1, column(START - 5), column(10_005))),
    ):
        kept = Kept()
        outcome = bought_and_held(replay_config(mode=mode), rows, kept=kept)
        assert [len(marked.ts) for marked in kept.marked] == [2]
        assert last_row(kept) == (START + 10, outcome.final_equity)


def test_a_fill_after_the_last_row_makes_the_end_a_separate_row_at_the_same_time() -> None:
    kept = Kept()
    outcome = bought_and_held(replay_config(), MarkRows.of_trades(column(START), column(1_000), 1), late=1, kept=kept)
    assert [marked.ts.tolist() for marked in kept.marked] == [[START], [START]]
    assert last_row(kept) == (START, outcome.final_equity)
    assert kept.marked[0].equity[0] > outcome.final_equity


def test_without_trade_rows_equity_is_sampled_at_the_books() -> None:
    rows, kept = MarkRows.of_books(column(), column(), 1, column(10, 20), column(105, 115)), Kept()
    outcome = fold(replay_config(mode=BOOK), Tape(), rows, END, kept)
    assert last_row(kept) == (20, outcome.final_equity)
    assert [marked.ts.tolist() for marked in kept.marked] == [[10, 20]]
    assert set(outcome.pnl_sketch) == {0}


def with_fees(price: int, size: int, fee: int, *, fills: int = 10) -> Outcome:
    """Buy `fills` times in USD. The price is in units of 0.1, the size in units of 0.001."""
    config = replay_config()
    config.instrument.quote_currency = config.instrument.settlement_currency = config.venue.base_currency = "USD"
    tape = Tape()
    for number in range(fills):
        tape.add_orders([START, 1, price, size])
        tape.add_fills([number, START, 1, price, size, 1, fee])
    return fold(config, tape, MarkRows.of_trades(column(START), column(price), 1), END)


def test_fees_that_round_to_zero_are_reported_with_both_sums() -> None:
    # 0.0004 x 10.0 = 0.004, which rounds to 0.00.
    outcome = with_fees(10_000, 10, 0)
    summary = summarise(outcome)
    assert (summary.fees, summary.fees_exact) == ("0.00", "0.04")
    by_code = {finding.code: finding for finding in findings(outcome, TRADES, [])}
    assert by_code["FEES_ROUNDED"].severity == result_pb2.SEVERITY_WARNING
    assert "0.00 USD" in by_code["FEES_ROUNDED"].message
    assert "0.04 USD" in by_code["FEES_ROUNDED"].message


@pytest.mark.parametrize(
    # 0.0004 of the value: exactly 4.00; 4.004, off by 0.0999 %; 3.996, off by 0.1001 %.
    ("size", "fees", "exact", "reported"),
    [(10_000, "40.00", "40.00", False), (10_010, "40.00", "40.04", False), (9_990, "40.00", "39.96", True)],
)
def test_rounding_of_fees_is_reported_from_a_thousandth_on(size: int, fees: str, exact: str, reported: bool) -> None:
    outcome = with_fees(10_000, size, 400)
    summary = summarise(outcome)
    assert (summary.fees, summary.fees_exact) == (fees, exact)
    assert ("FEES_ROUNDED" in codes(outcome)) is reported


def test_a_cash_account_starts_with_the_value_of_all_its_currencies() -> None:
    config = replay_config()
    venue = config.venue
    venue.account_type = "CASH"
    venue.ClearField("base_currency")
    venue.ClearField("starting_balance")
    venue.starting_balances["USDT"], venue.starting_balances["BTC"] = 1_000, 0.5
    rows = MarkRows.of_trades(column(START, START + 1), column(1_000, 1_100), 1)
    summary = summarise(bought_and_held(config, rows))
    assert Decimal(summary.starting_equity) == 1_000 + Decimal("0.5") * 100
    assert summary.final_position == "2.500"
    assert Decimal(summary.pnl) == Decimal("2.5") * 10 - Decimal("0.08")


def test_the_profit_of_an_inverse_contract_is_in_its_base_currency() -> None:
    config = replay_config()
    config.instrument.is_inverse = True
    config.instrument.settlement_currency = config.venue.base_currency = "BTC"
    rows = MarkRows.of_trades(column(START, START + 1), column(1_000, 1_250), 1)
    summary = summarise(bought_and_held(config, rows))
    fee = Decimal(2) / 100 * Decimal("0.0004")
    assert Decimal(summary.fees) == fee
    assert abs(Decimal(summary.pnl) - (Decimal(2) / 100 - Decimal(2) / 125 - fee)) < Decimal("1e-15")


def test_the_exact_fees_of_an_inverse_contract_have_twelve_decimals_more() -> None:
    config = replay_config()
    config.instrument.is_inverse = True
    config.instrument.settlement_currency = config.venue.base_currency = "BTC"
    tape = Tape()
    tape.add_orders([START, 1, 1_300, 1_000])
    tape.add_fills([0, START, 1, 1_300, 1_000, 1, 308])
    outcome = fold(config, tape, MarkRows.of_trades(column(START), column(1_300), 1), END)
    # 1 / 130.0 x 0.0004
    assert summarise(outcome).fees == "0.00000308"
    assert summarise(outcome).fees_exact == "0.00000307692307692308"
    # Rounding changes the fees by 0.02 % only.
    assert "FEES_ROUNDED" not in codes(outcome)


def test_the_starting_position_of_a_cash_account_is_not_closed() -> None:
    config = replay_config(close_positions_on_stop=True)
    venue = config.venue
    venue.account_type = "CASH"
    venue.ClearField("base_currency")
    venue.ClearField("starting_balance")
    venue.starting_balances["USDT"], venue.starting_balances["BTC"] = 1_000, 0.5
    outcome = fold(config, Tape(), MarkRows.of_trades(column(START), column(1_000), 1), END)
    assert outcome.final_position == 500
    assert "POSITION_NOT_CLOSED" not in codes(outcome)


def test_a_remaining_position_below_one_lot_is_reported() -> None:
    config = replay_config(close_positions_on_stop=True)
    config.instrument.lot_size = 0.005
    tape = Tape()
    tape.add_orders([START, 1, 1_000, 5])
    tape.add_fills([0, START, 1, 1_000, 3, 1, 120_000])
    tape.end(0, START, "cancelled", "NO_LIQUIDITY_AT_LIMIT")
    outcome = fold(config, tape, MarkRows.of_trades(column(START), column(1_000), 1), END)
    (message,) = (finding.message for finding in findings(outcome, TRADES, []) if finding.code == "POSITION_NOT_CLOSED")
    assert message.startswith("0.003 is still held at the end")
    assert message.endswith("a lot is 0.005")


def test_orders_not_in_lots_and_orders_denied_by_the_risk_engine_are_separate_findings() -> None:
    config = replay_config()
    config.instrument.lot_size = 0.005
    tape = Tape()
    for number, reason in enumerate((NOT_IN_LOTS, NOT_IN_LOTS, "RATE_LIMIT_EXCEEDED")):
        tape.add_orders([START, 1, 1_000, 3])
        tape.end(number, START, "denied", reason)
    outcome = fold(config, tape, MarkRows.of_trades(column(START), column(1_000), 1), END)
    assert dict(summarise(outcome).orders_unfilled) == {NOT_IN_LOTS: 2, "RATE_LIMIT_EXCEEDED": 1}
    by_code = {finding.code: finding.message for finding in findings(outcome, TRADES, [])}
    assert by_code["ORDERS_NOT_IN_LOTS"].startswith("2 of 3 orders (66.7%)")
    assert "instrument.lot_size" in by_code["ORDERS_NOT_IN_LOTS"]
    assert by_code["ORDERS_DENIED"].startswith("1 of 3 orders were denied by the risk engine (1 RATE_LIMIT_EXCEEDED)")


def test_a_maintenance_margin_alone_does_not_limit_the_position() -> None:
    config = replay_config()
    config.instrument.margin_maint = 0.05
    assert "NO_MARGIN" in codes(bought_and_held(config, MarkRows.of_trades(column(START), column(1_000), 1)))


def codes(outcome: Outcome, mode: result_pb2.SnapshotMode = TRADES) -> set[str]:
    return {finding.code for finding in findings(outcome, mode, [])}


def test_a_run_of_trades_without_latency_reports_that_orders_fill_against_their_own_print() -> None:
    rows = MarkRows.of_trades(column(START), column(1_000), 1)
    assert "FILLS_AGAINST_OWN_PRINT" in codes(bought_and_held(replay_config(), rows))
    delayed = replay_config(venue={"latency": {"base_latency_nanos": 1}})
    assert "FILLS_AGAINST_OWN_PRINT" not in codes(bought_and_held(delayed, rows))
    assert "FILLS_AGAINST_OWN_PRINT" not in codes(bought_and_held(replay_config(mode=BOTH), rows), BOTH)


@pytest.mark.parametrize(
    ("venue", "mode", "reported", "absent"),
    [
        ({}, BOTH, "LIQUIDITY_REUSED", "FROZEN_ACCOUNT"),
        ({"liquidity_consumption": True}, BOTH, "NO_MARGIN", "LIQUIDITY_REUSED"),
        ({"frozen_account": True}, TRADES, "FROZEN_ACCOUNT", "NO_MARGIN"),
    ],
)
def test_missing_constraints_of_the_venue_are_reported(
    venue: dict[str, Any], mode: result_pb2.SnapshotMode, reported: str, absent: str
) -> None:
    found = codes(
        bought_and_held(replay_config(mode=mode, venue=venue), MarkRows.of_trades(column(START), column(1_000), 1)), mode
    )
    assert reported in found
    assert absent not in found


def test_unfilled_orders_are_counted_by_reason_and_findings_sorted_by_severity() -> None:
    config = replay_config(venue={"latency": {"base_latency_nanos": 100}}, close_positions_on_stop=True)
    tape = Tape()
    complete, partial, unfilled, *_ = range(5)
    for ts in (START, START, START, START, END - 50):
        tape.add_orders([ts, 1, 1_000, 2])
    tape.add_fills([complete, START, 1, 1_000, 2, 1, 8_000])
    tape.add_fills([partial, START, 1, 1_000, 1, 1, 4_000])
    for order in (partial, unfilled):
        tape.end(order, START, "cancelled", "NO_LIQUIDITY_AT_LIMIT")
    outcome = fold(config, tape, MarkRows.of_trades(column(START), column(1_000), 1), END)
    summary = summarise(outcome)
    assert (summary.orders, summary.orders_filled, summary.orders_partially_filled) == (5, 1, 1)
    assert dict(summary.orders_unfilled) == {"NO_LIQUIDITY_AT_LIMIT": 1, "OPEN_AT_END": 1, "IN_FLIGHT": 1}
    found = findings(outcome, TRADES, [])
    assert [finding.severity for finding in found] == sorted((finding.severity for finding in found), reverse=True)
    by_code = {finding.code: finding.message for finding in found}
    assert by_code["ORDERS_UNFILLED"].startswith(
        "2 of 5 orders (40.0%) did not fill completely: 1 filled in part, 1 not at all"
    )
    assert by_code["ORDERS_IN_FLIGHT"].startswith("2 orders were still active at the end of the window")
    assert by_code["POSITION_NOT_CLOSED"].startswith("0.003 is still held")
    assert "FEES_DIFFER" not in by_code


@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from([1, -1])), min_size=1, max_size=30), st.randoms())
def test_the_figures_of_a_summary_add_up(fills: list[tuple[int, int]], draw: random.Random) -> None:
    tape, prices = Tape(), [draw.randint(900, 1_100) for _ in fills]
    for number, ((size, side), price) in enumerate(zip(fills, prices, strict=True)):
        tape.add_orders([START + number, side, price, size])
        tape.add_fills([number, START + number, side, price, size, 1, 0])
    times = START + np.arange(len(fills))
    summary = summarise(fold(replay_config(), tape, MarkRows.of_trades(times, column(*prices), 1), END))
    pnl, realized, unrealized, fees = (
        Decimal(text) for text in (summary.pnl, summary.realized_pnl, summary.unrealized_pnl, summary.fees)
    )
    assert pnl == realized + unrealized - fees == Decimal(summary.final_equity) - Decimal(summary.starting_equity)
    assert Decimal(summary.max_drawdown) >= max(-pnl, Decimal(0))
    assert Decimal(summary.final_position) == Decimal(sum(size * side for size, side in fills)).scaleb(-3)


def test_findings_about_the_data_are_part_of_the_findings() -> None:
    note = result_pb2.Finding(severity=result_pb2.SEVERITY_WARNING, code="PARTLY_COVERED", message="…")
    outcome = bought_and_held(replay_config(), MarkRows.of_trades(column(START), column(1_000), 1))
    assert findings(outcome, TRADES, [note])[0] == note
