"""What a run config must say beyond its types, and what it means where it says nothing."""

import difflib
import math
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from tickreel.engine.catalog_format import MAX_SIZE
from tickreel.engine.instruments import currency_precision, decimal_of
from tickreel.rpc.settings import CATALOG_ROOT, DATA_ROOT, USE_DIRECT_GCS, USE_PARQUET, Settings
from tickreel.runner.strategies.registry import StrategyEntry
from tickreel.runner.violations import Violations
from tickreel.stores.instrument_name import InstrumentName
from tickreel.v1 import run_config_pb2

# The engine's integers hold this many decimals.
MAX_PRECISION = 16
# The replay clock counts nanoseconds since 1970 in 64 bits.
_CLOCK_END = 2**63 // 10**9 * 10**9
_CURRENCY = re.compile(r"[A-Z0-9]{1,16}")
_FX_PAIR = re.compile(r"[A-Z0-9]+_[A-Z0-9]+")


def check_config(
    config: run_config_pb2.RunConfig,
    strategies: Mapping[str, StrategyEntry],
    settings: Settings,
    violations: Violations,
) -> None:
    """Checks a config and fills in its optional keys; fields that the strict walk has refused are passed over."""
    _check_instrument(config.instrument, violations)
    _check_venue(config, violations)
    _check_data_catalog(config, violations)
    _check_window(config, violations)
    _check_strategy(config.strategy, strategies, violations)
    if violations.clean("risk.throttling_per_sec") and config.risk.throttling_per_sec < 1:
        violations.add("risk.throttling_per_sec", f"is {config.risk.throttling_per_sec}; it must be at least 1")
    for pair, rate in config.fx_stub.items():
        if not _FX_PAIR.fullmatch(pair):
            violations.add(f"fx_stub.{pair}", "is no pair of currencies; it must be FROM_TO, USDT_USD for example")
        elif not rate > 0:
            violations.add(f"fx_stub.{pair}", f"is {rate}; a rate must be above zero")
    _check_environment(config.environment, settings, violations)


def check_config_path(path: str) -> str:
    """What is wrong with a path or glob below the data root, or "" where nothing is."""
    pure = PurePosixPath(path.removeprefix("@data_downloads/"))
    if pure.is_absolute() or ".." in pure.parts:
        return f"is {path!r}, which leaves the data root; it must be relative to UNIFIED_CLOUD_LOCAL_PATH, without '..'"
    return ""


def _check_instrument(instrument: run_config_pb2.InstrumentConfig, violations: Violations) -> None:
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
    elif value > MAX_SIZE or _decimals(value) > MAX_PRECISION:
        violations.add(field, f"is {value}; it must be {MAX_SIZE} at the most, with {MAX_PRECISION} decimals at the most")


def _resolve_kind(instrument: run_config_pb2.InstrumentConfig, name: InstrumentName, violations: Violations) -> None:
    if name.kind != "perpetual" or name.is_inverse:
        kind = "an inverse contract" if name.is_inverse else "a spot pair"
        violations.add(
            "instrument.id", f"is {instrument.id!r}, {kind}; it must be a linear perpetual, VENUE:PERPETUAL:BASE-QUOTE@LIN"
        )
        return
    if not name.suffix:
        violations.add("instrument.id", f"is {instrument.id!r}; a perpetual must say whether it is linear: {instrument.id}@LIN")
    defaults = {"base_currency": name.base.upper(), "quote_currency": name.quote.upper()}
    for key, value in defaults.items():
        if not instrument.HasField(key) and violations.clean(f"instrument.{key}"):
            setattr(instrument, key, value)
            _check_currency(instrument, key, violations)
    if violations.clean("instrument.settlement_currency", "instrument.quote_currency"):
        quote = instrument.quote_currency
        if not instrument.HasField("settlement_currency"):
            instrument.settlement_currency = quote
        elif instrument.settlement_currency != quote:
            problem = f"is {instrument.settlement_currency!r}; a linear contract settles in its quote currency, {quote!r}"
            violations.add("instrument.settlement_currency", problem)


def _check_venue(config: run_config_pb2.RunConfig, violations: Violations) -> None:
    venue, instrument = config.venue, config.instrument
    if violations.clean("venue.name", "instrument.id"):
        expected = InstrumentName.parse(instrument.id).venue
        if venue.name != expected:
            violations.add("venue.name", f"is {venue.name!r}, but instrument.id is on {expected!r}; they must be the same")
    for key, wanted in (("oms_type", "NETTING"), ("account_type", "MARGIN")):
        value = getattr(venue, key)
        if violations.clean(f"venue.{key}") and value != wanted:
            violations.add(f"venue.{key}", f"is {value!r}; a linear perpetual is replayed with {wanted!r}")
    if violations.clean("venue.base_currency", "instrument.id", "instrument.quote_currency", "instrument.settlement_currency"):
        if venue.base_currency != instrument.settlement_currency:
            settled = instrument.settlement_currency
            problem = f"is {venue.base_currency!r}; the instrument settles in {settled!r}, and so must the account"
            violations.add("venue.base_currency", problem)
        elif violations.clean("venue.starting_balance"):
            _check_balance(venue, violations)
    for key in ("maker_fee", "taker_fee"):
        fee = getattr(venue, key)
        if violations.clean(f"venue.{key}") and not -1 < fee < 1:
            violations.add(f"venue.{key}", f"is {fee}; it must be a share of the notional, 0.0004 for example")


