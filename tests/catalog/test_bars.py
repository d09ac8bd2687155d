"""Bars and quotes whose values need more than 64 bits."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickreel.accounting import scaled
from tickreel.catalog.bars import sample_bars
from tickreel.catalog.books import sample_quotes
from tickreel.stores.depths import NO_LEVEL
from tickreel.stores.raw_schema import LEVELS
from tickreel.v1 import market_data_pb2

SECOND = 1_000_000_000
BOUGHT = market_data_pb2.AGGRESSOR_SIDE_BUY


def bars_of(sizes: list[int], size_precision: int, price: int = 1, price_precision: int = 0) -> market_data_pb2.BarColumns:
    """Return the one bar of trades that buy and sell in turn."""
    rows = np.arange(len(sizes))
    trades = {
        "ts_init": rows,
        "price": np.full(len(sizes), price, dtype=np.int64 if price < 2**63 else object),
        "size": scaled.narrow(np.array(sizes, dtype=object)),
        "side": np.where(rows % 2, 0, BOUGHT).astype(np.uint8),
    }
    return sample_bars(trades, (price_precision, size_precision), 1)


def test_a_volume_beyond_64_bits_has_fewer_decimals() -> None:
    bars = bars_of([10**9 * 10**8] * 100, 8)
    assert (bars.size_precision, bars.volume_precision) == (8, 7)
    assert (list(bars.volume), list(bars.buy_volume)) == ([10**11 * 10**7], [5 * 10**10 * 10**7])


def test_a_volume_within_64_bits_has_the_decimals_of_the_sizes() -> None:
    bars = bars_of([1, 2, 3], 3)
    assert (list(bars.volume), list(bars.buy_volume), bars.volume_precision) == ([6], [4], 3)


@given(st.lists(st.integers(1, 10**29), min_size=1, max_size=50), st.integers(0, 16))
def test_a_volume_is_as_exact_as_64_bits_allow(sizes: list[int], precision: int) -> None:
    bars = bars_of(sizes, precision)
    with localcontext(prec=60):
        for found, exact in ((bars.volume[0], sum(sizes)), (bars.buy_volume[0], sum(sizes[::2]))):
            rounded = Decimal(exact).scaleb(bars.volume_precision - precision).to_integral_value(ROUND_HALF_EVEN)
            assert found == int(rounded)
    if sum(sizes) < 2**63:
        assert bars.volume_precision == precision
    else:
        assert bars.volume[0] >= 2**63 // 10 - 1


def test_prices_of_files_with_different_decimals_get_as_many_as_fit() -> None:
    # A file of whole prices and a file of prices with 16 decimals.
    bars = bars_of([1], 0, price=10**12 * 10**16, price_precision=16)
    assert (bars.price_precision, list(bars.open), list(bars.high)) == (6, [10**18], [10**18])


def test_a_missing_side_of_a_book_stays_missing_when_prices_are_rounded() -> None:
    books = {
        "ts_init": np.arange(2),
        "bid_price": np.array([[10**28] + [NO_LEVEL] * (LEVELS - 1), [NO_LEVEL] * LEVELS], dtype=object).reshape(-1),
        "ask_price": np.array([[10**28] + [NO_LEVEL] * (LEVELS - 1)] * 2, dtype=object).reshape(-1),
    }
    quotes = sample_quotes(books, 16, 10)
    assert (quotes.price_precision, list(quotes.bid), list(quotes.ask)) == (6, [10**18, NO_LEVEL], [10**18] * 2)
