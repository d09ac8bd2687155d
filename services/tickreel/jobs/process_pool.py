"""An executor that runs work in processes of this machine and watches their memory."""

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

# Seconds between two checks of memory and logs. A worker that grows faster is killed by the kernel, before its service.
MEMORY_INTERVAL = 1.0
# Seconds after which an idle process is ended if another one is idle too.
SURPLUS_SECONDS = 10.0


class ProcessPool:
    """An `Executor` that runs `python -m module`. A process runs one job at a time.

    Most of the time of a short job is the start of its process. A process whose job succeeded and that holds little memory
    therefore runs the next job. One idle process, the spare, is kept for the next job. The spare is started when a job ends
    without leaving its process, because a start during the job would take its cores.

    Args:
        module: A module whose main calls `serve_worker`.
        logs: The folder of the logs, one per job.
        hang_seconds: How long a worker may report nothing.
        spare: Whether to keep a process for the next job.
        resources: The number of processes that jobs share, and the memory limit of all jobs together, which is enforced.
        memory_variable: The environment variable that sets the memory limit.
        stores: The folders that jobs write to, so that an error can name the full one.
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
        self._idle: list[WorkerProcess] = []
        self._working: dict[WorkerProcess, int] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def resources(self) -> Resources:
        """The resources that all jobs share."""
        return self._resources

    def log_path(self, job_id: str) -> Path:
        """Return the log file of a job."""
        return self._logs / f"{job_id}.log"

    def warm_up(self) -> None:
        """Start the spare process, if one is to be kept and none is idle."""
        if self._keeps_spare and not self._idle:
            self._in_background("spare", self._start_spare)

    async def run(self, work: Work) -> dict[str, Any]:
        """Run the work of a job and return its result.

        Cancellation kills the process before this call returns. A process whose work taints it runs no other job.

        Raises:
            TickreelError: The error of the worker, or the reason why its process ended with the tail of the log.
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
                self._idle.append(process)
                self._in_background("surplus", self._end_surplus)
            self.warm_up()

    async def close(self) -> None:
        """End the idle processes. The processes of jobs end with their jobs."""
        self._keeps_spare = False
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        await asyncio.gather(*(process.end() for process in self._idle))

    async def _take(self, path: Path) -> WorkerProcess:
        starting = self._tasks.get("spare")
        if not self._idle and starting is not None:
            await asyncio.wait([starting])
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
            await process.end()
        return await WorkerProcess.spawn(self._module, path)

    def _in_background(self, name: str, work: Callable[[], Any]) -> None:
        if name not in self._tasks or self._tasks[name].done():
            self._tasks[name] = asyncio.get_running_loop().create_task(work(), name=name)

    async def _start_spare(self) -> None:
        try:
            self._idle.append(await WorkerProcess.spawn(self._module, self._logs / "spare.log"))
        except (TickreelError, OSError) as error:
            log.warning("no spare worker process could be started: %s", error)

    async def _end_surplus(self) -> None:
        """End all but one of the processes that have been idle for long."""
        while len(self._idle) > 1:
            # Jobs take processes from the end of the list.
            longest = self._idle[0]
            await asyncio.sleep(SURPLUS_SECONDS)
            if len(self._idle) > 1 and self._idle[0] is longest:
                await self._idle.pop(0).end()

    async def _watch(self) -> None:
        while self._working:
            await asyncio.sleep(MEMORY_INTERVAL)
            for process in self._working:
                process.check_log()
            # The memory of a killed process is free in a moment; do not kill another one for it.
            if any(process.condemned for process in self._working):
                continue
            taken = {process: process_memory(process.pid) for process in self._working}
            total = sum(taken.values())
            limit = self._resources.memory
            if limit is not None and total > limit:
                self._condemn_worst(taken, total, limit)

    def _condemn_worst(self, taken: dict[WorkerProcess, int], total: int, limit: int) -> None:
        worst = max(taken, key=lambda process: taken[process] - self._working[process])
        together = f" (all worker processes together: {total} MiB)" if len(taken) > 1 else ""
        worst.condemn(
            "OUT_OF_MEMORY",
            f"the worker process used {taken[worst]} MiB of memory{together} and was killed; the limit for all is {limit} MiB"
            f" ({self._memory_variable})",
            memory_mib=taken[worst],
            limit_mib=limit,
        )
