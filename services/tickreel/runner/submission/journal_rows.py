"""Migrate runs in the journal of version 0.1.0, which stored several enums of results as strings."""

from collections.abc import Iterator

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from tickreel.rpc.message_json import words
from tickreel.v1 import result_pb2, run_pb2, statistics_pb2

# By message: the number of the old string field, and the enum field that replaced it.
_OLD_FIELDS: dict[type[Message], tuple[int, str]] = {
    result_pb2.Result: (2, "mode"),
    result_pb2.RunMetadata: (6, "snapshot_mode"),
    result_pb2.DataFile: (5, "data_type"),
    statistics_pb2.SideStatistics: (1, "side"),
    statistics_pb2.LiquidityStatistics: (1, "liquidity"),
}


def migrate_enums(run: run_pb2.Run) -> None:
    """Set the enums of a run's result from the old string fields, which are unknown fields now."""
    if not run.HasField("result") or run.result.mode:
        return
    for message in _with_old_fields(run.result):
        number, name = _OLD_FIELDS[type(message)]
        enum = message.DESCRIPTOR.fields_by_name[name].enum_type
        assert enum is not None
        # The stubs lack the iteration of an UnknownFieldSet.
        unknown = UnknownFieldSet(message)
        for at in range(len(unknown)):
            if unknown[at].field_number == number:
                setattr(message, name, words(enum)[unknown[at].data.decode()])
    # The old fields must not be stored again.
    run.result.DiscardUnknownFields()


def _with_old_fields(result: result_pb2.Result) -> Iterator[Message]:
    """Yield the messages of a result that had string fields."""
    statistics = result.summary.statistics
    yield result
    yield result.metadata
    yield from result.metadata.data_files
    yield from statistics.by_side
    yield from statistics.by_liquidity
