"""Rows of one converted file, read in replay order."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.rpc.errors import TickreelError
from tickreel.stores.recorded_clock import RecordedClock

Int64 = npt.NDArray[np.int64]

BATCH_ROWS = 65_536
ALL_TIMES = (0, 2**63 - 1)

RECORDED = "ts_recorded"
"""The column of recorded times. Catalog files do not have it: it follows from `ts_init` and the file's record."""

_TIME = pa.timestamp("ns", tz="UTC")


@dataclass(frozen=True)
class Slice:
    """The rows of a file from one instant of the replay clock to another, both inclusive, UNIX nanoseconds."""

    path: Path
    start: int
    end: int


def read_slice(part: Slice, columns: Sequence[str] | None = None, batch_rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """Reads a slice of one file, a batch at a time.

    Args:
        columns: Those to read; `ts_init` comes with them. RECORDED is among the columns of the batches where it is named here,
            except for a table of a result written before such tables had it. Default: all that the file has.

    Raises:
        OSError: The file is gone or cannot be read.
    """
    with pq.ParquetFile(part.path, pre_buffer=False) as file:
        times = [_times(file.metadata.row_group(group)) for group in range(file.num_row_groups)]
        groups = [group for group, (low, high) in enumerate(times) if low <= part.end and high >= part.start]
        wanted = None if columns is None else sorted({*columns, "ts_init"})
        recorded = _recorded_clock(file, wanted or ())
        for batch in file.iter_batches(batch_rows, row_groups=groups, columns=wanted):
            clock = nanoseconds(batch.column("ts_init"))
            first, past = np.searchsorted(clock, part.start, "left"), np.searchsorted(clock, part.end, "right")
            if past > first:
                rows = batch.slice(first, past - first)
                yield (
                    rows
                    if recorded is None
                    else rows.append_column(RECORDED, times_column(recorded.recorded(clock[first:past])))
                )


def count_rows(part: Slice) -> int:
    """How many rows a slice has; of row groups that lie inside it whole, the footer says.

    Raises:
        OSError: The file is gone or cannot be read.
    """
    count = 0
    with pq.ParquetFile(part.path) as file:
        for number in range(file.num_row_groups):
            group = file.metadata.row_group(number)
            low, high = _times(group)
            if part.start <= low and high <= part.end:
                count += group.num_rows
            elif low <= part.end and high >= part.start:
                clock = nanoseconds(file.read_row_group(number, ["ts_init"]).column("ts_init"))
                count += int(np.searchsorted(clock, part.end, "right") - np.searchsorted(clock, part.start, "left"))
    return count


def nanoseconds(column: pa.Array) -> Int64:
    """A column of times as integers."""
    return column.cast(pa.int64()).to_numpy()


def times_column(nanoseconds: Int64) -> pa.TimestampArray:
    """A column of times from integers."""
    return pa.array(nanoseconds).cast(_TIME)


def file_span(file: pq.ParquetFile) -> tuple[int, int]:
    """The times of the first and last row of a file, by its footer."""
    times = [_times(file.metadata.row_group(group)) for group in range(file.num_row_groups)]
    return min((low for low, _ in times), default=0), max((high for _, high in times), default=0)


def integers(decimals: pa.Array, precision: int) -> Int64:
    """Decimals as integers of a precision; exact, because a value with more decimals is refused by the cast.

    Raises:
        TickreelError: DATA_REFUSED for a value that is no 64-bit integer at that precision.
    """
    decimals = decimals.cast(pa.decimal128(38, precision))
    limbs = np.frombuffer(decimals.buffers()[1] or b"", dtype="<i8").reshape(-1, 2)
    limbs = limbs[decimals.offset : decimals.offset + len(decimals)]
    low, high = limbs[:, 0], limbs[:, 1]
    wide = np.flatnonzero(high != low >> 63)
    if len(wide):
        value = decimals[int(wide[0])].as_py()
        message = f"the value {value:f} has too many digits at a precision of {precision}; choose a smaller precision"
        raise TickreelError("DATA_REFUSED", message, value=f"{value:f}", precision=precision)
    return low


def _recorded_clock(file: pq.ParquetFile, wanted: Collection[str]) -> RecordedClock | None:
    """What gives the recorded times of a file's rows; None where they are not wanted, or the file has them as a column."""
    if RECORDED not in wanted or RECORDED in file.schema_arrow.names:
        return None
    return RecordedClock.of_metadata(file.metadata.metadata or {})


def _times(group: pq.RowGroupMetaData) -> tuple[int, int]:
    """The least and the greatest replay time in a row group; all of time where its statistics do not say."""
    for index in range(group.num_columns):
        column = group.column(index)
        if column.path_in_schema == "ts_init" and column.statistics is not None and column.statistics.has_min_max:
            # The raw values: as datetimes they would lose their nanoseconds.
            return column.statistics.min_raw, column.statistics.max_raw
    return ALL_TIMES
