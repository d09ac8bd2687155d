"""The digest of converted rows: equal rows have equal digests, whatever file and label they are in."""

import hashlib
from collections.abc import Buffer, Sequence

import pyarrow as pa


class RowDigest:
    """SHA-256 over the columns of rows, each column as one run of bytes, fed chunk by chunk.

    The digest is the SHA-256 of the form's name, the number of rows in 8 bytes, and the columns' digests; what the
    columns are is the form's. So it depends on neither precision nor chunks.

    Args:
        form: The name and version of the kind of rows.
        columns: How many columns they have.
    """

    def __init__(self, form: str, columns: int) -> None:
        self._form = form
        self._columns = [hashlib.sha256() for _ in range(columns)]
        self._rows = 0

    def update(self, rows: int, columns: Sequence[Buffer]) -> None:
        """Adds rows: the bytes of each of their columns."""
        self._rows += rows
        for digest, column in zip(self._columns, columns, strict=True):
            digest.update(column)

    def hexdigest(self) -> str:
        """The digest of all rows so far."""
        whole = hashlib.sha256(self._form.encode() + self._rows.to_bytes(8, "little"))
        for column in self._columns:
            whole.update(column.digest())
        return whole.hexdigest()


def decimal_bytes(column: pa.Decimal128Array) -> Buffer:
    """The bytes of a column of decimals: 128-bit integers, little-endian."""
    return memoryview(column.buffers()[1] or b"")[16 * column.offset : 16 * (column.offset + len(column))]
