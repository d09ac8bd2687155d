"""Ctrl-C, SIGTERM and a closed terminal: the first asks a command to end what it does, the second makes it leave at once."""

import asyncio
import signal
from types import TracebackType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """The signals that ask the running task to end, while the context is open.

    The first sets `asked`; the second cancels the task, whose contexts then put everything in order without waiting for anyone.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._task: asyncio.Task[object] | None = None

    def check(self) -> None:
        """Ends the task where it was asked to end and has nothing under way.

        Raises:
            CancelledError: It was.
        """
        if self.asked.is_set():
            raise asyncio.CancelledError

    def _on_signal(self) -> None:
        if self.asked.is_set() and self._task is not None:
            self._task.cancel()
        self.asked.set()

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._on_signal)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
