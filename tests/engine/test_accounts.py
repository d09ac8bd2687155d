"""Strategies get the same answers about their account as in a bare run of the engine, at every callback."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import account_strategies
from bare_runs import TYPES, BareNode, recorded_events
from plain_strategies import OneInstrument
from small_catalog import RAW_NAME, START, replay_config, write_books, write_trades
from tickreel.engine.instrument import engine_instrument
from tickreel.engine.replay import catalog_view, replay
from tickreel.engine.tape import Tape
from tickreel.stores.instrument_name import InstrumentName
from tickreel.v1 import result_pb2

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
    "inverse": ("Accountant", INVERSE, RATES, IN_BITCOIN, True),
    "cash, L1": ("Accountant", SPOT, {}, IN_CASH, False),
    "cash, L2": ("Accountant", SPOT, {}, IN_CASH, True),
    "hedging": ("Hedger", LINEAR, RATES, {"oms_type": "HEDGING", "starting_balance": 50_000}, True),
    "hedging, L1": ("Hedger", LINEAR, {}, {"oms_type": "HEDGING"}, False),
    "hedging, inverse": ("Hedger", INVERSE, RATES, IN_BITCOIN | {"oms_type": "HEDGING"}, True),
}


@pytest.fixture(scope="module")
def bare_node() -> Iterator[BareNode]:
    """Return a process that runs strategies by the engine alone."""
    node = BareNode()
    yield node
    node.close()


@pytest.mark.parametrize("case", CASES)
def test_answers_about_the_account_equal_those_of_a_bare_run(case: str, bare_node: BareNode, tmp_path: Path) -> None:
    strategy, name, instrument, venue, books = CASES[case]
    parsed = InstrumentName.parse(name)
    mode = result_pb2.SNAPSHOT_MODE_BOTH if books else result_pb2.SNAPSHOT_MODE_TRADES
    config = replay_config(mode=mode, instrument={"id": name, **instrument}, venue={"name": parsed.venue, **venue})
    traded = engine_instrument(parsed.engine_id, config.instrument)
    trades, shown, price = [], [], 640_000
    for row in range(ROWS):
        price += (-7, 3, 9, -2, 5, -8)[row * row % 6]
        ts, levels = START + row * SECOND, range(2, 7)
        shown.append((ts, [(price - gap, 150) for gap in levels], [(price + gap, 150) for gap in levels]))
        trades.append((ts + SECOND // 2, row % 2, price, 1_000))
    files = [write_trades(tmp_path / "files", trades, engine_id=parsed.engine_id)]
    if books:
        files.append(write_books(tmp_path / "files", shown, engine_id=parsed.engine_id))
    (tmp_path / "view").mkdir()
    lanes, tape = catalog_view(tmp_path / "view", traded, files), Tape()
    of = getattr(account_strategies, strategy)
    ours = replay(config, traded, of, lambda recorded: recorded(OneInstrument(traded.id, books)), lanes, 50, tape)

    terms = config.venue
    cash = [f"{balance} {currency}" for currency, balance in sorted(terms.starting_balances.items())]
    bare = bare_node.run(
        {
            "strategy": strategy,
            "module": "account_strategies",
            "instrument": parsed.engine_id,
            "lanes": [(str(lane.path), TYPES[lane.data_type], lane.start, lane.end) for lane in lanes],
            "venue": {
                "oms_type": terms.oms_type,
                "account_type": terms.account_type,
                "book_type": terms.book_type,
                "starting_balances": cash or [f"{terms.starting_balance} {terms.base_currency}"],
                "base_currency": terms.base_currency,
                "default_leverage": f"{terms.default_leverage:g}",
            },
        }
    )
    assert len(ours.answers) > 2 * ROWS
    for mine, theirs in zip(ours.answers, bare["answers"], strict=True):
        assert mine == theirs
    assert tape.events is not None
    for order, events in recorded_events(tape.events, traded).items():
        assert [event["ts"] for event in events] == [event["ts"] for event in bare["events"][order]]
