"""Quotes of a chart, and single book snapshots with all levels."""

from dataclasses import replace
from decimal import Decimal

import numpy as np

from tickreel.accounting import scaled
from tickreel.catalog.market_rows import Arrays, MarketRows
from tickreel.rpc.columns import make_columns
from tickreel.rpc.errors import TickreelError
from tickreel.stores.column_files import ColumnStore
from tickreel.stores.depths import NO_LEVEL
from tickreel.stores.raw_schema import LEVELS
from tickreel.stores.sampling import downsampled_rows
from tickreel.v1 import market_data_pb2

_COLUMNS = ("ts_event", "ts_init", "bid_price", "bid_size", "ask_price", "ask_size")


def sample_quotes(books: Arrays, price_precision: int, most: int) -> market_data_pb2.QuoteColumns:
    """Downsample the best prices of books, keeping the lowest bid and the highest ask of each part of the time.

    Prices are rounded half-even to fewer decimals if values with all decimals do not fit into 64 bits.

    Args:
        books: Columns ts_init, bid_price and ask_price, in replay order.
        most: The approximate number of books to keep.
    """
    bid, ask = books["bid_price"][::LEVELS], books["ask_price"][::LEVELS]
    # A book without a bid must not be chosen for the lowest bid.
    lowest = np.where(bid == NO_LEVEL, scaled.largest(bid), bid)
    kept = downsampled_rows(books["ts_init"], most, lowest=[lowest], highest=[ask])
    best = bid[kept], ask[kept]
    fitting, price_precision = scaled.fitting(*best, scale=price_precision)
    # Rounding changes NO_LEVEL, so it is set again.
    bid, ask = (np.where(prices == NO_LEVEL, NO_LEVEL, whole) for prices, whole in zip(best, fitting, strict=True))
    return make_columns(
        market_data_pb2.QuoteColumns,
        price_precision=price_precision,
        ts_init=books["ts_init"][kept],
        bid=bid,
        ask=ask,
    )


def depth_snapshot(books: MarketRows, columns: ColumnStore) -> market_data_pb2.DepthSnapshot:
    """Return the last of some books.

    Raises:
        TickreelError: NOT_FOUND if there are no books.
    """
    for stretch in reversed(books.stretches):
        decimals = books.decimals_of(stretch)
        found = replace(books, decimals=decimals).part(stretch, columns, _COLUMNS)
        rows = len(found["ts_init"])
        if rows:
            last = {name: values.reshape(rows, -1)[-1] for name, values in found.items()}
            break
    else:
        message = "the instrument has no converted book at or before this instant"
        raise TickreelError("NOT_FOUND", message, kind="book", id=books.end)
    snapshot = market_data_pb2.DepthSnapshot()
    snapshot.ts_event.FromNanoseconds(int(last["ts_event"][0]))
    snapshot.ts_init.FromNanoseconds(int(last["ts_init"][0]))
    for side, levels in (("bid", snapshot.bids), ("ask", snapshot.asks)):
        for price, size in zip(last[f"{side}_price"].tolist(), last[f"{side}_size"].tolist(), strict=True):
            if price != NO_LEVEL:
                levels.add(price=_text(price, decimals[0]), size=_text(size, decimals[1]))
    return snapshot


def _text(value: int, decimals: int) -> str:
    return f"{Decimal(value).scaleb(-decimals):f}"
