"""The positions of random fills equal those of a simple bookkeeping in fractions, and their sums equal the account."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from small_catalog import replay_config
from tickreel.accounting.account import Account, ReversedPositionError
from tickreel.engine.event_record import MISSING
from tickreel.engine.tape import Fills
from tickreel.runner.ledger.ledger import opened
from tickreel.runner.ledger.positions import PositionBook, Positions, closed_count
from tickreel.runner.ledger.range_extremes import range_highs, range_lows
from tickreel.runner.window.mark_rows import MarkRows

# Time, side, price in ticks of 0.1, size in units of 0.001, 1 for a taker, order, position of the engine.
Deal = tuple[int, int, int, int, int, int, int]

LINEAR, INVERSE, SPOT = replay_config(), replay_config(), replay_config()
INVERSE.instrument.is_inverse = True
INVERSE.instrument.settlement_currency = "BTC"
SPOT.venue.account_type = "CASH"
SPOT.venue.starting_balances.update({"USDT": 1e6, "BTC": 0.007})


@dataclass(eq=False)
class Trip:
    """A position, in fractions."""

    engine: int
    side: int
    opened: int
    entry_order: int
    closed: int | None = None
    exit_order: int | None = None
    size: Fraction = Fraction(0)
    largest: Fraction = Fraction(0)
    cash: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    fees: Fraction = Fraction(0)
    entries: list[tuple[int, Fraction]] = field(default_factory=list)
    exits: list[tuple[int, Fraction]] = field(default_factory=list)
    orders: set[int] = field(default_factory=set)
    profits: list[Fraction] = field(default_factory=lambda: [Fraction(0)])


class Bookkeeping:
    """Follows the fills one by one."""

    def __init__(self, account: Account, *, inverse: bool) -> None:
        self.account, self.inverse = account, inverse
        self.trips: list[Trip] = []
        self.held: dict[int, Trip] = {}
        self.numbers: list[int] = []

    def value(self, price: Fraction, size: Fraction) -> Fraction:
        exact = -size / price if self.inverse else price * size
        return Fraction(round(exact * 10**self.account.scale), 10**self.account.scale)

    def fill(self, deal: Deal, fee: Fraction) -> None:
        ts, side, ticks, units, _, order, engine = deal
        size, price = Fraction(units, 1_000), Fraction(ticks, 10)
        signed_value = self.value(price, side * size)
        left = size
        trip = self.held.get(engine)
        self.numbers.append(len(self.trips) if trip is None else self.trips.index(trip))
        if trip is not None and trip.side != side:
            part = min(left, abs(trip.size))
            trip.exits.append((ticks, part))
            trip.cost *= 1 - part / abs(trip.size)
            self.apply(trip, side * part, signed_value * part / size, fee * part / size, order)
            left -= part
            if not trip.size:
                trip.closed, trip.exit_order = ts, order
                trip.profits.append(trip.cash)
                del self.held[engine]
                trip = None
        if left:
            if trip is None:
                trip = self.held[engine] = Trip(engine, side, ts, order)
                self.trips.append(trip)
            trip.entries.append((ticks, left))
            trip.cost += signed_value * left / size
            self.apply(trip, side * left, signed_value * left / size, fee * left / size, order)

    @staticmethod
    def apply(trip: Trip, size: Fraction, value: Fraction, fee: Fraction, order: int) -> None:
        trip.size += size
        trip.largest = max(trip.largest, abs(trip.size))
        trip.cash -= value
        trip.fees += fee
        trip.orders.add(order)

    def mark(self, mark: int, mark_scale: int) -> None:
        for trip in self.held.values():
            trip.profits.append(trip.cash + self.value(Fraction(mark, 10**mark_scale), trip.size))


def fills_of(deals: Sequence[Deal]) -> Fills:
    columns = np.array([[*deal, 0] for deal in deals], dtype=np.int64).reshape(-1, 8).T
    ts, side, price, size, taker, order, _, commission = columns
    return Fills(order, ts, side, price, size, taker, commission)


def book_of(
    config: Any, deals: Sequence[Deal], rows: MarkRows, cuts: Sequence[int], *, engine: bool
) -> tuple[list[Positions], list[int], Account]:
    """Return the positions of deals that are added in slices, the number of each deal's position, and the account."""
    account = opened(config, rows)
    book = PositionBook(account, rows)
    found, numbers = [], []
    for first, past in zip([0, *cuts], [*cuts, len(deals)], strict=True):
        fills = fills_of(deals[first:past])
        half = len(fills.ts) // 2
        columns = (fills.ts, fills.side, fills.price, fills.quantity, fills.taker)
        parts = [account := account.then(*(column[part] for column in columns)) for part in (slice(half), slice(half, None))]
        first_order = int(fills.order.min()) if len(fills.order) else 0
        fills.order[:] -= first_order
        ids = np.array([deal[6] for deal in deals[first:past]], dtype=np.int64) if engine else None
        closed, of_fill = book.add(parts, fills, first_order, ids)
        found.append(closed)
        numbers += of_fill.tolist()
    return [*found, book.close()], numbers, account


