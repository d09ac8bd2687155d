"""Kinds of parameters: how the JSON values of a config become values of an annotated type, and back."""

import contextlib
import datetime
import enum
import math
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nautilus_trader.model import BarType

from tickreel.engine.instrument import decimal_of

# Parameters travel as doubles, which represent every whole number below this exactly.
_MAX_WHOLE = 2**53
_EXPRESSIBLE = (
    "int, float, bool, str, Decimal, timedelta, Literal, Enum, engine types that are made from text (Price, BarType),"
    " lists, tuples and dicts of these, and any of these with None"
)


@dataclass(frozen=True)
class Kind:
    """How the values of one type are written in a config.

    Attributes:
        schema: JSON Schema of the values.
        read: Turns a JSON value that fits the schema into a value of the type. The second argument is the engine's id of the
            run's instrument. Raises a ValueError if the value is invalid.
        write: The opposite of `read`. Raises a ValueError or a TypeError if no JSON value is equal.
        optional: Whether None is a value of the type. A config expresses it by leaving out the parameter.
        unit: What a number means, if the type does not say so.
    """

    schema: dict[str, Any]
    read: Callable[[Any, str], Any] = lambda value, _: value
    write: Callable[[Any], Any] = lambda value: value
    optional: bool = False
    unit: str = ""


def kind_of_type(annotation: Any) -> Kind:
    """Return the kind of an annotation.

    Raises:
        TypeError: JSON cannot express the type. The message names it.
    """
    if isinstance(annotation, typing.TypeAliasType):
        return kind_of_type(annotation.__value__)
    if annotation in _SIMPLE:
        return _SIMPLE[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return kind_of_type(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return _union(annotation, arguments)
    if origin is typing.Literal:
        return _literal(annotation, arguments)
    if origin in (list, Sequence):
        return _many(list, kind_of_type(arguments[0]))
    if origin is tuple and arguments[1:] == (Ellipsis,):
        return _many(tuple, kind_of_type(arguments[0]))
    if origin is dict and arguments[0] is str:
        return _table(kind_of_type(arguments[1]))
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return Kind({"enum": list(annotation.__members__)}, lambda value, _: annotation[value], lambda value: value.name)
    # Types of the engine.
    if isinstance(annotation, type) and hasattr(annotation, "variants") and hasattr(annotation, "from_str"):
        return Kind({"enum": list(map(str, annotation.variants()))}, lambda value, _: annotation.from_str(value), str)
    if isinstance(annotation, type) and hasattr(annotation, "from_str"):
        return Kind({"type": "string"}, lambda value, _: annotation.from_str(value), str)
    raise _inexpressible(annotation)


def named(annotation: Any) -> str:
    """Return an annotation as it is written."""
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _inexpressible(annotation: Any) -> TypeError:
    return TypeError(f"a config cannot express the type {named(annotation)}; it can express {_EXPRESSIBLE}")


def _union(annotation: Any, arguments: Sequence[Any]) -> Kind:
    kept = [argument for argument in arguments if argument is not type(None)]
    if set(kept) == {int, float}:
        kind = Kind({"type": "number"}, write=_number)
    elif len(kept) == 1:
        kind = kind_of_type(kept[0])
    else:
        raise _inexpressible(annotation)
    optional = kind.optional or len(kept) < len(arguments)
    return Kind(kind.schema, kind.read, kind.write, optional, kind.unit)


def _literal(annotation: Any, arguments: Sequence[Any]) -> Kind:
    members = [member for member in arguments if member is not None]
    if not members or not all(isinstance(member, str | int) for member in members):
        raise _inexpressible(annotation)
    return Kind({"enum": members}, optional=None in arguments)


def _many(container: Callable[[Any], Any], item: Kind) -> Kind:
    def read(values: Any, instrument_id: str) -> Any:
        return container(item.read(value, instrument_id) for value in values)

    return Kind({"type": "array", "items": item.schema}, read, lambda values: [item.write(value) for value in values])


def _table(item: Kind) -> Kind:
    def read(values: Any, instrument_id: str) -> Any:
        return {key: item.read(value, instrument_id) for key, value in values.items()}

    def write(values: Any) -> Any:
        return {key: item.write(value) for key, value in values.items()}

    return Kind({"type": "object", "additionalProperties": item.schema}, read, write)


def _number(value: Any) -> Any:
    """Return a number as JSON has it.

    Raises:
        ValueError: JSON has none that is exact.
    """
    if not math.isfinite(value) or abs(value) >= _MAX_WHOLE:
        raise ValueError(f"{value} is no JSON number")
    return int(value) if value == value // 1 else float(value)


def _bar_type(text: str, instrument_id: str) -> BarType:
    """Return a type of bars. Without an instrument, as in 1-MINUTE-LAST-INTERNAL, it means bars of the run's instrument."""
    for written in (text, f"{instrument_id}-{text}"):
        with contextlib.suppress(ValueError):
            return BarType.from_str(written)
    raise ValueError("write it like 1-MINUTE-LAST-INTERNAL, with or without an instrument before it")


_SIMPLE: dict[Any, Kind] = {
    bool: Kind({"type": "boolean"}),
    int: Kind({"type": "integer"}, write=_number),
    float: Kind({"type": "number"}, lambda value, _: float(value), _number),
    str: Kind({"type": "string"}),
    Decimal: Kind({"type": "number"}, lambda value, _: decimal_of(value), _number),
    datetime.timedelta: Kind(
        {"type": "number"},
        lambda value, _: datetime.timedelta(seconds=value),
        lambda value: _number(value.total_seconds()),
        unit="In seconds.",
    ),
    BarType: Kind({"type": "string"}, _bar_type, str),
}
