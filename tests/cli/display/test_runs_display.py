"""Live runs as a table that fits the terminal, as plain lines, and as JSON lines."""

import json
import re
from io import StringIO

import pytest
from rich.console import Console

from tickreel.cli.display import runs_display, screen
from tickreel.jobs.job import FAILED, QUEUED, RUNNING, SUCCEEDED
from tickreel.v1 import job_pb2, run_pb2, verification_pb2


def running(run_id: str, done: int = 1_000, phase: job_pb2.JobPhase = job_pb2.JOB_PHASE_REPLAYING) -> run_pb2.RunEntry:
    run = run_pb2.RunEntry(run_id=run_id, state=RUNNING)
    run.progress.phase, run.progress.done, run.progress.total, run.progress.unit = phase, done, 40_000_000, "rows"
    run.progress.rate = 1_141_200.4
    run.progress.eta.FromMilliseconds(7_400)
    return run


def queued(run_id: str, position: int) -> run_pb2.RunEntry:
    return run_pb2.RunEntry(run_id=run_id, state=QUEUED, queue_position=position)


def succeeded(run_id: str) -> run_pb2.RunEntry:
    run = run_pb2.RunEntry(run_id=run_id, state=SUCCEEDED)
    run.started_at.FromSeconds(1_700_000_000)
    run.ended_at.FromSeconds(1_700_000_012)
    run.figures.orders, run.figures.pnl, run.figures.currency = 12_345, "-1234.50000000", "USDT"
    return run


def verified(run_id: str) -> run_pb2.RunEntry:
    run = run_pb2.RunEntry(run_id=run_id, state=SUCCEEDED, verified_run_id="A")
    run.verdict = verification_pb2.VERDICT_DIFFERENT
    return run


def failed(run_id: str) -> run_pb2.RunEntry:
    run = run_pb2.RunEntry(run_id=run_id, state=FAILED)
    run.failure.reason, run.failure.message = "WORKER_DIED", "the process ended; the last lines of its log:\nfirst\nsecond"
    return run


@pytest.mark.parametrize("width", [60, 120])
def test_the_table_fits_the_terminal_and_outcomes_stay_above_it(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    terminal = StringIO()
    monkeypatch.setattr(screen, "out", Console(
        file=terminal, width=width, height=8, force_terminal=True, color_system=None, markup=False
    ))  # fmt: skip
    with runs_display.runs_display("table") as shown:
        shown.show([])
        shown.show([running("A"), *(queued(f"Q{position}", position) for position in range(1, 21)), running("B")])
        shown.show([succeeded("A"), failed("B")])
        shown.note("the connection is lost")
        shown.show([running("C")])
    printed = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue()).replace("\r", "\n")
    lines = [line.rstrip() for line in printed.splitlines()]
    assert "no run is queued or running; Ctrl-C exits" in lines[0]
    first = lines.index(next(line for line in lines if line.startswith("A ")))
    assert [line.split()[0] for line in lines[first : first + 7]] == ["A", "B", "Q1", "Q2", "Q3", "Q4", "and"]
    assert lines[first + 6] == "and 16 more"
    assert "queued: position 3" in printed
    assert any(line.startswith("A  succeeded: 12,345 orders, pnl -1,234.50000000 USDT") for line in lines)
    assert any(line.startswith("B  failed WORKER_DIED: the process ended") for line in lines)
    assert "first\n" not in printed
    assert printed.count("the connection is lost") == 1
    assert "Q1" not in printed.partition("the connection is lost")[2]
    assert max(len(line) for line in lines if "replaying" in line or "queued" in line) <= width


def test_a_log_gets_one_line_per_phase_and_one_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with runs_display.RunLines() as shown:
        shown.show([queued("A", 1), queued("B", 2)])
        for done in range(10):
            shown.show([running("A", done), running("B", done, job_pb2.JOB_PHASE_LOADING)])
        shown.note("the connection is lost")
        shown.show([running("B")])
        shown.show([succeeded("A"), failed("B"), verified("C")])
    printed = capsys.readouterr()
    assert printed.err == "the connection is lost\n"
    assert printed.out.splitlines() == [
        "A  queued: position 1",
        "B  queued: position 2",
        "A  replaying: 0 / 40,000,000 rows, 1,141,200/s, 7.4 s left",
        "B  loading: 0 / 40,000,000 rows, 1,141,200/s, 7.4 s left",
        "B  replaying: 1,000 / 40,000,000 rows, 1,141,200/s, 7.4 s left",
        "A  succeeded: 12,345 orders, pnl -1,234.50000000 USDT, took 12.0 s",
        "B  failed WORKER_DIED: the process ended; the last lines of its log:",
        "C  succeeded: A is different",
    ]


def test_a_program_gets_one_json_object_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    with runs_display.runs_display("json") as shown:
        shown.show([])
        shown.show([])
        shown.show([running("A"), succeeded("B")])
        shown.note("the connection is lost")
    printed = capsys.readouterr()
    first, second = (json.loads(line) for line in printed.out.splitlines())
    assert (first["run_id"], first["progress"]["done"]) == ("A", 1_000)
    assert second["figures"]["pnl"] == "-1234.50000000"
    assert printed.err.splitlines() == ["no run is queued or running; Ctrl-C exits", "the connection is lost"]
