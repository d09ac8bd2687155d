"""The general recorder equals a bare run of the engine, event by event.

TICKREEL_TEST_EXAMPLES is the number of random scripts of commands that are tried.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nautilus_trader.model import OrderUpdated

import plain_strategies
from bare_runs import SECOND, BareNode, assert_equal, random_market, spec_of
from small_catalog import ENGINE_ID, instrument, replay_config
from tickreel.engine.event_record import MISSING, EventRecord
from tickreel.engine.instrument import Instrument, engine_instrument
from tickreel.engine.recorder import EventSequence
from tickreel.engine.replay import Lane, replay
from tickreel.engine.tape import Tape
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import result_pb2, run_config_pb2

EXAMPLES = int(os.environ.get("TICKREEL_TEST_EXAMPLES", "5"))
Commands = Sequence[Sequence[int]]


@pytest.fixture(scope="module")
def bare_node() -> Iterator[BareNode]:
    """Return a process that runs strategies by the engine alone."""
    node = BareNode()
    yield node
    node.close()


@dataclass(frozen=True)
class Market:
    """The terms of a run: as keys of a config, and as arguments of the engine's venue."""

    books: bool = True
    balance: int = 1_000_000
    instrument: Mapping[str, object] = field(default_factory=dict)
    venue: Mapping[str, object] = field(default_factory=dict)
    bare_venue: Mapping[str, object] = field(default_factory=dict)
    hedging: bool = False

    @property
    def config(self) -> run_config_pb2.RunConfig:
        """The resolved config."""
        mode = result_pb2.SNAPSHOT_MODE_BOTH if self.books else result_pb2.SNAPSHOT_MODE_TRADES
        config = replay_config(self.balance, mode=mode, venue=self.venue, instrument=self.instrument)
        if self.hedging:
            config.venue.oms_type = "HEDGING"
        return config

    @property
    def traded(self) -> Instrument:
        """The instrument."""
        return engine_instrument(ENGINE_ID, self.config.instrument)

    @property
    def bare(self) -> dict[str, object]:
        """The venue in the spec of a bare run."""
        book_type, oms_type = "L2_MBP" if self.books else "L1_MBP", "HEDGING" if self.hedging else "NETTING"
        balances = [f"{self.balance} USDT"]
        return {"book_type": book_type, "oms_type": oms_type, "starting_balances": balances, **self.bare_venue}

    def record_of(self, strategy: type[Any], lanes: Sequence[Lane]) -> EventRecord:
        """Return the record of a replay of a strategy."""
        config, tape = plain_strategies.OneInstrument(self.traded.id, self.books), Tape()
        replay(self.config, self.traded, strategy, lambda recorded: recorded(config), lanes, 100, tape)
        assert tape.events is not None
        return tape.events


MARKETS = {
    "books": Market(),
    "trades": Market(books=False),
    "hedging": Market(hedging=True),
    "margin": Market(balance=20_000, instrument={"margin_init": 0.5, "margin_maint": 0.25}),
    "latency": Market(
        venue={
            "latency": {
                "base_latency_nanos": 7 * SECOND // 10,
                "insert_latency_nanos": 3 * SECOND // 10,
                "cancel_latency_nanos": SECOND,
            }
        },
        bare_venue={"latency": [7 * SECOND // 10, 3 * SECOND // 10, 0, SECOND]},
    ),
    "liquidity": Market(venue={"liquidity_consumption": True}, bare_venue={"liquidity_consumption": True}),
    "queue": Market(venue={"queue_position": True}, bare_venue={"queue_position": True}),
    "chances": Market(
        venue={"fill_model": {"prob_fill_on_limit": 0.5, "prob_slippage": 0.0}}, bare_venue={"fill_model": [0.5, 0.0, 42]}
    ),
}


def record_of(strategy: type[Any], lanes: Sequence[Lane]) -> EventRecord:
    """Return the record of a replay of a strategy on usual terms."""
    return MARKETS["books"].record_of(strategy, lanes)


STRATEGIES: dict[type[Any], set[str]] = {
    plain_strategies.GridMaker: {"OrderFilled", "OrderPendingCancel", "OrderCanceled"},
    plain_strategies.EmaCross: {"OrderFilled"},
    plain_strategies.Bracket: {"OrderFilled", "OrderCanceled"},
    plain_strategies.Modifier: {"OrderUpdated", "OrderModifyRejected", "OrderDenied"},
    plain_strategies.LastMinute: {"OrderFilled", "OrderCanceled"},
    plain_strategies.Emulated: {"OrderEmulated", "OrderReleased", "OrderFilled"},
    plain_strategies.Stops: {"OrderTriggered", "OrderRejected", "OrderFilled"},
}


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.__name__)
def test_the_record_equals_a_bare_run_event_by_event(strategy: type[Any], bare_node: BareNode, tmp_path: Path) -> None:
    lanes = random_market(tmp_path)
    bare = bare_node.run(spec_of(strategy, lanes))["events"]
    assert {event["kind"] for events in bare.values() for event in events} >= STRATEGIES[strategy]
    assert_equal(record_of(strategy, lanes), bare, instrument())


COMMAND = st.tuples(
    st.integers(-1, 40),
    st.integers(0, len(plain_strategies.OPERATIONS) - 1),
    st.integers(0, 1),
    st.integers(-6, 6),
    st.integers(1, 12),
)


@pytest.mark.timeout(60 + 4 * EXAMPLES)
@pytest.mark.parametrize("terms", MARKETS)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands=st.lists(COMMAND, min_size=1, max_size=40), seed=st.integers(0, 9))
def test_the_record_of_random_commands_equals_a_bare_run(
    terms: str, commands: Commands, seed: int, bare_node: BareNode, tmp_path_factory: pytest.TempPathFactory
) -> None:
    of, strategy = MARKETS[terms], plain_strategies.Scripted
    lanes = random_market(tmp_path_factory.mktemp("market"), 40, seed, books=of.books, traded=of.traded)
    bare = bare_node.run(spec_of(strategy, lanes, venue=of.bare, attributes={"commands": commands}))
    strategy.commands = [list(command) for command in commands]
    assert_equal(of.record_of(strategy, lanes), bare["events"], of.traded)


