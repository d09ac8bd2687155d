"""The search for the raw files of an instrument in a window, and what there is instead where it finds none."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path

from tickreel.rpc.errors import TickreelError, Violation
from tickreel.stores.alternatives import instant, likest, name_some, nearest_days
from tickreel.stores.footers import READERS
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw import BY_DATE, DATA_TYPE_FOLDERS, Listing, RawFile, RawStore, day_of, utc_day, warning
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.stores.skipped_files import skipped_files
from tickreel.v1 import market_data_pb2, result_pb2

# The paths that a run config has for the parts of a search; the runner passes violations on as they are.
INSTRUMENT = "instrument.id"
WINDOW = "time_window"
DATASET = "dataset"
PATHS = {TRADES: "data_catalog.trades_path", BOOK_SNAPSHOT_5: "data_catalog.book_snapshot_5_path"}
FILE_PATTERN = "data_catalog.instrument_file_pattern"

# What stands for the data root at the beginning of a path.
ROOT_MARK = "@data_downloads/"
_ROWS = {TRADES: "trades", BOOK_SNAPSHOT_5: "book snapshots"}
_LONG_PATH = 200


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        files: Those with rows of the window, in time order.
        skipped: Paths that seem to have such rows too but are not read, each with the reason and a remedy.
    """

    files: list[RawFile]
    skipped: list[str]


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
        """The files that `find` finds."""
        return self.find(store).files

    def find(self, store: RawStore) -> Found:
        """The files that have rows in the window by their footers, in time order. One whose footer does not say is taken.

        Raises:
            TickreelError: DATA_REFUSED with one violation a problem: nothing there, another instrument's files, a file
                that cannot be read, a path that leaves the data root. STORE_NOT_READABLE where there is no raw data at all.
        """
        store.require_data()
        ids = store.dataset_ids()
        if self.dataset and self.dataset not in ids:
            there = name_some(likest(self.dataset, ids))
            raise self._refusal(Violation(DATASET, f"there is no day folder {self.dataset!r}; there are {there}"))
        candidates, skipped = self._by_path(store) if self.path else self._by_name(store, ids)
        names = sorted({path.name.removesuffix(store.ending) for path in candidates})
        if any(name != self.instrument.raw_name for name in names):
            raise self._refusal(self._wrong_instrument(names))
        files = [file for file in store.examine((path, self.data_type) for path in candidates) if self._meets_window(file)]
        if not files:
            raise self._refusal(self._nothing(store, candidates, skipped))
        faults = [Violation(self._field, fault) for file in files for fault in file.faults]
        faults += [Violation(self._field, text) for text in _same_rows_twice(files)]
        if faults:
            raise self._refusal(*faults)
        files.sort(key=lambda file: (file.span or (_midnight(file.day),), file.path))
        return Found(files, skipped)

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
        start, end = (utc_day(at) for at in self.window)
        return start - timedelta(days=1), end + timedelta(days=1)

    def _by_name(self, store: RawStore, dataset_ids: list[str]) -> tuple[list[Path], list[str]]:
        pattern = self.file_pattern or self.instrument.raw_name
        if "/" in pattern or "\\" in pattern or pattern in (".", ".."):
            text = f"{pattern!r} is no name of a file; it must be one without folders, {self.instrument.raw_name} for example"
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
        """What lies where no search finds it and seems to have rows of the window; each with the reason."""
        found = list(skipped_files(store, self.instrument.raw_name, self.data_type, listings))
        looked_at = [(file.stray.path, self.data_type) for file in found if file.is_readable]
        footers = {file.path: file for file in store.examine(looked_at)}
        first, last = (utc_day(at) for at in self.window)
        texts = []
        for file in found:
            path = store.relative(file.stray.path)
            footer = footers.get(path)
            if footer is not None and footer.span is not None:
                concerned = self._meets_window(footer)
            elif footer is not None and any(warning.code == "COLUMNS_MISSING" for warning in footer.warnings):
                # A file of another data type.
                concerned = False
            else:
                concerned = file.day is None or first <= file.day <= last
            if concerned:
                texts.append(f"{path} {file.stray.why}")
        return sorted(texts)

    def _by_path(self, store: RawStore) -> tuple[list[Path], list[str]]:
        pattern = self._glob
        # From Python 3.13 on, such a part means one star.
        if any("**" in part and part != "**" for part in pattern.split("/")):
            fault = f"{_cut(self.path)} is no glob: ** must be a whole part of it"
            raise self._refusal(Violation(self._field, fault))
        parts = pattern.split("/")
        if not pattern or pattern.startswith(("/", "~")) or ".." in parts or "" in parts or "\\" in pattern or "\0" in pattern:
            folder = next(name for name, found in DATA_TYPE_FOLDERS.items() if found == self.data_type)
            text = f"{self.path!r} leaves the data root; it must be a path below it, {BY_DATE}/day-*/{folder}/*{store.ending}"
            raise self._refusal(Violation(self._field, text))
        try:
            matches = sorted(path for path in store.root.glob(pattern) if path.is_file())
        except (OSError, ValueError) as error:
            raise self._refusal(Violation(self._field, f"{_cut(self.path)} is no glob: {error}")) from None
        hidden = [path for path in matches if _is_hidden(path.relative_to(store.root), parts)]
        if hidden and len(hidden) == len(matches):
            text = f"{self.path!r} matches only hidden files: {name_some([store.relative(path) for path in hidden])}"
            raise self._refusal(Violation(self._field, f"{text}; rename the one that holds the data"))
        matches = sorted({*matches} - {*hidden})
        outside = [store.relative(path) for path in matches if not store.holds(path)]
        if outside:
            text = f"{name_some(outside)} leads out of the data root by a symbolic link; only files below it are read"
            raise self._refusal(Violation(self._field, text))
        right = [path for path in matches if path.name.endswith(store.ending)]
        other = [path for path in matches if path not in {*right}]
        # Tools leave markers and unfinished files beside the data. Data of the other kind is no such thing.
        if other and (not right or any(path.name.endswith(store.other_ending) for path in other)):
            text = f"matches {name_some([store.relative(path) for path in other])}; it must match {store.ending} files alone"
            if all(path.name.endswith(store.other_ending) for path in other):
                text += f", or {store.how_to_read_others}"
            raise self._refusal(Violation(self._field, text))
        # A path names its files: one in an earlier day folder is looked into, since it may reach into the window.
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

    def _meets_window(self, file: RawFile) -> bool:
        start, end = self.window
        if file.span is not None:
            return file.span[0] <= end and file.span[1] >= start
        # A broken or empty neighbour does not stand in the way of a day that is whole.
        is_near = file.day is None or self._days[0] <= file.day <= self._days[1]
        return (not file.faults and is_near) or file.day is None or utc_day(start) <= file.day <= utc_day(end)

    def _wrong_instrument(self, names: list[str]) -> Violation:
        if len(names) > 1:
            return Violation(
                self._field, f"matches files of several instruments: {name_some(names)}; it must match one's alone"
            )
        return Violation(self._field, f"matches files of {names[0]}, but the instrument is {self.instrument.raw_name}")

    def _nothing(self, store: RawStore, candidates: list[Path], skipped: list[str]) -> Violation:
        """Which part of the search is at fault, and what there is instead."""
        fault = self._fault(store, candidates)
        if not skipped:
            return fault
        count = "one file was skipped" if len(skipped) == 1 else f"{len(skipped)} files were skipped"
        return Violation(fault.field, f"{fault.description}; {count}: {name_some(skipped, '; ')}")

    def _fault(self, store: RawStore, candidates: list[Path]) -> Violation:
        name, kind = self.instrument.raw_name, _ROWS[self.data_type]
        window = " to ".join(instant(at) for at in self.window)
        nothing = f"no {kind} of {name} from {window}"
        near = [path for path in candidates if self._touches(store.dataset_of(path), outside_layout=True)]
        if near:
            files = store.examine((path, self.data_type) for path in near)
            files.sort(key=self._distance)
            return Violation(WINDOW, f"{nothing}; {name_some([f'{file.path} is {_span(file)}' for file in files])}")
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
        hint = f"; {store.how_to_read_others}, of which there are some" if name in others else ""
        if not instruments:
            return Violation(INSTRUMENT, f"there are no {kind} of any instrument below {BY_DATE} of the data root{hint}")
        if name not in instruments:
            there = name_some(likest(name, instruments))
            return Violation(INSTRUMENT, f"there are no {kind} of {name}; there are some of {there}{hint}")
        if self.file_pattern and not any(fnmatchcase(found, self.file_pattern) for found in instruments):
            text = f"{self.file_pattern!r} matches no file; there are {name_some(likest(self.file_pattern, instruments))}"
            return Violation(FILE_PATTERN, text)
        # A folder whose name is no day holds no data for a search: `skipped` names it.
        dated = [path for path in listed if path.name == name + store.ending and day_of(store.dataset_of(path)) is not None]
        around = self._around(store, dated)
        if self.dataset:
            return Violation(DATASET, f"{self.dataset} has {nothing}; they are in {around}")
        return Violation(WINDOW, f"{nothing}; there are some in {around}")

    def _distance(self, file: RawFile) -> tuple[int, str]:
        """How far a file is from the window, in nanoseconds."""
        start, end = self.window
        first, last = file.span or (_midnight(file.day),) * 2
        return max(first - end, start - last, 0), file.path

    def _around(self, store: RawStore, paths: Iterable[Path]) -> str:
        return nearest_days((store.dataset_of(path) or store.relative(path) for path in paths), self.window)

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


def skipped_finding(skipped: Sequence[str]) -> result_pb2.Finding:
    """The finding on files that searches skipped."""
    count = "one file seems" if len(skipped) == 1 else f"{len(skipped)} files seem"
    return warning("FILES_SKIPPED", f"{count} to have rows of the window, but no run reads: {name_some(skipped, '; ')}")


def _is_hidden(path: Path, pattern: list[str]) -> bool:
    """Whether a path leads to a hidden file, or through a hidden folder that the pattern does not name."""
    return path.name.startswith(".") or any(part.startswith(".") and part not in pattern for part in path.parts)


def _cut(text: str) -> str:
    return repr(text if len(text) <= _LONG_PATH else f"{text[:_LONG_PATH]}…")


def _span(file: RawFile) -> str:
    if file.span is None:
        return "unreadable" if file.faults else "without times in its footer"
    return " to ".join(instant(at) for at in file.span)


def _midnight(day: date | None) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000_000 if day else 0
