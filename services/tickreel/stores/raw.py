"""The raw data at rest: `raw_tick_data/by_date/day-YYYY-MM-DD/data_type-…/<raw name>.parquet` below the data root.

Instead of Parquet files, a deployment may read `.csv.gz` files of the same names. Raw data is read only, and by footers
alone: what is there, and what is wrong with it.
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
_OUTSIDE = "is a symbolic link out of the data root, and only what lies below the root is read; copy the data there"

_LONGEST_NAME = 255
# The most characters that are said of a problem of a file: it may have names and types of any length.
_MOST_SAID = 1_000

# Which other kind of raw files there is, and what a deployment that reads it has set.
_OTHER_KIND = {PARQUET: (CSV, "false"), CSV: (PARQUET, "true")}


@dataclass(frozen=True)
class RawFile:
    """One raw file by its footer.

    Attributes:
        path: Relative to the data root, with forward slashes.
        dataset: The day folder it lies in; empty outside of the layout.
        day: The UTC day of that folder.
        instrument: The raw name: the file's name without its ending.
        span: The first and last time of the replay clock, UNIX nanoseconds; None where the footer does not say.
        faults: What keeps it from being converted; each is among the warnings too.
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
    """A day folder with its files."""

    dataset_id: str
    day: date | None
    files: tuple[RawFile, ...]
    warnings: tuple[result_pb2.Finding, ...]


@dataclass(frozen=True)
class Stray:
    """A file or folder that is not read.

    Attributes:
        why: Why not, and what to do about it; completes a sentence that begins with the path.
        data_type: That of the folder it lies in; None where it lies in none.
    """

    path: Path
    why: str
    data_type: market_data_pb2.DataType | None = None


@dataclass
class Listing:
    """The paths of one day folder: files by data type, those of the other kind likewise, and what does not belong."""

    files: list[tuple[Path, market_data_pb2.DataType]] = field(default_factory=list)
    others: list[tuple[Path, market_data_pb2.DataType]] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)


def day_of(dataset_id: str) -> date | None:
    """The day of a day folder's name, or None where the name is not day-YYYY-MM-DD."""
    named = _DAY.fullmatch(dataset_id)
    try:
        return date.fromisoformat(named[1]) if named else None
    except ValueError:
        return None


def utc_day(nanoseconds: int) -> date:
    """The UTC day of an instant."""
    return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC).date()


def warning(code: str, message: str) -> result_pb2.Finding:
    """A finding that the figures suffer from."""
    return result_pb2.Finding(severity=result_pb2.SEVERITY_WARNING, code=code, message=message)


