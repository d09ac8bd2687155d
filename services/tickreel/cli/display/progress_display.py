"""Progress of a watched job on standard error: one bar per phase in a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID
from rich.table import Column
from rich.text import Text

from tickreel.cli.display import formatting, screen
from tickreel.jobs.job import CANCELLING, FINAL, QUEUED, RUNNING, Job
from tickreel.v1 import job_pb2

# Seconds between two lines of one phase.
LINE_SECONDS = 3.0

_NO_PHASE = {QUEUED: "queued", RUNNING: "starting", CANCELLING: "cancelling"}


class Display(Protocol):
    """Display of a watched job while the context is open."""

    def show(self, job: Job) -> None:
        """Show the current state of the job."""

    def note(self, text: str) -> None:
        """Show a message about the watch itself. A repetition is ignored until the next `show`."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def display() -> Display:
    """Return bars if standard error is a terminal, else lines."""
    return Bars() if screen.err.is_terminal else Lines()


def progress_line(job: Job) -> str:
    """Format the phase and progress of a job: `replaying: 1,000 / 5,000 rows, 900/s, 4.4 s left`."""
    progress = job.progress
    parts = [_counts_text(progress), _rate_text(progress)]
    if progress.HasField("eta"):
        parts.append(f"{formatting.seconds(progress.eta.ToMilliseconds() / 1000)} left")
    if progress.HasField("ts_event"):
        parts.append(f"at {formatting.instant(progress.ts_event)}")
    phase = _phase_name(progress.phase) if progress.phase else _NO_PHASE.get(job.state, "")
    if job.state == QUEUED and job.queue_position:
        parts.append(f"position {job.queue_position}")
    return f"{phase}: {', '.join(filter(None, parts))}" if any(parts) else phase


class Bars:
    """One progress bar per phase. The bars of finished phases stay."""

    def __init__(self) -> None:
        self._progress = Progress(
            _Cell(_phase, 10),
            BarColumn(bar_width=None, table_column=Column(ratio=1, max_width=36)),
            _Cell(_counts, 23, right=True),
            _Cell(_rate, 10, right=True),
            _Cell(_time_left, 7, right=True),
            _Cell(_simulated, 14),
            console=screen.err,
            expand=False,
        )
        self._phases: dict[job_pb2.JobPhase, TaskID] = {}
        self._note = ""

    def show(self, job: Job) -> None:
        """Move the bar of the job's phase, and complete the bars of earlier phases."""
        self._note = ""
        progress = job.progress
        if job.state == job_pb2.JOB_STATE_SUCCEEDED:
            self._complete(self._phases)
        elif progress.phase:
            # A bar without a total pulses.
            done, total = progress.done, progress.total or None
            if progress.phase in self._phases:
                task_id = self._phases[progress.phase]
                self._progress.update(task_id, completed=done, total=total, progress=progress, refresh=True)
            else:
                self._complete(self._phases)
                self._phases[progress.phase] = self._progress.add_task("", completed=done, total=total, progress=progress)

    def note(self, text: str) -> None:
        """Print a line above the bars."""
        if text != self._note:
            self._note = text
            self._progress.console.print(Text(text, style="yellow"))

    def _complete(self, phases: dict[job_pb2.JobPhase, TaskID]) -> None:
        for task_id in phases.values():
            task = next(task for task in self._progress.tasks if task.id == task_id)
            if not task.finished:
                total = task.total or task.completed or 1
                self._progress.update(task_id, total=total, completed=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._progress.stop()
        if self._phases:
            screen.err.print()


class Lines:
    """Plain lines: one whenever the phase changes, and one every few seconds."""

    def __init__(self) -> None:
        self._phase: job_pb2.JobPhase | None = None
        self._next = 0.0
        self._note = ""

    def show(self, job: Job) -> None:
        """Print the progress of the job, unless a line of its phase was printed less than `LINE_SECONDS` ago."""
        self._note = ""
        now, progress = time.monotonic(), job.progress
        if job.state in FINAL or (progress.phase == self._phase and now < self._next):
            return
        self._phase, self._next = progress.phase, now + LINE_SECONDS
        screen.say(progress_line(job))

    def note(self, text: str) -> None:
        """Print a line."""
        if text != self._note:
            self._note = text
            screen.say(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        return None


class _Cell(ProgressColumn):
    """A column whose text comes from the job's progress. Its width is fixed, so that the columns do not move."""

    def __init__(self, text: Callable[[Task, job_pb2.Progress], Text], width: int, *, right: bool = False) -> None:
        super().__init__(Column(min_width=width, no_wrap=True, justify="right" if right else "left"))
        self._text = text

    def render(self, task: Task) -> Text:
        progress = task.fields.get("progress")
        return self._text(task, progress) if progress is not None else Text()


def _phase(task: Task, progress: job_pb2.Progress) -> Text:
    return Text(_phase_name(progress.phase), style="dim" if task.finished else "bold")


def _counts(task: Task, progress: job_pb2.Progress) -> Text:
    return Text(_counts_text(progress, finished=task.finished))


def _rate(task: Task, progress: job_pb2.Progress) -> Text:
    return Text("" if task.finished else _rate_text(progress), style="cyan")


def _time_left(task: Task, progress: job_pb2.Progress) -> Text:
    if task.finished:
        return Text(formatting.seconds(task.finished_time or 0.0), style="green")
    left = formatting.seconds(progress.eta.ToMilliseconds() / 1000) if progress.HasField("eta") else ""
    return Text(f"−{left}" if left else "")


def _simulated(task: Task, progress: job_pb2.Progress) -> Text:
    shown = progress.HasField("ts_event") and not task.finished
    return Text(formatting.instant(progress.ts_event, "%m-%d %H:%M:%S") if shown else "", style="dim")


def _phase_name(phase: job_pb2.JobPhase) -> str:
    return job_pb2.JobPhase.Name(phase).removeprefix("JOB_PHASE_").lower()


def _counts_text(progress: job_pb2.Progress, *, finished: bool = False) -> str:
    if not progress.total:
        return f"{formatting.count(progress.done)} {progress.unit}" if progress.done else ""
    done = progress.total if finished else progress.done
    return f"{formatting.count(done)} / {formatting.count(progress.total)} {progress.unit}"


def _rate_text(progress: job_pb2.Progress) -> str:
    # The unit of the writing phase is outputs, of which there are only a few.
    return f"{formatting.count(progress.rate)}/s" if progress.rate and progress.unit == "rows" else ""
