"""Admission of jobs in order of arrival, limited by slots, processes and memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """The resources of an admitted job: its processes, and their expected memory in MiB."""

    processes: int = 1
    memory: int = 0


class _Entrant:
    """A job that waits or was admitted: its expected memory, and the callback for its position."""

    def __init__(self, weigh: Callable[[int], int], on_position: Callable[[int], None]) -> None:
        self.weigh = weigh
        self.on_position = on_position
        self.admitted: asyncio.Future[Share] = asyncio.get_running_loop().create_future()


class Admission:
    """The queue for the slots.

    Jobs never overtake each other. If the job at the head needs more memory than is free, it waits, and so do the jobs behind
    it. Otherwise a stream of small jobs could starve a large one. A job that expects more than the total memory runs alone:
    the expectation is only an estimate, and a refusal would be final.

    The free processes are divided equally between the job at the head and the jobs behind it; the head gets at least one.
    A job alone gets all of them, and a job in a long queue gets one, so no process is idle. A free slot is given out even if no
    process is free, so that nobody waits long for a job that got all processes when it was alone.

    Args:
        slots: How many jobs run at a time.
        processes: How many processes the jobs share.
        memory: The limit of the sum of their expected memory in MiB; None for no limit.
    """

    def __init__(self, slots: int, processes: int = 1, memory: int | None = None) -> None:
        self._slots = slots
        self._processes = processes
        self._memory = memory
        self._queue: list[_Entrant] = []
        self._shares: dict[_Entrant, Share] = {}

    @asynccontextmanager
    async def turn(self, weigh: Callable[[int], int], on_position: Callable[[int], None]) -> AsyncIterator[Share]:
        """Wait in the queue, then hold a slot while the context is open. Yields the resources of the slot.

        Args:
            weigh: Returns the expected memory in MiB for a number of processes. Called each time the head of the queue is
                considered.
            on_position: Called with the position in the queue when it may have changed; 1 is the head.
        """
        entrant = _Entrant(weigh, on_position)
        self._queue.append(entrant)
        self._admit()
        try:
            yield await entrant.admitted
        finally:
            self._shares.pop(entrant, None)
            if entrant in self._queue:
                self._queue.remove(entrant)
            self._admit()

    def _admit(self) -> None:
        # Entrants whose task was cancelled may not have removed themselves yet.
        self._queue = [entrant for entrant in self._queue if not entrant.admitted.cancelled()]
        while self._queue and len(self._shares) < self._slots and (share := self._share_of(self._queue[0])) is not None:
            entrant = self._queue.pop(0)
            self._shares[entrant] = share
            entrant.admitted.set_result(share)
        for position, entrant in enumerate(self._queue, 1):
            entrant.on_position(position)

    def _share_of(self, entrant: _Entrant) -> Share | None:
        """Return the resources for the head of the queue, or None if memory does not suffice for one process."""
        free = self._processes - sum(share.processes for share in self._shares.values())
        taken = sum(share.memory for share in self._shares.values())
        processes = max(1, free // len(self._queue))
        while self._memory is not None and taken + entrant.weigh(processes) > self._memory:
            if processes == 1:
                if self._shares:
                    return None
                break
            processes -= 1
        return Share(processes, entrant.weigh(processes))
