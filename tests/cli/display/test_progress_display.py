"""Progress bars fit a narrow terminal, and a log gets few lines."""

import re
from io import StringIO

import pytest
from rich.console import Console

from tickreel.cli.display import progress_display, screen
from tickreel.jobs.job import RUNNING, SUCCEEDED
from tickreel.v1 import job_pb2, run_pb2

PHASES = (job_pb2.JOB_PHASE_CONVERTING, job_pb2.JOB_PHASE_LOADING, job_pb2.JOB_PHASE_REPLAYING, job_pb2.JOB_PHASE_WRITING)


def running(phase: job_pb2.JobPhase, done: int, total: int, unit: str = "rows") -> run_pb2.Run:
    run = run_pb2.Run(run_id="R", state=RUNNING)
    run.progress.phase, run.progress.done, run.progress.total, run.progress.unit = phase, done, total, unit
    run.progress.rate = 1_141_200.4
    run.progress.eta.FromMilliseconds(7_400)
    if phase == job_pb2.JOB_PHASE_REPLAYING:
        run.progress.ts_event.FromJsonString("2024-05-17T23:59:58.5Z")
    return run


@pytest.mark.parametrize("width", [80, 120])
def test_bars_fit_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    terminal = StringIO()
    console = Console(file=terminal, width=width, force_terminal=True, color_system=None, markup=False)
    monkeypatch.setattr(screen, "err", console)
    with progress_display.display() as shown:
        for phase in PHASES:
            shown.show(running(phase, 12_400_000, 40_000_000))
        shown.note("the connection is lost")
        shown.note("the connection is lost")
        shown.show(running(job_pb2.JOB_PHASE_WRITING, 3, 8, "outputs"))
        shown.show(run_pb2.Run(run_id="R", state=SUCCEEDED))
    printed = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue()).replace("\r", "\n")
    lines = [line.rstrip() for line in printed.splitlines()]
    assert max(map(len, lines)) <= width
    assert printed.count("the connection is lost") == 1
    replaying = next(line for line in lines if "23:59:58" in line)
    assert "12,400,000 / 40,000,000 rows" in replaying
    assert "1,141,200/s" in replaying
    assert any("40,000,000 / 40,000,000 rows" in line for line in lines)
    assert any("8 / 8 outputs" in line for line in lines)


def test_a_log_gets_one_line_per_phase_and_none_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_display.Lines() as shown:
        shown.show(run_pb2.Run(run_id="R", state=job_pb2.JOB_STATE_QUEUED))
        for phase in PHASES:
            for done in range(10):
                shown.show(running(phase, done, 9))
        shown.note("the connection is lost")
        shown.note("the connection is lost")
        shown.show(run_pb2.Run(run_id="R", state=SUCCEEDED))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "queued",
        "converting: 0 / 9 rows, 1,141,200/s, 7.4 s left",
        "loading: 0 / 9 rows, 1,141,200/s, 7.4 s left",
        "replaying: 0 / 9 rows, 1,141,200/s, 7.4 s left, at 2024-05-17 23:59:58",
        "writing: 0 / 9 rows, 1,141,200/s, 7.4 s left",
        "the connection is lost",
    ]
