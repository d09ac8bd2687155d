"""Order of lists (AIP-132): fields separated by commas, each with an optional desc for descending order."""

import bisect
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter

from google.protobuf.message import Message

from tickreel.rpc.errors import invalid_request
from tickreel.rpc.fields import Field, Fields, Kind, Value
from tickreel.rpc.filter import MOST_CHARACTERS
from tickreel.rpc.paging import Page, fitting, invalid_token


@dataclass(frozen=True)
class SortKey:
    """A field to sort by. Unset values come last in both directions."""

    field: Field
    descending: bool


def parse_order(text: str, fields: Fields) -> tuple[SortKey, ...]:
    """Parse an order. An empty text has no sort keys.

    Raises:
        TickreelError: INVALID_REQUEST. The message names the fault and the correct form.
    """
    if len(text) > MOST_CHARACTERS:
        raise invalid_request("order_by", f"has {len(text):,} characters; it must have {MOST_CHARACTERS:,} at most")
    try:
        return tuple(_key(part, fields) for part in text.split(",")) if text.strip() else ()
    except ValueError as error:
        raise invalid_request("order_by", f"is {text!r}: {error}") from None


def cut_page[M: Message, E: Message](
    page: Page, messages: Iterable[M], order: Sequence[SortKey], within: Sequence[SortKey], entry: Callable[[M], E]
) -> tuple[Sequence[E], str]:
    """Cut a page out of a whole list by keyset pagination. Returns its entries and the token of the next page ("" at the end).

    The page ends early if its entries do not fit into a message. The token has the sort values of the last entry. So messages
    that are added or removed between two pages never repeat or hide other messages.

    Args:
        messages: The messages in the order of `within`.
        order: The sort keys.
        within: Tie-breaking sort keys. No two messages are equal in all of them.
        entry: Returns the entry of a message.

    Raises:
        TickreelError: INVALID_REQUEST for a token of another list.
    """
    found, keys = in_order(messages, order), (*order, *within)
    getters = [key.field.getter for key in keys]
    first = 0
    if page.after is not None:
        after = _values_of(page.after, keys)
        first = bisect.bisect_left(found, True, key=lambda message: _is_after([get(message) for get in getters], after, keys))
    entries = fitting([entry(message) for message in found[first : first + page.size]])
    past = first + len(entries)
    if past >= len(found):
        return entries, ""
    last = [get(found[past - 1]) for get in getters]
    return entries, page.token(json.dumps(last, default=str))


def in_order[M: Message](messages: Iterable[M], keys: Sequence[SortKey]) -> list[M]:
    """Sort messages. The sort is stable."""
    found = list(messages)
    # Because the sort is stable, sort by the last key first.
    for key in reversed(keys):
        get = key.field.getter
        values = [(message, get(message)) for message in found]
        known = [(value, message) for message, value in values if value is not None]
        known.sort(key=itemgetter(0), reverse=key.descending)
        found = [message for _, message in known] + [message for message, value in values if value is None]
    return found


def _key(text: str, fields: Fields) -> SortKey:
    path, *words = text.split() or [""]
    if not path:
        raise ValueError("a field is missing; an example is status, price desc")
    if words not in ([], ["asc"], ["desc"]):
        raise ValueError(f"{' '.join(words)} is not expected after {path}; use asc or desc")
    field = fields.find(path)
    if field.kind is Kind.TEXTS:
        raise ValueError(f"{path!r} has many values, which have no order")
    return SortKey(field, words == ["desc"])


def _is_after(values: Sequence[Value | None], after: Sequence[Value | None], keys: Sequence[SortKey]) -> bool:
    for value, last, key in zip(values, after, keys, strict=True):
        if value == last:
            continue
        if value is None or last is None:
            return value is None
        return (value < last) if key.descending else (value > last)
    return False


def _values_of(token: str, keys: Sequence[SortKey]) -> list[Value | None]:
    try:
        pairs = list(zip(json.loads(token), keys, strict=True))
        return [None if value is None else _value_of(value, key.field.kind) for value, key in pairs]
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        raise invalid_token() from None


def _value_of(value: object, kind: Kind) -> Value:
    match value:
        case str() if kind is Kind.DECIMAL:
            return Decimal(value)
        case str() if kind is Kind.TEXT:
            return value
        case bool() if kind is Kind.BOOL:
            return value
        case int() if kind in (Kind.NUMBER, Kind.TIME, Kind.ENUM):
            return value
        case float() if kind is Kind.NUMBER:
            return value
    raise TypeError(f"no value of {kind}")
