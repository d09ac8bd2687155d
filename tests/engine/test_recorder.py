"""The general recorder equals a bare run of the engine, event by event.

TICKREEL_TEST_EXAMPLES is the number of random scripts of commands that are tried.
"""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nautilus_trader.model import OrderUpdated

import plain_strategies
from small_catalog import ENGINE_ID, START, instrument, replay_config, write_books, write_trades
from tickreel.accounting import scaled
from tickreel.engine.event_record import (
    CHANGES,
    CONTINGENCIES,
    MISSING,
    ORDER_TYPES,
    POST_ONLY,
    QUOTE_QUANTITY,
    REDUCE_ONLY,
    TIMES_IN_FORCE,
    TRAILING_OFFSET_TYPES,
    TRIGGER_TYPES,
    EventRecord,
)
from tickreel.engine.recorder import EventSequence
from tickreel.engine.replay import Lane, catalog_view, replay
from tickreel.engine.tape import Tape
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import market_data_pb2, result_pb2

SECOND = 1_000_000_000
EXAMPLES = int(os.environ.get("TICKREEL_TEST_EXAMPLES", "20"))
TYPES = {market_data_pb2.DATA_TYPE_TRADES: "TradeTick", market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5: "OrderBookDepth"}
# The engine's names of the events in `CHANGES`.
CHANGE_EVENTS = ["Order" + "".join(word.title() for word in kind.split("_")) for kind in CHANGES]
CHANGE_EVENTS[CHANGES.index("cancelled")] = "OrderCanceled"

Event = dict[str, str]
Commands = Sequence[Sequence[int]]


