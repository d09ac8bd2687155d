"""Plan of a conversion: the raw files of its window, and which of them the catalog already holds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tickreel.converter.conversion import origin_of
from tickreel.converter.depth_conversion import DepthConversion
from tickreel.converter.registration import default_instrument, given_instrument, register
from tickreel.converter.trade_conversion import TradeConversion
from tickreel.engine.catalog_format import SCALE
from tickreel.rpc.errors import TickreelError, problems
from tickreel.rpc.violations import Violations
from tickreel.stores.catalog import CatalogFile, CatalogStore
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw import RawFile, RawStore
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.stores.source_search import INSTRUMENT, WINDOW, Found, SourceSearch, skipped_finding
from tickreel.v1 import conversion_pb2, market_data_pb2, result_pb2, run_config_pb2

# In the order in which their files are listed.
_CONVERSIONS: dict[market_data_pb2.DataType, type[TradeConversion] | type[DepthConversion]] = {
    TRADES: TradeConversion,
    BOOK_SNAPSHOT_5: DepthConversion,
}


@dataclass(frozen=True)
class PlannedFile:
    """A raw file of the window, and its file in the catalog; None if it has yet to be converted."""

    source: RawFile
    present: CatalogFile | None

    def to_message(self) -> conversion_pb2.ConvertedFile:
        """Return the message of the file: complete if it is converted, else with the facts from its footer."""
        if self.present is not None:
            message = conversion_pb2.ConvertedFile(cached=True)
            message.MergeFrom(self.present.converted)
            return message
        source = self.source
        message = conversion_pb2.ConvertedFile(
            source=source.path, dataset=source.dataset, data_type=source.data_type, rows=source.rows
        )
        if source.span is not None:
            message.span.start.FromNanoseconds(source.span[0])
            message.span.end.FromNanoseconds(source.span[1])
        return message


@dataclass(frozen=True)
class ConversionPlan:
    """A conversion's files: trades, then book snapshots, each in time order.

    Attributes:
        instrument_config: Instrument of the config that the files are converted for, with defaults filled in.
        force: Whether to convert files again that the catalog already holds.
        skipped: Files that seem to belong to the conversion but are not read, each with the reason.
    """

    instrument: InstrumentName
    instrument_config: run_config_pb2.InstrumentConfig | None
    price_precision: int | None
    size_precision: int | None
    force: bool
    files: tuple[PlannedFile, ...]
    skipped: tuple[str, ...] = ()

    @classmethod
    def of(cls, spec: conversion_pb2.ConversionSpec, raw: RawStore, catalog: CatalogStore) -> "ConversionPlan":
        """Make the plan from the footers of the raw files alone.

        Raises:
            TickreelError: INVALID_REQUEST or DATA_REFUSED, with one violation per problem.
        """
        instrument, instrument_config, window = _checked(spec)
        found = _found(spec, instrument, window, raw)
        price_precision = spec.price_precision if spec.HasField("price_precision") else None
        size_precision = spec.size_precision if spec.HasField("size_precision") else None
        empty = cls(instrument, instrument_config, price_precision, size_precision, spec.force, (), tuple(found.skipped))
        converted = [] if spec.force else catalog.files(instrument.engine_id)
        files = tuple(PlannedFile(source, empty._present(source, converted)) for source in found.files)
        return replace(empty, files=files)

    @property
    def missing(self) -> list[RawFile]:
        """Raw files to convert."""
        return [file.source for file in self.files if file.present is None]

    def find_converted(self, source: RawFile, catalog: CatalogStore) -> CatalogFile | None:
        """Return the catalog file of a source that another conversion made since the plan; None with `force`."""
        return None if self.force else self._present(source, catalog.files(self.instrument.engine_id))

    def conversion(self, source: RawFile) -> TradeConversion | DepthConversion:
        """Return the conversion of one of the files."""
        return _CONVERSIONS[source.data_type](source, self.instrument, self.price_precision, self.size_precision)

    def _present(self, source: RawFile, converted: Iterable[CatalogFile]) -> CatalogFile | None:
        origin = origin_of(source, self.instrument)
        for file in converted:
            wanted = (
                file.price_decimals if self.price_precision is None else self.price_precision,
                file.size_decimals if self.size_precision is None else self.size_precision,
            )
            if file.origin == origin and wanted == (file.converted.price_precision, file.converted.size_precision):
                return file
        return None

    def to_messages(self) -> Iterator[conversion_pb2.ConvertedFile]:
        """Return the messages of the files."""
        return (file.to_message() for file in self.files)

    def register_instrument(self, catalog: CatalogStore, files: Iterable[conversion_pb2.ConvertedFile]) -> None:
        """Register the instrument in the folders of the files, all of which the catalog must already hold.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL.
        """
        register(catalog, self.instrument, self.instrument_config, files)

    def findings(self) -> list[result_pb2.Finding]:
        """Return the findings on the search for files and on the instrument to register."""
        findings = [skipped_finding(self.skipped)] if self.skipped else []
        violations = Violations()
        if self.instrument_config is None:
            default_instrument(self.instrument, 0, 0, violations)
        for violation in violations:
            message = f"the catalog gets no instrument for scripts of the engine: {violation.field} {violation.description}"
            findings.append(
                result_pb2.Finding(severity=result_pb2.SEVERITY_INFO, code="INSTRUMENT_NOT_REGISTERED", message=message)
            )
        return findings


def _found(spec: conversion_pb2.ConversionSpec, instrument: InstrumentName, window: tuple[int, int], raw: RawStore) -> Found:
    """Return the raw files of the window; one error names the problems of all data types."""
    paths = {TRADES: spec.trades_path, BOOK_SNAPSHOT_5: spec.book_snapshot_5_path}
    files: list[RawFile] = []
    skipped: list[str] = []
    refusals: list[TickreelError] = []
    for data_type in _CONVERSIONS:
        if data_type not in spec.data_types:
            continue
        search = SourceSearch(instrument, data_type, window, spec.dataset, spec.file_pattern, paths[data_type])
        try:
            found = search.find(raw)
            files += found.files
            skipped += found.skipped
        except TickreelError as refusal:
            refusals.append(refusal)
    if len(refusals) == 1:
        raise refusals[0]
    if refusals:
        # Each search finds problems that no data type causes, such as a missing root.
        violations = list(dict.fromkeys(violation for refusal in refusals for violation in refusal.violations))
        message = f"the raw files of {instrument.raw_name} cannot be used"
        raise TickreelError("DATA_REFUSED", message, violations, instrument=instrument.raw_name)
    # The search of each data type may skip the same misplaced file.
    return Found(files, list(dict.fromkeys(skipped)))


def _checked(
    spec: conversion_pb2.ConversionSpec,
) -> tuple[InstrumentName, run_config_pb2.InstrumentConfig | None, tuple[int, int]]:
    violations = Violations()
    instrument, instrument_config = None, None
    try:
        instrument = InstrumentName.parse(spec.instrument)
    except ValueError as error:
        violations.add(INSTRUMENT, str(error))
    for name in ("price_precision", "size_precision"):
        if spec.HasField(name) and not 0 <= getattr(spec, name) <= SCALE:
            text = f"is {getattr(spec, name)}; it must be a number of decimals from 0 to {SCALE}"
            violations.add(f"instrument.{name}", text)
    if instrument is not None:
        instrument_config = given_instrument(spec, violations)
    start, end = spec.window.start.ToNanoseconds(), spec.window.end.ToNanoseconds()
    if not spec.window.HasField("start") or not spec.window.HasField("end"):
        violations.add(WINDOW, "lacks its start or its end; it must have both")
    elif start > end:
        violations.add(WINDOW, "ends before it starts; its end must not be before its start")
    elif start < 0 or end >= 2**63:
        violations.add(WINDOW, "reaches out of the years 1970 to 2262, which nanoseconds can count")
    data_types = list(spec.data_types)
    if not data_types or len(set(data_types)) < len(data_types) or not set(data_types) <= _CONVERSIONS.keys():
        text = " or ".join(market_data_pb2.DataType.Name(data_type) for data_type in _CONVERSIONS)
        violations.add("data_types", f"must be {text} or both, each once")
    if len(violations) or instrument is None:
        raise TickreelError("INVALID_REQUEST", f"the conversion is refused: {problems(violations)}", violations)
    return instrument, instrument_config, (start, end)
