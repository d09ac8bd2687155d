"""Watchers of all jobs of a queue, and the jobs that changed since each watcher's last message."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator


class Unseen:
    """The ids of the jobs whose current state a watcher has not received, in order of their first change.

    Each id is held once, so a slow watcher needs no more memory than a fast one.
    """

    def __init__(self, job_ids: Iterable[str]) -> None:
        self._ids = dict.fromkeys(job_ids)
        self._some = asyncio.Event()

    def add(self, job_id: str) -> None:
        """Mark a job as changed."""
        self._ids[job_id] = None
        self._some.set()

    def pop(self) -> str | None:
        """Remove and return the first id, or return None."""
        job_id = next(iter(self._ids), None)
        if job_id is not None:
            del self._ids[job_id]
        if self._ids:
            self._some.set()
        else:
            self._some.clear()
        return job_id

    async def wait(self, seconds: float) -> None:
        """Wait until there is an id, at most `seconds`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._some.wait(), seconds)


class Watchers:
    """The connected watchers."""

    def __init__(self) -> None:
        self._joined: set[Unseen] = set()

    @contextlib.contextmanager
    def joined(self, job_ids: Iterable[str]) -> Iterator[Unseen]:
        """Add a watcher that has not seen these jobs while the context is open."""
        unseen = Unseen(job_ids)
        self._joined.add(unseen)
        try:
            yield unseen
        finally:
            self._joined.remove(unseen)

    def __len__(self) -> int:
        return len(self._joined)

    def notify(self, job_id: str) -> None:
        """Mark a job as changed for all watchers."""
        for unseen in self._joined:
            unseen.add(job_id)
