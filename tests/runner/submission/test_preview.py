"""What a run would read, against the rows that it then replays."""

from pathlib import Path

from recordings import BTC, DAY, NOON, RawFolder, trades
from run_configs import run_config
from stack import Stack, stack
from tickreel.v1 import result_pb2, runner_service_pb2


async def preview(services: Stack, start: str, end: str) -> runner_service_pb2.RunPreview:
    request = runner_service_pb2.CreateRunRequest(validate_only=True)
    request.document.update(run_config(BTC, start, end))
    request.options.snapshot_mode = result_pb2.SNAPSHOT_MODE_TRADES
    return (await services.runner.call("CreateRun", request)).preview


async def test_rows_of_raw_files_are_estimated_where_the_window_cuts_them_and_counted_once_converted(
    raw: RawFolder, tmp_path: Path
) -> None:
    # A burst of half the rows in the first of ten seconds: the share of time is far from the share of rows.
    burst = [NOON + 1000 * row for row in range(500)]
    calm = [NOON + 1_000_000 + 18_000 * row for row in range(500)]
    raw.write(trades(1000, local_timestamp=burst + calm))
    cut = (f"{DAY}T12:00:00Z", f"{DAY}T12:00:00.999999Z")
    async with stack(tmp_path) as services:
        whole = await preview(services, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")
        guessed = await preview(services, *cut)
        run = await services.finish(run_config(BTC, *cut))
        counted = await preview(services, *cut)
    assert (whole.trade_rows, whole.rows_estimated, [file.cached for file in whole.files]) == (1000, False, [False])
    assert guessed.rows_estimated
    assert 90 < guessed.trade_rows < 110
    assert (counted.trade_rows, counted.rows_estimated, [file.cached for file in counted.files]) == (500, False, [True])
    assert run.result.summary.trade_rows == counted.trade_rows


async def test_what_the_window_lacks_is_told_before_the_run(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(10))
    async with stack(tmp_path) as services:
        told = await preview(services, f"{DAY}T12:00:00Z", "2024-07-19T12:00:00Z")
    assert [finding.code for finding in told.findings] == ["PARTLY_COVERED"]
    assert "2024-07-19" in told.findings[0].message
    assert told.environment["DATA_CATALOG_PATH"] == str(tmp_path / "parquet")


async def test_a_window_that_ends_at_midnight_lacks_nothing_of_the_day_that_begins_there(
    raw: RawFolder, tmp_path: Path
) -> None:
    raw.write(trades(1440, local_timestamp=[NOON + 60_000_000 * (minute - 720) for minute in range(1440)]))
    async with stack(tmp_path) as services:
        day = await preview(services, f"{DAY}T00:00:00Z", "2024-07-19T00:00:00Z")
        two_days = await preview(services, f"{DAY}T00:00:00Z", "2024-07-19T00:05:00Z")
    assert not day.findings
    assert "1 of 2 days have no data (2024-07-19)" in two_days.findings[0].message
