"""The worker processes of one service: those at work, those that wait for it, and what all of them take of memory."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tickreel.jobs.memory import process_memory
from tickreel.jobs.process import WorkerProcess
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import job_pb2

log = logging.getLogger("tickreel")

# How often memory and logs are looked at. A worker that grows faster meets the machine's own limit, before its service does.
MEMORY_INTERVAL = 1.0
# How long more processes than one wait for a job.
SURPLUS_SECONDS = 10.0


class Workers:
    """Runs `python -m module` on one spec after another, no two at a time in one process.

    Most of what a short job takes is the start of its process. So a process that has done its job well, and holds little,
    does the next; and one is kept that waits for it, started where a job leaves none behind: beside the job it would take the
    cores that this was given.

    Args:
        module: A module whose main calls `serve_worker`.
        logs: The folder of the logs, one a job.
        hang_seconds: How long a worker may report nothing.
        spare: Whether a process is kept for the next job.
        memory: What all processes may take together, in MiB; None for no limit.
        memory_variable: The environment variable that sets it.
        stores: The folders that they write to, so that a full one can be named.
    """

    def __init__(
        self,
        module: str,
        logs: Path,
        *,
        hang_seconds: float,
        spare: bool,
        memory: int | None = None,
        memory_variable: str = "",
        stores: Iterable[Path] = (),
    ) -> None:
        self._module = module
        self._logs = logs
        self._hang_seconds = hang_seconds
        self._keeps_spare = spare
        self._memory = memory
        self._memory_variable = memory_variable
        self._stores = tuple(stores)
        self._waiting: list[WorkerProcess] = []
        self._working: dict[WorkerProcess, int] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def log_path(self, job_id: str) -> Path:
        """The log of a job's process."""
        return self._logs / f"{job_id}.log"

    def warm_up(self) -> None:
        """Starts the process for the next job, where one is kept and there is none."""
        if self._keeps_spare and not self._waiting:
            self._in_background("spare", self._start_spare)

    async def run(
        self,
        job_id: str,
        spec: dict[str, Any],
        on_progress: Callable[[job_pb2.Progress], None],
        expected: int = 0,
        on_live: Callable[[dict[str, Any]], None] = lambda _: None,
        *,
        last: bool = False,
    ) -> dict[str, Any]:
        """Does the work of a job and returns what it made.

        Cancelling this kills the process before it returns.

        Args:
            spec: JSON values.
            expected: What the job is expected to take of memory, in MiB; where all take too much, the one that is furthest
                beyond what was expected of it is killed.
            on_live: Given what the worker tells of its work beside the progress, see `Reporter.live`.
            last: Whether its process does no other job after this, because of what this may leave in it.

        Raises:
            TickreelError: The one that the worker raised, or why the process ended, with the tail of the log.
        """
        process = await self._take(self.log_path(job_id))
        self._working[process] = expected
        self._in_background("watch", self._watch)
        last = last or not self._keeps_spare
        try:
            return await process.work(
                spec, self.log_path(job_id), on_progress, self._hang_seconds, on_live, last=last, stores=self._stores
            )
        finally:
            del self._working[process]
            if process.stays:
                self._waiting.append(process)
                self._in_background("surplus", self._end_surplus)
            self.warm_up()

    async def close(self) -> None:
        """Ends the processes that wait; those of jobs end with their jobs."""
        self._keeps_spare = False
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await asyncio.gather(*(process.end() for process in self._waiting))

    async def _take(self, path: Path) -> WorkerProcess:
        starting = self._tasks.get("spare")
        if not self._waiting and starting is not None:
            await asyncio.wait([starting])
        while self._waiting:
            process = self._waiting.pop()
            if process.alive:
                return process
            await process.end()
        return await WorkerProcess.spawn(self._module, path)

    def _in_background(self, name: str, work: Callable[[], Any]) -> None:
        if name not in self._tasks or self._tasks[name].done():
            self._tasks[name] = asyncio.get_running_loop().create_task(work(), name=name)

    async def _start_spare(self) -> None:
        try:
            self._waiting.append(await WorkerProcess.spawn(self._module, self._logs / "spare.log"))
        except (TickreelError, OSError) as error:
            log.warning("no worker process is kept for the next job: %s", error)

    async def _end_surplus(self) -> None:
        """Ends processes that have waited for long, but one."""
        while len(self._waiting) > 1:
            # Jobs take from the end.
            longest = self._waiting[0]
            await asyncio.sleep(SURPLUS_SECONDS)
            if len(self._waiting) > 1 and self._waiting[0] is longest:
                await self._waiting.pop(0).end()

    async def _watch(self) -> None:
        while self._working:
            await asyncio.sleep(MEMORY_INTERVAL)
            for process in self._working:
                process.check_log()
            # What was killed gives its memory back in a moment; nobody else shall die for it.
            if any(process.condemned for process in self._working):
                continue
            taken = {process: process_memory(process.pid) for process in self._working}
            total = sum(taken.values())
            if self._memory is not None and total > self._memory:
                self._condemn_the_worst(taken, total, self._memory)

    def _condemn_the_worst(self, taken: dict[WorkerProcess, int], total: int, limit: int) -> None:
        worst = max(taken, key=lambda process: taken[process] - self._working[process])
        together = f", with the others {total} MiB," if len(taken) > 1 else ""
        worst.condemn(
            "OUT_OF_MEMORY",
            f"the worker process took {taken[worst]} MiB of memory{together} where {limit} MiB are for all"
            f" ({self._memory_variable}), and was killed",
            memory_mib=taken[worst],
            limit_mib=limit,
        )
