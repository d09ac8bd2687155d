"""The interface between a job service and the executor of its work: the processes of this machine, or a cluster.

`ProcessPool` is an executor. No other part of a service knows where the work of a job runs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tickreel.processes.exit import is_from_outside
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import job_pb2


@dataclass(frozen=True)
class Resources:
    """The processes and the memory in MiB that all work of an executor shares; None for no memory limit."""

    processes: int = 1
    memory: int | None = None


@dataclass(frozen=True)
class Work:
    """The work of a job.

    Attributes:
        spec: The specification of the work, as JSON values.
        memory: The expected memory in MiB. If all work together uses too much memory, the work that exceeds its expectation
            most is ended.
        needs_interpreter: Whether the work needs an interpreter of its own, with its own seed of hashes.
        on_progress: Called with the progress of the work.
        on_live: Called with the live figures of the work, see `Reporter.live`.
    """

    job_id: str
    spec: dict[str, Any]
    on_progress: Callable[[job_pb2.Progress], None]
    memory: int = 0
    needs_interpreter: bool = False
    on_live: Callable[[dict[str, Any]], None] = lambda _: None


class Executor(Protocol):
    """Runs the work of jobs. The caller limits how much runs at a time."""

    @property
    def resources(self) -> Resources:
        """The shared resources. The queue admits no more work than they allow."""
        ...

    async def run(self, work: Work) -> dict[str, Any]:
        """Run work and return its result as JSON values.

        Cancellation ends the work before this call returns.

        Raises:
            TickreelError: The error that the work raised, or the reason for its end: OUT_OF_MEMORY, ENGINE_ABORTED,
                WORKER_HUNG or WORKER_DIED, with the tail of its log as `log`. If the cause lies outside the work, `is_lost`
                is true for the error.
        """
        ...

    def log_path(self, job_id: str) -> Path:
        """Return the file that receives the output of a job."""
        ...

    def warm_up(self) -> None:
        """Prepare for the next work."""
        ...

    async def close(self) -> None:
        """Release idle resources. The caller has already ended all work."""
        ...


def is_lost(failure: TickreelError) -> bool:
    """Return whether work was ended from outside, for a reason other than memory, so that it can be retried."""
    return failure.reason == "WORKER_DIED" and is_from_outside(failure.metadata.get("signal", ""))
