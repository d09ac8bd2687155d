"""Footers of files: schema, number of rows, metadata and time span, read from a Parquet file without reading its rows.

A CSV has no footer. It is read once to its end for its header, its number of rows and the span of its replay clock.
A bucket mount answers slowly, so footers are read in parallel. A footer is kept in memory until the size or the time of change
of its file differs.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tickreel.rpc.call_thread import AbandonedError, abandoned
from tickreel.rpc.settings import CSV
from tickreel.stores.raw_schema import REPLAY_CLOCKS
from tickreel.stores.raw_table import ExpandsTooFar, check_expansion, footer_length, open_raw_table

READERS = 16
# Code of a permanent fault. It is cached, because finding it again takes seconds.
_EXPANDS = "FILE_EXPANDS"
# Reading a footer takes ten times its size in memory, and many are read in parallel. The footer of a recording has kilobytes.
_MAX_FOOTER = 16 << 20
# A caller that waits for another's read checks this often whether its own call is abandoned.
_CHECK_SECONDS = 0.2
# Rows of a CSV that are scanned at a time.
_SCANNED_ROWS = 1 << 16


@dataclass(frozen=True)
class Footer:
    """The footer of a file, or the fault that prevents reading it.

    Attributes:
        ranges: The least and the greatest value of each replay clock that has statistics in every row group.
        fault: Code and message; None if the footer was read.
    """

    size_bytes: int
    mtime_ns: int
    rows: int = 0
    schema: pa.Schema = field(default_factory=lambda: pa.schema([]))
    metadata: dict[str, str] = field(default_factory=dict)
    ranges: dict[str, tuple[int, int]] = field(default_factory=dict)
    fault: tuple[str, str] | None = None


@dataclass(frozen=True)
class _Reading:
    """A read in progress, and the callers that wait for it."""

    footer: Future[Footer] = field(default_factory=Future)
    callers: list[threading.Event] = field(default_factory=list)

    def is_abandoned(self) -> bool:
        return all(caller.is_set() for caller in self.callers)

    def wait(self, caller: threading.Event) -> Footer:
        while True:
            with contextlib.suppress(TimeoutError):
                return self.footer.result(_CHECK_SECONDS)
            if caller.is_set():
                raise AbandonedError


class Footers:
    """Reads footers and keeps each in memory until its file changes.

    Args:
        bounded: Whether to refuse a file whose footer, or whose unpacked rows, are larger than in any recording of its size.
    """

    def __init__(self, *, bounded: bool = False) -> None:
        self._bounded = bounded
        self._known: dict[Path, Footer] = {}
        # Reading a CSV may take long, so callers that need the same file share one read.
        self._readings: dict[Path, _Reading] = {}
        self._lock = threading.Lock()

    def read_all(self, paths: Iterable[Path]) -> list[Footer]:
        """Read the footers of files; returned in the order of the paths."""
        wanted, caller = list(paths), abandoned()
        with ThreadPoolExecutor(max_workers=max(1, min(READERS, len(wanted)))) as pool:
            return list(pool.map(lambda path: self.read(path, caller), wanted))

    def read(self, path: Path, caller: threading.Event | None = None) -> Footer:
        """Read the footer of a file. A file that cannot be read yields a footer with a fault instead of an exception.

        Args:
            caller: Event that is set when the call is abandoned. Default: the event of this thread's call.

        Raises:
            AbandonedError: The call is abandoned. Reading a CSV stops once every call that waits for it is abandoned.
        """
        caller = abandoned() if caller is None else caller
        if caller.is_set():
            raise AbandonedError
        try:
            stat = path.stat()
        except OSError as error:
            return Footer(0, 0, fault=("FILE_UNREADABLE", f"cannot be read: {error.strerror or error}"))
        with self._lock:
            known = self._known.get(path)
            if known is not None and (known.size_bytes, known.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
                return known
            reading = self._readings.get(path)
            is_shared = reading is not None
            if reading is None:
                reading = self._readings[path] = _Reading()
            reading.callers.append(caller)
        if is_shared:
            return reading.wait(caller)
        try:
            known = _read(path, stat, lambda: self._check(path, reading), bounded=self._bounded)
        except BaseException as error:
            self._end(path, reading)
            reading.footer.set_exception(error)
            raise
        # Other faults are not cached: the disk may have been unavailable.
        self._end(path, reading, known if known.fault is None or known.fault[0] == _EXPANDS else None)
        reading.footer.set_result(known)
        return known

    def _check(self, path: Path, reading: "_Reading") -> None:
        if not reading.is_abandoned():
            return
        with self._lock:
            # Another caller may have joined before the lock was taken. Later callers start a new read.
            if reading.is_abandoned():
                self._readings.pop(path, None)
                raise AbandonedError

    def _end(self, path: Path, reading: "_Reading", known: Footer | None = None) -> None:
        with self._lock:
            if self._readings.get(path) is reading:
                del self._readings[path]
            if known is not None:
                self._known[path] = known


def _read(path: Path, stat: os.stat_result, check: Callable[[], None], *, bounded: bool) -> Footer:
    identity = (stat.st_size, stat.st_mtime_ns)
    if stat.st_size == 0:
        return Footer(*identity, fault=("FILE_EMPTY", "is empty (0 bytes); was its download cut short?"))
    try:
        if path.name.endswith(CSV):
            return _scanned(path, identity, check)
        with path.open("rb") as file:
            if bounded and (length := footer_length(file)) > _MAX_FOOTER:
                text = f"has a footer of {length:,} bytes; at most {_MAX_FOOTER:,} are read. Write it with larger row groups"
                return Footer(*identity, fault=("FOOTER_TOO_LARGE", f"{text}, fewer columns and less metadata"))
            meta = pq.read_metadata(file)
        if bounded:
            check_expansion(meta, stat.st_size)
        schema = meta.schema.to_arrow_schema()
    except ExpandsTooFar as error:
        return Footer(*identity, fault=(_EXPANDS, f"is not a recording: {error}"))
    # Names in a broken footer may not be valid text.
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno:
            return Footer(*identity, fault=("FILE_UNREADABLE", f"cannot be read: {os.strerror(error.errno)}"))
        kind = f"{CSV} file" if path.name.endswith(CSV) else "Parquet file, corrupt or cut short"
        return Footer(*identity, fault=("FILE_UNREADABLE", f"is not a readable {kind}: {' '.join(str(error).split())}"))
    extra = {key.decode(errors="replace"): value.decode(errors="replace") for key, value in (meta.metadata or {}).items()}
    return Footer(*identity, rows=meta.num_rows, schema=schema, metadata=extra, ranges=_ranges(meta))


def _scanned(path: Path, identity: tuple[int, int], check: Callable[[], None]) -> Footer:
    table = open_raw_table(path, check)
    clock = next((name for name in REPLAY_CLOCKS.values() if table.schema.names.count(name) == 1), None)
    if clock is None:
        return Footer(*identity, rows=table.rows, schema=table.schema)
    rows = 0
    bounds: list[tuple[int, int]] = []
    for batch in table.batches(_SCANNED_ROWS, [clock]):
        rows += batch.num_rows
        limits = pc.min_max(batch.column(0))
        if limits["min"].is_valid:
            bounds.append((limits["min"].as_py(), limits["max"].as_py()))
    ranges = {clock: (min(low for low, _ in bounds), max(high for _, high in bounds))} if bounds else {}
    return Footer(*identity, rows=rows, schema=table.schema, ranges=ranges)


def _ranges(meta: pq.FileMetaData) -> dict[str, tuple[int, int]]:
    ranges = {}
    groups = [group for group in map(meta.row_group, range(meta.num_row_groups)) if group.num_rows]
    for index in range(meta.num_columns):
        column = meta.schema.column(index)
        if column.path not in REPLAY_CLOCKS.values() or column.physical_type != "INT64" or not groups:
            continue
        bounds = [bound for group in groups if (bound := integer_bounds(group.column(index).statistics)) is not None]
        if len(bounds) == len(groups):
            ranges[column.path] = (min(low for low, _ in bounds), max(high for _, high in bounds))
    return ranges


def integer_bounds(statistics: pq.Statistics | None) -> tuple[int, int] | None:
    """Return the least and the greatest value of a column of integers or times in a row group, None if it does not say.

    Times are returned as integers: a `datetime` would lose the nanoseconds.
    """
    if statistics is None or not statistics.has_min_max:
        return None
    return cast(tuple[int, int], (statistics.min_raw, statistics.max_raw))
