"""The search for an instrument's raw files in a window, and the alternatives that its errors offer."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from tickreel.rpc.errors import TickreelError, Violation
from tickreel.stores.alternatives import abbreviated, instant, nearest_days, similar_first
from tickreel.stores.footers import READERS
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw import BY_DATE, DATA_TYPE_FOLDERS, Listing, RawFile, RawStore, day_of, utc_day, warning
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.stores.skipped_files import skipped_files
from tickreel.v1 import market_data_pb2, result_pb2

# Config paths of the parts of a search. The runner passes violations with these paths on unchanged.
INSTRUMENT = "instrument.id"
WINDOW = "time_window"
DATASET = "dataset"
PATHS = {TRADES: "data_catalog.trades_path", BOOK_SNAPSHOT_5: "data_catalog.book_snapshot_5_path"}
FILE_PATTERN = "data_catalog.instrument_file_pattern"

# Prefix of a path that means the data root.
ROOT_MARK = "@data_downloads/"
_ROWS = {TRADES: "trades", BOOK_SNAPSHOT_5: "book snapshots"}
# Longer paths are cut in messages.
_MAX_PATH_CHARS = 200


@dataclass(frozen=True)
class Found:
    """The result of a search.

    Attributes:
        files: Files with rows in the window, in time order.
        skipped: Paths that seem to have rows in the window but are not read, each with the reason and a remedy.
    """

    files: list[RawFile]
    skipped: list[str]


@dataclass(frozen=True)
class SourceSearch:
    """The criteria of a search.

    Attributes:
        window: The first and last instant, UNIX nanoseconds, both inclusive.
        dataset: The day folder to search; empty to search all that the window touches.
        file_pattern: The name of the files without their ending, `*` allowed; empty for the raw name.
        path: A glob below the data root that replaces the search by name; empty for a search by name.
    """

    instrument: InstrumentName
    data_type: market_data_pb2.DataType
    window: tuple[int, int]
    dataset: str = ""
    file_pattern: str = ""
    path: str = ""

    def run(self, store: RawStore) -> list[RawFile]:
        """Return the files that `find` finds."""
        return self.find(store).files

    def find(self, store: RawStore) -> Found:
        """Find the files with rows in the window, by their footers, in time order.

        A file is included if its footer has no statistics of its times.

        Raises:
            TickreelError: DATA_REFUSED with one violation for each problem: no files, another instrument's files, a file that
                cannot be read, a path that leaves the data root. STORE_NOT_READABLE if there is no raw data at all.
        """
        store.require_data()
        ids = store.dataset_ids()
        if self.dataset and self.dataset not in ids:
            there = abbreviated(similar_first(self.dataset, ids))
            raise self._refusal(Violation(DATASET, f"there is no day folder {self.dataset!r}; the day folders are {there}"))
        candidates, skipped = self._by_path(store) if self.path else self._by_name(store, ids)
        names = sorted({path.name.removesuffix(store.ending) for path in candidates})
        if any(name != self.instrument.raw_name for name in names):
            raise self._refusal(self._wrong_instrument(names))
        files = [file for file in store.examine((path, self.data_type) for path in candidates) if self._overlaps_window(file)]
        if not files:
            raise self._refusal(self._not_found(store, candidates, skipped))
        faults = [Violation(self._field, fault) for file in files for fault in file.faults]
        faults += [Violation(self._field, text) for text in _copies(files)]
        if faults:
            raise self._refusal(*faults)
        files.sort(key=lambda file: (file.span or (_midnight(file.day),), file.path))
        return Found(files, skipped)

    @property
    def _field(self) -> str:
        return PATHS[self.data_type] if self.path else FILE_PATTERN

    @property
    def _glob(self) -> str:
        """The path without ROOT_MARK."""
        return "/".join(part for part in self.path.removeprefix(ROOT_MARK).split("/") if part != ".")

    @property
    def _days(self) -> tuple[date, date]:
        """The first and last day whose folder may have rows in the window.

        A row near midnight may be in the folder of the neighbouring day.
        """
        start, end = (utc_day(at) for at in self.window)
        return start - timedelta(days=1), end + timedelta(days=1)

    def _by_name(self, store: RawStore, dataset_ids: list[str]) -> tuple[list[Path], list[str]]:
        pattern = self.file_pattern or self.instrument.raw_name
        if "/" in pattern or "\\" in pattern or pattern in (".", ".."):
            text = f"{pattern!r} is not a file name; it must have no folders, {self.instrument.raw_name} for example"
            raise self._refusal(Violation(FILE_PATTERN, text))
        undated = [name for name in dataset_ids if day_of(name) is None and self.dataset in ("", name)]
        wanted = [name for name in dataset_ids if self._touches(name)] + undated
        listings = dict(zip(wanted, _listings(store, wanted), strict=True))
        listed = [
            path
            for name, listing in listings.items()
            for path, found in listing.files
            if found == self.data_type and self._touches(name)
        ]
        found = sorted(path for path in listed if fnmatchcase(path.name.removesuffix(store.ending), pattern))
        return found, self._skipped(store, listings)

    def _skipped(self, store: RawStore, listings: dict[str, Listing]) -> list[str]:
        """Return the skipped paths that seem to have rows in the window, each with the reason."""
        found = list(skipped_files(store, self.instrument.raw_name, self.data_type, listings))
        readable = [(file.stray.path, self.data_type) for file in found if file.is_readable]
        footers = {file.path: file for file in store.examine(readable)}
        first, last = (utc_day(at) for at in self.window)
        texts = []
        for file in found:
            path = store.relative(file.stray.path)
            footer = footers.get(path)
            if footer is not None and footer.span is not None:
                is_relevant = self._overlaps_window(footer)
            elif footer is not None and any(warning.code == "COLUMNS_MISSING" for warning in footer.warnings):
                # A file of another data type.
                is_relevant = False
            else:
                is_relevant = file.day is None or first <= file.day <= last
            if is_relevant:
                texts.append(f"{path} {file.stray.why}")
        return sorted(texts)

    def _by_path(self, store: RawStore) -> tuple[list[Path], list[str]]:
        pattern = self._glob
        # From Python 3.13 on, pathlib treats such a part as one star.
        if any("**" in part and part != "**" for part in pattern.split("/")):
            fault = f"{_cut(self.path)} is not a valid glob: ** must be a whole part of it"
            raise self._refusal(Violation(self._field, fault))
        parts = pattern.split("/")
        if not pattern or pattern.startswith(("/", "~")) or ".." in parts or "" in parts or "\\" in pattern or "\0" in pattern:
            folder = next(name for name, found in DATA_TYPE_FOLDERS.items() if found == self.data_type)
            text = f"{self.path!r} leaves the data root; it must be a path below it, {BY_DATE}/day-*/{folder}/*{store.ending}"
            raise self._refusal(Violation(self._field, text))
        try:
            matches = sorted(path for path in store.root.glob(pattern) if path.is_file())
        except (OSError, ValueError) as error:
            raise self._refusal(Violation(self._field, f"{_cut(self.path)} is not a valid glob: {error}")) from None
        hidden = [path for path in matches if _is_hidden(path.relative_to(store.root), parts)]
        if hidden and len(hidden) == len(matches):
            text = f"{self.path!r} matches only hidden files: {abbreviated([store.relative(path) for path in hidden])}"
            raise self._refusal(Violation(self._field, f"{text}; rename the one that holds the data"))
        matches = sorted({*matches} - {*hidden})
        outside = [store.relative(path) for path in matches if not store.holds(path)]
        if outside:
            text = f"{abbreviated(outside)} leads out of the data root by a symbolic link; only files below it are read"
            raise self._refusal(Violation(self._field, text))
        right = [path for path in matches if path.name.endswith(store.ending)]
        other = [path for path in matches if path not in {*right}]
        # Tools leave markers and unfinished files next to the data. They are ignored; data of the other kind is refused.
        if other and (not right or any(path.name.endswith(store.other_ending) for path in other)):
            text = f"matches {abbreviated([store.relative(path) for path in other])}; it must match only {store.ending} files"
            if all(path.name.endswith(store.other_ending) for path in other):
                text += f", or {store.other_kind_hint}"
            raise self._refusal(Violation(self._field, text))
        # A path names its files explicitly, so files in earlier day folders are examined too: they may reach into the window.
        wanted = [
            path for path in right if self._touches(store.dataset_of(path), outside_layout=not self.dataset, or_before=True)
        ]
        return wanted, [f"{store.relative(path)} does not end in {store.ending}" for path in other]

    def _touches(self, dataset_id: str, *, outside_layout: bool = False, or_before: bool = False) -> bool:
        if self.dataset and dataset_id != self.dataset:
            return False
        day = day_of(dataset_id)
        first, last = self._days
        return outside_layout if day is None else (or_before or first <= day) and day <= last

    def _overlaps_window(self, file: RawFile) -> bool:
        start, end = self.window
        if file.span is not None:
            return file.span[0] <= end and file.span[1] >= start
        # A broken or empty file of a neighbouring day does not prevent the use of an intact day.
        is_near = file.day is None or self._days[0] <= file.day <= self._days[1]
        return (not file.faults and is_near) or file.day is None or utc_day(start) <= file.day <= utc_day(end)

    def _wrong_instrument(self, names: list[str]) -> Violation:
        if len(names) > 1:
            return Violation(
                self._field, f"matches files of several instruments: {abbreviated(names)}; it must match files of one"
            )
        return Violation(self._field, f"matches files of {names[0]}, but the instrument is {self.instrument.raw_name}")

    def _not_found(self, store: RawStore, candidates: list[Path], skipped: list[str]) -> Violation:
        """Return the violation of a search without files: the part at fault, alternatives, and the skipped files."""
        fault = self._fault(store, candidates)
        if not skipped:
            return fault
        count = "one file was skipped" if len(skipped) == 1 else f"{len(skipped)} files were skipped"
        return Violation(fault.field, f"{fault.description}; {count}: {abbreviated(skipped, '; ')}")

    def _fault(self, store: RawStore, candidates: list[Path]) -> Violation:
        name, kind = self.instrument.raw_name, _ROWS[self.data_type]
        window = " to ".join(instant(at) for at in self.window)
        nothing = f"no {kind} of {name} from {window}"
        near = [path for path in candidates if self._touches(store.dataset_of(path), outside_layout=True)]
        if near:
            files = store.examine((path, self.data_type) for path in near)
            files.sort(key=self._distance)
            return Violation(WINDOW, f"{nothing}; {abbreviated([f'{file.path} is {_span(file)}' for file in files])}")
        if self.path:
            matched = [path for path in store.root.glob(self._glob) if path.name.endswith(store.ending)]
            if not matched:
                return Violation(self._field, f"{self.path!r} matches no file below the data root")
            if self.dataset:
                return Violation(DATASET, f"{self.dataset} has {nothing}; the path matches {self._around(store, matched)}")
            return Violation(WINDOW, f"{nothing}; the path matches {self._around(store, matched)}")
        listings = _listings(store, store.dataset_ids())
        listed = [path for listing in listings for path, found in listing.files if found == self.data_type]
        instruments = {path.name.removesuffix(store.ending) for path in listed}
        others = {
            path.name.removesuffix(store.other_ending)
            for listing in listings
            for path, found in listing.others
            if found == self.data_type
        }
        hint = f"; {store.other_kind_hint}, which exist for {name}" if name in others else ""
        if not instruments:
            return Violation(INSTRUMENT, f"there are no {kind} of any instrument below {BY_DATE} of the data root{hint}")
        if name not in instruments:
            there = abbreviated(similar_first(name, instruments))
            return Violation(INSTRUMENT, f"there are no {kind} of {name}; there are some of {there}{hint}")
        if self.file_pattern and not any(fnmatchcase(found, self.file_pattern) for found in instruments):
            there = abbreviated(similar_first(self.file_pattern, instruments))
            return Violation(FILE_PATTERN, f"{self.file_pattern!r} matches no file; the files are named {there}")
        # No search finds a folder whose name is not a day; the skipped files name it.
        dated = [path for path in listed if path.name == name + store.ending and day_of(store.dataset_of(path)) is not None]
        around = self._around(store, dated)
        if self.dataset:
            return Violation(DATASET, f"{self.dataset} has {nothing}; they are in {around}")
        return Violation(WINDOW, f"{nothing}; there are some in {around}")

    def _distance(self, file: RawFile) -> tuple[int, str]:
        """Return the distance of a file from the window in nanoseconds, and its path to break ties."""
        start, end = self.window
        first, last = file.span or (_midnight(file.day),) * 2
        return max(first - end, start - last, 0), file.path

    def _around(self, store: RawStore, paths: Iterable[Path]) -> str:
        return nearest_days((store.dataset_of(path) or store.relative(path) for path in paths), self.window)

    def _refusal(self, *violations: Violation) -> TickreelError:
        name, kind = self.instrument.raw_name, _ROWS[self.data_type]
        return TickreelError("DATA_REFUSED", f"the {kind} of {name} cannot be used", violations, instrument=name)


def _listings(store: RawStore, dataset_ids: Iterable[str]) -> list[Listing]:
    """List day folders in parallel."""
    with ThreadPoolExecutor(max_workers=READERS) as pool:
        return list(pool.map(store.listing, dataset_ids))


def _copies(files: list[RawFile]) -> list[str]:
    """Return a fault for each file that seems to be a copy of another: same span and number of rows."""
    seen: dict[object, str] = {}
    copies = []
    for file in sorted(files, key=lambda file: file.path):
        key = (file.span, file.rows) if file.span else file.path
        if key in seen:
            copies.append(f"{seen[key]} and {file.path} have the same times and number of rows; one of them is a copy")
        seen[key] = file.path
    return copies


def skipped_finding(skipped: Sequence[str]) -> result_pb2.Finding:
    """Return the finding about files that searches skipped."""
    start = "one file was" if len(skipped) == 1 else f"{len(skipped)} files were"
    return warning("FILES_SKIPPED", f"{start} skipped but may have rows in the window: {abbreviated(skipped, '; ')}")


def _is_hidden(path: Path, pattern: list[str]) -> bool:
    """Return whether a file is hidden, or is in a hidden folder that the pattern does not name."""
    return path.name.startswith(".") or any(part.startswith(".") and part not in pattern for part in path.parts)


def _cut(text: str) -> str:
    return repr(text if len(text) <= _MAX_PATH_CHARS else f"{text[:_MAX_PATH_CHARS]}…")


def _span(file: RawFile) -> str:
    if file.span is None:
        return "unreadable" if file.faults else "without times in its footer"
    return " to ".join(instant(at) for at in file.span)


def _midnight(day: date | None) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000_000 if day else 0
