"""Skipped files: files that look like an instrument's, but are misplaced or misnamed so that no search finds them.

They are reported because a recording with a misplaced day would otherwise look like a recording without that day.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tickreel.stores.raw import BY_DATE, DATA_TYPE_FOLDERS, Listing, RawStore, Stray, day_of
from tickreel.v1 import market_data_pb2

# Variants of a day folder's name: 2022-5-8, day_2022.05.08, 20220508, day-2022-W20-3.
_DATE = re.compile(r"(?<!\d)(\d{4})[-_.]?(\d{1,2})[-_.]?(\d{1,2})(?!\d)", re.ASCII)
_WEEK = re.compile(r"(?<!\d)(\d{4})-?W(\d\d)-?(\d)(?!\d)", re.ASCII)


@dataclass(frozen=True)
class SkippedFile:
    """A file, or a folder of files, that a search skips.

    Attributes:
        stray: The path and the reason.
        day: The day that the folder's name seems to mean; None if it means none.
        is_readable: Whether its footer may be read. Files outside of the data root are never read.
    """

    stray: Stray
    day: date | None
    is_readable: bool


def skipped_files(
    store: RawStore, raw_name: str, data_type: market_data_pb2.DataType, listings: Mapping[str, Listing]
) -> Iterator[SkippedFile]:
    """Yield the skipped files of an instrument, inside and outside of day folders, by their names alone.

    Args:
        raw_name: The raw name of the instrument.
        data_type: The data type of the search. Files in a folder of another data type do not count as skipped.
        listings: The day folders to search, by name, including folders whose name is not a date.
    """
    pattern = re.compile(re.escape(raw_name) + r"(?![A-Za-z0-9])", re.IGNORECASE)
    for path in store.files_outside_day_folders():
        if pattern.match(path.name):
            remedy = f"move it to a folder day-YYYY-MM-DD/{_folder(data_type)}"
            yield SkippedFile(Stray(path, f"lies directly in {BY_DATE}; {remedy}"), None, store.holds(path))
    for dataset_id, listing in listings.items():
        day = day_of(dataset_id)
        if day is None:
            day = meant_day(dataset_id)
            wanted = day.isoformat() if day else "YYYY-MM-DD"
            why = f"lies in a folder that is not named day-YYYY-MM-DD; rename {dataset_id} to day-{wanted}"
            for path, found in listing.files:
                if found == data_type and pattern.match(path.name):
                    yield SkippedFile(Stray(path, why), day, is_readable=True)
        for stray in listing.strays:
            if stray.data_type in (None, data_type):
                yield from _skipped_in(store, stray, pattern, day, data_type)


def meant_day(name: str) -> date | None:
    """Return the day that a folder's name seems to mean; None if it means none."""
    found = _WEEK.search(name)
    try:
        if found:
            return date.fromisocalendar(*map(int, found.groups()))
        found = _DATE.search(name)
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _skipped_in(
    store: RawStore, stray: Stray, pattern: re.Pattern[str], day: date | None, data_type: market_data_pb2.DataType
) -> Iterator[SkippedFile]:
    if pattern.match(stray.path.name):
        yield SkippedFile(stray, day, store.holds(stray.path))
    elif not store.holds(stray.path):
        # The target of a link out of the root is not read, so the link's name decides.
        if stray.path.name in DATA_TYPE_FOLDERS or day_of(stray.path.name):
            yield SkippedFile(stray, day, is_readable=False)
    elif stray.data_type is not None or _plain(stray.path.name) == _plain(_folder(data_type)):
        for entry in os.scandir(stray.path) if stray.path.is_dir() else ():
            if pattern.match(entry.name):
                path = Path(entry.path)
                yield SkippedFile(Stray(path, f"lies in a folder that {stray.why}"), day, store.holds(path))


def _plain(name: str) -> str:
    """Normalize the name of a folder: trades, Trades and data-type-trade become equal."""
    return re.sub("[^a-z0-9]", "", name.lower()).removeprefix("datatype").rstrip("s")


def _folder(data_type: market_data_pb2.DataType) -> str:
    return next(name for name, found in DATA_TYPE_FOLDERS.items() if found == data_type)
