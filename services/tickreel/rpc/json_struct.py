"""The JSON values that a `Struct` carries, as Python's `json` would have read them."""

from typing import Any

from google.protobuf import struct_pb2

# Every whole number below is a double of its own.
_MAX_WHOLE = 2**53


def values_of(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The values of a Struct, keys sorted.

    Its numbers are doubles: a whole one is an `int` again, as it was in the file. One that JSON does not have (an infinity)
    stays as it is, for whoever checks the values to refuse.
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
