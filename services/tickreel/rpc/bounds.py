"""Bounds that a request sets for its response: a time window, a number of items, columns."""

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from tickreel.rpc.errors import invalid_request

# The range of times that 64-bit nanoseconds can express.
FIRST_INSTANT, LAST_INSTANT = -(2**63), 2**63 - 1

# Points of a chart: the default fits a screen, the maximum fits a message.
DEFAULT_POINTS, MOST_POINTS = 2_000, 20_000


def requested_window(request: Any) -> tuple[int, int]:
    """Return `start` and `end` of a request in UNIX nanoseconds, both inclusive. An unset bound is unlimited.

    Raises:
        TickreelError: INVALID_REQUEST if the window ends before it starts, or if 64-bit nanoseconds cannot express a time.
    """
    start, end = FIRST_INSTANT, LAST_INSTANT
    if request.HasField("start"):
        start = requested_instant(request, "start")
    if request.HasField("end"):
        end = requested_instant(request, "end")
    if end < start:
        raise invalid_request("end", "is before start; it must be at or after start")
    return start, end


def requested_instant(request: Any, field: str) -> int:
    """Return a time of a request in UNIX nanoseconds.

    Raises:
        TickreelError: INVALID_REQUEST if the time is missing, or if 64-bit nanoseconds cannot express it.
    """
    if not request.HasField(field):
        raise invalid_request(field, "is missing; set it to a time, 2024-07-18T23:57:00Z for example")
    time = getattr(request, field)
    # ToNanoseconds would raise outside the years 1 to 9999.
    instant: int = time.seconds * 1_000_000_000 + time.nanos
    if not FIRST_INSTANT <= instant <= LAST_INSTANT or not 0 <= time.nanos < 1_000_000_000:
        raise invalid_request(field, "must be a time in the years 1678 to 2262 with 0 to 999999999 nanoseconds")
    return instant


def requested_limit(request: Any, field: str, default: int, most: int) -> int:
    """Return a count of a request: `default` if it is 0, and at most `most`.

    Raises:
        TickreelError: INVALID_REQUEST if it is negative.
    """
    count = getattr(request, field)
    if count < 0:
        raise invalid_request(field, f"is {count}; it must not be negative")
    return min(count or default, most)


def requested_columns(request: Any, kind: type[Message]) -> list[str]:
    """Return the columns of a message that the `read_mask` of a request names, in field order. Without a mask, all columns.

    Raises:
        TickreelError: INVALID_REQUEST for an unknown column.
    """
    columns = [field.name for field in kind.DESCRIPTOR.fields if field.is_repeated]
    return _masked(request, columns, f"the columns are {', '.join(columns)}")


def requested_parts(request: Any, *parts: str) -> list[str]:
    """Return the optional parts of a response that the `read_mask` of a request names. Without a mask, all parts.

    Raises:
        TickreelError: INVALID_REQUEST for any other name.
    """
    return _masked(request, parts, f"it can name {' and '.join(parts)}")


def _masked(request: Any, names: Sequence[str], problem: str) -> list[str]:
    unknown = [path for path in request.read_mask.paths if path not in names]
    if unknown:
        raise invalid_request("read_mask", f"names {unknown[0]!r}; {problem}")
    return [name for name in names if name in request.read_mask.paths] or list(names)
