"""Converted trades: as rows of the engine's catalog, and as the bytes that their digest covers."""

from collections.abc import Buffer
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.converter.row_digest import decimal_bytes
from tickreel.engine import catalog_format


@dataclass(frozen=True)
class ConvertedTrades:
    """Consecutive trades of a replay, column by column, without nulls.

    The digest covers these columns in this order, integers little-endian:

    - price and size as 128-bit integers of scale 16
    - the side's code in one byte
    - the length of each id in one byte, then the ids one after another
    - ts_event and ts_init as 64-bit nanoseconds

    Attributes:
        side: Codes of `catalog_format`.
        ts_event, ts_init: UNIX nanoseconds.
    """

    schema: ClassVar[pa.Schema] = catalog_format.TRADE_SCHEMA
    dictionaries: ClassVar[tuple[str, ...]] = ("price", "size", "aggressor_side")
    deltas: ClassVar[tuple[str, ...]] = ("ts_init",)
    form: ClassVar[str] = "tickreel trades 1"
    digest_columns: ClassVar[int] = 7

    price: pa.Decimal128Array
    size: pa.Decimal128Array
    side: npt.NDArray[np.int8]
    ids: pa.StringArray
    ts_event: npt.NDArray[np.int64]
    ts_init: npt.NDArray[np.int64]

    engine_metadata = staticmethod(catalog_format.trade_metadata)

    def __len__(self) -> int:
        return len(self.ids)

    def table(self) -> pa.Table:
        """Return the rows in the engine's schema."""
        times = catalog_format.times(self.ts_event), catalog_format.times(self.ts_init)
        columns = [self.price, self.size, catalog_format.sides(self.side), self.ids, *times]
        return pa.Table.from_arrays(columns, schema=self.schema)

    def digest_bytes(self) -> list[Buffer]:
        """Return the columns that the digest covers."""
        text = self.ids.buffers()[2]
        offsets = catalog_format.text_offsets(self.ids)
        return [
            decimal_bytes(self.price),
            decimal_bytes(self.size),
            self.side,
            np.diff(offsets).astype(np.uint8),
            memoryview(text or b"")[offsets[0] : offsets[-1]],
            np.ascontiguousarray(self.ts_event, dtype="<i8"),
            np.ascontiguousarray(self.ts_init, dtype="<i8"),
        ]
