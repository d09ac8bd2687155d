"""Figures as a person reads them: counts, money, sizes, spans of time."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from google.protobuf.timestamp_pb2 import Timestamp

from tickreel.rpc.message_json import word
from tickreel.v1 import market_data_pb2


def count(number: float) -> str:
    """1234567 as 1,234,567."""
    return f"{number:,.0f}"


def decimals(texts: Iterable[str]) -> list[str]:
    """Decimal strings with thousands separators, padded on the right so that their points stand below each other.

    Of decimals beyond the eighth, as profit of an inverse contract has them, the nearest eight are shown; an amount that these
    would show as zero has three significant digits and an exponent. An empty string stays one: the figure is not known.
    """
    split = [_eight_places(Decimal(text)).partition(".") if text else ("", "", "") for text in texts]
    width = max((len(point + fraction) for _, point, fraction in split), default=0)
    return [whole + (point + fraction).ljust(width) for whole, point, fraction in split]


def percent(share: str) -> str:
    """0.98765 as 98.8%, 0.00012 as 0.0120%; an empty string stays one.

    Only zero reads as 0% and only one as 100%: a share that is close to either has as many decimals as tell.
    """
    if not share:
        return ""
    value = Decimal(share) * 100
    if value in (0, 100):
        return f"{value:.0f}%"
    return f"{_telling(value, max(1, -(100 - value).adjusted()))}%"


def rounded(ratio: str) -> str:
    """1.23456 as 1.23, 0.00123456 as 0.00123; an empty string stays one. Only zero reads as zero."""
    return _telling(Decimal(ratio), 2) if ratio else ""


def _telling(value: Decimal, places: int) -> str:
    """At least so many decimals, and three significant digits of what is below one."""
    if not value:
        # Zero has no sign.
        return f"{0:.{places}f}"
    return f"{value:,.{max(places, 2 - value.adjusted() if value.adjusted() < 0 else 0)}f}"


def _eight_places(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    nearest = round(value, 8) if isinstance(exponent, int) and exponent < -8 else value
    return f"{value:.2e}" if value and not nearest else f"{nearest:,f}"


def size(number: float) -> str:
    """Bytes in the unit that leaves one to three digits before the point."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def seconds(number: float) -> str:
    """A duration: 0.41 s, 12.3 s, 2:05, 1:02:05."""
    if number < 1:
        return f"{number:.2f} s"
    if number < 59.95:
        return f"{number:.1f} s"
    minutes, rest = divmod(round(number), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def took(start: Timestamp, end: Timestamp) -> str:
    """The time from one instant to another, "" where one of them is not set."""
    if not (start.seconds and end.seconds):
        return ""
    return seconds((end.ToNanoseconds() - start.ToNanoseconds()) / 1e9)


def instant(stamp: Timestamp, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """An instant, UTC, to the second; "" where it is not set."""
    return datetime.fromtimestamp(stamp.seconds, UTC).strftime(form) if stamp.seconds or stamp.nanos else ""


def window(span: market_data_pb2.TimeWindow, day: str = "") -> str:
    """A span of time, UTC, blank where it is not known; a day is said once, and not at all where it is `day`."""
    start, end = instant(span.start), instant(span.end)
    if not start and not end:
        return ""
    shown = end[11:] if start[:10] == end[:10] else end
    return f"{start[11:] if start[:10] == day else start} → {shown}"


def plural(number: int, noun: str) -> str:
    """1 row, 2 rows."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def data_type(kind: market_data_pb2.DataType) -> str:
    """A kind of rows as its folders call it: trades, book_snapshot_5."""
    return word(market_data_pb2.DataType.DESCRIPTOR, kind)


def data_types(kinds: Iterable[market_data_pb2.DataType]) -> str:
    """Kinds of rows, below each other."""
    return "\n".join(map(data_type, kinds))
