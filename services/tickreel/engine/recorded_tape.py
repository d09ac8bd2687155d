"""The tape of a general recorder: its orders, fills and ends of orders, as the ledger settles them."""

import gc
import re
from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from nautilus_trader.trading import Strategy

from tickreel.accounting.scaled import Integers
from tickreel.engine.closing_order import close_position
from tickreel.engine.engine_figures import EngineFigures
from tickreel.engine.event_record import CHANGES, MISSING, ORDER_TYPES, TIMES_IN_FORCE
from tickreel.engine.instrument import Instrument
from tickreel.engine.recorder import Recorder
from tickreel.engine.replay_class import recorded
from tickreel.engine.tape import Tape
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import run_config_pb2

_NUMBER = re.compile(r"-?\d+(\.\d+)?,?")
_ENDS = {CHANGES.index(kind): kind for kind in ("cancelled", "denied", "rejected", "expired")}
_CANCELLED, _EXPIRED = CHANGES.index("cancelled"), CHANGES.index("expired")
_IOC, _FOK, _MARKET = TIMES_IN_FORCE.index("IOC"), TIMES_IN_FORCE.index("FOK"), ORDER_TYPES.index("MARKET")

# Callbacks of data, which tell how far a replay is. A strategy that overrides none has no progress until its end.
_DATA = ("on_trade", "on_book_depth", "on_quote", "on_bar", "on_time_event")
# New events are written to the tape after this many calls of these callbacks, and after this many parts of the window.
_CALLS, _PARTS = 1_000, 500


class RecordedTape:
    """Writes the record of a replay onto a tape while the replay runs.

    The tape grows during the replay by orders and fills. What the recorder adds at the end, because the engine did not deliver
    it, comes after the strategy's stop. The engine delivers every earlier fill: `finish` fails the replay if it did not.

    Args:
        config: Resolved.
        tape: An empty tape.
        window: First and last replayed instant, UNIX nanoseconds.
        first_book: Time of the first book, UNIX nanoseconds; no trade may have the same time. None if orders are not matched
            against books.
    """

    def __init__(
        self,
        instrument: Instrument,
        config: run_config_pb2.RunConfig,
        tape: Tape,
        window: tuple[int, int],
        first_book: int | None,
    ) -> None:
        self.recorder = Recorder([instrument])
        self._instrument = instrument
        self._closes = config.strategy.close_positions_on_stop
        self._tape = tape
        self._hedges = config.venue.oms_type == "HEDGING"
        self._end = window[1]
        self._first_book = first_book
        self._step = (window[1] - window[0]) // _PARTS
        self._next = window[0]
        self._calls = 0
        self._orders = self._fills = 0

    def replay_class[S: Strategy](self, strategy: type[S]) -> type[S]:
        """Return the class of a strategy for this replay."""
        callbacks = {name: self._noted(getattr(strategy, name)) for name in _DATA if _is_overridden(strategy, name)}
        if self._closes:
            theirs = strategy.on_stop

            def on_stop(this: S) -> None:
                before = this.cache.orders_total_count()
                theirs(this)
                # Orders of `on_stop` are executed after it, so the position that they leave is not known here.
                if this.cache.orders_total_count() == before:
                    self._close_position(this)

            callbacks["on_stop"] = on_stop
        return recorded(strategy, self.recorder, callbacks)

    def finish(self, cache: Any, *, with_balances: bool) -> None:
        """Complete the tape.

        Events after the window are left out: there is no data to match them against.

        Args:
            cache: The engine's cache after the replay.
            with_balances: Whether the engine kept an account.

        Raises:
            TickreelError: REPLAY_FAILED if the engine delivered a fill too late, or from `Recorder.finish`.
        """
        self.recorder.finish(cache)
        self._write()
        record, tape = self.recorder.record, self._tape
        fills, changes = record.fills, record.changes
        if not np.array_equal(tape.fills.order, fills.order[: tape.fill_count]) or (np.diff(fills.ts) < 0).any():
            raise TickreelError("REPLAY_FAILED", "the engine delivered the fills of the strategy out of sequence")
        self._write_ends()
        # If the engine continued past the window, its figures cover more events than the tape.
        if not ((fills.ts > self._end).any() or (changes.ts > self._end).any()):
            reported = EngineFigures(self._instrument).close(cache, tape, with_balances=with_balances)
            # They cover fewer if the strategy purged orders from the engine's cache.
            if int(reported["orders"]) == tape.order_count:
                tape.reported = reported
        tape.events = record
        tape.settled = self._end

    def _noted(self, theirs: Callable[..., None]) -> Callable[..., None]:
        """Return a callback that notes the time of its data first."""

        def noted(this: Strategy, event: Any) -> None:
            now = event.ts_init
            self._calls += 1
            if now >= self._next or self._calls >= _CALLS:
                self._next, self._calls = now + self._step, 0
                self.recorder.flush()
                self._write()
                # A strategy may leave reference cycles, and nothing else collects them during a replay.
                gc.collect(1)
                # All events before this instant have been delivered.
                self._tape.settled = now - 1
            theirs(this, event)

        return noted

    def _write(self) -> None:
        """Write the orders and fills that the tape does not have yet."""
        record, tape = self.recorder.record, self._tape
        if len(record.order_rows) > self._orders:
            orders = record.orders_after(self._orders)
            price = np.where(orders.price == MISSING, 0, orders.price)
            tape.add_orders(_flat(orders.ts, orders.side, price, orders.quantity))
            self._orders += len(orders.ts)
        if len(record.fill_rows) > self._fills:
            fills = record.fills_after(self._fills)
            sides = np.array([tape.submission(order)[1] for order in fills.order.tolist()], dtype=np.int64)
            columns = (fills.order, fills.ts, sides, fills.price, fills.quantity, fills.taker, fills.commission)
            kept = fills.ts <= self._end
            if self._hedges:
                tape.add_fill_positions(fills.position[kept].tolist())
            tape.add_fills(_flat(*(column[kept] for column in columns)))
            self._fills += len(fills.ts)

    def _write_ends(self) -> None:
        record = self.recorder.record
        orders, changes, reasons = record.orders, record.changes, list(record.reasons)
        rows = np.flatnonzero(np.isin(changes.kind, list(_ENDS)) & (changes.ts <= self._end))
        order = changes.order[rows]
        columns = (
            order,
            changes.ts[rows],
            changes.kind[rows],
            changes.reason[rows],
            orders.type[order],
            orders.time_in_force[order],
        )
        for place, ts, kind, code, order_type, time_in_force in zip(*(column.tolist() for column in columns), strict=True):
            if kind == _CANCELLED:
                no_book = self._first_book is not None and ts < self._first_book
                reason = reason_of_cancel(order_type, time_in_force, no_book=no_book)
            else:
                reason = "EXPIRED" if kind == _EXPIRED else reason_group(reasons[code], record.order_ids)
            self._tape.end(place, ts, _ENDS[kind], reason)

    def _close_position(self, strategy: Strategy) -> None:
        if self._hedges:
            # An order for the sum would open another position.
            strategy.close_all_positions(self._instrument.id)
            return
        self.recorder.flush()
        self._write()
        close_position(strategy, self._instrument, self._tape)


