"""The conversion of one raw file into one file of the catalog.

Data is handled as columns throughout. Values become exact decimals, free of the noise of their doubles. Rows are written
in replay order. A file that cannot be converted exactly is refused with all of its problems, and leaves nothing behind.
"""

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.converter.catalog_writer import CatalogWriter
from tickreel.converter.constant_column import OneWord
from tickreel.converter.converted_depths import ConvertedDepths
from tickreel.converter.converted_trades import ConvertedTrades
from tickreel.converter.decimal_column import DecimalColumn
from tickreel.converter.faults import Faults
from tickreel.converter.raw_reader import Chunk, RawReader
from tickreel.converter.stated_instrument import says_other_exchange, says_other_symbol
from tickreel.engine import catalog_format
from tickreel.rpc.errors import TickreelError, excerpt
from tickreel.stores.catalog import CatalogFile, CatalogStore, Origin
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw import RawFile, RawStore
from tickreel.stores.raw_schema import EXCHANGE
from tickreel.v1 import conversion_pb2, result_pb2

Int64 = npt.NDArray[np.int64]

INFO, WARNING = result_pb2.SEVERITY_INFO, result_pb2.SEVERITY_WARNING
# Count, severity, code and text of a finding. A count of zero makes no finding.
CountedFinding = tuple[int, result_pb2.Severity, str, str]
Grids = Sequence[int] | None

# Columns of one word, each with the check whether the word belongs to another instrument.
_ONE_WORD = {"exchange": says_other_exchange, "symbol": says_other_symbol}
# Most characters shown of a library's error.
_REASON_SHOWN = 1_000
_DAY = 86_400_000_000_000


def origin_of(source: RawFile, instrument: InstrumentName) -> Origin:
    """Return the origin of a catalog file if this raw file were converted now."""
    engine = catalog_format.engine_version()
    return Origin(source.path, source.size_bytes, source.mtime_ns, instrument.engine_id, engine)


