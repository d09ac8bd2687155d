"""Who may run, and with how much: first come, first served, as long as there is a slot and memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """What one has who was admitted: so many processes, and so much memory (MiB) that they are expected to take."""

    processes: int = 1
    memory: int = 0


class _Visitor:
    """One who waits, or has been admitted: what it says it weighs, and whom to tell where it stands."""

    def __init__(self, weigh: Callable[[int], int], tell_position: Callable[[int], None]) -> None:
        self.weigh = weigh
        self.tell_position = tell_position
        self.admitted: asyncio.Future[Share] = asyncio.get_running_loop().create_future()


class Admission:
    """The line before the slots.

    Nobody overtakes: a heavy one at the head waits until there is room, and those behind it wait too, or it would wait for
    ever while light ones come. One that is heavier than everything there is runs alone, since its weight is an expectation
    and no measurement: refusing it would be final, and whether it fits is seen while it runs.

    Whoever is admitted has an equal part of the processes that are free, with those who wait behind it, and one at least: alone
    it has all of them, in a long line one, which wastes none. A slot without a free process is given all the same, so that
    nobody waits long for one who took everything when it was alone.

    Args:
        slots: How many run at a time.
        processes: How many processes they share.
        memory: What they may weigh together, in MiB; None for no limit.
    """

    def __init__(self, slots: int, processes: int = 1, memory: int | None = None) -> None:
        self._slots = slots
        self._processes = processes
        self._memory = memory
        self._line: list[_Visitor] = []
        self._shares: dict[_Visitor, Share] = {}

    @asynccontextmanager
    async def turn(self, weigh: Callable[[int], int], tell_position: Callable[[int], None]) -> AsyncIterator[Share]:
        """Waits in line, then has a slot as long as the context is open; gives what goes with it.

        Args:
            weigh: What to expect of memory with so many processes, in MiB; asked whenever the head of the line is looked at.
            tell_position: Called with the place in line, 1 being next, whenever it changes.
        """
        visitor = _Visitor(weigh, tell_position)
        self._line.append(visitor)
        self._admit()
        try:
            yield await visitor.admitted
        finally:
            self._shares.pop(visitor, None)
            if visitor in self._line:
                self._line.remove(visitor)
            self._admit()

    def _admit(self) -> None:
        # Some may have left and not had their turn to say so.
        self._line = [visitor for visitor in self._line if not visitor.admitted.cancelled()]
        while self._line and len(self._shares) < self._slots and (share := self._share_of(self._line[0])) is not None:
            visitor = self._line.pop(0)
            self._shares[visitor] = share
            visitor.admitted.set_result(share)
        for position, visitor in enumerate(self._line, 1):
            visitor.tell_position(position)

    def _share_of(self, visitor: _Visitor) -> Share | None:
        """What there is for the head of the line, or None where memory is short for one process."""
        free = self._processes - sum(share.processes for share in self._shares.values())
        taken = sum(share.memory for share in self._shares.values())
        processes = max(1, free // len(self._line))
        while self._memory is not None and taken + visitor.weigh(processes) > self._memory:
            if processes == 1:
                if self._shares:
                    return None
                break
            processes -= 1
        return Share(processes, visitor.weigh(processes))
