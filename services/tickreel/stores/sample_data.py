"""Sample trades in the raw layout: made up, from a seed, for trying Tickreel without a recording.

They look like a recording where it matters for a replay: arrivals come in bursts, prints of one order share a time,
buyers are a little more aggressive than sellers, prices move on the tick grid with the flow, sizes have a heavy tail,
and the recorder's clock is a little off the exchange's. They say nothing about any market.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.rpc.errors import TickreelError
from tickreel.stores.footers import Footers
from tickreel.stores.raw import BY_DATE, ENDING

# The window, over midnight, and as many rows as two lively hours have.
START = datetime(2024, 5, 17, 22, tzinfo=UTC)
END = datetime(2024, 5, 18, 2, tzinfo=UTC)
ROWS = 120_000
SEED = 7

WRITTEN = "written"
SKIPPED = "already there"

# Marks the files as made here, so that no recording is ever overwritten.
_MARK = "tickreel.sample"
_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class SampleMarket:
    """One made-up instrument; a price is a whole number of ticks of 10 to the power of minus its decimals."""

    name: str
    symbol: str
    price_decimals: int
    first_price: float
    typical_size: float


MARKETS = (
    SampleMarket("SAMPLE-FUTURES:PERPETUAL:BTC-USDT", "BTCUSDT", 1, 66_912.4, 0.02),
    SampleMarket("SAMPLE-FUTURES:PERPETUAL:ETH-USDT", "ETHUSDT", 2, 3_084.57, 0.25),
)


def write_sample_data(
    root: Path, seed: int = SEED, rows_per_instrument: int = ROWS, on_progress: Callable[[Path, str], None] = lambda *_: None
) -> list[Path]:
    """Writes the sample files below a data root, byte for byte the same for the same seed and rows.

    Args:
        root: The data root; made where it does not exist.
        on_progress: Called with each path and WRITTEN or SKIPPED: a file that is there already, byte for byte, is left
            alone.

    Returns:
        The paths of all files, written or not.

    Raises:
        TickreelError: STORE_NOT_WRITABLE where a file is in the way that was not made here (then nothing has been
            written), or the root cannot be written.
        ValueError: There are fewer than one row.
    """
    if rows_per_instrument < 1:
        raise ValueError(f"{rows_per_instrument} rows were asked for; there must be at least one")
    wanted = dict(_files(root, seed, rows_per_instrument))
    present = {path: path.read_bytes() for path in wanted if path.exists()}
    for path in present:
        if _MARK not in Footers().read(path).metadata:
            message = f"{path} is in the way: it is not a sample file, so it is not replaced; move it or choose another root"
            raise TickreelError("STORE_NOT_WRITABLE", message, path=path)
    for path, content in wanted.items():
        if present.get(path) == content:
            on_progress(path, SKIPPED)
            continue
        unfinished = path.with_name(f".{path.name}.unfinished")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(content)
            unfinished.replace(path)
        except OSError as error:
            message = f"{path} cannot be written: {error.strerror}"
            raise TickreelError("STORE_NOT_WRITABLE", message, path=path) from None
        on_progress(path, WRITTEN)
    return list(wanted)


def _files(root: Path, seed: int, rows: int) -> Iterator[tuple[Path, bytes]]:
    for number, market in enumerate(MARKETS):
        table = sample_trades(market, np.random.default_rng([seed, number]), rows)
        days = table["local_timestamp"].to_numpy() // _DAY_US
        for day in np.unique(days):
            first, last = np.searchsorted(days, [day, day + 1])
            folder = root / BY_DATE / f"day-{np.datetime64(int(day), 'D')}" / "data_type-trades"
            part = table.slice(first, last - first).replace_schema_metadata({_MARK: f"seed {seed}"})
            content = io.BytesIO()
            pq.write_table(part, content, compression="zstd", row_group_size=65_536)
            yield folder / (market.name + ENDING), content.getvalue()


def sample_trades(market: SampleMarket, random: np.random.Generator, rows: int) -> pa.Table:
    """The trades of one instrument in the exchange schema, in order of `local_timestamp`."""
    order = _orders_of_rows(random, rows)
    orders = int(order[-1]) + 1
    buys = random.random(orders) < 0.53
    exchange_time = _exchange_times(random, orders)
    ticks = _prices(random, market, buys)
    # A large order walks up or down the book, a tick every few prints.
    within = np.arange(rows) - np.searchsorted(order, order)
    direction = np.where(buys[order], 1, -1)
    ticks = np.maximum(ticks[order] + direction * (within // 3), 1)
    lots = 1 + np.floor(market.typical_size * 1000 * random.pareto(1.6, rows)).astype(np.int64)
    local_time = _recorder_times(random, exchange_time)[order]
    first_id = 4_000_000_000 + int(random.integers(1_000_000_000))
    return pa.table(
        {
            "exchange": pa.array(["sample-futures"]).take(pa.array(np.zeros(rows, dtype=np.int64))),
            "symbol": pa.array([market.symbol]).take(pa.array(np.zeros(rows, dtype=np.int64))),
            "timestamp": exchange_time[order],
            "local_timestamp": local_time,
            "id": pa.array(np.arange(first_id, first_id + rows)).cast(pa.string()),
            "side": pa.array(["sell", "buy"]).take(pa.array(buys[order].astype(np.int64))),
            # Dividing whole numbers gives the very double that a parser makes of the decimal.
            "price": ticks / 10.0**market.price_decimals,
            "amount": np.minimum(lots, 500_000) / 1000.0,
        }
    )


def _orders_of_rows(random: np.random.Generator, rows: int) -> npt.NDArray[np.int64]:
    """The number of the order that each row is a print of: most have one or two, a few have dozens."""
    prints = np.minimum(random.zipf(2.2, rows), 80)
    return np.repeat(np.arange(rows), prints)[:rows]


def _exchange_times(random: np.random.Generator, orders: int) -> npt.NDArray[np.int64]:
    """The times of orders, in whole milliseconds as exchanges give them, in bursts and with lulls."""
    activity = np.exp(np.abs(np.cumsum(random.normal(0, 0.05, orders)) % 6.0 - 3.0))
    gaps = random.exponential(1.0, orders) / activity
    in_burst = random.random(orders) < 0.6
    gaps[in_burst] *= 0.02
    elapsed = np.cumsum(gaps)
    span = (END - START).total_seconds() * 1000 - 1000
    milliseconds = np.floor(elapsed / elapsed[-1] * span).astype(np.int64)
    return (int(START.timestamp()) * 1000 + milliseconds) * 1000


def _prices(random: np.random.Generator, market: SampleMarket, buys: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The price that each order begins at, in ticks: a walk pushed by the flow and pulled back, with a spread of one tick."""
    first = round(market.first_price * 10**market.price_decimals)
    push = np.where(buys, 0.47, -0.53) * (random.random(len(buys)) < 0.4)
    # A third of the orders move the price; all of them together by about half a percent.
    jumps = random.standard_t(3, len(buys)) * (0.005 * first / np.sqrt(len(buys))) * (random.random(len(buys)) < 0.33)
    steps = np.rint(np.cumsum(push + jumps)).astype(np.int64)
    # Folded into a band of ten percent, so that no seed and no number of rows leads to a price below zero.
    band = first // 10
    folded = np.abs((steps + band) % (4 * band) - 2 * band) - band
    return first - folded + buys


def _recorder_times(random: np.random.Generator, exchange_time: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """When the recorder saw the orders, in µs: after a delay, by a clock that drifts between 4 ms slow and 2 ms fast."""
    share = (exchange_time - exchange_time[0]) / max(1, int(exchange_time[-1] - exchange_time[0]))
    drift = 3_000 * np.sin(2 * np.pi * 3 * share) - 1_000
    delay = random.lognormal(np.log(2_500), 0.5, len(exchange_time))
    seen = exchange_time + np.rint(delay + drift).astype(np.int64)
    return np.maximum.accumulate(seen)
