"""Strategies get the same answers about their account as in a bare run of the engine, at every callback."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import account_strategies
from bare_runs import BareNode, recorded_events, spec_of
from plain_strategies import OneInstrument
from small_catalog import RAW_NAME, START, replay_config, write_books, write_trades
from tickreel.engine.instrument import Instrument, engine_instrument
from tickreel.engine.replay import Lane, catalog_view, replay
from tickreel.engine.tape import Tape
from tickreel.rpc.errors import TickreelError
from tickreel.runner.ledger.ledger import Ledger
from tickreel.runner.ledger.outcome import Outcome
from tickreel.runner.result.findings import findings
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.stores.instrument_name import InstrumentName
from tickreel.v1 import result_pb2, run_config_pb2

SECOND = 1_000_000_000
ROWS = 120
LINEAR, INVERSE = f"{RAW_NAME}@LIN", "BITMEX:PERPETUAL:BTC-USD@INV"
SPOT = "BINANCE:SPOT_PAIR:BTC-USDT"
RATES = {"margin_init": 0.05, "margin_maint": 0.03}
IN_BITCOIN: dict[str, Any] = {"base_currency": "BTC", "starting_balance": 10}
IN_CASH: dict[str, Any] = {
    "account_type": "CASH",
    "base_currency": None,
    "starting_balance": None,
    "starting_balances": {"USDT": 20_000, "BTC": 0.5},
}

# Strategy, instrument, changes of the config's instrument and venue, whether there are books.
CASES: dict[str, tuple[str, str, dict[str, Any], dict[str, Any], bool]] = {
    "margin without rates": ("Accountant", LINEAR, {}, {}, True),
    "margin, L1": ("Accountant", LINEAR, RATES, {"starting_balance": 20_000, "default_leverage": 10}, False),
    "margin, L2": ("Accountant", LINEAR, RATES, {"starting_balance": 20_000, "default_leverage": 10}, True),
    "inverse": ("Accountant", INVERSE, RATES | {"multiplier": 10_000}, IN_BITCOIN, True),
    "cash, L1": ("Accountant", SPOT, {}, IN_CASH, False),
    "cash, L2": ("Accountant", SPOT, {}, IN_CASH, True),
    "hedging": ("Hedger", LINEAR, RATES, {"oms_type": "HEDGING", "starting_balance": 50_000}, True),
    "hedging, L1": ("Hedger", LINEAR, {}, {"oms_type": "HEDGING"}, False),
    "hedging, inverse": ("Hedger", INVERSE, RATES | {"multiplier": 10_000}, IN_BITCOIN | {"oms_type": "HEDGING"}, True),
}


@pytest.fixture(scope="module")
def bare_node() -> Iterator[BareNode]:
    """Return a process that runs strategies by the engine alone."""
    node = BareNode()
    yield node
    node.close()


def settled(config: run_config_pb2.RunConfig, tape: Tape, prices: list[int], times: list[int]) -> Outcome:
    """Return the outcome of a replay, at the marks of the trades."""
    ledger = Ledger(config, MarkRows.of_trades(np.array(times), np.array(prices), 1), times[-1])
    ledger.settle(tape)
    return ledger.close()


class Market(NamedTuple):
    """A market of some walk of the price, and the terms of its venue."""

    config: run_config_pb2.RunConfig
    instrument: Instrument
    lanes: list[Lane]
    times: list[int]
    prices: list[int]

    def replay(self, strategy: type[Any]) -> tuple[Any, Tape]:
        """Return a strategy after its replay, and the tape."""
        tape, of = Tape(), OneInstrument(self.instrument.id, self.config.venue.book_type == "L2_MBP")

        def construct(recorded: type[Any]) -> Any:
            return recorded(of)

        return replay(self.config, self.instrument, strategy, construct, self.lanes, 50, tape), tape

    def settled(self, tape: Tape) -> Outcome:
        """Return the outcome of a replay, at the marks of the trades."""
        ledger = Ledger(self.config, MarkRows.of_trades(np.array(self.times), np.array(self.prices), 1), self.times[-1])
        ledger.settle(tape)
        return ledger.close()


def market(case: str, folder: Path, fall: int = 0) -> Market:
    """Write the market of a case. The price falls by some ticks a row, beyond its walk."""
    _, name, instrument, venue, books = CASES[case]
    parsed = InstrumentName.parse(name)
    mode = result_pb2.SNAPSHOT_MODE_BOTH if books else result_pb2.SNAPSHOT_MODE_TRADES
    oms_type = venue.get("oms_type", "NETTING")
    config = replay_config(
        mode=mode, instrument={"id": name, **instrument}, venue={"name": parsed.venue, **venue, "oms_type": "NETTING"}
    )
    # The rules refuse it for the strategy of this config.
    config.venue.oms_type = oms_type
    traded = engine_instrument(parsed.engine_id, config.instrument)
    trades, shown, price = [], [], 640_000
    for row in range(ROWS):
        price += (-7, 3, 9, -2, 5, -8)[row * row % 6] - fall
        ts, levels = START + row * SECOND, range(2, 7)
        shown.append((ts, [(price - gap, 150) for gap in levels], [(price + gap, 150) for gap in levels]))
        trades.append((ts + SECOND // 2, row % 2, price, 1_000))
    files = [write_trades(folder / "files", trades, engine_id=parsed.engine_id)]
    if books:
        files.append(write_books(folder / "files", shown, engine_id=parsed.engine_id))
    (folder / "view").mkdir()
    lanes = catalog_view(folder / "view", traded, files)
    return Market(config, traded, lanes, [row[0] for row in trades], [row[2] for row in trades])


def bare_run(node: BareNode, strategy: type, traded: Market) -> dict[str, Any]:
    """Return the outcome of a bare run over the same market."""
    terms = traded.config.venue
    cash = [f"{balance} {currency}" for currency, balance in sorted(terms.starting_balances.items())]
    venue = {
        "oms_type": terms.oms_type,
        "account_type": terms.account_type,
        "book_type": terms.book_type,
        "starting_balances": cash or [f"{terms.starting_balance} {terms.base_currency}"],
        "base_currency": terms.base_currency or None,
        "default_leverage": f"{terms.default_leverage:g}",
    }
    return node.run(spec_of(strategy, traded.lanes, instrument=str(traded.instrument.id), venue=venue))


@pytest.mark.parametrize("case", CASES)
def test_answers_about_the_account_equal_those_of_a_bare_run(case: str, bare_node: BareNode, tmp_path: Path) -> None:
    traded, strategy = market(case, tmp_path), getattr(account_strategies, CASES[case][0])
    ours, tape = traded.replay(strategy)
    bare = bare_run(bare_node, strategy, traded)
    assert len(ours.answers) > 2 * ROWS
    for mine, theirs in zip(ours.answers, bare["answers"], strict=True):
        assert mine == theirs
    figures = traded.settled(tape).cross_check.figures
    assert {"fill events", "position", "commissions", "pnl"} < figures.keys()
    assert not [name for name, figure in figures.items() if figure.differs]
    assert tape.events is not None
    for order, events in recorded_events(tape.events, traded.instrument).items():
        assert [event["ts"] for event in events] == [event["ts"] for event in bare["events"][order]]


def test_an_order_that_reverses_one_of_several_positions_fails_the_run_by_name(tmp_path: Path) -> None:
    traded = market("hedging", tmp_path)
    _, tape = traded.replay(account_strategies.Reverser)
    with pytest.raises(TickreelError, match=r"the order O-\S+-3 was larger than the position that it reduced; .* HEDGING"):
        traded.settled(tape)


def test_all_positions_are_closed_on_stop(tmp_path: Path) -> None:
    traded = market("hedging", tmp_path)
    traded.config.strategy.close_positions_on_stop = True
    _, tape = traded.replay(account_strategies.Hedger)
    outcome = traded.settled(tape)
    assert outcome.final_position == 0
    assert not outcome.account.open_positions
    assert outcome.unrealized == 0


def test_the_engine_does_not_liquidate_and_the_report_says_so(bare_node: BareNode, tmp_path: Path) -> None:
    traded = market("margin, L2", tmp_path, fall=300)
    ours, tape = traded.replay(account_strategies.Sinking)
    bare = bare_run(bare_node, account_strategies.Sinking, traded)
    assert ours.answers == bare["answers"]
    outcome = traded.settled(tape)
    assert outcome.lowest_equity < 0
    assert outcome.orders == 10
    assert outcome.final_position == 7_000
    assert not [name for name, figure in outcome.cross_check.figures.items() if figure.differs]
    assert "EQUITY_BELOW_ZERO" in [finding.code for finding in findings(outcome, result_pb2.SNAPSHOT_MODE_BOTH, [])]


def test_fills_that_a_timer_released_between_two_rows_are_counted(tmp_path: Path) -> None:
    traded = market("margin, L1", tmp_path)
    traded.config.venue.latency.base_latency_nanos = 1_100_000_000
    _, tape = traded.replay(account_strategies.Accountant)
    outcome = traded.settled(tape)
    between = sum(ts not in traded.times for ts in tape.fills.ts.tolist())
    assert 0 < between < outcome.fills
    (finding,) = [one for one in findings(outcome, result_pb2.SNAPSHOT_MODE_TRADES, []) if one.code == "FILLS_BETWEEN_ROWS"]
    assert finding.message.startswith(f"{between} of {outcome.fills} fills (")
