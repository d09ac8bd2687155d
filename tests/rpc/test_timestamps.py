"""Timestamps of requests that are no instants are refused, wherever they stand in the message."""

import pytest

from tickreel.rpc.errors import TickreelError
from tickreel.rpc.timestamps import check_timestamps
from tickreel.v1.runner_service_pb2 import CreateRunRequest


@pytest.mark.parametrize(
    ("seconds", "nanos"),
    [(253_402_300_800, 0), (-62_135_596_801, 0), (2**63 - 1, 0), (0, -1), (0, 1_000_000_000)],
)
def test_what_is_no_instant_is_named_with_its_field(seconds: int, nanos: int) -> None:
    request = CreateRunRequest()
    request.config.time_window.start.seconds = 1
    request.config.time_window.end.seconds = seconds
    request.config.time_window.end.nanos = nanos
    request.start.CopyFrom(request.config.time_window.end)
    with pytest.raises(TickreelError) as caught:
        check_timestamps(request)
    assert caught.value.reason == "INVALID_REQUEST"
    assert [violation.field for violation in caught.value.violations] == ["config.time_window.end", "start"]


def test_instants_pass() -> None:
    for seconds in (-62_135_596_800, 0, 253_402_300_799):
        request = CreateRunRequest()
        request.start.seconds, request.start.nanos = seconds, 999_999_999
        check_timestamps(request)
