"""ListResults: filters, orders, and changes of the files."""

import json
import os
import shutil
import time
from decimal import Decimal
from typing import Any

import pytest
from google.protobuf import json_format

from tickreel.results.index import ResultIndex
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.stores.results import ResultStore, StoredResult
from tickreel.v1 import result_pb2
from tickreel.v1 import results_service_pb2 as rpc

COMMITTED = 1_790_000_000


def commit(
    store: ResultStore,
    number: int,
    pnl: str = "0",
    mode: result_pb2.RunMode = result_pb2.RUN_MODE_FAST,
    instrument: str = "BTC",
) -> None:
    """Commit a result. Its commit time is COMMITTED plus `number` seconds."""
    result = result_pb2.Result(run_id=f"R{number:02d}", mode=mode, instrument=f"SAMPLE-FUTURES:PERPETUAL:{instrument}-USDT@LIN")
    result.summary.pnl, result.summary.orders = pnl, number
    result.metadata.environment["DATA_CATALOG_PATH"] = "data/parquet"
    result.findings.add(severity=result_pb2.SEVERITY_WARNING, code="BOOK_OLD", message="Books are older than trades.")
    store.commit(result, store.staging(result.run_id) if mode == result_pb2.RUN_MODE_FULL else None, None)
    path = store.find(result.run_id).summary
    os.utime(path, (COMMITTED + number, COMMITTED + number))


@pytest.fixture(autouse=True)
def files(store: ResultStore) -> None:
    """Ten results R00 to R09, each later than the one before; every third is full."""
    store.discard("S")
    for number in range(10):
        mode = result_pb2.RUN_MODE_FAST if number % 3 else result_pb2.RUN_MODE_FULL
        commit(store, number, str(Decimal(5 - number) * 100), mode, "ETH" if number % 2 else "BTC")


async def ids(results: ServiceClient, **fields: Any) -> list[int]:
    found, token = [], ""
    while True:
        response = await results.call("ListResults", rpc.ListResultsRequest(page_size=3, page_token=token, **fields))
        found += [int(entry.run_id[1:]) for entry in response.results]
        token = response.next_page_token
        if not token:
            return found


async def test_results_are_listed_newest_first(results: ServiceClient) -> None:
    assert await ids(results) == list(range(9, -1, -1))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"filter": "mode = full"}, [9, 6, 3, 0]),
        ({"filter": "summary.pnl < 0 AND mode = full"}, [9, 6]),
        ({"filter": 'instrument = "*ETH*" AND NOT summary.pnl < 0'}, [5, 3, 1]),
        ({"filter": 'created_at >= "2026-09-21T14:13:27Z"'}, [9, 8, 7]),
        ({"filter": "run_id = R04"}, [4]),
        ({"filter": "run_id = nobody"}, []),
        ({"order_by": "summary.pnl"}, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        ({"order_by": "mode desc, summary.orders"}, [0, 3, 6, 9, 1, 2, 4, 5, 7, 8]),
        ({"order_by": "created_at"}, list(range(10))),
        ({"order_by": "summary.pnl desc", "filter": "summary.orders > 4"}, [5, 6, 7, 8, 9]),
    ],
)
async def test_filters_and_orders(results: ServiceClient, fields: dict[str, str], expected: list[int]) -> None:
    assert await ids(results, **fields) == expected


async def test_new_and_removed_results_are_seen_at_once(store: ResultStore, results: ServiceClient) -> None:
    assert len(await ids(results)) == 10
    commit(store, 42)
    assert (await ids(results))[0] == 42
    store.discard("R42")
    store.discard("R03")
    assert await ids(results) == [9, 8, 7, 6, 5, 4, 2, 1, 0]
    shutil.rmtree(store.root)
    assert await ids(results) == []


async def test_a_result_that_cannot_be_read_is_left_out_and_named_in_the_log(
    store: ResultStore, results: ServiceClient, caplog: pytest.LogCaptureFixture
) -> None:
    store.find("R04").summary.write_text("{")
    assert await ids(results) == [9, 8, 7, 6, 5, 3, 2, 1, 0]
    assert "R04.json cannot be read" in caplog.text


def test_files_are_read_once(store: ResultStore, monkeypatch: pytest.MonkeyPatch) -> None:
    index, read, load = ResultIndex(store), list[str](), store.load

    def counted_load(stored: StoredResult) -> result_pb2.Result:
        read.append(stored.run_id)
        return load(stored)

    monkeypatch.setattr(store, "load", counted_load)
    assert len(index.newest_first()) == 10
    assert len(index.newest_first()) == 10
    assert sorted(read) == [f"R{number:02d}" for number in range(10)]


# A modification time in the future is from before the clock was set back.
@pytest.mark.parametrize("ahead", [[], ["fast"], ["fast", "full"]])
def test_an_unchanged_folder_is_not_read_again(store: ResultStore, monkeypatch: pytest.MonkeyPatch, ahead: list[str]) -> None:
    for folder in ("fast", "full"):
        changed = time.time() + 3_600 if folder in ahead else COMMITTED
        os.utime(store.root / folder, (changed, changed))
    index = ResultIndex(store)
    before = index.newest_first()
    monkeypatch.setattr(store, "stored", lambda: pytest.fail("the folder was read"))
    assert index.newest_first() is before


def test_a_recently_changed_folder_is_read_again_if_another_has_a_future_time(
    store: ResultStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    os.utime(store.root / "fast", (now + 3_600, now + 3_600))
    os.utime(store.root / "full", (now, now))
    monkeypatch.setattr(time, "time_ns", lambda: int(now * 1e9))
    index = ResultIndex(store)
    assert len(index.newest_first()) == 10
    store.find("R04").summary.unlink()
    os.utime(store.root / "fast", (now + 3_600, now + 3_600))
    assert len(index.newest_first()) == 9


def test_a_summary_is_parsed_as_protobuf_parses_it(store: ResultStore) -> None:
    stored = store.find("R03")
    values = json.loads(stored.summary.read_text())
    values["metadata"].pop("snapshot_mode")
    expected = json_format.ParseDict(values | {"mode": f"RUN_MODE_{values['mode'].upper()}"}, result_pb2.Result())
    assert store.load(stored) == expected
    # A later version may write more fields.
    stored.summary.write_text(json.dumps(values | {"a_field_of_tomorrow": {"x": 1}}))
    assert store.load(stored) == expected


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"page_size": -1}, "page_size"),
        ({"page_token": "x"}, "page_token"),
        ({"filter": "pnl > 0"}, "filter"),
        ({"order_by": "findings"}, "order_by"),
    ],
)
async def test_invalid_requests_are_refused(results: ServiceClient, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(TickreelError) as caught:
        await results.call("ListResults", rpc.ListResultsRequest(**fields))
    assert [violation.field for violation in caught.value.violations] == [field]
