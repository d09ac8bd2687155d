"""A merge of the rows of several files by recorded time, while the files are read."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.stores.converted_rows import nanoseconds
from tickreel.stores.recorded_clock import RecordedClock

Int64 = npt.NDArray[np.int64]
Chunk = tuple[pa.RecordBatch, Int64, Int64]


def merge(files: Sequence[tuple[Iterator[pa.RecordBatch], RecordedClock]]) -> Iterator[Chunk]:
    """Merge files in chunks. A chunk holds all rows of each recorded time in it.

    Memory is bounded by a few batches of each file, however many rows the files have in common.

    Args:
        files: The batches of each file in replay order, and the file's clock.

    Yields:
        Rows, the number of each row's file, and each row's recorded time in UNIX nanoseconds. Rows are sorted by recorded
        time, then by file, then by place in the file.
    """
    sources = [_Source(batches, clock) for batches, clock in files]
    while True:
        for source in sources:
            if source.is_open and not len(source.recorded):
                source.read()
        still_open = [source for source in sources if source.is_open]
        if not still_open:
            break
        # The next batch of an open file may have more rows of the last recorded time.
        complete = min(int(source.recorded[-1]) for source in still_open)
        taken = [source.take(int(np.searchsorted(source.recorded, complete, side="left"))) for source in sources]
        if any(table.num_rows for table, _ in taken):
            yield _merged(taken)
        else:
            for source in still_open:
                if source.recorded[-1] == complete:
                    source.read()
    if any(len(source.recorded) for source in sources):
        yield _merged([source.take(len(source.recorded)) for source in sources])


class _Source:
    """The rows of one file that have been read but not merged yet."""

    def __init__(self, batches: Iterator[pa.RecordBatch], clock: RecordedClock) -> None:
        self._batches = batches
        self._clock = clock
        self._held: list[pa.RecordBatch] = []
        self.recorded: Int64 = np.empty(0, dtype=np.int64)
        self.is_open = True

    def read(self) -> None:
        """Read the next batch; close the source if there is none."""
        batch = next(self._batches, None)
        self.is_open = batch is not None
        if batch is not None:
            self._held.append(batch)
            self.recorded = np.append(self.recorded, self._clock.recorded(nanoseconds(batch.column("ts_init"))))

    def take(self, rows: int) -> tuple[pa.Table, Int64]:
        """Remove a number of rows from the front, and return them with their recorded times."""
        recorded, self.recorded = self.recorded[:rows], self.recorded[rows:]
        taken = []
        while rows:
            batch = self._held.pop(0)
            if len(batch) > rows:
                self._held.insert(0, batch.slice(rows))
                batch = batch.slice(0, rows)
            taken.append(batch.replace_schema_metadata(None))
            rows -= len(batch)
        return pa.Table.from_batches(taken) if taken else pa.table({}), recorded


def _merged(taken: Sequence[tuple[pa.Table, Int64]]) -> Chunk:
    tables = [table for table, _ in taken if table.num_rows]
    recorded = np.concatenate([times for _, times in taken])
    file = np.repeat(np.arange(len(taken)), [len(times) for _, times in taken])
    order = np.argsort(recorded, kind="stable")
    rows = pa.concat_tables(tables).unify_dictionaries().combine_chunks().take(order).combine_chunks()
    (batch,) = rows.to_batches()
    return batch, file[order], recorded[order]
