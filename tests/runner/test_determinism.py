"""A verification finds strategies that depend on the clock, on unseeded randomness, or on the order of sets."""

import copy
from pathlib import Path
from typing import Any

import pytest

from plug_in import DRIFTER, install_here
from recordings import BTC, DAY, RawFolder, trades
from run_configs import run_config
from stack import Stack, stack
from tickreel.v1 import job_pb2, result_pb2, runner_service_pb2, verification_pb2
from tickreel.v1.verification_pb2 import Verification


def config(source: str) -> dict[str, Any]:
    """Return a config of the strategy."""
    document = copy.deepcopy(run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z"))
    document["strategy"] = {"name": "Drifter", "parameters": {"source": source}}
    document["seed"] = 7
    return document


async def verified(services: Stack, source: str) -> Verification:
    """Return the verification of a run."""
    run = await services.finish(config(source))
    assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
    made = (await services.runner.call("VerifyRun", runner_service_pb2.VerifyRunRequest(run_id=run.run_id))).run
    ended = (await services.watch(made.run_id))[-1]
    assert ended.state == job_pb2.JOB_STATE_SUCCEEDED, ended.failure.message
    return ended.verification


async def test_a_verification_names_the_calls_of_a_strategy_that_cannot_be_repeated(
    raw: RawFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw.write(trades(100))
    install_here(DRIFTER, tmp_path / "site", monkeypatch)
    # Each process must draw a hash seed of its own.
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    async with stack(tmp_path) as services:
        found = {source: await verified(services, source) for source in ("seeded", "hidden", "drawn", "ordered")}
    source = DRIFTER / "drifter.py"
    lines = source.read_text().splitlines()

    def at(text: str, called: str, function: str, count: int = 100) -> str:
        (line,) = [number for number, content in enumerate(lines, 1) if text in content]
        return f"{called} at drifter.py:{line} in {function}" + (f", {count} times" if count > 1 else "")

    def messages(of: str) -> dict[str, str]:
        assert all(finding.severity == result_pb2.SEVERITY_WARNING for finding in found[of].findings)
        return {finding.code: finding.message.partition(": ")[2] for finding in found[of].findings}

    started = at("STARTED =", "time.time", "<module>", 1)
    equal, different = verification_pb2.VERDICT_EQUAL, verification_pb2.VERDICT_DIFFERENT
    assert {source: one.verdict for source, one in found.items()} == {
        "seeded": equal, "hidden": equal, "drawn": different, "ordered": different,
    }  # fmt: skip
    assert messages("seeded") == {"CLOCK_READ": started}
    assert messages("hidden") == {
        "CLOCK_READ": f"{started}; {at('.now(', 'datetime.now', 'Drifter.hidden')}",
        "UNSEEDED_RANDOMNESS": at("uuid.uuid4", "uuid.uuid4", "Drifter.hidden"),
    }
    drawn = messages("drawn")
    assert drawn.keys() == {"CLOCK_READ", "UNSEEDED_RANDOMNESS", "DIFFERS_WITHOUT_CHANGE"}
    assert drawn["UNSEEDED_RANDOMNESS"] == "; ".join(
        at("randint(0", called, "Drifter.drawn") for called in ("random.randint", "numpy.random.default_rng")
    )
    assert messages("ordered").keys() == {"CLOCK_READ", "DIFFERS_WITHOUT_CHANGE"}
    cause = found["ordered"].findings[-1].message
    assert "the package drifter" in cause
    assert "the order of a set of strings" in cause
