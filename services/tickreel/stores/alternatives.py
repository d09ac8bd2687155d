"""What there is instead of what a search did not find: the likest names, the nearest days, the number of the rest."""

import difflib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from tickreel.stores.raw import day_of, utc_day

MOST_NAMED = 12


def name_some(names: Sequence[str], separator: str = ", ") -> str:
    """The first of some names, and how many more there are."""
    shown = separator.join(names[:MOST_NAMED]) or "none"
    return f"{shown} and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else shown


def likest(wanted: str, names: Iterable[str]) -> list[str]:
    """Names, sorted; where they are many, those first that are like the wanted one."""
    names = sorted(names)
    if len(names) <= MOST_NAMED:
        return names
    like = difflib.get_close_matches(wanted, names, n=MOST_NAMED, cutoff=0.7)
    return like + [name for name in names if name not in like]


def nearest_days(dataset_ids: Iterable[str], window: tuple[int, int]) -> str:
    """Day folders in words: all where they are few, else the nearest before and after a window and how far all reach.

    Args:
        dataset_ids: Folders whose name is no date may be among them.
        window: Its first and last instant, UNIX nanoseconds.
    """
    names = sorted(set(dataset_ids))
    days = [name for name in names if day_of(name) is not None]
    others = [name for name in names if day_of(name) is None]
    if len(names) <= MOST_NAMED or not days:
        return name_some(days + others)
    start, end = (f"day-{utc_day(instant).isoformat()}" for instant in window)
    before = [name for name in days if name < start][-1:]
    inside = [name for name in days if start <= name <= end]
    after = [name for name in days if name > end][:1]
    near = [*before, *inside[:MOST_NAMED], *after]
    beside = f", and in {name_some(others)}" if others else ""
    return f"{', '.join(near)}, the nearest of {len(days)} days from {days[0]} to {days[-1]}{beside}"


def instant(nanoseconds: int) -> str:
    """An instant as ISO 8601 in UTC, with as many decimals of a second as it has."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}".rstrip("0").rstrip(".") + "Z"
