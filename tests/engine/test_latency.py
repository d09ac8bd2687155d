"""When delayed commands arrive, and which prices they meet: rows and timers release them, never early, never at an older price.

TICKREEL_TEST_EXAMPLES is the number of random markets that are tried.
"""

import bisect
import contextlib
import datetime
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nautilus_trader.model import BookType, InstrumentId, OrderSide, Price, Quantity, TimeInForce
from nautilus_trader.trading import Strategy

from small_catalog import START, instrument, replay_config, write_books, write_trades
from tickreel.engine.event_record import CHANGES, EventRecord
from tickreel.engine.replay import catalog_view, replay
from tickreel.engine.tape import Tape
from tickreel.v1 import result_pb2

MILLISECOND = 1_000_000
EXAMPLES = int(os.environ.get("TICKREEL_TEST_EXAMPLES", "20"))
MODES = {False: result_pb2.SNAPSHOT_MODE_TRADES, True: result_pb2.SNAPSHOT_MODE_BOTH}
# Ticks between the price and each side of the book.
SPREAD = 5


class Row(NamedTuple):
    """A trade at a price, or a book around it."""

    ts: int
    is_book: bool
    price: int


class Latency(NamedTuple):
    """The keys of `venue.latency`, in milliseconds."""

    base: int
    insert: int
    update: int
    cancel: int


class Command(NamedTuple):
    """A command that a strategy sent: when, its kind, and its order."""

    ts: int
    kind: str
    order: str


class Delayed(Strategy):
    """Sends commands from the callbacks of rows and timers.

    Args:
        script: For each command the number of the callback, the kind of the command, its side, and steps of its price.
        timers: Intervals of timers, milliseconds.
    """

    def __init__(
        self, instrument_id: InstrumentId, script: Sequence[Sequence[int]], timers: Sequence[int], *, books: bool
    ) -> None:
        self.id, self.script, self.timers, self.books = instrument_id, script, timers, books
        self.callbacks, self.price = 0, 64_000.0
        self.instants: list[int] = []
        self.commands: list[Command] = []
        self.orders: list[Any] = []

    def on_start(self) -> None:
        self.subscribe_trades(self.id)
        if self.books:
            self.subscribe_book_depth(self.id, BookType.L2_MBP)
        for interval in self.timers:
            self.clock.set_timer(f"every {interval}", datetime.timedelta(milliseconds=interval), callback=self.on_timer)

    def on_trade(self, trade: Any) -> None:
        self.price = trade.price.as_double()
        self.act()

    def on_book_depth(self, depth: Any) -> None:
        self.act()

    def on_timer(self, event: Any) -> None:
        self.instants.append(event.ts_event)
        self.act()

    def act(self) -> None:
        self.callbacks += 1
        for number, kind, side, steps in self.script:
            if number == self.callbacks:
                # The engine raises an error for a command to an order that is not open.
                with contextlib.suppress(RuntimeError):
                    self.send(KINDS[kind], OrderSide.BUY if side else OrderSide.SELL, Price(self.price + steps / 10, 1))

    def send(self, kind: str, side: OrderSide, price: Price) -> None:
        factory, size = self.order_factory, Quantity.from_str("0.100")
        if kind in ("modify", "cancel"):
            if not self.orders:
                return
            order = self.orders[-1]
            if kind == "modify":
                self.modify_order(order.client_order_id, price=price)
            else:
                self.cancel_order(order.client_order_id)
        else:
            in_force = TimeInForce.GTC if kind == "resting" else TimeInForce.IOC
            order = factory.limit(self.id, side, size, price, in_force)
            if kind == "market":
                order = factory.market(self.id, side, size)
            self.submit_order(order)
            self.orders.append(order)
        self.commands.append(Command(self.clock.timestamp_ns(), kind, order.client_order_id.value))


# Events of an order that the venue has no part in.
SENT = ("submitted", "pending_update", "pending_cancel", "modify_rejected", "cancel_rejected")
KINDS = ("market", "immediate", "resting", "modify", "cancel")


def replayed(
    folder: Path, rows: Sequence[Row], latency: Latency, script: Sequence[Sequence[int]], timers: Sequence[int], *, books: bool
) -> tuple[EventRecord, Delayed]:
    """Replay the rows through the script. In mode `trades`, books are left out."""
    files = [write_trades(folder / "files", [(row.ts, row.ts % 2, row.price, 1_000) for row in rows if not row.is_book])]
    if books:
        levels = range(SPREAD, SPREAD + 3)
        shown = [
            (row.ts, [(row.price - gap, 9_000) for gap in levels], [(row.price + gap, 9_000) for gap in levels])
            for row in rows
            if row.is_book
        ]
        files.append(write_books(folder / "files", shown))
    (folder / "view").mkdir()
    nanos = {f"{name}_latency_nanos": value * MILLISECOND for name, value in latency._asdict().items()}
    config = replay_config(mode=MODES[books], venue={"latency": nanos})
    lanes, tape = catalog_view(folder / "view", instrument(), files), Tape()

    def construct(of: type[Delayed]) -> Delayed:
        return of(instrument().id, script, timers, books=books)

    strategy = replay(config, instrument(), Delayed, construct, lanes, 100, tape)
    assert tape.events is not None
    return tape.events, strategy


class Arrivals:
    """The instants at which the venue looks at commands: those of rows and timers."""

    def __init__(self, rows: Sequence[Row], timers: Sequence[int]) -> None:
        self._instants = sorted({*timers, *(row.ts for row in rows)})

    def of(self, due: int) -> float:
        """Return when a command arrives; infinity if that is after the last row."""
        place = bisect.bisect_left(self._instants, due)
        return self._instants[place] if place < len(self._instants) else math.inf


