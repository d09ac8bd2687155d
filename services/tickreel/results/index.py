"""Index of all results: an in-memory cache of their files, loaded by the first request."""

import itertools
import logging
import threading
import time

from tickreel.rpc.errors import TickreelError
from tickreel.stores.results import ResultStore, StoredResult
from tickreel.v1 import result_pb2

log = logging.getLogger("tickreel")

# The clock of a file system may advance only every few milliseconds, so a folder that has just changed may change again without
# a new time. A folder with a time in the future changed before the clock was set back; its next change gets another time.
_SETTLED_NS = 1_000_000_000
# Most unreadable results that are named.
_MOST_UNREADABLE = 100


class ResultIndex:
    """The current results of a store.

    Results and notes are written and removed by renames and removals, which change the modification time of a folder. While the
    times are unchanged, no file is read. A file that cannot be read is left out, and logged once.

    Attributes:
        unreadable: Ids of runs whose result the last `newest_first` could not read, at most a hundred, newest first.
    """

    def __init__(self, store: ResultStore) -> None:
        self.unreadable: list[str] = []
        self._store = store
        self._changed_at: tuple[int, ...] | None = None
        self._entries: dict[tuple[StoredResult, int], result_pb2.NotedResult | None] = {}
        self._newest_first: list[result_pb2.NotedResult] = []
        self._lock = threading.Lock()

    def newest_first(self) -> list[result_pb2.NotedResult]:
        """Return all results, newest first. Results of the same instant are sorted by id, descending."""
        with self._lock:
            changed_at = self._store.changed_at()
            if changed_at != self._changed_at:
                self._refresh()
                now = time.time_ns()
                is_settled = all(abs(now - changed) > _SETTLED_NS for changed in changed_at)
                self._changed_at = changed_at if is_settled else None
            return self._newest_first

    def _refresh(self) -> None:
        before, noted = self._entries, dict(self._store.notes.versions())
        versions = [(stored, noted.get(stored.run_id, 0)) for stored in self._store.stored()]
        versions.sort(key=lambda version: (version[0].committed_at, version[0].run_id), reverse=True)
        self._entries = {version: before[version] if version in before else self._entry(version[0]) for version in versions}
        self._newest_first = [entry for entry in self._entries.values() if entry is not None]
        unreadable = (stored.run_id for (stored, _), entry in self._entries.items() if entry is None)
        self.unreadable = list(itertools.islice(unreadable, _MOST_UNREADABLE))

    def _entry(self, stored: StoredResult) -> result_pb2.NotedResult | None:
        try:
            return self._store.noted(stored)
        except TickreelError as error:
            log.warning("%s", error)
            return None
