"""Descriptors of messages, and the options of fields, under their public types."""

from typing import Any, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from tickreel.v1 import text_format_pb2


def descriptor_of(message: Message | type[Message]) -> Descriptor:
    """Return the descriptor of a message; protobuf's stubs also allow the type of the C implementation, which is alike."""
    return cast(Descriptor, message.DESCRIPTOR)


def text_format(field: FieldDescriptor) -> text_format_pb2.TextFormat:
    """Return the format of the text in a string field."""
    return cast(text_format_pb2.TextFormat, _extensions(field)[text_format_pb2.text_format])


def is_word(field: FieldDescriptor) -> bool:
    """Return whether files and commands write the values of an enum field as words."""
    return bool(_extensions(field)[text_format_pb2.as_word])


def _extensions(field: FieldDescriptor) -> Any:
    # The generated stub gives extensions the type of ordinary fields, which the stub of `Extensions` refuses.
    return field.GetOptions().Extensions
