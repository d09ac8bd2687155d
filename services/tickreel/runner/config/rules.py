"""The rules of a run config beyond the types of its fields, and the defaults of its optional keys."""

import math
import re
from pathlib import Path, PurePosixPath

from tickreel.instrument.rules import check_instrument
from tickreel.rpc.json_struct import values_of
from tickreel.rpc.settings import CATALOG_ROOT, DATA_ROOT, USE_DIRECT_GCS, USE_PARQUET, Settings
from tickreel.rpc.violations import Violations
from tickreel.runner.config.config_json import kind_of
from tickreel.runner.config.strategy_registry import Strategies, StrategyEntry
from tickreel.runner.config.venue_rules import check_venue
from tickreel.stores.instrument_name import InstrumentName
from tickreel.v1 import result_pb2, run_config_pb2

# The engine's words; the first is the default.
ORDER_TYPES = ("LIMIT", "MARKET")
TIMES_IN_FORCE = ("IOC", "FOK", "GTC")
# The replay clock counts nanoseconds since 1970 in 64 bits.
_CLOCK_END = 2**63 // 10**9 * 10**9
_FX_PAIR = re.compile(r"[A-Z0-9]+_[A-Z0-9]+")


def check_config(
    config: run_config_pb2.RunConfig,
    strategies: Strategies,
    settings: Settings,
    violations: Violations,
    snapshot_mode: result_pb2.SnapshotMode = result_pb2.SNAPSHOT_MODE_UNSPECIFIED,
) -> None:
    """Check a config and fill in its optional keys. Fields that `read_document` has refused are skipped.

    Args:
        snapshot_mode: The snapshot mode of the run. If it is unspecified, rules that depend on it are skipped.
    """
    check_instrument(config.instrument, violations)
    check_venue(config, snapshot_mode, violations)
    _check_data_catalog(config, snapshot_mode, violations)
    _check_window(config, violations)
    _check_strategy(config, strategies, violations)
    if violations.clean("risk.throttling_per_sec") and config.risk.throttling_per_sec < 1:
        violations.add("risk.throttling_per_sec", f"is {config.risk.throttling_per_sec}; it must be at least 1")
    for pair, rate in config.fx_stub.items():
        if not _FX_PAIR.fullmatch(pair):
            violations.add(f"fx_stub.{pair}", "is not a currency pair; it must be FROM_TO, USDT_USD for example")
        elif not rate > 0:
            violations.add(f"fx_stub.{pair}", f"is {rate}; a rate must be above zero")
    if not config.HasField("seed"):
        config.seed = 0
    elif violations.clean("seed") and config.seed < 0:
        violations.add("seed", f"is {config.seed}; it must be zero or above")
    _check_environment(config.environment, settings, violations)


def check_config_path(path: str) -> str:
    """Return the problem of a path or glob below the data root, or "" if there is none."""
    pure = PurePosixPath(path.removeprefix("@data_downloads/"))
    if pure.is_absolute() or ".." in pure.parts:
        return f"is {path!r}, which leaves the data root; it must be relative to UNIFIED_CLOUD_LOCAL_PATH, without '..'"
    return ""


def _check_data_catalog(
    config: run_config_pb2.RunConfig, snapshot_mode: result_pb2.SnapshotMode, violations: Violations
) -> None:
    catalog = config.data_catalog
    at = "data_catalog"
    for key in ("trades_path", "book_snapshot_5_path"):
        if catalog.HasField(key) and violations.clean(f"{at}.{key}"):
            problem = check_config_path(getattr(catalog, key))
            if problem:
                violations.add(f"{at}.{key}", problem)
    wanted = {
        "trades_path": snapshot_mode != result_pb2.SNAPSHOT_MODE_BOOK,
        "book_snapshot_5_path": snapshot_mode in (result_pb2.SNAPSHOT_MODE_BOOK, result_pb2.SNAPSHOT_MODE_BOTH),
    }
    for key, needed in wanted.items():
        explicit = needed and violations.clean(f"{at}.auto_discover", f"{at}.{key}") and not catalog.auto_discover
        if explicit and not catalog.HasField(key):
            violations.add(f"{at}.{key}", "is missing; with auto_discover false it must name the files")
    if violations.clean(f"{at}.instrument_file_pattern", "instrument.id"):
        raw_name = InstrumentName.parse(config.instrument.id).raw_name
        if not catalog.HasField("instrument_file_pattern"):
            catalog.instrument_file_pattern = raw_name
        elif "/" in catalog.instrument_file_pattern:
            problem = f"is {catalog.instrument_file_pattern!r}; it must be a file name without its extension, {raw_name!r}"
            violations.add(f"{at}.instrument_file_pattern", f"{problem} for example")


def _check_window(config: run_config_pb2.RunConfig, violations: Violations) -> None:
    window = config.time_window
    for end in ("start", "end"):
        time = getattr(window, end)
        if violations.clean(f"time_window.{end}") and not (0 <= time.ToNanoseconds() < _CLOCK_END and 0 <= time.nanos < 10**9):
            problem = f"is {time.seconds} seconds after 1970; it must be within 1970 to 2262, the range of the replay clock"
            violations.add(f"time_window.{end}", problem)
    ordered = window.start.ToNanoseconds() <= window.end.ToNanoseconds()
    if violations.clean("time_window.start", "time_window.end") and not ordered:
        start, end = window.start.ToJsonString(), window.end.ToJsonString()
        violations.add("time_window.end", f"is {end}, before the start {start}; it must be at or after the start")


