"""The rows of one converted file, read in replay order."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path
from typing import cast

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
# Digits of the arithmetic on decimals: more than a decimal column has.
_DIGITS = 80
# Decimals at which every price and size fits into 64 bits: the engine's are below 4e13.
_ALWAYS_FITS = 5
ALL_TIMES = (0, 2**63 - 1)

RECORDED = "ts_recorded"
"""Name of the column of recorded times. Catalog files do not store it: it is computed from `ts_init` and the record."""

TIME = pa.timestamp("ns", tz="UTC")


@dataclass(frozen=True)
class Slice:
    """The rows of a file from one instant of the replay clock to another, both inclusive, UNIX nanoseconds."""

    path: Path
    start: int
    end: int


def read_slice(part: Slice, columns: Sequence[str] | None = None, batch_rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """Read a slice of one file, a batch at a time.

    Args:
        columns: The columns to read, in addition to `ts_init`. If RECORDED is named, the batches have it too, except those of
            result tables written before that column existed. Default: all columns of the file.

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
    """Count the rows of a slice. Only row groups that cross its ends are read; the footer has the counts of the others.

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
    """Return a column of times as integers."""
    return column.cast(pa.int64()).to_numpy()


def scale_of(type_: pa.DataType) -> int:
    """Return the number of decimals of a column of decimals."""
    scale: int = cast(pa.Decimal128Type, type_).scale
    return scale


def times_column(nanoseconds: Int64) -> pa.Array:
    """Return integers as a column of times."""
    return pa.array(nanoseconds).cast(TIME)


def file_span(file: pq.ParquetFile) -> tuple[int, int]:
    """Return the times of the first and last row of a file, from its footer."""
    times = [_times(file.metadata.row_group(group)) for group in range(file.num_row_groups)]
    return min((low for low, _ in times), default=0), max((high for _, high in times), default=0)


def integers(decimals: pa.Array, precision: int) -> Integers:
    """Return decimals times 10^precision, exact: as int64 if all values fit, else as Python integers.

    Raises:
        pyarrow.ArrowInvalid: A value has more than `precision` decimals.
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
    """Return decimals times 10^precision as int64, exact.

    Args:
        field: Name of the values, for the error message.

    Raises:
        TickreelError: DATA_REFUSED for a value that does not fit into 64 bits or has more decimals. The error has the value
            and the bound.
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
    """Return the greatest number of decimals, up to `precision`, at which all values of some columns fit into 64 bits.

    Args:
        columns: Columns of prices or sizes.

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
    """Return the largest magnitude in columns of decimals, from the footer, or from the rows if it has no statistics."""
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
    """Return the clock that computes recorded times; None if they are not wanted or the file has them as a column."""
    if RECORDED not in wanted or RECORDED in file.schema_arrow.names:
        return None
    return RecordedClock.of_metadata(file.metadata.metadata or {})


def _times(group: pq.RowGroupMetaData) -> tuple[int, int]:
    """Return the least and the greatest replay time of a row group; ALL_TIMES if it has no statistics of them."""
    for index in range(group.num_columns):
        column = group.column(index)
        if column.path_in_schema == "ts_init":
            return integer_bounds(column.statistics) or ALL_TIMES
    return ALL_TIMES
