"""Columns of runs for charts and streams, cached at the first request."""

import asyncio
from collections.abc import Callable
from weakref import WeakValueDictionary

from tickreel.results.equity import make_equity
from tickreel.results.markers import make_orders
from tickreel.results.stored_table import stored_table
from tickreel.results.ticks import RunTicks
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.column_files import Columns, ColumnStore, ColumnWriter
from tickreel.stores.result_layout import ResultFile
from tickreel.stores.results import ResultStore, StoredResult


class RunColumns:
    """The columns of the runs of a store, read from the tables of full runs or from the catalog."""

    def __init__(self, results: ResultStore, catalog: CatalogStore, columns: ColumnStore) -> None:
        self._results = results
        self._catalog = catalog
        self._columns = columns
        # Columns of one result are made one after the other, in the order of the requests. In parallel, all would be late.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def sources(self, stored: StoredResult) -> RunTicks:
        """Return the stored ticks of a run."""
        return RunTicks(self._results.load(stored), stored.folder / ResultFile.TICKS, self._catalog)

    def cached_ticks(self, stored: StoredResult) -> Columns | None:
        """Return the columns of the ticks of a run if they are cached, else None."""
        return self._columns.find(result_key(stored, "ticks"))

    async def ticks(self, stored: StoredResult) -> Columns:
        """Return the columns of the ticks of a run.

        Raises:
            TickreelError: DATA_CHANGED if the catalog no longer has the data that a fast run replayed.
        """
        return await self._get(stored, "ticks", lambda writer: self._make_ticks(stored, writer))

    async def orders(self, stored: StoredResult) -> Columns | None:
        """Return the columns of the orders of a full run, by side (see `make_orders`); None for a fast run."""
        if not stored.is_full:
            return None

        def make(writer: ColumnWriter) -> None:
            with stored_table(stored, self._results.load(stored), "orders") as orders:
                make_orders(orders, ticks, writer)

        def ticks() -> Columns:
            return self._columns.get(result_key(stored, "ticks"), lambda writer: self._make_ticks(stored, writer))

        return await self._get(stored, "orders", make)

    async def equity(self, stored: StoredResult) -> Columns:
        """Return the columns of the equity of a full run (see `make_equity`).

        Raises:
            TickreelError: TABLE_NOT_KEPT for a fast run; DATA_CHANGED if the table is missing or differs from what the run
                wrote.
        """

        def make(writer: ColumnWriter) -> None:
            with stored_table(stored, self._results.load(stored), "equity") as equity:
                make_equity(equity, writer)

        return await self._get(stored, "equity", make)

    def _make_ticks(self, stored: StoredResult, writer: ColumnWriter) -> None:
        self.sources(stored).make(writer)

    async def _get(self, stored: StoredResult, name: str, make: Callable[[ColumnWriter], None]) -> Columns:
        key = result_key(stored, name)
        cached = await asyncio.to_thread(self._columns.find, key)
        if cached is not None:
            return cached
        async with self._locks.setdefault(result_key(stored, ""), asyncio.Lock()):
            return await asyncio.to_thread(self._columns.get, key, make)


def result_key(stored: StoredResult, name: str) -> str:
    """Return the key of a file derived from a result. A result that is deleted and written again has other keys."""
    return f"{stored.run_id}-{stored.committed_at}-{name}"
