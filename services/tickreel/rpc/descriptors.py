"""Descriptors of messages under their public type."""

from typing import cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message


def descriptor_of(message: Message | type[Message]) -> Descriptor:
    """Return the descriptor of a message; protobuf's stubs also allow the type of the C implementation, which is alike."""
    return cast(Descriptor, message.DESCRIPTOR)
