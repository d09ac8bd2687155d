"""What the instrument of a run config must say, and what it means where it says nothing."""

import re

from tickreel.engine.catalog_format import MAX_SIZE
from tickreel.engine.instruments import PERPETUAL, SPOT, places_of
from tickreel.runner.violations import Violations
from tickreel.stores.instrument_name import InstrumentName
from tickreel.v1 import run_config_pb2

# The engine's integers hold this many decimals.
MAX_PRECISION = 16
_CURRENCY = re.compile(r"[A-Z0-9]{1,16}")


def check_instrument(instrument: run_config_pb2.InstrumentConfig, violations: Violations) -> None:
    """Checks the instrument and fills in its optional keys."""
    at = "instrument"
    for name in ("price_precision", "size_precision"):
        precision = getattr(instrument, name)
        if violations.clean(f"{at}.{name}") and not 0 <= precision <= MAX_PRECISION:
            violations.add(f"{at}.{name}", f"is {precision}; it must be 0 to {MAX_PRECISION}")
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
    for key in ("margin_init", "margin_maint"):
        value = getattr(instrument, key)
        setattr(instrument, key, value)
        if violations.clean(f"{at}.{key}") and not 0 <= value <= 1:
            violations.add(f"{at}.{key}", f"is {value}; it must be a share of the notional, 0 to 1")


def _check_currency(instrument: run_config_pb2.InstrumentConfig, key: str, violations: Violations) -> None:
    code = getattr(instrument, key)
    if instrument.HasField(key) and violations.clean(f"instrument.{key}") and not _CURRENCY.fullmatch(code):
        problem = f"is {code!r}; it must be 1 to 16 capital letters and digits, USDT for example"
        violations.add(f"instrument.{key}", problem)


def _check_quantity(field: str, value: float, violations: Violations) -> None:
    if not value > 0:
        violations.add(field, f"is {value}; it must be above zero")
    elif value > MAX_SIZE or places_of(value) > MAX_PRECISION:
        violations.add(field, f"is {value}; it must be {MAX_SIZE} at the most, with {MAX_PRECISION} decimals at the most")


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


def _json(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
