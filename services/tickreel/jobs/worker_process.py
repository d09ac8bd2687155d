"""A worker process, from the side of its service: start it, give it work, read its reports, explain its end."""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, Self

from tickreel.jobs import progress
from tickreel.processes.exit import log_tail
from tickreel.processes.process import Process
from tickreel.processes.template import Template
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import job_pb2

# Limit of the log of a job. It is on the disk of the journal, which all jobs need.
MOST_LOG_BYTES = 256 * 2**20

# The waiting time is split into this many steps. While this service itself is suspended, at most one step elapses.
_STEPS = 10


class WorkerProcess:
    """One worker process. The caller of `spawn` or `fork` must call `work`, which ends the process."""

    def __init__(self, process: Process, log: Path) -> None:
        self._process = process
        self._log = log
        self._verdict: tuple[str, str, dict[str, object]] | None = None
        self._phase = job_pb2.JOB_PHASE_UNSPECIFIED

    @classmethod
    async def spawn(cls, module: str, log: Path) -> Self:
        """Start `python -m module`, which does its imports and then waits for a spec.

        Args:
            module: A module whose main calls `serve_worker`.
            log: The file for its standard output and error.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL if the log cannot be written.
        """
        return cls(await Process.start((sys.executable, "-m", module), log), log)

    @classmethod
    async def fork(cls, module: str, log: Path, patience: float) -> Self | None:
        """Let the template of a module fork a process. Return None if it cannot: then `spawn` one.

        Args:
            module: A module whose `main` calls `serve_worker`.
            log: The file for its standard output and error.
            patience: The seconds after which the template is considered hung.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL if the log cannot be written.
        """
        template = Template.of(module)
        process = None if template is None else await Process.fork(template, log, patience)
        return None if process is None else cls(process, log)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def condemned(self) -> bool:
        """Whether `condemn` has killed the process."""
        return self._verdict is not None

    async def work(
        self,
        spec: dict[str, Any],
        on_progress: Callable[[job_pb2.Progress], None],
        patience: float,
        on_live: Callable[[dict[str, Any]], None] = lambda _: None,
        *,
        stores: Iterable[Path] = (),
    ) -> dict[str, Any]:
        """Let the process do work, and return its result. The process has ended when this call returns or raises.

        Args:
            spec: The specification of the work, as JSON values.
            patience: The seconds without a report after which the process is considered hung.
            stores: The folders that the work writes to, so that an error can name the full one.

        Raises:
            TickreelError: The error of the worker, or the reason why its process ended with the tail of the log.
        """
        try:
            task = {"spec": spec, "stores": [str(store) for store in (*stores, self._log.parent)]}
            outcome = await self._exchange(task, on_progress, on_live, patience)
        finally:
            self._process.kill_group()
            await self._process.end()
        if "result" in outcome:
            result: dict[str, Any] = outcome["result"]
            return result
        if "failure" in outcome:
            raise TickreelError.from_json(outcome["failure"])
        raise self._death()

    def condemn(self, reason: str, message: str, **metadata: object) -> None:
        """Kill the process unless it has ended; `work` then raises this reason."""
        if self._verdict is None:
            self._verdict = reason, message, metadata
        self._process.kill()

    def check_log(self) -> None:
        """Kill the process if its log is too large."""
        with contextlib.suppress(OSError):
            if self._log.stat().st_size > MOST_LOG_BYTES:
                message = f"the worker process printed more than {MOST_LOG_BYTES // 2**20} MiB and was killed; print less"
                self.condemn("WORKER_DIED", message, limit_mib=MOST_LOG_BYTES // 2**20)

    async def _exchange(
        self,
        task: dict[str, Any],
        on_progress: Callable[[job_pb2.Progress], None],
        on_live: Callable[[dict[str, Any]], None],
        patience: float,
    ) -> dict[str, Any]:
        """Send a task, read its reports, and return the final one; empty if the process ended without one."""
        outcome: dict[str, Any] = {}
        try:
            await _within(patience, self._process.send(task))
            while (report := await _within(patience, self._process.report())) is not None:
                if "progress" in report:
                    reported = progress.from_json(report["progress"])
                    self._phase = reported.phase
                    on_progress(reported)
                elif "live" in report:
                    on_live(report["live"])
                else:
                    outcome = report
                    break
            # The log is complete only after the end of the process.
            await _within(patience, self._process.ended())
        except ValueError:
            self.condemn("WORKER_DIED", "the worker process wrote something other than a report to its pipe and was killed")
        except TimeoutError:
            phase = job_pb2.JobPhase.Name(self._phase).removeprefix("JOB_PHASE_")
            message = f"the worker process reported nothing for {patience:g} s and was killed (TICKREEL_HANG_SECONDS)"
            self.condemn("WORKER_HUNG", message, seconds=f"{patience:g}", phase=phase)
        return outcome

    def _death(self) -> TickreelError:
        """Return the error of a process that ended without a result."""
        assert self._process.exit is not None
        reason, message, metadata = self._verdict or self._process.exit.failure("worker")
        tail = log_tail(self._log)
        return TickreelError(reason, f"{message}; the last lines of its log:\n{tail}", **metadata, log=tail)


async def _within[T](patience: float, work: Awaitable[T]) -> T:
    """Await `work` for `patience` seconds at most, not counting the time in which this process is suspended.

    Raises:
        TimeoutError: The work takes longer.
    """
    working = asyncio.ensure_future(work)
    try:
        for _ in range(_STEPS):
            if (await asyncio.wait({working}, timeout=patience / _STEPS))[0]:
                return working.result()
        raise TimeoutError
    finally:
        working.cancel()
