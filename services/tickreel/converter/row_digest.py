"""Digest of converted rows: equal rows have equal digests, in any file and at any precision label."""

import hashlib
from collections.abc import Buffer, Sequence

import pyarrow as pa


class RowDigest:
    """SHA-256 over columns of rows, fed chunk by chunk.

    The digest is the SHA-256 of the form's name, the number of rows in 8 bytes, and the SHA-256 of each column's bytes.
    It depends neither on the precision nor on the chunks.

    Args:
        form: Name and version of the kind of rows, which defines the columns.
        columns: Number of columns.
    """

    def __init__(self, form: str, columns: int) -> None:
        self._form = form
        self._columns = [hashlib.sha256() for _ in range(columns)]
        self._rows = 0

    def update(self, rows: int, columns: Sequence[Buffer]) -> None:
        """Add rows, given as the bytes of each column."""
        self._rows += rows
        for digest, column in zip(self._columns, columns, strict=True):
            digest.update(column)

    def hexdigest(self) -> str:
        """Return the digest of all rows so far."""
        whole = hashlib.sha256(self._form.encode() + self._rows.to_bytes(8, "little"))
        for column in self._columns:
            whole.update(column.digest())
        return whole.hexdigest()


def decimal_bytes(column: pa.Decimal128Array) -> Buffer:
    """Return the bytes of a decimal column: 128-bit integers, little-endian."""
    return memoryview(column.buffers()[1] or b"")[16 * column.offset : 16 * (column.offset + len(column))]
