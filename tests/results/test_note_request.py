"""Notes and tags: stored beside the results, listed and filtered with them, and kept when the index is lost."""

from pathlib import Path
from typing import Any

import pytest

from serving import serving, settings_in
from tickreel.results.result_entry import result_entry
from tickreel.results.service import ResultsServicer
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.stores.results import ResultStore
from tickreel.v1 import result_pb2
from tickreel.v1 import results_service_pb2 as rpc


@pytest.fixture(autouse=True)
def run(store: ResultStore) -> None:
    """A fast run R with values for all fields that the filters name."""
    result = result_pb2.Result(run_id="R", mode=result_pb2.RUN_MODE_FAST, instrument="SAMPLE-FUTURES:PERPETUAL:BTC-USDT@LIN")
    result.start, result.end = "2024-05-17T22:00:00.000000000Z", "2024-05-18T02:00:00.000000000Z"
    result.summary.pnl = "-12.50"
    result.metadata.strategy, result.metadata.snapshot_mode = "EveryNth", result_pb2.SNAPSHOT_MODE_BOTH
    result.metadata.config_digest, result.metadata.data_digest, result.metadata.result_digest = "c1", "d1", "r1"
    store.commit(result, None, None)


async def update(results: ServiceClient, run_id: str = "R", paths: list[str] | None = None, **fields: Any) -> Any:
    request = rpc.UpdateResultRequest(run_id=run_id, update_mask={"paths": paths or []}, **fields)
    return (await results.call("UpdateResult", request)).result


async def listed(results: ServiceClient, filter_: str) -> list[str]:
    response = await results.call("ListResults", rpc.ListResultsRequest(filter=filter_))
    return [entry.run_id for entry in response.results]


async def test_notes_and_tags_become_part_of_the_result(store: ResultStore, results: ServiceClient) -> None:
    before = store.find("R").summary.read_bytes()
    assert await listed(results, "tags:keep") == []
    updated = await update(results, notes="A *quick* look:\nthe book is too old.", tags=["keep", "btc", "keep"])
    assert (updated.notes, list(updated.tags)) == ("A *quick* look:\nthe book is too old.", ["keep", "btc"])
    got = (await results.call("GetResult", rpc.GetResultRequest(run_id="R"))).result
    assert got == updated
    entries = (await results.call("ListResults", rpc.ListResultsRequest())).results
    assert result_entry(updated) in entries
    assert await listed(results, "tags:keep") == ["R"]
    assert store.find("R").summary.read_bytes() == before


@pytest.mark.parametrize(
    ("paths", "fields", "after"),
    [
        ([], {"notes": "new"}, ("new", ["a"])),
        ([], {"tags": ["b", "c"]}, ("old", ["b", "c"])),
        ([], {"notes": "new", "tags": ["b"]}, ("new", ["b"])),
        (["notes"], {}, ("", ["a"])),
        (["tags"], {"notes": "not asked for"}, ("old", [])),
        (["*"], {"notes": "new"}, ("new", [])),
    ],
)
async def test_the_mask_selects_the_fields_to_change(
    results: ServiceClient, paths: list[str], fields: dict[str, Any], after: tuple[str, list[str]]
) -> None:
    await update(results, notes="old", tags=["a"])
    updated = await update(results, paths=paths, **fields)
    assert (updated.notes, list(updated.tags)) == after


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({}, ["update_mask"]),
        ({"paths": ["result.mode"]}, ["update_mask"]),
        ({"notes": "x" * 10_001}, ["notes"]),
        ({"tags": [str(number) for number in range(51)]}, ["tags"]),
        ({"tags": ["good", "two words", "", "x" * 65]}, ["tags[1]", "tags[2]", "tags[3]"]),
    ],
)
async def test_invalid_notes_are_refused_and_change_nothing(
    results: ServiceClient, fields: dict[str, Any], at_fault: list[str]
) -> None:
    before = await update(results, notes="old", tags=["a"])
    with pytest.raises(TickreelError) as caught:
        await update(results, **fields)
    assert caught.value.reason == "INVALID_REQUEST"
    assert [violation.field for violation in caught.value.violations] == at_fault
    assert (await results.call("GetResult", rpc.GetResultRequest(run_id="R"))).result == before


async def test_an_unknown_run_gets_no_notes(store: ResultStore, results: ServiceClient) -> None:
    for run_id in ("X", "", "../R"):
        with pytest.raises(TickreelError, match="there is no result"):
            await update(results, run_id, notes="unused")
    assert not store.notes.folder.exists()


@pytest.mark.parametrize(
    "text",
    [
        "tags:keep",
        'tags:"keep"',
        "tags : keep",
        "tags:k*",
        "tags:keep AND tags:btc AND NOT tags:eth",
        "summary.pnl < -12.4 AND summary.pnl >= -12.5",
        "metadata.strategy = EveryNth",
        "metadata.config_digest = c1",
        'metadata.data_digest = "d*"',
        "metadata.result_digest = r1",
        'instrument = "*BTC-USDT*"',
        "mode = fast AND metadata.snapshot_mode = both",
        "start >= 2024-05-17T00:00:00Z AND end < 2024-05-19T00:00:00Z",
        "created_at > 2024-05-17T00:00:00Z AND run_id = R",
        'notes = "*too old*"',
    ],
)
async def test_filters_find_a_result_by_its_fields(results: ServiceClient, text: str) -> None:
    await update(results, notes="the book is too old", tags=["keep", "btc"])
    assert await listed(results, text) == ["R"]
    assert "R" not in await listed(results, f"NOT ({text})")


async def test_notes_outlive_the_service_and_its_derived_files(tmp_path: Path, store: ResultStore) -> None:
    settings = settings_in(tmp_path)
    async with serving("results", ResultsServicer, settings) as results:
        before = await update(results, notes="kept", tags=["a"])
    assert not (tmp_path / "state/results").exists() or [*(tmp_path / "state/results").iterdir()] == []
    async with serving("results", ResultsServicer, settings) as results:
        found = await results.call("ListResults", rpc.ListResultsRequest(filter="tags:a"))
        assert list(found.results) == [result_entry(before)]
        assert (await update(results, tags=["b"])).notes == "kept"
        assert await listed(results, "tags:a") == []
    # A partial file of a service that was killed is ignored.
    (store.notes.folder / ".R.json").write_text('{"no')
    async with serving("results", ResultsServicer, settings) as results:
        assert await listed(results, "tags:b") == ["R"]


async def test_a_result_with_unreadable_notes_is_still_listed(
    store: ResultStore, results: ServiceClient, caplog: pytest.LogCaptureFixture
) -> None:
    await update(results, notes="kept", tags=["a"])
    (store.notes.folder / "R.json").write_text("{")
    assert (await results.call("GetResult", rpc.GetResultRequest(run_id="R"))).result.notes == ""
    assert "the notes of R cannot be read" in caplog.text
    assert (await update(results, notes="again")).notes == "again"


async def test_a_folder_that_cannot_be_written_is_refused(store: ResultStore, results: ServiceClient) -> None:
    store.notes.folder.touch()
    with pytest.raises(TickreelError) as caught:
        await update(results, notes="lost")
    assert caught.value.reason == "STORE_NOT_WRITABLE"
