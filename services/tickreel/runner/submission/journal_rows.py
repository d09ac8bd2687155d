"""Runs that version 0.1.0 put into the journal: it had the words of results as texts, which are enums now."""

from collections.abc import Iterator

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from tickreel.rpc.message_json import words
from tickreel.v1 import result_pb2, run_pb2, statistics_pb2

# The number that a text had, by the message and the enum field that has it now.
_TEXTS: dict[type[Message], tuple[int, str]] = {
    result_pb2.Result: (2, "mode"),
    result_pb2.RunMetadata: (6, "snapshot_mode"),
    result_pb2.DataFile: (5, "data_type"),
    statistics_pb2.SideStatistics: (1, "side"),
    statistics_pb2.LiquidityStatistics: (1, "liquidity"),
}


def take_words(run: run_pb2.Run) -> None:
    """Sets the enums of a run's result from the texts that the row has in their place."""
    if not run.HasField("result") or run.result.mode:
        return
    for message in _with_texts(run.result):
        number, name = _TEXTS[type(message)]
        field = message.DESCRIPTOR.fields_by_name[name]
        for unknown in UnknownFieldSet(message):
            if unknown.field_number == number:
                setattr(message, name, words(field.enum_type)[unknown.data.decode()])
    # Nobody else shall read the texts.
    run.result.DiscardUnknownFields()


def _with_texts(result: result_pb2.Result) -> Iterator[Message]:
    statistics = result.summary.statistics
    yield result
    yield result.metadata
    yield from result.metadata.data_files
    yield from statistics.by_side
    yield from statistics.by_liquidity
