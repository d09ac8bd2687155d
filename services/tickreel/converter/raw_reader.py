"""Reader of a raw file in replay order, chunk by chunk."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.converter.faults import Faults
from tickreel.converter.time_column import TimeColumn
from tickreel.stores.raw_schema import ENGINE, REPLAY_CLOCKS, raw_schema_of
from tickreel.stores.raw_table import open_raw_table
from tickreel.v1 import conversion_pb2

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Chunk:
    """Consecutive rows of the replay.

    Attributes:
        start: Position of the first row in the replay, from 0.
        rows: Row numbers in the raw file, from 0.
        columns: Columns of the rows.
    """

    start: int
    rows: Int64
    columns: pa.Table


class RawReader:
    """Reads a raw file.

    Attributes:
        names: Names of its columns.
        raw_schema: The schema that the names belong to.
        stated_id: The engine's instrument id in the metadata of the file, for example BTCUSDT-PERP.BINANCE. Empty if there
            is none, and in the exchange's schema.
        clock: Column name of the replay clock.
        recorded: Replay clock of the rows in replay order, nanoseconds since 1970.
        unit: Unit of the replay clock; None if no row has a time.
        out_of_order: Number of rows recorded before a row above them. Rows are sorted stably.

    Args:
        path: The raw file. `schema_faults` must be empty for its schema.
        faults: Receives missing and invalid times of the replay clock.

    Raises:
        OSError, pyarrow.ArrowException: The file cannot be read.
    """

    def __init__(self, path: Path, faults: Faults) -> None:
        self._table = open_raw_table(path)
        self.names = self._table.schema.names
        self.raw_schema: conversion_pb2.RawSchema = raw_schema_of(self.names)
        metadata = (self._table.schema.metadata or {}) if self.raw_schema == ENGINE else {}
        self.stated_id = metadata.get(b"instrument_id", b"").decode(errors="replace")
        self.clock = REPLAY_CLOCKS[self.raw_schema]
        column = self._table.read([self.clock])[self.clock]
        self.rows = len(column)
        times = TimeColumn(self.clock, faults)
        recorded = times.convert(column, np.arange(self.rows))
        self.unit = times.unit
        self.out_of_order = int(np.count_nonzero(recorded < np.maximum.accumulate(recorded)))
        self._order = np.argsort(recorded, kind="stable") if self.out_of_order else None
        self.recorded = recorded if self._order is None else recorded[self._order]

    def chunks(self, columns: list[str], max_rows: int) -> Iterator[Chunk]:
        """Yield columns of all rows in replay order, in chunks of `max_rows` rows and a shorter last one.

        Raises:
            OSError, pyarrow.ArrowException: The file cannot be read.
        """
        order = self._order
        tables = self._in_file_order(columns, max_rows) if order is None else self._sorted(columns, max_rows, order)
        start = 0
        for table in _read_ahead(tables):
            end = start + table.num_rows
            yield Chunk(start, np.arange(start, end) if order is None else order[start:end], table)
            start = end

    @property
    def places(self) -> Int64:
        """Row numbers in the raw file, from 0, in replay order."""
        return np.arange(self.rows) if self._order is None else self._order

    def close(self) -> None:
        """Close the file."""
        self._table.close()

    def _in_file_order(self, columns: list[str], max_rows: int) -> Iterator[pa.Table]:
        waiting: list[pa.RecordBatch] = []
        count = 0
        for batch in self._table.batches(max_rows, columns):
            waiting.append(batch)
            count += batch.num_rows
            if count >= max_rows:
                table = pa.Table.from_batches(waiting)
                yield table.slice(0, max_rows)
                waiting = table.slice(max_rows).to_batches()
                count -= max_rows
        if count:
            yield pa.Table.from_batches(waiting)

    def _sorted(self, columns: list[str], max_rows: int, order: Int64) -> Iterator[pa.Table]:
        # Sorting needs all rows in memory; few recordings need it.
        table = _without_views(self._table.read(columns)).combine_chunks()
        for start in range(0, self.rows, max_rows):
            yield table.take(order[start : start + max_rows])


def _without_views(table: pa.Table) -> pa.Table:
    """Return the table with string views cast to strings, since `take` does not support views."""
    fields = [field.with_type(pa.string()) if pa.types.is_string_view(field.type) else field for field in table.schema]
    return table.cast(pa.schema(fields))


def _read_ahead(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield the same tables, each read while the caller handles the one before."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="raw-reader") as pool:
        pending = pool.submit(next, tables, None)
        while (table := pending.result()) is not None:
            pending = pool.submit(next, tables, None)
            yield table
