"""Trade rows of converted files, as columns of integers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.rpc.errors import TickreelError
from tickreel.v1 import market_data_pb2

Int64 = npt.NDArray[np.int64]

_SIDES = {"buy": market_data_pb2.AGGRESSOR_SIDE_BUY, "sell": market_data_pb2.AGGRESSOR_SIDE_SELL}


@dataclass(frozen=True)
class TradeRows:
    """Some trade rows in replay order, as the engine's catalog has them, or as a result does, with a `side`."""

    batch: pa.RecordBatch | pa.Table

    def __len__(self) -> int:
        return self.batch.num_rows

    @property
    def ts_event(self) -> Int64:
        """Times on the exchange's clock, UNIX nanoseconds."""
        return _int64(self.batch.column("ts_event"))

    @property
    def ts_init(self) -> Int64:
        """Times on the replay clock, UNIX nanoseconds, strictly increasing within a file."""
        return _int64(self.batch.column("ts_init"))

    def price(self, precision: int) -> Int64:
        """Prices times 10^precision."""
        return _ticks(self.batch.column("price"), precision)

    def size(self, precision: int) -> Int64:
        """Sizes times 10^precision."""
        return _ticks(self.batch.column("size"), precision)

    @property
    def side(self) -> npt.NDArray[np.uint8]:
        """Values of `AggressorSide`."""
        name = "side" if "side" in self.batch.schema.names else "aggressor_side"
        column = _one(self.batch.column(name))
        words = [word.lower() for word in column.dictionary.to_pylist()]
        codes = np.array([_SIDES.get(word, market_data_pb2.AGGRESSOR_SIDE_UNSPECIFIED) for word in words], dtype=np.uint8)
        return codes[column.indices.to_numpy()]

    @property
    def trade_id(self) -> list[str]:
        """Ids of the trades."""
        return self.batch.column("trade_id").to_pylist()


def read_trades(
    path: Path, start: int, end: int, columns: Sequence[str] | None = None, batch_rows: int = 65_536
) -> Iterator[TradeRows]:
    """Reads the rows of a file whose replay time lies in a window, a batch at a time.

    Args:
        start, end: UNIX nanoseconds, both inclusive.
        columns: Those to read; `ts_init` comes with them. Default: all.

    Raises:
        OSError: The file is gone or cannot be read.
    """
    with pq.ParquetFile(path) as file:
        times = [_times(file.metadata.row_group(group)) for group in range(file.num_row_groups)]
        groups = [group for group, (low, high) in enumerate(times) if low <= end and high >= start]
        wanted = None if columns is None else sorted({*columns, "ts_init"})
        for batch in file.iter_batches(batch_rows, row_groups=groups, columns=wanted):
            clock = _int64(batch.column("ts_init"))
            first, past = np.searchsorted(clock, start, "left"), np.searchsorted(clock, end, "right")
            if past > first:
                yield TradeRows(batch.slice(first, past - first))


def read_window(paths: Sequence[Path], start: int, end: int, columns: Sequence[str] | None = None) -> Iterator[TradeRows]:
    """Reads the rows of several files in a window, in replay order.

    Files whose times overlap, as those of two days may around midnight, are merged by time as the engine merges them; that
    takes their rows of the window into memory.

    Raises:
        OSError: A file is gone or cannot be read.
    """
    for group in _overlapping(paths):
        if len(group) == 1:
            yield from read_trades(group[0], start, end, columns)
            continue
        batches = [rows.batch for path in group for rows in read_trades(path, start, end, columns)]
        if batches:
            yield TradeRows(pa.Table.from_batches(batches).unify_dictionaries().combine_chunks().sort_by("ts_init"))


def _overlapping(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """The files by time, those that overlap in groups."""
    spans = sorted((*_span(path), path) for path in paths)
    group: list[Path] = []
    reach = -1
    for first, last, path in spans:
        if group and first > reach:
            yield group
            group = []
        group.append(path)
        reach = max(reach, last)
    if group:
        yield group


def _span(path: Path) -> tuple[int, int]:
    """The times of the first and last row of a file, by its footer."""
    with pq.ParquetFile(path) as file:
        times = [_times(file.metadata.row_group(group)) for group in range(file.num_row_groups)]
    return min(low for low, _ in times), max(high for _, high in times)


def _times(group: pq.RowGroupMetaData) -> tuple[int, int]:
    """The least and the greatest replay time in a row group; all of time where its statistics do not say."""
    for index in range(group.num_columns):
        column = group.column(index)
        if column.path_in_schema == "ts_init" and column.statistics is not None and column.statistics.has_min_max:
            # The raw values: as datetimes they would lose their nanoseconds.
            return column.statistics.min_raw, column.statistics.max_raw
    return 0, 2**63 - 1


def _int64(column: pa.Array | pa.ChunkedArray) -> Int64:
    return _one(column).cast(pa.int64()).to_numpy()


def _ticks(column: pa.Array | pa.ChunkedArray, precision: int) -> Int64:
    """Decimals as integers of a precision; exact, because a value with more decimals is refused by the cast.

    Raises:
        TickreelError: DATA_REFUSED for a value that is no 64-bit integer at that precision.
    """
    decimals = _one(column).cast(pa.decimal128(38, precision))
    limbs = np.frombuffer(decimals.buffers()[1], dtype="<i8").reshape(-1, 2)
    limbs = limbs[decimals.offset : decimals.offset + len(decimals)]
    low, high = limbs[:, 0], limbs[:, 1]
    wide = np.flatnonzero(high != low >> 63)
    if len(wide):
        value = decimals[int(wide[0])].as_py()
        message = f"the value {value:f} has too many digits at a precision of {precision}; choose a smaller precision"
        raise TickreelError("DATA_REFUSED", message, value=f"{value:f}", precision=precision)
    return low


def _one(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
