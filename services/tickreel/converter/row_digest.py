"""The digest of converted rows: equal rows have equal digests, whatever file and label they are in."""

import hashlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_FORM = b"tickreel trades 1"


class RowDigest:
    """SHA-256 over the columns of trade rows, each column as one run of bytes, fed chunk by chunk.

    The columns, in this order: price and size as 128-bit integers of scale 16, the side's code in one byte, the length
    of each id in one byte, the ids one after another, ts_event and ts_init as 64-bit nanoseconds; integers are
    little-endian. The digest is the SHA-256 of the form's name, the number of rows in 8 bytes, and the columns'
    digests. So it depends on neither precision nor chunks.
    """

    def __init__(self) -> None:
        self._columns = [hashlib.sha256() for _ in range(7)]
        self._rows = 0

    def update(
        self,
        price: pa.Decimal128Array,
        size: pa.Decimal128Array,
        side: npt.NDArray[np.int8],
        ids: pa.StringArray,
        ts_event: npt.NDArray[np.int64],
        ts_init: npt.NDArray[np.int64],
    ) -> None:
        """Adds rows, without nulls."""
        rows = len(ids)
        _, offsets_buffer, text = ids.buffers()
        offsets = np.frombuffer(offsets_buffer, dtype=np.int32, count=ids.offset + rows + 1)[ids.offset :]
        lengths = np.diff(offsets).astype(np.uint8)
        parts = [
            _fixed_width(price),
            _fixed_width(size),
            side,
            lengths,
            memoryview(text)[offsets[0] : offsets[-1]],
            np.ascontiguousarray(ts_event, dtype="<i8"),
            np.ascontiguousarray(ts_init, dtype="<i8"),
        ]
        self._rows += rows
        for column, part in zip(self._columns, parts, strict=True):
            column.update(part)

    def hexdigest(self) -> str:
        """The digest of all rows so far."""
        whole = hashlib.sha256(_FORM + self._rows.to_bytes(8, "little"))
        for column in self._columns:
            whole.update(column.digest())
        return whole.hexdigest()


def _fixed_width(column: pa.Decimal128Array) -> memoryview:
    return memoryview(column.buffers()[1])[16 * column.offset : 16 * (column.offset + len(column))]
