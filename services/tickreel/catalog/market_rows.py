"""The converted rows of an instrument in a window: their files, and their columns."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.accounting import scaled
from tickreel.catalog.coverage import find_instrument
from tickreel.rpc.errors import TickreelError
from tickreel.stores.catalog import CatalogFile, CatalogStore
from tickreel.stores.column_files import ColumnStore, ColumnWriter
from tickreel.stores.converted_rows import ALL_TIMES, BATCH_ROWS
from tickreel.stores.depths import NO_LEVEL, DepthRows, write_depths
from tickreel.stores.raw_schema import TRADES
from tickreel.stores.sampling import window_rows
from tickreel.stores.trades import TradeRows, file_columns, write_trades
from tickreel.stores.view import Stretch, ViewFile, read_stretch, stretches
from tickreel.v1 import market_data_pb2

Arrays = dict[str, npt.NDArray[Any]]

# Columns that are scaled by the decimals of prices and of sizes.
_PRICES = ("price", "bid_price", "ask_price")
_SIZES = ("size", "bid_size", "ask_size")


@dataclass(frozen=True)
class MarketRows:
    """The rows of one data type of an instrument in a window.

    The catalog may have an instrument with several choices of decimals. Of each raw file, the latest conversion is used. All
    rows get the largest number of decimals that any file in the window needs. Where files overlap, the rows are those of the
    files' view (see `stores.view`), as in a run over the same files.

    Attributes:
        files: All files of the data type, in order of time. Even a file before the window may change times inside it.
        start, end: The first and last instant of the window, UNIX nanoseconds, both inclusive.
        decimals: The decimals of prices and of sizes.
    """

    files: tuple[CatalogFile, ...]
    start: int
    end: int
    store: CatalogStore
    decimals: tuple[int, int]

    @classmethod
    def find(
        cls, store: CatalogStore, instrument: str, data_type: market_data_pb2.DataType, window: tuple[int, int]
    ) -> "MarketRows":
        """Find the rows of an instrument in a window.

        Args:
            instrument: The engine's id of the instrument, or its name.

        Raises:
            TickreelError: NOT_FOUND if the catalog does not have the instrument.
        """
        start, end = window
        latest: dict[str, CatalogFile] = {}
        for file in store.files(find_instrument(instrument, store)):
            known = latest.get(file.origin.source)
            if file.converted.data_type == data_type and (known is None or known.origin.mtime_ns <= file.origin.mtime_ns):
                latest[file.origin.source] = file
        touched = [file for file in latest.values() if _first(file) <= end and _last(file) >= start]
        return cls(tuple(sorted(latest.values(), key=_first)), start, end, store, _decimals(touched))

    @cached_property
    def stretches(self) -> list[Stretch]:
        """The stretches of the view that the window touches, in order of time."""
        view = stretches([ViewFile.of(file, self.store.root) for file in self.files])
        return [stretch for stretch in view if stretch.start <= self.end and stretch.end >= self.start]

    def trades(self, names: Sequence[str]) -> Iterator[TradeRows]:
        """Read the trades in replay order, with some columns of the files.

        Raises:
            TickreelError: DATA_CHANGED if a file was deleted or replaced.
        """
        return (TradeRows(batch) for stretch in self.stretches for batch in self._read(stretch, names))

    def depths(self, batch_rows: int = BATCH_ROWS) -> Iterator[DepthRows]:
        """Read the books in replay order.

        Raises:
            TickreelError: DATA_CHANGED if a file was deleted or replaced.
        """
        return (DepthRows(batch) for stretch in self.stretches for batch in self._read(stretch, None, batch_rows))

    def is_cached(self, columns: ColumnStore) -> bool:
        """Return whether the columns of all rows are cached."""
        return all(columns.find(self._key(stretch)) is not None for stretch in self.stretches)

    def parts(self, columns: ColumnStore, names: Sequence[str]) -> Iterator[Arrays]:
        """Yield some columns of the rows, by name, in replay order, a stretch at a time.

        Columns that are not cached are made first: those of a whole file, or of the stretch in which files overlap.

        Raises:
            TickreelError: DATA_CHANGED if a file was deleted or replaced; DATA_REFUSED for a value that does not fit into 64
                bits at the decimals of its file.
        """
        return (self.part(stretch, columns, names) for stretch in self.stretches)

    def part(self, stretch: Stretch, columns: ColumnStore, names: Sequence[str]) -> Arrays:
        """Return some columns of the rows in one stretch (see `parts`)."""
        prices, sizes = self.decimals_of(stretch)
        cached = columns.get(self._key(stretch), partial(self._make, stretch))
        clock = cached["ts_init"]
        rows = window_rows(clock, max(self.start, stretch.start), min(self.end, stretch.end))
        more = dict.fromkeys(_PRICES, self.decimals[0] - prices) | dict.fromkeys(_SIZES, self.decimals[1] - sizes)
        found = {name: _by_row(cached[name], len(clock))[rows].reshape(-1) for name in names}
        return {name: _with_decimals(values, more.get(name, 0)) for name, values in found.items()}

    def decimals_of(self, stretch: Stretch) -> tuple[int, int]:
        """Return the fewest decimals of prices and of sizes that hold all values in the files of a stretch."""
        return _decimals(self._records(stretch))

    def columns(self, columns: ColumnStore, names: Sequence[str]) -> Arrays:
        """Return some columns of all rows (see `parts`)."""
        parts = list(self.parts(columns, names))
        if len(parts) == 1:
            return parts[0]
        none = np.empty(0, dtype=np.int64)
        return {name: np.concatenate([part[name] for part in parts]) if parts else none for name in names}

    def _make(self, stretch: Stretch, writer: ColumnWriter) -> None:
        decimals = self.decimals_of(stretch)
        whole = replace(self, start=ALL_TIMES[0], end=ALL_TIMES[1])
        if not stretch.overlaps:
            # All rows of the file, even if it overlaps others at its ends, so that the file is cached once.
            (file,) = stretch.files
            stretch = replace(stretch, start=file.first, end=file.last)
        if self._records(stretch)[0].converted.data_type == TRADES:
            names = file_columns(("ts_event", "price", "size", "side"))
            write_trades(map(TradeRows, whole._read(stretch, names)), *decimals, writer)
        else:
            write_depths(map(DepthRows, whole._read(stretch, None)), *decimals, writer)

    def _read(self, stretch: Stretch, names: Sequence[str] | None, batch_rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """Read the rows of a stretch, and check that no file was replaced since `find`.

        Raises:
            TickreelError: DATA_CHANGED if a file was deleted; after the last row, if a file was replaced.
        """
        files = self._records(stretch)
        try:
            yield from read_stretch(stretch, between=(self.start, self.end), columns=names, batch_rows=batch_rows)
        except (OSError, pa.ArrowException) as error:
            raise _changed(files[0], f"cannot be read: {error}") from None
        for file in files:
            present = self.store.find(file.converted.path)
            # A file that was deleted after it was opened has been read whole.
            if present is not None and present.converted.digest != file.converted.digest:
                raise _changed(file, "was replaced while it was read")

    def _records(self, stretch: Stretch) -> list[CatalogFile]:
        return [self._by_path[file.path] for file in stretch.files]

    @cached_property
    def _by_path(self) -> Mapping[Path, CatalogFile]:
        return {self.store.root / file.converted.path: file for file in self.files}

    def _key(self, stretch: Stretch) -> str:
        """Return the cache key of a stretch, which depends on the rows of the files and not on their paths."""
        records = self._records(stretch)
        kind = market_data_pb2.DataType.Name(records[0].converted.data_type).removeprefix("DATA_TYPE_").lower()
        digests = [record.converted.digest for record in records]
        if not stretch.overlaps:
            return f"{kind}-{digests[0]}"
        parts = [*digests, stretch.start, stretch.end, *_decimals(records)]
        return f"{kind}-view-{hashlib.sha256(' '.join(map(str, parts)).encode()).hexdigest()}"


def _changed(file: CatalogFile, problem: str) -> TickreelError:
    path = file.converted.path
    return TickreelError("DATA_CHANGED", f"the catalog file {path} {problem}; try again", path=path)


def _decimals(files: Sequence[CatalogFile]) -> tuple[int, int]:
    """Return the fewest decimals of prices and of sizes that hold all values of some files."""
    return max((file.price_decimals for file in files), default=0), max((file.size_decimals for file in files), default=0)


def _by_row(values: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    """Reshape a column so that each row has its levels, shape (rows, levels)."""
    return values.reshape(rows, -1) if rows else values


def _with_decimals(values: npt.NDArray[Any], more: int) -> npt.NDArray[Any]:
    """Scale values to more decimals; NO_LEVEL is kept."""
    return np.where(values == NO_LEVEL, NO_LEVEL, scaled.times(values, 10**more)) if more else values


def _first(file: CatalogFile) -> int:
    return file.converted.span.start.ToNanoseconds()


def _last(file: CatalogFile) -> int:
    return file.converted.span.end.ToNanoseconds()
