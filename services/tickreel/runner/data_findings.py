"""What a reader should know of the data that a run replays."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, timedelta

from tickreel.v1 import conversion_pb2, market_data_pb2, result_pb2

# A window that misses more than this at an end is only partly covered; a quiet market misses seconds.
_EDGE = timedelta(minutes=1)


def data_findings(
    window: market_data_pb2.TimeWindow, files: Iterable[conversion_pb2.ConvertedFile]
) -> Iterator[result_pb2.Finding]:
    """What the files of a window say of themselves, and what the window lacks."""
    files = list(files)
    for file in files:
        for finding in file.findings:
            yield result_pb2.Finding(severity=finding.severity, code=finding.code, message=f"{file.source}: {finding.message}")
    for kind, data_type in (("trades", market_data_pb2.DATA_TYPE_TRADES), ("books", market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5)):
        of_kind = [file for file in files if file.data_type == data_type]
        if of_kind:
            yield from _gaps(window, of_kind, kind)


def _gaps(
    window: market_data_pb2.TimeWindow, files: Sequence[conversion_pb2.ConvertedFile], kind: str
) -> Iterator[result_pb2.Finding]:
    start, end = window.start.ToDatetime(UTC), window.end.ToDatetime(UTC)
    covered = {file.span.start.ToDatetime(UTC).date() for file in files} | {
        file.span.end.ToDatetime(UTC).date() for file in files
    }
    # A window that ends at midnight touches the next day with one instant, and misses nothing there.
    first_day, last_day = (start + _EDGE).date(), (end - _EDGE).date()
    days = (last_day - first_day).days + 1
    missing = [day for day in (first_day + timedelta(days=number) for number in range(days)) if day not in covered]
    first = min(file.span.start.ToDatetime(UTC) for file in files)
    last = max(file.span.end.ToDatetime(UTC) for file in files)
    gaps = []
    if missing:
        gaps.append(f"{len(missing)} of {days} days have no data ({_dates(missing)})")
    if first - start > _EDGE:
        gaps.append(f"the first row is at {first:%Y-%m-%dT%H:%M:%SZ}")
    if end - last > _EDGE:
        gaps.append(f"the last row is at {last:%Y-%m-%dT%H:%M:%SZ}")
    if gaps:
        span = f"{start:%Y-%m-%dT%H:%M:%SZ} to {end:%Y-%m-%dT%H:%M:%SZ}"
        message = f"the window {span} is only partly covered by {kind}: {'; '.join(gaps)}"
        yield result_pb2.Finding(severity=result_pb2.SEVERITY_WARNING, code="PARTLY_COVERED", message=message)


def _dates(days: list[date]) -> str:
    shown = ", ".join(f"{day:%Y-%m-%d}" for day in days[:5])
    return f"{shown} and {len(days) - 5} more" if len(days) > 5 else shown
