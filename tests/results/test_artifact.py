"""Files of a run as streams of bytes: whole, from an offset on, and only files that the result names."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from serving import serving, settings_in
from tickreel.results.artifact import PART_BYTES
from tickreel.results.service import ResultsServicer
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.stores.results import ResultStore
from tickreel.v1 import result_pb2, results_service_pb2

CONFIG = bytes(range(256)) * 10_000
TICKS = b'{"ticks": []}\n'


@pytest.fixture
def store(tmp_path: Path) -> ResultStore:
    """A full run F with a config and exported ticks, and a fast run S."""
    store = ResultStore(tmp_path / "results", tmp_path / "tickdata")
    store.check_writable()
    result = result_pb2.Result(run_id="F", mode=result_pb2.RUN_MODE_FULL)
    staging, ticks = store.staging("F"), tmp_path / "tickdata/.F.json"
    (staging / "config.json").write_bytes(CONFIG)
    ticks.write_bytes(TICKS)
    for name in ("config.json", "summary.json", "ticks.json"):
        # The store may have moved since the run: these paths must be ignored.
        result.metadata.outputs[name] = f"/somewhere/else/{name}"
    store.commit(result, staging, ticks)
    fast = result_pb2.Result(run_id="S", mode=result_pb2.RUN_MODE_FAST)
    fast.metadata.outputs["summary.json"] = "/somewhere/else/S.json"
    store.commit(fast, None, None)
    return store


@pytest.fixture
async def results(tmp_path: Path, store: ResultStore) -> AsyncIterator[ServiceClient]:
    async with serving("results", ResultsServicer, settings_in(tmp_path)) as client:
        yield client


async def export(results: ServiceClient, run_id: str, name: str, offset: int = 0) -> list[bytes]:
    request = results_service_pb2.ExportArtifactRequest(run_id=run_id, name=name, offset=offset)
    return [part.data async for part in results.stream("ExportArtifact", request)]


async def refusal(results: ServiceClient, run_id: str, name: str, offset: int = 0) -> TickreelError:
    with pytest.raises(TickreelError) as caught:
        await export(results, run_id, name, offset)
    return caught.value


async def test_every_file_that_a_result_names_arrives_unchanged(store: ResultStore, results: ServiceClient) -> None:
    assert b"".join(await export(results, "F", "config.json")) == CONFIG
    assert await export(results, "F", "ticks.json") == [TICKS]
    assert await export(results, "F", "summary.json") == [(store.root / "full/F/summary.json").read_bytes()]
    assert await export(results, "S", "summary.json") == [(store.root / "fast/S.json").read_bytes()]


async def test_parts_are_small_and_state_the_total_length(results: ServiceClient) -> None:
    request = results_service_pb2.ExportArtifactRequest(run_id="F", name="config.json")
    parts = [part async for part in results.stream("ExportArtifact", request)]
    assert [len(part.data) for part in parts] == [PART_BYTES, PART_BYTES, len(CONFIG) - 2 * PART_BYTES]
    assert {part.total_bytes for part in parts} == {len(CONFIG)}
    assert PART_BYTES <= 1 << 20
    # Then the concatenated base64 texts of the parts are the base64 text of the file.
    assert PART_BYTES % 3 == 0


@pytest.mark.parametrize("offset", [1, PART_BYTES, len(CONFIG) - 1])
async def test_a_broken_stream_resumes_at_an_offset(results: ServiceClient, offset: int) -> None:
    assert b"".join(await export(results, "F", "config.json", offset)) == CONFIG[offset:]


async def test_an_offset_at_the_end_returns_only_the_length(results: ServiceClient) -> None:
    request = results_service_pb2.ExportArtifactRequest(run_id="F", name="ticks.json", offset=len(TICKS))
    (part,) = [part async for part in results.stream("ExportArtifact", request)]
    assert (part.data, part.total_bytes) == (b"", len(TICKS))


@pytest.mark.parametrize("offset", [-1, len(TICKS) + 1, 2**63 - 1, -(2**63)])
async def test_an_offset_outside_the_file_is_refused(results: ServiceClient, offset: int) -> None:
    error = await refusal(results, "F", "ticks.json", offset)
    assert (error.reason, error.violations[0].field) == ("INVALID_REQUEST", "offset")
    assert f"it must be from 0 to {len(TICKS)}" in error.message


@pytest.mark.parametrize("name", ["", "fills.parquet", ".", "..", "../S.json", "/etc/passwd", "config.json\0", "summary"])
async def test_an_unknown_name_is_refused_with_the_known_names(results: ServiceClient, name: str) -> None:
    error = await refusal(results, "F", name)
    assert (error.reason, error.metadata) == ("NOT_FOUND", {"kind": "file", "id": name})
    assert "it has config.json, summary.json, ticks.json" in error.message
    assert "full runs" not in error.message


async def test_tables_of_a_fast_run_are_refused_with_the_reason(results: ServiceClient) -> None:
    for name in ("orders.parquet", "orders.csv", "timeline.json"):
        error = await refusal(results, "S", name)
        assert (error.reason, error.code.name) == ("TABLE_NOT_KEPT", "FAILED_PRECONDITION")
        assert error.metadata == {"run_id": "S", "table": name.partition(".")[0]}
        assert "was made in fast mode" in error.message and "repeat it in full mode" in error.message
    assert "it has summary.json, and can export summary and ticks as" in (await refusal(results, "S", "x")).message


async def test_paths_in_a_result_are_never_opened(tmp_path: Path, store: ResultStore, results: ServiceClient) -> None:
    (tmp_path / "secret").write_text("of this machine")
    result = store.load(store.find("F"))
    names = ["../../../secret", str(tmp_path / "secret"), "..", "", ".hidden", "config.json\n"]
    for name in names:
        result.metadata.outputs[name] = name
    store.discard("F")
    store.commit(result, store.staging("F"), None)
    for name in names:
        assert (await refusal(results, "F", name)).reason == "NOT_FOUND"


@pytest.mark.parametrize("run_id", ["", "X", "../full/F", "F/../F"])
async def test_an_unknown_run_is_refused(results: ServiceClient, run_id: str) -> None:
    assert (await refusal(results, run_id, "summary.json")).reason == "NOT_FOUND"


async def test_a_missing_file_is_refused_by_name(store: ResultStore, results: ServiceClient) -> None:
    (store.root / "full/F/config.json").unlink()
    error = await refusal(results, "F", "config.json")
    assert (error.reason, error.metadata) == ("DATA_CHANGED", {"run_id": "F"})
    assert "config.json" in error.message and "repeat the run to write it again" in error.message


async def test_a_file_that_shrinks_during_reading_is_refused(store: ResultStore, results: ServiceClient) -> None:
    path = store.root / "full/F/config.json"
    with path.open("r+b") as file:
        file.truncate(64 << 20)
    request = results_service_pb2.ExportArtifactRequest(run_id="F", name="config.json")
    with pytest.raises(TickreelError, match="became shorter") as caught:
        async for _ in results.stream("ExportArtifact", request):
            with path.open("r+b") as file:
                file.truncate(10)
    assert caught.value.reason == "DATA_CHANGED"


async def test_the_file_is_closed_when_the_client_hangs_up(store: ResultStore, results: ServiceClient) -> None:
    with (store.root / "full/F/config.json").open("r+b") as file:
        file.truncate(64 << 20)
    request = results_service_pb2.ExportArtifactRequest(run_id="F", name="config.json")
    async for _ in results.stream("ExportArtifact", request):
        break
    await asyncio.to_thread(_wait_until_closed, store.root)
    assert await export(results, "F", "ticks.json") == [TICKS]


def _wait_until_closed(root: Path) -> None:
    """Wait until this process has no open file in a folder."""
    deadline = time.monotonic() + 60
    while any(Path(os.path.realpath(link)).is_relative_to(root) for link in Path("/proc/self/fd").iterdir()):
        assert time.monotonic() < deadline, "a file is still open"
        time.sleep(0.01)
