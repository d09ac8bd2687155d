"""Coverage of an instrument in the catalog: intervals, gaps, and freshness of the files."""

import contextlib
from itertools import groupby

from tickreel.engine import catalog_format
from tickreel.rpc.errors import not_found
from tickreel.stores.catalog import CONVERTER_VERSION, CatalogFile, CatalogStore
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw import RawStore
from tickreel.v1 import catalog_service_pb2, conversion_pb2, market_data_pb2
from tickreel.v1.catalog_service_pb2 import FRESHNESS_FRESH, FRESHNESS_ORPHANED, FRESHNESS_STALE

# A shorter pause means a quiet market rather than missing data.
_GAP_SECONDS = 60.0


def describe_instrument(engine_id: str, catalog: CatalogStore) -> catalog_service_pb2.CatalogInstrument:
    """Describe an instrument in the catalog by its files of every data type and choice of decimals."""
    files = catalog.files(engine_id)
    message = catalog_service_pb2.CatalogInstrument(
        instrument_id=engine_id,
        raw_name=files[-1].raw_name if files else "",
        files=len(files),
        rows=sum(file.converted.rows for file in files),
        size_bytes=sum(file.size_bytes for file in files),
        data_types=sorted({file.converted.data_type for file in files}),
    )
    for price, size in sorted({_decimals(file.converted) for file in files}):
        message.decimals.add(price_precision=price, size_precision=size)
    if files:
        message.span.start.CopyFrom(min((file.converted.span.start for file in files), key=lambda time: time.ToNanoseconds()))
        message.span.end.CopyFrom(max((file.converted.span.end for file in files), key=lambda time: time.ToNanoseconds()))
    return message


def find_instrument(name: str, catalog: CatalogStore) -> str:
    """Return the engine's id of an instrument.

    Args:
        name: The engine's id, or the instrument's name (see `InstrumentName`).

    Raises:
        TickreelError: NOT_FOUND if the catalog does not have the instrument.
    """
    engine_id = name
    with contextlib.suppress(ValueError):
        engine_id = InstrumentName.parse(name).engine_id
    if engine_id not in catalog.engine_ids():
        raise not_found("instrument", name)
    return engine_id


def coverage(name: str, catalog: CatalogStore, raw: RawStore) -> list[catalog_service_pb2.CoverageInterval]:
    """Return the converted files of an instrument as intervals, sorted by data type, decimals and time.

    Args:
        name: The engine's id of the instrument, or its name.

    Raises:
        TickreelError: NOT_FOUND if the catalog does not have the instrument.
    """
    intervals = [_interval(file, raw) for file in catalog.files(find_instrument(name, catalog))]
    intervals.sort(key=interval_key)
    for _, lane in groupby(intervals, _lane):
        # A file of a week may contain the times of later files, so a gap is measured from the latest end so far.
        reach: int | None = None
        for interval in lane:
            start, end = interval.span.start.ToNanoseconds(), interval.span.end.ToNanoseconds()
            if reach is not None and (start - reach) / 1e9 > _GAP_SECONDS:
                interval.gap_seconds = (start - reach) / 1e9
            reach = end if reach is None else max(reach, end)
    return intervals


def interval_key(interval: catalog_service_pb2.CoverageInterval) -> str:
    """Return the unique sort key of an interval among those of its instrument."""
    lane = (interval.data_type, interval.price_precision, interval.size_precision)
    return " ".join([*(f"{number:03}" for number in lane), f"{interval.span.start.ToNanoseconds():020}", interval.source])


def _interval(file: CatalogFile, raw: RawStore) -> catalog_service_pb2.CoverageInterval:
    converted = file.converted
    return catalog_service_pb2.CoverageInterval(
        data_type=converted.data_type,
        price_precision=converted.price_precision,
        size_precision=converted.size_precision,
        span=converted.span,
        rows=converted.rows,
        source=converted.source,
        digest=converted.digest,
        freshness=_freshness(file, raw),
    )


def _freshness(file: CatalogFile, raw: RawStore) -> catalog_service_pb2.Freshness:
    origin = file.origin
    identity = raw.identity(origin.source)
    if identity is None:
        return FRESHNESS_ORPHANED
    has_same_source = identity == (origin.size_bytes, origin.mtime_ns)
    has_same_versions = (origin.converter, origin.engine) == (CONVERTER_VERSION, catalog_format.engine_version())
    return FRESHNESS_FRESH if has_same_source and has_same_versions else FRESHNESS_STALE


def _lane(interval: catalog_service_pb2.CoverageInterval) -> tuple[market_data_pb2.DataType, tuple[int, int]]:
    """Return the lane of an interval. Complete intervals of one lane follow each other without a gap."""
    return interval.data_type, _decimals(interval)


def _decimals(rows: conversion_pb2.ConvertedFile | catalog_service_pb2.CoverageInterval) -> tuple[int, int]:
    return rows.price_precision, rows.size_precision
