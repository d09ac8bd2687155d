"""Tables of runs as files for download.

Files that the run wrote are sent unchanged. All other forms are made at the first request and cached as derived files.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.results.artifact import Artifact, output_path, unreadable
from tickreel.results.exported_tables import TABLES, exported_table
from tickreel.results.run_columns import RunColumns, result_key
from tickreel.results.stored_table import stored_table
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.read_ahead import read_ahead
from tickreel.stores.converted_rows import scale_of
from tickreel.stores.derived_files import DerivedFiles
from tickreel.stores.result_layout import ResultFile
from tickreel.stores.results import ResultStore, StoredResult
from tickreel.stores.table_text import write_csv, write_json
from tickreel.v1 import result_pb2, results_service_pb2

FORMATS = ("json", "csv", "parquet")

# Seconds between two progress messages. A file that takes less time sends none.
_PROGRESS_SECONDS = 0.25


@dataclass
class _Progress:
    """Progress of making a file.

    Attributes:
        rows: Rows written so far.
        total: Rows of the table; 0 until it is open.
    """

    rows: int = 0
    total: int = 0


class Exports:
    """The tables of the runs of a store, as files in any format.

    One file is made at a time for all clients, because making it takes one or two processors and much of the disk's bandwidth.

    Args:
        derived: The cache of the files.
    """

    def __init__(self, store: ResultStore, derived: DerivedFiles, columns: RunColumns) -> None:
        self._store = store
        self._derived = derived
        self._columns = columns
        self._makers = ThreadPoolExecutor(1, "exports")
        # Files that are being made, by key: all clients that request the same file share one.
        self._making: dict[str, tuple[asyncio.Future[None], _Progress]] = {}
        self._is_closed = False

    def close(self) -> None:
        """Stop making files."""
        self._is_closed = True
        self._makers.shutdown(cancel_futures=True)

    async def stream(
        self, stored: StoredResult, name: str, offset: int
    ) -> AsyncGenerator[results_service_pb2.ExportArtifactResponse, None]:
        """Yield progress while the file is being made, then its bytes from an offset on.

        Raises:
            TickreelError: NOT_FOUND for an unknown name, with the known names; TABLE_NOT_KEPT for a table that a fast run does
                not have; DATA_CHANGED if a file that the run wrote is missing; INVALID_REQUEST for an offset outside of the
                file; STORE_FULL or STORE_NOT_WRITABLE if the file cannot be made.
        """
        result = await asyncio.to_thread(self._store.load, stored)
        file = await asyncio.to_thread(self._open_output, stored, result, name)
        if file is None:
            async for progress in self._make_with_progress(stored, result, name):
                if progress.total:
                    yield results_service_pb2.ExportArtifactResponse(made_rows=progress.rows, total_rows=progress.total)
            # The cache may have removed the file since; then it is made again.
            file = await asyncio.to_thread(self._open_derived, stored, result, name, _Progress())
        async with aclosing(read_ahead(Artifact(stored.run_id, name, file).parts(offset))) as parts:
            async for part in parts:
                yield part

    def _open_output(self, stored: StoredResult, result: result_pb2.Result, name: str) -> BinaryIO | None:
        """Open the file that the run wrote. Return None if the file has to be made."""
        path = output_path(self._store, stored, result, name)
        try:
            if path is not None:
                table, _, form = name.partition(".")
                if form == "parquet" and table in TABLES:
                    # Check the table here: a client would otherwise notice the damage only when it opens its copy.
                    with stored_table(stored, result, table):
                        pass
                return path.open("rb")
            if not _can_be_made(stored, name):
                raise _no_such_file(stored, result, name)
        except OSError as error:
            if not _can_be_made(stored, name):
                raise unreadable(stored.run_id, name, error.strerror or str(error)) from None
        return None

    async def _make_with_progress(self, stored: StoredResult, result: result_pb2.Result, name: str) -> AsyncIterator[_Progress]:
        """Make a file if it is not cached, and yield the progress from time to time.

        A client that hangs up does not stop the work: others may wait for the file, and the client may come back for it.
        """
        key = result_key(stored, name)
        if await asyncio.to_thread(self._derived.find, key) is not None:
            return
        if key not in self._making:
            progress = _Progress()
            work = self._makers.submit(lambda: self._open_derived(stored, result, name, progress).close())
            making = asyncio.wrap_future(work)
            self._making[key] = making, progress
            making.add_done_callback(lambda done: (self._making.pop(key), done.cancelled() or done.exception()))
        making, progress = self._making[key]
        while not (await asyncio.wait([making], timeout=_PROGRESS_SECONDS))[0]:
            yield progress
        # Raises the error if the work failed.
        await making

    def _open_derived(self, stored: StoredResult, result: result_pb2.Result, name: str, progress: _Progress) -> BinaryIO:
        """Open a derived file, and make it first if it is not cached."""

        def make(folder: Path) -> None:
            with (
                exported_table(self._columns, stored, result, name.partition(".")[0]) as table,
                (folder / name).open("wb") as file,
            ):
                progress.total = table.rows
                _write(file, name, table.schema, self._counted(table.batches, progress), result)
            # The decoded rows are no longer needed.
            pa.default_memory_pool().release_unused()

        return self._derived.get(result_key(stored, name), make, lambda folder: (folder / name).open("rb"))

    def _counted(self, batches: Iterator[pa.RecordBatch], progress: _Progress) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if self._is_closed:
                raise TickreelError(
                    "SERVICE_UNAVAILABLE", "the results service is stopping; repeat the request when it runs again"
                )
            yield batch
            progress.rows += batch.num_rows


def _can_be_made(stored: StoredResult, name: str) -> bool:
    """Return whether a file can be made from others. The tables of a full run and the summary are sources and cannot."""
    table, _, form = name.partition(".")
    is_source = name == ResultFile.SUMMARY or (stored.is_full and table != "summary" and form == "parquet")
    return table in TABLES and form in FORMATS and not is_source


def _write(file: BinaryIO, name: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch], result: result_pb2.Result) -> None:
    match name.rpartition(".")[2]:
        case "csv":
            write_csv(file, schema, batches)
        case "parquet":
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                for batch in batches:
                    writer.write_batch(batch)
        case "json" if name == ResultFile.TICKS_JSON:
            precisions = {f"{column}_precision": scale_of(schema.field(column).type) for column in ("price", "size")}
            head = {"run_id": result.run_id, "instrument": result.instrument, **precisions}
            # The layout of `--export_ticks`.
            write_json(file, batches, head, "ticks")
        case "json":
            write_json(file, batches)


def _no_such_file(stored: StoredResult, result: result_pb2.Result, name: str) -> TickreelError:
    tables = TABLES if stored.is_full else ("summary", "ticks")
    message = (
        f"the result {stored.run_id} has no file {name!r}; it has {', '.join(sorted(result.metadata.outputs))}, "
        f"and can export {', '.join(tables[:-1])} and {tables[-1]} as .json, .csv or .parquet"
    )
    return TickreelError("NOT_FOUND", message, kind="file", id=name)
