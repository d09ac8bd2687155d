"""The engine's reported figures agree with ours, and a difference is reported as a finding."""

import random
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from small_catalog import START, replay_config, replay_files, write_trades
from tickreel.engine.replay import Shortcuts
from tickreel.engine.tape import Tape
from tickreel.runner.ledger.ledger import Ledger
from tickreel.runner.ledger.outcome import Outcome
from tickreel.runner.result.findings import findings
from tickreel.runner.strategies.temp_backtest import TempBacktestStrategy
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.v1 import result_pb2, run_config_pb2

# More rows than orders that the engine keeps before the strategy purges its cache.
ROWS = 2_500
TIMES = START + np.arange(ROWS) * 1_000_000
DRAW = random.Random(3)
MARKETS = {
    # Flat after every other trade, so that the engine purges closed positions.
    "flat again and again": [(row % 2, DRAW.randrange(639_970, 640_030), 4) for row in range(ROWS)],
    "up and down": [(DRAW.randrange(2), DRAW.randrange(639_970, 640_030), DRAW.randrange(1, 9)) for _ in range(ROWS)],
}


def replayed(folder: Path, market: str, config: run_config_pb2.RunConfig, *, frozen_account: bool) -> Tape:
    file = write_trades(folder / "files", [(int(ts), *row) for ts, row in zip(TIMES, MARKETS[market], strict=True)])
    shortcuts = Shortcuts(frozen_account=frozen_account)
    return replay_files(TempBacktestStrategy, config, folder / "view", [file], shortcuts=shortcuts).tape


def settled(config: run_config_pb2.RunConfig, tape: Tape, market: str) -> Outcome:
    prices = np.array([price for _, price, _ in MARKETS[market]])
    ledger = Ledger(config, MarkRows.of_trades(TIMES, prices, 1), int(TIMES[-1]))
    ledger.settle(tape)
    return ledger.close()


def reported(outcome: Outcome) -> list[str]:
    found = findings(outcome, result_pb2.SNAPSHOT_MODE_TRADES, [])
    return [finding.message for finding in found if finding.code == "ENGINE_DISAGREES"]


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("frozen_account", [True, False], ids=["no account", "account"])
def test_every_figure_of_the_engine_equals_ours(market: str, frozen_account: bool, tmp_path: Path) -> None:
    config = replay_config()
    tape = replayed(tmp_path, market, config, frozen_account=frozen_account)
    outcome = settled(config, tape, market)
    names = {"orders", "fill events", "position", "commissions", "pnl"} | (set() if frozen_account else {"balance USDT"})
    assert set(outcome.cross_check.figures) == names
    assert reported(outcome) == []
    figures = outcome.cross_check.figures
    assert figures["orders"].engine == ROWS
    assert figures["fill events"].engine >= ROWS
    assert figures["commissions"].engine > 0


def test_a_tape_without_its_last_fill_is_reported(tmp_path: Path) -> None:
    config, market = replay_config(), "up and down"
    tape = replayed(tmp_path, market, config, frozen_account=False)
    tampered = Tape()
    tampered.settled, tampered.reported = tape.settled, tape.reported
    tampered.add_orders(np.stack(list(vars(tape.orders).values()), axis=1).ravel().tolist())
    tampered.add_fills(np.stack(list(vars(tape.fills).values()), axis=1)[:-1].ravel().tolist())
    outcome = settled(config, tampered, market)
    differing = {name for name, figure in outcome.cross_check.figures.items() if figure.differs}
    assert differing == {"fill events", "position", "commissions", "pnl", "balance USDT"}
    (message,) = reported(outcome)
    figure = outcome.cross_check.figures["position"]
    assert f"position {figure.ours}, engine {figure.engine}" in message
    assert (figure.engine - figure.ours) * 1_000 == int(tape.fills.quantity[-1] * tape.fills.side[-1])


