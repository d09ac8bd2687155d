"""Journals, results and catalogs of older versions are read, listed, shown and verified."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from compatibility.answers import answers, lost
from compatibility.make import over, restore_times
from terminal import Terminal
from tickreel.rpc.errors import TickreelError
from tickreel.stores.results import ResultStore, to_json
from tickreel.v1 import job_pb2, results_service_pb2, runner_service_pb2, verification_pb2

VERSIONS = ("v0_1",)


@pytest.fixture(params=VERSIONS)
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the fixtures of a version, which serves as the folder of a deployment."""
    folder = tmp_path / "stored"
    shutil.copytree(Path(__file__).parent / request.param, folder)
    restore_times(folder)
    return folder


def read(path: Path) -> Any:
    return json.loads(path.read_text())


async def test_all_answers_are_as_the_old_version_gave_them(stored: Path) -> None:
    async with over(stored) as (services, catalog):
        found = await answers(services, catalog)
    assert lost(read(stored / "expected.json"), found) == []


def test_a_result_is_rewritten_with_the_same_keys_and_values(stored: Path) -> None:
    """Keys, enum names and the forms of numbers stay; the present version may add keys."""
    store = ResultStore(stored / "results", stored / "tickdata")
    results = list(store.stored())
    assert {result.is_full for result in results} == {True, False}
    for result in results:
        before, now = read(result.summary), json.loads(to_json(store.load(result)))
        assert _text_of_old_keys(now, before) == _text(before)


def _text(value: Any) -> str:
    """Return the text of a JSON value, in which 1, 1.0 and "1" differ."""
    return json.dumps(value, sort_keys=True)


def _text_of_old_keys(now: Any, before: Any) -> str:
    """Return the text of a JSON value without the keys that `before` lacks."""

    def cut(now: Any, before: Any) -> Any:
        if isinstance(now, dict) and isinstance(before, dict):
            return {key: cut(value, before[key]) for key, value in now.items() if key in before}
        if isinstance(now, list) and isinstance(before, list):
            return [cut(one, other) for one, other in zip(now, before, strict=True)]
        return now

    return _text(cut(now, before))


async def test_an_old_request_id_still_names_its_run(stored: Path) -> None:
    async with over(stored) as (services, _):
        for run_id, values in read(stored / "requests.json").items():
            request = json_format.ParseDict(values, runner_service_pb2.CreateRunRequest())
            assert (await services.runner.call("CreateRun", request)).run.run_id == run_id


async def test_a_deleted_result_stays_deleted(stored: Path) -> None:
    expected = read(stored / "expected.json")
    (deleted,) = (
        run_id
        for run_id, run in expected["run"].items()
        if run["state"] == "JOB_STATE_SUCCEEDED" and not run["verifies"] and run_id not in expected["results"]
    )
    async with over(stored) as (services, _):
        with pytest.raises(TickreelError, match="was deleted") as refusal:
            await services.results.call("GetResult", results_service_pb2.GetResultRequest(run_id=deleted))
        assert refusal.value.reason == "RESULT_DELETED"
        with pytest.raises(TickreelError) as refusal:
            await services.runner.call("VerifyRun", runner_service_pb2.VerifyRunRequest(run_id=deleted))
        assert refusal.value.reason == "RESULT_DELETED"


async def test_every_result_is_verified(stored: Path) -> None:
    expected = read(stored / "expected.json")
    recorded = {run_id: result["entry"]["result"]["metadata"]["result_digest"] for run_id, result in expected["result"].items()}
    async with over(stored) as (services, _):
        verifying = {}
        for run_id in recorded:
            run = (await services.runner.call("VerifyRun", runner_service_pb2.VerifyRunRequest(run_id=run_id))).run
            verifying[run_id] = run.run_id
        for run_id, again in verifying.items():
            run = (await services.watch(again))[-1]
            assert run.state == job_pb2.JOB_STATE_SUCCEEDED, f"{run_id}: {run.failure.message}"
            assert run.verification.verdict == verification_pb2.VERDICT_EQUAL, f"{run_id}: {run.verification}"
            assert run.verification.result_digest == recorded[run_id]
            # Raw files and config count as unchanged.
            assert {change.input for change in run.verification.inputs} <= {
                verification_pb2.RUN_INPUT_CODE,
                verification_pb2.RUN_INPUT_ENGINE,
            }


async def test_an_order_that_differs_is_found_by_the_marks_of_an_old_result(stored: Path) -> None:
    marks = next(path for path in sorted((stored / "results/fast").glob("*/marks.bin")) if path.stat().st_size)
    content = bytearray(marks.read_bytes())
    # The mark of order 7 has 8 bytes, after those of six other orders.
    content[8 * 6] ^= 1
    marks.write_bytes(content)
    async with over(stored) as (services, _):
        request = runner_service_pb2.VerifyRunRequest(run_id=marks.parent.name)
        verifying: runner_service_pb2.VerifyRunResponse = await services.runner.call("VerifyRun", request)
        run = (await services.watch(verifying.run.run_id))[-1]
    assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
    assert run.verification.verdict == verification_pb2.VERDICT_DIFFERENT
    assert (run.verification.divergence.order_id, run.verification.divergence.order.id) == (7, 7)
    assert run.verification.result_digest == run.verification.recorded_digest


async def test_the_commands_list_and_show_old_runs_and_results(stored: Path) -> None:
    expected = read(stored / "expected.json")
    async with over(stored) as (services, _):
        addresses = {
            "TICKREEL_RUNNER_ADDRESS": services.runner.address,
            "TICKREEL_RESULTS_ADDRESS": services.results.address,
        }
        terminal = Terminal(stored, addresses | {"COLUMNS": "300", "PATH": os.environ["PATH"]})

        async def output(*arguments: str) -> str:
            return (await asyncio.to_thread(terminal.call, *arguments)).out

        runs, results = await output("runs"), await output("results")
        assert all(run_id in runs for run_id in expected["runs"])
        assert all(run_id in results for run_id in expected["results"])
        for run_id, result in expected["result"].items():
            shown = await output("show", run_id)
            metadata = result["entry"]["result"]["metadata"]
            for text in (run_id, metadata["result_digest"], metadata["config_digest"], *result["entry"]["tags"]):
                assert text in shown
            assert result["entry"]["notes"] in shown
