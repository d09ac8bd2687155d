"""A damaged result affects no other result. Errors name the damaged file and the remedy, and the result can be deleted."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from full_runs import Ticks, write_full_run
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.stores.results import ResultStore, to_json
from tickreel.v1 import result_pb2
from tickreel.v1 import results_service_pb2 as rpc

ROWS = 200


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def scramble(path: Path) -> None:
    """Replace the bytes between the leading magic and the footer: the file can be opened, but no column can be read."""
    content = path.read_bytes()
    end = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    path.write_bytes(content[:4] + np.random.default_rng(1).bytes(end - 4) + content[end:])


def remove(path: Path) -> None:
    path.unlink() if path.is_file() else shutil.rmtree(path)


def become_a_folder(path: Path) -> None:
    remove(path)
    path.mkdir()


def become_a_file(path: Path) -> None:
    remove(path)
    path.write_text("no folder")


def become_another_table(path: Path) -> None:
    pq.write_table(pa.table({"a": range(ROWS)}), path)


def lose_rows(path: Path) -> None:
    pq.write_table(pq.read_table(path).slice(1), path)


# The calls of CALLS that read each table.
READERS = {
    "orders": ("orders", "orders, sorted", "markers", "orders.csv", "orders.parquet"),
    "fills": ("fills", "fills.csv", "fills.parquet"),
    "equity": ("equity", "equity sample", "equity.csv", "equity.parquet"),
    "ticks": ("ticks", "tick sample", "ticks.csv", "ticks.parquet"),
    "timeline": ("timeline", "timeline.csv", "timeline.parquet"),
}
CALLS = {
    "result": ("GetResult", rpc.GetResultRequest()),
    "orders": ("ListOrders", rpc.ListOrdersRequest()),
    "orders, sorted": ("ListOrders", rpc.ListOrdersRequest(filter="status = filled", order_by="price desc")),
    "markers": ("SampleTicks", rpc.SampleTicksRequest(read_mask={"paths": ["markers"]})),
    "fills": ("ListFills", rpc.ListFillsRequest()),
    "equity": ("StreamEquity", rpc.StreamEquityRequest()),
    "equity sample": ("SampleEquity", rpc.SampleEquityRequest()),
    "ticks": ("StreamTicks", rpc.StreamTicksRequest()),
    "tick sample": ("SampleTicks", rpc.SampleTicksRequest(read_mask={"paths": ["trades"]})),
    "timeline": ("ListTimeline", rpc.ListTimelineRequest()),
    **{
        name: ("ExportArtifact", rpc.ExportArtifactRequest(name=name))
        for name in ("summary.csv", "summary.json", *(f"{table}.{form}" for table in READERS for form in ("csv", "parquet")))
    },
}


async def answer(results: ServiceClient, run_id: str, name: str) -> str:
    """Make a call of CALLS for a run. Return its error, or "" on success."""
    call, template = CALLS[name]
    request = type(template)(run_id=run_id)
    request.MergeFrom(template)
    try:
        if call.startswith(("Stream", "Export")):
            _ = [part async for part in results.stream(call, request)]
        else:
            await results.call(call, request)
    except TickreelError as error:
        return f"{error.reason}: {error.message}"
    return ""


async def listed(results: ServiceClient) -> list[str]:
    return sorted(entry.run_id for entry in (await results.call("ListResults", rpc.ListResultsRequest())).results)


def remaining_files(store: ResultStore, run_id: str) -> list[str]:
    """Return the remaining files of a deleted result, except the record of its deletion."""
    root = store.root.parent
    paths = [path.relative_to(root).as_posix() for path in root.rglob(f"*{run_id}*")]
    return [path for path in paths if path != f"results/deleted/{run_id}" and not path.startswith("state/")]


@pytest.mark.parametrize("damage", [truncate, empty, scramble, remove, become_a_folder, become_another_table, lose_rows])
async def test_a_damaged_table_is_named_by_every_call_that_reads_it(
    store: ResultStore, results: ServiceClient, damage: Callable[[Path], None]
) -> None:
    for table in READERS:
        damage(write_full_run(store, table, Ticks.random(ROWS)) / f"{table}.parquet")
    for table, readers in READERS.items():
        if damage is lose_rows and table in ("equity", "timeline"):
            # The summary does not count the rows of these tables.
            continue
        for name in readers:
            error = await answer(results, table, name)
            if damage is scramble and name == f"{table}.parquet":
                # Parquet files are sent unchanged, and the footer of this one is intact.
                assert error == ""
            elif damage in (remove, become_a_folder) and name in ("ticks", "tick sample"):
                assert error.startswith("DATA_CHANGED: the ticks of ticks are no longer in the catalog: ")
            else:
                assert error.startswith(f"DATA_CHANGED: {table}.parquet of the result {table} cannot be read: ")
                assert error.endswith("; repeat the run to write it again")
        # The other tables are still readable.
        for other in READERS:
            if other != table:
                assert await answer(results, table, READERS[other][0]) == ""
    assert await listed(results) == sorted([*READERS, "S"])


@pytest.mark.parametrize("mode", ["full", "fast"])
@pytest.mark.parametrize("damage", [truncate, empty, remove, become_a_folder])
async def test_a_damaged_summary_is_named_by_every_call(
    store: ResultStore, results: ServiceClient, mode: str, damage: Callable[[Path], None]
) -> None:
    store.commit(result_pb2.Result(run_id="D", mode=f"RUN_MODE_{mode.upper()}"), store.staging("D"), None)
    summary = store.find("D").summary
    damage(summary)
    assert await listed(results) == ["S"]
    # A result without a summary counts as being deleted.
    unreadable = [] if damage is remove else ["D"]
    assert list((await results.call("ListResults", rpc.ListResultsRequest())).unreadable_run_ids) == unreadable
    for name in CALLS:
        error = await answer(results, "D", name)
        table = next((table for table, readers in READERS.items() if name in readers), "")
        if mode == "fast" and name == "markers":
            # A fast run has no markers, so the summary is not read.
            assert error == ""
        elif mode == "fast" and error.startswith("TABLE_NOT_KEPT"):
            assert table not in ("", "ticks")
        else:
            assert error.startswith(f"DATA_CHANGED: the result file {summary} cannot be read: ")
            assert error.endswith("; restore it from a backup, or delete the result and run its config again")
    with pytest.raises(TickreelError, match=f"the result file {summary} cannot be read"):
        await results.call("UpdateResult", rpc.UpdateResultRequest(run_id="D", notes="seen"))
    assert list(store.notes.versions()) == []
    await results.call("DeleteResult", rpc.DeleteResultRequest(run_id="D"))
    assert remaining_files(store, "D") == []


@pytest.mark.parametrize("damage", [become_a_folder, become_a_file])
@pytest.mark.parametrize("mode", ["full", "fast"])
async def test_a_damaged_folder_can_be_deleted(
    store: ResultStore, results: ServiceClient, mode: str, damage: Callable[[Path], None]
) -> None:
    store.commit(result_pb2.Result(run_id="D", mode=f"RUN_MODE_{mode.upper()}"), store.staging("D"), None)
    damage(store.root / mode / "D")
    assert await listed(results) == (["S"] if mode == "full" else ["D", "S"])
    error = await answer(results, "D", "result")
    assert error == "" if mode == "fast" else f"{store.root}/full/D/summary.json cannot be read" in error
    await results.call("DeleteResult", rpc.DeleteResultRequest(run_id="D"))
    assert remaining_files(store, "D") == []
    with pytest.raises(TickreelError, match="was deleted") as caught:
        await results.call("GetResult", rpc.GetResultRequest(run_id="D"))
    assert caught.value.reason == "RESULT_DELETED"


async def test_a_summary_with_an_invalid_value_is_named_by_calls_that_parse_it(
    store: ResultStore, results: ServiceClient
) -> None:
    changed = store.load(store.find("S"))
    changed.summary.first_ts = "noon"
    store.find("S").summary.write_text(to_json(changed))
    assert await listed(results) == ["S"]
    error = await answer(results, "S", "summary.csv")
    assert "summary.json of the result S cannot be read: first_ts is 'noon', which is not a time" in error


async def test_a_file_in_place_of_the_results_folder_is_named(store: ResultStore, results: ServiceClient) -> None:
    become_a_file(store.root / "full")
    with pytest.raises(TickreelError, match=f"results cannot be read in {store.root}/full: Not a directory") as caught:
        await listed(results)
    assert caught.value.reason == "STORE_NOT_READABLE"
