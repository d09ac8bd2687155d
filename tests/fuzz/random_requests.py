"""Random requests for every RPC, generated from the descriptors. Most are hostile, some almost valid."""

import random
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message

from tickreel.v1 import catalog_service_pb2, converter_service_pb2, results_service_pb2, runner_service_pb2

METHODS: Sequence[MethodDescriptor] = [
    method
    for module in (catalog_service_pb2, converter_service_pb2, results_service_pb2, runner_service_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]

_INTEGERS = (0, 1, -1, 2, 7, 50, 500, 501, 2**31 - 1, -(2**31), 2**32, 2**53, 2**63 - 1, -(2**63), 10**18)
_DOUBLES = (0.0, -0.0, 1.0, -1.0, 1e-300, 1e300, float("inf"), float("-inf"), float("nan"), 0.1, 2.0**53 + 2)
_TEXTS = (
    "",
    " ",
    "\0",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "*",
    "day-2024-13-45",
    "day-2024-W20-3",
    "é" * 300,
    "\u202e",
    "x" * 300,
    "x" * 100_000,
    "9" * 400,
    "1e999",
    "-1",
    "null",
    "{}",
    "[" * 5_000,
    "' OR 1=1 --",
    "summary.pnl desc",
    "a.b.c.d",
    "NOT " * 2_000 + "a = 1",
    "(" * 3_000,
    'state = "FAILED" AND (run_id = "*" OR created_at > "2024-01-01T00:00:00Z")',
    "price > 1e400",
    "created_at >= 99999-01-01T00:00:00Z",
    ", ".join(f"created_at{' desc' * (number % 2)}" for number in range(200)),
)
# Maximum nesting of messages. protobuf itself refuses more than a hundred levels.
_DEEPEST = 6


@dataclass(frozen=True)
class Requests:
    """A generator of requests.

    Args:
        chance: The source of randomness.
        known: Values that name existing resources, by the names of the fields.
    """

    chance: random.Random
    known: Mapping[str, Sequence[Any]]

    def next(self) -> tuple[MethodDescriptor, bytes]:
        """Return a method and the bytes of a request for it."""
        method = self.chance.choice(METHODS)
        content = self._message(method.input_type, 0).SerializeToString()
        match self.chance.randrange(12):
            case 0:
                content = self.chance.randbytes(self.chance.choice((1, 5, 60, 3_000)))
            case 1 if content:
                content = content[: self.chance.randrange(len(content))]
            case 2 if content:
                at = self.chance.randrange(len(content))
                content = content[:at] + bytes([self.chance.randrange(256)]) + content[at + 1 :]
            case 3:
                content += self.chance.randbytes(8)
        return method, content

    def _message(self, descriptor: Descriptor, depth: int) -> Message:
        message = message_factory.GetMessageClass(descriptor)()
        for field in descriptor.fields:
            if depth < _DEEPEST and self.chance.random() < 0.6:
                self._set(message, field, depth)
        return message

    def _set(self, message: Message, field: FieldDescriptor, depth: int) -> None:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            entries = getattr(message, field.name)
            for _ in range(self.chance.choice((1, 2, 40))):
                key = self._scalar(field.message_type.fields_by_name["key"])
                value = field.message_type.fields_by_name["value"]
                if value.message_type is None:
                    entries[key] = self._scalar(value)
                else:
                    entries[key].CopyFrom(self._message(value.message_type, depth + 1))
        elif field.is_repeated:
            count = self.chance.choice((1, 2, 30))
            if field.message_type is not None:
                getattr(message, field.name).extend(self._message(field.message_type, depth + 1) for _ in range(count))
            else:
                getattr(message, field.name).extend(self._scalar(field) for _ in range(count))
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(self._message(field.message_type, depth + 1))
        else:
            setattr(message, field.name, self._scalar(field))

    def _scalar(self, field: FieldDescriptor) -> Any:
        if field.name in self.known and self.chance.random() < 0.6:
            return self.chance.choice(self.known[field.name])
        enum = field.enum_type
        if enum is not None:
            return self.chance.choice((*(value.number for value in enum.values), 99, -1))
        match field.cpp_type:
            case FieldDescriptor.CPPTYPE_STRING:
                return self._bytes() if field.type == FieldDescriptor.TYPE_BYTES else self._text()
            case FieldDescriptor.CPPTYPE_BOOL:
                return self.chance.random() < 0.5
            case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
                return self.chance.choice((*_DOUBLES, self.chance.uniform(-1e6, 1e6)))
            case FieldDescriptor.CPPTYPE_INT32:
                return self._integer(-(2**31), 2**31 - 1)
            case FieldDescriptor.CPPTYPE_INT64:
                return self._integer(-(2**63), 2**63 - 1)
            case FieldDescriptor.CPPTYPE_UINT32:
                return self._integer(0, 2**32 - 1)
            case FieldDescriptor.CPPTYPE_UINT64:
                return self._integer(0, 2**64 - 1)
        raise AssertionError(field.full_name)

    def _integer(self, low: int, high: int) -> int:
        fitting = [value for value in _INTEGERS if low <= value <= high]
        return self.chance.choice((*fitting, self.chance.randint(low, high)))

    def _text(self) -> str:
        if self.chance.random() < 0.7:
            return self.chance.choice(_TEXTS)
        return "".join(self.chance.choices(string.printable, k=self.chance.randrange(40)))

    def _bytes(self) -> bytes:
        return self.chance.randbytes(self.chance.choice((0, 1, 100)))
