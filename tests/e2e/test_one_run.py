"""`tickreel convert`, `run` and `verify` without running services: each starts its own and leaves nothing behind."""

import io
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from e2e_folder import BTC, ROWS, write_config
from terminal import Terminal, processes_in, wait_until_empty

pytestmark = pytest.mark.usefixtures("measured_processes")
RUN = ("run", "--config", "btc.json", "--snapshot_mode", "trades", "--standalone")


@pytest.fixture(autouse=True)
def no_leftovers(terminal: Terminal) -> Iterator[None]:
    yield
    wait_until_empty(terminal.folder)
    assert list((terminal.folder / "tmp").iterdir()) == []


@pytest.fixture(scope="module")
def fast(terminal: Terminal) -> dict[str, Any]:
    """The result of the first run, which also converts the data."""
    called = terminal.run(*RUN, "--output", "json")
    assert "converting" in called.err
    assert "replaying" in called.err
    result: dict[str, Any] = json.loads(called.out)
    return result


def test_a_run_converts_replays_and_prints_only_its_result(fast: dict[str, Any]) -> None:
    assert fast["mode"] == "fast"
    assert fast["summary"]["orders"] == fast["summary"]["fills"] == fast["summary"]["trade_rows"] == ROWS
    assert fast == json.loads(Path(fast["metadata"]["outputs"]["summary.json"]).read_text())


def test_converted_files_are_converted_again_only_by_force(terminal: Terminal, fast: dict[str, Any]) -> None:
    assert "Nothing was converted" in terminal.run("convert", "--config", "btc.json", "--standalone").out
    files = terminal.json("convert", "--config", "btc.json", "--standalone", "--force")["files"]
    assert [file["cached"] for file in files] == [False, False]
    assert sum(file["rows"] for file in files) == ROWS


def test_a_full_run_writes_every_output_and_has_the_same_digests(terminal: Terminal, fast: dict[str, Any]) -> None:
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


def test_a_run_is_verified_by_services_started_for_the_command(terminal: Terminal, fast: dict[str, Any]) -> None:
    run_id = fast["run_id"]
    called = terminal.run("verify", run_id, "--standalone")
    assert called.out.startswith(f"{run_id}  equal\n")
    assert f"compared {ROWS:,} orders and {ROWS:,} fills" in called.out
    assert "replaying" in called.err
    summary = Path(fast["metadata"]["outputs"]["summary.json"])
    text = summary.read_text()
    summary.write_text(
        text.replace('"nautilus_trader 2', '"nautilus_trader 1').replace('"trade_rows": 3000', '"trade_rows": 2999')
    )
    report = terminal.run("verify", run_id, "--standalone", code=1).out
    summary.write_text(text)
    assert report.startswith(f"{run_id}  different\n")
    assert "engine has changed: nautilus_trader" in report
    assert ["trade_rows", "2999", "3000"] in [line.split() for line in report.splitlines()]


def test_verifying_an_unknown_run_is_refused(terminal: Terminal) -> None:
    assert "there is no result 'NO_SUCH_RUN'" in terminal.call("verify", "NO_SUCH_RUN", "--standalone", code=2).err


def test_flags_override_the_config_and_the_report_has_all_sections(terminal: Terminal) -> None:
    window = ("--start", "2024-05-17T23:00:00Z", "--end", "2024-05-18T01:00:00.5Z")
    report = terminal.run(*RUN, *window, "--export-ticks", "true", "--full", "false", "--dataset", "day-2024-05-18").out
    run_id = report.splitlines()[0]
    result = json.loads((terminal.folder / f"data/backtest_results/fast/{run_id}.json").read_text())
    assert (result["start"], result["end"]) == ("2024-05-17T23:00:00Z", "2024-05-18T01:00:00.500Z")
    assert result["dataset"] == "day-2024-05-18"
    assert result["summary"]["first_ts"].startswith("2024-05-18T00:")
    assert (terminal.folder / f"frontend/public/tickdata/{run_id}.json").is_file()
    for words in ("realized pnl", "max drawdown", "USDT", "Digests", "Findings", f"data/backtest_results/fast/{run_id}.json"):
        assert words in report
    assert f"{result['summary']['orders']:,}" in report


