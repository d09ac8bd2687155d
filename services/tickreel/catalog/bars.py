"""Bars of trades, all of one conventional length."""

import numpy as np
import numpy.typing as npt

from tickreel.accounting import scaled
from tickreel.catalog.market_rows import Arrays
from tickreel.rpc.columns import make_columns
from tickreel.v1 import market_data_pb2

_SECOND = 1_000_000_000
_MINUTE, _HOUR, _DAY = 60 * _SECOND, 3_600 * _SECOND, 86_400 * _SECOND
_LENGTHS = (
    *(count * unit for unit in (_SECOND, _MINUTE) for count in (1, 2, 5, 10, 15, 30)),
    *(hours * _HOUR for hours in (1, 2, 4, 6, 12)),
    _DAY,
)


def bar_length(first: int, last: int, most: int) -> int:
    """Return the shortest length, in nanoseconds, with which at most `most` bars cover the time between two instants."""
    for length in _LENGTHS:
        if last // length - first // length < most:
            return length
    # Beyond a day, the shortest sufficient number of days.
    days = 1
    while last // (days * _DAY) - first // (days * _DAY) >= most:
        days += 1
    return days * _DAY


def sample_bars(trades: Arrays, decimals: tuple[int, int], most: int) -> market_data_pb2.BarColumns:
    """Aggregate trades to bars.

    Prices and volumes are rounded half-even to fewer decimals if values with all decimals do not fit into 64 bits.

    Args:
        trades: Columns ts_init, price, size and side, in replay order.
        decimals: The decimals of prices and of sizes.
        most: The maximum number of bars.
    """
    clock, price, size = trades["ts_init"], trades["price"], trades["size"]
    columns: dict[str, npt.NDArray[np.int64]] = {}
    price_precision, size_precision = decimals
    volume_precision = size_precision
    length = _LENGTHS[0]
    if len(clock):
        length = bar_length(int(clock[0]), int(clock[-1]), most)
        starts = np.arange(int(clock[0]) // length, int(clock[-1]) // length + 1) * length
        cuts = np.searchsorted(clock, starts, "left")
        has_trades = np.diff(cuts, append=len(clock)) > 0
        cuts = cuts[has_trades]
        bought = np.where(trades["side"] == market_data_pb2.AGGRESSOR_SIDE_BUY, size, 0)
        ends = np.append(cuts[1:], len(clock))
        high, low = np.maximum.reduceat(price, cuts), np.minimum.reduceat(price, cuts)
        prices, price_precision = scaled.fitting(price[cuts], high, low, price[ends - 1], scale=price_precision)
        volumes = scaled.sums_from(size, cuts), scaled.sums_from(bought, cuts)
        columns = {"ts_start": starts[has_trades], **dict(zip(("open", "high", "low", "close"), prices, strict=True))}
        (columns["volume"], columns["buy_volume"]), volume_precision = scaled.fitting(*volumes, scale=size_precision)
        columns["trades"] = ends - cuts
    return make_columns(
        market_data_pb2.BarColumns,
        interval=length,
        price_precision=price_precision,
        size_precision=size_precision,
        volume_precision=volume_precision,
        **columns,
    )
