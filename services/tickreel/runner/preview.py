"""What a run would read, told without running it."""

from tickreel.runner.data_findings import data_findings
from tickreel.runner.window import TRADES, replay_span
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.rows import Slice, count_rows
from tickreel.v1 import conversion_pb2, market_data_pb2, runner_service_pb2


def preview(
    window: market_data_pb2.TimeWindow, conversion: conversion_pb2.Conversion, catalog: CatalogStore
) -> runner_service_pb2.RunPreview:
    """The files of a conversion, how many of their rows lie in a window, and what they lack."""
    told = runner_service_pb2.RunPreview(files=conversion.files, findings=conversion.findings)
    start, end = window.start.ToNanoseconds(), window.end.ToNanoseconds()
    for file in told.files:
        rows, estimated = _rows(file, start, end, catalog)
        told.rows_estimated |= estimated
        if file.data_type == TRADES:
            told.trade_rows += rows
        else:
            told.book_rows += rows
    # What a file without a span covers is not known before it is converted.
    if all(file.HasField("span") for file in told.files):
        told.findings.extend(data_findings(window, told.files))
    return told


def _rows(file: conversion_pb2.ConvertedFile, start: int, end: int, catalog: CatalogStore) -> tuple[int, bool]:
    """The rows of a file in a window, and whether they are estimated."""
    if not file.HasField("span"):
        return file.rows, True
    first, last = file.span.start.ToNanoseconds(), file.span.end.ToNanoseconds()
    if start <= first and last <= end:
        return file.rows, False
    record = catalog.find(file.path) if file.cached else None
    if record is not None:
        try:
            return count_rows(Slice(catalog.root / file.path, *replay_span(record, start, end))), False
        except OSError:  # removed since its footer was read
            pass
    shared = min(last, end) - max(first, start)
    return (round(file.rows * shared / (last - first)) if shared > 0 else 0), True
