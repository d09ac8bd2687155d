"""Preview of the data that a run would read."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tickreel.runner.submission.data_findings import data_findings
from tickreel.runner.window.window import BOOKS, TRADES, replay_span
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.converted_rows import Slice, count_rows
from tickreel.stores.repeats import NO_ROW
from tickreel.stores.view import Stretch, ViewFile, merged_rows, stretches
from tickreel.v1 import conversion_pb2, market_data_pb2, runner_service_pb2

# Repeats are counted only in overlaps of up to this many rows, which takes a second.
_MOST_MERGED = 500_000


def preview(
    window: market_data_pb2.TimeWindow, conversion: conversion_pb2.Conversion, catalog: CatalogStore
) -> runner_service_pb2.RunPreview:
    """Return the files of a conversion, the number of their rows in a window, and the findings on them."""
    previewed = runner_service_pb2.RunPreview(files=conversion.files, findings=conversion.findings)
    start, end = window.start.ToNanoseconds(), window.end.ToNanoseconds()
    for data_type in (TRADES, BOOKS):
        of_type = [file for file in previewed.files if file.data_type == data_type]
        rows = 0
        for file in of_type:
            of_file, estimated = _rows(file, start, end, catalog)
            rows += of_file
            previewed.rows_estimated |= estimated
        repeats, estimated = _repeats(of_type, start, end, catalog)
        previewed.rows_estimated |= estimated
        if data_type == TRADES:
            previewed.trade_rows = rows - repeats
        else:
            previewed.book_rows = rows - repeats
    # The coverage of a file without a span is unknown until it is converted.
    if all(file.HasField("span") for file in previewed.files):
        previewed.findings.extend(data_findings(window, previewed.files))
    return previewed


def _repeats(files: Sequence[conversion_pb2.ConvertedFile], start: int, end: int, catalog: CatalogStore) -> tuple[int, bool]:
    """Return the number of repeated rows of files in a window, and whether there may be more."""
    records = [catalog.find(file.path) if file.cached else None for file in files]
    known = [record for record in records if record is not None]
    if len(known) < len(files):
        spans = sorted(
            (file.span.start.ToNanoseconds(), file.span.end.ToNanoseconds()) for file in files if file.HasField("span")
        )
        return 0, any(after[0] <= before[1] for before, after in itertools.pairwise(spans))
    windows = {catalog.root / record.converted.path: replay_span(record, start, end) for record in known}
    overlaps = [stretch for stretch in stretches([ViewFile.of(record, catalog.root) for record in known]) if stretch.overlaps]
    try:
        counts = [_repeats_of(stretch, windows) for stretch in overlaps]
    except OSError:  # a file was removed after its footer was read
        return 0, True
    return sum(count for count in counts if count is not None), None in counts


def _repeats_of(stretch: Stretch, windows: dict[Path, tuple[int, int]]) -> int | None:
    """Return the number of repeated rows of an overlap, or None if counting them would take long."""
    spans = [(file.path, *windows[file.path]) for file in stretch.files]
    merged = sum(
        max(0, count_rows(Slice(path, max(stretch.start, start), min(stretch.end, end)))) for path, start, end in spans
    )
    if merged > _MOST_MERGED:
        return None
    return sum(
        int(np.count_nonzero(rows.inside & (rows.repeats != NO_ROW)))
        for rows in merged_rows(stretch, windows, columns=["ts_init"])
    )


def _rows(file: conversion_pb2.ConvertedFile, start: int, end: int, catalog: CatalogStore) -> tuple[int, bool]:
    """Return the number of rows of a file in a window, and whether it is estimated."""
    if not file.HasField("span"):
        return file.rows, True
    first, last = file.span.start.ToNanoseconds(), file.span.end.ToNanoseconds()
    if start <= first and last <= end:
        return file.rows, False
    record = catalog.find(file.path) if file.cached else None
    if record is not None:
        try:
            return count_rows(Slice(catalog.root / file.path, *replay_span(record, start, end))), False
        except OSError:  # the file was removed after its footer was read
            pass
    shared = min(last, end) - max(first, start)
    return (round(file.rows * shared / (last - first)) if shared > 0 else 0), True
