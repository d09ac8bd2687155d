"""Strategies of installed packages are listed with their parameters, checked and replayed. A config can load no other code."""

import copy
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from plug_in import EVERY_NTH, install_here
from recordings import BTC, DAY, RawFolder, trades
from run_configs import run_config
from small_catalog import instrument
from stack import Stack, stack
from tickreel.engine.construction import constructed
from tickreel.engine.strategy import ReplayStrategy
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.json_struct import values_of
from tickreel.runner.config.strategy_registry import installed_strategies
from tickreel.v1 import job_pb2, run_config_pb2, run_pb2, runner_service_pb2, verification_pb2

ROWS = 500


@pytest.fixture
def folder(raw: RawFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployment with the package in its environment and in the environment of its run processes."""
    raw.write(trades(ROWS))
    install_here(EVERY_NTH, tmp_path / "site", monkeypatch)
    return tmp_path


def config(parameters: object = None, name: str = "EveryNth") -> dict[str, Any]:
    """Return a config of the strategy."""
    document = copy.deepcopy(run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z"))
    document["strategy"]["name"] = name
    if parameters is not None:
        document["strategy"]["parameters"] = parameters
    return document


async def refused(services: Stack, document: Mapping[str, Any]) -> dict[str, str]:
    with pytest.raises(TickreelError) as refusal:
        await services.create(document)
    assert refusal.value.reason == "CONFIG_INVALID"
    return {violation.field: violation.description for violation in refusal.value.violations}


async def test_the_strategy_is_listed_with_its_schema(folder: Path) -> None:
    async with stack(folder) as services:
        listed = await services.runner.call("ListStrategies", runner_service_pb2.ListStrategiesRequest())
    mine, ours = listed.strategies
    assert (mine.strategy_id, mine.package, mine.description) == (
        "EveryNth", "every-nth", "Submits one order for every nth trade row of the chosen sides. The order copies the row.",
    )  # fmt: skip
    assert values_of(mine.parameters_schema) == values_of(installed_strategies()["EveryNth"].parameters.message)
    assert values_of(ours.parameters_schema) == {"type": "object", "properties": {}, "additionalProperties": False}


async def test_the_strategy_is_replayed_with_its_parameters(folder: Path) -> None:
    async with stack(folder) as services:
        every = await services.finish(config({"n": 1}))
        seventh = await services.finish(config({"n": 7.0}))
        sells = await services.finish(config({"n": 7, "side": "sell"}), "full")
        again = await services.finish(config({"n": 7, "side": "both"}))
    assert [run.failure.message for run in (every, seventh, sells, again) if run.state != job_pb2.JOB_STATE_SUCCEEDED] == []
    assert [run.result.summary.orders for run in (every, seventh, sells)] == [ROWS, ROWS // 7, ROWS // 2 // 7]
    assert all(run.result.summary.fills == run.result.summary.orders for run in (every, seventh, sells))
    # An omitted parameter and its default give the same config and the same digests.
    assert values_of(seventh.config.strategy.parameters) == {"n": 7, "side": "both"}
    assert seventh.config == again.config
    assert seventh.config_digest == again.config_digest
    assert seventh.result.metadata.result_digest == again.result.metadata.result_digest
    assert len({run.config_digest for run in (every, seventh, sells)}) == 3


async def test_a_verification_names_the_package_if_its_code_has_changed(folder: Path) -> None:
    async with stack(folder) as services:
        run = await services.finish(config({"n": 7}))
        assert [package.name for package in run.result.metadata.code] == ["tickreel", "every-nth"]
        with (folder / "site/every_nth.py").open("a") as module:
            module.write("# changed\n")
        made = (await services.runner.call("VerifyRun", runner_service_pb2.VerifyRunRequest(run_id=run.run_id))).run
        found = (await services.watch(made.run_id))[-1].verification
    assert found.verdict == verification_pb2.VERDICT_EQUAL
    assert [(change.input, change.name) for change in found.inputs] == [(verification_pb2.RUN_INPUT_CODE, "every-nth")]


async def test_a_typed_config_accepts_parameters_too(folder: Path) -> None:
    async with stack(folder) as services:
        resolved = await services.create(config({"n": 7}), validate_only=True)
        typed = run_config_pb2.RunConfig()
        typed.CopyFrom(resolved.config)
        request = runner_service_pb2.CreateRunRequest(
            config=typed, options=run_pb2.RunOptions(snapshot_mode="SNAPSHOT_MODE_TRADES"), validate_only=True
        )
        same = (await services.runner.call("CreateRun", request)).run
        request.config.strategy.parameters["n"] = float("inf")
        with pytest.raises(TickreelError) as refusal:
            await services.runner.call("CreateRun", request)
    assert same.config_digest == resolved.config_digest
    assert [violation.field for violation in refusal.value.violations] == ["strategy.parameters.n"]


async def test_violations_of_the_schema_are_reported_with_all_others(folder: Path) -> None:
    async with stack(folder) as services:
        assert await refused(services, config()) == {
            "strategy.parameters.n": "is missing; it must be a whole number, at least 1"
        }
        wrong = config({"n": 0, "side": "up", "sides": "buy"})
        wrong["risk"] = None
        assert await refused(services, wrong) == {
            "risk": "is null; it must be an object with keys",
            "strategy.parameters.n": "is the number 0; it must be a whole number, at least 1",
            "strategy.parameters.side": "is the string 'up'; it must be buy or sell or both",
            "strategy.parameters.sides": "is not a parameter of the strategy; known here: n, side",
        }
        assert await refused(services, config([1])) == {"strategy.parameters": "is a list; it must be an object with keys"}
        ours = config({"n": 2}, "TempBacktestStrategy")
        assert await refused(services, ours) == {"strategy.parameters.n": "is not a parameter of the strategy; it has none"}
        listed = await services.runner.call("ListRuns", runner_service_pb2.ListRunsRequest())
    assert not listed.runs
    assert not list((folder / "parquet").rglob("*.parquet"))


async def test_no_parameters_and_an_empty_object_are_equal(folder: Path) -> None:
    async with stack(folder) as services:
        one = await services.create(config(None, "TempBacktestStrategy"), validate_only=True)
        other = await services.create(config({}, "TempBacktestStrategy"), validate_only=True)
    assert one.config_digest == other.config_digest
    assert not other.config.strategy.HasField("parameters")


@pytest.mark.parametrize("name", ["bystander:Strategy", "bystander", "every_nth:EveryNth", "os.system", "../bystander.py"])
async def test_a_path_in_a_config_is_never_imported(folder: Path, name: str) -> None:
    (folder / "site/bystander.py").write_text("raise SystemExit('imported')\n")
    async with stack(folder) as services:
        found = await refused(services, config({"n": 1}, name))
    assert list(found) == ["strategy.name"]
    assert "which is not registered" in found["strategy.name"]
    assert "bystander" not in sys.modules


def test_a_strategy_instance_has_its_parameters(folder: Path) -> None:
    resolved = run_config_pb2.RunConfig()
    resolved.strategy.parameters.update({"n": 7, "side": "both"})
    strategy = constructed(installed_strategies()["EveryNth"].strategy, instrument(), resolved)
    assert isinstance(strategy, ReplayStrategy)
    assert strategy.parameters == {"n": 7, "side": "both"}
    assert isinstance(strategy.parameters["n"], int)


def test_a_schema_with_unsupported_keywords_is_refused_with_its_package(folder: Path) -> None:
    module = folder / "site/every_nth.py"
    module.write_text(module.read_text().replace('"minimum"', '"multipleOf"'))
    assert "every-nth: parameters_schema.properties.n.multipleOf is not supported" in installed_strategies().refused["EveryNth"]
