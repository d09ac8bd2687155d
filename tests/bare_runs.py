"""Runs by the engine alone, in a process of their own, and their comparison with the record of the same run."""

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from small_catalog import START, Levels, instrument, write_books, write_trades
from tickreel.accounting import scaled
from tickreel.engine.catalog_format import FOLDERS
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
from tickreel.engine.instrument import Instrument
from tickreel.engine.replay import Lane, ReplayFile, catalog_view
from tickreel.v1 import market_data_pb2

SECOND = 1_000_000_000
TYPES = {market_data_pb2.DATA_TYPE_TRADES: "TradeTick", market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5: "OrderBookDepth"}
# The engine's names of the events in `CHANGES`.
CHANGE_EVENTS = ["Order" + "".join(word.title() for word in kind.split("_")) for kind in CHANGES]
CHANGE_EVENTS[CHANGES.index("cancelled")] = "OrderCanceled"

Event = dict[str, str]


class BareNode:
    """A process in which the engine runs strategies alone."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("bare_node.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Return the outcome of a spec of bare_node.py."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(spec) + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        """End the process."""
        # It ends at the end of its input.
        self._process.communicate()


def spec_of(strategy: type[Any], lanes: Sequence[Lane], **keys: Any) -> dict[str, Any]:
    """Return the spec of a run over catalogs, with further keys of a spec."""
    return {
        "module": strategy.__module__,
        "strategy": strategy.__name__,
        "instrument": str(instrument().id),
        "lanes": [(str(lane.path), TYPES[lane.data_type], lane.start, lane.end) for lane in lanes],
        **keys,
    }


def random_market(
    folder: Path, rows: int = 400, seed: int = 17, *, books: bool = True, traded: Instrument | None = None
) -> list[Lane]:
    """Write a random walk, with books around it, and return the engine's catalogs of it.

    Args:
        traded: The instrument, if its terms differ from the usual ones.
    """
    draw = random.Random(seed)
    price = 640_000
    trades: list[tuple[int, int, int, int]] = []
    depths: list[tuple[int, Levels, Levels]] = []
    for row in range(rows):
        ts = START + row * SECOND
        price += draw.choice([-6, -3, -1, 0, 1, 3, 6])
        levels = range(2, 7)
        depths.append((ts, [(price - gap, 150) for gap in levels], [(price + gap, 150) for gap in levels]))
        trades.append((ts + SECOND // 2, row % 2, price + draw.choice([-2, 2]), draw.randint(1, 400)))
    files = [write_trades(folder / "files", trades)]
    if books:
        files.append(write_books(folder / "files", depths))
    (folder / "view").mkdir()
    return catalog_view(folder / "view", traded or instrument(), files)


def converted_lanes(folder: Path, view: Path, traded: Instrument, span: tuple[int, int] | None = None) -> list[Lane]:
    """Return the converted files of a deployment as catalogs of the engine.

    Args:
        folder: Of the deployment.
        view: The folder to make for the catalogs.
        span: First and last instant to replay, UNIX nanoseconds. Default: all rows.
    """
    files = []
    for path in sorted((folder / "parquet").rglob("*.parquet")):
        data_type = next((data_type for data_type, part in FOLDERS.items() if f"/{part}/" in str(path)), None)
        if data_type is not None and str(traded.id) in path.parts:
            times = pq.read_table(path, columns=["ts_init"])["ts_init"].cast(pa.int64())
            first, last = times[0].as_py(), times[-1].as_py()
            files.append(ReplayFile(path, data_type, first, last, *(span or (first, last))))
    view.mkdir(parents=True)
    return catalog_view(view, traded, files)


def recorded_events(record: EventRecord, traded: Instrument) -> dict[str, list[Event]]:
    """Return the events of a record by order, in the form of bare_node.py, without the numbers of trades."""
    price_scale, size_scale = traded.engine.price_precision, traded.engine.size_precision
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
        sizes = measures(event, size_scale, quantity=orders.quantity[row], display_qty=orders.display_quantity[row])
        numbered.append((event, row, values | measures(event, price_scale, **prices) | sizes))
    for row, event in enumerate(changes.event.tolist()):
        order, kind = int(changes.order[row]), CHANGE_EVENTS[changes.kind[row]]
        again = terms(record, order, int(changes.type[row])) if kind == "OrderInitialized" else {}
        values = stated(kind=kind, ts=changes.ts[row], reason=coded(changes.reason[row], reasons), **again)
        values |= measures(event, price_scale, price=changes.price[row], trigger_price=changes.trigger_price[row])
        numbered.append((event, order, values | measures(event, size_scale, quantity=changes.quantity[row])))
    for row, event in enumerate(fills.event.tolist()):
        values = stated(
            kind="OrderFilled",
            ts=fills.ts[row],
            last_px=in_decimals(fills.price[row], price_scale),
            last_qty=in_decimals(fills.quantity[row], size_scale),
            liquidity_side="TAKER" if fills.taker[row] else "MAKER",
            commission=f"{in_decimals(fills.commission[row], traded.money_precision)} {texts[fills.commission_currency[row]]}",
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


def assert_equal(record: EventRecord, bare: dict[str, list[Event]], traded: Instrument) -> None:
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
    without_numbers = {
        order: [{name: value for name, value in event.items() if name != "trade_id"} for event in events]
        for order, events in bare.items()
    }
    assert recorded_events(record, traded) == without_numbers
