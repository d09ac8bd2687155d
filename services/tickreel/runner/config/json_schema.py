"""Generate the JSON Schema of run configs, for editors, from the protos and their comments.

buf build -o protos.binpb && python -m tickreel.runner.config.json_schema protos.binpb > configs/schema/run_config.schema.json
"""

import json
import sys
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2

_ROOT = ".tickreel.v1.RunConfig"
# Messages with a JSON form of their own.
_WELL_KNOWN: dict[str, dict[str, Any]] = {
    ".google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    ".google.protobuf.Struct": {"type": "object"},
}
# Comments are keyed by paths of field numbers: FileDescriptorProto.message_type, then DescriptorProto.field.
_MESSAGE, _FIELD = 4, 2

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS: dict[int, dict[str, Any]] = {
    _Field.TYPE_STRING: {"type": "string", "minLength": 1},
    _Field.TYPE_BOOL: {"type": "boolean"},
    _Field.TYPE_INT32: {"type": "integer"},
    _Field.TYPE_DOUBLE: {"type": "number"},
}


class SchemaWriter:
    """Writes the JSON Schema of messages. A field without `optional` is required, as in `config_json.read_document`."""

    def __init__(self, files: descriptor_pb2.FileDescriptorSet) -> None:
        self._messages: dict[str, descriptor_pb2.DescriptorProto] = {}
        self._comments: dict[tuple[str, str], str] = {}
        for file in files.file:
            comments = {tuple(place.path): " ".join(place.leading_comments.split()) for place in file.source_code_info.location}
            for number, message in enumerate(file.message_type):
                name = f".{file.package}.{message.name}"
                self._messages[name] = message
                self._comments[name, ""] = comments.get((_MESSAGE, number), "")
                for index, field in enumerate(message.field):
                    self._comments[name, field.name] = comments.get((_MESSAGE, number, _FIELD, index), "")
                self._messages |= {f"{name}.{nested.name}": nested for nested in message.nested_type}

    def document(self) -> dict[str, Any]:
        """Return the schema of a config file."""
        schema = self._message(_ROOT)
        schema["properties"] = {"$schema": {"type": "string"}, **schema["properties"]}
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Tickreel run config", **schema}

    def _message(self, name: str) -> dict[str, Any]:
        message = self._messages[name]
        fields = {field.json_name: field for field in message.field}
        return {
            "description": self._comments[name, ""],
            "type": "object",
            "additionalProperties": False,
            "required": [key for key, field in fields.items() if self._required(field)],
            "properties": {
                key: {"description": self._comments[name, field.name], **self._field(field)} for key, field in fields.items()
            },
        }

    def _field(self, field: descriptor_pb2.FieldDescriptorProto) -> dict[str, Any]:
        nested = self._messages.get(field.type_name)
        if nested is not None and nested.options.map_entry:
            return {"type": "object", "additionalProperties": self._field(nested.field[1])}
        if field.type_name in _WELL_KNOWN:
            return dict(_WELL_KNOWN[field.type_name])
        one = self._message(field.type_name) if field.type_name else dict(_SCALARS[field.type])
        if field.label == _Field.LABEL_REPEATED:
            return {"type": "array", "items": one}
        # The comment of the field is more specific than that of its type.
        one.pop("description", None)
        return one

    def _required(self, field: descriptor_pb2.FieldDescriptorProto) -> bool:
        return field.label != _Field.LABEL_REPEATED and not field.proto3_optional


def render(descriptor_set: bytes) -> str:
    """Return the content of the schema file for a descriptor set with source info."""
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set)
    return json.dumps(SchemaWriter(files).document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render(Path(sys.argv[1]).read_bytes()))
