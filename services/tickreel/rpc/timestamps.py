"""The timestamps of a request, which protobuf decodes whatever they hold."""

from collections.abc import Iterator

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from tickreel.rpc.errors import TickreelError, Violation

# From 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, as google.protobuf.Timestamp defines itself. What a field takes of these
# is a rule of its own.
_SECONDS = range(-62_135_596_800, 253_402_300_800)
_NANOS = range(1_000_000_000)


def check_timestamps(request: Message) -> None:
    """Checks every timestamp in a request.

    Raises:
        TickreelError: INVALID_REQUEST, with one violation for each that is no instant.
    """
    violations = list(_faulty(request, ""))
    if violations:
        fields = ", ".join(violation.field for violation in violations)
        raise TickreelError("INVALID_REQUEST", f"the request has timestamps that are no instants: {fields}", violations)


def _faulty(message: Message, path: str) -> Iterator[Violation]:
    for field, value in message.ListFields():
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
                yield Violation(name, f"{problem}; it must be of the years 1 to 9999, with 0 to 999999999 nanos")
