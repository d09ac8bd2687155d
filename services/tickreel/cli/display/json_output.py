"""What `--output json` prints: a message as JSON, under the names that its users know."""

import json
from typing import Any

from google.protobuf import json_format, struct_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tickreel.rpc.json_struct import values_of


def as_json(message: Message) -> dict[str, Any]:
    """A message as JSON values.

    It differs from ProtoJSON in two things. A field goes by its name in the proto, unless that gives it a key of its own: so
    the config of a run is again a config file. And 64-bit integers are numbers, so that `jq` compares them as such. ProtoJSON
    parsers take both.
    """
    values = {}
    for field in message.DESCRIPTOR.fields:
        if field.has_presence and not message.HasField(field.name):
            continue
        value = getattr(message, field.name)
        if field.is_repeated and field.message_type is not None and field.message_type.GetOptions().map_entry:
            values[_key(field)] = {key: value[key] for key in sorted(value)}
        elif field.is_repeated:
            values[_key(field)] = [_plain(field, item) for item in value]
        else:
            values[_key(field)] = _plain(field, value)
    return values


def print_json(values: dict[str, Any]) -> None:
    """Prints JSON to standard output, where nothing else goes."""
    print(json.dumps(values, indent=2, ensure_ascii=False), flush=True)


def _plain(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None:
        return field.enum_type.values_by_number[value].name if value in field.enum_type.values_by_number else value
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
