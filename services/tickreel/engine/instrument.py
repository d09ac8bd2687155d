"""The engine's instrument, made from a resolved config."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from nautilus_trader.model import CryptoPerpetual, Currency, CurrencyPair, InstrumentId, Price, Quantity, Symbol
from nautilus_trader.persistence import ParquetDataCatalog

from tickreel.v1 import run_config_pb2

# The engine of this build keeps prices, sizes and money as integers of this many decimals.
RAW_DECIMALS = 16


# The engine's types of instruments, by the names that a config has for them.
PERPETUAL, SPOT = "CryptoPerpetual", "CurrencyPair"


@dataclass(frozen=True)
class Instrument:
    """An instrument: the engine's, and what turns the engine's raw integers into those of its precision."""

    id: InstrumentId
    engine: CryptoPerpetual | CurrencyPair
    price_unit: int
    size_unit: int
    money_precision: int
    """The decimals of the settlement currency: what the engine rounds fees to."""
    money_unit: int


def decimal_of(value: float) -> Decimal:
    """A number of a config as its shortest decimal: 0.0004 is exactly 0.0004."""
    return Decimal(repr(value)) if value % 1 else Decimal(int(value))


def places_of(value: float) -> int:
    """The decimal places of a number of a config."""
    exponent = decimal_of(value).as_tuple().exponent
    assert isinstance(exponent, int)
    return -exponent


def engine_instrument(engine_id: str, config: run_config_pb2.InstrumentConfig) -> Instrument:
    """Makes the instrument of a run.

    Args:
        engine_id: BTC-USDT-PERP.BINANCE-FUTURES, for example.
        config: Resolved: every optional key is there.
    """
    identifier = InstrumentId.from_str(engine_id)
    base, quote, settlement = (
        _currency(code) for code in (config.base_currency, config.quote_currency, config.settlement_currency)
    )
    tick = Decimal(1).scaleb(-config.price_precision)
    lot = Decimal(1).scaleb(-config.size_precision)
    terms = {
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
    """Puts an instrument into a catalog, where the engine looks for it; returns the path of its file below the catalog."""
    (path,) = ParquetDataCatalog(str(catalog)).write_instruments([instrument.engine])
    return path


def has_instrument(catalog: Path, instrument: Instrument, *, any_terms: bool) -> bool:
    """Whether a catalog has an instrument.

    Args:
        any_terms: Whether one with the same id will do, whatever its multiplier, lot or margins.
    """
    if not catalog.is_dir():
        return False
    try:
        found = ParquetDataCatalog(str(catalog)).instruments([str(instrument.id)])
    except OSError:
        # A file that is no instrument, or was replaced in this moment.
        return False
    # Instruments with the same id are equal to the engine.
    return bool(found) and (any_terms or [one.to_dict() for one in found] == [instrument.engine.to_dict()])


def _currency(code: str) -> Currency:
    """A currency, which the engine also knows by its code from now on: it reads balances as text."""
    currency = Currency.from_str(code)
    Currency.register(currency)
    return currency


def currency_precision(code: str) -> int:
    """The decimals that the engine keeps of a currency."""
    return Currency.from_str(code).precision
