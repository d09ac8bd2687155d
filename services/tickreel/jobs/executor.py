"""What a job service needs of whatever does its work: the processes of this machine, or a cluster beside them.

`ProcessPool` is one. Nothing else in a service knows where the work of a job is done.
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
    """What all work of an executor shares: so many processes, and so much memory in MiB; None for no limit."""

    processes: int = 1
    memory: int | None = None


@dataclass(frozen=True)
class Work:
    """The work of a job.

    Attributes:
        spec: What is to be done, as JSON values.
        memory: What it is expected to take, in MiB. Where all work takes too much, the one that is furthest beyond this is
            ended.
        taints: Whether it may leave something behind that other work must not see.
        on_progress: Called with how far the work is.
        on_live: Called with what the work tells of itself beside the progress, see `Reporter.live`.
    """

    job_id: str
    spec: dict[str, Any]
    on_progress: Callable[[job_pb2.Progress], None]
    memory: int = 0
    taints: bool = False
    on_live: Callable[[dict[str, Any]], None] = lambda _: None


class Executor(Protocol):
    """Does the work of jobs, as much at a time as it is given."""

    @property
    def resources(self) -> Resources:
        """What all work shares. The queue admits no more than fits."""
        ...

    async def run(self, work: Work) -> dict[str, Any]:
        """Does some work and returns what it made, as JSON values.

        Cancelling this ends the work before it returns: nothing of it goes on.

        Raises:
            TickreelError: What the work raised, or why it ended: OUT_OF_MEMORY, ENGINE_ABORTED, WORKER_HUNG or WORKER_DIED,
                with the tail of its log as `log`. One that the work is not to blame for passes `is_lost`.
        """
        ...

    def log_path(self, job_id: str) -> Path:
        """The file of what the work of a job prints."""
        ...

    def warm_up(self) -> None:
        """Makes ready for the next work."""
        ...

    async def close(self) -> None:
        """Gives back what waits for work. The work in hand has ended before."""
        ...


def is_lost(failure: TickreelError) -> bool:
    """Whether work ended for a reason outside of it, other than memory: it can be begun again."""
    return failure.reason == "WORKER_DIED" and is_from_outside(failure.metadata.get("signal", ""))
