"""Reference matcher for orders that copy trades: fills them against recorded books, in decimals, from raw rows."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pyarrow as pa

LEVELS = 5
_MONEY = Decimal("1e-8")


@dataclass(frozen=True)
class Matched:
    """The figures of a run: counts of orders and fills, fees rounded half-even fill by fill, and the position at the end."""

    orders: int
    filled: int
    partial: int
    fills: int
    fees: Decimal
    position: Decimal


def match(
    trades: pa.Table, books: pa.Table, window: tuple[int, int], fee: str, price_decimals: int, size_decimals: int
) -> Matched:
    """Match each trade, as an immediate-or-cancel order, against the last book recorded before it.

    At equal times trades come before books: a book recorded at the time of a trade shows the market after it. Orders
    do not consume liquidity: the next order finds the whole book again.

    Args:
        trades, books: In the exchange schema, times in µs, each in order of local_timestamp.
        window: The first and last instant, µs, both inclusive.
    """
    start, end = window
    events = [(row["local_timestamp"], 0, number, row) for number, row in enumerate(trades.to_pylist())]
    events += [(row["local_timestamp"], 1, number, row) for number, row in enumerate(books.to_pylist())]
    book: dict[str, Any] = {}
    orders = filled = partial = fills = 0
    fees = position = Decimal(0)
    for instant, is_book, _, row in sorted(events, key=lambda event: event[:3]):
        if not start <= instant <= end:
            continue
        if is_book:
            book = row
            continue
        orders += 1
        buys = row["side"] == "buy"
        limit, wanted = _decimal(row["price"], price_decimals), _decimal(row["amount"], size_decimals)
        left = wanted
        for level in range(LEVELS if book else 0):
            side = "asks" if buys else "bids"
            price, size = book[f"{side}[{level}].price"], book[f"{side}[{level}].amount"]
            if price is None or not left:
                break
            price = _decimal(price, price_decimals)
            if price > limit if buys else price < limit:
                break
            taken = min(left, _decimal(size, size_decimals))
            if taken:
                fills += 1
                left -= taken
                fees += (price * taken * Decimal(fee)).quantize(_MONEY, ROUND_HALF_EVEN)
                position += taken if buys else -taken
        filled += not left
        partial += 0 < left < wanted
    return Matched(orders, filled, partial, fills, fees, position)


def _decimal(value: float, decimals: int) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
