"""Rows of one converted file, read in replay order."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tickreel.accounting.scaled import Integers, split, text
from tickreel.rpc.errors import TickreelError
from tickreel.stores.footers import integer_bounds
from tickreel.stores.recorded_clock import RecordedClock

Int64 = npt.NDArray[np.int64]

BATCH_ROWS = 65_536
# More than a decimal column has.
_DIGITS = 80
# The engine's prices and sizes are below 4e13.
_ALWAYS_FITS = 5
ALL_TIMES = (0, 2**63 - 1)

RECORDED = "ts_recorded"
"""The column of recorded times. Catalog files do not have it: it follows from `ts_init` and the file's record."""

TIME = pa.timestamp("ns", tz="UTC")


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
            first, past = int(np.searchsorted(clock, part.start, "left")), int(np.searchsorted(clock, part.end, "right"))
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


def nanoseconds(column: pa.Array | pa.ChunkedArray) -> Int64:
    """A column of times as integers."""
    return column.cast(pa.int64()).to_numpy()


def times_column(nanoseconds: Int64) -> pa.Array:
    """A column of times from integers."""
    return pa.array(nanoseconds).cast(TIME)


def file_span(file: pq.ParquetFile) -> tuple[int, int]:
    """The times of the first and last row of a file, by its footer."""
    times = [_times(file.metadata.row_group(group)) for group in range(file.num_row_groups)]
    return min((low for low, _ in times), default=0), max((high for _, high in times), default=0)


def integers(decimals: pa.Array, precision: int) -> Integers:
    """Decimals as integers of a precision, exact: int64 where all fit, else Python integers.

    Raises:
        pyarrow.ArrowInvalid: A value has more decimals.
    """
    decimals = decimals.cast(pa.decimal128(38, precision))
    limbs = np.frombuffer(decimals.buffers()[1] or b"", dtype="<i8").reshape(-1, 2)
    limbs = limbs[decimals.offset : decimals.offset + len(decimals)]
    low, high = limbs[:, 0], limbs[:, 1]
    if np.array_equal(high, low >> 63):
        return low
    whole: Integers = high.astype(object) * 2**64 + low.view(np.uint64).astype(object)
    return whole


def int64s(decimals: pa.Array, precision: int, field: str) -> Int64:
    """Decimals as integers of a precision, for formats that hold 64 bits a value; exact.

    Args:
        field: What the values are, for the message.

    Raises:
        TickreelError: DATA_REFUSED for a value that does not fit, or that has more decimals; with the value and the bound.
    """
    try:
        values = integers(decimals, precision)
    except pa.ArrowInvalid:
        rounded = decimals.cast(pa.decimal128(38, precision), safe=False).cast(decimals.type)
        raise _too_long(field, pc.filter(decimals, pc.not_equal(rounded, decimals))[0].as_py(), precision) from None
    if values.dtype == object:
        raise _too_long(field, decimals[int(np.argmax(np.abs(values)))].as_py(), precision)
    return values


def fitting_precision(files: Iterable[Path], columns: Sequence[str], precision: int) -> int:
    """The greatest number of decimals, up to `precision`, at which columns of prices or sizes fit into 64 bits a value.

    Raises:
        OSError: A file is gone or cannot be read.
    """
    if precision <= _ALWAYS_FITS:
        return precision
    largest = max((_largest(path, columns) for path in files), default=Decimal(0))
    with localcontext(prec=_DIGITS):
        while precision and largest.scaleb(precision) >= 2**63:
            precision -= 1
    return precision


def _largest(path: Path, columns: Sequence[str]) -> Decimal:
    """The largest magnitude in columns of decimals: by the footer of the file, or by its rows where that says nothing."""
    found = [Decimal(0)]
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for number in range(file.num_row_groups):
            group = file.metadata.row_group(number)
            known = {column.path_in_schema: column.statistics for column in map(group.column, range(group.num_columns))}
            for name in columns:
                statistics = known[name]
                ends: list[Decimal | None] = []
                if statistics is not None and statistics.has_min_max:
                    ends = [statistics.min, statistics.max]
                elif statistics is None or statistics.null_count != group.num_rows:
                    limits = pc.min_max(file.read_row_group(number, [name]).column(name))
                    ends = [limits["min"].as_py(), limits["max"].as_py()]
                found += (end for end in ends if end is not None)
    return max(map(abs, found))


def _too_long(field: str, value: Decimal, precision: int) -> TickreelError:
    found, bound = text(*split(value)), text(2**63 - 1, precision)
    message = (
        f"the {field} {found} does not fit into a column of 64-bit integers: at {precision} decimals it holds up to {bound}"
    )
    return TickreelError("DATA_REFUSED", message, field=field, value=found, bound=bound, precision=precision)


def _recorded_clock(file: pq.ParquetFile, wanted: Collection[str]) -> RecordedClock | None:
    """What gives the recorded times of a file's rows; None where they are not wanted, or the file has them as a column."""
    if RECORDED not in wanted or RECORDED in file.schema_arrow.names:
        return None
    return RecordedClock.of_metadata(file.metadata.metadata or {})


def _times(group: pq.RowGroupMetaData) -> tuple[int, int]:
    """The least and the greatest replay time in a row group; all of time where its statistics do not say."""
    for index in range(group.num_columns):
        column = group.column(index)
        if column.path_in_schema == "ts_init":
            return integer_bounds(column.statistics) or ALL_TIMES
    return ALL_TIMES
