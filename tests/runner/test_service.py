"""The calls of the Runner, with a real Converter and the real engine."""

import asyncio
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import timestamp_pb2

from recordings import BTC, DAY, ETH, NOON, RawFolder, trades
from run_configs import run_config
from serving import serving
from stack import stack
from tickreel.rpc.errors import TickreelError
from tickreel.runner.service import RunnerServicer
from tickreel.v1 import job_pb2, run_config_pb2, run_pb2, runner_service_pb2

CONFIG = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")


@pytest.fixture
def data(raw: RawFolder) -> RawFolder:
    raw.write(trades(500))
    return raw


async def test_a_run_converts_replays_and_has_a_result(data: RawFolder, tmp_path: Path) -> None:
    async with stack(tmp_path) as services:
        states = await services.watch((await services.create(CONFIG)).run_id)
    last = states[-1]
    assert last.state == job_pb2.JOB_STATE_SUCCEEDED, last.failure.message
    assert last.result.summary.orders == last.result.summary.fills == last.result.summary.trade_rows == 500
    assert last.result.metadata.result_digest
    assert json.loads((tmp_path / "results/fast" / f"{last.run_id}.json").read_text())["run_id"] == last.run_id
    assert all(state.state != job_pb2.JOB_STATE_SUCCEEDED for state in states[:-1])


async def test_all_violations_are_reported_at_once(data: RawFolder, tmp_path: Path) -> None:
    document = copy.deepcopy(CONFIG)
    document["venue"]["takerFee"] = document["venue"].pop("taker_fee")
    document["instrument"]["price_precision"] = "1"
    document["strategy"]["name"] = "TempBacktest"
    document["risk"] = None
    document["time_window"] = {"start": "2025-01-01T00:00:00Z", "end": "2025-01-02T00:00:00Z"}
    async with stack(tmp_path) as services:
        with pytest.raises(TickreelError) as refusal:
            await services.create(document)
        listed = await services.runner.call("ListRuns", runner_service_pb2.ListRunsRequest())
    assert refusal.value.reason == "CONFIG_INVALID"
    fields = {violation.field for violation in refusal.value.violations}
    assert fields == {
        "venue.takerFee", "instrument.price_precision", "strategy.name", "risk", "time_window",
    }  # fmt: skip
    assert not listed.runs


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"instrument": f"{ETH}@LIN"}, "instrument"),
        ({"end": timestamp_pb2.Timestamp(seconds=1)}, "time_window.end"),
        ({"options": run_pb2.RunOptions(dataset="day-2020-01-01")}, "dataset"),
    ],
)
async def test_a_request_that_contradicts_the_config_is_refused(
    data: RawFolder, tmp_path: Path, overrides: dict[str, Any], field: str
) -> None:
    async with stack(tmp_path) as services:
        with pytest.raises(TickreelError) as refusal:
            await services.create(CONFIG, **overrides)
    assert field in {violation.field for violation in refusal.value.violations}


async def test_a_raw_file_that_is_not_parquet_is_refused_before_any_work(data: RawFolder, tmp_path: Path) -> None:
    data.path(day="2024-07-19").parent.mkdir(parents=True)
    data.path(day="2024-07-19").write_bytes(b"not a parquet file")
    config = run_config(BTC, f"{DAY}T00:00:00Z", "2024-07-19T23:59:59Z")
    async with stack(tmp_path) as services:
        with pytest.raises(TickreelError, match="day-2024-07-19"):
            await services.create(config)
    assert not list((tmp_path / "results").rglob("*.json"))


async def test_rows_with_unknown_side_are_refused_unless_the_config_has_a_default(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(40, side=["unknown", "buy"] * 20))
    with_default = copy.deepcopy(CONFIG)
    with_default["strategy"]["orders"] = [{"side": "sell"}]
    async with stack(tmp_path) as services:
        refused = await services.finish(CONFIG)
        run = await services.finish(with_default)
    assert (refused.state, refused.failure.reason) == (job_pb2.JOB_STATE_FAILED, "DATA_REFUSED")
    assert refused.failure.metadata["rows"] == "20"
    assert run.result.summary.orders == 40


