"""Convert a `Struct` to the JSON values that Python's `json` would read."""

from typing import Any

from google.protobuf import struct_pb2

# Doubles represent every whole number below exactly.
_MAX_WHOLE = 2**53


def values_of(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Return the values of a Struct, with sorted keys.

    The numbers of a Struct are doubles. A whole number becomes an `int` again, as in the file. A number that JSON does not
    have, such as infinity, is returned unchanged; the caller must refuse it.
    """
    return {key: _plain(struct.fields[key]) for key in sorted(struct.fields)}


def _plain(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return values_of(value.struct_value)
        case "list_value":
            return [_plain(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if abs(number) < _MAX_WHOLE and number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
    return None
