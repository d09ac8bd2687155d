"""Read the JSON of a run config into its message: a strict walk along the message descriptor.

ProtoJSON parsers stop at the first error and accept nulls, camelCase keys and numbers in strings. This walk refuses them and
finds every problem, each with its path. A field without presence is required. An optional field, a list or a map may be left
out.
"""

import difflib
import re
import sys
from collections.abc import Callable, Container, Iterable, Iterator
from functools import partial
from typing import Any

from google.protobuf import json_format, struct_pb2, timestamp_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from tickreel.rpc.descriptors import descriptor_of
from tickreel.rpc.json_document import inside
from tickreel.rpc.json_struct import values_of
from tickreel.rpc.violations import Violations
from tickreel.v1 import run_config_pb2

_TIMESTAMP = timestamp_pb2.Timestamp.DESCRIPTOR.full_name
_STRUCT = struct_pb2.Struct.DESCRIPTOR.full_name
# At most this many unknown keys per object get a suggestion. One suggestion takes a tenth of a millisecond.
MOST_SUGGESTIONS = 50
_INT32 = range(-(2**31), 2**31)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII)


def read_document(document: object, violations: Violations) -> run_config_pb2.RunConfig:
    """Return the message for the JSON values of a config.

    Problems are added to `violations`. The fields that have none are set in the message.
    """
    config = run_config_pb2.RunConfig()
    if isinstance(document, dict):
        document = {key: value for key, value in document.items() if key != "$schema"}
    _read_message(config, document, "", violations)
    return config


def to_document(config: run_config_pb2.RunConfig) -> dict[str, Any]:
    """Return the JSON values of a config message. Fields without presence count as set.

    An invalid timestamp is returned as `{"seconds": ..., "nanos": ...}`, which `read_document` refuses.
    """
    sound = run_config_pb2.RunConfig()
    unsound: dict[str, dict[str, int]] = {}
    sound.CopyFrom(config)
    for name in ("start", "end"):
        time = getattr(config.time_window, name)
        try:
            time.ToJsonString()
        except ValueError:
            unsound[name] = {"seconds": time.seconds, "nanos": time.nanos}
            sound.time_window.ClearField(name)
    parameters: dict[str, Any] = {}
    if config.strategy.HasField("parameters"):
        parameters = {"parameters": values_of(config.strategy.parameters)}
        sound.strategy.ClearField("parameters")
    document: dict[str, Any] = json_format.MessageToDict(sound, always_print_fields_with_no_presence=True)
    document.get("time_window", {}).update(unsound)
    document.get("strategy", {}).update(parameters)
    return document


def _read_message(message: Message, value: object, path: str, violations: Violations) -> None:
    fields = _fields_by_key(message)
    if not isinstance(value, dict):
        violations.add(path or "config", f"is {kind_of(value)}; it must be an object with keys")
        for key in fields:
            violations.mark_faulty(inside(path, key))
        return
    misspelt = set()
    suggestions = Suggestions(fields, value)
    for key in value:
        if key not in fields:
            near = suggestions.nearest(key)
            misspelt.add(near)
            remedy = f"did you mean {near!r}?" if near else f"known here: {', '.join(fields)}"
            violations.add(inside(path, key), f"is not a key of a run config; {remedy}")
    for key, field in fields.items():
        here = inside(path, key)
        if key in misspelt:
            violations.mark_faulty(here)
        elif key not in value:
            if _required(field):
                violations.add(here, f"is missing; it must be {_wanted(field)}")
        elif value[key] is None:
            remedy = f"it must be {_wanted(field)}" if _required(field) else "leave out the key or give it a value"
            violations.add(here, f"is null; {remedy}")
        else:
            _read_field(message, field, value[key], here, violations)


def _read_field(message: Message, field: FieldDescriptor, value: Any, path: str, violations: Violations) -> None:
    name = field.name
    entry_type = _map_entry(field)
    if entry_type is not None:
        if not isinstance(value, dict):
            violations.add(path, f"is {kind_of(value)}; it must be an object with keys")
            return
        for key, entry in value.items():
            keep = partial(getattr(message, name).__setitem__, key)
            _read_scalar(entry_type.fields_by_name["value"], entry, inside(path, key), violations, keep)
    elif field.is_repeated:
        if not isinstance(value, list):
            violations.add(path, f"is {kind_of(value)}; it must be a list")
            return
        for index, entry in enumerate(value):
            _read_message(getattr(message, name).add(), entry, f"{path}[{index}]", violations)
    elif field.message_type is not None and field.message_type.full_name == _TIMESTAMP:
        _read_time(getattr(message, name), value, path, violations)
    elif field.message_type is not None and field.message_type.full_name == _STRUCT:
        _read_struct(getattr(message, name), value, path, violations)
    elif field.message_type is not None:
        getattr(message, name).SetInParent()
        _read_message(getattr(message, name), value, path, violations)
    else:
        _read_scalar(field, value, path, violations, partial(setattr, message, name))


