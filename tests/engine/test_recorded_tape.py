"""The general recorder and the recorder of copying strategies agree on the tape."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from small_catalog import START, WINDOW, instrument, replay_config, write_books, write_trades
from tickreel.engine.recorded_tape import reason_group, write_tape
from tickreel.engine.recorder import Recorder
from tickreel.engine.replay import Shortcuts, catalog_view, replay
from tickreel.engine.replay_class import recorded
from tickreel.engine.tape import Tape
from tickreel.runner.strategies.temp_backtest import TempBacktestStrategy
from tickreel.v1 import result_pb2, run_config_pb2

SECOND = 1_000_000_000
KINDS = [
    {},
    {"order_type": "MARKET"},
    {"time_in_force": "FOK"},
    {"time_in_force": "GTC"},
    {"time_in_force": "GTC", "close_positions_on_stop": True},
    {"venue": {"latency": {"base_latency_nanos": SECOND, "insert_latency_nanos": SECOND // 2}}},
    {"venue": {"liquidity_consumption": True}},
]
BOTH, TRADES = result_pb2.SNAPSHOT_MODE_BOTH, result_pb2.SNAPSHOT_MODE_TRADES
# Books come one nanosecond after a trade, never at the time of another.
TRADE = st.tuples(st.integers(2, 3 * SECOND), st.integers(0, 1), st.integers(-3, 3), st.integers(1, 300))


def tables(tape: Tape) -> list[Any]:
    """Return the orders, fills and ends of a tape as rows; fills of one instant, and all ends, sorted by order.

    The recorder of copying strategies does not know the sequence of events after the strategy's stop, and takes them order by
    order.
    """
    orders, fills, ends = tape.orders, tape.fills, tape.ends
    reasons = [ends.reasons[code] for code in ends.reason.tolist()]
    return [
        list(zip(*(column.tolist() for column in vars(orders).values()), strict=True)),
        sorted(zip(*(column.tolist() for column in vars(fills).values()), strict=True), key=lambda fill: (fill[1], fill[0])),
        sorted(zip(ends.order.tolist(), ends.ts.tolist(), ends.kind.tolist(), reasons, strict=True)),
    ]


def both_tapes(config: run_config_pb2.RunConfig, trades: list[tuple[int, int, int, int]], folder: Path) -> tuple[Tape, Tape]:
    """Return the tape of the strategy, and the tape of the general recorder listening to the same replay."""
    rows, ts, price = [], START, 640_000
    for gap, side, step, size in trades:
        ts, price = ts + gap, price + step
        rows.append((ts, side, price, size))
    files = [write_trades(folder / "files", rows)]
    if config.venue.book_type == "L2_MBP":
        # The first trades come before the first book.
        books = [(row[0] + 1, [(row[2] - 1, 100)], [(row[2] + 1, 100)]) for row in rows[1:]]
        files.append(write_books(folder / "files", books))
    (folder / "view").mkdir()
    recorder = Recorder([instrument()])
    strategy = recorded(TempBacktestStrategy, recorder)(instrument(), config)
    lanes = catalog_view(folder / "view", instrument(), files)
    replay(config, strategy, lanes, 1_000, Shortcuts(), recorder)
    tape = Tape()
    write_tape(recorder.record, tape, WINDOW[1], files[1].first if len(files) > 1 else None)
    return strategy.tape, tape


@pytest.mark.parametrize("mode", [TRADES, BOTH], ids=["trades", "both"])
@pytest.mark.parametrize("kind", KINDS, ids=str)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trades=st.lists(TRADE, min_size=2, max_size=30))
def test_both_recorders_agree(
    kind: dict[str, Any],
    mode: result_pb2.SnapshotMode,
    trades: list[tuple[int, int, int, int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    fast, general = both_tapes(replay_config(mode=mode, **kind), trades, tmp_path_factory.mktemp("market"))
    assert tables(general) == tables(fast)


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("QUANTITY_PRECISION_EXCEEDS_MAXIMUM: quantity=0.1000, precision=4", "QUANTITY_PRECISION_EXCEEDS_MAXIMUM"),
        (
            "STOP_MARKET BUY order stop px of 63000.0 was in the market: bid=64001.5, ask=64002.5, but rejected",
            "STOP_MARKET BUY order stop px of … was in the market",
        ),
        (
            "Reduce-only order O-20240718-105322-001-000-3 (LIMIT-SELL) would have increased position",
            "Reduce-only order … (LIMIT-SELL) would have increased position",
        ),
        ("", "UNKNOWN"),
    ],
)
def test_reasons_that_differ_in_figures_and_ids_are_one_group(text: str, group: str) -> None:
    assert reason_group(text, {"O-20240718-105322-001-000-3"}) == group
