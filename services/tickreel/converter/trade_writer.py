"""A trade file of the catalog while it is written, beside the work on the next rows."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.converter.row_digest import RowDigest
from tickreel.engine import catalog_format


class TradeWriter:
    """Writes chunks of rows, each a row group, and takes their digest.

    Compression and digest run in threads of their own, a chunk behind the caller: never more, so that memory stays
    bounded. What fails there is raised by the next call.

    Args:
        path: The file; overwritten.
    """

    def __init__(self, path: Path) -> None:
        self._digest = RowDigest()
        self._file = pq.ParquetWriter(
            path,
            catalog_format.TRADE_SCHEMA,
            compression="zstd",
            use_dictionary=["price", "size", "aggressor_side"],
            # Small steps, as the replay clock has them, take half the room.
            column_encoding={"ts_init": "DELTA_BINARY_PACKED"},
            write_statistics=["ts_init"],
        )
        self._beside = ThreadPoolExecutor(max_workers=2, thread_name_prefix="trade-writer")
        self._pending: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._beside.shutdown()
        self._file.close()

    def write(
        self,
        price: pa.Decimal128Array,
        size: pa.Decimal128Array,
        side: npt.NDArray[np.int8],
        ids: pa.StringArray,
        ts_event: npt.NDArray[np.int64],
        ts_init: npt.NDArray[np.int64],
    ) -> None:
        """Adds rows; the arrays must not be changed afterwards.

        Raises:
            OSError: The file cannot be written.
        """
        self._wait()
        columns = price, size, side, ids, ts_event, ts_init
        self._pending = [self._beside.submit(work, *columns) for work in (self._write, self._digest.update)]

    def digest(self) -> str:
        """The digest of all rows.

        Raises:
            OSError: The file cannot be written.
        """
        self._wait()
        return self._digest.hexdigest()

    def add_metadata(self, values: Mapping[str, str]) -> None:
        """Adds key-value metadata, which Parquet has at its end."""
        self._file.add_key_value_metadata(dict(values))

    def _write(
        self,
        price: pa.Decimal128Array,
        size: pa.Decimal128Array,
        side: npt.NDArray[np.int8],
        ids: pa.StringArray,
        ts_event: npt.NDArray[np.int64],
        ts_init: npt.NDArray[np.int64],
    ) -> None:
        sides, event_times, init_times = (
            catalog_format.sides(side),
            catalog_format.times(ts_event),
            catalog_format.times(ts_init),
        )
        columns = [price, size, sides, ids, event_times, init_times]
        self._file.write_table(pa.Table.from_arrays(columns, schema=catalog_format.TRADE_SCHEMA), len(ids))

    def _wait(self) -> None:
        pending, self._pending = self._pending, []
        for work in pending:
            work.result()
