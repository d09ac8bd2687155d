"""Findings on the data of a run, from the records of its files."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from tickreel.stores.alternatives import instant
from tickreel.v1 import conversion_pb2, market_data_pb2, result_pb2

_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND
# A window is only partly covered if more than this is missing at an end. In a quiet market, seconds are missing.
_EDGE = 60 * _SECOND
# In a thin market, this many times the mean gap between rows may be missing at an end.
_MEAN_GAPS = 10
_EPOCH = date(1970, 1, 1).toordinal()
_MOST_NAMED = 5


def data_findings(
    window: market_data_pb2.TimeWindow, files: Iterable[conversion_pb2.ConvertedFile]
) -> Iterator[result_pb2.Finding]:
    """Yield the findings of the files of a window, and those on the parts of the window that the files do not cover."""
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
    start, end = window.start.ToNanoseconds(), window.end.ToNanoseconds()
    spans = [(file.span.start.ToNanoseconds(), file.span.end.ToNanoseconds()) for file in files]
    # A window that ends at midnight includes one instant of the next day, which needs no data.
    first_day, last_day = (start + _EDGE) // _DAY, (end - _EDGE) // _DAY
    # A file may span several days.
    reached = (range(max(low // _DAY, first_day), min(high // _DAY, last_day) + 1) for low, high in spans)
    covered = {day for days in reached for day in days}
    missing = [day for day in range(first_day, last_day + 1) if day not in covered]
    first, last = min(low for low, _ in spans), max(high for _, high in spans)
    mean_gap = sum(high - low for low, high in spans) // max(1, sum(file.rows for file in files))
    edge = max(_EDGE, _MEAN_GAPS * mean_gap)
    gaps = []
    if missing:
        gaps.append(f"{len(missing)} of {last_day + 1 - first_day} days have no data ({_dates(missing)})")
    if first - start > edge:
        gaps.append(f"the first row is at {_to_the_second(first)}")
    if end - last > edge:
        gaps.append(f"the last row is at {_to_the_second(last)}")
    if gaps:
        span = f"{_to_the_second(start)} to {_to_the_second(end)}"
        message = f"the window {span} is only partly covered by {kind}: {'; '.join(gaps)}"
        yield result_pb2.Finding(severity=result_pb2.SEVERITY_WARNING, code="PARTLY_COVERED", message=message)


def _dates(days: list[int]) -> str:
    shown = ", ".join(date.fromordinal(_EPOCH + day).isoformat() for day in days[:_MOST_NAMED])
    return f"{shown} and {len(days) - _MOST_NAMED} more" if len(days) > _MOST_NAMED else shown


def _to_the_second(nanoseconds: int) -> str:
    return instant(nanoseconds // _SECOND * _SECOND)
