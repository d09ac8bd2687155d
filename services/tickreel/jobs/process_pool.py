"""An executor that does each work in a process of this machine: those at work, those that wait for it, and their memory."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tickreel.jobs.executor import Resources, Work
from tickreel.jobs.worker_process import WorkerProcess
from tickreel.processes.memory import process_memory
from tickreel.rpc.errors import TickreelError

log = logging.getLogger("tickreel")

# How often memory and logs are looked at. A worker that grows faster meets the machine's own limit, before its service does.
MEMORY_INTERVAL = 1.0
# How long more processes than one wait for a job.
SURPLUS_SECONDS = 10.0


class ProcessPool:
    """An `Executor` that runs `python -m module` on one spec after another, no two at a time in one process.

    Most of what a short job takes is the start of its process. So a process that has done its job well, and holds little,
    does the next; and one is kept that waits for it, started where a job leaves none behind: beside the job it would take the
    cores that this was given.

    Args:
        module: A module whose main calls `serve_worker`.
        logs: The folder of the logs, one a job.
        hang_seconds: How long a worker may report nothing.
        spare: Whether a process is kept for the next job.
        resources: How many processes jobs share, and what all of them may take of memory together: that is watched.
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
        resources: Resources = Resources(),  # noqa: B008 - frozen
        memory_variable: str = "",
        stores: Iterable[Path] = (),
    ) -> None:
        self._module = module
        self._logs = logs
        self._hang_seconds = hang_seconds
        self._keeps_spare = spare
        self._resources = resources
        self._memory_variable = memory_variable
        self._stores = tuple(stores)
        self._waiting: list[WorkerProcess] = []
        self._working: dict[WorkerProcess, int] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def resources(self) -> Resources:
        """What all jobs share."""
        return self._resources

    def log_path(self, job_id: str) -> Path:
        """The log of a job's process."""
        return self._logs / f"{job_id}.log"

    def warm_up(self) -> None:
        """Starts the process for the next job, where one is kept and there is none."""
        if self._keeps_spare and not self._waiting:
            self._in_background("spare", self._start_spare)

    async def run(self, work: Work) -> dict[str, Any]:
        """Does the work of a job and returns what it made.

        Cancelling this kills the process before it returns. One whose work taints it does no other job after that.

        Raises:
            TickreelError: The one that the worker raised, or why the process ended, with the tail of the log.
        """
        log = self.log_path(work.job_id)
        process = await self._take(log)
        self._working[process] = work.memory
        self._in_background("watch", self._watch)
        try:
            return await process.work(
                work.spec,
                log,
                work.on_progress,
                self._hang_seconds,
                work.on_live,
                last=work.taints or not self._keeps_spare,
                stores=self._stores,
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
            limit = self._resources.memory
            if limit is not None and total > limit:
                self._condemn_the_worst(taken, total, limit)

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
