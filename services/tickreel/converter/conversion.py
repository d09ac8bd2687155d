"""The conversion of one raw file of trades into one file of the catalog.

Columns stay columns all the way; values are exact decimals, whatever noise their doubles carry; the order of the file
is the order of the replay. A file that cannot be converted exactly is refused with every problem it has, and leaves
nothing behind.
"""

from collections.abc import Callable
from datetime import date

import numpy as np
import pyarrow as pa

from tickreel.converter.faults import Faults
from tickreel.converter.replay_clock import crowded_instants, replay_times
from tickreel.converter.trade_columns import DecimalColumn, OneWord, side_codes, trade_ids
from tickreel.converter.trade_reader import TradeReader, checked_times
from tickreel.converter.trade_writer import TradeWriter
from tickreel.engine import catalog_format
from tickreel.rpc.errors import TickreelError
from tickreel.stores.catalog import CatalogFile, CatalogStore, Origin
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw import RawFile, RawStore, utc_day
from tickreel.v1 import conversion_pb2, result_pb2

_DAY_US = 86_400_000_000


def origin_of(source: RawFile, instrument: InstrumentName) -> Origin:
    """What the catalog file of a raw file would be made from today."""
    engine = catalog_format.engine_version()
    return Origin(source.path, source.size_bytes, source.mtime_ns, instrument.engine_id, engine)


