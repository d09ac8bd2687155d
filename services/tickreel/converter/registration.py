"""Registration of instruments in the catalog, for scripts that use the engine directly.

Runs do not read registered instruments: each run uses the instrument of its config.
"""

from collections.abc import Iterable
from functools import partial

from tickreel.engine.instrument import engine_instrument, has_instrument, write_instrument
from tickreel.instrument.rules import check_instrument
from tickreel.rpc.violations import Violations
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.instrument_name import InstrumentName
from tickreel.v1 import conversion_pb2, run_config_pb2


def given_instrument(spec: conversion_pb2.ConversionSpec, violations: Violations) -> run_config_pb2.InstrumentConfig | None:
    """Return the instrument of the config that files are converted for, with defaults; None if there is no config.

    Problems of the instrument are added to `violations`.
    """
    if not spec.HasField("instrument_config"):
        return None
    config = run_config_pb2.InstrumentConfig()
    config.CopyFrom(spec.instrument_config)
    if config.id != spec.instrument:
        violations.add("instrument.id", f"is {config.id!r}, but {spec.instrument!r} is converted; both must be the same")
    for name in ("price_precision", "size_precision"):
        given, converted = getattr(config, name), getattr(spec, name)
        if not spec.HasField(name) or given != converted:
            other = f"the conversion's is {converted}" if spec.HasField(name) else "the conversion leaves it to the data"
            violations.add(f"instrument.{name}", f"is {given}, but {other}; both must be the same")
    check_instrument(config, violations)
    return config


def default_instrument(
    name: InstrumentName, price_precision: int, size_precision: int, violations: Violations
) -> run_config_pb2.InstrumentConfig:
    """Return the instrument of a config that has only its name and precisions.

    If the name is not enough, the problem is added to `violations`.
    """
    config = run_config_pb2.InstrumentConfig(id=str(name), price_precision=price_precision, size_precision=size_precision)
    check_instrument(config, violations)
    return config


def register(
    catalog: CatalogStore,
    name: InstrumentName,
    given: run_config_pb2.InstrumentConfig | None,
    files: Iterable[conversion_pb2.ConvertedFile],
) -> None:
    """Register an instrument in each folder of the catalog that has one of the files.

    Args:
        given: Instrument of a config, which replaces the registered one. If None, an instrument with default terms is
            registered where there is none yet, if its name determines the terms.

    Raises:
        TickreelError: STORE_NOT_WRITABLE or STORE_FULL.
    """
    for price_precision, size_precision in sorted({(file.price_precision, file.size_precision) for file in files}):
        violations = Violations()
        config = given or default_instrument(name, price_precision, size_precision, violations)
        if len(violations):
            continue
        instrument = engine_instrument(name.engine_id, config)
        if not has_instrument(catalog.label(price_precision, size_precision), instrument, any_terms=given is None):
            catalog.place_instrument(price_precision, size_precision, partial(write_instrument, instrument=instrument))
