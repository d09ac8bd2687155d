"""Checks and defaults of the instrument of a run config."""

import re
from decimal import Decimal

from tickreel.engine.catalog_format import MAX_SIZE
from tickreel.engine.instrument import PERPETUAL, SPOT, decimal_of, places_of
from tickreel.rpc.violations import Violations
from tickreel.stores.instrument_name import InstrumentName
from tickreel.v1 import run_config_pb2

# The engine's integers hold this many decimals.
MAX_PRECISION = 16
# Decimals of the engine's decimal numbers, which hold its margins.
_FRACTION_DECIMALS = 28
_CURRENCY = re.compile(r"[A-Z0-9]{1,16}")


def check_instrument(instrument: run_config_pb2.InstrumentConfig, violations: Violations) -> None:
    """Check the instrument, and fill in its optional keys."""
    at = "instrument"
    for key in ("price_precision", "size_precision"):
        precision = getattr(instrument, key)
        if violations.clean(f"{at}.{key}") and not 0 <= precision <= MAX_PRECISION:
            violations.add(f"{at}.{key}", f"is {precision}; it must be 0 to {MAX_PRECISION}")
    for key in ("base_currency", "quote_currency", "settlement_currency"):
        _check_currency(instrument, key, violations)
    if violations.clean(f"{at}.id"):
        try:
            name = InstrumentName.parse(instrument.id)
        except ValueError as error:
            violations.add(f"{at}.id", str(error))
        else:
            _resolve_kind(instrument, name, violations)
    if violations.clean(f"{at}.size_precision") and not instrument.HasField("lot_size"):
        instrument.lot_size = float(f"1e-{instrument.size_precision}")
    if not instrument.HasField("multiplier"):
        instrument.multiplier = 1.0
    for key in ("multiplier", "lot_size"):
        if violations.clean(f"{at}.{key}", f"{at}.size_precision"):
            _check_quantity(f"{at}.{key}", getattr(instrument, key), violations)
    if violations.clean(f"{at}.lot_size", f"{at}.size_precision"):
        _check_lot(instrument, violations)
    for key in ("margin_init", "margin_maint"):
        value = getattr(instrument, key)
        setattr(instrument, key, value)
        if not violations.clean(f"{at}.{key}"):
            continue
        if not 0 <= value <= 1:
            violations.add(f"{at}.{key}", f"is {value}; it must be a fraction of the notional, 0 to 1")
        elif places_of(value) > _FRACTION_DECIMALS:
            violations.add(f"{at}.{key}", f"is {value}; it must have {_FRACTION_DECIMALS} decimals at most")


def _check_currency(instrument: run_config_pb2.InstrumentConfig, key: str, violations: Violations) -> None:
    code = getattr(instrument, key)
    if instrument.HasField(key) and violations.clean(f"instrument.{key}") and not _CURRENCY.fullmatch(code):
        problem = f"is {code!r}; it must be 1 to 16 capital letters and digits, USDT for example"
        violations.add(f"instrument.{key}", problem)


def _check_quantity(field: str, value: float, violations: Violations) -> None:
    if not value > 0:
        violations.add(field, f"is {value}; it must be above zero")
    elif value > MAX_SIZE or places_of(value) > MAX_PRECISION:
        violations.add(field, f"is {value}; it must be {MAX_SIZE} at most, with {MAX_PRECISION} decimals at most")


def _check_lot(instrument: run_config_pb2.InstrumentConfig, violations: Violations) -> None:
    lot, decimals = decimal_of(instrument.lot_size), instrument.size_precision
    if places_of(instrument.lot_size) > decimals:
        remedy = f"it must be a multiple of {Decimal(1).scaleb(-decimals):f}, or size_precision must be larger"
        violations.add("instrument.lot_size", f"is {lot:f}, but sizes have {decimals} decimals; {remedy}")


def _resolve_kind(instrument: run_config_pb2.InstrumentConfig, name: InstrumentName, violations: Violations) -> None:
    at = "instrument"
    if name.kind == "perpetual" and not name.suffix:
        problem = f"is {instrument.id!r}; a perpetual must say whether it is linear or inverse: {instrument.id}@LIN or @INV"
        violations.add(f"{at}.id", problem)
    kind = SPOT if name.kind == "spot" else PERPETUAL
    for key, said in (("type", kind), ("is_inverse", name.is_inverse)):
        given = getattr(instrument, key)
        if not instrument.HasField(key):
            setattr(instrument, key, said)
        elif violations.clean(f"{at}.{key}") and given != said:
            violations.add(f"{at}.{key}", f"is {_json(given)}, but {instrument.id} says {_json(said)}; they must agree")
    for key, value in {"base_currency": name.base.upper(), "quote_currency": name.quote.upper()}.items():
        if not instrument.HasField(key) and violations.clean(f"{at}.{key}"):
            setattr(instrument, key, value)
            _check_currency(instrument, key, violations)
    _check_pair(instrument, name, violations)
    settles_in = "base_currency" if name.is_inverse else "quote_currency"
    if violations.clean(f"{at}.settlement_currency", f"{at}.{settles_in}"):
        currency = getattr(instrument, settles_in)
        if not instrument.HasField("settlement_currency"):
            instrument.settlement_currency = currency
        elif instrument.settlement_currency != currency:
            what = "an inverse contract" if name.is_inverse else "a linear contract" if kind == PERPETUAL else "a spot pair"
            problem = f"is {instrument.settlement_currency!r}; {what} settles in its {settles_in}, {currency!r}"
            violations.add(f"{at}.settlement_currency", problem)
    if (
        kind == SPOT
        and instrument.HasField("multiplier")
        and violations.clean(f"{at}.multiplier")
        and instrument.multiplier != 1
    ):
        violations.add(
            f"{at}.multiplier", f"is {instrument.multiplier}; a spot pair has no contracts, so it must be 1 or left out"
        )


def _check_pair(instrument: run_config_pb2.InstrumentConfig, name: InstrumentName, violations: Violations) -> None:
    """Refuse a pair whose base and quote are the same currency. The violation names the key that made them equal."""
    at = "instrument"
    if (
        not violations.clean(f"{at}.base_currency", f"{at}.quote_currency")
        or instrument.base_currency != instrument.quote_currency
    ):
        return
    currency = instrument.quote_currency
    if currency != name.quote.upper():
        violations.add(
            f"{at}.quote_currency", f"is {currency!r}, the base currency; it must be another: {name.quote.upper()!r}"
        )
    elif currency != name.base.upper():
        violations.add(f"{at}.base_currency", f"is {currency!r}, the quote currency; it must be another: {name.base.upper()!r}")
    else:
        problem = f"is {instrument.id!r}, which trades {currency} against itself; base and quote must be two currencies"
        violations.add(f"{at}.id", f"{problem}: correct the symbol, or set base_currency or quote_currency")


def _json(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
