"""Books as a chart draws them, and one of them whole."""

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
from tickreel.stores.sampling import kept_rows
from tickreel.v1 import market_data_pb2

_COLUMNS = ("ts_event", "ts_init", "bid_price", "bid_size", "ask_price", "ask_size")


def sample_quotes(books: Arrays, price_precision: int, most: int) -> market_data_pb2.QuoteColumns:
    """The best prices of books that a chart keeps, the lowest bid and the highest ask of each part among them.

    Prices have as many decimals as 64 bits a value hold, rounded half-even where those are fewer than the data has.

    Args:
        books: Columns ts_init, bid_price and ask_price, in replay order.
        most: About how many books there is room for.
    """
    bid, ask = books["bid_price"][::LEVELS], books["ask_price"][::LEVELS]
    # A book without a bid has no lowest one.
    lowest = np.where(bid == NO_LEVEL, scaled.largest(bid), bid)
    kept = kept_rows(books["ts_init"], most, lowest=[lowest], highest=[ask])
    best = bid[kept], ask[kept]
    fitting, price_precision = scaled.fitting(*best, scale=price_precision)
    # Rounding would make a price of what stands for none.
    bid, ask = (np.where(prices == NO_LEVEL, NO_LEVEL, whole) for prices, whole in zip(best, fitting, strict=True))
    return make_columns(
        market_data_pb2.QuoteColumns,
        price_precision=price_precision,
        ts_init=books["ts_init"][kept],
        bid=bid,
        ask=ask,
    )


def depth_snapshot(books: MarketRows, columns: ColumnStore) -> market_data_pb2.DepthSnapshot:
    """The last of some books.

    Raises:
        TickreelError: NOT_FOUND where there is none.
    """
    for stretch in reversed(books.stretches):
        decimals = books.decimals_of(stretch)
        found = replace(books, decimals=decimals).part(stretch, columns, _COLUMNS)
        rows = len(found["ts_init"])
        if rows:
            last = {name: values.reshape(rows, -1)[-1] for name, values in found.items()}
            break
    else:
        message = "there is no converted book of the instrument at or before the instant"
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
