"""The converted rows of an instrument in a window: which files they are in, and their columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.catalog.coverage import find_instrument
from tickreel.rpc.errors import TickreelError
from tickreel.stores.catalog import CatalogFile, CatalogStore
from tickreel.stores.columns import ColumnStore, ColumnWriter
from tickreel.stores.depths import DepthRows, read_depths, write_depths
from tickreel.stores.raw_schema import TRADES
from tickreel.stores.rows import ALL_TIMES, BATCH_ROWS, Slice
from tickreel.stores.sampling import window_rows
from tickreel.stores.trades import TradeRows, file_columns, read_trades, write_trades
from tickreel.v1 import market_data_pb2

Arrays = dict[str, npt.NDArray[Any]]

# Which decimals a column of columns is scaled by.
_PRICES = ("price", "bid_price", "ask_price")
_SIZES = ("size", "bid_size", "ask_size")


@dataclass(frozen=True)
class MarketRows:
    """The rows of one kind of an instrument, from one instant to another, both inclusive.

    An instrument may stand in the catalog with several choices of decimals. The rows of a raw file are taken once, as they were
    converted last, and all with as many decimals as one of them needs.
    """

    files: tuple[CatalogFile, ...]
    start: int
    end: int
    store: CatalogStore

    @classmethod
    def find(
        cls, store: CatalogStore, instrument: str, data_type: market_data_pb2.DataType, window: tuple[int, int]
    ) -> "MarketRows":
        """The rows of an instrument, by the engine's id of it or its own.

        Raises:
            TickreelError: NOT_FOUND where the catalog does not hold the instrument.
        """
        start, end = window
        latest: dict[str, CatalogFile] = {}
        for file in store.files(find_instrument(instrument, store)):
            known = latest.get(file.origin.source)
            if file.converted.data_type == data_type and (known is None or known.origin.mtime_ns <= file.origin.mtime_ns):
                latest[file.origin.source] = file
        touched = [file for file in latest.values() if _first(file) <= end and _last(file) >= start]
        return cls(tuple(sorted(touched, key=_first)), start, end, store)

    @property
    def decimals(self) -> tuple[int, int]:
        """Those of prices and of sizes."""
        return (
            max((file.price_decimals for file in self.files), default=0),
            max((file.size_decimals for file in self.files), default=0),
        )

    def trades(self, names: Sequence[str]) -> Iterator[TradeRows]:
        """The trades, with some columns of the files, in replay order.

        Raises:
            TickreelError: DATA_CHANGED where a file was deleted or replaced.
        """
        return self._unchanged(self.files, read_trades(self._slices(self.files, self.start, self.end), names))

    def depths(self, batch_rows: int = BATCH_ROWS) -> Iterator[DepthRows]:
        """The books, in replay order.

        Raises:
            TickreelError: DATA_CHANGED, likewise.
        """
        slices = self._slices(self.files, self.start, self.end)
        return self._unchanged(self.files, read_depths(slices, batch_rows=batch_rows))

    def is_ready(self, columns: ColumnStore) -> bool:
        """Whether the columns of all rows lie ready."""
        return all(columns.find(_key(file)) is not None for file in self.files)

    def parts(self, columns: ColumnStore, names: Sequence[str]) -> Iterator[Arrays]:
        """Some columns of the rows, by name, in replay order, a file at a time; files whose times overlap together.

        The columns of a file are made where they do not lie ready.

        Raises:
            TickreelError: DATA_CHANGED where a file was deleted or replaced.
        """
        group: list[CatalogFile] = []
        for file in self.files:
            if group and _first(file) > max(map(_last, group)):
                yield self._merged(group, columns, names)
                group = []
            group.append(file)
        if group:
            yield self._merged(group, columns, names)

    def columns(self, columns: ColumnStore, names: Sequence[str]) -> Arrays:
        """Some columns of all rows (see `parts`)."""
        return _joined(list(self.parts(columns, names)), names)

    def _merged(self, files: Sequence[CatalogFile], columns: ColumnStore, names: Sequence[str]) -> Arrays:
        if len(files) == 1:
            return self._of_file(files[0], columns, names)
        joined = _joined([self._of_file(file, columns, ["ts_init", *names]) for file in files], ["ts_init", *names])
        order = np.argsort(joined["ts_init"], kind="stable")
        return {name: _by_row(joined[name], len(order))[order].reshape(-1) for name in names}

    def _of_file(self, file: CatalogFile, columns: ColumnStore, names: Sequence[str]) -> Arrays:
        ready = columns.get(_key(file), partial(self._make, file))
        clock = ready["ts_init"]
        rows = window_rows(clock, self.start, self.end)
        scale = dict.fromkeys(_PRICES, self.decimals[0] - file.price_decimals)
        scale |= dict.fromkeys(_SIZES, self.decimals[1] - file.size_decimals)
        found = {name: _by_row(ready[name], len(clock))[rows].reshape(-1) for name in names}
        return {name: _scaled(values, scale.get(name, 0)) for name, values in found.items()}

    def _make(self, file: CatalogFile, writer: ColumnWriter) -> None:
        slices = self._slices([file], *ALL_TIMES)
        if file.converted.data_type == TRADES:
            names = file_columns(("ts_event", "price", "size", "side"))
            trades = self._unchanged([file], read_trades(slices, names))
            write_trades(trades, file.price_decimals, file.size_decimals, writer)
        else:
            write_depths(self._unchanged([file], read_depths(slices)), file.price_decimals, file.size_decimals, writer)

    def _slices(self, files: Sequence[CatalogFile], start: int, end: int) -> list[Slice]:
        return [Slice(self.store.root / file.converted.path, start, end) for file in files]

    def _unchanged[Rows](self, files: Sequence[CatalogFile], rows: Iterator[Rows]) -> Iterator[Rows]:
        """The rows of files that were not replaced between `find` and the reading.

        Raises:
            TickreelError: DATA_CHANGED where a file was deleted or, after the last row, where one was replaced.
        """
        try:
            yield from rows
        except (OSError, pa.ArrowException) as error:
            raise _changed(files[0], f"cannot be read: {error}") from None
        for file in files:
            present = self.store.find(file.converted.path)
            # A file that is deleted once it is open stays readable.
            if present is not None and present.converted.digest != file.converted.digest:
                raise _changed(file, "was replaced while it was read")


def _changed(file: CatalogFile, problem: str) -> TickreelError:
    path = file.converted.path
    return TickreelError("DATA_CHANGED", f"the catalog file {path} {problem}; ask again", path=path)


def _joined(parts: Sequence[Arrays], names: Sequence[str]) -> Arrays:
    if len(parts) == 1:
        return parts[0]
    none = np.empty(0, dtype=np.int64)
    return {name: np.concatenate([part[name] for part in parts]) if parts else none for name in names}


def _by_row(values: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    """A column with the levels of a row in one of its rows, shape (rows, levels)."""
    return values.reshape(rows, -1) if rows else values


def _scaled(values: npt.NDArray[Any], more: int) -> npt.NDArray[Any]:
    """Values with more decimals; what stands for no value stays."""
    return np.where(values < 0, values, values * 10**more) if more else values


def _key(file: CatalogFile) -> str:
    """By the rows of the file, and not by where it lies."""
    return (
        f"{market_data_pb2.DataType.Name(file.converted.data_type).removeprefix('DATA_TYPE_').lower()}-{file.converted.digest}"
    )


def _first(file: CatalogFile) -> int:
    return file.converted.span.start.ToNanoseconds()


def _last(file: CatalogFile) -> int:
    return file.converted.span.end.ToNanoseconds()
