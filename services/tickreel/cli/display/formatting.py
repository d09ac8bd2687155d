"""Formats figures for people: counts, money, sizes, time spans."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from google.protobuf.timestamp_pb2 import Timestamp

from tickreel.rpc.message_json import word
from tickreel.v1 import market_data_pb2


def count(number: float) -> str:
    """Format 1234567 as 1,234,567."""
    return f"{number:,.0f}"


def decimals(texts: Iterable[str]) -> list[str]:
    """Add thousands separators to decimal strings, and pad them on the right so that their points align.

    Values are rounded to eight decimals: the profit of an inverse contract has more. A non-zero value that rounds to zero gets
    three significant digits and an exponent. An empty string, an unknown figure, stays empty.
    """
    split = [_eight_places(Decimal(text)).partition(".") if text else ("", "", "") for text in texts]
    width = max((len(point + fraction) for _, point, fraction in split), default=0)
    return [whole + (point + fraction).ljust(width) for whole, point, fraction in split]


def percent(share: str) -> str:
    """Format 0.98765 as 98.8%, 0.00012 as 0.0120%. An empty string stays empty.

    Only exactly 0 becomes 0%, and only exactly 1 becomes 100%: a share close to either gets enough decimals to differ from it.
    """
    if not share:
        return ""
    value = Decimal(share) * 100
    if value in (0, 100):
        return f"{value:.0f}%"
    return f"{_significant(value, max(1, -(100 - value).adjusted()))}%"


def rounded(ratio: str) -> str:
    """Format 1.23456 as 1.23, 0.00123456 as 0.00123. An empty string stays empty. Only zero becomes 0.00."""
    return _significant(Decimal(ratio), 2) if ratio else ""


def _significant(value: Decimal, places: int) -> str:
    """Format with at least `places` decimals, and with three significant digits if the value is below one."""
    if not value:
        # A Decimal may be -0.
        return f"{0:.{places}f}"
    return f"{value:,.{max(places, 2 - value.adjusted() if value.adjusted() < 0 else 0)}f}"


def _eight_places(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    nearest = round(value, 8) if isinstance(exponent, int) and exponent < -8 else value
    return f"{value:.2e}" if value and not nearest else f"{nearest:,f}"


def size(number: float) -> str:
    """Format bytes in the unit that leaves one to three digits before the point."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def seconds(number: float) -> str:
    """Format a duration: 0.41 s, 12.3 s, 2:05, 1:02:05."""
    if number < 1:
        return f"{number:.2f} s"
    if number < 59.95:
        return f"{number:.1f} s"
    minutes, rest = divmod(round(number), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def took(start: Timestamp, end: Timestamp) -> str:
    """Format the time between two instants; "" if one of them is unset."""
    if not (start.seconds and end.seconds):
        return ""
    return seconds((end.ToNanoseconds() - start.ToNanoseconds()) / 1e9)


def instant(stamp: Timestamp, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Format an instant in UTC to the second; "" if it is unset."""
    return datetime.fromtimestamp(stamp.seconds, UTC).strftime(form) if stamp.seconds or stamp.nanos else ""


def window(span: market_data_pb2.TimeWindow, day: str = "") -> str:
    """Format a time span in UTC; "" if it is unset.

    The end has no date if it equals the date of the start. The start has no date if it is `day`.
    """
    start, end = instant(span.start), instant(span.end)
    if not start and not end:
        return ""
    shown = end[11:] if start[:10] == end[:10] else end
    return f"{start[11:] if start[:10] == day else start} → {shown}"


def plural(number: int, noun: str) -> str:
    """Format a number with its noun: 1 row, 2 rows."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def data_type(kind: market_data_pb2.DataType) -> str:
    """Return the name of a data type in folder names: trades, book_snapshot_5."""
    return word(market_data_pb2.DataType.DESCRIPTOR, kind)


def data_types(kinds: Iterable[market_data_pb2.DataType]) -> str:
    """Return the names of data types, one a line."""
    return "\n".join(map(data_type, kinds))
