"""The columns of runs that charts and streams are made from: they lie ready after the first look."""

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
    """The columns of the runs of a store, made from the tables of full runs, or from the catalog."""

    def __init__(self, results: ResultStore, catalog: CatalogStore, columns: ColumnStore) -> None:
        self._results = results
        self._catalog = catalog
        self._columns = columns
        # Of one result one after the other, in the order of the questions: side by side none would be there soon.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def sources(self, stored: StoredResult) -> RunTicks:
        """The ticks of a run where they came to rest."""
        return RunTicks(self._results.load(stored), stored.folder / ResultFile.TICKS, self._catalog)

    def ticks_at_hand(self, stored: StoredResult) -> Columns | None:
        """The ticks of a run, where they lie ready."""
        return self._columns.find(result_key(stored, "ticks"))

    async def ticks(self, stored: StoredResult) -> Columns:
        """The ticks of a run.

        Raises:
            TickreelError: DATA_CHANGED where the catalog no longer has what a fast run replayed.
        """
        return await self._get(stored, "ticks", lambda writer: self._make_ticks(stored, writer))

    async def orders(self, stored: StoredResult) -> Columns | None:
        """The orders of a run by side (see `make_orders`), None of a fast one."""
        if not stored.is_full:
            return None

        def make(writer: ColumnWriter) -> None:
            with stored_table(stored, self._results.load(stored), "orders") as orders:
                make_orders(orders, ticks, writer)

        def ticks() -> Columns:
            return self._columns.get(result_key(stored, "ticks"), lambda writer: self._make_ticks(stored, writer))

        return await self._get(stored, "orders", make)

    async def equity(self, stored: StoredResult) -> Columns:
        """The equity of a full run (see `make_equity`).

        Raises:
            TickreelError: TABLE_NOT_KEPT of a fast one, DATA_CHANGED where its table is gone or is not what the run wrote.
        """

        def make(writer: ColumnWriter) -> None:
            with stored_table(stored, self._results.load(stored), "equity") as equity:
                make_equity(equity, writer)

        return await self._get(stored, "equity", make)

    def _make_ticks(self, stored: StoredResult, writer: ColumnWriter) -> None:
        self.sources(stored).make(writer)

    async def _get(self, stored: StoredResult, name: str, make: Callable[[ColumnWriter], None]) -> Columns:
        key = result_key(stored, name)
        ready = await asyncio.to_thread(self._columns.find, key)
        if ready is not None:
            return ready
        async with self._turns.setdefault(result_key(stored, ""), asyncio.Lock()):
            return await asyncio.to_thread(self._columns.get, key, make)


def result_key(stored: StoredResult, name: str) -> str:
    """A key of what is made from a result; one that was deleted and made again is another."""
    return f"{stored.run_id}-{stored.committed_at}-{name}"
