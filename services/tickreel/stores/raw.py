"""The raw files: `raw_tick_data/by_date/day-YYYY-MM-DD/data_type-…/<raw name>.parquet` below the data root.

A deployment may read `.csv.gz` files of the same names instead of Parquet files. This module lists and checks raw files by
their names and footers alone. It never writes to them.
"""

import errno
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa

from tickreel.rpc.errors import excerpt, not_found, not_readable
from tickreel.rpc.settings import CSV, PARQUET, USE_PARQUET
from tickreel.stores.footers import Footer, Footers
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw_schema import (
    BOOK_SNAPSHOT_5,
    NANOSECONDS,
    REPLAY_CLOCKS,
    TRADES,
    guess_unit,
    raw_schema_of,
    schema_faults,
    unit_of,
)
from tickreel.v1 import market_data_pb2, result_pb2

BY_DATE = "raw_tick_data/by_date"
DATA_TYPE_FOLDERS = {"data_type-trades": TRADES, "data_type-book_snapshot_5": BOOK_SNAPSHOT_5}
_FOLDERS = " or ".join(DATA_TYPE_FOLDERS)

_DAY = re.compile(r"day-(\d{4}-\d\d-\d\d)", re.ASCII)
_OUTSIDE = "is a symbolic link out of the data root, and only files below the root are read; copy the data there"

_MAX_NAME_BYTES = 255
# Limit of a fault's text in characters: names and types in a file may have any length.
_MAX_FAULT_CHARS = 1_000

# For each kind of raw files, the other kind and the setting that selects it.
_OTHER_KIND = {PARQUET: (CSV, "false"), CSV: (PARQUET, "true")}


@dataclass(frozen=True)
class RawFile:
    """A raw file, described by its footer.

    Attributes:
        path: Path relative to the data root, with forward slashes.
        dataset: Name of the day folder that holds the file; empty if the file is outside of the layout.
        day: The UTC day of that folder.
        instrument: The raw name of the instrument: the file's name without its ending.
        span: The first and last time of the replay clock, UNIX nanoseconds; None if the footer has no statistics of it.
        faults: The reasons why the file cannot be converted. Each is among the warnings too.
    """

    path: str
    dataset: str
    day: date | None
    instrument: str
    data_type: market_data_pb2.DataType
    size_bytes: int
    mtime_ns: int
    rows: int
    span: tuple[int, int] | None
    faults: tuple[str, ...]
    warnings: tuple[result_pb2.Finding, ...]


@dataclass(frozen=True)
class Dataset:
    """A day folder and its raw files."""

    dataset_id: str
    day: date | None
    files: tuple[RawFile, ...]
    warnings: tuple[result_pb2.Finding, ...]


@dataclass(frozen=True)
class Stray:
    """A file or folder that is skipped.

    Attributes:
        why: The reason and a remedy. The text completes a sentence that begins with the path.
        data_type: Data type of the folder that holds it; None if it is not in a folder of a data type.
    """

    path: Path
    why: str
    data_type: market_data_pb2.DataType | None = None


@dataclass
class Listing:
    """The paths of one day folder.

    Attributes:
        files: Raw files of the kind that the deployment reads, with their data types.
        others: Raw files of the other kind, with their data types.
        strays: Files and folders that are neither.
    """

    files: list[tuple[Path, market_data_pb2.DataType]] = field(default_factory=list)
    others: list[tuple[Path, market_data_pb2.DataType]] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)


def day_of(dataset_id: str) -> date | None:
    """Return the day in the name of a day folder; None if the name is not day-YYYY-MM-DD."""
    named = _DAY.fullmatch(dataset_id)
    try:
        return date.fromisoformat(named[1]) if named else None
    except ValueError:
        return None


def utc_day(nanoseconds: int) -> date:
    """Return the UTC day of an instant."""
    return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC).date()


def warning(code: str, message: str) -> result_pb2.Finding:
    """Return a finding of the severity WARNING: results are affected."""
    return result_pb2.Finding(severity=result_pb2.SEVERITY_WARNING, code=code, message=message)