def column(parts: Sequence[Positions], name: str) -> list[Any]:
    return [value for part in parts for value in getattr(part, name).tolist()]


def market(ts: Sequence[int], marks: Sequence[int], with_books: bool) -> MarkRows:
    times, prices = np.array(sorted(ts), dtype=np.int64), np.array(marks[: len(ts)], dtype=np.int64)
    if with_books:
        return MarkRows.of_books(times, prices, 1, times[1:] - 1, prices[1:] * 10 + 5)
    return MarkRows.of_trades(times, prices, 1)


def check(
    config: Any, deals: Sequence[Deal], rows: MarkRows, cuts: Sequence[int] = (), *, engine: bool = False
) -> list[Positions]:
    """Assert that the positions equal the bookkeeping, and that their sums equal the account."""
    found, numbers, account = book_of(config, deals, rows, cuts, engine=engine)
    inverse, scale = config.instrument.is_inverse, account.scale
    books = Bookkeeping(account, inverse=inverse)
    fills = fills_of(deals)
    fees = account.contract.fees(fills.price, fills.quantity, fills.taker)
    unit = 10**account.contract.money_precision
    if held := int(opened(config, rows).position[-1]):
        start = Trip(MISSING, 1, rows.span[0], MISSING, size=Fraction(held, 1_000), largest=Fraction(held, 1_000))
        start.cost = books.value(Fraction(rows.first_mark, 10**rows.mark_scale), start.size)
        start.cash = -start.cost
        start.entries = [(Fraction(rows.first_mark, 10 ** (rows.mark_scale - 1)), start.size)]  # type: ignore[list-item]
        books.held[0] = start
        books.trips.append(start)
    pending = list(zip(deals, fees.tolist(), strict=True))
    for ts, mark in zip(rows.ts.tolist(), rows.marks.tolist(), strict=True):
        while pending and pending[0][0][0] <= ts:
            deal, fee = pending.pop(0)
            books.fill(deal if engine else (*deal[:6], 0), Fraction(fee, unit))
        books.mark(mark, rows.mark_scale)
    for deal, fee in pending:
        books.fill(deal if engine else (*deal[:6], 0), Fraction(fee, unit))
    books.mark(rows.last_mark, rows.mark_scale)

    trips = books.trips
    assert all(getattr(part, name).dtype == np.int64 for part in found for name in ("engine", "ts_closed", "entry_order"))
    assert column(found, "number") == list(range(len(trips)))
    assert column(found, "side") == [trip.side for trip in trips]
    assert column(found, "ts_opened") == [trip.opened for trip in trips]
    assert column(found, "ts_closed") == [MISSING if trip.closed is None else trip.closed for trip in trips]
    assert column(found, "entry_order") == [trip.entry_order for trip in trips]
    assert column(found, "exit_order") == [MISSING if trip.exit_order is None else trip.exit_order for trip in trips]
    assert column(found, "orders") == [len(trip.orders) for trip in trips]
    starts_held = [trip.entry_order == MISSING for trip in trips]
    assert column(found, "fills") == [
        len(trip.entries) + len(trip.exits) - held for trip, held in zip(trips, starts_held, strict=True)
    ]
    assert column(found, "amount") == [trip.largest * 1_000 for trip in trips]
    assert column(found, "open_amount") == [abs(trip.size) * 1_000 for trip in trips]
    at_mark = 10 ** (rows.mark_scale - 1)
    for sizes, values, name in (("entered", "entry_value", "entries"), ("left", "exit_value", "exits")):
        parts = [getattr(trip, name) for trip in trips]
        assert column(found, sizes) == [sum(size for _, size in part) * 1_000 for part in parts]
        assert column(found, values) == [sum(price * size for price, size in part) * 1_000 * at_mark for part in parts]
    # A share of a fill is rounded to the scale of the account.
    for name, exact in (
        ("gross", [trip.cash + trip.cost for trip in trips]),
        ("fees", [trip.fees for trip in trips]),
        ("lowest", [min(trip.profits) for trip in trips]),
        ("highest", [max(trip.profits) for trip in trips]),
    ):
        for ours, theirs in zip(column(found, name), exact, strict=True):
            assert abs(ours - theirs * 10**scale) <= 2, (name, ours, theirs)
    assert numbers == books.numbers
    if not engine:
        # To the last digit: the positions split the account without a rounding of their own.
        assert sum(column(found, "gross")) == int(account.realized(np.array([-1]))[0])
        assert sum(column(found, "fees")) == int(account.fees[-1])
    return found


