"""A strategy of an installed package from the command line: its parameters, its runs, their logs, `tickreel watch`."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from e2e_folder import figures_of, write_config
from plug_in import EVERY_NTH, install_package
from terminal import Terminal

STRATEGY = {"name": "EveryNth", "submission_mode": "per_trade_tick", "orders": []}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A terminal with services up that have the package installed."""
    folder = tmp_path_factory.mktemp("plug-in")
    install_package(EVERY_NTH, folder / "site")
    Terminal(folder, {}).call("new-strategy", "EmaCross")
    install_package(folder / "ema-cross", folder / "site")
    # A package that needs another one.
    Terminal(folder, {}).call("new-strategy", "Broken")
    install_package(folder / "broken", folder / "site")
    (folder / "site/broken.py").write_text("import nowhere\n")
    path = os.pathsep.join(filter(None, [str(folder / "site"), os.environ.get("PYTHONPATH")]))
    terminal = Terminal(folder, {"PYTHONPATH": path})
    terminal.call("sample-data", "--rows", 2_000)
    for name, parameters in {
        "hundredth": {"n": 100},
        "sells": {"n": 1, "side": "sell"},
        "wrong": {"n": 0.5, "sides": 1},
    }.items():
        write_config(folder / f"{name}.json", strategy={**STRATEGY, "parameters": parameters})
    with terminal.up() as running:
        yield running.terminal


@pytest.fixture(scope="module")
def run_id(up: Terminal) -> str:
    """A finished run."""
    result = up.json("run", "--config", "hundredth.json", "--snapshot-mode", "trades")
    assert 0 < result["summary"]["orders"] == result["summary"]["trade_rows"] // 100
    return str(result["run_id"])


@contextmanager
def watching(up: Terminal, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run `tickreel watch` without a RUN. Enter the context once it watches, and press Ctrl-C on leaving."""
    process = up.start("watch", *arguments)
    try:
        assert process.stderr is not None
        assert process.stderr.readline() == "no run is queued or running; Ctrl-C exits\n"
        yield process
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=100)
        assert process.returncode == 130
    finally:
        process.kill()
        process.communicate()


def test_parameters_are_listed(up: Terminal) -> None:
    _, installed, built_in = up.json("strategies")["strategies"]
    assert installed["parameters_schema"]["properties"]["n"] == {
        "type": "integer", "minimum": 1, "description": "How many rows come to one order.",
    }  # fmt: skip
    assert built_in["parameters_schema"]["properties"] == {}
    lines = [" ".join(line.split()) for line in up.call("strategies").out.splitlines()]
    assert lines[-2:] == [
        "Cannot be used",
        "Broken: broken: importing it raised ModuleNotFoundError: No module named 'nowhere' (broken.py, line 1)",
    ]
    assert "parameter is default" in lines
    assert "n integer ≥ 1 required How many rows come to one order." in lines
    assert 'side buy | sell | both "both" The rows that count, by their aggressor.' in lines


def test_a_run_takes_the_parameters_and_records_their_defaults(up: Terminal, run_id: str) -> None:
    config = json.loads(Path(up.json("show", run_id)["metadata"]["outputs"]["config.json"]).read_text())
    assert config["strategy"]["parameters"] == {"n": 100, "side": "both"}
    result = up.json("run", "--config", "sells.json", "--snapshot-mode", "trades")
    assert 0 < result["summary"]["orders"] < result["summary"]["trade_rows"]


def test_the_package_of_new_strategy_runs(up: Terminal) -> None:
    entry, *_ = up.json("strategies")["strategies"]
    assert (entry["strategy_id"], entry["package"], entry["submission_modes"]) == ("EmaCross", "ema-cross", [])
    assert entry["description"].startswith("Holds a long position while a fast average of prices is above a slow one")
    fast = entry["parameters_schema"]["properties"]["fast"]
    assert fast == {"type": "integer", "default": 5, "description": "Number of bars of the fast average."}
    result = up.json("run", "--config", "ema-cross/config.json", "--snapshot-mode", "both")
    summary = result["summary"]
    # Each cross closes a position and opens another; the last one is closed when the strategy stops.
    assert summary["orders"] == summary["orders_filled"] > 2
    assert summary["final_position"] == "0.000"
    assert ": fast " in up.call("log", result["run_id"]).out


def test_each_invalid_parameter_is_refused_on_its_own_line(up: Terminal) -> None:
    refused = up.call("run", "--config", "wrong.json", "--snapshot-mode", "trades", code=2)
    assert "strategy.parameters.n: is the number 0.5; it must be a whole number, at least 1" in refused.err
    assert "strategy.parameters.sides: is not a parameter of the strategy; did you mean 'side'?" in refused.err


def test_the_log_of_a_run_is_printed(up: Terminal, run_id: str) -> None:
    line = "[PRINT] EveryNth-000: one order every 100 rows, side: both\n"
    shown = up.call("log", run_id)
    assert line in shown.out
    assert up.call("log", run_id, "--follow").out == shown.out
    assert up.json("log", run_id) == {"run_id": run_id, "log": shown.out}
    assert "NONE" in up.call("log", "NONE", code=2).err


def test_watch_prints_a_line_for_each_change_of_a_run(up: Terminal) -> None:
    with watching(up) as process, up.start("run", "--config", "sells.json", "--snapshot-mode", "trades") as running:
        assert process.stdout is not None
        lines: list[str] = []
        while not (lines and "succeeded" in lines[-1]):
            lines.append(process.stdout.readline())
            assert lines[-1], process.communicate()
        assert running.communicate(timeout=100)[0].split()[0] == lines[-1].split()[0]
    assert {line.split()[0] for line in lines} == {lines[0].split()[0]}
    assert " orders, pnl " in lines[-1]
    assert any("loading" in line or "replaying" in line or "starting" in line for line in lines)


def test_watch_prints_json_lines(up: Terminal) -> None:
    run = ("run", "--config", "hundredth.json", "--snapshot-mode", "trades", "--output", "json")
    with watching(up, "--output", "json") as process, up.start(*run) as running:
        assert process.stdout is not None
        entry: dict[str, Any] = {"state": ""}
        while entry["state"] != "JOB_STATE_SUCCEEDED":
            entry = json.loads(process.stdout.readline())
        result = json.loads(running.communicate(timeout=100)[0])
    assert entry["figures"] == figures_of(result)


def test_without_a_service_watch_and_log_tell_how_to_start_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    away = Terminal(tmp_path_factory.mktemp("away"), {})
    assert "tickreel up" in away.call("watch", "--address", "127.0.0.1:1", code=1).err
    assert "tickreel up" in away.call("log", "R", "--address", "127.0.0.1:1", code=1).err
