"""What all results are, in memory: a cache of their files, made from them at the first question."""

import itertools
import logging
import threading
import time

from tickreel.rpc.errors import TickreelError
from tickreel.stores.results import ResultStore, StoredResult
from tickreel.v1 import result_pb2

log = logging.getLogger("tickreel")

# The clock of a file system may stand still for some milliseconds: a folder that changed a moment ago may change again unseen.
# One whose time is ahead changed before the clock was set back: its next change has another time.
_SETTLED_NS = 1_000_000_000
# How many results that cannot be read are named.
_MOST_UNREADABLE = 100


class ResultIndex:
    """The results of a store, as they are now.

    Results and notes come and go by renames and removals, which change the time of a folder; as long as that is the same, no
    file is looked at. A file that cannot be read is left out, and named in the log once.

    Attributes:
        unreadable: The ids of the first runs whose result cannot be read, as `newest_first` found them.
    """

    def __init__(self, store: ResultStore) -> None:
        self.unreadable: list[str] = []
        self._store = store
        self._changed_at: tuple[int, ...] | None = None
        self._entries: dict[tuple[StoredResult, int], result_pb2.NotedResult | None] = {}
        self._newest_first: list[result_pb2.NotedResult] = []
        self._lock = threading.Lock()

    def newest_first(self) -> list[result_pb2.NotedResult]:
        """All results; those of one instant by their ids, the last of them first."""
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
