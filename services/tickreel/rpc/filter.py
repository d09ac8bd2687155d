"""Filters of lists: a subset of AIP-160, checked against the type of the listed message.

    state = FAILED AND (summary.pnl < 0 OR instrument = "BINANCE*") AND NOT dataset = ""

The grammar:

    filter     = [all]
    all        = any {"AND" any}
    any        = term {"OR" term}
    term       = "NOT" term | "(" all ")" | comparison
    comparison = field operator value | field ":" value

OR binds tighter than AND, as in AIP-160. A value is a word or a text in quotes. In a text, `*` at the beginning or the end
matches anything. A comparison with an unset field is false, even with !=. The operator `:` tests whether a repeated field has a
value: tags:reviewed.
"""

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from tickreel.rpc.errors import invalid_request
from tickreel.rpc.fields import Field, Fields, Kind, Value, decimal_of, instant_of, number_of

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

# True if one value of a repeated field is equal.
HAS = ":"

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<operator>!=|<=|>=|=|<|>)
    |(?P<parenthesis>[()])
    |(?P<word>[^\s()=!<>"']+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_PATH = re.compile(r"[A-Za-z_]\w*(\.\w+)*", re.ASCII)
# Enough for hundreds of comparisons. A database takes seconds to plan thousands.
MOST_CHARACTERS = 10_000
# Deeper than people nest, and far below Python's recursion limit.
_MAX_DEPTH = 50


@dataclass(frozen=True)
class Comparison:
    """A field, an operator, and a value of the kind of the field.

    Attributes:
        starts, ends: Whether a text must start and end with the value. If both are true, the whole text must be equal.
    """

    field: Field
    operator: str
    value: Value
    starts: bool = True
    ends: bool = True


@dataclass(frozen=True)
class Not:
    """Matches if the part does not match."""

    part: "Filter"


@dataclass(frozen=True)
class All:
    """Matches if every part matches; without parts, always."""

    parts: tuple["Filter", ...] = ()


@dataclass(frozen=True)
class Any_:  # noqa: N801 - typing has Any
    """Matches if at least one part matches."""

    parts: tuple["Filter", ...]


Filter = Comparison | Not | All | Any_


def parse_filter(text: str, fields: Fields) -> Filter:
    """Parse a filter.

    Raises:
        TickreelError: INVALID_REQUEST. The message names the fault and the correct form.
    """
    if len(text) > MOST_CHARACTERS:
        raise invalid_request("filter", f"has {len(text):,} characters; it must have {MOST_CHARACTERS:,} at most")
    try:
        return _Parser(text, fields).whole()
    except ValueError as error:
        raise invalid_request("filter", f"is {text!r}: {error}") from None


def predicate(filter_: Filter) -> Callable[[Message], bool]:
    """Return the function that evaluates a filter for a message."""
    match filter_:
        case Not(part):
            passes = predicate(part)
            return lambda message: not passes(message)
        case All(()):
            return lambda _: True
        case All(parts):
            every = [predicate(part) for part in parts]
            return lambda message: all(passes(message) for passes in every)
        case Any_(parts):
            some = [predicate(part) for part in parts]
            return lambda message: any(passes(message) for passes in some)
        case Comparison(field, symbol, value, starts, ends):
            compare: Callable[[Any, Any], bool]
            if symbol == HAS:
                texts, compare = field.texts, operator.eq if starts and ends else _like("=", starts, ends)
                return lambda message: any(compare(found, value) for found in texts(message))
            get, compare = field.getter, OPERATORS[symbol] if starts and ends else _like(symbol, starts, ends)

            def passes_comparison(message: Message) -> bool:
                found = get(message)
                return found is not None and compare(found, value)

            return passes_comparison


def _like(symbol: str, starts: bool, ends: bool) -> Callable[[Any, Any], bool]:
    def like(found: str, value: str) -> bool:
        matches = found.startswith(value) if starts else found.endswith(value) if ends else value in found
        return matches == (symbol == "=")

    return like


class _Parser:
    """Recursive-descent parser; `_next` is the current token and `_kind` its kind, None at the end."""

    def __init__(self, text: str, fields: Fields) -> None:
        self._tokens = self._tokenize(text)
        self._fields = fields
        self._depth = 0
        self._advance()

    def whole(self) -> Filter:
        if self._kind is None:
            return All()
        found = self._all()
        if self._kind is not None:
            raise ValueError(f"{self._next} is not expected here; join comparisons with AND or OR")
        return found

    def _all(self) -> Filter:
        parts = [self._any()]
        while self._takes("AND"):
            parts.append(self._any())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _any(self) -> Filter:
        parts = [self._term()]
        while self._takes("OR"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else Any_(tuple(parts))

    def _term(self) -> Filter:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValueError(f"it is nested deeper than {_MAX_DEPTH} levels")
        try:
            if self._takes("NOT"):
                return Not(self._term())
            if self._takes("("):
                found = self._all()
                if not self._takes(")"):
                    raise ValueError("a parenthesis is not closed")
                return found
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Comparison:
        # The tokeniser keeps colons in words, because times and instrument ids contain them.
        path, has, value = self._next.partition(HAS)
        if self._kind != "word" or not _PATH.fullmatch(path):
            raise ValueError(f"a field is expected instead of {self._next or 'the end'}; an example is price >= 64000")
        field = self._fields.find(path)
        self._advance()
        if not has and self._kind == "word" and self._next.startswith(HAS):
            has, value = HAS, self._next[1:]
            self._advance()
        symbol = has or self._operator(path)
        return _compare(field, symbol, value or self._value(path, symbol))

    def _operator(self, path: str) -> str:
        symbol = self._next
        if self._kind != "operator":
            problem = f"an operator is expected after {path} instead of {symbol or 'the end'}"
            raise ValueError(f"{problem}; the operators are {' '.join(OPERATORS)}")
        self._advance()
        return symbol

    def _value(self, path: str, symbol: str) -> str:
        kind, value = self._kind, self._next
        if kind not in ("word", "text"):
            raise ValueError(f"a value is expected after {path} {symbol} instead of {value or 'the end'}")
        self._advance()
        return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL) if kind == "text" else value

    def _takes(self, token: str) -> bool:
        if self._kind not in ("word", "parenthesis") or self._next != token:
            return False
        self._advance()
        return True

    def _advance(self) -> None:
        self._kind, self._next = next(self._tokens, (None, ""))

    @staticmethod
    def _tokenize(text: str) -> Iterator[tuple[str | None, str]]:
        at, text = 0, text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise ValueError(f"{text[at:].strip()[:20]} is not valid; a text needs a closing quote")
            at = found.end()
            assert found.lastgroup is not None
            yield found.lastgroup, found[found.lastgroup]


def _compare(field: Field, symbol: str, text: str) -> Comparison:
    value: Value | None
    if (symbol == HAS) != (field.kind is Kind.TEXTS):
        right = f"{field.path} has many values; test for one of them with {field.path}:{text}"
        raise ValueError(
            right if symbol != HAS else f"{field.path} has one value; compare it with one of {' '.join(OPERATORS)}"
        )
    match field.kind:
        case Kind.TEXT | Kind.TEXTS:
            return _compare_text(field, symbol, text)
        case Kind.ENUM:
            return Comparison(field, _equality(field, symbol), _enum_value(field, text))
        case Kind.BOOL:
            value = {"true": True, "false": False}.get(text)
            return Comparison(field, _equality(field, symbol), _known(field, value, text, "true or false"))
        case Kind.NUMBER:
            return Comparison(field, symbol, _known(field, number_of(text), text, "17 or 0.5"))
        case Kind.DECIMAL:
            return Comparison(field, symbol, _known(field, decimal_of(text), text, "64000.5"))
        case Kind.TIME:
            return Comparison(field, symbol, _known(field, instant_of(text), text, '"2024-07-18T23:57:00Z"'))


def _compare_text(field: Field, symbol: str, text: str) -> Comparison:
    starts, ends = not text.startswith("*"), not text.endswith("*")
    if starts and ends:
        return Comparison(field, symbol, text)
    if symbol not in ("=", "!=", HAS):
        raise ValueError(f"{field.path} {symbol} {text!r}: * can only be used with = and !=")
    return Comparison(field, symbol, text.strip("*"), starts, ends)


def _enum_value(field: Field, text: str) -> int:
    assert field.type is not None
    first, *others = field.type.values
    prefix = first.name.removesuffix("UNSPECIFIED")
    numbers = {value.name.removeprefix(prefix): value.number for value in others}
    # Result files have words: full for RUN_MODE_FULL.
    return _known(field, numbers.get(text.upper().removeprefix(prefix)), text, ", ".join(numbers))


def _equality(field: Field, symbol: str) -> str:
    if symbol not in ("=", "!="):
        raise ValueError(f"{field.path} has no order; compare it with = or != instead of {symbol}")
    return symbol


def _known[V](field: Field, value: V | None, text: str, right: str) -> V:
    if value is None:
        kind = "" if field.kind in (Kind.ENUM, Kind.BOOL) else f"{field.kind.value}, like "
        raise ValueError(f"{field.path} is compared with {text!r}; it must be {kind}{right}")
    return value
