"""What a replay leaves behind: every order, fill and end of an order, as columns of integers.

A row is a few machine integers in a flat array and not a Python object, or a million orders would cost half a gigabyte. Where
a price or a size needs more than 64 bits at the instrument's precision, the rows become Python integers.
"""

import json
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tickreel.accounting.scaled import Integers, narrow

Int64 = npt.NDArray[np.int64]
Rows = array[int] | list[int]


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
    """The fill events, in the order they happened; every column has shape (fills,)."""

    order: Int64
    """The row in `Orders`."""
    ts: Int64
    """UNIX nanoseconds on the replay clock."""
    side: Int64
    """That of the order: 1 buys, -1 sells."""
    price: Integers
    """Times 10^price_precision."""
    quantity: Integers
    """Times 10^size_precision."""
    taker: Int64
    """1 took liquidity, 0 made it."""
    commission: Integers
    """The fee as the engine has it, times 10^money_precision: a check on ours."""


@dataclass(frozen=True)
class Ends:
    """The ends of orders other than a last fill; every column has shape (ends,)."""

    order: Int64
    """The row in `Orders`."""
    ts: Int64
    """UNIX nanoseconds on the replay clock."""
    kind: Int64
    """A value of `KINDS`, by position."""
    reason: Int64
    """The position of the reason in `reasons`."""
    reasons: tuple[str, ...]


KINDS = ("cancelled", "denied", "rejected", "expired")

# How many numbers an order, a fill and an end have.
_ORDER, _FILL, _END = 4, 7, 4


class Tape:
    """Records a replay. Arrays grow in the replay's thread; the counts may be read from another at any time.

    An order is named by its place among the orders, from 0.
    """

    def __init__(self) -> None:
        self.rows = 0
        """Trade rows that the strategy has seen."""
        self.book_rows = 0
        """Book rows that it has seen."""
        self.settled = 0
        """Trade rows up to which the tape has everything that happened; the last thing to be set."""
        self.reported: dict[str, str] = {}
        """What the engine says of the replay itself, see `EngineFigures`; empty where that cannot be compared."""
        self.error = ""
        """The traceback of the first error in a callback; the engine swallows them."""
        self.logged = ""
        """The first error that the strategy logged, after which the engine stops."""
        # Flat rows: a list where a value needs more than 64 bits.
        self._orders: Rows = array("q")
        self._fills: Rows = array("q")
        self._ends: Rows = array("q")
        self._reasons: dict[str, int] = {}

    @property
    def order_count(self) -> int:
        """Orders submitted so far."""
        return len(self._orders) // _ORDER

    @property
    def fill_count(self) -> int:
        """Fills so far."""
        return len(self._fills) // _FILL

    def add_orders(self, rows: list[int]) -> None:
        """Records submitted orders: ts, side, price and quantity of each, one after another."""
        self._orders = _extended(self._orders, rows)

    def add_fills(self, rows: list[int]) -> None:
        """Records fills: order, ts, side, price, quantity, taker and commission of each, one after another."""
        self._fills = _extended(self._fills, rows)

    def submission(self, order: int) -> tuple[int, int]:
        """When an order was submitted, UNIX nanoseconds, and its side."""
        at = _ORDER * order
        return self._orders[at], self._orders[at + 1]

    def end(self, order: int, ts: int, kind: str, reason: str) -> None:
        """Records that an order ended otherwise than filled."""
        code = self._reasons.setdefault(reason, len(self._reasons))
        self._ends.extend((order, ts, KINDS.index(kind), code))

    def save(self, path: Path) -> None:
        """Writes the tape to a file."""
        # Python integers as text: numpy would pickle them.
        columns = {name: np.array(rows, dtype=np.int64 if isinstance(rows, array) else np.str_) for name, rows in self._parts}
        counts = np.array([self.rows, self.book_rows, self.settled], dtype=np.int64)
        with path.open("wb") as file:
            reasons, reported = np.array(list(self._reasons), dtype=np.str_), np.array(json.dumps(self.reported))
            np.savez(file, counts=counts, reasons=reasons, reported=reported, **columns)

    @classmethod
    def load(cls, path: Path) -> "Tape":
        """The tape in a file that `save` wrote."""
        tape = cls()
        with np.load(path) as saved:
            tape.rows, tape.book_rows, tape.settled = saved["counts"].tolist()
            tape._reasons = {reason: code for code, reason in enumerate(saved["reasons"].tolist())}
            tape.reported = json.loads(str(saved["reported"]))
            for name, _ in tape._parts:
                values = saved[name]
                wide = values.dtype != np.int64
                setattr(tape, f"_{name}", list(map(int, values.tolist())) if wide else array("q", values.tobytes()))
        return tape

    @property
    def _parts(self) -> tuple[tuple[str, Rows], ...]:
        return ("orders", self._orders), ("fills", self._fills), ("ends", self._ends)

    @property
    def orders(self) -> Orders:
        """The orders as columns."""
        return Orders(*_columns(self._orders, _ORDER))

    @property
    def fills(self) -> Fills:
        """The fills as columns."""
        return self.fills_after(0)

    def fills_after(self, count: int) -> Fills:
        """The fills after the first so many."""
        # A copy, in one step: an array that is looked into cannot grow.
        return Fills(*_columns(self._fills[_FILL * count :], _FILL))

    @property
    def ends(self) -> Ends:
        """The ends as columns."""
        return Ends(*_columns(self._ends, _END), reasons=tuple(self._reasons))


def _extended(rows: Rows, more: list[int]) -> Rows:
    """The rows with more of them, in the same object where it can hold them."""
    try:
        # Not by extend(), which would take half of them before it fails.
        rows += array("q", more) if isinstance(rows, array) else more
    except OverflowError:
        return [*rows, *more]
    return rows


def _columns(rows: Rows, width: int) -> list[Any]:
    values = np.array(rows, dtype=np.int64 if isinstance(rows, array) else object)
    return [narrow(np.ascontiguousarray(column)) for column in values.reshape(-1, width).T]
