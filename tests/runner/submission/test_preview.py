"""The preview of a run, compared with the rows that the run replays."""

from pathlib import Path

from recordings import BTC, DAY, NOON, RawFolder, trades
from run_configs import run_config
from stack import Stack, stack
from tickreel.v1 import result_pb2, runner_service_pb2


async def preview(services: Stack, start: str, end: str) -> runner_service_pb2.RunPreview:
    request = runner_service_pb2.CreateRunRequest(validate_only=True)
    request.document.update(run_config(BTC, start, end))
    request.options.snapshot_mode = result_pb2.SNAPSHOT_MODE_TRADES
    response: runner_service_pb2.CreateRunResponse = await services.runner.call("CreateRun", request)
    return response.preview


async def test_rows_of_a_cut_raw_file_are_estimated_and_after_conversion_counted(raw: RawFolder, tmp_path: Path) -> None:
    # Half of the rows are in the first of ten seconds, so the estimate by time is far from the count.
    burst = [NOON + 1000 * row for row in range(500)]
    calm = [NOON + 1_000_000 + 18_000 * row for row in range(500)]
    raw.write(trades(1000, local_timestamp=burst + calm))
    cut = (f"{DAY}T12:00:00Z", f"{DAY}T12:00:00.999999Z")
    async with stack(tmp_path) as services:
        whole = await preview(services, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")
        estimated = await preview(services, *cut)
        run = await services.finish(run_config(BTC, *cut))
        counted = await preview(services, *cut)
    assert (whole.trade_rows, whole.rows_estimated, [file.cached for file in whole.files]) == (1000, False, [False])
    assert estimated.rows_estimated
    assert 90 < estimated.trade_rows < 110
    assert (counted.trade_rows, counted.rows_estimated, [file.cached for file in counted.files]) == (500, False, [True])
    assert run.result.summary.trade_rows == counted.trade_rows


async def test_a_preview_reports_missing_days(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(10))
    async with stack(tmp_path) as services:
        previewed = await preview(services, f"{DAY}T12:00:00Z", "2024-07-19T12:00:00Z")
    assert [finding.code for finding in previewed.findings] == ["PARTLY_COVERED"]
    assert "2024-07-19" in previewed.findings[0].message
    assert previewed.environment["DATA_CATALOG_PATH"] == str(tmp_path / "parquet")


async def test_a_window_that_ends_at_midnight_needs_no_data_of_the_next_day(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(1440, local_timestamp=[NOON + 60_000_000 * (minute - 720) for minute in range(1440)]))
    async with stack(tmp_path) as services:
        day = await preview(services, f"{DAY}T00:00:00Z", "2024-07-19T00:00:00Z")
        two_days = await preview(services, f"{DAY}T00:00:00Z", "2024-07-19T00:05:00Z")
    assert not day.findings
    assert "1 of 2 days have no data (2024-07-19)" in two_days.findings[0].message