class TradeConversion:
    """The conversion of one raw file of trades.

    Args:
        source: The raw file, as it was found.
        price_precision, size_precision: The decimals of the catalog file; None for the fewest that hold every value.
    """

    def __init__(
        self, source: RawFile, instrument: InstrumentName, price_precision: int | None, size_precision: int | None
    ) -> None:
        self._source = source
        self._instrument = instrument
        self._precisions = price_precision, size_precision
        self._faults = Faults()
        self._price = DecimalColumn("price", "price_precision", price_precision, catalog_format.MAX_PRICE, self._faults)
        self._size = DecimalColumn("amount", "size_precision", size_precision, catalog_format.MAX_SIZE, self._faults)
        self._words = {name: OneWord(name, self._faults) for name in ("exchange", "symbol")}
        self._unknown_sides = 0
        self._made_ids = 0

    def run(self, raw: RawStore, catalog: CatalogStore, on_rows: Callable[[int], None]) -> CatalogFile:
        """Converts and places the file.

        Args:
            on_rows: Called after each chunk with the rows done so far.

        Raises:
            TickreelError: DATA_REFUSED with all that is wrong with the file; STORE_NOT_WRITABLE.
        """
        path = raw.root / self._source.path
        self._require_unchanged(raw)
        try:
            reader = TradeReader(path, self._faults)
        except (OSError, pa.ArrowException) as error:
            raise self._unreadable(error) from None
        try:
            ts_init = replay_times(reader.recorded)
            with catalog.incoming() as written:
                with TradeWriter(written) as writer:
                    self._convert_rows(reader, ts_init, writer, on_rows)
                    for word in self._words.values():
                        word.check()
                    self._require_unchanged(raw)
                    if self._faults:
                        raise self._faults.refusal(self._source.path)
                    file = self._record(reader, ts_init, writer.digest())
                    converted = file.converted
                    engine_metadata = catalog_format.trade_metadata(
                        self._instrument.engine_id, converted.price_precision, converted.size_precision
                    )
                    writer.add_metadata({**engine_metadata, **file.to_metadata()})
                name = catalog_format.file_name(int(ts_init[0]), int(ts_init[-1]))
                return catalog.place(written, file, name)
        except OSError as error:
            # Reading has its own refusals, so this is the catalog's disk.
            raise catalog.not_writable(error) from None
        finally:
            reader.close()

    def _convert_rows(
        self, reader: TradeReader, ts_init: np.ndarray, writer: TradeWriter, on_rows: Callable[[int], None]
    ) -> None:
        day = utc_day(int(ts_init[0])).strftime("%Y%m%d")
        chunks = reader.chunks()
        while True:
            try:
                chunk = next(chunks, None)
            except (OSError, pa.ArrowException) as error:
                raise self._unreadable(error) from None
            if chunk is None:
                return
            columns, rows = chunk.columns, chunk.rows
            for name, word in self._words.items():
                word.see(columns[name])
            price = self._price.convert(columns["price"], rows)
            size = self._size.convert(columns["amount"], rows)
            side = side_codes(columns["side"], rows, self._faults)
            ids, made = trade_ids(columns["id"], rows, day)
            ts_event = checked_times("timestamp", columns["timestamp"], rows, self._faults) * 1000
            times = ts_init[chunk.start : chunk.start + len(rows)]
            self._made_ids += made
            self._unknown_sides += int(np.count_nonzero(side == catalog_format.NO_AGGRESSOR))
            # A file at fault is read to its end, so that all is said at once, but no longer written.
            if not self._faults:
                writer.write(price, size, side, ids, ts_event, times)
            on_rows(chunk.start + len(rows))

    def _record(self, reader: TradeReader, ts_init: np.ndarray, digest: str) -> CatalogFile:
        price_precision, size_precision = self._precisions
        converted = conversion_pb2.ConvertedFile(
            source=self._source.path,
            dataset=self._source.dataset,
            data_type=self._source.data_type,
            rows=reader.rows,
            digest=digest,
            price_precision=self._price.fewest if price_precision is None else price_precision,
            size_precision=self._size.fewest if size_precision is None else size_precision,
            unknown_sides=self._unknown_sides,
            findings=self._findings(reader),
        )
        converted.span.start.FromNanoseconds(int(ts_init[0]))
        converted.span.end.FromNanoseconds(int(ts_init[-1]))
        for recorded, last_ts_init in crowded_instants(reader.recorded, ts_init):
            converted.crowded.add(recorded=recorded, last_ts_init=last_ts_init)
        origin = origin_of(self._source, self._instrument)
        return CatalogFile(origin, self._instrument.raw_name, self._price.fewest, self._size.fewest, converted)

    def _findings(self, reader: TradeReader) -> list[result_pb2.Finding]:
        elsewhere = 0
        if self._source.day is not None:
            day = self._source.day.toordinal() - date(1970, 1, 1).toordinal()
            elsewhere = int(np.count_nonzero(reader.recorded // _DAY_US != day))
        noisy = self._price.noisy + self._size.noisy
        info, warn = result_pb2.SEVERITY_INFO, result_pb2.SEVERITY_WARNING
        told = (
            (reader.out_of_order, warn, "ROWS_SORTED", "rows stood below one recorded later; the file was sorted, stably"),
            (self._unknown_sides, warn, "SIDES_UNKNOWN", "rows do not say who the aggressor was; they are kept as unknown"),
            (self._made_ids, info, "IDS_MADE", "rows have no id that the engine can hold; theirs is made of day and row"),
            (noisy, info, "NOISE_RESOLVED", "prices and amounts carry float noise; the decimals that were meant are kept"),
            (elsewhere, warn, "ROWS_OF_ANOTHER_DAY", "rows were recorded on another UTC day than the folder's; they are kept"),
        )
        return [
            result_pb2.Finding(severity=severity, code=code, message=f"{count} {text}")
            for count, severity, code, text in told
            if count
        ]

    def _require_unchanged(self, raw: RawStore) -> None:
        if raw.identity(self._source.path) != (self._source.size_bytes, self._source.mtime_ns):
            message = f"{self._source.path} was changed or removed while it was to be converted; convert it again"
            raise TickreelError("DATA_REFUSED", message, source=self._source.path)

    def _unreadable(self, error: Exception) -> TickreelError:
        reason = " ".join(str(error).split())
        message = f"{self._source.path} cannot be read, it is corrupt or cut short: {reason}"
        return TickreelError("DATA_REFUSED", message, source=self._source.path)
