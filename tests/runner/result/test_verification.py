"""A verification executes a run again and reports equality, or the first order and the inputs that differ."""

import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import pytest_asyncio

from full_runs import without_recorded_times
from recordings import DAY, RawFolder, trades
from run_configs import market_config
from stack import Stack, stack
from tickreel.cli.supervision.services import ServiceProcess
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.message_json import word
from tickreel.runner.submission.run_entry import run_entry
from tickreel.stores.sample_data import write_sample_data
from tickreel.v1 import job_pb2, result_pb2, run_pb2, runner_service_pb2, verification_pb2
from tickreel.v1.verification_pb2 import Verification

FUTURES, SPOT = "SAMPLE-FUTURES:PERPETUAL:BTC-USDT", "SAMPLE-SPOT:SPOT_PAIR:SOL-USDT"
INVERSE, CHANGING, LONG = "BITMEX:PERPETUAL:BTC-USD", "CHANGES:PERPETUAL:BTC-USDT", "LONG:PERPETUAL:BTC-USDT"
NIGHT = ("2024-05-17T22:00:00Z", "2024-05-18T02:00:00Z")
WHOLE_DAY = (f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")
ROWS = 300
TRADES, BOTH = result_pb2.SNAPSHOT_MODE_TRADES, result_pb2.SNAPSHOT_MODE_BOTH

KINDS: dict[str, tuple[dict[str, Any], result_pb2.SnapshotMode, str]] = {
    "trades": (market_config(FUTURES, *NIGHT), TRADES, "fast"),
    "trades, full": (market_config(FUTURES, *NIGHT), TRADES, "full"),
    "both": (market_config(FUTURES, *NIGHT), BOTH, "fast"),
    "liquidity consumed": (market_config(FUTURES, *NIGHT, venue__liquidity_consumption=True), BOTH, "full"),
    "latency": (market_config(FUTURES, *NIGHT, venue__latency={"base_latency_nanos": 20_000_000}), BOTH, "full"),
    "drawn fills": (
        market_config(FUTURES, *NIGHT, strategy__time_in_force="GTC", venue__fill_model={"prob_fill_on_limit": 0.5}),
        BOTH,
        "fast",
    ),
    "spot": (market_config(SPOT, *NIGHT, suffix="", price_precision=3, size_precision=8), BOTH, "full"),
    "inverse": (
        market_config(
            INVERSE, *WHOLE_DAY, suffix="@INV", size_precision=0, venue__base_currency="BTC", venue__starting_balance=100
        ),
        TRADES,
        "full",
    ),
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    folder = tmp_path_factory.mktemp("verification")
    write_sample_data(folder / "data_downloads", rows=ROWS)
    raw = RawFolder(folder / "data_downloads")
    random = np.random.default_rng(3)
    prices, sizes = random.integers(85_000, 86_000, 200) / 10, random.integers(1, 5_000, 200).astype(float)
    raw.write(trades(200, price=prices, amount=sizes), name=INVERSE)
    raw.write(trades(8_000), name=LONG)
    async with stack(folder) as running:
        yield running


@pytest_asyncio.fixture(params=["fast", "full"], loop_scope="module")
async def changing(request: pytest.FixtureRequest, services: Stack) -> run_pb2.Run:
    """A finished run in fast or full mode, whose result and raw data a test may change."""
    raw_of(services).write(trades(100), name=CHANGING)
    return succeeded(await services.finish(market_config(CHANGING, *WHOLE_DAY), request.param))


def raw_of(services: Stack) -> RawFolder:
    return RawFolder(services.settings.data_root)


def succeeded(run: run_pb2.Run) -> run_pb2.Run:
    assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
    return run


async def created(services: Stack, run_id: str, **fields: Any) -> run_pb2.Run:
    request = runner_service_pb2.VerifyRunRequest(run_id=run_id, **fields)
    response: runner_service_pb2.VerifyRunResponse = await services.runner.call("VerifyRun", request)
    return response.run


async def verified(services: Stack, run_id: str) -> Verification:
    run = await created(services, run_id)
    return succeeded((await services.watch(run.run_id))[-1]).verification


async def refused(services: Stack, run_id: str) -> TickreelError:
    with pytest.raises(TickreelError) as refusal:
        await created(services, run_id)
    return refusal.value


def folder_of(services: Stack, run: run_pb2.Run) -> Path:
    """Return the folder of a result."""
    return services.settings.results_root / word(result_pb2.RunMode.DESCRIPTOR, run.result.mode) / run.run_id


def summary_of(run: run_pb2.Run) -> Path:
    return Path(run.result.metadata.outputs["summary.json"])


def edit(path: Path, change: Callable[[Any], object]) -> None:
    """Change a JSON file."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def files_of(services: Stack) -> dict[Path, tuple[int, bytes]]:
    """Return modification time and content of all files of results and tick exports."""
    roots = services.settings.results_root, services.settings.tickdata_root
    paths = [path for root in roots for path in root.rglob("*") if path.is_file()]
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in paths}


def inputs(found: Verification) -> list[tuple[str, str]]:
    return [(verification_pb2.RunInput.Name(change.input).removeprefix("RUN_INPUT_"), change.name) for change in found.inputs]


@pytest.mark.parametrize("kind", KINDS)
async def test_runs_of_every_kind_are_equal_and_stay_unchanged(services: Stack, kind: str) -> None:
    config, snapshots, mode = KINDS[kind]
    run = succeeded(await services.finish(config, mode, options=run_pb2.RunOptions(snapshot_mode=snapshots)))
    assert run.result.summary.fills
    assert {"config.json", "summary.json"} < set(run.result.metadata.outputs)
    assert all(Path(path).is_file() for path in run.result.metadata.outputs.values())
    before = files_of(services)
    found = await verified(services, run.run_id)
    assert found == Verification(
        verdict=verification_pb2.VERDICT_EQUAL,
        recorded_digest=run.result.metadata.result_digest,
        result_digest=run.result.metadata.result_digest,
        orders=run.result.summary.orders,
        fills=run.result.summary.fills,
    )
    assert files_of(services) == before
    assert not list(services.settings.results_root.glob("*/.*"))


async def test_a_result_of_an_older_version_without_recorded_times_is_equal(services: Stack, changing: run_pb2.Run) -> None:
    without_recorded_times(folder_of(services, changing))
    found = await verified(services, changing.run_id)
    assert found.verdict == verification_pb2.VERDICT_EQUAL
    assert not found.HasField("divergence")


async def test_a_verification_is_a_run_without_a_result(services: Stack, changing: run_pb2.Run) -> None:
    made = await created(services, changing.run_id, request_id=f"verify {changing.run_id}")
    assert made.run_id != made.verified_run_id == changing.run_id
    history = await services.watch(made.run_id)
    assert {job_pb2.JOB_STATE_RUNNING, job_pb2.JOB_STATE_SUCCEEDED} <= {run.state for run in history}
    assert not history[-1].HasField("result")
    assert (await created(services, changing.run_id, request_id=f"verify {changing.run_id}")) == history[-1]
    listed = runner_service_pb2.ListRunsRequest(filter=f"verified_run_id = {changing.run_id}")
    assert list((await services.runner.call("ListRuns", listed)).runs) == [run_entry(history[-1])]
    listed = runner_service_pb2.ListRunsRequest(filter=f'verified_run_id = "" AND config_digest = {changing.config_digest}')
    assert changing.run_id in {run.run_id for run in (await services.runner.call("ListRuns", listed)).runs}
    assert made.run_id not in {run.run_id for run in (await services.runner.call("ListRuns", listed)).runs}
    assert (await refused(services, made.run_id)).reason == "NOT_FOUND"


async def test_a_changed_price_in_the_raw_data_is_reported_with_order_and_file(services: Stack, changing: run_pb2.Run) -> None:
    raw = raw_of(services)
    path = raw.write(trades(100, price=[64_000.5 + row + (row == 20) * 0.1 for row in range(100)]), name=CHANGING)
    before = files_of(services)
    found = await verified(services, changing.run_id)
    assert files_of(services) == before
    assert found.verdict == verification_pb2.VERDICT_DIFFERENT
    assert inputs(found) == [("DATA", path.relative_to(raw.root).as_posix())]
    assert found.inputs[0].recorded == changing.result.metadata.data_files[0].digest != found.inputs[0].present
    assert found.recorded_digest == changing.result.metadata.result_digest != found.result_digest
    first = found.divergence
    assert (first.order_id, first.fill_id, first.ts.ToJsonString()) == (21, 0, f"{DAY}T12:00:00.020Z")
    assert (first.order.price, [fill.order_id for fill in first.fills]) == ("64020.6", [21])
    # A fast run keeps only a mark of the order.
    fields = {field.name: (field.recorded, field.again) for field in first.fields}
    if changing.result.mode == result_pb2.RUN_MODE_FULL:
        assert fields == {
            "price": ("64020.5", "64020.6"),
            "average_price": ("64020.5", "64020.6"),
            "fees": ("0.53777220", "0.53777304"),
        }
        assert (first.recorded_order.price, first.recorded_fills[0].price) == ("64020.5", "64020.5")
    else:
        assert fields == {}
        assert not first.HasField("recorded_order")
    figures = {field.name: field.recorded for field in found.summary}
    assert figures["fees"] == changing.result.summary.fees
    assert "orders" not in figures


async def test_removed_and_added_rows_are_reported(services: Stack, changing: run_pb2.Run) -> None:
    raw_of(services).write(trades(98), name=CHANGING)
    found = await verified(services, changing.run_id)
    assert (found.orders, found.divergence.order_id) == (98, 99)
    assert not found.divergence.HasField("order")
    assert {field.name: (field.recorded, field.again) for field in found.summary}["orders"] == ("100", "98")
    raw_of(services).write(trades(101), name=CHANGING)
    found = await verified(services, changing.run_id)
    assert (found.orders, found.divergence.order_id, found.divergence.order.price) == (101, 101, "64100.5")


async def test_a_changed_value_of_the_kept_config_is_reported(services: Stack, changing: run_pb2.Run) -> None:
    kept = folder_of(services, changing) / "config.json"
    edit(kept, lambda config: config["venue"].update(taker_fee=0.0005))
    found = await verified(services, changing.run_id)
    assert found.verdict == verification_pb2.VERDICT_DIFFERENT
    assert inputs(found) == [("CONFIG", "config.json")]
    assert found.inputs[0].recorded == changing.result.metadata.config_digest
    assert found.divergence.order_id == 1
    if changing.result.mode == result_pb2.RUN_MODE_FULL:
        assert [field.name for field in found.divergence.fields] == ["fees"]


async def test_a_changed_starting_balance_differs_in_the_summary_only(services: Stack, changing: run_pb2.Run) -> None:
    edit(folder_of(services, changing) / "config.json", lambda config: config["venue"].update(starting_balance=2_000_000))
    found = await verified(services, changing.run_id)
    assert found.verdict == verification_pb2.VERDICT_DIFFERENT
    assert not found.HasField("divergence")
    assert {field.name for field in found.summary} == {"starting_equity", "final_equity"}


async def test_another_engine_and_other_code_are_reported_although_the_outcome_is_equal(
    services: Stack, changing: run_pb2.Run
) -> None:
    def change(result: dict[str, Any]) -> None:
        result["metadata"]["engine"] = "nautilus_trader 2.0.0rc5"
        result["metadata"]["code"][0]["version"] = "0.0.1"

    edit(summary_of(changing), change)
    found = await verified(services, changing.run_id)
    assert found.verdict == verification_pb2.VERDICT_EQUAL
    assert inputs(found) == [("ENGINE", "nautilus_trader"), ("CODE", "tickreel")]
    engine, code = found.inputs
    assert (engine.recorded, engine.present) == ("2.0.0rc5", changing.result.metadata.engine.split()[1])
    (package,) = changing.result.metadata.code
    assert (code.recorded, code.present) == (f"0.0.1 {package.digest}", f"{package.version} {package.digest}")


async def test_a_tampered_result_differs_although_no_input_has_changed(services: Stack) -> None:
    run = succeeded(await services.finish(market_config(FUTURES, *NIGHT), "full"))
    orders = folder_of(services, run) / "fills.parquet"
    table = pq.read_table(orders)
    liquidity = table["liquidity"].cast(pa.string()).to_pylist()
    liquidity[table["id"].to_pylist().index(7)] = "maker"
    pq.write_table(table.set_column(table.schema.get_field_index("liquidity"), "liquidity", pa.array(liquidity)), orders)
    edit(summary_of(run), lambda result: result["summary"].update(pnl="1000000.00000000"))
    found = await verified(services, run.run_id)
    assert found.verdict == verification_pb2.VERDICT_DIFFERENT
    assert found.recorded_digest == found.result_digest
    assert not found.inputs
    first = found.divergence
    assert (first.fill_id, first.order_id) == (7, first.recorded_fills[0].order_id)
    assert [(field.name, field.recorded, field.again) for field in first.fields] == [("liquidity", "maker", "taker")]
    assert [field.name for field in found.summary] == ["pnl"]


async def test_an_unverifiable_result_is_refused_before_any_work(services: Stack, changing: run_pb2.Run) -> None:
    assert (await refused(services, "NO_SUCH_RUN")).reason == "NOT_FOUND"
    folder = folder_of(services, changing)
    config = (folder / "config.json").read_text()
    edit(folder / "config.json", lambda config: config["strategy"].update(name="Gone"))
    assert [violation.field for violation in (await refused(services, changing.run_id)).violations] == ["strategy.name"]
    (folder / "config.json").write_text("{")
    refusal = await refused(services, changing.run_id)
    assert refusal.reason == "NOT_VERIFIABLE"
    assert f"{folder / 'config.json'}: line 1, column 2" in refusal.message
    (folder / "config.json").unlink()
    assert (await refused(services, changing.run_id)).reason == "NOT_VERIFIABLE"
    (folder / "config.json").write_text(config)
    edit(summary_of(changing), lambda result: result["metadata"].update(snapshot_mode="none"))
    assert "snapshot_mode" in (await refused(services, changing.run_id)).message
    edit(summary_of(changing), lambda result: result["metadata"].update(snapshot_mode="trades"))
    raw_of(services).path(name=CHANGING).unlink()
    gone = await refused(services, changing.run_id)
    assert [violation.field for violation in gone.violations] == ["instrument.id"], gone
    raw_of(services).write(trades(100), name=CHANGING)
    assert (await verified(services, changing.run_id)).verdict == verification_pb2.VERDICT_EQUAL
    kept = folder / ("marks.bin" if changing.result.mode == result_pb2.RUN_MODE_FAST else "fills.parquet")
    if kept.suffix == ".bin":
        kept.write_bytes(kept.read_bytes()[:-12])
    else:
        pq.write_table(pq.read_table(kept).slice(1), kept)
    refusal = await refused(services, changing.run_id)
    assert refusal.reason == "NOT_VERIFIABLE"
    assert f"{kept} has {'98.5' if kept.suffix == '.bin' else '99'} rows, but the summary says 100" in refusal.message
    kept.write_bytes(b"PAR1")
    assert (await refused(services, changing.run_id)).reason == "NOT_VERIFIABLE"
    kept.unlink()
    refusal = await refused(services, changing.run_id)
    assert refusal.reason == "NOT_VERIFIABLE"
    assert "is missing; create a new run with the same config" in refusal.message


async def test_a_cancelled_verification_leaves_no_files(services: Stack) -> None:
    run = succeeded(await services.finish(market_config(LONG, *WHOLE_DAY)))
    before = files_of(services)
    made = await created(services, run.run_id)
    async for response in services.runner.stream("WatchRun", runner_service_pb2.WatchRunRequest(run_id=made.run_id)):
        if response.run.progress.phase == job_pb2.JOB_PHASE_REPLAYING and response.run.progress.done:
            break
    cancel = runner_service_pb2.CancelRunRequest(run_id=made.run_id)
    assert (await services.runner.call("CancelRun", cancel)).run.state == job_pb2.JOB_STATE_CANCELLED
    assert files_of(services) == before
    assert not list(services.settings.results_root.glob("*/.*"))


async def test_a_verification_survives_a_killed_service_and_needs_no_journal_of_the_run(
    services: Stack, tmp_path: Path
) -> None:
    run = succeeded(await services.finish(market_config(LONG, *WHOLE_DAY)))
    settings = services.settings
    environ = {
        **os.environ,
        **settings.environment,
        "TICKREEL_STATE_PATH": str(tmp_path),
        "TICKREEL_RESULTS_PATH": str(settings.results_root),
        "TICKREEL_TICKDATA_PATH": str(settings.tickdata_root),
        "TICKREEL_CONVERTER_ADDRESS": services.converter.address,
    }
    process = ServiceProcess("runner", "127.0.0.1:0", environ, tmp_path / "runner.log")
    await process.start()
    await process.healthy()
    runner = ServiceClient("runner", process.address)
    others = Stack(settings, services.converter, runner, services.results)
    made = await created(others, run.run_id)
    async for response in runner.stream("WatchRun", runner_service_pb2.WatchRunRequest(run_id=made.run_id)):
        if response.run.progress.phase == job_pb2.JOB_PHASE_REPLAYING and response.run.progress.done:
            break
    os.kill(process.pid, signal.SIGKILL)
    await process.ended()
    await process.start()
    await process.healthy()
    request = runner_service_pb2.GetRunRequest(run_id=made.run_id)
    await runner.call_with_retries("GetRun", request, patience=30)
    ended = succeeded((await others.watch(made.run_id))[-1])
    assert (ended.attempts, ended.verification.verdict) == (2, verification_pb2.VERDICT_EQUAL)
    await runner.close()
    await process.stop()
