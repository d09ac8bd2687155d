"""The order of lists (AIP-132): fields separated by commas, each with desc where the largest comes first."""

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
from tickreel.rpc.paging import Page, fitting, not_this_token


@dataclass(frozen=True)
class SortKey:
    """A field that a list is sorted by. What has no value in it comes last either way."""

    field: Field
    descending: bool


def parse_order(text: str, fields: Fields) -> tuple[SortKey, ...]:
    """Reads an order; none where it is empty.

    Raises:
        TickreelError: INVALID_REQUEST, naming what is wrong and what would be right.
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
    """Cuts a page out of a whole list: its entries in order, and the token of the next page ("" at the end).

    The page ends early where its entries would not fit into a message.

    A token says where in the order the page ended, so that messages that come or go between two pages never repeat or hide the
    others.

    Args:
        messages: In the order of `within`.
        order: What they are sorted by.
        within: How those are sorted that are equal in it; no two messages are equal in all of these.
        entry: The entry of a message.

    Raises:
        TickreelError: INVALID_REQUEST for a token that is not of this list.
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
    """Messages in an order; those that are equal stay as they were."""
    found = list(messages)
    # A sort is stable, so that the last key is sorted by first.
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
        raise ValueError("a field is missing; an order is: status, price desc")
    if words not in ([], ["asc"], ["desc"]):
        raise ValueError(f"{' '.join(words)} stands after {path}; only desc may")
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
        raise not_this_token() from None


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
