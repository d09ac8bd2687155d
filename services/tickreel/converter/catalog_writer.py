"""A file of the catalog while it is written, beside the work on the next rows."""

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
    """Writes chunks of rows, each a row group, and takes their digest.

    Compression and digest run in threads of their own, a chunk behind the caller: never more, so that memory stays
    bounded. What fails there is raised by the next call.

    Args:
        path: The file; overwritten.
        kind: The kind of its rows.
    """

    def __init__(self, path: Path, kind: type[Rows]) -> None:
        self._digest = RowDigest(kind.form, kind.digest_columns)
        self._file = pq.ParquetWriter(
            path,
            kind.schema,
            compression="zstd",
            use_dictionary=list(kind.dictionaries),
            # Small steps, as the replay clock has them, take half the room.
            column_encoding=dict.fromkeys(kind.deltas, "DELTA_BINARY_PACKED"),
            write_statistics=["ts_init"],
            # The engine knows the elements of its lists by the name that they have in Arrow.
            use_compliant_nested_type=False,
        )
        self._beside = ThreadPoolExecutor(max_workers=2, thread_name_prefix="catalog-writer")
        self._pending: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._beside.shutdown()
        self._file.close()

    def write(self, rows: Rows) -> None:
        """Adds rows; their arrays must not be changed afterwards.

        Raises:
            OSError: The file cannot be written.
        """
        self._wait()
        self._pending = [self._beside.submit(work, rows) for work in (self._write, self._digest_rows)]

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

    def _write(self, rows: Rows) -> None:
        self._file.write_table(rows.table(), len(rows))

    def _digest_rows(self, rows: Rows) -> None:
        self._digest.update(len(rows), rows.digest_bytes())

    def _wait(self) -> None:
        pending, self._pending = self._pending, []
        for work in pending:
            work.result()
