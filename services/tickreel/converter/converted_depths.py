"""Converted book snapshots: as rows of the engine's catalog, and as the bytes that their digest covers."""

from collections.abc import Buffer
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.converter.row_digest import decimal_bytes
from tickreel.engine import catalog_format


@dataclass(frozen=True)
class SideLevels:
    """Levels of one side of snapshots.

    Attributes:
        price, size: Levels of all rows, row after row, the best level of a row first.
        counts: Number of levels of each row.
    """

    price: pa.Decimal128Array
    size: pa.Decimal128Array
    counts: npt.NDArray[np.uint8]

    def column(self) -> pa.ListArray:
        """Return the side in the engine's schema."""
        return catalog_format.levels(self.price, self.size, self.counts)

    def digest_bytes(self) -> list[Buffer]:
        """Return the side's columns that the digest covers."""
        return [self.counts, decimal_bytes(self.price), decimal_bytes(self.size)]


@dataclass(frozen=True)
class ConvertedDepths:
    """Consecutive book snapshots of a replay, column by column.

    The digest covers these columns in this order, integers little-endian:

    - the number of bids of each row in one byte, then the prices of all bids, then their sizes, as 128-bit integers of
      scale 16
    - the same for the asks
    - ts_event and ts_init as 64-bit nanoseconds

    Attributes:
        start: Position of the first row in the replay, from 0.
        ts_event, ts_init: UNIX nanoseconds.
    """

    schema: ClassVar[pa.Schema] = catalog_format.DEPTH_SCHEMA
    dictionaries: ClassVar[tuple[str, ...]] = (
        "flags",
        *(f"{side}.list.item.{part}" for side in ("bids", "asks") for part in ("price", "size", "count", "order_id")),
    )
    deltas: ClassVar[tuple[str, ...]] = ("sequence", "ts_init")
    form: ClassVar[str] = "tickreel books 1"
    digest_columns: ClassVar[int] = 8

    start: int
    bids: SideLevels
    asks: SideLevels
    ts_event: npt.NDArray[np.int64]
    ts_init: npt.NDArray[np.int64]

    engine_metadata = staticmethod(catalog_format.depth_metadata)

    def __len__(self) -> int:
        return len(self.ts_init)

    def table(self) -> pa.Table:
        """Return the rows in the engine's schema; the sequence of a row is its position in the replay."""
        columns = [
            self.bids.column(),
            self.asks.column(),
            catalog_format.snapshot_flags(len(self)),
            pa.array(np.arange(self.start, self.start + len(self), dtype=np.uint64)),
            catalog_format.times(self.ts_event),
            catalog_format.times(self.ts_init),
        ]
        return pa.Table.from_arrays(columns, schema=self.schema)

    def digest_bytes(self) -> list[Buffer]:
        """Return the columns that the digest covers."""
        times = (np.ascontiguousarray(column, dtype="<i8") for column in (self.ts_event, self.ts_init))
        return [*self.bids.digest_bytes(), *self.asks.digest_bytes(), *times]
