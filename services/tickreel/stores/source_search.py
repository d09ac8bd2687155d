"""The search for the raw files of an instrument in a window, and what there is instead where it finds none."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from tickreel.rpc.errors import TickreelError, Violation
from tickreel.stores.footers import READERS
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw import BY_DATE, DATA_TYPE_FOLDERS, Listing, RawFile, RawStore, day_of, utc_day
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.v1 import market_data_pb2

# The paths that a run config has for the parts of a search; the runner passes violations on as they are.
INSTRUMENT = "instrument.id"
WINDOW = "time_window"
DATASET = "dataset"
PATHS = {TRADES: "data_catalog.trades_path", BOOK_SNAPSHOT_5: "data_catalog.book_snapshot_5_path"}
FILE_PATTERN = "data_catalog.instrument_file_pattern"

# What stands for the data root at the beginning of a path.
ROOT_MARK = "@data_downloads/"
_ROWS = {TRADES: "trades", BOOK_SNAPSHOT_5: "book snapshots"}
_MOST_NAMED = 12


@dataclass(frozen=True)
class SourceSearch:
    """What is looked for.

    Attributes:
        window: Its first and last instant, UNIX nanoseconds, both inclusive.
        dataset: The day folder to look in; empty for all that the window touches.
        file_pattern: The name of the files without their ending, `*` allowed; empty for the raw name.
        path: A glob below the data root that replaces the search by name; empty for none.
    """

    instrument: InstrumentName
    data_type: market_data_pb2.DataType
    window: tuple[int, int]
    dataset: str = ""
    file_pattern: str = ""
    path: str = ""

    def run(self, store: RawStore) -> list[RawFile]:
        """The files that have rows in the window by their footers, in time order. One whose footer does not say is taken.

        Raises:
            TickreelError: DATA_REFUSED with one violation a problem: nothing there, another instrument's files, a file
                that cannot be read, a path that leaves the data root. STORE_NOT_READABLE where there is no raw data at all.
        """
        store.require_data()
        if self.dataset and self.dataset not in store.dataset_ids():
            there = _name_some(sorted(store.dataset_ids()))
            raise self._refusal(Violation(DATASET, f"there is no day folder {self.dataset!r}; there are {there}"))
        candidates = self._by_path(store) if self.path else self._by_name(store)
        names = sorted({path.name.removesuffix(store.ending) for path in candidates})
        if any(name != self.instrument.raw_name for name in names):
            raise self._refusal(self._wrong_instrument(names))
        files = [file for file in store.examine((path, self.data_type) for path in candidates) if self._meets_window(file)]
        if not files:
            raise self._refusal(self._nothing(store, candidates))
        faults = [Violation(self._field, fault) for file in files for fault in file.faults]
        faults += [Violation(self._field, text) for text in _same_rows_twice(files)]
        if faults:
            raise self._refusal(*faults)
        return sorted(files, key=lambda file: (file.span or (_midnight(file.day),), file.path))

    @property
    def _field(self) -> str:
        return PATHS[self.data_type] if self.path else FILE_PATTERN

    @property
    def _glob(self) -> str:
        """The path without what stands for the data root."""
        return "/".join(part for part in self.path.removeprefix(ROOT_MARK).split("/") if part != ".")

    @property
    def _days(self) -> tuple[date, date]:
        """The days whose folders may hold rows of the window: a row near midnight can lie in the folder beside."""
        start, end = (utc_day(instant) for instant in self.window)
        return start - timedelta(days=1), end + timedelta(days=1)

    def _by_name(self, store: RawStore) -> list[Path]:
        pattern = self.file_pattern or self.instrument.raw_name
        if "/" in pattern or "\\" in pattern or pattern in (".", ".."):
            text = f"{pattern!r} is no name of a file; it must be one without folders, {self.instrument.raw_name} for example"
            raise self._refusal(Violation(FILE_PATTERN, text))
        listings = _listings(store, [name for name in store.dataset_ids() if self._touches(name)])
        listed = [path for listing in listings for path, found in listing.files if found == self.data_type]
        return sorted(path for path in listed if fnmatchcase(path.name.removesuffix(store.ending), pattern))

    def _by_path(self, store: RawStore) -> list[Path]:
        pattern = self._glob
        parts = pattern.split("/")
        if not pattern or pattern.startswith(("/", "~")) or ".." in parts or "" in parts or "\\" in pattern or "\0" in pattern:
            folder = next(name for name, found in DATA_TYPE_FOLDERS.items() if found == self.data_type)
            text = f"{self.path!r} leaves the data root; it must be a path below it, {BY_DATE}/day-*/{folder}/*{store.ending}"
            raise self._refusal(Violation(self._field, text))
        try:
            matches = sorted(path for path in store.root.glob(pattern) if path.is_file())
        except ValueError as error:
            raise self._refusal(Violation(self._field, f"{self.path!r} is no glob: {error}")) from None
        outside = [store.relative(path) for path in matches if not store.holds(path)]
        if outside:
            text = f"{_name_some(outside)} leads out of the data root by a symbolic link; only files below it are read"
            raise self._refusal(Violation(self._field, text))
        other = [path for path in matches if not path.name.endswith(store.ending)]
        if other:
            text = f"matches {_name_some([store.relative(path) for path in other])}; it must match {store.ending} files alone"
            if all(path.name.endswith(store.other_ending) for path in other):
                text += f", or {store.how_to_read_others}"
            raise self._refusal(Violation(self._field, text))
        return [path for path in matches if self._touches(store.dataset_of(path), outside_layout=not self.dataset)]

    def _touches(self, dataset_id: str, *, outside_layout: bool = False) -> bool:
        if self.dataset and dataset_id != self.dataset:
            return False
        day = day_of(dataset_id)
        first, last = self._days
        return outside_layout if day is None else first <= day <= last

    def _meets_window(self, file: RawFile) -> bool:
        start, end = self.window
        if file.span is not None:
            return file.span[0] <= end and file.span[1] >= start
        # A broken or empty neighbour does not stand in the way of a day that is whole.
        return not file.faults or file.day is None or utc_day(start) <= file.day <= utc_day(end)

    def _wrong_instrument(self, names: list[str]) -> Violation:
        if len(names) > 1:
            return Violation(
                self._field, f"matches files of several instruments: {_name_some(names)}; it must match one's alone"
            )
        return Violation(self._field, f"matches files of {names[0]}, but the instrument is {self.instrument.raw_name}")

    def _nothing(self, store: RawStore, candidates: list[Path]) -> Violation:
        """Which part of the search is at fault, and what there is instead."""
        name, kind = self.instrument.raw_name, _ROWS[self.data_type]
        window = " to ".join(_instant(instant) for instant in self.window)
        if candidates:
            spans = [f"{file.path} is {_span(file)}" for file in store.examine((path, self.data_type) for path in candidates)]
            return Violation(WINDOW, f"no {kind} of {name} from {window}; {_name_some(spans)}")
        if self.path:
            matched = sorted(store.relative(path) for path in store.root.glob(self._glob))
            if not matched:
                return Violation(self._field, f"{self.path!r} matches no file below the data root")
            return Violation(WINDOW, f"no {kind} of {name} from {window}; the path matches {_name_some(matched)}")
        listings = _listings(store, store.dataset_ids())
        listed = [path for listing in listings for path, found in listing.files if found == self.data_type]
        instruments = sorted({path.name.removesuffix(store.ending) for path in listed})
        others = {
            path.name.removesuffix(store.other_ending)
            for listing in listings
            for path, found in listing.others
            if found == self.data_type
        }
        hint = f"; {store.how_to_read_others}, of which there are some" if name in others else ""
        if not instruments:
            return Violation(INSTRUMENT, f"there are no {kind} of any instrument below {BY_DATE} of the data root{hint}")
        if name not in instruments:
            return Violation(INSTRUMENT, f"there are no {kind} of {name}; there are some of {_name_some(instruments)}{hint}")
        if self.file_pattern and not any(fnmatchcase(found, self.file_pattern) for found in instruments):
            text = f"{self.file_pattern!r} matches no file; there are {_name_some(instruments)}"
            return Violation(FILE_PATTERN, text)
        days = sorted(store.dataset_of(path) for path in listed if path.name == name + store.ending)
        if self.dataset:
            return Violation(DATASET, f"{self.dataset} has no {kind} of {name} from {window}; they are in {_name_some(days)}")
        return Violation(WINDOW, f"no {kind} of {name} from {window}; there are some in {_name_some(days)}")

    def _refusal(self, *violations: Violation) -> TickreelError:
        name, kind = self.instrument.raw_name, _ROWS[self.data_type]
        return TickreelError("DATA_REFUSED", f"the {kind} of {name} cannot be used", violations, instrument=name)


def _listings(store: RawStore, dataset_ids: Iterable[str]) -> list[Listing]:
    """The paths of day folders, read side by side."""
    with ThreadPoolExecutor(max_workers=READERS) as pool:
        return list(pool.map(store.listing, dataset_ids))


def _same_rows_twice(files: list[RawFile]) -> list[str]:
    seen: dict[object, str] = {}
    twice = []
    for file in sorted(files, key=lambda file: file.path):
        key = (file.span, file.rows) if file.span else file.path
        if key in seen:
            twice.append(f"{seen[key]} and {file.path} hold as many rows of the same times; one of them is a copy")
        seen[key] = file.path
    return twice


def _name_some(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED]) or "none"
    return f"{shown} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else shown


def _instant(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}".rstrip("0").rstrip(".") + "Z"


def _span(file: RawFile) -> str:
    if file.span is None:
        return "unreadable" if file.faults else "without times in its footer"
    return " to ".join(_instant(instant) for instant in file.span)


def _midnight(day: date | None) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000_000 if day else 0
