"""The record of every order event of a replay, in the order in which the engine published the events.

Three tables hold the events: `orders` the creation of orders, `fills` their fills, and `changes` everything else. The column
`event` of each table numbers all events of the replay from 0, so the tables merge into the engine's sequence. Prices and sizes
are integers at the precision of the order's instrument. A price or size with more decimals is rounded down; `EventRecord.exact`
has its exact text.
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from tickreel.accounting.scaled import Integers
from tickreel.engine.integer_columns import IntegerColumns

Int64 = npt.NDArray[np.int64]

MISSING = -(2**63)
"""Marks a missing price, size or number."""

# The engine's values of each enum are positions in these tuples.
ORDER_TYPES = (
    "",
    "MARKET",
    "LIMIT",
    "STOP_MARKET",
    "STOP_LIMIT",
    "MARKET_TO_LIMIT",
    "MARKET_IF_TOUCHED",
    "LIMIT_IF_TOUCHED",
    "TRAILING_STOP_MARKET",
    "TRAILING_STOP_LIMIT",
)
TIMES_IN_FORCE = ("", "GTC", "IOC", "FOK", "GTD", "DAY", "AT_THE_OPEN", "AT_THE_CLOSE")

CONTINGENCIES = ("", "OCO", "OTO", "OUO")
TRIGGER_TYPES = (
    "",
    "DEFAULT",
    "LAST_PRICE",
    "MARK_PRICE",
    "INDEX_PRICE",
    "BID_ASK",
    "DOUBLE_LAST",
    "DOUBLE_BID_ASK",
    "LAST_OR_BID_ASK",
    "MID_POINT",
)
TRAILING_OFFSET_TYPES = ("", "PRICE", "BASIS_POINTS", "TICKS", "PRICE_TIER")

# Bits of `OrderRows.flags`.
POST_ONLY, REDUCE_ONLY, QUOTE_QUANTITY, OFF_GRID = 1, 2, 4, 8

CHANGES = (
    "initialized",
    "denied",
    "emulated",
    "released",
    "submitted",
    "accepted",
    "rejected",
    "triggered",
    "pending_update",
    "updated",
    "modify_rejected",
    "pending_cancel",
    "cancel_rejected",
    "cancelled",
    "expired",
)


@dataclass(frozen=True)
class OrderRows:
    """The orders in order of creation, whoever created them; every column has shape (orders,)."""

    event: Int64
    instrument: Int64
    """Position in `EventRecord.instruments`."""
    ts: Int64
    """Time of creation, UNIX nanoseconds on the replay clock."""
    side: Int64
    """1 buys, -1 sells."""
    type: Int64
    """Position in `ORDER_TYPES`."""
    time_in_force: Int64
    """Position in `TIMES_IN_FORCE`."""
    flags: Int64
    """Sum of `POST_ONLY`, `REDUCE_ONLY`, `QUOTE_QUANTITY`, and `OFF_GRID`: a price or size has more decimals than the
    instrument."""
    price: Integers
    """Limit price, or MISSING."""
    trigger_price: Integers
    """Trigger price, or MISSING."""
    quantity: Integers
    expire: Int64
    """Time at which a GTD order expires, UNIX nanoseconds, or MISSING."""
    parent: Int64
    """Row of the parent order, or MISSING."""
    contingency: Int64
    """Position in `CONTINGENCIES`: how the order and its linked orders depend on each other."""
    order_list: Int64
    """Id of the order list that the order was submitted in, a position in `EventRecord.texts`, or MISSING."""
    linked: Int64
    """Ids of the linked orders, a position in `EventRecord.text_lists`, or MISSING. They may be created later."""
    tags: Int64
    """Position in `EventRecord.text_lists`, or MISSING."""
    trigger_type: Int64
    """Position in `TRIGGER_TYPES`: which price triggers the order."""
    emulation_trigger: Int64
    """Position in `TRIGGER_TYPES`: which price releases an emulated order."""
    trailing_offset_type: Int64
    """Position in `TRAILING_OFFSET_TYPES`: the unit of both offsets."""
    trailing_offset: Int64
    """Distance of the trigger price, a decimal in `EventRecord.texts`, or MISSING."""
    limit_offset: Int64
    """Distance of the limit price of a trailing stop-limit order, a decimal in `EventRecord.texts`, or MISSING."""
    activation_price: Integers
    """Price from which a trailing stop trails, or MISSING."""
    display_quantity: Integers
    """Visible size of an iceberg order, or MISSING."""
    exec_algorithm: Int64
    """Id of the execution algorithm, a position in `EventRecord.texts`, or MISSING."""


@dataclass(frozen=True)
class FillRows:
    """The fills; every column has shape (fills,)."""

    event: Int64
    order: Int64
    """Row in `OrderRows`."""
    ts: Int64
    """UNIX nanoseconds on the replay clock."""
    price: Integers
    quantity: Integers
    taker: Int64
    """1 took liquidity, 0 provided it."""
    commission: Integers
    """Fee according to the engine, times 10^precision of its currency."""
    position: Int64
    """Position in `EventRecord.positions`, or MISSING."""
    commission_currency: Int64
    """Currency of the fee, a position in `EventRecord.texts`, or MISSING if the engine states no fee."""


@dataclass(frozen=True)
class ChangeRows:
    """All other events of orders; every column has shape (changes,)."""

    event: Int64
    order: Int64
    """Row in `OrderRows`."""
    ts: Int64
    """UNIX nanoseconds on the replay clock."""
    kind: Int64
    """Position in `CHANGES`."""
    type: Int64
    """Order type from now on for `initialized`: an emulated order is created again when it is released. Otherwise MISSING."""
    price: Integers
    """Limit price from now on, or MISSING if the event states none."""
    trigger_price: Integers
    """Trigger price from now on, or MISSING if the event states none."""
    quantity: Integers
    """Order size from now on, or MISSING if the event states none."""
    reason: Int64
    """Position in `EventRecord.reasons`, or MISSING."""


class EventRecord:
    """The tables of a replay. They grow in the replay's thread. Other threads may read the counts at any time.

    Attributes:
        instruments: Ids of the engine's instruments.
        order_ids: Row of each order by its id in the engine.
        positions: Ids of the engine's positions, in order of their first fill.
        reasons: Texts of reasons, as the engine stated them.
        texts: Other texts, by their code in the tables.
        text_lists: Lists of texts, by their code in the tables.
        exact: Prices and sizes with more decimals than the instrument: by event, then by column, the decimal as text.
    """

    def __init__(self, instruments: tuple[str, ...]) -> None:
        self.instruments = instruments
        self.order_ids: dict[str, int] = {}
        self.positions: dict[str, int] = {}
        self.reasons: dict[str, int] = {}
        self.texts: dict[str, int] = {}
        self.text_lists: dict[tuple[str, ...], int] = {}
        self.exact: dict[int, dict[str, str]] = {}
        self.order_rows = IntegerColumns(len(fields(OrderRows)))
        self.fill_rows = IntegerColumns(len(fields(FillRows)))
        self.change_rows = IntegerColumns(len(fields(ChangeRows)))

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.order_rows) + len(self.fill_rows) + len(self.change_rows)

    @property
    def orders(self) -> OrderRows:
        """The orders as columns."""
        return self.orders_after(0)

    def orders_after(self, count: int) -> OrderRows:
        """Return the orders after the first `count`."""
        return OrderRows(*self.order_rows.columns(count))

    @property
    def fills(self) -> FillRows:
        """The fills as columns."""
        return self.fills_after(0)

    def fills_after(self, count: int) -> FillRows:
        """Return the fills after the first `count`."""
        return FillRows(*self.fill_rows.columns(count))

    @property
    def changes(self) -> ChangeRows:
        """The changes as columns."""
        return ChangeRows(*self.change_rows.columns())

    def event_counts(self) -> list[int]:
        """Return the number of events of each order."""
        fills, changes = self.fills, self.changes
        count = len(self.order_rows)
        counts: list[int] = (
            1 + np.bincount(fills.order, minlength=count) + np.bincount(changes.order, minlength=count)
        ).tolist()
        return counts

    def move_last(self, places: Int64) -> None:
        """Move the last events to their places in the sequence, and number all events again.

        Args:
            places: For each of the last events, the number of the event before which it belongs; ascending.
        """
        earlier = np.arange(len(self) - len(places))
        numbers = np.concatenate(
            [earlier + np.searchsorted(places, earlier, side="right"), places + np.arange(len(places))], dtype=np.int64
        )
        for rows in (self.order_rows, self.fill_rows, self.change_rows):
            event, *others = rows.columns()
            event = numbers[event]
            # Other tables refer to the rows of orders, which therefore stay.
            order = np.arange(len(event)) if rows is self.order_rows else np.argsort(event)
            rows.replace([column[order] for column in (event, *others)])
        self.exact = {int(numbers[event]): texts for event, texts in self.exact.items()}
