"""Synthetic rows of one instrument: orders that print trades, and the book snapshots that they meet.

The rows resemble a recording in what matters for a replay:

- Orders arrive in bursts, and the prints of one order share a time.
- Buyers are a little more aggressive than sellers, and sizes have a heavy tail.
- The recorder's clock is a little off the exchange's.
- The books explain the trades: an order takes the levels of the last book recorded before it, from the best level on. Some
  orders print a little worse, because the market has moved on, and some are larger than the displayed size.
- Many books have the time of the trade that they follow, and some repeat the book before them.
- Prices walk on the tick grid with the order flow; displayed sizes are drawn independently for each book.

The data says nothing about any real market.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.stores.raw_schema import LEVELS

Int64 = npt.NDArray[np.int64]

# The window of the sample data, over midnight.
START = datetime(2024, 5, 17, 22, tzinfo=UTC)
END = datetime(2024, 5, 18, 2, tzinfo=UTC)

# Typical size displayed at a level, as a multiple of the typical trade.
_DISPLAYED = 8.0
# Largest size, as a multiple of the typical trade.
_LARGEST = 25_000.0


@dataclass(frozen=True)
class SampleMarket:
    """A synthetic instrument.

    A price is a whole number of ticks, a size a whole number of lots; both are 10 to the power of minus their decimals.

    Attributes:
        share: Number of rows relative to the other instruments.
    """

    name: str
    exchange: str
    symbol: str
    price_decimals: int
    size_decimals: int
    first_price: float
    typical_size: float
    share: float = 1.0

    def prices(self, ticks: Int64) -> npt.NDArray[np.float64]:
        """Return prices as doubles. Dividing whole numbers gives the same double as parsing the decimal."""
        return ticks / 10.0**self.price_decimals

    def sizes(self, lots: Int64) -> npt.NDArray[np.float64]:
        """Return sizes as doubles, the same as parsing the decimals."""
        return lots / 10.0**self.size_decimals

    def lots(self, typical: npt.NDArray[np.float64]) -> Int64:
        """Convert multiples of the typical size to lots; at least one lot each."""
        lots = np.minimum(typical, _LARGEST) * self.typical_size * 10**self.size_decimals
        whole: Int64 = np.floor(lots).astype(np.int64)
        return whole + 1


@dataclass(frozen=True)
class _Books:
    """Book snapshots in order: recorded times, exchange times, and five levels on each side, the best first."""

    local_time: Int64
    exchange_time: Int64
    ask_ticks: Int64
    ask_lots: Int64
    bid_ticks: Int64
    bid_lots: Int64


def sample_rows(market: SampleMarket, random: np.random.Generator, rows: int) -> tuple[pa.Table, pa.Table]:
    """Return a number of trades and the book snapshots around them, in the exchange schema, sorted by `local_timestamp`."""
    order = _orders_of_rows(random, rows)
    orders = int(order[-1]) + 1
    buys = random.random(orders) < 0.53
    exchange_time = _exchange_times(random, orders)
    local_time = _recorder_times(random, exchange_time)
    books = _books(market, random, buys, exchange_time, local_time)
    lots = market.lots(random.pareto(1.6, rows))
    # At equal times the trade comes first, so an order meets a strictly earlier book.
    met = np.searchsorted(books.local_time, local_time, "left") - 1
    ticks = _prints(random, books, met, buys, order, lots)
    first_id = 4_000_000_000 + int(random.integers(1_000_000_000))
    trades: dict[str, pa.Array] = {
        **_names(market, rows),
        "timestamp": pa.array(exchange_time[order]),
        "local_timestamp": pa.array(local_time[order]),
        "id": pa.array(np.arange(first_id, first_id + rows)).cast(pa.string()),
        "side": pa.array(["sell", "buy"]).take(buys[order].astype(np.int64)),
        "price": pa.array(market.prices(ticks)),
        "amount": pa.array(market.sizes(lots)),
    }
    return pa.table(trades), _book_table(market, books)


def _orders_of_rows(random: np.random.Generator, rows: int) -> Int64:
    """Return the number of the order that each row is a print of. Most orders have one or two prints, a few have dozens."""
    prints = np.minimum(random.zipf(2.2, rows), 80)
    return np.repeat(np.arange(rows), prints)[:rows]


def _exchange_times(random: np.random.Generator, orders: int) -> Int64:
    """Return exchange times of orders in µs, rounded to milliseconds as exchanges do, with bursts and lulls."""
    activity = np.exp(np.abs(np.cumsum(random.normal(0, 0.05, orders)) % 6.0 - 3.0))
    gaps = random.exponential(1.0, orders) / activity
    in_burst = random.random(orders) < 0.6
    gaps[in_burst] *= 0.02
    elapsed = np.cumsum(gaps)
    span = (END - START).total_seconds() * 1000 - 1000
    milliseconds = np.floor(elapsed / elapsed[-1] * span).astype(np.int64)
    times: Int64 = (int(START.timestamp()) * 1000 + milliseconds) * 1000
    return times


def _recorder_times(random: np.random.Generator, exchange_time: Int64) -> Int64:
    """Return recorded times in µs: exchange times plus a delay, on a clock that drifts between 4 ms slow and 2 ms fast."""
    share = (exchange_time - exchange_time[0]) / max(1, int(exchange_time[-1] - exchange_time[0]))
    drift = 3_000 * np.sin(2 * np.pi * 3 * share) - 1_000
    delay = random.lognormal(np.log(2_500), 0.5, len(exchange_time))
    seen = exchange_time + np.rint(delay + drift).astype(np.int64)
    return np.maximum.accumulate(seen)


def _best_bids(market: SampleMarket, random: np.random.Generator, buys: npt.NDArray[np.bool_]) -> Int64:
    """Return the best bid before the first order and after each order, in ticks: a bounded walk driven by the order flow."""
    first = round(market.first_price * 10**market.price_decimals)
    push = np.where(buys, 0.47, -0.53) * (random.random(len(buys)) < 0.4)
    # A third of the orders move the price, by about half a percent in total.
    jumps = random.standard_t(3, len(buys)) * (0.005 * first / np.sqrt(len(buys))) * (random.random(len(buys)) < 0.33)
    steps = np.rint(np.cumsum(push + jumps)).astype(np.int64)
    # Folded into a band of ten percent, so that no price is below zero for any seed or number of rows.
    band = first // 10
    folded = np.abs((steps + band) % (4 * band) - 2 * band) - band
    return np.concatenate([[first], first - folded])


def _books(
    market: SampleMarket, random: np.random.Generator, buys: npt.NDArray[np.bool_], exchange_time: Int64, local_time: Int64
) -> _Books:
    """Return the books: one before the first order, and one after most orders; a few are recorded twice."""
    orders = len(buys)
    after = np.concatenate([[0], 1 + np.repeat(np.arange(orders), random.choice(3, orders, p=[0.1, 0.85, 0.05]))])
    rows = len(after)
    before_all = np.array([1_000])
    local = np.concatenate([local_time[:1] - before_all, local_time])[after]
    exchange = np.concatenate([exchange_time[:1] - before_all, exchange_time])[after]
    delay = np.where(random.random(rows) < 0.35, 0, random.lognormal(np.log(800), 1.0, rows)).astype(np.int64)
    delay[0] = 0
    recorded = np.maximum.accumulate(local + delay)
    best_bid = _best_bids(market, random, buys)[after]
    best_ask = best_bid + np.where(random.random(rows) < 0.06, random.integers(2, 5, rows), 1)
    away = np.cumsum(random.geometric(0.6, (2, rows, LEVELS - 1)), axis=2)
    away = np.concatenate([np.zeros((2, rows, 1), dtype=np.int64), away], axis=2)
    lots = market.lots(_DISPLAYED * random.lognormal(0.0, 0.9, (2, rows, LEVELS)))
    # The second of two books after one order repeats the first.
    same = np.maximum.accumulate(np.where(np.diff(after, prepend=-1) == 0, 0, np.arange(rows)))
    ask_ticks = best_ask[:, None] + away[0]
    bid_ticks = np.maximum(best_bid[:, None] - away[1], 1)
    return _Books(recorded, exchange + delay // 1000 * 1000, ask_ticks[same], lots[0][same], bid_ticks[same], lots[1][same])


def _prints(
    random: np.random.Generator, books: _Books, met: Int64, buys: npt.NDArray[np.bool_], order: Int64, lots: Int64
) -> Int64:
    """Return the prices of trades in ticks. Each is the price of the book level that its order has reached.

    Args:
        met: The number of the book that each order meets.
        order: The order of each trade.
        lots: The size of each trade.
    """
    buying, seen = buys[order], met[order]
    ticks = np.where(buying[:, None], books.ask_ticks[seen], books.bid_ticks[seen])
    displayed = np.where(buying[:, None], books.ask_lots[seen], books.bid_lots[seen])
    taken = np.cumsum(lots) - lots
    taken -= taken[np.searchsorted(order, order)]
    level = np.count_nonzero(taken[:, None] >= np.cumsum(displayed, axis=1), axis=1)
    found = np.take_along_axis(ticks, np.minimum(level, LEVELS - 1)[:, None], axis=1)[:, 0]
    moved = np.where(random.random(len(buys)) < 0.1, random.integers(1, 4, len(buys)), 0)[order]
    # A print beyond the last displayed level is one tick worse than that level.
    worse = moved + (level == LEVELS)
    prices: Int64 = np.maximum(found + np.where(buying, worse, -worse), 1)
    return prices


def _book_table(market: SampleMarket, books: _Books) -> pa.Table:
    columns: dict[str, pa.Array] = {
        **_names(market, len(books.local_time)),
        "timestamp": pa.array(books.exchange_time),
        "local_timestamp": pa.array(books.local_time),
    }
    for level in range(LEVELS):
        columns |= {
            f"asks[{level}].price": pa.array(market.prices(books.ask_ticks[:, level])),
            f"asks[{level}].amount": pa.array(market.sizes(books.ask_lots[:, level])),
            f"bids[{level}].price": pa.array(market.prices(books.bid_ticks[:, level])),
            f"bids[{level}].amount": pa.array(market.sizes(books.bid_lots[:, level])),
        }
    return pa.table(columns)


def _names(market: SampleMarket, rows: int) -> dict[str, pa.Array]:
    words = {"exchange": market.exchange, "symbol": market.symbol}
    return {name: pa.array([word]).take(np.zeros(rows, dtype=np.int64)) for name, word in words.items()}
