"""What the catalog holds of an instrument: intervals, gaps, and whether a conversion today would make the same."""

from tickreel.engine import catalog_format
from tickreel.rpc.errors import not_found
from tickreel.stores.catalog import CONVERTER_VERSION, CatalogFile, CatalogStore
from tickreel.stores.raw import RawStore
from tickreel.v1 import catalog_service_pb2
from tickreel.v1.catalog_service_pb2 import FRESHNESS_FRESH, FRESHNESS_ORPHANED, FRESHNESS_STALE

# Shorter pauses are a quiet market rather than missing data.
_GAP_SECONDS = 60.0


def describe_instrument(engine_id: str, catalog: CatalogStore) -> catalog_service_pb2.CatalogInstrument:
    """An instrument in the catalog, with the files of every choice of decimals."""
    files = catalog.files(engine_id)
    message = catalog_service_pb2.CatalogInstrument(
        instrument_id=engine_id,
        raw_name=files[-1].raw_name if files else "",
        files=len(files),
        rows=sum(file.converted.rows for file in files),
        size_bytes=sum(file.size_bytes for file in files),
    )
    if files:
        message.span.start.CopyFrom(min((file.converted.span.start for file in files), key=lambda time: time.ToNanoseconds()))
        message.span.end.CopyFrom(max((file.converted.span.end for file in files), key=lambda time: time.ToNanoseconds()))
    return message


def coverage(engine_id: str, catalog: CatalogStore, raw: RawStore) -> list[catalog_service_pb2.CoverageInterval]:
    """The converted files of an instrument as intervals, by decimals and time.

    Raises:
        TickreelError: NOT_FOUND where the catalog does not hold the instrument.
    """
    if engine_id not in catalog.engine_ids():
        raise not_found("instrument", engine_id)
    intervals: list[catalog_service_pb2.CoverageInterval] = []
    for file in catalog.files(engine_id):
        interval = _interval(file, raw)
        before = intervals[-1] if intervals else None
        if before is not None and _decimals(before) == _decimals(interval):
            gap = (interval.span.start.ToNanoseconds() - before.span.end.ToNanoseconds()) / 1e9
            interval.gap_seconds = gap if gap > _GAP_SECONDS else 0.0
        intervals.append(interval)
    return intervals


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
    made_by = (origin.converter, origin.engine)
    today = identity == (origin.size_bytes, origin.mtime_ns) and made_by == (CONVERTER_VERSION, catalog_format.engine_version())
    return FRESHNESS_FRESH if today else FRESHNESS_STALE


def _decimals(interval: catalog_service_pb2.CoverageInterval) -> tuple[int, int]:
    return interval.price_precision, interval.size_precision
