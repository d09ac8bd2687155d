"""Who watches all jobs of a queue, and which of them have changed since each was told."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator


class Unseen:
    """The jobs that one watcher does not know the present state of, those that changed first in front.

    Ids, and each once, so that a watcher who reads slowly costs no more than one who does not.
    """

    def __init__(self, job_ids: Iterable[str]) -> None:
        self._ids = dict.fromkeys(job_ids)
        self._some = asyncio.Event()

    def add(self, job_id: str) -> None:
        """Marks a job as changed."""
        self._ids[job_id] = None
        self._some.set()

    def pop(self) -> str | None:
        """Removes and returns the first id; None where there is none."""
        job_id = next(iter(self._ids), None)
        if job_id is not None:
            del self._ids[job_id]
        if self._ids:
            self._some.set()
        else:
            self._some.clear()
        return job_id

    async def wait(self, seconds: float) -> None:
        """Waits until there is one, but not longer than so many seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._some.wait(), seconds)


class Watchers:
    """All who watch, each with what it has not seen."""

    def __init__(self) -> None:
        self._joined: set[Unseen] = set()

    @contextlib.contextmanager
    def joined(self, job_ids: Iterable[str]) -> Iterator[Unseen]:
        """One more watcher, who has not seen these jobs, for as long as the context is open."""
        unseen = Unseen(job_ids)
        self._joined.add(unseen)
        try:
            yield unseen
        finally:
            self._joined.remove(unseen)

    def __len__(self) -> int:
        return len(self._joined)

    def tell(self, job_id: str) -> None:
        """Tells everyone that a job has changed."""
        for unseen in self._joined:
            unseen.add(job_id)
