"""Findings on the data of a window: missing days, uncovered ends, holes and skipped files."""

import numpy as np
import pytest

from recordings import BTC, DAY, NOON, RawFolder, books, nanos, trades
from run_configs import run_config
from stack import stack
from tickreel.runner.submission.data_findings import data_findings
from tickreel.v1 import conversion_pb2, market_data_pb2, result_pb2, run_pb2

HOUR = 3_600_000_000


def _file(start: str, end: str, rows: int = 10_000) -> conversion_pb2.ConvertedFile:
    file = conversion_pb2.ConvertedFile(data_type=market_data_pb2.DATA_TYPE_TRADES, rows=rows)
    file.span.start.FromNanoseconds(nanos(start))
    file.span.end.FromNanoseconds(nanos(end))
    return file


def _uncovered(span: tuple[str, str], *files: conversion_pb2.ConvertedFile) -> str:
    """Return the uncovered parts of a window in words; "" if there are none."""
    window = market_data_pb2.TimeWindow()
    window.start.FromNanoseconds(nanos(span[0]))
    window.end.FromNanoseconds(nanos(span[1]))
    found = list(data_findings(window, files))
    assert [finding.code for finding in found] in ([], ["PARTLY_COVERED"])
    return found[0].message.partition("by trades: ")[2] if found else ""


WEEK = ("2024-07-18T00:00:00", "2024-07-25T00:00:00")


def test_a_file_of_several_days_covers_them_all() -> None:
    assert _uncovered(WEEK, _file("2024-07-18T00:00:05", "2024-07-24T23:59:50")) == ""
    assert _uncovered(
        WEEK, _file("2024-07-18T00:00:05", "2024-07-20T12:00:00"), _file("2024-07-22T00:00:00", "2024-07-24T23:59:50")
    ) == ("1 of 7 days have no data (2024-07-21)")


def test_a_file_that_extends_beyond_the_window_covers_it() -> None:
    assert _uncovered(WEEK, _file("2009-01-03T00:00:00", "2099-12-31T00:00:00")) == ""


def test_many_days_without_data_are_counted_and_the_first_are_named() -> None:
    text = _uncovered(("2024-01-01T00:00:00", "2024-12-31T23:59:59"), _file("2024-07-18T00:00:00", "2024-07-18T23:59:00"))
    assert text.startswith(
        "365 of 366 days have no data (2024-01-01, 2024-01-02, 2024-01-03, 2024-01-04, 2024-01-05 and 360 more)"
    )
    assert text.endswith("; the first row is at 2024-07-18T00:00:00Z; the last row is at 2024-07-18T23:59:00Z")


@pytest.mark.parametrize(("rows", "uncovered"), [(168, ""), (100_000, "the last row is at 2024-07-24T23:00:00Z")])
def test_a_thin_market_may_pause_at_the_ends_of_a_window(rows: int, uncovered: str) -> None:
    assert _uncovered(WEEK, _file("2024-07-18T00:00:00", "2024-07-24T23:00:00", rows)) == uncovered


async def _findings(
    raw: RawFolder, start: str, end: str, mode: result_pb2.SnapshotMode = result_pb2.SNAPSHOT_MODE_TRADES
) -> list[result_pb2.Finding]:
    """Run a window and return its findings on coverage."""
    async with stack(raw.root.parent) as services:
        options = run_pb2.RunOptions(snapshot_mode=mode)
        run = await services.finish(run_config(BTC, start, end), options=options)
    return [finding for finding in run.result.findings if finding.code in ("PARTLY_COVERED", "HOLES", "FILES_SKIPPED")]


async def test_a_run_reports_holes_in_trades_and_books(raw: RawFolder) -> None:
    def times(*hours: int) -> np.ndarray:
        return np.concatenate([NOON + hour * HOUR + np.arange(60) * 1_000_000 for hour in hours])

    raw.write(trades(120, local_timestamp=times(0, 8)))
    raw.write(books(180, local_timestamp=times(0, 3, 8)), data_type="book_snapshot_5")
    found = await _findings(raw, f"{DAY}T11:59:30Z", f"{DAY}T20:01:30Z", result_pb2.SNAPSHOT_MODE_BOTH)
    assert [finding.code for finding in found] == ["HOLES", "HOLES"]
    assert found[0].message.endswith(": 2024-07-18T12:00:59Z to 2024-07-18T20:00:00Z (7 h 59 min)")
    assert "the books have 2 holes, 7 h 58 min in all" in found[1].message
    assert "2024-07-18T15:00:59Z to 2024-07-18T20:00:00Z (4 h 59 min), 2024-07-18T12:00:59Z to" in found[1].message


async def test_a_run_reports_skipped_files_in_its_window(raw: RawFolder) -> None:
    raw.write(trades(10))
    raw.write(trades(10, local_timestamp=NOON + HOUR + np.arange(10))).rename(raw.path().parent.parent / f"{BTC}.parquet")
    raw.write(trades(10))
    assert await _findings(raw, f"{DAY}T12:00:00Z", f"{DAY}T12:00:01Z") == []
    found = await _findings(raw, f"{DAY}T12:00:00Z", f"{DAY}T13:00:10Z")
    assert [finding.code for finding in found] == ["FILES_SKIPPED", "PARTLY_COVERED"]
    assert f"day-{DAY}/{BTC}.parquet lies directly in a day folder; move it to" in found[0].message
