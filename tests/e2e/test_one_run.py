"""`tickreel convert` and `run` where no service is up: each starts what it needs and leaves nothing behind."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from e2e_folder import BTC, ROWS, write_config
from terminal import Terminal, processes_in

RUN = ("run", "--config", "btc.json", "--snapshot_mode", "trades", "--standalone")


@pytest.fixture(autouse=True)
def nothing_is_left(terminal: Terminal) -> None:
    yield
    assert processes_in(terminal.folder) == []
    assert list((terminal.folder / "tmp").iterdir()) == []


@pytest.fixture(scope="module")
def fast(terminal: Terminal) -> dict[str, Any]:
    """The result of a first run, converted on the way."""
    called = terminal.tickreel(*RUN, "--output", "json")
    assert "converting" in called.stderr
    assert "replaying" in called.stderr
    return json.loads(called.stdout)


def test_a_run_converts_replays_and_prints_its_result_alone(fast: dict[str, Any]) -> None:
    assert fast["mode"] == "fast"
    assert fast["summary"]["orders"] == fast["summary"]["fills"] == fast["summary"]["trade_rows"] == ROWS
    assert fast == json.loads(Path(fast["metadata"]["outputs"]["summary.json"]).read_text())


def test_what_is_converted_is_not_converted_again(terminal: Terminal, fast: dict[str, Any]) -> None:
    convert = ("convert", "--config", "btc.json", "--standalone")
    files = terminal.json(*convert)["files"]
    assert [file["cached"] for file in files] == [True, True]
    assert sum(file["rows"] for file in files) == ROWS
    assert "nothing was converted" in terminal.tickreel(*convert).stdout
    assert "nothing was converted" not in terminal.tickreel(*convert, "--force").stdout


def test_flags_say_what_to_convert_without_a_config(terminal: Terminal) -> None:
    window = ("--start", "2024-05-17T22:00:00Z", "--end", "2024-05-17T23:00:00Z")
    paths = {"UNIFIED_CLOUD_LOCAL_PATH": "data_downloads", "DATA_CATALOG_PATH": "elsewhere"}
    named = Terminal(terminal.folder, {**terminal.variables, **paths})
    (file,) = named.json("convert", "--instrument", f"{BTC}@LIN", *window, "--price-precision", 2, "--standalone")["files"]
    assert file["dataset"] == "day-2024-05-17"
    assert (file["price_precision"], file["size_precision"]) == (2, 3)
    assert (terminal.folder / "elsewhere" / file["path"]).is_file()


def test_a_full_run_leaves_every_output_and_finds_the_same(terminal: Terminal, fast: dict[str, Any]) -> None:
    shutil.rmtree(terminal.folder / "data/parquet")
    full = terminal.json(*RUN, "--full", "true")
    for digest in ("config_digest", "data_digest", "result_digest"):
        assert full["metadata"][digest] == fast["metadata"][digest]
    assert full["summary"] == fast["summary"]
    outputs = {name: Path(path) for name, path in full["metadata"]["outputs"].items()}
    orders = json.loads(outputs["orders.json"].read_text())
    timeline = json.loads(outputs["timeline.json"].read_text())
    ticks = json.loads(outputs["ticks.json"].read_text())
    assert len(orders) == len(ticks["ticks"]) == sum(event["event"] == "Order" for event in timeline) == ROWS
    assert pq.read_metadata(outputs["orders.parquet"]).num_rows == ROWS
    assert all(path.is_file() for path in outputs.values())


def test_flags_override_the_file_and_both_spellings_are_one(terminal: Terminal) -> None:
    window = ("--start", "2024-05-17T23:00:00Z", "--end", "2024-05-18T01:00:00.5Z")
    dashes = terminal.json(*RUN, *window, "--export-ticks", "true", "--full", "false", "--dataset", "day-2024-05-18")
    assert (dashes["start"], dashes["end"]) == ("2024-05-17T23:00:00Z", "2024-05-18T01:00:00.500Z")
    assert dashes["dataset"] == "day-2024-05-18"
    assert dashes["summary"]["first_ts"].startswith("2024-05-18T00:")
    assert Path(dashes["metadata"]["outputs"]["ticks.json"]).is_file()
    underscores = terminal.json(*RUN, "--export_ticks", "--instrument", f"{BTC}@LIN", "--validate_only")
    assert underscores["options"]["export_ticks"] is True


def test_the_report_is_for_people(terminal: Terminal) -> None:
    report = terminal.tickreel(*RUN).stdout
    for words in (
        "realized pnl",
        "max drawdown",
        "USDT",
        "Digests",
        "Findings",
        "Outputs",
        "data/backtest_results/fast/",
    ):
        assert words in report
    assert f"{ROWS:,}" in report


def test_validation_alone_runs_nothing(terminal: Terminal) -> None:
    before = sorted((terminal.folder / "data").rglob("*.json"))
    checked = terminal.json(*RUN, "--validate-only")
    assert checked["run_id"] == ""
    assert checked["config"]["instrument"]["settlement_currency"] == "USDT"
    # What a user may keep as a config of their own.
    (terminal.folder / "resolved.json").write_text(json.dumps(checked["config"]))
    again = terminal.json("run", "--config", "resolved.json", "--snapshot-mode", "trades", "--validate-only", "--standalone")
    assert again["config_digest"] == checked["config_digest"]
    assert sorted((terminal.folder / "data").rglob("*.json")) == before


def test_the_process_environment_wins_over_the_config(terminal: Terminal) -> None:
    elsewhere = Terminal(terminal.folder, {**terminal.variables, "DATA_CATALOG_PATH": str(terminal.folder / "other")})
    called = elsewhere.tickreel(*RUN, "--validate-only")
    assert "Nothing is wrong" in called.stdout
    convert = elsewhere.json("convert", "--config", "btc.json", "--standalone")
    assert all((terminal.folder / "other" / file["path"]).is_file() for file in convert["files"])


def test_a_variable_that_nobody_sets_is_named(terminal: Terminal) -> None:
    write_config(terminal.folder / "bare.json", environment=None)
    refused = terminal.tickreel("run", "--config", "bare.json", "--snapshot_mode", "trades", "--standalone", code=2)
    assert "UNIFIED_CLOUD_LOCAL_PATH: is set neither" in refused.stderr
    assert "DATA_CATALOG_PATH: is set neither" in refused.stderr
    assert refused.stdout == ""


def test_results_that_cannot_be_written_are_refused_before_the_run(terminal: Terminal) -> None:
    (terminal.folder / "in_the_way").write_text("")
    blocked = Terminal(terminal.folder, {**terminal.variables, "TICKREEL_RESULTS_PATH": "in_the_way/results"})
    assert "in_the_way" in blocked.tickreel(*RUN, code=2).stderr