def reason_group(text: str, order_ids: Container[str]) -> str:
    """Return a reason of the engine without what differs from order to order: figures, and ids of orders.

    Most reasons are a name and figures after a colon. Others are a sentence, in which figures and ids become "…".
    """
    words = text.partition(":")[0].split()
    return " ".join("…" if word in order_ids or _NUMBER.fullmatch(word) else word for word in words) or "UNKNOWN"


def reason_of_cancel(order_type: int, time_in_force: int, *, no_book: bool) -> str:
    """Return why the venue cancelled an order or its remainder. The engine does not say.

    Args:
        order_type: Position in `ORDER_TYPES`.
        time_in_force: Position in `TIMES_IN_FORCE`.
        no_book: Whether this was before the first book.
    """
    if time_in_force not in (_IOC, _FOK):
        return "CANCELLED"
    if no_book:
        return "NO_BOOK_YET"
    if time_in_force == _FOK:
        return "NOT_FILLABLE_WHOLE"
    return "NO_LIQUIDITY" if order_type == _MARKET else "NO_LIQUIDITY_AT_LIMIT"


def _is_overridden(strategy: type[Strategy], name: str) -> bool:
    return getattr(strategy, name) is not getattr(Strategy, name)


def _flat(*columns: Integers) -> Sequence[int] | npt.NDArray[np.int64]:
    """Return the rows of columns, one after another."""
    rows = np.stack(columns, axis=1).reshape(-1)
    values: Sequence[int] | npt.NDArray[np.int64] = rows if rows.dtype == np.int64 else rows.tolist()
    return values
