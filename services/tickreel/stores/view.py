"""The view of several files: their rows as if they had been recorded in one raw file, on that file's replay clock.

Recordings overlap: a day file may run past midnight, and an archive may hold days that also have their own files. The replay
clock is strictly increasing within a file, but times of two files may be equal or cross. So the view merges files where they
overlap: by recorded time, then by file, then by place in the file. It drops rows that repeat a row of an earlier file (see
`repeats`), and makes the times strictly increasing again. Elsewhere rows keep their times.

The rows and times of a view depend only on its files, not on the window or cursor of a reader.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.stores.catalog import CatalogFile
from tickreel.stores.converted_rows import ALL_TIMES, BATCH_ROWS, RECORDED, Slice, file_span, read_slice, times_column
from tickreel.stores.merging import merge
from tickreel.stores.recorded_clock import RecordedClock
from tickreel.stores.repeats import BOOK_VALUES, NO_ROW, TRADE_VALUES, are_books, find_repeats
from tickreel.stores.replay_clock import MICROSECOND, book_times, trade_times

Int64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Span = tuple[int, int]


@dataclass(frozen=True)
class ViewFile:
    """A file of a view.

    Attributes:
        first, last: The replay times of the first and last row, UNIX nanoseconds.
        rows: The number of rows.
        clock: The recorder's clock.
    """

    path: Path
    first: int
    last: int
    rows: int
    clock: RecordedClock

    @classmethod
    def of(cls, file: CatalogFile, root: Path) -> Self:
        """Describe a file below a catalog root by its record."""
        converted = file.converted
        first, last = converted.span.start.ToNanoseconds(), converted.span.end.ToNanoseconds()
        return cls(root / converted.path, first, last, converted.rows, RecordedClock.of_file(file))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Describe a file by its footer. If the footer has no record, replay times count as recorded times.

        Raises:
            OSError: The file is gone or cannot be read.
        """
        with pq.ParquetFile(path) as file:
            clock = RecordedClock.of_metadata(file.metadata.metadata or {}) or RecordedClock.of(1, ())
            return cls(path, *file_span(file), file.metadata.num_rows, clock)


@dataclass(frozen=True)
class Stretch:
    """A part of the replay clock in which one file has rows, or several files overlap.

    Attributes:
        files: The files with rows in the stretch, in the order of their first rows.
        start, end: The first and last instant, UNIX nanoseconds.
        margin: The distance in nanoseconds from which on two rows cannot change each other's times.
    """

    files: tuple[ViewFile, ...]
    start: int
    end: int
    margin: int

    @property
    def overlaps(self) -> bool:
        """Whether the stretch is merged from several files."""
        return len(self.files) > 1