class RawStore:
    """The raw files below a data root.

    Args:
        root: The data root: the folder that holds raw_tick_data.
        ending: The kind of files to read, PARQUET or CSV. Files of the other kind are skipped.
    """

    def __init__(self, root: Path, ending: str = PARQUET) -> None:
        self.root = root.resolve()
        self.ending = ending
        self.other_ending, switch = _OTHER_KIND[ending]
        self.other_kind_hint = f"set {USE_PARQUET} to {switch} to read {self.other_ending} files"
        self._footers = Footers(bounded=True)

    def require_data(self) -> None:
        """Check that the data root is not empty.

        Raises:
            TickreelError: STORE_NOT_READABLE if it is missing or empty, for example a mount point without its mount.
        """
        try:
            empty = next(self.root.iterdir(), None) is None
        except OSError as error:
            raise not_readable("the raw data", self.root, error) from None
        if empty:
            raise not_readable("the raw data", self.root, FileNotFoundError(errno.ENOENT, "the folder is empty"))

    def dataset_ids(self) -> list[str]:
        """Return the names of the day folders, unsorted, including folders whose name is not a date.

        Raises:
            TickreelError: STORE_NOT_READABLE if the data root is not a folder or its disk does not answer.
        """
        folder = self.root / BY_DATE
        try:
            # Raises if the root cannot be read. A readable root without the folder has no data yet.
            next(self.root.iterdir(), None)
            if not folder.is_dir():
                return []
            # A request cannot contain a name that is not valid text.
            named = (entry for entry in os.scandir(folder) if not entry.name.startswith(".") and entry.name.isprintable())
            return [entry.name for entry in named if entry.is_dir()]
        except OSError as error:
            raise not_readable("the raw data", self.root, error) from None

    def dataset(self, dataset_id: str) -> Dataset:
        """Return a day folder with its files, sorted by path.

        Raises:
            TickreelError: NOT_FOUND.
        """
        plain = dataset_id and "/" not in dataset_id and "\0" not in dataset_id and not dataset_id.startswith(".")
        # The system raises an error for a name that is longer than any file's.
        plain = plain and len(os.fsencode(dataset_id)) <= _MAX_NAME_BYTES
        if not plain or not (self.root / BY_DATE / dataset_id).is_dir():
            raise not_found("dataset", dataset_id)
        listing = self.listing(dataset_id)
        warnings = []
        day = day_of(dataset_id)
        if day is None:
            text = f"the folder {dataset_id} is not named day-YYYY-MM-DD, so no window finds it"
            warnings.append(warning("NOT_A_DAY", text))
        for stray in sorted(listing.strays, key=lambda stray: stray.path):
            warnings.append(warning("STRAY_FILE", f"{self.relative(stray.path)} is skipped: it {stray.why}"))
        files = self.examine(sorted(listing.files))
        if not files and listing.others:
            text = f"the folder {dataset_id} holds no {self.ending} file, but {len(listing.others)} {self.other_ending};"
            warnings.append(warning("NO_FILES", f"{text} {self.other_kind_hint}"))
        elif not files:
            warnings.append(warning("NO_FILES", f"the folder {dataset_id} holds no raw file"))
        return Dataset(dataset_id, day, tuple(files), tuple(warnings))

    def listing(self, dataset_id: str) -> Listing:
        """List the paths of a day folder, by their names alone."""
        listing = Listing()
        folder = self.root / BY_DATE / dataset_id
        if not self.holds(folder):
            listing.strays.append(Stray(folder, _OUTSIDE))
            return listing
        for child in _children(folder):
            data_type = DATA_TYPE_FOLDERS.get(child.name)
            if not self.holds(child):
                listing.strays.append(Stray(child, _OUTSIDE, data_type))
            elif not child.is_dir():
                listing.strays.append(Stray(child, f"lies directly in a day folder; move it to {_FOLDERS} in that folder"))
            elif data_type is None:
                listing.strays.append(Stray(child, f"is not named {_FOLDERS}"))
            else:
                for path in _children(child):
                    self._list(path, data_type, listing)
        return listing

    def files_outside_day_folders(self) -> list[Path]:
        """Return the files next to the day folders, which belong inside one."""
        folder = self.root / BY_DATE
        return [path for path in _children(folder) if not path.is_dir()] if folder.is_dir() else []

    def examine(self, paths: Iterable[tuple[Path, market_data_pb2.DataType]]) -> list[RawFile]:
        """Describe the raw files at some paths by their footers."""
        wanted = list(paths)
        footers = self._footers.read_all(path for path, _ in wanted)
        return [self._describe(path, data_type, footer) for (path, data_type), footer in zip(wanted, footers, strict=True)]

    def identity(self, path: str) -> tuple[int, int] | None:
        """Return the current size and time of change of a raw file; None if it does not exist."""
        try:
            stat = (self.root / path).stat()
        except OSError:
            return None
        return stat.st_size, stat.st_mtime_ns

    def holds(self, path: Path) -> bool:
        """Return whether a path is below the data root once its symbolic links are resolved."""
        return Path(os.path.realpath(path)).is_relative_to(self.root)

    def relative(self, path: Path) -> str:
        """Return a path for messages: relative to the data root, with invalid bytes replaced."""
        return path.relative_to(self.root).as_posix().encode(errors="replace").decode()

    def dataset_of(self, path: Path) -> str:
        """Return the name of the day folder that holds a file; empty if the file is outside of the layout."""
        parts = self.relative(path).split("/")
        return parts[2] if len(parts) == 5 and "/".join(parts[:2]) == BY_DATE else ""

    def _list(self, path: Path, data_type: market_data_pb2.DataType, listing: Listing) -> None:
        ending = next((ending for ending in (self.ending, self.other_ending) if path.name.endswith(ending)), None)
        if not self.holds(path):
            listing.strays.append(Stray(path, _OUTSIDE, data_type))
        elif ending is None and path.is_dir():
            listing.strays.append(Stray(path, f"is a folder inside {path.parent.name}; move its files up", data_type))
        elif ending is None:
            listing.strays.append(Stray(path, f"does not end in {self.ending}", data_type))
        elif not _is_raw_name(path.name.removesuffix(ending)):
            listing.strays.append(Stray(path, f"is not named VENUE:PRODUCT:SYMBOL{ending}", data_type))
        else:
            (listing.files if ending == self.ending else listing.others).append((path, data_type))

    def _describe(self, path: Path, data_type: market_data_pb2.DataType, footer: Footer) -> RawFile:
        relative = self.relative(path)
        dataset = self.dataset_of(path)
        faults = [footer.fault] if footer.fault else schema_faults(footer.schema, data_type)
        if not faults and footer.rows == 0:
            faults.append(("NO_ROWS", "has no rows"))
        notes, span = [], None
        if not faults:
            clock = REPLAY_CLOCKS[raw_schema_of(footer.schema.names)]
            recorded = footer.ranges.get(clock)
            if recorded is None:
                notes.append(("NO_STATISTICS", f"has no statistics of {clock}, so its time span is unknown"))
            elif (unit := unit_of(*recorded, kind := footer.schema.field(clock).type)) is not None:
                span = (recorded[0] * NANOSECONDS[unit], recorded[1] * NANOSECONDS[unit])
            else:
                faults.append(("TIMES_IMPLAUSIBLE", _implausible_times(clock, *recorded, kind)))
        return RawFile(
            path=relative,
            dataset=dataset,
            day=day_of(dataset),
            instrument=path.name.removesuffix(self.ending),
            data_type=data_type,
            size_bytes=footer.size_bytes,
            mtime_ns=footer.mtime_ns,
            rows=footer.rows,
            span=span,
            faults=tuple(f"{relative} {excerpt(text, _MAX_FAULT_CHARS)}" for _, text in faults),
            warnings=tuple(warning(code, f"{relative} {excerpt(text, _MAX_FAULT_CHARS)}") for code, text in (*faults, *notes)),
        )


def _implausible_times(clock: str, low: int, high: int, kind: pa.DataType) -> str:
    """Return the fault of a clock whose least and greatest value have no unit in common."""
    wrong = next((value for value in (low, high) if unit_of(value, value, kind) is None), None)
    if wrong is not None:
        return f"has the {clock} {wrong}; it must be milli-, micro- or nanoseconds since 1970, but {guess_unit(wrong)}"
    return f"has the {clock} {low}, which {guess_unit(low)}, and {high}, which {guess_unit(high)}; all must have one unit"


def _children(folder: Path) -> list[Path]:
    """Return the paths in a folder without hidden files, which belong to the system or to tools and are never data.

    Raises:
        TickreelError: STORE_NOT_READABLE.
    """
    try:
        return [folder / entry.name for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except OSError as error:
        raise not_readable(folder.name, folder.parent, error) from None


def _is_raw_name(stem: str) -> bool:
    try:
        return InstrumentName.parse(stem).raw_name == stem
    except ValueError:
        return False
