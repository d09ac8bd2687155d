"""The engine's instrument, made from a resolved config."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypedDict

from nautilus_trader.model import CryptoPerpetual, Currency, CurrencyPair, InstrumentId, Price, Quantity, Symbol
from nautilus_trader.persistence import ParquetDataCatalog

from tickreel.v1 import run_config_pb2

# Decimals of the integers in which this build of the engine keeps prices, sizes and money.
RAW_DECIMALS = 16

# Types of instruments, as a config names them.
PERPETUAL, SPOT = "CryptoPerpetual", "CurrencyPair"


class _Terms(TypedDict):
    """Arguments that the engine's types of instruments share."""

    instrument_id: InstrumentId
    raw_symbol: Symbol
    base_currency: Currency
    quote_currency: Currency
    price_precision: int
    size_precision: int
    price_increment: Price
    size_increment: Quantity
    ts_event: int
    ts_init: int
    multiplier: Quantity
    lot_size: Quantity
    margin_init: Decimal
    margin_maint: Decimal


@dataclass(frozen=True)
class Instrument:
    """The engine's instrument, and the divisors that turn raw integers of the engine into integers of its precision."""

    id: InstrumentId
    engine: CryptoPerpetual | CurrencyPair
    price_unit: int
    size_unit: int
    money_precision: int
    """Decimals of the settlement currency, to which the engine rounds fees."""
    money_unit: int


def decimal_of(value: float) -> Decimal:
    """Return a number of a config as its shortest decimal: 0.0004 becomes exactly 0.0004."""
    return Decimal(repr(value)) if value % 1 else Decimal(int(value))


def places_of(value: float) -> int:
    """Return the decimal places of a number of a config."""
    exponent = decimal_of(value).as_tuple().exponent
    assert isinstance(exponent, int)
    return -exponent


def engine_instrument(engine_id: str, config: run_config_pb2.InstrumentConfig) -> Instrument:
    """Return the instrument of a run.

    Args:
        engine_id: For example BTC-USDT-PERP.BINANCE-FUTURES.
        config: A resolved config: every optional key is set.
    """
    identifier = InstrumentId.from_str(engine_id)
    base, quote, settlement = (
        _currency(code) for code in (config.base_currency, config.quote_currency, config.settlement_currency)
    )
    tick = Decimal(1).scaleb(-config.price_precision)
    lot = Decimal(1).scaleb(-config.size_precision)
    terms: _Terms = {
        "instrument_id": identifier,
        "raw_symbol": Symbol(f"{config.base_currency}{config.quote_currency}"),
        "base_currency": base,
        "quote_currency": quote,
        "price_precision": config.price_precision,
        "size_precision": config.size_precision,
        "price_increment": Price.from_str(f"{tick:f}"),
        "size_increment": Quantity.from_str(f"{lot:f}"),
        "ts_event": 0,
        "ts_init": 0,
        "multiplier": Quantity.from_str(f"{decimal_of(config.multiplier):f}"),
        "lot_size": Quantity.from_str(f"{decimal_of(config.lot_size):f}"),
        "margin_init": decimal_of(config.margin_init),
        "margin_maint": decimal_of(config.margin_maint),
    }
    engine: CryptoPerpetual | CurrencyPair
    if config.type == SPOT:
        engine = CurrencyPair(**terms)
    else:
        engine = CryptoPerpetual(settlement_currency=settlement, is_inverse=config.is_inverse, **terms)
    return Instrument(
        id=identifier,
        engine=engine,
        price_unit=10 ** (RAW_DECIMALS - config.price_precision),
        size_unit=10 ** (RAW_DECIMALS - config.size_precision),
        money_precision=settlement.precision,
        money_unit=10 ** (RAW_DECIMALS - settlement.precision),
    )


def write_instrument(catalog: Path, instrument: Instrument) -> str:
    """Write an instrument to a catalog, and return the path of its file below the catalog."""
    (path,) = ParquetDataCatalog(str(catalog)).write_instruments([instrument.engine])
    return path


def has_instrument(catalog: Path, instrument: Instrument, *, any_terms: bool) -> bool:
    """Return whether a catalog has an instrument.

    Args:
        any_terms: Whether an instrument with the same id but another multiplier, lot or margins counts as well.
    """
    if not catalog.is_dir():
        return False
    try:
        found = ParquetDataCatalog(str(catalog)).instruments([str(instrument.id)])
    except OSError:
        # The file is not an instrument, or was just replaced.
        return False
    # The engine compares instruments by id alone, hence the dictionaries.
    return bool(found) and (any_terms or [one.to_dict() for one in found] == [instrument.engine.to_dict()])


def _currency(code: str) -> Currency:
    """Return a currency, and register it: the engine looks up the codes of balances given as text."""
    currency = Currency.from_str(code)
    Currency.register(currency)
    return currency


def currency_precision(code: str) -> int:
    """Return the number of decimals that the engine keeps of a currency."""
    return Currency.from_str(code).precision
