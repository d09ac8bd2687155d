"""Messages as JSON for people: result files and the output of commands.

This JSON differs from ProtoJSON in three ways:

- The key of a field is its name in the proto, or its `json_name` if the proto sets one. So a run contains a valid config file.
- 64-bit integers are JSON numbers, so that `jq` compares them as numbers.
- An enum field with the option `as_word` is a word: full for RUN_MODE_FULL. An unset one is an empty text.
"""

import functools
import json
from typing import Any

from google.protobuf import json_format, struct_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from tickreel.rpc.descriptors import descriptor_of, is_word
from tickreel.rpc.json_struct import values_of


def as_json(message: Message) -> dict[str, Any]:
    """Convert a message to JSON values. Unset fields with presence are left out.

    The order of keys is that of protobuf's own JSON: first the fields with a value, in the order of the proto, then the others.
    """
    values: dict[str, Any] = {}
    given = {field.name for field, _ in message.ListFields()}
    for field in sorted(descriptor_of(message).fields, key=lambda field: field.name not in given):
        if field.has_presence and field.name not in given:
            continue
        value = getattr(message, field.name)
        if field.is_repeated and field.message_type is not None and field.message_type.GetOptions().map_entry:
            values[_key(field)] = {key: value[key] for key in sorted(value)}
        elif field.is_repeated:
            values[_key(field)] = [_plain(field, item) for item in value]
        else:
            values[_key(field)] = _plain(field, value)
    return values


def read_json[M: Message](kind: type[M], text: str) -> M:
    """Parse a message whose keys are the names of its fields. Unknown keys, from later versions, are ignored.

    Raises:
        ValueError, ParseError: The text is not such a message. For an unknown word the error lists the known words.
    """
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("it is not a JSON object")
    _number_words(descriptor_of(kind), values, "")
    try:
        # Ten times faster than protobuf's own parser, which is the fallback for files of other versions.
        return kind(**values)
    except (TypeError, ValueError):
        return json_format.ParseDict(values, kind(), ignore_unknown_fields=True)


def enum_text(field: FieldDescriptor, number: int) -> str:
    """Return the text of an enum value: its word if the field has the option `as_word`, else its name."""
    assert field.enum_type is not None
    return word(field.enum_type, number) if is_word(field) else field.enum_type.values_by_number[number].name


@functools.cache
def words(enum: EnumDescriptor) -> dict[str, int]:
    """Return the values of an enum by their words."""
    prefix = enum.values[0].name.removesuffix("UNSPECIFIED")
    return {value.name.removeprefix(prefix).lower() if value.number else "": value.number for value in enum.values}


def word(enum: EnumDescriptor, number: int) -> str:
    """Return the word of an enum value, or the number of a value that only a later version knows."""
    return next((word for word, known in words(enum).items() if known == number), str(number))


def _plain(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None:
        if value not in field.enum_type.values_by_number:
            return value
        return enum_text(field, value)
    if field.message_type is None:
        return value
    if isinstance(value, struct_pb2.Struct):
        return values_of(value)
    if field.message_type.file.package == "google.protobuf":
        return json_format.MessageToDict(value)
    return as_json(value)


def _key(field: FieldDescriptor) -> str:
    first, *rest = field.name.split("_")
    is_default = field.json_name == first + "".join(word.capitalize() for word in rest)
    return field.name if is_default else field.json_name


def _number_words(kind: Descriptor, values: dict[str, Any], path: str) -> None:
    """Replace words in JSON values by enum numbers."""
    for field in _with_words(kind):
        value = values.get(field.name)
        if field.enum_type is not None and value is not None:
            known = words(field.enum_type)
            # Numbers are refused: no version has written numbers here.
            if not isinstance(value, str) or value not in known:
                raise ValueError(f"{path}{field.name} is {value!r}; it must be {' or '.join(filter(None, known))}")
            values[field.name] = known[value]
        elif field.message_type is not None:
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, dict):
                    _number_words(field.message_type, inner, f"{path}{field.name}.")


@functools.cache
def _with_words(kind: Descriptor) -> tuple[FieldDescriptor, ...]:
    """Return the fields of a message that are words or contain words."""
    return tuple(
        field for field in kind.fields if is_word(field) or (field.message_type is not None and _with_words(field.message_type))
    )