def market_at(rows: Sequence[Row], ts: int, *, books: bool, by_timer: bool) -> set[tuple[int, int]]:
    """Return the best bid and ask after the last row up to an instant. A timer may fire before a row of its instant."""

    def seen(rows: Sequence[Row]) -> tuple[int, int]:
        spread = SPREAD if books else 0
        price = [row.price for row in rows if row.is_book == books][-1]
        return price - spread, price + spread

    before = [row for row in rows if row.ts < ts]
    found = {seen([row for row in rows if row.ts <= ts])}
    return found | {seen(before)} if by_timer and any(row.is_book == books for row in before) else found


GAPS = st.sampled_from([1, 2, 7, 40, 41, 100, 900])
ROWS = st.lists(st.tuples(GAPS, st.booleans(), st.integers(-12, 12)), min_size=4, max_size=25)
SCRIPT = st.tuples(st.integers(3, 40), st.integers(0, len(KINDS) - 1), st.integers(0, 1), st.integers(-12, 12))
LATENCY = st.builds(Latency, *[st.sampled_from([0, 1, 40, 55, 300])] * 4)
STEADY = [(20, False, 0)] * 20
RESTING = [(3, 2, 1, -12), (6, 3, 1, -10), (12, 4, 0, 0)]
QUIET = [(1, True, 0), (1, False, 0), (1, True, 3), (1, False, 3), (900, True, 9), (900, False, 9)]


@pytest.mark.timeout(60 + 2 * EXAMPLES)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moves=ROWS,
    latency=LATENCY,
    script=st.lists(SCRIPT, min_size=1, max_size=12),
    timers=st.lists(st.sampled_from([7, 41, 100, 640]), max_size=2, unique=True),
    books=st.booleans(),
)
# A timer in a quiet span, and the same commands without it.
@example(moves=QUIET, latency=Latency(0, 40, 0, 0), script=[(4, 0, 1, 0), (4, 0, 0, 0)], timers=[100], books=True)
@example(moves=QUIET, latency=Latency(0, 40, 0, 0), script=[(4, 0, 1, 0), (4, 0, 0, 0)], timers=[], books=False)
# An order rests, is modified and is cancelled.
@example(moves=STEADY, latency=Latency(1, 5, 55, 120), script=RESTING, timers=[], books=True)
@example(moves=STEADY, latency=Latency(1, 5, 55, 120), script=RESTING, timers=[7], books=False)
def test_a_command_arrives_at_the_first_row_or_timer_when_it_is_due_and_meets_the_last_row(
    moves: Sequence[tuple[int, bool, int]],
    latency: Latency,
    script: Sequence[Sequence[int]],
    timers: Sequence[int],
    books: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    # There is a market from the start.
    rows = [Row(START, is_book=True, price=640_000), Row(START + MILLISECOND, is_book=False, price=640_000)]
    for gap, is_book, move in moves:
        rows.append(Row(rows[-1].ts + gap * MILLISECOND, is_book, rows[-1].price + move))
    rows = [row for row in rows if books or not row.is_book]
    record, strategy = replayed(tmp_path_factory.mktemp("market"), rows, latency, script, timers, books=books)
    orders, fills, changes = record.orders, record.fills, record.changes
    arrivals, names = Arrivals(rows, strategy.instants), list(record.order_ids)

    def arrive(order: int, *kinds: str, after: int) -> set[float]:
        delay = (latency.base + after) * MILLISECOND
        return {arrivals.of(sent.ts + delay) for sent in strategy.commands if sent.order == names[order] and sent.kind in kinds}

    for order in range(len(names)):
        (arrival,) = arrive(order, "market", "immediate", "resting", after=latency.insert)
        # A run leaves out what happens after the last row.
        of = [
            (int(ts), CHANGES[kind])
            for ts, kind, row in zip(changes.ts, changes.kind, changes.order, strict=True)
            if row == order and ts <= rows[-1].ts
        ]
        answers = [ts for ts, kind in of if kind not in SENT]
        filled = [ts for ts in fills.ts[fills.order == order].tolist() if ts <= rows[-1].ts]
        # Whatever happens to an order first, it happens when the order arrives, or when a command arrives that overtook it.
        overtaking = arrive(order, "cancel", after=latency.cancel) | arrive(order, "modify", after=latency.update)
        assert min(answers + filled, default=math.inf) in {arrival, *(ts for ts in overtaking if ts < arrival)}
        assert all(ts >= arrival for ts in filled)
        assert {ts for ts, kind in of if kind == "updated"} <= arrive(order, "modify", after=latency.update)
        cancels = arrive(order, "cancel", after=latency.cancel)
        ends_at_arrival = "resting" not in [sent.kind for sent in strategy.commands if sent.order == names[order]]
        assert {ts for ts, kind in of if kind == "cancelled"} <= cancels | ({arrival} if ends_at_arrival else set())
        assert all(ts <= end for ts in filled for end, kind in of if kind == "cancelled")

    for order, ts, price, taker in zip(fills.order, fills.ts, fills.price, fills.taker, strict=True):
        buys = orders.side[order] == 1
        limits = {int(orders.price[order]), *changes.price[(changes.order == order) & (changes.ts <= ts)].tolist()}
        seen = market_at(rows, int(ts), books=books, by_timer=int(ts) in strategy.instants)
        if taker:
            assert int(price) in {ask if buys else bid for bid, ask in seen}
        else:
            assert int(price) in limits
            touched = {ask if buys else bid for bid, ask in seen} | {row.price for row in rows if row.ts == ts}
            assert any(at <= price if buys else at >= price for at in touched)
