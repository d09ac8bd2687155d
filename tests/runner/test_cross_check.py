"""What the engine reports of itself agrees with what we make of the tape; where a tape is tampered with, that is told."""

import random
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from small_catalog import START, instrument, replay_config, write_trades
from tickreel.engine.replay import Shortcuts, catalog_view, replay
from tickreel.engine.tape import Tape
from tickreel.runner.findings import findings
from tickreel.runner.ledger import Ledger
from tickreel.runner.outcome import Outcome
from tickreel.runner.rows import Rows
from tickreel.runner.strategies.temp_backtest import TempBacktestStrategy
from tickreel.v1 import result_pb2, run_config_pb2

# More than the strategy lets the engine remember.
ROWS = 2_500
TIMES = START + np.arange(ROWS) * 1_000_000
DRAW = random.Random(3)
MARKETS = {
    # Flat after every other trade: whatever the engine forgets, it forgets closed positions.
    "flat again and again": [(row % 2, DRAW.randrange(639_970, 640_030), 4) for row in range(ROWS)],
    "up and down": [(DRAW.randrange(2), DRAW.randrange(639_970, 640_030), DRAW.randrange(1, 9)) for _ in range(ROWS)],
}


def replayed(folder: Path, market: str, config: run_config_pb2.RunConfig, *, frozen_account: bool) -> Tape:
    file = write_trades(folder / "files", [(int(ts), *row) for ts, row in zip(TIMES, MARKETS[market], strict=True)])
    strategy = TempBacktestStrategy(instrument(), config)
    (folder / "view").mkdir()
    lanes = catalog_view(folder / "view", strategy.instrument, [file])
    replay(config, strategy, lanes, 1_000, Shortcuts(frozen_account=frozen_account))
    return strategy.tape


def settled(config: run_config_pb2.RunConfig, tape: Tape, market: str) -> Outcome:
    prices = np.array([price for _, price, _ in MARKETS[market]])
    ledger = Ledger(config, Rows.of_trades(TIMES, prices, 1), int(TIMES[-1]))
    ledger.settle(tape)
    return ledger.close()


def told(outcome: Outcome) -> list[str]:
    found = findings(outcome, result_pb2.SNAPSHOT_MODE_TRADES, [])
    return [finding.message for finding in found if finding.code == "ENGINE_DISAGREES"]


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("frozen_account", [True, False], ids=["no account", "account"])
def test_every_figure_that_the_engine_reports_is_ours(market: str, frozen_account: bool, tmp_path: Path) -> None:
    config = replay_config()
    tape = replayed(tmp_path, market, config, frozen_account=frozen_account)
    outcome = settled(config, tape, market)
    names = {"orders", "fill events", "position", "commissions", "pnl"} | (set() if frozen_account else {"balance USDT"})
    assert set(outcome.cross_check.figures) == names
    assert told(outcome) == []
    figures = outcome.cross_check.figures
    assert figures["orders"].engine == ROWS
    assert figures["fill events"].engine >= ROWS
    assert figures["commissions"].engine > 0


def test_a_tape_that_was_tampered_with_is_told_of(tmp_path: Path) -> None:
    """Its last fill is left out."""
    config, market = replay_config(), "up and down"
    tape = replayed(tmp_path, market, config, frozen_account=False)
    tampered = Tape()
    tampered.rows, tampered.settled, tampered.reported = tape.rows, tape.settled, tape.reported
    tampered.add_orders(np.stack(list(vars(tape.orders).values()), axis=1).ravel().tolist())
    tampered.add_fills(np.stack(list(vars(tape.fills).values()), axis=1)[:-1].ravel().tolist())
    outcome = settled(config, tampered, market)
    differing = {name for name, figure in outcome.cross_check.figures.items() if figure.differs}
    assert differing == {"fill events", "position", "commissions", "pnl", "balance USDT"}
    (message,) = told(outcome)
    figure = outcome.cross_check.figures["position"]
    assert f"position {figure.ours}, by the engine {figure.engine}" in message
    assert (figure.engine - figure.ours) * 1_000 == int(tape.fills.quantity[-1] * tape.fills.side[-1])


def test_a_profit_is_allowed_to_differ_by_a_unit_a_fill(tmp_path: Path) -> None:
    config, market = replay_config(), "up and down"
    tape = replayed(tmp_path, market, config, frozen_account=True)
    figure = settled(config, tape, market).cross_check.figures["pnl"]
    fills = int(tape.reported["fill events"])
    for units, tells in ((fills - 100, False), (fills + 100, True)):
        tape.reported["pnl"] = f"{figure.ours + Decimal(units).scaleb(-8):f}"
        assert bool(told(settled(config, tape, market))) == tells
