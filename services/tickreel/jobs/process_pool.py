"""An executor that runs work in processes of this machine and watches their memory."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tickreel.jobs.executor import Resources, Work
from tickreel.jobs.worker_process import WorkerProcess
from tickreel.processes.memory import process_memory
from tickreel.processes.template import Template

# Seconds between two checks of memory and logs. A worker that grows faster is killed by the kernel, before its service.
MEMORY_INTERVAL = 1.0


class ProcessPool:
    """An `Executor` that runs each job in a process of its own.

    Most of the time of a short job would be the imports of its process. A template has done them, and forks the processes.

    Args:
        module: A module whose `main` calls `serve_worker`.
        logs: The folder of the logs, one per job.
        hang_seconds: How long a worker may report nothing.
        template: Whether to keep a template. If not, each job starts an interpreter.
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
        template: bool,
        resources: Resources = Resources(),  # noqa: B008 - frozen
        memory_variable: str = "",
        stores: Iterable[Path] = (),
    ) -> None:
        self._module = module
        self._logs = logs
        self._hang_seconds = hang_seconds
        self._has_template = template
        self._resources = resources
        self._memory_variable = memory_variable
        self._stores = tuple(stores)
        self._working: dict[WorkerProcess, int] = {}
        self._watching: asyncio.Task[None] | None = None

    @property
    def resources(self) -> Resources:
        """The resources that all jobs share."""
        return self._resources

    def log_path(self, job_id: str) -> Path:
        """Return the log file of a job."""
        return self._logs / f"{job_id}.log"

    def warm_up(self) -> None:
        """Start the template, if there is to be one."""
        if self._has_template:
            Template.of(self._module)

    async def run(self, work: Work) -> dict[str, Any]:
        """Run the work of a job and return its result. Cancellation kills the process before this call returns.

        Raises:
            TickreelError: The error of the worker, or the reason why its process ended with the tail of the log.
        """
        process = await self._start(self.log_path(work.job_id), forks=self._has_template and not work.needs_interpreter)
        self._working[process] = work.memory
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        try:
            return await process.work(work.spec, work.on_progress, self._hang_seconds, work.on_live, stores=self._stores)
        finally:
            del self._working[process]

    async def close(self) -> None:
        """Stop watching the memory. The processes of jobs end with their jobs, and the template with this process."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])

    async def _start(self, log: Path, *, forks: bool) -> WorkerProcess:
        if forks and (forked := await WorkerProcess.fork(self._module, log, self._hang_seconds)) is not None:
            return forked
        return await WorkerProcess.spawn(self._module, log)

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
