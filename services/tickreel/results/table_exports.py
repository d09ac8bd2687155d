"""Tables of runs as files: those that a run left as they are, all others made at the first ask and kept as derived files."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.results.artifact import Artifact, left_file, unreadable
from tickreel.results.exported_tables import TABLES, exported_table
from tickreel.results.run_columns import RunColumns, result_key
from tickreel.results.stored_table import stored_table
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.read_ahead import read_ahead
from tickreel.stores.derived_files import DerivedFiles
from tickreel.stores.result_layout import ResultFile
from tickreel.stores.results import ResultStore, StoredResult
from tickreel.stores.table_text import write_csv, write_json
from tickreel.v1 import result_pb2, results_service_pb2

FORMATS = ("json", "csv", "parquet")

# Between two words on how far the making of a file is; what is quicker is made without any.
_TELL_SECONDS = 0.25


@dataclass
class _Progress:
    """The rows of a file that have been made, and those of its table; 0 while it is not known."""

    rows: int = 0
    total: int = 0


class Exports:
    """The tables of the runs of a store, as files of any form.

    One file is made at a time, whoever asks: the making takes a processor or two, and its disk.

    Args:
        derived: Where files lie that were made.
    """

    def __init__(self, store: ResultStore, derived: DerivedFiles, columns: RunColumns) -> None:
        self._store = store
        self._derived = derived
        self._columns = columns
        self._makers = ThreadPoolExecutor(1, "exports")
        # For all who ask for a file while it is being made.
        self._making: dict[str, tuple[asyncio.Future[None], _Progress]] = {}
        self._is_closed = False

    def close(self) -> None:
        """Gives up what is being made."""
        self._is_closed = True
        self._makers.shutdown(cancel_futures=True)

    async def stream(
        self, stored: StoredResult, name: str, offset: int
    ) -> AsyncIterator[results_service_pb2.ExportArtifactResponse]:
        """How far the making of a file is, as long as it is being made, then its bytes from an offset on.

        Raises:
            TickreelError: NOT_FOUND for a name that no file has, with those there are; TABLE_NOT_KEPT for what a fast run
                has not; DATA_CHANGED where a file that the run left is gone; INVALID_REQUEST for an offset outside of the
                file; STORE_FULL or STORE_NOT_WRITABLE where it cannot be made.
        """
        result = await asyncio.to_thread(self._store.load, stored)
        file = await asyncio.to_thread(self._left, stored, result, name)
        if file is None:
            async for progress in self._making_of(stored, result, name):
                if progress.total:
                    yield results_service_pb2.ExportArtifactResponse(made_rows=progress.rows, total_rows=progress.total)
            # It may have been removed since; then it is made again.
            file = await asyncio.to_thread(self._made, stored, result, name, _Progress())
        async with aclosing(read_ahead(Artifact(stored.run_id, name, file).parts(offset))) as parts:
            async for part in parts:
                yield part

    def _left(self, stored: StoredResult, result: result_pb2.Result, name: str) -> BinaryIO | None:
        """The file that a run left, None where one is to be made."""
        path = left_file(self._store, stored, result, name)
        try:
            if path is not None:
                table, _, form = name.partition(".")
                if form == "parquet" and table in TABLES:
                    # A copy of what is no table any more would only be found out where it is opened.
                    with stored_table(stored, result, table):
                        pass
                return path.open("rb")
            if not _can_be_made(stored, name):
                raise _no_such_file(stored, result, name)
        except OSError as error:
            if not _can_be_made(stored, name):
                raise unreadable(stored.run_id, name, error.strerror or str(error)) from None
        return None

    async def _making_of(self, stored: StoredResult, result: result_pb2.Result, name: str) -> AsyncIterator[_Progress]:
        """Has a file made where it does not lie ready, and tells from time to time how far that is.

        Who hangs up does not stop it: the others wait for it, and it is there when he comes back.
        """
        key = result_key(stored, name)
        if await asyncio.to_thread(self._derived.find, key) is not None:
            return
        if key not in self._making:
            progress = _Progress()
            work = self._makers.submit(lambda: self._made(stored, result, name, progress).close())
            making = asyncio.wrap_future(work)
            self._making[key] = making, progress
            making.add_done_callback(lambda done: (self._making.pop(key), done.cancelled() or done.exception()))
        making, progress = self._making[key]
        while not (await asyncio.wait([making], timeout=_TELL_SECONDS))[0]:
            yield progress
        # With its error, where it has failed.
        await making

    def _made(self, stored: StoredResult, result: result_pb2.Result, name: str, progress: _Progress) -> BinaryIO:
        """A file that was made, open."""

        def make(folder: Path) -> None:
            with (
                exported_table(self._columns, stored, result, name.partition(".")[0]) as table,
                (folder / name).open("wb") as file,
            ):
                progress.total = table.rows
                _write(file, name, table.schema, self._counted(table.batches, progress), result)
            # What was decoded is no more needed.
            pa.default_memory_pool().release_unused()

        return self._derived.get(result_key(stored, name), make, lambda folder: (folder / name).open("rb"))

    def _counted(self, batches: Iterator[pa.RecordBatch], progress: _Progress) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if self._is_closed:
                raise TickreelError("SERVICE_UNAVAILABLE", "the results service is stopping; ask again once it is back")
            yield batch
            progress.rows += batch.num_rows


def _can_be_made(stored: StoredResult, name: str) -> bool:
    """Whether a file can be made of what else there is: the tables of a full run are what its other files are made from."""
    table, _, form = name.partition(".")
    is_made_from = name == ResultFile.SUMMARY or (stored.is_full and table != "summary" and form == "parquet")
    return table in TABLES and form in FORMATS and not is_made_from


def _write(file: BinaryIO, name: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch], result: result_pb2.Result) -> None:
    match name.rpartition(".")[2]:
        case "csv":
            write_csv(file, schema, batches)
        case "parquet":
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                for batch in batches:
                    writer.write_batch(batch)
        case "json" if name == ResultFile.TICKS_JSON:
            precisions = {f"{column}_precision": schema.field(column).type.scale for column in ("price", "size")}
            head = {"run_id": result.run_id, "instrument": result.instrument, **precisions}
            # As a run exports them.
            write_json(file, batches, head, "ticks")
        case "json":
            write_json(file, batches)


def _no_such_file(stored: StoredResult, result: result_pb2.Result, name: str) -> TickreelError:
    tables = TABLES if stored.is_full else ("summary", "ticks")
    message = (
        f"the result {stored.run_id} has no file {name!r}; it has {', '.join(sorted(result.metadata.outputs))}, "
        f"and makes {', '.join(tables[:-1])} and {tables[-1]} with .json, .csv or .parquet after it"
    )
    return TickreelError("NOT_FOUND", message, kind="file", id=name)