def _check_strategy(config: run_config_pb2.RunConfig, strategies: Strategies, violations: Violations) -> None:
    strategy = config.strategy
    entry = strategies.get(strategy.name)
    if entry is not None:
        _complete_parameters(config, entry, violations)
        if entry.copies_rows and config.venue.oms_type == "HEDGING" and violations.clean("venue.oms_type"):
            problem = (
                f"is 'HEDGING', in which every copy of {strategy.name} would open a position of its own; it must be 'NETTING'"
            )
            violations.add("venue.oms_type", problem)
    elif violations.clean("strategy.name"):
        violations.add("strategy.name", strategies.problem_of(strategy.name))
    strategy.close_positions_on_stop = strategy.close_positions_on_stop
    if entry is not None and not entry.submission_modes:
        _refuse_order_keys(strategy, violations)
    else:
        _check_order_keys(strategy, entry, violations)


def _refuse_order_keys(strategy: run_config_pb2.StrategyConfig, violations: Violations) -> None:
    """Refuse the keys of orders for a strategy that builds its own orders and cannot read them."""
    for key in ("submission_mode", "order_type", "time_in_force"):
        if strategy.HasField(key):
            violations.add(f"strategy.{key}", f"has no effect: {strategy.name} builds its own orders; leave it out")
    if strategy.orders:
        violations.add("strategy.orders", f"has no effect: {strategy.name} builds its own orders; leave it out")


def _check_order_keys(strategy: run_config_pb2.StrategyConfig, entry: StrategyEntry | None, violations: Violations) -> None:
    modes = entry.submission_modes if entry is not None else ()
    if modes and violations.clean("strategy.submission_mode") and strategy.submission_mode not in modes:
        known = " or ".join(modes)
        given = f"is {strategy.submission_mode!r}" if strategy.HasField("submission_mode") else "is missing"
        violations.add("strategy.submission_mode", f"{given}; {strategy.name} supports {known}")
    for key, words in (("order_type", ORDER_TYPES), ("time_in_force", TIMES_IN_FORCE)):
        value = getattr(strategy, key)
        if not strategy.HasField(key):
            setattr(strategy, key, words[0])
        elif violations.clean(f"strategy.{key}") and value not in words:
            violations.add(f"strategy.{key}", f"is {value!r}; it must be {' or '.join(words)}")
    if violations.clean("strategy.orders") and len(strategy.orders) > 1:
        violations.add("strategy.orders", f"has {len(strategy.orders)} entries; it may have at most one")
    for index, order in enumerate(strategy.orders):
        at = f"strategy.orders[{index}]"
        if order.HasField("side") and violations.clean(f"{at}.side") and order.side not in ("buy", "sell"):
            violations.add(f"{at}.side", f"is {order.side!r}; it must be buy or sell")
        for key in ("price", "amount"):
            value = getattr(order, key)
            if order.HasField(key) and violations.clean(f"{at}.{key}") and not (value > 0 and math.isfinite(value)):
                violations.add(f"{at}.{key}", f"is {value}; it must be above zero")


def _complete_parameters(config: run_config_pb2.RunConfig, entry: StrategyEntry, violations: Violations) -> None:
    strategy, at = config.strategy, "strategy.parameters"
    if not violations.clean(at):
        return
    given = values_of(strategy.parameters)
    for name in entry.signature.supplied if entry.signature is not None else ():
        if given.pop(name, None) is not None:
            remedy = "set seed of the config instead" if name == "seed" else "leave it out"
            violations.add(f"{at}.{name}", f"is supplied by the run; {remedy}")
    parameters = entry.parameters.complete(given, at, violations)
    if entry.signature is not None and violations.clean("instrument.id"):
        engine_id = InstrumentName.parse(config.instrument.id).engine_id
        for name, value in parameters.items():
            if not violations.clean(f"{at}.{name}"):
                continue
            try:
                entry.signature.read(name, value, engine_id)
            except ValueError as error:
                violations.add(f"{at}.{name}", f"is {kind_of(value)}, {error}")
    if violations.clean(at):
        # Unset and empty parameters mean the same, so they must give the same config digest.
        strategy.ClearField("parameters")
        if parameters:
            strategy.parameters.update(parameters)


def _check_environment(environment: run_config_pb2.EnvironmentConfig, settings: Settings, violations: Violations) -> None:
    roots = (
        ("unified_cloud_local_path", DATA_ROOT, settings.data_root),
        ("data_catalog_path", CATALOG_ROOT, settings.catalog_root),
    )
    for key, variable, root in roots:
        if environment.HasField(key) and violations.clean(f"environment.{key}"):
            named = getattr(environment, key)
            if _resolved(named) != root:
                problem = (
                    f"is {named!r}, but this service runs with {str(root)!r};"
                    " change the config, or restart the service with the config's value"
                )
                violations.add(f"environment.{variable}", problem)
    switches = (("unified_cloud_services_use_parquet", USE_PARQUET), ("unified_cloud_services_use_direct_gcs", USE_DIRECT_GCS))
    for key, variable in switches:
        is_on = settings.environment[variable] == "true"
        if environment.HasField(key) and getattr(environment, key) is not is_on:
            named, right = (str(value).lower() for value in (getattr(environment, key), is_on))
            problem = f"is {named}, but this service runs with {right}; set it to {right}, or leave it out"
            violations.add(f"environment.{variable}", problem)


def _resolved(path: str) -> Path | None:
    try:
        return Path(path).expanduser().resolve()
    except (OSError, RuntimeError, ValueError):  # an unknown home directory, a NUL, a symlink loop
        return None
