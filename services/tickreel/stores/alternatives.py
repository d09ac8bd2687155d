"""Alternatives that an error offers for a name or day that was not found: similar names and nearby days."""

import difflib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from tickreel.stores.raw import day_of, utc_day

MAX_NAMED = 12


def abbreviated(names: Sequence[str], separator: str = ", ") -> str:
    """Return the first names as a text, followed by the number of the others."""
    shown = separator.join(names[:MAX_NAMED]) or "none"
    return f"{shown} and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else shown


def similar_first(wanted: str, names: Iterable[str]) -> list[str]:
    """Return names sorted; if there are more than MAX_NAMED, the names similar to the wanted one come first."""
    names = sorted(names)
    if len(names) <= MAX_NAMED:
        return names
    similar = difflib.get_close_matches(wanted, names, n=MAX_NAMED, cutoff=0.7)
    return similar + [name for name in names if name not in similar]


def nearest_days(dataset_ids: Iterable[str], window: tuple[int, int]) -> str:
    """Describe which day folders exist.

    At most MAX_NAMED folders are all named. Of more folders, only these are named: the nearest before and after the window,
    those inside it, and the first and last day.

    Args:
        dataset_ids: Names of day folders; some may not be dates.
        window: The first and last instant of the window, UNIX nanoseconds.
    """
    names = sorted(set(dataset_ids))
    days = [name for name in names if day_of(name) is not None]
    others = [name for name in names if day_of(name) is None]
    if len(names) <= MAX_NAMED or not days:
        return abbreviated(days + others)
    start, end = (f"day-{utc_day(instant).isoformat()}" for instant in window)
    before = [name for name in days if name < start][-1:]
    inside = [name for name in days if start <= name <= end]
    after = [name for name in days if name > end][:1]
    near = [*before, *inside[:MAX_NAMED], *after]
    and_others = f", and in {abbreviated(others)}" if others else ""
    return f"{', '.join(near)}, the nearest of {len(days)} days from {days[0]} to {days[-1]}{and_others}"


def instant(nanoseconds: int) -> str:
    """Return an instant as ISO 8601 in UTC, without trailing zeros in the fraction of its second."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}".rstrip("0").rstrip(".") + "Z"
