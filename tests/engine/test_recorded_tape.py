"""The general recorder and the recorder of copies agree on the tape."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from small_catalog import START, replay_config, replay_files, write_books, write_trades
from tickreel.engine.copy_recorder import only_copies
from tickreel.engine.recorded_tape import reason_group
from tickreel.engine.tape import Tape
from tickreel.runner.strategies.temp_backtest import TempBacktestStrategy
from tickreel.v1 import result_pb2, run_config_pb2

SECOND = 1_000_000_000
KINDS = [
    {},
    {"order_type": "MARKET"},
    {"time_in_force": "FOK"},
    {"close_positions_on_stop": True},
    {"venue": {"liquidity_consumption": True}},
    {"instrument": {"lot_size": 0.003}},
]
BOTH, TRADES = result_pb2.SNAPSHOT_MODE_BOTH, result_pb2.SNAPSHOT_MODE_TRADES
# Books come one nanosecond after a trade, never at the time of another.
TRADE = st.tuples(st.integers(2, 3 * SECOND), st.integers(0, 1), st.integers(-3, 3), st.integers(1, 300))


def tables(tape: Tape) -> list[Any]:
    """Return the orders, fills and ends of a tape as rows, and the figures of the engine."""
    orders, fills, ends = tape.orders, tape.fills, tape.ends
    reasons = [ends.reasons[code] for code in ends.reason.tolist()]
    return [
        list(zip(*(column.tolist() for column in vars(orders).values()), strict=True)),
        list(zip(*(column.tolist() for column in vars(fills).values()), strict=True)),
        list(zip(ends.order.tolist(), ends.ts.tolist(), ends.kind.tolist(), reasons, strict=True)),
        tape.reported,
        tape.iterations,
    ]


def both_tapes(config: run_config_pb2.RunConfig, trades: list[tuple[int, int, int, int]], folder: Path) -> list[Tape]:
    """Return the tapes of a replay by the recorder of copies, and by the general recorder."""
    rows, ts, price = [], START, 640_000
    for gap, side, step, size in trades:
        ts, price = ts + gap, price + step
        rows.append((ts, side, price, size))
    files, first_book = [write_trades(folder / "files", rows)], None
    if config.venue.book_type == "L2_MBP":
        # The first trades come before the first book.
        books = [(row[0] + 1, [(row[2] - 1, 100)], [(row[2] + 1, 100)]) for row in rows[1:]]
        files.append(write_books(folder / "files", books))
        first_book = books[0][0]
    tapes = []
    for name, rule in (("fast", only_copies), ("general", lambda *_: False)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tickreel.engine.replay.only_copies", rule)
            tapes.append(replay_files(TempBacktestStrategy, config, folder / name, files, first_book=first_book).tape)
    return tapes


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
    assert fast.events is None
    assert general.events is not None
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
