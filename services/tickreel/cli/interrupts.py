"""Ctrl-C, SIGTERM and a closed terminal: the first signal asks a command to stop, the second stops it at once."""

import asyncio
import signal
from types import TracebackType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Handle the signals that end a command while the context is open.

    The first signal sets `asked`. The second cancels the task; its context managers then clean up without waiting.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._task: asyncio.Task[object] | None = None

    def check(self) -> None:
        """Cancel the task if a signal has arrived. Call this only while the command has no job to cancel first.

        Raises:
            CancelledError: A signal has arrived.
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