@dataclass(frozen=True)
class MergedRows:
    """Rows of overlapping files, including repeats, sorted by recorded time, then by file, then by place in the file.

    Attributes:
        batch: The rows with the values of their files.
        file: The number of each row's file in the stretch; shape (rows,).
        recorded: Recorded times, UNIX nanoseconds; shape (rows,).
        repeats: The number of the row that each row repeats, or NO_ROW; shape (rows,).
        ts_init: Times on the view's replay clock, strictly increasing except for repeats; shape (rows,).
        inside: Whether each row is inside the requested windows; shape (rows,).
    """

    batch: pa.RecordBatch
    file: Int64
    recorded: Int64
    repeats: Int64
    ts_init: Int64
    inside: Mask

    @property
    def kept(self) -> Mask:
        """A mask of the rows that are in the view and inside the requested windows."""
        kept: Mask = self.inside & (self.repeats == NO_ROW)
        return kept

    def view(self, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        """Return the kept rows, with times on the view's replay clock.

        Args:
            columns: As for `read_slices`.
        """
        kept = self.kept
        batch = self.batch.filter(pa.array(kept))
        ts_init = times_column(self.ts_init[kept])
        batch = batch.set_column(batch.schema.get_field_index("ts_init"), batch.schema.field("ts_init"), ts_init)
        if columns is None:
            return batch
        batch = batch.select([name for name in batch.schema.names if name in columns or name == "ts_init"])
        return batch.append_column(RECORDED, times_column(self.recorded[kept])) if RECORDED in columns else batch


def stretches(files: Sequence[ViewFile]) -> list[Stretch]:
    """Cut the view of files where overlaps begin and end; return the stretches in order of time.

    Files that share a microsecond overlap.
    """
    files = sorted(files, key=lambda file: (file.first, file.path))
    # A row moves by at most a nanosecond for each row before it. The difference of recorded and replay times has the same
    # bound, and so has the difference of two files' clocks. The rest is a reserve.
    margin = 4 * sum(file.rows for file in files) + 2 * MICROSECOND
    overlaps: list[Span] = []
    reach = -1
    for file in files:
        begin = int(file.clock.recorded(np.array([file.first]))[0]) // MICROSECOND * MICROSECOND
        if begin <= reach:
            end = (min(reach, file.last) // MICROSECOND + 1) * MICROSECOND - 1
            start = (begin - margin) // MICROSECOND * MICROSECOND
            overlaps.append((max(start, 0), min(end + margin // MICROSECOND * MICROSECOND, ALL_TIMES[1])))
        reach = max(reach, file.last)
    found = [Stretch(_within(files, *span), *span, margin) for span in _joined(overlaps)]
    edges = [-1, *(edge for stretch in found for edge in (stretch.start, stretch.end)), ALL_TIMES[1] + 1]
    for before, after in itertools.batched(edges, 2):
        for file in _within(files, before + 1, after - 1):
            start, end = max(file.first, before + 1), min(file.last, after - 1)
            found.append(Stretch((file,), start, end, margin))
    return sorted(found, key=lambda stretch: stretch.start)


def read_stretch(
    stretch: Stretch,
    windows: Mapping[Path, Span] | None = None,
    between: Span = ALL_TIMES,
    columns: Sequence[str] | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[pa.RecordBatch]:
    """Read the rows of a stretch.

    Args:
        windows: The first and last instant to read from each file, on the file's own replay clock. Default: all rows.
        between: The first and last instant to read, on the view's replay clock.
        columns: As for `read_slices`.

    Raises:
        OSError: A file is gone or cannot be read.
    """
    if stretch.overlaps:
        for rows in merged_rows(stretch, windows, between, columns, batch_rows):
            batch = rows.view(columns)
            for offset in range(0, len(batch), batch_rows):
                yield batch.slice(offset, batch_rows)
        return
    (file,) = stretch.files
    start, end = windows[file.path] if windows else ALL_TIMES
    start, end = max(stretch.start, start, between[0]), min(stretch.end, end, between[1])
    if start <= end:
        yield from read_slice(Slice(file.path, start, end), columns, batch_rows)


def merged_rows(
    stretch: Stretch,
    windows: Mapping[Path, Span] | None = None,
    between: Span = ALL_TIMES,
    columns: Sequence[str] | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[MergedRows]:
    """Read the rows of a stretch in which files overlap (see `read_stretch`)."""
    names = None if columns is None else sorted({*columns, *TRADE_VALUES, *BOOK_VALUES} - {RECORDED})
    spans = [windows[file.path] if windows else ALL_TIMES for file in stretch.files]
    readers = []
    for part, span in zip(stretch.files, spans, strict=True):
        # Rows before a window may delay its first rows, and the two rows of a repeat may lie on different sides of its edge.
        start = max(stretch.start, max(span[0], between[0]) - stretch.margin)
        end = min(stretch.end, min(span[1], between[1]) + stretch.margin)
        readers.append((read_slice(Slice(part.path, start, end), names, batch_rows), part.clock))
    starts, ends = np.array(spans).T
    last = -1
    for batch, file, recorded in merge(readers):
        repeats = find_repeats(batch, file, recorded)
        own = batch.column("ts_init").cast(pa.int64()).to_numpy()
        kept = repeats == NO_ROW
        ts_init = own.copy()
        if are_books(batch.schema.names):
            ts_init[kept] = book_times(recorded[kept])
        else:
            ts_init[kept] = trade_times(np.append(last, own[kept]))[1:]
            last = int(ts_init[kept][-1])
        ts_init[~kept] = ts_init[repeats[~kept]]
        inside = (own >= starts[file]) & (own <= ends[file]) & (ts_init >= between[0]) & (ts_init <= between[1])
        yield MergedRows(batch, file, recorded, repeats, ts_init, inside)


def read_slices(
    slices: Sequence[Slice], columns: Sequence[str] | None = None, batch_rows: int = BATCH_ROWS
) -> Iterator[pa.RecordBatch]:
    """Read the rows of slices in the view of their files, a batch at a time.

    Args:
        slices: Slices of files of one kind. Where files overlap, all slices must have the same recorded times.
        columns: The columns to read, in addition to `ts_init`. If RECORDED is named, the batches have it too, except those of
            result tables written before that column existed. Default: all columns of the files.

    Raises:
        OSError: A file is gone or cannot be read.
    """
    if len(slices) == 1:
        yield from read_slice(slices[0], columns, batch_rows)
        return
    windows = {part.path: (part.start, part.end) for part in slices}
    for stretch in stretches([ViewFile.read(part.path) for part in slices]):
        yield from read_stretch(stretch, windows, columns=columns, batch_rows=batch_rows)


def _within(files: Sequence[ViewFile], start: int, end: int) -> tuple[ViewFile, ...]:
    return tuple(file for file in files if file.first <= end and file.last >= start)


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Join spans that touch or overlap."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined
