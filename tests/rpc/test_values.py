"""Invalid timestamps and unknown enum values are refused anywhere in a message."""

from typing import cast

import pytest

from tickreel.rpc.errors import TickreelError
from tickreel.rpc.values import check_values
from tickreel.v1.converter_service_pb2 import CreateConversionRequest
from tickreel.v1.market_data_pb2 import DATA_TYPE_TRADES, DataType
from tickreel.v1.result_pb2 import SNAPSHOT_MODE_BOTH, SnapshotMode
from tickreel.v1.runner_service_pb2 import CreateRunRequest


@pytest.mark.parametrize(
    ("seconds", "nanos"),
    [(253_402_300_800, 0), (-62_135_596_801, 0), (2**63 - 1, 0), (0, -1), (0, 1_000_000_000)],
)
def test_an_invalid_timestamp_is_named_with_its_field(seconds: int, nanos: int) -> None:
    request = CreateRunRequest()
    request.config.time_window.start.seconds = 1
    request.config.time_window.end.seconds = seconds
    request.config.time_window.end.nanos = nanos
    request.start.CopyFrom(request.config.time_window.end)
    with pytest.raises(TickreelError) as caught:
        check_values(request)
    assert caught.value.reason == "INVALID_REQUEST"
    assert [violation.field for violation in caught.value.violations] == ["config.time_window.end", "start"]


def test_valid_timestamps_pass() -> None:
    for seconds in (-62_135_596_800, 0, 253_402_300_799):
        request = CreateRunRequest()
        request.start.seconds, request.start.nanos = seconds, 999_999_999
        check_values(request)


def test_an_unknown_enum_value_is_named_with_its_field() -> None:
    run, conversion = CreateRunRequest(), CreateConversionRequest()
    run.options.snapshot_mode = cast(SnapshotMode, 99)
    conversion.spec.data_types.extend([DATA_TYPE_TRADES, cast(DataType, -1)])
    for request, field in ((run, "options.snapshot_mode"), (conversion, "spec.data_types[1]")):
        with pytest.raises(TickreelError) as caught:
            check_values(request)
        assert [violation.field for violation in caught.value.violations] == [field]
    run.options.snapshot_mode = SNAPSHOT_MODE_BOTH
    check_values(run)