def _read_scalar(field: FieldDescriptor, value: Any, path: str, violations: Violations, keep: Callable[[Any], object]) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING:
            fits = isinstance(value, str)
        case FieldDescriptor.CPPTYPE_BOOL:
            fits = isinstance(value, bool)
        case FieldDescriptor.CPPTYPE_INT32:
            fits = number and value == value // 1 and int(value) in _INT32
            value = int(value) if fits else value
        case _:
            fits = number and _is_double(value)
            value = float(value) if fits else value
    if not fits:
        beyond = field.cpp_type == FieldDescriptor.CPPTYPE_INT32 and number and value == value // 1
        bounds = f" from {_INT32[0]} to {_INT32[-1]}" if beyond else ""
        violations.add(path, f"is {kind_of(value)}; it must be {_wanted(field)}{bounds}")
    elif value == "":
        violations.add(path, "is an empty string; it must be non-empty, or left out if it is optional")
    else:
        keep(value)


def _read_struct(struct: struct_pb2.Struct, value: object, path: str, violations: Violations) -> None:
    """Read the parameters of a strategy. Only their JSON types are checked here; the strategy's schema checks the rest."""
    if not isinstance(value, dict):
        violations.add(path, f"is {kind_of(value)}; it must be an object with keys")
        return
    struct.SetInParent()
    unfit = list(_unfit_numbers(value, path))
    for at, number in unfit:
        violations.add(at, f"is {kind_of(number)}; it must be a finite number that a double represents exactly")
    if not unfit:
        struct.update(value)


def _unfit_numbers(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield the numbers in JSON values that a double does not represent exactly, each with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _unfit_numbers(item, inside(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unfit_numbers(item, f"{path}[{index}]")
    elif isinstance(value, int | float) and not _is_double(value):
        yield path, value


def _is_double(number: float) -> bool:
    """Return whether a double represents a number exactly. Infinities and large integers fail."""
    return abs(number) <= sys.float_info.max and float(number) == number


def _read_time(time: timestamp_pb2.Timestamp, value: object, path: str, violations: Violations) -> None:
    problem = read_time(time, value)
    if problem:
        violations.add(path, problem)


def read_time(time: timestamp_pb2.Timestamp, value: object) -> str:
    """Read a time of a config into a message. Return the problem, or "" if there is none."""
    remedy = "it must be a time with its zone, 2024-07-18T23:57:00Z for example"
    if not isinstance(value, str):
        return f"is {kind_of(value)}; {remedy}"
    if not _RFC3339.fullmatch(value):
        return f"is {value!r}; {remedy}, with at most nine decimals of a second"
    try:
        time.FromJsonString(value.upper())
    except ValueError as error:
        time.Clear()
        return f"is {value!r}, which is not a valid date: {error}"
    return ""


def _fields_by_key(message: Message) -> dict[str, FieldDescriptor]:
    """Return the fields of a message by their JSON key."""
    # The stubs also allow the class of the C implementation, which has the same attributes.
    return {field.json_name: field for field in descriptor_of(message).fields}


def _required(field: FieldDescriptor) -> bool:
    return not field.is_repeated and not (
        field.containing_oneof is not None and field.containing_oneof.name == f"_{field.name}"
    )


def _map_entry(field: FieldDescriptor) -> Descriptor | None:
    """Return the type of a map's entries, or None if the field is not a map."""
    of_field = field.message_type
    return of_field if of_field is not None and of_field.GetOptions().map_entry else None


def _wanted(field: FieldDescriptor) -> str:
    if field.message_type is not None:
        return "a time" if field.message_type.full_name == _TIMESTAMP else "an object with keys"
    names = {
        FieldDescriptor.CPPTYPE_STRING: "a string",
        FieldDescriptor.CPPTYPE_BOOL: "true or false",
        FieldDescriptor.CPPTYPE_INT32: "a whole number",
    }
    return names.get(field.cpp_type, "a number")


class Suggestions:
    """Suggests names for the misspelt keys of one object.

    Args:
        names: The keys that the object may have.
        given: The keys that the object has. They are not suggested.
    """

    def __init__(self, names: Iterable[str], given: Container[str]) -> None:
        self._names = [name for name in names if name not in given]
        self._left = MOST_SUGGESTIONS

    def nearest(self, key: str) -> str:
        """Return the name closest to a key, or "" if none is close or `MOST_SUGGESTIONS` keys were looked up before."""
        if not self._left:
            return ""
        self._left -= 1
        snake = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: f"_{match[1].lower()}", key)
        return snake if snake in self._names else next(iter(difflib.get_close_matches(key, self._names, n=1)), "")


def kind_of(value: object) -> str:
    """Describe a JSON value in words: null, the string 'x', the number 1, a list."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return f"the string {value!r}" if len(value) <= 60 else "a long string"
        case int() if abs(value) > 10**30:
            return "a number of more than 30 digits"
        case int() | float():
            return f"the number {value!r}"
        case list():
            return "a list"
        case dict():
            return "an object"
    return f"a {type(value).__name__}"