class RawStore:
    """The raw files below a data root.

    Args:
        root: The data root; the folder that holds raw_tick_data.
        ending: The kind of files that are read, PARQUET or CSV. Those of the other kind are passed over.
    """

    def __init__(self, root: Path, ending: str = PARQUET) -> None:
        self.root = root.resolve()
        self.ending = ending
        self.other_ending, switch = _OTHER_KIND[ending]
        self.how_to_read_others = f"set {USE_PARQUET} to {switch} to read {self.other_ending} files"
        self._footers = Footers(bounded=True)

    def require_data(self) -> None:
        """Sees whether there is anything below the data root.

        Raises:
            TickreelError: STORE_NOT_READABLE where there is not, as below a mount point without its mount.
        """
        try:
            empty = next(self.root.iterdir(), None) is None
        except OSError as error:
            raise not_readable("the raw data", self.root, error) from None
        if empty:
            raise not_readable("the raw data", self.root, FileNotFoundError(errno.ENOENT, "the folder is empty"))

    def dataset_ids(self) -> list[str]:
        """The names of the day folders, in no order; those whose name is no date are among them.

        Raises:
            TickreelError: STORE_NOT_READABLE where the data root is no folder, or its disk does not answer.
        """
        folder = self.root / BY_DATE
        try:
            # A root without the folder has no data yet; a root that cannot be looked into is another matter.
            next(self.root.iterdir(), None)
            if not folder.is_dir():
                return []
            # A name that is no text could not be asked for by any call.
            named = (entry for entry in os.scandir(folder) if not entry.name.startswith(".") and entry.name.isprintable())
            return [entry.name for entry in named if entry.is_dir()]
        except OSError as error:
            raise not_readable("the raw data", self.root, error) from None

    def dataset(self, dataset_id: str) -> Dataset:
        """One day folder with its files, sorted by path.

        Raises:
            TickreelError: NOT_FOUND.
        """
        plain = dataset_id and "/" not in dataset_id and "\0" not in dataset_id and not dataset_id.startswith(".")
        # A longer name is none of a file, and an error of the system.
        plain = plain and len(os.fsencode(dataset_id)) <= _LONGEST_NAME
        if not plain or not (self.root / BY_DATE / dataset_id).is_dir():
            raise not_found("dataset", dataset_id)
        listing = self.listing(dataset_id)
        warnings = []
        day = day_of(dataset_id)
        if day is None:
            text = f"the folder {dataset_id} is not named day-YYYY-MM-DD, so that no window finds it"
            warnings.append(warning("NOT_A_DAY", text))
        for stray in sorted(listing.strays, key=lambda stray: stray.path):
            warnings.append(warning("STRAY_FILE", f"{self.relative(stray.path)} is skipped: it {stray.why}"))
        files = self.examine(sorted(listing.files))
        if not files and listing.others:
            text = f"the folder {dataset_id} holds no {self.ending} file, but {len(listing.others)} {self.other_ending};"
            warnings.append(warning("NO_FILES", f"{text} {self.how_to_read_others}"))
        elif not files:
            warnings.append(warning("NO_FILES", f"the folder {dataset_id} holds no raw file"))
        return Dataset(dataset_id, day, tuple(files), tuple(warnings))

    def listing(self, dataset_id: str) -> Listing:
        """The paths of a day folder, by names alone."""
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

    def files_beside_the_days(self) -> list[Path]:
        """The paths directly in the folder of the day folders that are no folders."""
        folder = self.root / BY_DATE
        return [path for path in _children(folder) if not path.is_dir()] if folder.is_dir() else []

    def examine(self, paths: Iterable[tuple[Path, market_data_pb2.DataType]]) -> list[RawFile]:
        """The files of paths, by their footers."""
        wanted = list(paths)
        footers = self._footers.read_all(path for path, _ in wanted)
        return [self._describe(path, data_type, footer) for (path, data_type), footer in zip(wanted, footers, strict=True)]

    def identity(self, path: str) -> tuple[int, int] | None:
        """The size and time of change of a raw file now, or None where it is gone."""
        try:
            stat = (self.root / path).stat()
        except OSError:
            return None
        return stat.st_size, stat.st_mtime_ns

    def holds(self, path: Path) -> bool:
        """Whether a path stays below the data root when its symbolic links are followed."""
        return Path(os.path.realpath(path)).is_relative_to(self.root)

    def relative(self, path: Path) -> str:
        """A path as it is told: relative to the data root, as text whatever its bytes are."""
        return path.relative_to(self.root).as_posix().encode(errors="replace").decode()

    def dataset_of(self, path: Path) -> str:
        """The day folder that a file lies in; empty where it lies outside of the layout."""
        parts = self.relative(path).split("/")
        return parts[2] if len(parts) == 5 and "/".join(parts[:2]) == BY_DATE else ""

    def _list(self, path: Path, data_type: market_data_pb2.DataType, listing: Listing) -> None:
        ending = next((ending for ending in (self.ending, self.other_ending) if path.name.endswith(ending)), None)
        if not self.holds(path):
            listing.strays.append(Stray(path, _OUTSIDE, data_type))
        elif ending is None and path.is_dir():
            listing.strays.append(Stray(path, f"is a folder inside of {path.parent.name}; move its files up", data_type))
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
                notes.append(("NO_STATISTICS", f"does not say from when to when it is ({clock})"))
            elif (unit := unit_of(*recorded, kind := footer.schema.field(clock).type)) is not None:
                span = (recorded[0] * NANOSECONDS[unit], recorded[1] * NANOSECONDS[unit])
            else:
                faults.append(("TIMES_IMPLAUSIBLE", _not_of_one_unit(clock, *recorded, kind)))
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
            faults=tuple(f"{relative} {excerpt(text, _MOST_SAID)}" for _, text in faults),
            warnings=tuple(warning(code, f"{relative} {excerpt(text, _MOST_SAID)}") for code, text in (*faults, *notes)),
        )


def _not_of_one_unit(clock: str, low: int, high: int, kind: pa.DataType) -> str:
    """What is wrong with times from `low` to `high` that have no unit in common."""
    wrong = next((value for value in (low, high) if unit_of(value, value, kind) is None), None)
    if wrong is not None:
        return f"has the {clock} {wrong}; it must be milli-, micro- or nanoseconds since 1970, but {guess_unit(wrong)}"
    return f"has the {clock} {low}, which {guess_unit(low)}, and {high}, which {guess_unit(high)}; all must be of one unit"


def _children(folder: Path) -> list[Path]:
    """What a folder holds, without hidden files: those are of an operating system or a tool, never data.

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
