"""Checks whether the exchange and symbol in a recording belong to its instrument.

Exchanges write one instrument in many ways: BTCUSDT, btcusdt, BTC_USDT, XBT/USD, tBTCUST, BTC-USDT-SWAP, BTC-PERPETUAL,
KRW-BTC. So only clear differences count: another first word of the exchange, a symbol without the base currency, or a symbol
with another quote currency.
"""

import re

from tickreel.stores.instrument_name import InstrumentName

# Alternative names, one group per exchange or currency.
_EXCHANGES = (("OKX", "OKEX"), ("HTX", "HUOBI"), ("COINBASE", "GDAX"), ("KRAKEN", "CRYPTOFACILITIES"))
_CURRENCIES = (
    ("BTC", "XBT"),
    ("DOGE", "XDG"),
    ("BCH", "BCC", "BAB"),
    ("IOTA", "IOT"),
    ("DASH", "DSH"),
    ("QTUM", "QTM"),
    ("USDT", "UST"),
    # Some exchanges write USD for contracts that settle in USDC.
    ("USD", "USDC", "UDC"),
)
# Quote currencies of symbols. A symbol may omit its quote, so only one of these counts as another quote.
_QUOTES = (
    *("USDT", "UST", "USDC", "UDC", "USD", "BUSD", "FDUSD", "TUSD", "USDE", "DAI", "BTC", "XBT", "ETH", "BNB"),
    *("EUR", "GBP", "JPY", "KRW", "TRY", "BRL", "AUD", "CAD", "CHF", "RUB", "UAH", "ARS", "IDR", "INR", "MXN", "PLN"),
)


def says_other_exchange(word: str, instrument: InstrumentName) -> bool:
    """Return whether an exchange word clearly names another exchange than the instrument's venue."""
    said, meant = _compact(word), _compact(instrument.venue)
    said_names, meant_names = (_names(_EXCHANGES, _first_word(text)) for text in (word, instrument.venue))
    # gate-io is GATEIO, and binanceusdm is BINANCE.
    same = any(meant.startswith(name) for name in said_names) or any(said.startswith(name) for name in meant_names)
    return bool(said) and not same


def says_other_symbol(word: str, instrument: InstrumentName) -> bool:
    """Return whether a symbol clearly names another pair than the instrument's."""
    said = _compact(word)
    bases, quotes = _names(_CURRENCIES, instrument.base.upper()), _names(_CURRENCIES, instrument.quote.upper())
    base = next((name for name in bases if name in said), None)
    if not said or base is None:
        return bool(said)
    rest = said.replace(base, "", 1)
    # The longest first, so that USDT is not taken for USD.
    known = sorted({*_QUOTES, *quotes}, key=len, reverse=True)
    found = re.findall("|".join(known), rest)
    return bool(found) and not set(found) & set(quotes)


def _compact(word: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", word.upper())


def _first_word(word: str) -> str:
    return next(iter(re.findall(r"[A-Z0-9]+", word.upper())), "")


def _names(groups: tuple[tuple[str, ...], ...], name: str) -> tuple[str, ...]:
    return next((group for group in groups if name in group), (name,))
