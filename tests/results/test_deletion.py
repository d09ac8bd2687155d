"""Deletion of results: it is complete, final and recorded, and touches no other result."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from full_runs import Ticks, write_full_run
from serving import serving, settings_in
from tickreel.results.service import ResultsServicer
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.stores.results import ResultStore, to_json
from tickreel.v1 import results_service_pb2 as rpc

ROWS = 2_000
TICKS = Ticks.random(ROWS)


@pytest.fixture(autouse=True)
def runs(store: ResultStore) -> None:
    """A full run F with exported ticks, in addition to the fast run S."""
    write_full_run(store, "F", TICKS, timeline=False)
    store.ticks_path("F").write_text("{}")


async def ask(results: ServiceClient, method: str, run_id: str, **fields: Any) -> list[Any]:
    request = getattr(rpc, f"{method}Request")(run_id=run_id, **fields)
    if method.startswith(("Stream", "Export")):
        return [response async for response in results.stream(method, request)]
    return [await results.call(method, request)]


async def refusal(results: ServiceClient, method: str, run_id: str, **fields: Any) -> TickreelError:
    with pytest.raises(TickreelError) as caught:
        await ask(results, method, run_id, **fields)
    return caught.value


READS: list[tuple[str, dict[str, Any]]] = [
    ("GetResult", {}),
    ("ListOrders", {"order_by": "price"}),
    ("ListFills", {}),
    ("SampleTicks", {}),
    ("SampleEquity", {}),
    ("StreamTicks", {}),
    ("StreamTicks", {"read_mask": {"paths": ["price"]}}),
    ("StreamEquity", {}),
    ("ExportArtifact", {"name": "orders.csv"}),
    ("ExportArtifact", {"name": "summary.json"}),
]


def files_of(folder: Path, run_id: str) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(f"*{run_id}*"))


@pytest.mark.parametrize("run_id", ["F", "S"])
async def test_a_deleted_result_leaves_only_the_record_of_its_deletion(
    tmp_path: Path, store: ResultStore, results: ServiceClient, run_id: str
) -> None:
    await ask(results, "UpdateResult", run_id, notes="noted", tags=["a"])
    if run_id == "F":
        for method, fields in READS[:-1]:
            await ask(results, method, run_id, **fields)
    await ask(results, "DeleteResult", run_id)
    assert files_of(tmp_path, run_id) == [f"results/deleted/{run_id}"]
    for method, fields in [*READS, ("DeleteResult", {}), ("UpdateResult", {"notes": "x"})]:
        error = await refusal(results, method, run_id, **fields)
        assert error.reason == "RESULT_DELETED", method
        assert error.metadata["id"] == run_id
        assert error.metadata["deleted_at"].endswith("Z")
    left = await results.call("ListResults", rpc.ListResultsRequest())
    assert [entry.run_id for entry in left.results] == [{"F": "S", "S": "F"}[run_id]]


async def test_only_committed_results_can_be_deleted(store: ResultStore, results: ServiceClient) -> None:
    # The files of a running run are not a result yet.
    running = store.staging("Q")
    (running / "orders.parquet").write_bytes(b"half")
    for run_id in ("Q", "X", "", ".Q", "../full/F"):
        error = await refusal(results, "DeleteResult", run_id)
        assert (error.reason, error.metadata["kind"]) == ("NOT_FOUND", "result")
    assert (running / "orders.parquet").read_bytes() == b"half"
    assert not (store.root / "deleted").exists()


async def test_an_interrupted_deletion_is_finished_at_the_next_start(tmp_path: Path, store: ResultStore) -> None:
    async with serving("results", ResultsServicer, settings_in(tmp_path)) as results:
        await ask(results, "UpdateResult", "F", notes="noted")
    # The state after a kill immediately after the rename.
    (store.root / "trash").mkdir()
    (store.root / "full/F").rename(store.root / "trash/F")
    with pytest.raises(TickreelError, match="the result F was deleted"):
        store.find("F")
    async with serving("results", ResultsServicer, settings_in(tmp_path)) as results:
        assert (await refusal(results, "GetResult", "F")).reason == "RESULT_DELETED"
    assert files_of(tmp_path / "results", "F") == ["deleted/F"]
    assert files_of(tmp_path / "tickdata", "F") == []


async def test_a_result_that_cannot_be_deleted_stays_intact(store: ResultStore, results: ServiceClient) -> None:
    (store.root / "trash").touch()
    assert (await refusal(results, "DeleteResult", "F")).reason == "STORE_NOT_WRITABLE"
    assert len(await ask(results, "StreamTicks", "F")) == 1
    assert store.ticks_path("F").is_file()


async def test_a_deleted_result_can_be_written_again(store: ResultStore, results: ServiceClient) -> None:
    await ask(results, "DeleteResult", "F")
    write_full_run(store, "F", TICKS, timeline=False)
    assert (await ask(results, "GetResult", "F"))[0].result.result.run_id == "F"


async def test_a_read_during_deletion_is_complete_or_refused(
    tmp_path: Path, store: ResultStore, results: ServiceClient
) -> None:
    """At any moment of the deletion, every answer equals the answer before it, or is RESULT_DELETED."""
    whole = {str(read): await ask(results, read[0], "F", **read[1]) for read in READS}
    refused = 0
    for number in range(12):

        async def delete(pause: float = number / 1_000) -> None:
            await asyncio.sleep(pause)
            await ask(results, "DeleteResult", "F")

        answers = await asyncio.gather(
            *(ask(results, method, "F", **fields) for method, fields in READS), delete(), return_exceptions=True
        )
        assert answers.pop() is None
        for read, answer in zip(READS, answers, strict=True):
            if isinstance(answer, BaseException):
                assert isinstance(answer, TickreelError), answer
                assert answer.reason == "RESULT_DELETED", answer
                refused += 1
            elif read[0] != "GetResult":
                assert answer == whole[str(read)], read
        assert files_of(tmp_path, "F") == ["results/deleted/F"]
        write_full_run(store, "F", TICKS, timeline=False)
    assert refused > 0


async def test_an_open_stream_continues_after_the_deletion(store: ResultStore, results: ServiceClient) -> None:
    result = store.root / "full/F"
    named = store.load(store.find("F"))
    named.metadata.outputs["config.json"] = "/somewhere/else/config.json"
    (result / "summary.json").write_text(to_json(named))
    with (result / "config.json").open("wb") as file:
        file.truncate(64 << 20)
    received, deleted = 0, False
    # The file is larger than all buffers between service and client.
    async for part in results.stream("ExportArtifact", rpc.ExportArtifactRequest(run_id="F", name="config.json")):
        if not deleted:
            await asyncio.to_thread(store.delete, store.find("F"))
            assert not result.exists()
            deleted = True
        received += len(part.data)
    assert received == 64 << 20
