"""Check timestamps and enum values of requests, which protobuf decodes without checks."""

from collections.abc import Iterator

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from tickreel.rpc.errors import TickreelError, Violation

# From 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, the range of google.protobuf.Timestamp. Fields may have narrower limits.
_SECONDS = range(-62_135_596_800, 253_402_300_800)
_NANOS = range(1_000_000_000)


def check_values(request: Message) -> None:
    """Check every timestamp and every enum value in a request.

    Raises:
        TickreelError: INVALID_REQUEST, with one violation for each invalid timestamp or unknown enum value.
    """
    violations = list(_faulty(request, ""))
    if violations:
        fields = ", ".join(violation.field for violation in violations)
        raise TickreelError("INVALID_REQUEST", f"the request has invalid values: {fields}", violations)


def _faulty(message: Message, path: str) -> Iterator[Violation]:
    for field, value in message.ListFields():
        if field.enum_type is not None:
            yield from _unknown(field, field.enum_type, list(value) if field.is_repeated else [value], path)
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is None:
                continue
            parts = [(f"{path}{field.name}[{key!r}]", part) for key, part in value.items()]
        elif field.is_repeated:
            parts = [(f"{path}{field.name}[{number}]", part) for number, part in enumerate(value)]
        else:
            parts = [(f"{path}{field.name}", value)]
        for name, part in parts:
            if not isinstance(part, Timestamp):
                yield from _faulty(part, f"{name}.")
            elif part.seconds not in _SECONDS or part.nanos not in _NANOS:
                problem = f"has {part.seconds} seconds and {part.nanos} nanos"
                yield Violation(name, f"{problem}; it must be in the years 1 to 9999, with 0 to 999999999 nanos")


def _unknown(field: FieldDescriptor, enum: EnumDescriptor, numbers: list[int], path: str) -> Iterator[Violation]:
    for index, number in enumerate(numbers):
        if number not in enum.values_by_number:
            name = f"{path}{field.name}[{index}]" if field.is_repeated else f"{path}{field.name}"
            known = ", ".join(value.name for value in enum.values if value.number)
            yield Violation(name, f"is {number}, which is not in {enum.name}; it must be one of {known}")