class Conversion[Rows: (ConvertedTrades, ConvertedDepths)](ABC):
    """The conversion of one raw file. Each data type has a subclass.

    Args:
        source: The raw file, as the plan found it.
        price_precision, size_precision: Decimals of the catalog file; None for the fewest that hold every value.
        grids: The `grids` of prices and sizes (see `DecimalColumn`).
    """

    _kind: type[Rows]
    _words: dict[str, OneWord]
    # Rows of a chunk, which becomes a row group of the catalog. A minute of a busy day then reads one or two MB.
    _chunk_rows: int

    def __init__(
        self,
        source: RawFile,
        instrument: InstrumentName,
        price_precision: int | None,
        size_precision: int | None,
        grids: tuple[Grids, Grids] = (None, None),
    ) -> None:
        self._source = source
        self._instrument = instrument
        self._precisions = price_precision, size_precision
        self._faults = Faults()
        price_grids, size_grids = self._grids = grids
        self._price = DecimalColumn("price_precision", price_precision, catalog_format.MAX_PRICE, self._faults, price_grids)
        self._size = DecimalColumn("size_precision", size_precision, catalog_format.MAX_SIZE, self._faults, size_grids)

    def run(self, raw: RawStore, catalog: CatalogStore, on_rows: Callable[[int], None]) -> CatalogFile:
        """Convert the file and place it in the catalog.

        Args:
            on_rows: Called after each chunk with the rows done so far.

        Raises:
            TickreelError: DATA_REFUSED with all problems of the file; STORE_NOT_WRITABLE.
        """
        return self._convert(raw, catalog, on_rows) or self._with_known_grids().run(raw, catalog, on_rows)

    def _convert(self, raw: RawStore, catalog: CatalogStore, on_rows: Callable[[int], None]) -> CatalogFile | None:
        """Convert and place the file; return None if values that were taken for noise are not noise."""
        self._require_unchanged(raw)
        try:
            reader = RawReader(raw.root / self._source.path, self._faults)
        except (OSError, pa.ArrowException) as error:
            raise self._unreadable(error) from None
        try:
            if not reader.rows:
                raise TickreelError("DATA_REFUSED", f"{self._source.path} has no rows", source=self._source.path)
            columns, ts_init = self._begin(reader)
            with catalog.incoming() as written:
                with CatalogWriter(written, self._kind) as writer:
                    self._convert_rows(reader, columns, ts_init, writer, on_rows)
                    self._require_unchanged(raw)
                    if self._faults:
                        raise self._faults.refusal(self._source.path)
                    if self._grids == (None, None) and (self._price.doubtful or self._size.doubtful):
                        return None
                    file = self._record(reader, ts_init, writer.digest())
                    converted = file.converted
                    engine_metadata = self._kind.engine_metadata(
                        self._instrument.engine_id, converted.price_precision, converted.size_precision
                    )
                    writer.add_metadata({**engine_metadata, **file.to_metadata()})
                # If a name is taken, try the name with the next later end. A name may give a later end than the last row.
                first, last = int(ts_init[0]), int(ts_init[-1])
                names = (catalog_format.file_name(first, last + more) for more in itertools.count())
                return catalog.place(written, file, names)
        except OSError as error:
            # Errors of reading are handled above, so this one is of the catalog's disk.
            raise catalog.not_writable(error) from None
        finally:
            reader.close()

    def _with_known_grids(self) -> "Conversion[Rows]":
        """Return the same conversion with the numbers of decimals that this pass found."""
        price, size = (range(column.fewest, -1, -1) if column.doubtful else None for column in (self._price, self._size))
        return type(self)(self._source, self._instrument, *self._precisions, (price, size))

    @abstractmethod
    def _begin(self, reader: RawReader) -> tuple[list[str], Int64]:
        """Return the raw columns to read, except those of `_ONE_WORD`, and the `ts_init` of all rows in replay order."""

    @abstractmethod
    def _rows_of(self, chunk: Chunk, ts_init: Int64) -> Rows:
        """Return the converted rows of a chunk; add values that cannot be converted to the faults."""

    @abstractmethod
    def _counted_findings(self) -> Iterator[CountedFinding]:
        """Return findings on the rows."""

    def _convert_rows(
        self,
        reader: RawReader,
        columns: list[str],
        ts_init: Int64,
        writer: CatalogWriter[Rows],
        on_rows: Callable[[int], None],
    ) -> None:
        names: list[str] = list(_ONE_WORD) if reader.raw_schema == EXCHANGE else []
        words = self._words = {name: OneWord(name, self._faults) for name in names}
        chunks = reader.chunks([*names, *columns], self._chunk_rows)
        while True:
            try:
                chunk = next(chunks, None)
            except (OSError, pa.ArrowException) as error:
                raise self._unreadable(error) from None
            if chunk is None:
                break
            for name, word in words.items():
                word.add(chunk.columns[name])
            end = chunk.start + len(chunk.rows)
            try:
                rows = self._rows_of(chunk, ts_init[chunk.start : end])
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                # The checks name known problems. Any other value that Arrow cannot handle is a problem of the file, too.
                reason = excerpt(" ".join(str(error).split()), _REASON_SHOWN)
                message = f"{self._source.path} cannot be converted from row {chunk.start} on, in replay order: {reason}"
                raise TickreelError("DATA_REFUSED", message, source=self._source.path) from None
            # After a fault, rows are no longer written, but the file is read to its end, so that one error names all problems.
            if not self._faults:
                writer.write(rows)
            on_rows(end)
        for word in words.values():
            word.check()

    def _record(self, reader: RawReader, ts_init: Int64, digest: str) -> CatalogFile:
        price_precision, size_precision = self._precisions
        converted = conversion_pb2.ConvertedFile(
            source=self._source.path,
            dataset=self._source.dataset,
            data_type=self._source.data_type,
            rows=reader.rows,
            digest=digest,
            price_precision=self._price.fewest if price_precision is None else price_precision,
            size_precision=self._size.fewest if size_precision is None else size_precision,
            findings=self._findings(reader),
            raw_schema=reader.raw_schema,
            time_unit=reader.unit,
        )
        converted.span.start.FromNanoseconds(int(ts_init[0]))
        converted.span.end.FromNanoseconds(int(ts_init[-1]))
        origin = origin_of(self._source, self._instrument)
        return CatalogFile(origin, self._instrument.raw_name, self._price.fewest, self._size.fewest, converted)

    def _findings(self, reader: RawReader) -> list[result_pb2.Finding]:
        elsewhere = 0
        if self._source.day is not None:
            day = self._source.day.toordinal() - date(1970, 1, 1).toordinal()
            elsewhere = int(np.count_nonzero(reader.recorded // _DAY != day))
        noisy = self._price.noisy + self._size.noisy
        counted = (
            (
                reader.out_of_order,
                WARNING,
                "ROWS_SORTED",
                "rows came after a row recorded later; the file was sorted, keeping the order of equal times",
            ),
            *self._counted_findings(),
            (noisy, INFO, "NOISE_RESOLVED", "prices and amounts carry float noise; the decimals that were meant are kept"),
            (
                elsewhere,
                WARNING,
                "ROWS_OF_ANOTHER_DAY",
                "rows were recorded on another UTC day than the folder's; they are kept",
            ),
        )
        findings = [
            result_pb2.Finding(severity=severity, code=code, message=f"{count} {text}")
            for count, severity, code, text in counted
            if count
        ]
        # Files of the engine name the instrument in their metadata, not in a column.
        symbol, _, exchange = reader.stated_id.partition(".")
        words = {"exchange": exchange, "symbol": symbol} | {name: word.word for name, word in self._words.items()}
        said = [f"{name} {excerpt(word)}" for name, word in words.items() if _ONE_WORD[name](word, self._instrument)]
        if said:
            who = "metadata say" if reader.stated_id else "rows say"
            message = f"the {who} {' and '.join(said)}, but are read as {self._instrument.raw_name}; is this the right file?"
            findings.append(result_pb2.Finding(severity=WARNING, code="OTHER_INSTRUMENT", message=message))
        return findings

    def _require_unchanged(self, raw: RawStore) -> None:
        if raw.identity(self._source.path) != (self._source.size_bytes, self._source.mtime_ns):
            raw.require_data()
            message = f"{self._source.path} was changed or removed before its conversion was complete; convert it again"
            raise TickreelError("DATA_REFUSED", message, source=self._source.path)

    def _unreadable(self, error: Exception) -> TickreelError:
        reason = excerpt(" ".join(str(error).split()), _REASON_SHOWN)
        # pyarrow raises OSError for features that its Parquet reader lacks, ArrowNotImplementedError elsewhere.
        unsupported = isinstance(error, NotImplementedError) or "not yet implemented" in reason.lower()
        problem = (
            "uses a feature of its format that cannot be read; write it again with plain encodings"
            if unsupported
            else "cannot be read; it is corrupt or incomplete"
        )
        message = f"{self._source.path} {problem}: {reason}"
        return TickreelError("DATA_REFUSED", message, source=self._source.path)