def test_a_resting_order_fills_as_maker_at_the_instant_of_the_fill(tmp_path: Path) -> None:
    record = record_of(plain_strategies.GridMaker, random_market(tmp_path))
    fills, orders = record.fills, record.orders
    later = fills.ts > orders.ts[fills.order]
    assert later.sum() > 10
    assert not fills.taker[later].any()


PLACES = {
    "on_start": "",
    "on_trade": "10:53:23.5",
    "on_book_depth": "10:53:22.0",
    "timer": "10:53:22.0",
    "on_time_event": "10:53:23.0",
    "on_order_event": "10:53:21.5",
    "on_order_filled": "10:53:21.5",
    "on_position_opened": "10:53:21.5",
    "on_stop": "10:53:29.5",
}
# Runs in a separate process, whose standard error is the log.
_FAILURES = """
import json, sys
from pathlib import Path
import plain_strategies
from bare_runs import random_market
from engine.test_recorder import record_of

lanes = random_market(Path(sys.argv[1]), rows=10)
failures = {}
for place in json.loads(sys.argv[2]):
    plain_strategies.Failing.place = place
    try:
        record_of(plain_strategies.Failing, lanes)
    except Exception as error:
        failures[place] = [str(error), error.metadata.get("log", "")]
print(json.dumps(failures))
"""


def test_an_error_of_user_code_is_reported_with_its_traceback_and_time_wherever_it_was_raised(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        run = subprocess.run(
            [sys.executable, "-c", _FAILURES, str(tmp_path), json.dumps(list(PLACES))],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            check=True,
            cwd=Path(__file__).parents[1],
        )
    failures = json.loads(run.stdout)
    for place, instant in PLACES.items():
        message, traceback = failures[place]
        expected = f"the strategy raised LookupError: from {place}"
        assert message == expected + (f" at 2024-07-18T{instant}00000000Z" if instant else "")
        assert traceback.startswith("Traceback")
        assert traceback.endswith("and a second line")
        assert f"LookupError: from {place}" in (tmp_path / "log").read_text()


def test_an_order_for_another_instrument_fails_the_replay_by_name(tmp_path: Path) -> None:
    with pytest.raises(TickreelError, match=r"an order for ETH-USDT-PERP\.BINANCE-FUTURES; this run replays BTC-USDT-PERP"):
        record_of(plain_strategies.Elsewhere, random_market(tmp_path, rows=5))


@pytest.mark.parametrize(
    "subscription",
    ["subscribe_trades", "subscribe_quotes", "subscribe_bars", "subscribe_book_depth", "subscribe_book_at_interval"],
)
def test_a_subscription_to_another_instrument_fails_the_replay_by_name(
    subscription: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_strategies.Watching, "subscription", subscription)
    with pytest.raises(TickreelError, match=rf"ValueError: {subscription}: this run has no data of ETH-USDT-PERP\.BINANCE"):
        record_of(plain_strategies.Watching, random_market(tmp_path, rows=5))


def test_an_order_of_which_the_cache_has_fewer_events_is_not_recorded_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered: list[Any] = []
    monkeypatch.setattr(plain_strategies.Modifier, "on_order_event", lambda self, event: delivered.append(event), raising=False)
    record = record_of(plain_strategies.Modifier, random_market(tmp_path, rows=60))
    order_id = next(event.client_order_id for event in delivered if type(event) is OrderUpdated)
    events = [event for event in delivered if event.client_order_id == order_id]
    fewer = [event for event in events if type(event) is not OrderUpdated]
    sequence = EventSequence(record)
    row = record.order_ids[order_id.value]
    assert len(fewer) < len(events)
    assert sequence.missed(row, fewer) == []
    # An event that is not recorded comes before the next event of its order.
    (found,) = sequence.missed(row, [events[0], events[0], *events[1:]])
    assert found[0] is events[0]
    assert found[1] == int(record.changes.event[record.changes.order == row][0])


def test_orders_beyond_64_bits_are_recorded() -> None:
    record = EventRecord((ENGINE_ID,))
    record.change_rows.extend(1, ([0], [0], [1], 0, 1, [10**20], MISSING, [5], MISSING))
    record.change_rows.extend(2, ([1, 2], 0, [2, 3], 0, 1, [7, 8], MISSING, 5, MISSING))
    assert record.changes.price.tolist() == [10**20, 7, 8]
    assert record.changes.quantity.tolist() == [5, 5, 5]
    assert record.changes.reason.tolist() == [MISSING] * 3
