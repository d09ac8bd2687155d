"""Who may run: first come, first served, as long as there is a slot and memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class _Visitor:
    """One who waits, or has been admitted: what it says it weighs, and whom to tell where it stands."""

    def __init__(self, weigh: Callable[[], int], tell_position: Callable[[int], None]) -> None:
        self.weigh = weigh
        self.tell_position = tell_position
        self.admitted: asyncio.Future[int] = asyncio.get_running_loop().create_future()


class Admission:
    """The line before the slots.

    Nobody overtakes: a heavy one at the head waits until there is room, and those behind it wait too, or it would wait for
    ever while light ones come. One that is heavier than everything there is runs alone, since its weight is an expectation
    and no measurement: refusing it would be final, and whether it fits is seen while it runs.

    Args:
        slots: How many run at a time.
        memory: What they may weigh together, in MiB; None for no limit.
    """

    def __init__(self, slots: int, memory: int | None = None) -> None:
        self._slots = slots
        self._memory = memory
        self._line: list[_Visitor] = []
        self._weights: dict[_Visitor, int] = {}

    @asynccontextmanager
    async def turn(self, weigh: Callable[[], int], tell_position: Callable[[int], None]) -> AsyncIterator[int]:
        """Waits in line, then has a slot as long as the context is open; gives the weight that was admitted.

        Args:
            weigh: What to expect of memory, in MiB; asked whenever the head of the line is looked at.
            tell_position: Called with the place in line, 1 being next, whenever it changes.
        """
        visitor = _Visitor(weigh, tell_position)
        self._line.append(visitor)
        self._admit()
        try:
            yield await visitor.admitted
        finally:
            self._weights.pop(visitor, None)
            if visitor in self._line:
                self._line.remove(visitor)
            self._admit()

    def _admit(self) -> None:
        # Some may have left and not had their turn to say so.
        self._line = [visitor for visitor in self._line if not visitor.admitted.cancelled()]
        while self._line and len(self._weights) < self._slots:
            weight = self._line[0].weigh()
            if self._memory is not None and self._weights and sum(self._weights.values()) + weight > self._memory:
                break
            visitor = self._line.pop(0)
            self._weights[visitor] = weight
            visitor.admitted.set_result(weight)
        for position, visitor in enumerate(self._line, 1):
            visitor.tell_position(position)
