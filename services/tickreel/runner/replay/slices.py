"""The replay of a plan: free processes take the next slice, and the tapes are delivered in the order of the slices."""

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
from tickreel.runner.replay.slice_process import Counts, SegmentProcess, SegmentReplay, counts_of


class PlanReplay:
    """Replays a plan in `processes` processes, including this one."""

    def __init__(self, replay: SegmentReplay, plan: ReplayPlan, processes: int) -> None:
        self._replay = replay
        self._segments = plan.segments
        self._children = min(processes, len(plan.segments)) - 1
        # Slices by number. Each is taken from `_pending`, replayed, finished, and then delivered.
        self._pending = deque(range(len(plan.segments)))
        self._finished: dict[int, Tape] = {}
        self._next = 0
        self._current: tuple[int, Tape] = (-1, Tape())
        self._processes: list[SegmentProcess] = []
        self._error: TickreelError | None = None
        self._delivered: Counts = (0, 0, 0, 0)
        self._finishing = threading.Condition()
        self._delivering = threading.Lock()

    @property
    def counts(self) -> Counts:
        """Trade rows, book rows, orders and fills so far, in all processes.

        A book that two slices replay counts once.
        """
        begun = self._segments[: len(self._segments) - len(self._pending)]
        parts = [self._delivered, *(process.counts for process in self._processes)]
        with self._finishing:
            parts += [counts_of(tape) for tape in self._finished.values()]
        number, tape = self._current
        if number >= self._next and number not in self._finished:
            parts.append(counts_of(tape))
        rows, book_rows, orders, fills = map(sum, zip(*parts, strict=True))
        return rows, max(0, book_rows - sum(segment.repeats for segment in begun)), orders, fills

    @property
    def peak_memory(self) -> int:
        """Peak memory of the largest process, MiB."""
        return max(peak_memory(), *(process.peak_memory for process in self._processes), 0)

    @contextlib.contextmanager
    def next_tape(self) -> Iterator[Tape | None]:
        """Yield the tape of the next slice to deliver if this process is replaying it, else None.

        The tape is not delivered while the context is open.
        """
        with self._delivering:
            number, tape = self._current
            yield tape if number == self._next else None

    def run(self, on_tape: Callable[[Tape], None], shortcuts: Shortcuts) -> None:
        """Replay the plan.

        Args:
            on_tape: Called with the tape of each slice, in order.

        Raises:
            TickreelError: REPLAY_FAILED, or an error of `SegmentProcess.run`.
        """
        with contextlib.ExitStack() as stack:
            for _ in range(self._children):
                process = SegmentProcess(self._replay, shortcuts)
                self._processes.append(process)
                thread = threading.Thread(target=self._replay_in_child, args=(process,), name="segments")
                thread.start()
                # The stack runs in reverse order: first stop the process, then join its thread.
                stack.callback(thread.join)
                stack.callback(process.stop)
            # When this process fails, the children take no further slices.
            stack.callback(self._pending.clear)
            while (number := self._take()) is not None:
                set_current = functools.partial(self._set_current, number)
                tape = self._replay.run(self._segments[number], set_current, shortcuts)
                self._finish(number, tape)
                self._deliver(on_tape)
            while self._next < len(self._segments):
                with self._finishing:
                    self._finishing.wait_for(lambda: self._next in self._finished or self._error is not None)
                self._deliver(on_tape)

    def _take(self) -> int | None:
        try:
            return self._pending.popleft()
        except IndexError:
            return None

    def _set_current(self, number: int, tape: Tape) -> None:
        self._current = number, tape

    def _finish(self, number: int, tape: Tape) -> None:
        with self._finishing:
            self._finished[number] = tape
            self._finishing.notify_all()

    def _deliver(self, on_tape: Callable[[Tape], None]) -> None:
        """Deliver the finished slices that have no unfinished slice before them."""
        if self._error is not None:
            raise self._error
        while (tape := self._finished.get(self._next)) is not None:
            with self._delivering:
                on_tape(tape)
                with self._finishing:
                    del self._finished[self._next]
                    self._next += 1
                    rows, book_rows, orders, fills = map(sum, zip(self._delivered, counts_of(tape), strict=True))
                    self._delivered = rows, book_rows, orders, fills

    def _replay_in_child(self, process: SegmentProcess) -> None:
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