def test_a_profit_may_differ_by_one_unit_per_fill(tmp_path: Path) -> None:
    config, market = replay_config(), "up and down"
    tape = replayed(tmp_path, market, config, frozen_account=True)
    figure = settled(config, tape, market).cross_check.figures["pnl"]
    fills = int(tape.reported["fill events"])
    for units, differs in ((fills - 100, False), (fills + 100, True)):
        tape.reported["pnl"] = f"{figure.ours + Decimal(units).scaleb(-8):f}"
        assert bool(reported(settled(config, tape, market))) == differs


def large(kind: str, draw: random.Random) -> list[tuple[int, int]]:
    """Return sides and sizes whose sums exceed the precision of a double."""
    if kind == "reversed again and again":
        return [((row + 1) % 2, 10**17 + 10**11 + draw.choice((0, 1, 2, 7))) for row in range(800)]
    if kind == "flat again and again":
        sizes = [draw.randrange(1, 10**17) for _ in range(400)]
        return [(row % 2, sizes[row // 2]) for row in range(800)]
    return [(draw.randrange(2), draw.randrange(1, 10**16)) for _ in range(800)]


@pytest.mark.parametrize("kind", ["reversed again and again", "flat again and again", "a walk"])
@pytest.mark.parametrize("seed", range(3))
def test_the_rounding_error_of_doubles_is_tolerated(kind: str, seed: int, tmp_path: Path) -> None:
    """Sizes of 1e9 with eight decimals, as for SHIB."""
    config = replay_config(1e11)
    config.instrument.price_precision = config.instrument.size_precision = 8
    config.instrument.lot_size = 1e-8
    rows = [
        (int(START + row * 1_000_000), buys, 1_000 + row % 3, size)
        for row, (buys, size) in enumerate(large(kind, random.Random(seed)))
    ]
    file = write_trades(tmp_path / "files", rows, price_precision=8, size_precision=8)
    shortcuts = Shortcuts(frozen_account=True)
    tape = replay_files(TempBacktestStrategy, config, tmp_path / "view", [file], shortcuts=shortcuts).tape
    ts, prices = np.array([row[0] for row in rows]), np.array([row[2] for row in rows])

    def outcome() -> Outcome:
        ledger = Ledger(config, MarkRows.of_trades(ts, prices, 8), int(ts[-1]))
        ledger.settle(tape)
        return ledger.close()

    assert reported(outcome()) == []
    # A difference of one fill is still reported.
    position = outcome().cross_check.figures["position"]
    tape.reported["position"] = f"{position.ours + Decimal(rows[-1][3]).scaleb(-8):f}"
    assert len(reported(outcome())) == 1


def test_figures_of_small_positions_must_be_exactly_equal(tmp_path: Path) -> None:
    config, market = replay_config(), "up and down"
    tape = replayed(tmp_path, market, config, frozen_account=True)
    for name, unit in (("position", "0.001"), ("fill events", "1"), ("commissions", "0.00000001"), ("orders", "1")):
        before = tape.reported[name]
        tape.reported[name] = f"{Decimal(before) + Decimal(unit):f}"
        assert len(reported(settled(config, tape, market))) == 1
        tape.reported[name] = before
    assert reported(settled(config, tape, market)) == []


def test_a_fee_that_differs_is_not_reported_twice(tmp_path: Path) -> None:
    """FEES_DIFFER reports it; the commissions still equal the sum of the engine's fees."""
    config, market = replay_config(), "up and down"
    tape = replayed(tmp_path, market, config, frozen_account=True)
    changed = Tape()
    changed.settled = tape.settled
    changed.add_orders(np.stack(list(vars(tape.orders).values()), axis=1).ravel().tolist())
    fills = np.stack(list(vars(tape.fills).values()), axis=1)
    fills[0, -1] += 1
    changed.add_fills(fills.ravel().tolist())
    off = Decimal(tape.reported["commissions"]) + Decimal("0.00000001")
    changed.reported = tape.reported | {"commissions": f"{off:f}"}
    outcome = settled(config, changed, market)
    assert reported(outcome) == []
    assert outcome.fees_that_differ == 1