def market(folder: Path, rows: int = 400, seed: int = 17) -> list[Lane]:
    """Write a random walk with books around it, and return the engine's catalogs of it."""
    draw = random.Random(seed)
    price, trades, books = 640_000, [], []
    for row in range(rows):
        ts = START + row * SECOND
        price += draw.choice([-6, -3, -1, 0, 1, 3, 6])
        levels = range(2, 7)
        books.append((ts, [(price - gap, 150) for gap in levels], [(price + gap, 150) for gap in levels]))
        trades.append((ts + SECOND // 2, row % 2, price + draw.choice([-2, 2]), draw.randint(1, 400)))
    files = [write_trades(folder / "files", trades), write_books(folder / "files", books)]
    (folder / "view").mkdir()
    return catalog_view(folder / "view", instrument(), files)


class BareNode:
    """A process in which the engine runs strategies alone."""

    def __init__(self) -> None:
        script = Path(__file__).parent.parent / "bare_node.py"
        self._process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def events(self, strategy: str, lanes: Sequence[Lane], commands: Commands = ()) -> dict[str, list[Event]]:
        """Return the events of a run, by order."""
        spec = {
            "strategy": strategy,
            "instrument": ENGINE_ID,
            "lanes": [(str(lane.path), TYPES[lane.data_type], lane.start, lane.end) for lane in lanes],
            "commands": commands,
        }
        found: dict[str, list[Event]] = self.run(spec)
        return found

    def run(self, spec: Mapping[str, Any]) -> Any:
        """Return the outcome of a spec; see bare_node.py."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(spec) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        # It ends at the end of its input.
        self._process.communicate()


@pytest.fixture(scope="module")
def bare_node() -> Iterator[BareNode]:
    """Return a process that runs strategies by the engine alone."""
    node = BareNode()
    yield node
    node.close()


def record_of(strategy: str, lanes: Sequence[Lane]) -> EventRecord:
    """Return the record of a replay of the same strategy."""
    config, tape = plain_strategies.OneInstrument(instrument().id), Tape()
    run_config, of = replay_config(mode=result_pb2.SNAPSHOT_MODE_BOTH), getattr(plain_strategies, strategy)
    replay(run_config, instrument(), of, lambda recorded: recorded(config), lanes, 100, tape)
    assert tape.events is not None
    return tape.events


def recorded_events(record: EventRecord) -> dict[str, list[Event]]:
    """Return the events of a record by order, in the form of `bare_events`, without the numbers of trades."""
    orders, fills, changes = record.orders, record.fills, record.changes
    names, positions, reasons = list(record.order_ids), list(record.positions), list(record.reasons)
    texts, text_lists = list(record.texts), list(record.text_lists)
    numbered: list[tuple[int, int, Event]] = []

    def stated(**values: Any) -> Event:
        return {name: str(value) for name, value in values.items() if value not in (None, "")}

    def measures(event: int, scale: int, **values: Any) -> Event:
        exact = record.exact.get(event, {})
        return stated(**{name: exact.get(name) or in_decimals(value, scale) for name, value in values.items()})

    def coded(code: int, values: Sequence[Any]) -> Any:
        return None if code == MISSING else values[code]

    for row, event in enumerate(orders.event.tolist()):
        linked, tags = (coded(codes[row], text_lists) or () for codes in (orders.linked, orders.tags))
        values = stated(
            kind="OrderInitialized",
            ts=orders.ts[row],
            **terms(record, row, int(orders.type[row])),
            contingency_type=CONTINGENCIES[orders.contingency[row]],
            order_list_id=coded(orders.order_list[row], texts),
            linked_order_ids=" ".join(linked),
            tags=" ".join(tags),
            trigger_type=TRIGGER_TYPES[orders.trigger_type[row]],
            emulation_trigger=TRIGGER_TYPES[orders.emulation_trigger[row]],
            trailing_offset_type=TRAILING_OFFSET_TYPES[orders.trailing_offset_type[row]],
            trailing_offset=coded(orders.trailing_offset[row], texts),
            limit_offset=coded(orders.limit_offset[row], texts),
            exec_algorithm_id=coded(orders.exec_algorithm[row], texts),
        )
        prices = {name: getattr(orders, name)[row] for name in ("price", "trigger_price", "activation_price")}
        sizes = measures(event, 3, quantity=orders.quantity[row], display_qty=orders.display_quantity[row])
        numbered.append((event, row, values | measures(event, 1, **prices) | sizes))
    for row, event in enumerate(changes.event.tolist()):
        order, kind = int(changes.order[row]), CHANGE_EVENTS[changes.kind[row]]
        again = terms(record, order, int(changes.type[row])) if kind == "OrderInitialized" else {}
        values = stated(kind=kind, ts=changes.ts[row], reason=coded(changes.reason[row], reasons), **again)
        values |= measures(event, 1, price=changes.price[row], trigger_price=changes.trigger_price[row])
        numbered.append((event, order, values | measures(event, 3, quantity=changes.quantity[row])))
    for row, event in enumerate(fills.event.tolist()):
        values = stated(
            kind="OrderFilled",
            ts=fills.ts[row],
            last_px=in_decimals(fills.price[row], 1),
            last_qty=in_decimals(fills.quantity[row], 3),
            liquidity_side="TAKER" if fills.taker[row] else "MAKER",
            commission=f"{in_decimals(fills.commission[row], 8)} {texts[fills.commission_currency[row]]}",
            position_id=positions[fills.position[row]],
        )
        numbered.append((event, int(fills.order[row]), values))
    numbered.sort(key=lambda entry: entry[0])
    assert [event for event, _, _ in numbered] == list(range(len(numbered)))
    by_order: dict[str, list[Event]] = {name: [] for name in names}
    for _, order, values in numbered:
        by_order[names[order]].append(values)
    return by_order


def in_decimals(value: Any, scale: int) -> str | None:
    """Return a value of a record as a decimal; None if it is missing."""
    return None if value == MISSING else scaled.text(value, scale)


def terms(record: EventRecord, row: int, order_type: int) -> Event:
    """Return the terms of an order that stay the same when it is released."""
    orders = record.orders
    values = {
        "order_side": "BUY" if orders.side[row] == 1 else "SELL",
        "order_type": ORDER_TYPES[order_type],
        "time_in_force": TIMES_IN_FORCE[orders.time_in_force[row]],
        "post_only": str(bool(orders.flags[row] & POST_ONLY)),
        "reduce_only": str(bool(orders.flags[row] & REDUCE_ONLY)),
        "quote_quantity": str(bool(orders.flags[row] & QUOTE_QUANTITY)),
    }
    if orders.parent[row] != MISSING:
        values["parent_order_id"] = list(record.order_ids)[orders.parent[row]]
    if orders.expire[row] != MISSING:
        values["expire_time"] = str(orders.expire[row])
    return values


STRATEGIES = {
    "GridMaker": {"OrderFilled", "OrderPendingCancel", "OrderCanceled"},
    "EmaCross": {"OrderFilled"},
    "Bracket": {"OrderFilled", "OrderCanceled"},
    "Modifier": {"OrderUpdated", "OrderModifyRejected", "OrderDenied"},
    "LastMinute": {"OrderFilled", "OrderCanceled"},
    "Emulated": {"OrderEmulated", "OrderReleased", "OrderFilled"},
    "Stops": {"OrderTriggered", "OrderRejected", "OrderFilled"},
}


def assert_equal(record: EventRecord, bare: dict[str, list[Event]]) -> None:
    """Assert that a record has the events of a bare run, and its fills in the same sequence over all orders."""
    names = list(record.order_ids)
    # The venue numbers its fills.
    in_sequence = sorted(
        (int(event["trade_id"].rpartition("-")[2]), order)
        for order, events in bare.items()
        for event in events
        if "trade_id" in event
    )
    assert [names[order] for order in record.fills.order.tolist()] == [order for _, order in in_sequence]
    for events in bare.values():
        for event in events:
            event.pop("trade_id", None)
    assert recorded_events(record) == bare


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_record_equals_a_bare_run_event_by_event(strategy: str, bare_node: BareNode, tmp_path: Path) -> None:
    lanes = market(tmp_path)
    bare = bare_node.events(strategy, lanes)
    assert {event["kind"] for events in bare.values() for event in events} >= STRATEGIES[strategy]
    assert_equal(record_of(strategy, lanes), bare)


COMMAND = st.tuples(
    st.integers(-1, 40),
    st.integers(0, len(plain_strategies.OPERATIONS) - 1),
    st.integers(0, 1),
    st.integers(-6, 6),
    st.integers(1, 12),
)


@pytest.mark.timeout(60 + 4 * EXAMPLES)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands=st.lists(COMMAND, min_size=1, max_size=40), seed=st.integers(0, 9))
def test_the_record_of_random_commands_equals_a_bare_run(
    commands: Commands, seed: int, bare_node: BareNode, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lanes = market(tmp_path_factory.mktemp("market"), rows=40, seed=seed)
    bare = bare_node.events("Scripted", lanes, commands)
    plain_strategies.Scripted.commands = [list(command) for command in commands]
    assert_equal(record_of("Scripted", lanes), bare)


def test_a_resting_order_fills_as_maker_at_the_instant_of_the_fill(tmp_path: Path) -> None:
    record = record_of("GridMaker", market(tmp_path))
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
from engine.test_recorder import market, record_of

lanes = market(Path(sys.argv[1]), rows=10)
failures = {}
for place in json.loads(sys.argv[2]):
    plain_strategies.Failing.place = place
    try:
        record_of("Failing", lanes)
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


def test_an_order_for_another_instrument_fails_the_replay_by_name(tmp_path: Path) -> None:
    with pytest.raises(TickreelError, match=r"an order for ETH-USDT-PERP\.BINANCE-FUTURES; this run replays BTC-USDT-PERP"):
        record_of("Elsewhere", market(tmp_path, rows=5))


@pytest.mark.parametrize(
    "subscription",
    ["subscribe_trades", "subscribe_quotes", "subscribe_bars", "subscribe_book_depth", "subscribe_book_at_interval"],
)
def test_a_subscription_to_another_instrument_fails_the_replay_by_name(
    subscription: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_strategies.Watching, "subscription", subscription)
    with pytest.raises(TickreelError, match=rf"ValueError: {subscription}: this run has no data of ETH-USDT-PERP\.BINANCE"):
        record_of("Watching", market(tmp_path, rows=5))


def test_an_order_of_which_the_cache_has_fewer_events_is_not_recorded_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered: list[Any] = []
    monkeypatch.setattr(plain_strategies.Modifier, "on_order_event", lambda self, event: delivered.append(event), raising=False)
    record = record_of("Modifier", market(tmp_path, rows=60))
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
    record.change_rows.extend((0, 0, 1, 0, 1, 10**20, MISSING, 5, MISSING))
    record.change_rows.extend((1, 0, 2, 0, 1, 7, MISSING, 5, MISSING))
    assert record.changes.price.tolist() == [10**20, 7]
    assert record.changes.quantity.tolist() == [5, 5]
