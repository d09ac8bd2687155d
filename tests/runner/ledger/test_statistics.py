"""The statistics of a small run computed by hand, and of random runs whose parts must add up to the summary."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from small_catalog import START, replay_config
from tickreel.engine.tape import Tape
from tickreel.runner.ledger.ledger import Ledger
from tickreel.runner.ledger.outcome import summarise
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.v1 import result_pb2, run_config_pb2, statistics_pb2
from tickreel.v1.result_pb2 import SNAPSHOT_MODE_BOTH

SECOND = 1_000_000_000

# Time in seconds, side, price in ticks of 0.1, size in units of 0.001, 1 for a taker, number of the order.
Deal = tuple[int, int, int, int, int, int]


def summary_of(config: run_config_pb2.RunConfig, deals: list[Deal], rows: MarkRows) -> result_pb2.RunSummary:
    """Return the summary of a tape of deals. An order is submitted one second before its first deal."""
    tape, orders = Tape(), {deal[5]: deal for deal in reversed(deals)}
    for number in sorted(orders):
        ts, side, price, *_ = orders[number]
        tape.add_orders([START + (ts - 1) * SECOND, side, price, sum(deal[3] for deal in deals if deal[5] == number)])
    for ts, side, price, size, taker, order in deals:
        tape.add_fills([order, START + ts * SECOND, side, price, size, taker, 0])
    tape.settled = rows.span[1]
    ledger = Ledger(config, rows, START + 10_000 * SECOND)
    ledger.settle(tape)
    return summarise(ledger.close())


def column(*values: int) -> npt.NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def test_a_few_orders_by_hand() -> None:
    """Makers pay 0.0002, takers 0.0004; START is 10:53:20."""
    deals = [
        (100, 1, 1_000, 2_000, 1, 0),  # buys 2 at 100.0: fee 0.08
        (200, -1, 1_010, 1_000, 0, 1),  # sells 1 at 101.0: fee 0.0202; profit 1 - 0.0202 - 0.04
        (300, -1, 999, 500, 1, 2),  # one order sells 0.5 and 1.5 at 99.9, which leaves a short position of 1
        (300, -1, 999, 1_500, 1, 2),
        (500, 1, 1_000, 1_000, 1, 3),  # buys 1 back at 100.0
    ]
    ts = START + column(0, 100, 200, 300, 500, 600) * SECOND
    rows = MarkRows.of_books(ts, column(*[1_000] * 6), 1, ts - 1, column(10_000, 10_002, 10_100, 9_990, 9_990, 10_000))
    summary = summary_of(replay_config(mode=SNAPSHOT_MODE_BOTH), deals, rows)
    found = summary.statistics

    won = Decimal(1) - Decimal("0.0202") - Decimal("0.04")
    # Closes 1 of the long position at a loss of 0.1. The other 1 is sold short and bears its share of the fee of 1.5.
    reversal = -Decimal("0.1") - Decimal("0.01998") - Decimal("0.01998") - Decimal("0.04")
    back = -Decimal("0.1") - Decimal("0.04") - Decimal("0.03996")
    assert (found.closing_orders, found.winning_orders, found.losing_orders, found.win_rate) == (3, 1, 2, "0.333333")
    assert Decimal(found.gross_profit) == Decimal(found.largest_win) == won
    assert Decimal(found.gross_loss) == -reversal - back
    assert Decimal(found.largest_loss) == max(-reversal, -back)
    assert Decimal(found.profit_factor) == round(won / (-reversal - back), 6)
    assert Decimal(found.expectancy) == round((won + reversal + back) / 3, 8)
    assert Decimal(found.turnover) == 200 + 101 + Decimal("49.95") + Decimal("149.85") + 100
    # Each deal against the mid price one second earlier.
    slippage = 0 + (Decimal("100.02") - 101) + (101 - Decimal("99.9")) * 2 + (100 - Decimal("99.9"))
    assert Decimal(found.slippage) == slippage
    assert Decimal(found.average_slippage_bps) == round(slippage / Decimal(found.turnover) * 10_000, 6)

    position = found.position
    assert (position.exposure, position.mean_size) == ("0.666667", "0.833")
    assert (position.largest_long, position.largest_short) == ("2.000", "1.000")
    assert (position.round_trips, position.winning_round_trips) == (2, 1)
    assert (position.mean_holding_seconds, position.longest_holding_seconds) == ("200.000000000", "200.000000000")
    assert not found.HasField("returns")

    long, short = found.by_side
    assert (short.side, short.closing_orders, short.winning_orders) == (statistics_pb2.POSITION_SIDE_SHORT, 1, 0)
    assert (long.side, long.closing_orders, long.winning_orders) == (statistics_pb2.POSITION_SIDE_LONG, 2, 1)
    assert Decimal(long.pnl) == won + reversal
    assert Decimal(short.pnl) == back
    assert [(row.hour, row.fills) for row in found.by_hour] == [(10, 4), (11, 1)]
    assert Decimal(found.by_hour[1].realized_pnl) == Decimal("-0.1")
    assert [(row.liquidity, row.fills, row.volume) for row in found.by_liquidity] == [
        (statistics_pb2.LIQUIDITY_MAKER, 1, "1.000"),
        (statistics_pb2.LIQUIDITY_TAKER, 4, "5.000"),
    ]
    assert Decimal(found.by_liquidity[0].fees) == Decimal("0.0202")


def test_the_ratios_of_a_run_without_orders_are_unset() -> None:
    rows = MarkRows.of_books(column(), column(), 1, column(START, START + 10), column(105, 115))
    found = summary_of(replay_config(mode=result_pb2.SNAPSHOT_MODE_BOOK), [], rows).statistics
    names = ("win_rate", "profit_factor", "expectancy", "largest_win", "largest_loss", "average_slippage_bps", "returns")
    assert [name for name in names if found.HasField(name)] == []
    assert (found.position.exposure, found.position.round_trips) == ("0.000000", 0)
    assert not found.position.HasField("mean_holding_seconds")


_deals = st.lists(
    st.tuples(
        st.integers(1, 3_000),
        st.sampled_from([1, -1]),
        st.integers(900, 1_100),
        st.integers(1, 5),
        st.integers(0, 1),
        st.integers(0, 9),
    ),
    max_size=40,
).map(lambda deals: [(ts, order % 2 * 2 - 1, *rest, order) for ts, _, *rest, order in sorted(deals)])


@settings(max_examples=80, deadline=None)
@given(_deals, st.sampled_from(["MARGIN", "CASH"]))
def test_the_parts_add_up_to_the_summary(deals: list[Deal], account: str) -> None:
    numbers = sorted({deal[5] for deal in deals})
    deals = [(*deal[:5], numbers.index(deal[5])) for deal in deals]
    config = replay_config()
    if account == "CASH":
        config.venue.account_type = "CASH"
        config.venue.starting_balances["USDT"], config.venue.starting_balances["BTC"] = 1_000, 0.002
    rows = MarkRows.of_trades(START + np.arange(0, 4_000, 50) * SECOND, 1_000 + np.arange(80) % 7, 1)
    summary = summary_of(config, deals, rows)
    found = summary.statistics

    def total(table: str, field: str) -> Decimal:
        return sum((Decimal(getattr(row, field)) for row in getattr(found, table)), Decimal(0))

    for field in ("pnl", "realized_pnl", "unrealized_pnl", "fees"):
        assert total("by_side", field) == Decimal(getattr(summary, field))
    for field in ("pnl", "realized_pnl", "fees", "volume", "fills"):
        assert total("by_hour", field) == Decimal(getattr(summary, field))
    for field in ("fees", "volume", "fills"):
        assert total("by_liquidity", field) == Decimal(getattr(summary, field))
    assert total("by_liquidity", "turnover") == Decimal(found.turnover)
    assert total("by_side", "closing_orders") == found.closing_orders
    assert total("by_side", "winning_orders") == found.winning_orders
    open_fees = (
        total("by_side", "realized_pnl") - Decimal(summary.fees) - Decimal(found.gross_profit) + Decimal(found.gross_loss)
    )
    # The remainder is the entry fees of the open position, up to one unit of the last digit per fill.
    assert -Decimal(summary.fees) <= open_fees <= len(deals) * Decimal("1e-8")