async def test_a_precision_below_the_decimals_of_the_data_is_refused(data: RawFolder, tmp_path: Path) -> None:
    async with stack(tmp_path) as services:
        run = await services.finish(run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z", price_precision=0))
    assert (run.state, run.failure.reason) == (job_pb2.JOB_STATE_FAILED, "DATA_REFUSED")
    assert "price" in run.failure.message


async def test_a_window_without_rows_is_refused(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(2, local_timestamp=[NOON, NOON + 60_000_000]))
    async with stack(tmp_path) as services:
        run = await services.finish(run_config(BTC, f"{DAY}T12:00:10Z", f"{DAY}T12:00:20Z"))
    assert (run.state, run.failure.reason) == (job_pb2.JOB_STATE_FAILED, "DATA_REFUSED")


async def test_a_request_id_is_idempotent_and_refused_for_another_request(data: RawFolder, tmp_path: Path) -> None:
    async with stack(tmp_path) as services:
        first, second = await asyncio.gather(*(services.create(CONFIG, request_id="one") for _ in range(2)))
        with pytest.raises(TickreelError) as refusal:
            await services.create(CONFIG, "full", request_id="one")
        await services.watch(first.run_id)
    assert first.run_id == second.run_id
    assert refusal.value.reason == "REQUEST_ID_REUSED"


async def test_validate_only_resolves_and_creates_nothing(data: RawFolder, tmp_path: Path) -> None:
    async with stack(tmp_path) as services:
        run = await services.create(CONFIG, validate_only=True)
        listed = await services.runner.call("ListRuns", runner_service_pb2.ListRunsRequest())
    assert not run.run_id
    assert run.config.instrument.settlement_currency == "USDT"
    assert run.config_digest
    assert not listed.runs
    assert not list((tmp_path / "parquet").rglob("*.parquet"))


async def test_a_typed_config_is_the_same_run_as_its_document(data: RawFolder, tmp_path: Path) -> None:
    async with stack(tmp_path) as services:
        resolved = await services.create(CONFIG, validate_only=True)
        request = runner_service_pb2.CreateRunRequest(
            config=resolved.config, options=run_pb2.RunOptions(snapshot_mode="SNAPSHOT_MODE_TRADES"), validate_only=True
        )
        typed = (await services.runner.call("CreateRun", request)).run
        request.config.CopyFrom(run_config_pb2.RunConfig())
        with pytest.raises(TickreelError) as refusal:
            await services.runner.call("CreateRun", request)
    assert typed.config_digest == resolved.config_digest
    assert "instrument" in {violation.field for violation in refusal.value.violations}


async def test_a_cancelled_replay_leaves_no_files(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(60_000))
    async with stack(tmp_path) as services:
        run = await services.create(CONFIG, "full")
        watch = runner_service_pb2.WatchRunRequest(run_id=run.run_id)
        async for response in services.runner.stream("WatchRun", watch):
            if response.run.progress.phase == job_pb2.JOB_PHASE_REPLAYING and response.run.progress.done:
                break
        cancel = runner_service_pb2.CancelRunRequest(run_id=run.run_id)
        cancelled = (await services.runner.call("CancelRun", cancel)).run
        again = (await services.runner.call("CancelRun", cancel)).run
    assert cancelled.state == again.state == job_pb2.JOB_STATE_CANCELLED
    assert not [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert not list((tmp_path / "tickdata").iterdir())


async def test_a_queued_run_is_cancelled_at_once(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(20_000))
    async with stack(tmp_path, TICKREEL_RUNNER_SLOTS="1") as services:
        running, queued = await services.create(CONFIG), await services.create(CONFIG)
        cancel = runner_service_pb2.CancelRunRequest(run_id=queued.run_id)
        cancelled = (await services.runner.call("CancelRun", cancel)).run
        ended = (await services.watch(running.run_id))[-1]
    assert cancelled.state == job_pb2.JOB_STATE_CANCELLED
    assert ended.state == job_pb2.JOB_STATE_SUCCEEDED
    with pytest.raises(StopIteration):
        next(path for path in (tmp_path / "results").rglob(f"*{queued.run_id}*"))


async def test_an_unreachable_converter_is_named_in_the_error(data: RawFolder, tmp_path: Path) -> None:
    async with stack(tmp_path) as services:
        settings = services.settings
    async with serving("runner", RunnerServicer, settings) as runner:
        request = runner_service_pb2.CreateRunRequest(options=run_pb2.RunOptions(snapshot_mode="SNAPSHOT_MODE_TRADES"))
        request.document.update(CONFIG)
        with pytest.raises(TickreelError, match="converter service at"):
            await runner.call("CreateRun", request)


async def test_a_run_is_refused_before_any_work_if_results_cannot_be_written(data: RawFolder, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file where the folder should be")
    async with stack(tmp_path) as services:
        with pytest.raises(TickreelError) as refusal:
            await services.create(CONFIG)
    assert refusal.value.reason == "STORE_NOT_WRITABLE"
    assert str(tmp_path / "results") in refusal.value.message


async def test_configs_are_listed_with_their_violations(data: RawFolder, tmp_path: Path) -> None:
    configs = tmp_path / "configs"
    (configs / "desk").mkdir(parents=True)
    (configs / "schema").mkdir()
    (configs / "schema/run_config.schema.json").write_text("{}")
    (configs / "good.json").write_text(json.dumps(CONFIG))
    (configs / "desk/bad.json").write_text(json.dumps({**CONFIG, "venues": {}}))
    (configs / "broken.json").write_text('{"instrument": }')
    async with stack(tmp_path) as services:
        listed = await services.runner.call("ListConfigs", runner_service_pb2.ListConfigsRequest())
        got = await services.runner.call("GetConfig", runner_service_pb2.GetConfigRequest(config_id="desk/bad"))
        request = runner_service_pb2.CreateRunRequest(
            config_id="good", options=run_pb2.RunOptions(snapshot_mode="SNAPSHOT_MODE_TRADES"), validate_only=True
        )
        run = (await services.runner.call("CreateRun", request)).run
        with pytest.raises(TickreelError) as missing:
            await services.runner.call("GetConfig", runner_service_pb2.GetConfigRequest(config_id="../configs/good"))
    by_id = {config.config_id: config for config in listed.configs}
    assert list(by_id) == ["broken", "desk/bad", "good"]
    assert not by_id["good"].violations
    assert [violation.field for violation in by_id["desk/bad"].violations] == ["venues"]
    assert "line 1, column 16" in by_id["broken"].violations[0].description
    assert json.loads(got.config.text)["venues"] == {}
    assert run.options.config_path.endswith("good.json")
    assert missing.value.reason == "NOT_FOUND"


async def test_the_built_in_strategy_is_listed(tmp_path: Path, data: RawFolder) -> None:
    async with stack(tmp_path) as services:
        listed = await services.runner.call("ListStrategies", runner_service_pb2.ListStrategiesRequest())
    strategy = next(entry for entry in listed.strategies if entry.strategy_id == "TempBacktestStrategy")
    assert list(strategy.submission_modes) == ["per_trade_tick"]
    assert strategy.package == "tickreel"
    assert "every trade row" in strategy.description
