"""Files that look like those of an instrument, but lie or are named so that no search finds them.

Leaving them out in silence would make a recording with a misplaced day look like one without that day.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tickreel.stores.raw import BY_DATE, DATA_TYPE_FOLDERS, Listing, RawStore, Stray, day_of
from tickreel.v1 import market_data_pb2

# A day folder's name as people write it: 2022-5-8, day_2022.05.08, 20220508, day-2022-W20-3.
_DATE = re.compile(r"(?<!\d)(\d{4})[-_.]?(\d{1,2})[-_.]?(\d{1,2})(?!\d)", re.ASCII)
_WEEK = re.compile(r"(?<!\d)(\d{4})-?W(\d\d)-?(\d)(?!\d)", re.ASCII)


@dataclass(frozen=True)
class SkippedFile:
    """A file, or a folder of files, that a search leaves out.

    Attributes:
        stray: Where it is, and why it is skipped.
        day: The day that its folder is meant for; None where the name does not say.
        is_readable: Whether its footer may be read. Nothing outside of the data root is.
    """

    stray: Stray
    day: date | None
    is_readable: bool


def skipped_files(
    store: RawStore, raw_name: str, data_type: market_data_pb2.DataType, listings: Mapping[str, Listing]
) -> Iterator[SkippedFile]:
    """The skipped files of an instrument in day folders and beside them, by names alone.

    Args:
        raw_name: The raw name of the instrument.
        data_type: What is searched for. A file whose folder names another data type is not among the skipped ones.
        listings: The day folders to look into, by name, those whose name is no date included.
    """
    seems = re.compile(re.escape(raw_name) + r"(?![A-Za-z0-9])", re.IGNORECASE)
    for path in store.files_beside_the_days():
        if seems.match(path.name):
            remedy = f"move it to a folder day-YYYY-MM-DD/{_folder(data_type)}"
            yield SkippedFile(Stray(path, f"lies directly in {BY_DATE}; {remedy}"), None, store.holds(path))
    for dataset_id, listing in listings.items():
        day = day_of(dataset_id)
        if day is None:
            day = meant_day(dataset_id)
            wanted = day.isoformat() if day else "YYYY-MM-DD"
            why = f"lies in a folder that is not named day-YYYY-MM-DD; rename {dataset_id} to day-{wanted}"
            for path, found in listing.files:
                if found == data_type and seems.match(path.name):
                    yield SkippedFile(Stray(path, why), day, is_readable=True)
        for stray in listing.strays:
            if stray.data_type in (None, data_type):
                yield from _of_stray(store, stray, seems, day, data_type)


def meant_day(name: str) -> date | None:
    """The day that the name of a folder seems to mean; None where it means none."""
    found = _WEEK.search(name)
    try:
        if found:
            return date.fromisocalendar(*map(int, found.groups()))
        found = _DATE.search(name)
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _of_stray(
    store: RawStore, stray: Stray, seems: re.Pattern[str], day: date | None, data_type: market_data_pb2.DataType
) -> Iterator[SkippedFile]:
    if seems.match(stray.path.name):
        yield SkippedFile(stray, day, store.holds(stray.path))
    elif not store.holds(stray.path):
        # What a link out of the root leads to is not looked at, so its name decides.
        if stray.path.name in DATA_TYPE_FOLDERS or day_of(stray.path.name):
            yield SkippedFile(stray, day, is_readable=False)
    elif stray.data_type is not None or _plain(stray.path.name) == _plain(_folder(data_type)):
        for entry in os.scandir(stray.path) if stray.path.is_dir() else ():
            if seems.match(entry.name):
                path = Path(entry.path)
                yield SkippedFile(Stray(path, f"lies in a folder that {stray.why}"), day, store.holds(path))


def _plain(name: str) -> str:
    """The name of a folder without what people vary: trades, Trades and data-type-trade are one."""
    return re.sub("[^a-z0-9]", "", name.lower()).removeprefix("datatype").rstrip("s")


def _folder(data_type: market_data_pb2.DataType) -> str:
    return next(name for name, found in DATA_TYPE_FOLDERS.items() if found == data_type)
