"""The replay of a plan: its slices, each in the next process that is free, and handed on in their order."""

import contextlib
import functools
import threading
from collections import deque
from collections.abc import Callable, Iterator

from tickreel.engine.replay import Shortcuts
from tickreel.engine.tape import Tape
from tickreel.processes.memory import peak_memory
from tickreel.rpc.errors import TickreelError
from tickreel.runner.replay.replay_plan import ReplayPlan
from tickreel.runner.replay.slice_process import SegmentProcess, SegmentReplay, counts_of


class PlanReplay:
    """Replays a plan in so many processes, this one among them."""

    def __init__(self, replay: SegmentReplay, plan: ReplayPlan, processes: int) -> None:
        self._replay = replay
        self._segments = plan.segments
        self._beside = min(processes, len(plan.segments)) - 1
        # Numbers of slices. One that is taken is replayed, finished, and then handed on.
        self._left = deque(range(len(plan.segments)))
        self._finished: dict[int, Tape] = {}
        self._next = 0
        self._in_hand: tuple[int, Tape] = (-1, Tape())
        self._processes: list[SegmentProcess] = []
        self._error: TickreelError | None = None
        self._handed_on = (0, 0, 0, 0)
        self._finishing = threading.Condition()
        self._handing_on = threading.Lock()

    @property
    def counts(self) -> tuple[int, ...]:
        """Trade rows, book rows, orders and fills so far, in all processes.

        A book that the next slice begins with again counts once.
        """
        begun = self._segments[: len(self._segments) - len(self._left)]
        parts = [self._handed_on, *(process.counts for process in self._processes)]
        with self._finishing:
            parts += [counts_of(tape) for tape in self._finished.values()]
        number, tape = self._in_hand
        if number >= self._next and number not in self._finished:
            parts.append(counts_of(tape))
        rows, book_rows, orders, fills = map(sum, zip(*parts, strict=True))
        return rows, max(0, book_rows - sum(segment.repeats for segment in begun)), orders, fills

    @property
    def peak_memory(self) -> int:
        """The most memory that one of its processes has had, in MiB."""
        return max(peak_memory(), *(process.peak_memory for process in self._processes), 0)

    @contextlib.contextmanager
    def next_tape(self) -> Iterator[Tape | None]:
        """The tape of the slice that is handed on next, where it is being replayed in this process.

        It is not handed on while the context is open.
        """
        with self._handing_on:
            number, tape = self._in_hand
            yield tape if number == self._next else None

    def run(self, hand_on: Callable[[Tape], None], shortcuts: Shortcuts) -> None:
        """Replays the plan.

        Args:
            hand_on: Given the tape of each slice, in order.

        Raises:
            TickreelError: REPLAY_FAILED, or WORKER_DIED where a slice kills its process.
        """
        with contextlib.ExitStack() as stack:
            for _ in range(self._beside):
                process = SegmentProcess(self._replay, shortcuts)
                self._processes.append(process)
                thread = threading.Thread(target=self._replay_beside, args=(process,), name="segments")
                thread.start()
                for last_first in (thread.join, process.stop):
                    stack.callback(last_first)
            # A process beside takes no more once this one has failed.
            stack.callback(self._left.clear)
            while (number := self._take()) is not None:
                look = functools.partial(self._look_at, number)
                tape = self._replay.run(self._segments[number], look, shortcuts)
                self._finish(number, tape)
                self._hand_on(hand_on)
            while self._next < len(self._segments):
                with self._finishing:
                    self._finishing.wait_for(lambda: self._next in self._finished or self._error is not None)
                self._hand_on(hand_on)

    def _take(self) -> int | None:
        try:
            return self._left.popleft()
        except IndexError:
            return None

    def _look_at(self, number: int, tape: Tape) -> None:
        self._in_hand = number, tape

    def _finish(self, number: int, tape: Tape) -> None:
        with self._finishing:
            self._finished[number] = tape
            self._finishing.notify_all()

    def _hand_on(self, hand_on: Callable[[Tape], None]) -> None:
        """Hands on what has finished and has nothing unfinished before it."""
        if self._error is not None:
            raise self._error
        while (tape := self._finished.get(self._next)) is not None:
            with self._handing_on:
                hand_on(tape)
                with self._finishing:
                    del self._finished[self._next]
                    self._next += 1
                    self._handed_on = tuple(map(sum, zip(self._handed_on, counts_of(tape), strict=True)))

    def _replay_beside(self, process: SegmentProcess) -> None:
        with contextlib.closing(process):
            while (number := self._take()) is not None:
                try:
                    tape = process.run(self._segments[number])
                except TickreelError as error:
                    with self._finishing:
                        self._error = self._error or error
                        self._finishing.notify_all()
                    return
                self._finish(number, tape)
