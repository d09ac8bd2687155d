"""A worker process as its service sees it: spawned, told its work, heard to its end, and why it ended."""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, Self

from tickreel.jobs import progress
from tickreel.processes.exit import log_tail
from tickreel.processes.process import Process
from tickreel.rpc.errors import TickreelError, not_writable
from tickreel.v1 import job_pb2

# What a process may print for a job. Its log lies on the disk of the journal, which all jobs need.
MOST_LOG_BYTES = 256 * 2**20

# A silence is counted in so many steps. While this service itself is stopped, no more than one of them passes.
_STEPS = 10


class WorkerProcess:
    """One worker process. Whoever spawns it calls `end`, unless `work` has done so.

    Attributes:
        stays: Whether it has done a job and waits for another.
    """

    def __init__(self, process: Process, log: Path) -> None:
        self.stays = False
        self._process = process
        self._log = log
        self._logged = False
        self._verdict: tuple[str, str, dict[str, object]] | None = None
        self._phase = job_pb2.JOB_PHASE_UNSPECIFIED

    @classmethod
    async def spawn(cls, module: str, log: Path) -> Self:
        """Starts `python -m module`, which imports what it needs and waits for its spec.

        Args:
            module: A module whose main calls `serve_worker`.
            log: The file for its standard output and error.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL where the log cannot be written.
        """
        return cls(await Process.start((sys.executable, "-m", module), log), log)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended, as far as is known."""
        return self._process.exit is None

    @property
    def condemned(self) -> bool:
        """Whether it was killed with a reason."""
        return self._verdict is not None

    async def work(
        self,
        spec: dict[str, Any],
        log: Path,
        on_progress: Callable[[job_pb2.Progress], None],
        patience: float,
        on_live: Callable[[dict[str, Any]], None] = lambda _: None,
        *,
        last: bool = True,
        stores: Iterable[Path] = (),
    ) -> dict[str, Any]:
        """Has it do its work and returns what it made.

        Cancelling this kills the process before it returns.

        Args:
            spec: JSON values.
            log: The file of its log from now on, in the folder of the one that it was spawned with.
            patience: The seconds without a report after which it is taken for hung.
            last: Whether the process ends with this work; where not, it may stay.
            stores: The folders that it writes to, so that a full one can be named.

        Raises:
            TickreelError: The one that the worker raised, or why the process ended, with the tail of the log.
        """
        self.stays = False
        try:
            self._begin_log(log)
            task = {"spec": spec, "log": str(log), "last": last, "stores": [str(store) for store in (*stores, log.parent)]}
            outcome = await self._converse(task, on_progress, on_live, patience)
            self.stays = outcome.get("stays", False) and not self.condemned
        finally:
            if not self.stays:
                self._process.kill_rest()
                await self.end()
        if "result" in outcome:
            result: dict[str, Any] = outcome["result"]
            return result
        if "failure" in outcome:
            raise TickreelError.from_json(outcome["failure"])
        raise self._death()

    def condemn(self, reason: str, message: str, **metadata: object) -> None:
        """Kills it for a reason, unless it has ended already; `work` raises it."""
        if self._verdict is None:
            self._verdict = reason, message, metadata
        self._process.kill()

    async def end(self) -> None:
        """Kills it where it has not ended, and gives back what it took."""
        await self._process.end()

    def check_log(self) -> None:
        """Kills it where it has printed too much."""
        with contextlib.suppress(OSError):
            if self._log.stat().st_size > MOST_LOG_BYTES:
                message = f"the worker process printed more than {MOST_LOG_BYTES // 2**20} MiB and was killed; print less"
                self.condemn("WORKER_DIED", message, limit_mib=MOST_LOG_BYTES // 2**20)

    def _begin_log(self, log: Path) -> None:
        """Begins the log of a job, the first with what the process has said so far."""
        try:
            if self._logged:
                log.write_bytes(b"")
            elif log != self._log:
                self._log.rename(log)
        except OSError as error:
            raise not_writable(f"the log {log.name}", log.parent, error) from None
        self._log, self._logged = log, True

    async def _converse(
        self,
        task: dict[str, Any],
        on_progress: Callable[[job_pb2.Progress], None],
        on_live: Callable[[dict[str, Any]], None],
        patience: float,
    ) -> dict[str, Any]:
        """Gives it a task and hears it to its end; returns its last report, empty where it made none but progress."""
        outcome: dict[str, Any] = {}
        try:
            await _within(patience, self._process.tell(task))
            while (report := await _within(patience, self._process.report())) is not None:
                if "progress" in report:
                    told = progress.from_json(report["progress"])
                    self._phase = told.phase
                    on_progress(told)
                elif "live" in report:
                    on_live(report["live"])
                else:
                    outcome = report
                    break
            # Its log is whole once it has ended.
            if not outcome.get("stays"):
                await _within(patience, self._process.ended())
        except ValueError:
            self.condemn("WORKER_DIED", "the worker process wrote to its pipe what is no report, and was killed")
        except TimeoutError:
            phase = job_pb2.JobPhase.Name(self._phase).removeprefix("JOB_PHASE_")
            message = f"the worker process reported nothing for {patience:g} s and was killed (TICKREEL_HANG_SECONDS)"
            self.condemn("WORKER_HUNG", message, seconds=f"{patience:g}", phase=phase)
        return outcome

    def _death(self) -> TickreelError:
        """Why it ended without a result."""
        assert self._process.exit is not None
        reason, message, metadata = self._verdict or self._process.exit.failure("worker")
        tail = log_tail(self._log)
        return TickreelError(reason, f"{message}; the last lines of its log:\n{tail}", **metadata, log=tail)


async def _within[T](patience: float, work: Awaitable[T]) -> T:
    """What some work gives, unless it takes longer than so many seconds in which this process itself runs.

    Raises:
        TimeoutError: It takes longer.
    """
    working = asyncio.ensure_future(work)
    try:
        for _ in range(_STEPS):
            if (await asyncio.wait({working}, timeout=patience / _STEPS))[0]:
                return working.result()
        raise TimeoutError
    finally:
        working.cancel()
