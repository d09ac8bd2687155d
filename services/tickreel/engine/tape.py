"""The record of a replay: every order, fill and end of an order, as columns of integers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tickreel.accounting.scaled import Integers
from tickreel.engine.event_record import EventRecord
from tickreel.engine.integer_rows import IntegerRows

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Orders:
    """The submitted orders, in order of submission; every column has shape (orders,)."""

    ts_submitted: Int64
    """UNIX nanoseconds on the replay clock."""
    side: Int64
    """1 buys, -1 sells."""
    price: Integers
    """The limit, times 10^price_precision; 0 for a market order."""
    quantity: Integers
    """Times 10^size_precision."""


@dataclass(frozen=True)
class Fills:
    """The fill events in order of occurrence; every column has shape (fills,)."""

    order: Int64
    """The row in `Orders`."""
    ts: Int64
    """UNIX nanoseconds on the replay clock."""
    side: Int64
    """Side of the order: 1 buys, -1 sells."""
    price: Integers
    """Times 10^price_precision."""
    quantity: Integers
    """Times 10^size_precision."""
    taker: Int64
    """1 took liquidity, 0 provided it."""
    commission: Integers
    """The fee according to the engine, times 10^money_precision; used to check our own."""


@dataclass(frozen=True)
class Ends:
    """Ends of orders other than by their last fill; every column has shape (ends,)."""

    order: Int64
    """The row in `Orders`."""
    ts: Int64
    """UNIX nanoseconds on the replay clock."""
    kind: Int64
    """Position in `KINDS`."""
    reason: Int64
    """Position in `reasons`."""
    reasons: tuple[str, ...]


KINDS = ("cancelled", "denied", "rejected", "expired")

# Numbers per order, fill and end.
_ORDER, _FILL, _END = 4, 7, 4


class Tape:
    """Records a replay. Arrays grow in the replay's thread. Other threads may read the counts at any time.

    An order is identified by its position among the orders, from 0.
    """

    def __init__(self) -> None:
        self.rows = 0
        """Trade rows that the engine has replayed. During a replay, only the recorder of copies counts them."""
        self.book_rows = 0
        """Book rows that the engine has replayed; see `rows`."""
        self.settled = 0
        """Time up to which all events are on the tape, UNIX nanoseconds. It is set last."""
        self.iterations = 0
        """Rows that the engine has replayed, of all kinds. Set at the end of a replay."""
        self.events: EventRecord | None = None
        """The record of all order events. Set at the end of a replay; None if the recorder of copies made the tape."""
        self.reported: dict[str, str] = {}
        """The engine's own figures, see `EngineFigures`; empty if they cannot be compared."""
        self._orders, self._fills, self._ends = IntegerRows(_ORDER), IntegerRows(_FILL), IntegerRows(_END)
        self._fill_positions = IntegerRows(1)
        self._reasons: dict[str, int] = {}

    @property
    def order_count(self) -> int:
        """Number of orders submitted so far."""
        return len(self._orders)

    @property
    def fill_count(self) -> int:
        """Number of fills so far."""
        return len(self._fills)

    def add_orders(self, rows: Sequence[int] | Int64) -> None:
        """Record submitted orders, given as ts, side, price and quantity of each, one order after another."""
        self._orders.extend(rows)

    def add_fills(self, rows: Sequence[int] | Int64) -> None:
        """Record fills, given as order, ts, side, price, quantity, taker and commission of each, one fill after another."""
        self._fills.extend(rows)

    def add_fill_positions(self, positions: Sequence[int]) -> None:
        """Record the engine's positions of the next fills, before the fills. Only where it keeps several at once (HEDGING)."""
        self._fill_positions.extend(positions)

    def fill_positions_after(self, count: int) -> Int64:
        """Return the engine's positions of the fills after the first `count`; shape (fills,). See `EventRecord.positions`."""
        (positions,) = self._fill_positions.columns(count)
        return positions

    def submission(self, order: int) -> tuple[int, int]:
        """Return when an order was submitted, UNIX nanoseconds, and its side."""
        ts, side, _, _ = self._orders.row(order)
        return ts, side

    def end(self, order: int, ts: int, kind: str, reason: str) -> None:
        """Record that an order ended other than by its last fill."""
        code = self._reasons.setdefault(reason, len(self._reasons))
        self._ends.extend((order, ts, KINDS.index(kind), code))

    def save(self, path: Path) -> None:
        """Write the tape to a file, without `events` and positions: such a tape is not of copies, and is never saved."""
        orders, fills, ends = (rows.to_array() for rows in (self._orders, self._fills, self._ends))
        counts = np.array([self.rows, self.book_rows, self.settled], dtype=np.int64)
        with path.open("wb") as file:
            reasons, reported = np.array(list(self._reasons), dtype=np.str_), np.array(json.dumps(self.reported))
            np.savez(file, counts=counts, reasons=reasons, reported=reported, orders=orders, fills=fills, ends=ends)

    @classmethod
    def load(cls, path: Path) -> "Tape":
        """Return the tape from a file that `save` wrote."""
        tape = cls()
        with np.load(path) as saved:
            tape.rows, tape.book_rows, tape.settled = saved["counts"].tolist()
            tape._reasons = {reason: code for code, reason in enumerate(saved["reasons"].tolist())}
            tape.reported = json.loads(str(saved["reported"]))
            tape._orders, tape._fills, tape._ends = (
                IntegerRows.from_array(width, saved[name])
                for name, width in (("orders", _ORDER), ("fills", _FILL), ("ends", _END))
            )
        return tape

    @property
    def orders(self) -> Orders:
        """The orders as columns."""
        return Orders(*self._orders.columns())

    @property
    def fills(self) -> Fills:
        """The fills as columns."""
        return self.fills_after(0)

    def fills_after(self, count: int) -> Fills:
        """Return the fills after the first `count`."""
        return Fills(*self._fills.columns(count))

    @property
    def ends(self) -> Ends:
        """The ends as columns."""
        order, ts, kind, reason = self._ends.columns()
        return Ends(order, ts, kind, reason, reasons=tuple(self._reasons))
