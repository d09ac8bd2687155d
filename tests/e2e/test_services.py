"""The commands against running services: runs, lists, and Ctrl-C."""

import json
import signal
import subprocess
from collections.abc import Iterator

import pytest

from e2e_folder import BTC, figures_of, write_config
from terminal import Terminal, send_to_runs

RUN = ("run", "--config", "configs/btc.json", "--snapshot_mode", "trades")
ENGINE_ID = "BTC-USDT-PERP.SAMPLE-FUTURES"
# Enough rows that a run is still replaying when it is suspended.
MANY_ROWS = 150_000


@pytest.fixture(scope="module")
def up(terminal: Terminal) -> Iterator[Terminal]:
    """A terminal with services up, and enough raw data to interrupt a run."""
    terminal.call("sample-data", "--rows", MANY_ROWS)
    (terminal.folder / "configs").mkdir()
    short = {"start": "2024-05-17T23:59:00Z", "end": "2024-05-18T00:01:00Z"}
    write_config(terminal.folder / "configs/btc.json", time_window=short)
    write_config(terminal.folder / "configs/long.json")
    write_config(terminal.folder / "configs/wrong.json", venue__name="ELSEWHERE")
    with terminal.up() as running:
        yield running.terminal


@pytest.fixture
def long_run(up: Terminal) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A replaying run, suspended so that it does not end by itself: its command and its id."""
    process = up.start("run", "--config", "configs/long.json", "--snapshot-mode", "trades")
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("replaying"):
                break
        send_to_runs(up.folder, signal.SIGSTOP)
        (run_id,) = [run["run_id"] for run in up.json("runs")["runs"] if run["state"] == "JOB_STATE_RUNNING"]
        yield process, run_id
    finally:
        send_to_runs(up.folder, signal.SIGCONT)
        process.kill()
        process.communicate()


def state_of(up: Terminal, run_id: str) -> str:
    return str(next(run["state"] for run in up.json("runs")["runs"] if run["run_id"] == run_id))


def test_empty_lists_name_the_next_command(up: Terminal) -> None:
    assert "tickreel run --config" in up.call("runs").out
    assert "tickreel run --config" in up.call("results").out
    assert "tickreel convert" in up.call("instruments").out
    assert up.json("runs") == {"runs": []}
    assert up.json("instruments") == {"instruments": []}
    assert up.json("results") == {"results": []}


def test_a_run_is_listed_and_shown(up: Terminal) -> None:
    up.call(*RUN)
    result = json.loads(up.run(*RUN, "--output", "json").out)
    run_id = result["run_id"]
    assert result["summary"]["orders"] > 0
    assert up.json("show", run_id) == result
    assert up.json("watch", run_id) == result
    listed = up.json("results")["results"][0]
    assert (listed["mode"], listed["snapshot_mode"]) == (result["mode"], result["metadata"]["snapshot_mode"])
    assert listed["figures"] == figures_of(result)
    (run,) = [run for run in up.json("runs")["runs"] if run["run_id"] == run_id]
    assert (run["state"], run["figures"]) == ("JOB_STATE_SUCCEEDED", figures_of(result))
    for words in (["runs"], ["results"], ["show", run_id], ["watch", run_id]):
        assert run_id in up.call(*words).out
    # Newest first, up to the limit.
    assert [entry["run_id"] for entry in up.json("results", "--limit", 1)["results"]] == [run_id]
    for command in ("runs", "results"):
        assert len(up.json(command, "--filter", f"run_id = {run_id}", "--order_by", "created_at")[command]) == 1
        assert "matches the filter run_id = nobody" in up.call(command, "--filter", "run_id = nobody").out
        assert "'prize' is not a field" in up.call(command, "--filter", "prize = 3", code=2).err
    assert "--limit" in up.call("runs", "--limit", 1).err
    assert "has already ended" in up.call("cancel", run_id, code=2).err


def test_datasets_and_their_files(up: Terminal) -> None:
    days = up.json("datasets")["datasets"]
    assert [day["dataset_id"] for day in days] == ["day-2024-05-18", "day-2024-05-17"]
    files = [file for day in days for file in up.json("datasets", day["dataset_id"])["files"]]
    assert sum(day["rows"] for day in days) == sum(file["rows"] for file in files)
    trades = [file for file in files if file["data_type"] == "DATA_TYPE_TRADES"]
    # Two perpetuals, and a spot pair with a sixth of their rows.
    assert sum(file["rows"] for file in trades) == 2 * MANY_ROWS + MANY_ROWS // 6
    assert "day-2024-05-18" in up.call("datasets").out
    assert "SAMPLE-FUTURES:PERPETUAL:ETH-USDT" in up.call("datasets", "day-2024-05-17").out


def test_configs_and_their_mistakes(up: Terminal) -> None:
    configs = {config["config_id"]: config for config in up.json("configs")["configs"]}
    assert set(configs) == {"btc", "long", "wrong"}
    assert not configs["btc"]["violations"]
    assert "venue.name" in {violation["field"] for violation in configs["wrong"]["violations"]}
    assert "venue.name: is 'ELSEWHERE'" in up.call("configs").out
    assert json.loads(up.call("configs", "btc").out)["venue"]["name"] == "SAMPLE-FUTURES"
    assert json.loads(up.json("configs", "btc")["text"]) == json.loads((up.folder / "configs/btc.json").read_text())


def test_a_conversion_through_the_converter(up: Terminal) -> None:
    files = up.json("convert", "--config", "configs/btc.json")["files"]
    assert sum(file["rows"] for file in files) == MANY_ROWS


def test_instruments_and_their_coverage(up: Terminal) -> None:
    up.call("convert", "--config", "configs/btc.json", "--data-types", "both")
    (entry,) = up.json("instruments")["instruments"]
    assert (entry["instrument_id"], entry["raw_name"], entry["files"]) == (ENGINE_ID, BTC, 4)
    assert entry["data_types"] == ["DATA_TYPE_TRADES", "DATA_TYPE_BOOK_SNAPSHOT_5"]
    assert entry["decimals"] == [{"price_precision": 1, "size_precision": 3}]
    intervals = up.json("instruments", ENGINE_ID)["intervals"]
    assert sum(interval["rows"] for interval in intervals) == entry["rows"]
    assert [interval["data_type"] for interval in intervals] == [kind for kind in entry["data_types"] for _ in range(2)]
    assert {interval["freshness"] for interval in intervals} == {"FRESHNESS_FRESH"}
    listed = up.call("instruments").out
    assert all(words in listed for words in (ENGINE_ID, BTC, "book_snapshot_5", "1 / 3"))
    for name in (ENGINE_ID, f"{BTC}@LIN", BTC):
        lines = up.call("instruments", name).out.splitlines()
        assert len(lines) == 5
        assert all("fresh" in line and "day-2024-05-1" in line for line in lines[1:])


def test_strategies_and_their_descriptions(up: Terminal) -> None:
    (entry,) = [entry for entry in up.json("strategies")["strategies"] if entry["strategy_id"] == "TempBacktestStrategy"]
    assert (entry["package"], "per_trade_tick" in entry["submission_modes"]) == ("tickreel", True)
    listed = up.call("strategies").out
    assert "TempBacktestStrategy" in listed
    assert " ".join(listed.split()).endswith(entry["description"])


def test_ctrl_c_cancels_the_run_on_the_server(up: Terminal, long_run: tuple[subprocess.Popen[str], str]) -> None:
    process, run_id = long_run
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=100)
    assert process.returncode == 130
    assert out == ""
    assert f"run {run_id} was cancelled" in err
    assert state_of(up, run_id) == "JOB_STATE_CANCELLED"
    assert up.call("watch", run_id, code=130).out == ""


def test_a_run_goes_on_without_its_watcher_until_it_is_cancelled(
    up: Terminal, long_run: tuple[subprocess.Popen[str], str]
) -> None:
    process, run_id = long_run
    watcher = up.start("watch", run_id)
    assert watcher.stderr is not None
    watcher.stderr.readline()
    watcher.send_signal(signal.SIGINT)
    watcher.communicate(timeout=100)
    assert watcher.returncode == 130
    assert state_of(up, run_id) == "JOB_STATE_RUNNING"
    assert up.json("cancel", run_id)["state"] == "JOB_STATE_CANCELLED"
    _, err = process.communicate(timeout=100)
    assert process.returncode == 130
    assert f"run {run_id} was cancelled" in err
    assert "is cancelled" in up.call("cancel", run_id).out
