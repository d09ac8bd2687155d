"""The bounds that a request sets to its answer: a window of time, how much of something there is room for, which columns."""

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from tickreel.rpc.errors import invalid_request

# The instants of 64-bit nanoseconds.
FIRST_INSTANT, LAST_INSTANT = -(2**63), 2**63 - 1

# What a chart of a screen has room for, where it does not say; and what a message has.
DEFAULT_POINTS, MOST_POINTS = 2_000, 20_000


def requested_window(request: Any) -> tuple[int, int]:
    """The `start` and `end` of a request, both inclusive, UNIX nanoseconds; all of time where they are not set.

    Raises:
        TickreelError: INVALID_REQUEST for a window that ends before it starts, or a time that nanoseconds cannot count.
    """
    start, end = FIRST_INSTANT, LAST_INSTANT
    if request.HasField("start"):
        start = requested_instant(request, "start")
    if request.HasField("end"):
        end = requested_instant(request, "end")
    if end < start:
        raise invalid_request("end", "lies before start; a window ends at its start or after it")
    return start, end


def requested_instant(request: Any, field: str) -> int:
    """A time of a request, UNIX nanoseconds.

    Raises:
        TickreelError: INVALID_REQUEST where it is missing, or is a time that nanoseconds cannot count.
    """
    if not request.HasField(field):
        raise invalid_request(field, "is missing; it is a time, 2024-07-18T23:57:00Z for example")
    time = getattr(request, field)
    # Not by ToNanoseconds, which takes the years 1 to 9999 and raises for any other.
    instant: int = time.seconds * 1_000_000_000 + time.nanos
    if not FIRST_INSTANT <= instant <= LAST_INSTANT or not 0 <= time.nanos < 1_000_000_000:
        raise invalid_request(field, "is no time from the year 1678 to 2262 with 0 to 999999999 nanoseconds")
    return instant


def requested_most(request: Any, field: str, default: int, most: int) -> int:
    """How many of something a request has room for: the default where it is 0, and no more than the most.

    Raises:
        TickreelError: INVALID_REQUEST for less than none.
    """
    count = getattr(request, field)
    if count < 0:
        raise invalid_request(field, f"is {count}; it must not be negative")
    return min(count or default, most)


def requested_columns(request: Any, kind: type[Message]) -> list[str]:
    """The columns of a message that the `read_mask` of a request names, in the order of their numbers; all without a mask.

    Raises:
        TickreelError: INVALID_REQUEST for a name that no column has.
    """
    columns = [field.name for field in kind.DESCRIPTOR.fields if field.is_repeated]
    return _masked(request, columns, f"the columns are {', '.join(columns)}")


def requested_parts(request: Any, *parts: str) -> list[str]:
    """The fields of an answer that the `read_mask` of a request names, of those that can be left out; all without a mask.

    Raises:
        TickreelError: INVALID_REQUEST for any other name.
    """
    return _masked(request, parts, f"what it can name is {' and '.join(parts)}")


def _masked(request: Any, names: Sequence[str], problem: str) -> list[str]:
    unknown = [path for path in request.read_mask.paths if path not in names]
    if unknown:
        raise invalid_request("read_mask", f"names {unknown[0]!r}; {problem}")
    return [name for name in names if name in request.read_mask.paths] or list(names)
