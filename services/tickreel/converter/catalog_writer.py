"""Writer of a catalog file, which works while the caller prepares the next rows."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow.parquet as pq

from tickreel.converter.converted_depths import ConvertedDepths
from tickreel.converter.converted_trades import ConvertedTrades
from tickreel.converter.row_digest import RowDigest


class CatalogWriter[Rows: (ConvertedTrades, ConvertedDepths)]:
    """Writes each chunk of rows as a row group, and computes the digest of all rows.

    Compression and digest run in their own threads, at most one chunk behind the caller, so memory stays bounded. An error
    in these threads is raised by the next call.

    Args:
        path: The file. An existing file is overwritten.
        kind: Kind of the rows.
    """

    def __init__(self, path: Path, kind: type[Rows]) -> None:
        self._digest = RowDigest(kind.form, kind.digest_columns)
        self._file = pq.ParquetWriter(
            path,
            kind.schema,
            compression="zstd",
            use_dictionary=list(kind.dictionaries),  # type: ignore[arg-type]  # the stub knows no lists of columns
            # The small steps of the replay clock take half the space this way.
            column_encoding=dict.fromkeys(kind.deltas, "DELTA_BINARY_PACKED"),
            write_statistics=["ts_init"],
            # The engine looks up list elements by their Arrow name.
            use_compliant_nested_type=False,
        )
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="catalog-writer")
        self._pending: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._pool.shutdown()
        self._file.close()

    def write(self, rows: Rows) -> None:
        """Add rows. The caller must not change their arrays afterwards.

        Raises:
            OSError: The file cannot be written.
        """
        self._wait()
        self._pending = [self._pool.submit(work, rows) for work in (self._write, self._digest_rows)]

    def digest(self) -> str:
        """Return the digest of all rows.

        Raises:
            OSError: The file cannot be written.
        """
        self._wait()
        return self._digest.hexdigest()

    def add_metadata(self, values: Mapping[str, str]) -> None:
        """Add key-value metadata, which Parquet stores at the end of the file."""
        self._file.add_key_value_metadata(dict(values))

    def _write(self, rows: Rows) -> None:
        self._file.write_table(rows.table(), len(rows))

    def _digest_rows(self, rows: Rows) -> None:
        self._digest.update(len(rows), rows.digest_bytes())

    def _wait(self) -> None:
        pending, self._pending = self._pending, []
        for work in pending:
            work.result()
