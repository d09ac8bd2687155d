"""A raw file of trades, read in replay order, a chunk at a time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tickreel.converter.faults import Faults
from tickreel.stores.raw_schema import EARLIEST, LATEST, REPLAY_CLOCK, guess_unit

Int64 = npt.NDArray[np.int64]

# Rows of a chunk, and so of a row group of the catalog: a minute of a busy day then reads one or two MB.
CHUNK_ROWS = 65_536
_COLUMNS = ["exchange", "symbol", "timestamp", "id", "side", "price", "amount"]
_WORDS = ["exchange", "symbol", "side"]


@dataclass(frozen=True)
class Chunk:
    """Rows that follow each other in the replay.

    Attributes:
        start: The place of the first of them in the replay, from 0.
        rows: Their numbers in the raw file, from 0.
        columns: Their columns but the replay clock.
    """

    start: int
    rows: Int64
    columns: pa.Table


class TradeReader:
    """Reads a raw file of trades.

    Attributes:
        recorded: The replay clock of the rows in replay order, µs since 1970.
        out_of_order: Rows recorded before one that stands above them; they are sorted, stably.

    Args:
        path: The raw file; its schema is one that `schema_faults` has no fault with.
        faults: Takes times that are missing or no times.

    Raises:
        OSError, pyarrow.ArrowException: The file cannot be read.
    """

    def __init__(self, path: Path, faults: Faults) -> None:
        # Buffered by column instead of by row group: whole days are often written as one row group.
        self._file = pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20, read_dictionary=_text_columns(path))
        self.rows = self._file.metadata.num_rows
        recorded = checked_times(REPLAY_CLOCK, self._file.read([REPLAY_CLOCK])[REPLAY_CLOCK], np.arange(self.rows), faults)
        self.out_of_order = int(np.count_nonzero(recorded < np.maximum.accumulate(recorded)))
        self._order = np.argsort(recorded, kind="stable") if self.out_of_order else None
        self.recorded = recorded if self._order is None else recorded[self._order]

    def chunks(self) -> Iterator[Chunk]:
        """All rows in replay order, in chunks of 65,536 and a last one of the rest."""
        tables = self._in_file_order() if self._order is None else self._sorted(self._order)
        start = 0
        for table in _read_ahead(tables):
            end = start + table.num_rows
            rows = np.arange(start, end) if self._order is None else self._order[start:end]
            yield Chunk(start, rows, table)
            start = end

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _in_file_order(self) -> Iterator[pa.Table]:
        waiting: list[pa.RecordBatch] = []
        count = 0
        for batch in self._file.iter_batches(CHUNK_ROWS, columns=_COLUMNS):
            waiting.append(batch)
            count += batch.num_rows
            if count >= CHUNK_ROWS:
                table = pa.Table.from_batches(waiting)
                yield table.slice(0, CHUNK_ROWS)
                waiting = table.slice(CHUNK_ROWS).to_batches()
                count -= CHUNK_ROWS
        if count:
            yield pa.Table.from_batches(waiting)

    def _sorted(self, order: Int64) -> Iterator[pa.Table]:
        # Sorting needs all rows at hand; recordings that need it are rare.
        table = self._file.read(_COLUMNS).combine_chunks()
        for start in range(0, self.rows, CHUNK_ROWS):
            yield table.take(order[start : start + CHUNK_ROWS])


def _read_ahead(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same tables, the next one being read while one is worked on."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="trade-reader") as beside:
        pending = beside.submit(next, tables, None)
        while (table := pending.result()) is not None:
            pending = beside.submit(next, tables, None)
            yield table


def checked_times(name: str, column: pa.ChunkedArray, rows: Int64, faults: Faults) -> Int64:
    """A column of times as µs since 1970; a row with a fault has the earliest plausible time instead."""
    missing = column.null_count
    if missing:
        empty = rows[pc.is_null(column).to_numpy()]
        faults.add(name, "no value", empty, ["null"] * missing)
    times = pc.fill_null(column.cast(pa.int64()), EARLIEST).to_numpy()
    if times.size and not (times.min() >= EARLIEST and times.max() < LATEST):
        wrong = np.flatnonzero((times < EARLIEST) | (times >= LATEST))
        unit = guess_unit(int(times[wrong[np.argmin(rows[wrong])]]))
        faults.add(name, "no microseconds since 1970 of the years 2009 to 2100", rows[wrong], times[wrong], f"it {unit}")
        times = times.copy()
        times[wrong] = EARLIEST
    return times


def _text_columns(path: Path) -> list[str]:
    """The columns of few words, where they are plain text: those are read as dictionaries."""
    schema = pq.read_schema(path)
    return [name for name in _WORDS if pa.types.is_string(schema.field(name).type)]