def _check_balance(venue: run_config_pb2.VenueConfig, violations: Violations) -> None:
    if not venue.starting_balance > 0:
        violations.add("venue.starting_balance", f"is {venue.starting_balance}; it must be above zero")
        return
    if venue.starting_balance > 1e12:
        violations.add("venue.starting_balance", f"is {venue.starting_balance}; the engine's money ends at 1000000000000")
        return
    precision = currency_precision(venue.base_currency)
    if _decimals(venue.starting_balance) > precision:
        problem = f"is {venue.starting_balance}; {venue.base_currency} has {precision} decimals"
        violations.add("venue.starting_balance", problem)


def _check_data_catalog(config: run_config_pb2.RunConfig, violations: Violations) -> None:
    catalog = config.data_catalog
    at = "data_catalog"
    for key in ("trades_path", "book_snapshot_5_path"):
        if catalog.HasField(key) and violations.clean(f"{at}.{key}"):
            problem = check_config_path(getattr(catalog, key))
            if problem:
                violations.add(f"{at}.{key}", problem)
    explicit = violations.clean(f"{at}.auto_discover", f"{at}.trades_path") and not catalog.auto_discover
    if explicit and not catalog.HasField("trades_path"):
        violations.add(f"{at}.trades_path", "is missing; with auto_discover false it must name the files")
    if violations.clean(f"{at}.instrument_file_pattern", "instrument.id"):
        raw_name = InstrumentName.parse(config.instrument.id).raw_name
        if not catalog.HasField("instrument_file_pattern"):
            catalog.instrument_file_pattern = raw_name
        elif "/" in catalog.instrument_file_pattern:
            problem = f"is {catalog.instrument_file_pattern!r}; it must be the name of a file without its ending, {raw_name!r}"
            violations.add(f"{at}.instrument_file_pattern", problem)


def _check_window(config: run_config_pb2.RunConfig, violations: Violations) -> None:
    window = config.time_window
    for end in ("start", "end"):
        time = getattr(window, end)
        if violations.clean(f"time_window.{end}") and not (0 <= time.ToNanoseconds() < _CLOCK_END and 0 <= time.nanos < 10**9):
            problem = f"is {time.seconds} seconds after 1970; it must be from 1970 to 2262, all that the replay clock can tell"
            violations.add(f"time_window.{end}", problem)
    ordered = window.start.ToNanoseconds() <= window.end.ToNanoseconds()
    if violations.clean("time_window.start", "time_window.end") and not ordered:
        start, end = window.start.ToJsonString(), window.end.ToJsonString()
        violations.add("time_window.end", f"is {end}, before the start {start}; it must not be")


def _check_strategy(
    strategy: run_config_pb2.StrategyConfig, strategies: Mapping[str, StrategyEntry], violations: Violations
) -> None:
    if violations.clean("strategy.name"):
        entry = strategies.get(strategy.name)
        if entry is None:
            near = difflib.get_close_matches(strategy.name, strategies, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else f"registered are {', '.join(sorted(strategies))}"
            violations.add("strategy.name", f"is {strategy.name!r}, which is not registered; {remedy}")
        elif violations.clean("strategy.submission_mode") and strategy.submission_mode not in entry.submission_modes:
            known = ", ".join(entry.submission_modes)
            violations.add("strategy.submission_mode", f"is {strategy.submission_mode!r}; {strategy.name} knows {known}")
    if violations.clean("strategy.orders") and len(strategy.orders) > 1:
        violations.add("strategy.orders", f"has {len(strategy.orders)} entries; it holds one at the most")
    for index, order in enumerate(strategy.orders):
        at = f"strategy.orders[{index}]"
        if order.HasField("side") and violations.clean(f"{at}.side") and order.side not in ("buy", "sell"):
            violations.add(f"{at}.side", f"is {order.side!r}; it must be buy or sell")
        for key in ("price", "amount"):
            value = getattr(order, key)
            if order.HasField(key) and violations.clean(f"{at}.{key}") and not (value > 0 and math.isfinite(value)):
                violations.add(f"{at}.{key}", f"is {value}; it must be above zero")


def _check_environment(environment: run_config_pb2.EnvironmentConfig, settings: Settings, violations: Violations) -> None:
    roots = (
        ("unified_cloud_local_path", DATA_ROOT, settings.data_root),
        ("data_catalog_path", CATALOG_ROOT, settings.catalog_root),
    )
    for key, variable, mine in roots:
        if environment.HasField(key) and violations.clean(f"environment.{key}"):
            named = getattr(environment, key)
            if _resolved(named) != mine:
                problem = (
                    f"is {named!r}, but this service runs with {str(mine)!r}; change one, or start the service with the other"
                )
                violations.add(f"environment.{variable}", problem)
    switches = (("unified_cloud_services_use_parquet", USE_PARQUET), ("unified_cloud_services_use_direct_gcs", USE_DIRECT_GCS))
    for key, variable in switches:
        mine = settings.environment[variable] == "true"
        if environment.HasField(key) and getattr(environment, key) is not mine:
            named = str(getattr(environment, key)).lower()
            violations.add(f"environment.{variable}", f"is {named}, but this service runs with {str(mine).lower()}")


def _decimals(value: float) -> int:
    exponent = decimal_of(value).as_tuple().exponent
    assert isinstance(exponent, int)
    return -exponent


def _resolved(path: str) -> Path | None:
    try:
        return Path(path).expanduser().resolve()
    except (OSError, RuntimeError, ValueError):  # a home of nobody, a NUL, a link to itself
        return None
