"""Calls that a replay cannot answer. The engine would answer some with silence; here each raises an error that says why."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nautilus_trader.model import AggregationSource, BarType, InstrumentId, PriceType, TriggerType

Method = Callable[..., Any]
# Of the component, the name of the call and its first argument: why the call is refused, or None.
Check = Callable[[Any, str, Any], str | None]

_NO_OPTIONS = "the data has no options; there is no replacement"
# Refused in every replay: what the data lacks, and what a replay has not.
REFUSED: Mapping[str, str] = {
    "subscribe_book_deltas": "the data has snapshots of the book, not its changes; use subscribe_book_depth",
    "subscribe_mark_prices": "the data has no mark prices; use subscribe_trades, or subscribe_quotes",
    "subscribe_index_prices": "the data has no index prices; use subscribe_trades, or subscribe_quotes",
    "subscribe_funding_rates": "the data has no funding rates; there is no replacement",
    "subscribe_instrument_status": "the data has no trading status; there is no replacement",
    "subscribe_instrument_close": "the data has no closing prices; use subscribe_bars",
    "subscribe_option_greeks": _NO_OPTIONS,
    "subscribe_option_chain": _NO_OPTIONS,
    "request_quotes": "the data has no quotes of the past; use request_book_depth",
    "request_bars": "the data has no bars; use request_trades for the past, and subscribe_bars from now on",
    "request_book_deltas": "the data has snapshots of the book, not its changes; use request_book_depth",
    "request_book_snapshot": "a replay has no venue to ask; use cache.order_book after subscribe_book_depth with managed=True",
    "request_funding_rates": "the data has no funding rates; there is no replacement",
    "request_data": "the data has no custom data; use publish_data and subscribe_data",
    "reconnect_socket": "a replay has no connections; there is no replacement",
    "degrade": "the engine cannot end a degraded strategy; use stop",
}
_TRADES = ("subscribe_trades", "request_trades", "register_indicator_for_trade_ticks")
_BOOKS = (
    "subscribe_quotes",
    "subscribe_book_depth",
    "subscribe_book_at_interval",
    "request_book_depth",
    "register_indicator_for_quote_ticks",
)
_BARS = ("subscribe_bars", "register_indicator_for_bars")


@dataclass(frozen=True)
class ReplayData:
    """The data of a replay.

    Attributes:
        instruments: Ids of its instruments.
        trades, books: Number of catalogs of the data type. More than one if its files overlap in time.
    """

    instruments: tuple[str, ...]
    trades: int
    books: int

    @property
    def venues(self) -> list[str]:
        """Names of the venues of the instruments."""
        return sorted({str(InstrumentId.from_str(instrument).venue) for instrument in self.instruments})


def refusals(method: Callable[[str], Method | None], data: ReplayData) -> dict[str, Method]:
    """Return the methods of a strategy, an actor or an execution algorithm that check their calls.

    They raise ValueError for what `REFUSED` names, for data that the replay does not have, for requests of files that overlap
    in time, and for orders that wait for quotes in a replay without books.

    Args:
        method: Returns the method of a name, None if there is none.
    """
    checks: dict[str, Check] = {name: functools.partial(_refuse, why) for name, why in REFUSED.items()}
    checks |= {name: functools.partial(_check_data, data, books=False) for name in _TRADES}
    checks |= {name: functools.partial(_check_data, data, books=True) for name in _BOOKS}
    checks |= {name: functools.partial(_check_bars, data) for name in _BARS}
    found = {name: (method(name), check) for name, check in checks.items()}
    refusing = {name: _checked(name, theirs, check) for name, (theirs, check) in found.items() if theirs is not None}
    if data.books == 0:
        refusing |= {
            name: _triggered_by_trades(theirs)
            for name in ("submit_order", "submit_order_list")
            if (theirs := method(name)) is not None
        }
    return refusing


def _checked(name: str, theirs: Method, check: Check) -> Method:
    @functools.wraps(theirs)
    def checked(this: Any, *args: Any, **options: Any) -> Any:
        # The engine's own method refuses a call without an instrument.
        of = args[0] if args else options.get("instrument_id", options.get("bar_type"))
        if (why := check(this, name, of)) is not None:
            raise ValueError(f"{name}: {why}")
        return theirs(this, *args, **options)

    return checked


def _triggered_by_trades(theirs: Method) -> Method:
    """Return the method that refuses orders that wait for quotes. The engine would hold them back forever."""

    @functools.wraps(theirs)
    def submit(this: Any, *args: Any, **options: Any) -> Any:
        orders = args[0] if args else options.get("order", options.get("order_list", []))
        for one in orders if isinstance(orders, list) else (orders,):
            if one.emulation_trigger not in (None, TriggerType.NO_TRIGGER, TriggerType.LAST_PRICE):
                waited = f"snapshot mode trades has no quotes, which the emulation trigger {one.emulation_trigger} waits for"
                raise ValueError(f"{theirs.__name__}: {waited}; use LAST_PRICE, or snapshot mode both")
        return theirs(this, *args, **options)

    return submit


def _refuse(why: str, this: Any, name: str, of: Any) -> str:
    return why


def _check_data(data: ReplayData, this: Any, name: str, of: InstrumentId | None, *, books: bool) -> str | None:
    if of is None or (str(of) not in data.instruments and this.cache.synthetic(of) is not None):
        return None
    if str(of) not in data.instruments:
        return f"this run has no data of {of}, only of {', '.join(data.instruments)}"
    if books and data.books == 0:
        return "snapshot mode trades replays no books; use snapshot mode both"
    # Without trades, a run has the finding NO_TRADE_ROWS.
    if name.startswith("request_"):
        if not books and data.trades == 0:
            return "snapshot mode book replays no trades; use snapshot mode both"
        if (data.books if books else data.trades) > 1:
            return "the files of the run overlap in time; use a window within one file, or --dataset"
    return None


def _check_bars(data: ReplayData, this: Any, name: str, of: BarType | None) -> str | None:
    if of is None:
        return None
    source = of.composite() if of.is_composite() else of
    if source.aggregation_source == AggregationSource.EXTERNAL:
        return f"the data has no bars, so {source} is empty; use INTERNAL bars"
    return _check_data(data, this, name, of.instrument_id, books=of.spec.price_type != PriceType.LAST)