def test_validate_only_runs_nothing(terminal: Terminal, fast: dict[str, Any]) -> None:
    before = sorted((terminal.folder / "data").rglob("*.json"))
    # Flags take underscores or dashes, and a switch without a value is true.
    answer = terminal.json(*RUN, "--validate_only", "--export_ticks", "--instrument", f"{BTC}@LIN")
    checked, preview = answer["run"], answer["preview"]
    assert [file["cached"] for file in preview["files"]] == [True, True]
    assert (preview["trade_rows"], preview["book_rows"], preview["rows_estimated"]) == (ROWS, 0, False)
    assert checked["run_id"] == ""
    assert checked["options"]["export_ticks"] is True
    assert checked["config"]["instrument"]["settlement_currency"] == "USDT"
    # The resolved config is a valid config, too.
    (terminal.folder / "resolved.json").write_text(json.dumps(checked["config"]))
    again = terminal.call("run", "--config", "resolved.json", "--snapshot-mode", "trades", "--validate-only", "--standalone")
    assert "The config and the data are valid" in again.out
    assert checked["config_digest"] in again.out
    assert sorted((terminal.folder / "data").rglob("*.json")) == before


def test_a_config_is_read_from_standard_input(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    piped = io.TextIOWrapper(io.BytesIO((terminal.folder / "btc.json").read_bytes()))
    monkeypatch.setattr("sys.stdin", piped)
    answer = terminal.json("run", "--config", "-", *RUN[3:], "--validate-only")
    assert answer["run"]["options"]["config_path"] == "(inline)"
    assert answer["run"]["config_digest"] == terminal.json(*RUN, "--validate-only")["run"]["config_digest"]


def test_flags_and_the_environment_override_the_config_of_a_conversion(terminal: Terminal) -> None:
    elsewhere = Terminal(terminal.folder, {**terminal.variables, "DATA_CATALOG_PATH": "elsewhere"})
    flags = ("--end", "2024-05-17T23:00:00Z", "--price-precision", 2)
    (file,) = elsewhere.json("convert", "--config", "btc.json", *flags, "--standalone")["files"]
    assert file["dataset"] == "day-2024-05-17"
    assert (file["price_precision"], file["size_precision"]) == (2, 3)
    assert (terminal.folder / "elsewhere" / file["path"]).is_file()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((), "give --instrument"),
        (("--instrument", f"{BTC}@LIN"), "--start is missing"),
        (("--config", "btc.json", "--start", "yesterday"), "is not a time with a zone"),
        (("--config", "mistyped.json"), "--config: "),
        (
            ("--instrument", f"{BTC}@LIN", "--start", "2024-05-17T22:00:00Z", "--end", "2024-05-17T23:00:00Z"),
            "DATA_CATALOG_PATH",
        ),
    ],
)
def test_a_conversion_without_instrument_window_or_folder_is_refused(
    terminal: Terminal, flags: tuple[str, ...], words: str
) -> None:
    write_config(terminal.folder / "mistyped.json", instrument="BTC", environment=None)
    assert words in terminal.call("convert", "--standalone", *flags, code=2).err


def test_unset_variables_are_named(terminal: Terminal) -> None:
    write_config(terminal.folder / "bare.json", environment=None)
    refused = terminal.call("run", "--config", "bare.json", "--snapshot_mode", "trades", "--standalone", code=2)
    assert "UNIFIED_CLOUD_LOCAL_PATH: is set neither" in refused.err
    assert "DATA_CATALOG_PATH: is set neither" in refused.err
    assert refused.out == ""


def test_unwritable_results_are_refused_before_the_run(terminal: Terminal) -> None:
    (terminal.folder / "in_the_way").write_text("")
    blocked = Terminal(terminal.folder, {**terminal.variables, "TICKREEL_RESULTS_PATH": "in_the_way/results"})
    assert "in_the_way" in blocked.call(*RUN, code=2).err


def test_the_death_of_a_service_ends_the_run_and_is_reported(terminal: Terminal) -> None:
    running = terminal.start(*RUN)
    assert running.stderr is not None
    for line in running.stderr:
        if line.startswith(("loading", "replaying", "converting", "starting")):
            break
    (runner,) = [pid for pid, command in processes_in(terminal.folder).items() if command.endswith("tickreel.runner")]
    os.kill(runner, signal.SIGKILL)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "the runner service was killed by signal 9" in err