@st.composite
def _deals(draw: st.DrawFn, positions: int = 1) -> list[Deal]:
    count = draw(st.integers(0, 14))
    times = sorted(draw(st.lists(st.integers(0, 40), min_size=count, max_size=count)))
    order, deals = 0, []
    for ts in times:
        order += draw(st.integers(0, 1))
        side, price, size = draw(st.sampled_from((1, -1))), draw(st.integers(900, 1_100)), draw(st.integers(1, 4))
        deals.append((ts, side, price, size, draw(st.integers(0, 1)), order, draw(st.integers(0, positions - 1))))
    return deals


_rows = st.builds(
    market,
    st.lists(st.integers(0, 40), min_size=1, max_size=20),
    st.lists(st.integers(900, 1_100), min_size=20, max_size=20),
    st.booleans(),
)


@given(_deals(), _rows, st.sampled_from(("linear", "inverse", "spot")), st.data())
def test_netted_positions_equal_a_bookkeeping_in_fractions(
    deals: list[Deal], rows: MarkRows, kind: str, data: st.DataObject
) -> None:
    config = {"linear": LINEAR, "inverse": INVERSE, "spot": SPOT}[kind]
    # Orders do not reach over a cut.
    places = [place for place in range(1, len(deals)) if deals[place][5] != deals[place - 1][5]]
    cuts = sorted(data.draw(st.sets(st.sampled_from(places)))) if places else []
    check(config, deals, rows, cuts)


@given(_deals(positions=4), _rows, st.booleans())
def test_positions_of_a_hedging_account_have_their_own_fills(deals: list[Deal], rows: MarkRows, inverse: bool) -> None:
    found = check(INVERSE if inverse else LINEAR, deals, rows, engine=True)
    engine = np.array([deal[6] for deal in deals], dtype=np.int64)
    if len(deals):
        assert closed_count(fills_of(deals), engine) == sum(ts != MISSING for ts in column(found, "ts_closed"))
    fills, account = fills_of(deals), opened(INVERSE if inverse else LINEAR, rows)
    try:
        account = account.then(fills.ts, fills.side, fills.price, fills.quantity, fills.taker, engine)
    except ReversedPositionError:
        # The ledger refuses it.
        return
    rounded = sum(ts == MISSING for ts in column(found, "ts_closed"))
    assert abs(sum(column(found, "gross")) - int(account.realized(np.array([-1]))[0])) <= rounded
    assert abs(sum(column(found, "fees")) - int(account.fees[-1])) <= rounded


def test_a_position_by_hand() -> None:
    deals = [
        (10, 1, 1_000, 2, 1, 0, 0),
        (12, 1, 1_010, 2, 1, 0, 0),
        (20, -1, 1_030, 1, 1, 1, 0),
        (30, -1, 980, 5, 1, 2, 0),
    ]
    rows = market(range(0, 50, 5), [1_000, 1_000, 1_000, 960, 1_040, 1_000, 970, 990, 900, 1_000], with_books=False)
    (first, second), scale = check(LINEAR, deals, rows), opened(LINEAR, rows).scale
    money = Decimal(1).scaleb(-scale)
    # Bought 2 at 100.0 and 2 at 101.0; sold 1 at 103.0 and 3 at 98.0; at 15 the price was 96.0.
    assert first.gross.tolist()[0] * money == Decimal("0.001") * (1 * 103 + 3 * 98 - 2 * 100 - 2 * 101)
    assert first.lowest.tolist()[0] * money == Decimal("0.001") * (4 * 96 - 2 * 100 - 2 * 101)
    assert first.highest.tolist()[0] * money == Decimal("0.001") * (103 + 3 * 104 - 2 * 100 - 2 * 101)
    # The other 2 were sold short at 98.0; at 40 the price was 90.0, at the end 100.0.
    assert second.ts_closed.tolist() == [MISSING]
    assert second.gross.tolist() == [0]
    assert second.lowest.tolist()[0] * money == Decimal("0.002") * (98 - 100)
    assert second.highest.tolist()[0] * money == Decimal("0.002") * (98 - 90)


@settings(max_examples=50)
@given(st.integers(1, 3_000), st.integers(1, 60), st.integers(0, 2**32), st.booleans())
def test_the_extremes_of_ranges_are_those_of_their_values(count: int, ranges: int, seed: int, wide: bool) -> None:
    random = np.random.default_rng(seed)
    values: npt.NDArray[Any] = random.integers(-1_000, 1_000, count)
    if wide:
        values = values.astype(object) * 2**70
    first = random.integers(0, count, ranges)
    past = np.minimum(first + random.integers(1, count + 1, ranges), count)
    expected = [values[start:end] for start, end in zip(first, past, strict=True)]
    assert range_lows(values, first, past).tolist() == [min(part) for part in expected]
    assert range_highs(values, first, past).tolist() == [max(part) for part in expected]


def test_no_fills_give_no_positions() -> None:
    check(LINEAR, [], market([1, 2], [1_000, 1_000], with_books=False))
