"""Exports of tables in every format: exact, reproducible, and made once for all clients."""

import asyncio
import csv
import json
import random
import shutil
from collections.abc import Iterable
from decimal import Decimal
from io import BytesIO, StringIO
from itertools import product
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from full_runs import Ticks, write_full_run
from serving import serving, settings_in
from tickreel.results import table_exports
from tickreel.results.exported_tables import TABLES
from tickreel.results.service import ResultsServicer
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.stores.results import ResultStore, to_json
from tickreel.stores.table_text import write_csv
from tickreel.v1 import result_pb2
from tickreel.v1 import results_service_pb2 as rpc

ROWS = 30_000
ROW_TABLES = tuple(name for name in TABLES if name != "summary")


@pytest.fixture(scope="module")
def made_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store with a full run F, which wrote only Parquet tables."""
    folder = tmp_path_factory.mktemp("made")
    write_full_run(ResultStore(folder / "results", folder / "tickdata"), "F", Ticks.random(ROWS))
    return folder


@pytest.fixture(autouse=True)
def run(made_run: Path, store: ResultStore) -> Path:
    """The folder of the run F in the store of the service."""
    return Path(shutil.copytree(made_run / "results/full/F", store.root / "full/F"))


async def export(results: ServiceClient, name: str, offset: int = 0, run_id: str = "F") -> bytes:
    request = rpc.ExportArtifactRequest(run_id=run_id, name=name, offset=offset)
    return b"".join([part.data async for part in results.stream("ExportArtifact", request)])


async def refusal(results: ServiceClient, name: str) -> TickreelError:
    with pytest.raises(TickreelError) as caught:
        await export(results, name)
    return caught.value


def as_texts(table: pa.Table) -> list[dict[str, str | bool | None]]:
    """Return the rows of a table as texts in the documented formats."""

    def text(name: str, value: Any) -> str | bool | None:
        if isinstance(value, bool):
            return value
        if isinstance(value, Decimal):
            spare = 8 if name.startswith("average_") else 0
            digits = f"{value:f}"
            return digits[:-spare] + digits[-spare:].rstrip("0") if spare else digits
        return None if value is None else str(value)

    columns: dict[str, list[str | bool | None]] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_timestamp(column.type):
            columns[name] = [
                None if ns is None else f"{np.datetime64(ns, 'ns')}Z" for ns in column.cast(pa.int64()).to_pylist()
            ]
        else:
            columns[name] = [text(name, value) for value in column.to_pylist()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@pytest.mark.parametrize("name", ROW_TABLES)
async def test_a_table_has_the_same_rows_in_every_format(run: Path, results: ServiceClient, name: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.iterdir()}
    kept = (run / f"{name}.parquet").read_bytes()
    expected = as_texts(pq.read_table(BytesIO(kept)))
    assert await export(results, f"{name}.parquet") == kept
    rows = csv.DictReader(StringIO((await export(results, f"{name}.csv")).decode(), newline=""))
    in_csv: dict[object, str] = {None: "", True: "true", False: "false"}
    assert list(rows) == [{key: in_csv.get(value, str(value)) for key, value in row.items()} for row in expected]
    parsed = json.loads(await export(results, f"{name}.json"))
    if name == "ticks":
        head = {
            "run_id": "F",
            "instrument": "BINANCE-FUTURES:PERPETUAL:BTC-USDT@LIN",
            "price_precision": 1,
            "size_precision": 3,
        }
        assert parsed == head | {"ticks": expected}
    elif name == "timeline":
        assert parsed == [row | {"data": json.loads(str(row["data"]))} for row in expected]
    else:
        assert parsed == expected
    # The files of the run are unchanged.
    assert {path: path.stat().st_mtime_ns for path in run.iterdir()} == before


async def test_the_summary_is_one_row_with_field_paths_as_columns(store: ResultStore, results: ServiceClient) -> None:
    store.discard("S")
    result = result_pb2.Result(
        run_id="S", mode=result_pb2.RUN_MODE_FAST, start="2024-05-17T22:00:00.000000001Z", instrument='A "quoted", one'
    )
    result.summary.pnl, result.summary.orders, result.summary.fees = "-0.00000012", 7, "0.00000000"
    result.summary.orders_unfilled["NO_LIQUIDITY"] = 3
    result.findings.add(severity=result_pb2.SEVERITY_WARNING, code="BOOK_OLD")
    store.commit(result, None, None)
    table = pq.read_table(BytesIO(await export(results, "summary.parquet", run_id="S")))
    (row,) = csv.DictReader(StringIO((await export(results, "summary.csv", run_id="S")).decode(), newline=""))
    assert list(row) == table.column_names
    assert {"run_id", "summary.pnl", "summary.orders_unfilled", "metadata.result_digest", "findings"} < set(row)
    assert (row["summary.pnl"], row["summary.fees"], row["summary.orders"]) == ("-0.00000012", "0.00000000", "7")
    assert (row["start"], row["end"], row["instrument"]) == ("2024-05-17T22:00:00.000000001Z", "", 'A "quoted", one')
    assert json.loads(row["summary.orders_unfilled"]) == {"NO_LIQUIDITY": 3}
    assert json.loads(row["findings"])[0]["code"] == "BOOK_OLD"
    assert table["summary.pnl"].to_pylist() == [Decimal("-0.00000012")]
    assert table["summary.pnl_usd"].to_pylist() == [None]
    assert json.loads(await export(results, "summary.json", run_id="S"))["summary"]["pnl"] == "-0.00000012"


async def test_a_missing_json_file_is_made_again_from_the_tables(store: ResultStore, run: Path, results: ServiceClient) -> None:
    result = store.load(store.find("F"))
    for name in ("orders.json", "ticks.json"):
        result.metadata.outputs[name] = f"/somewhere/else/{name}"
    (run / "summary.json").write_text(to_json(result))
    (run / "orders.json").write_bytes(b"[]")
    assert await export(results, "orders.json") == b"[]"
    (run / "orders.json").unlink()
    assert len(json.loads(await export(results, "orders.json"))) == ROWS
    assert len(json.loads(await export(results, "ticks.json"))["ticks"]) == ROWS


@pytest.mark.parametrize("name", ["orders.csv", "ticks.json"])
async def test_an_export_resumes_after_any_break(tmp_path: Path, name: str) -> None:
    """Streams break, the service restarts, and its derived files are lost: every byte still arrives exactly once."""
    breaks = random.Random(6)
    derived, settings = tmp_path / "state/results/derived", settings_in(tmp_path)
    async with serving("results", ResultsServicer, settings) as results:
        whole = await export(results, name)
    arrived, total = b"", len(whole) + 1
    while len(arrived) < total:
        if breaks.random() < 0.5:
            shutil.rmtree(derived)
        async with serving("results", ResultsServicer, settings) as results:
            for _ in range(2):
                left = breaks.randrange(3)
                request = rpc.ExportArtifactRequest(run_id="F", name=name, offset=len(arrived))
                async for part in results.stream("ExportArtifact", request):
                    total = part.total_bytes or total
                    arrived += part.data
                    left -= 1
                    if left < 0:
                        break
    assert arrived == whole
    # The next start removes partial files of interrupted exports.
    async with serving("results", ResultsServicer, settings):
        assert list(derived.glob(".*")) == []


async def test_a_file_is_made_once_for_all_clients_and_reports_progress(
    results: ServiceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def write(file: BinaryIO, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        write_csv(file, schema, batches)
        made.append(file.tell())

    monkeypatch.setattr(table_exports, "write_csv", write)
    monkeypatch.setattr(table_exports, "_PROGRESS_SECONDS", 0)

    async def ask() -> list[rpc.ExportArtifactResponse]:
        return [
            part async for part in results.stream("ExportArtifact", rpc.ExportArtifactRequest(run_id="F", name="orders.csv"))
        ]

    answers = await asyncio.gather(*(ask() for _ in range(4)))
    (content,) = {b"".join(part.data for part in answer) for answer in answers}
    assert made == [len(content)]
    for answer in answers:
        progress = [part for part in answer if not part.total_bytes]
        assert {part.total_rows for part in progress} <= {ROWS}
        assert [part.made_rows for part in progress] == sorted(part.made_rows for part in progress)
        assert all(not part.data and part.made_rows <= ROWS for part in progress)
        assert all(part.data and not part.total_rows for part in answer[len(progress) :])
    assert any(not answer[0].total_bytes for answer in answers)
    # A cached file is sent without progress.
    assert all(part.total_bytes for part in await ask())


async def test_a_client_that_hangs_up_does_not_stop_the_export(results: ServiceClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_exports, "_PROGRESS_SECONDS", 0)
    request = rpc.ExportArtifactRequest(run_id="F", name="timeline.csv")
    async for part in results.stream("ExportArtifact", request):
        assert not part.total_bytes
        break
    assert (await export(results, "timeline.csv")).startswith(b"ts,event,data,ts_recorded,trade_row\n")


async def test_an_export_that_cannot_be_written_is_refused_and_can_be_retried(tmp_path: Path, results: ServiceClient) -> None:
    derived = tmp_path / "state/results/derived"
    derived.parent.mkdir(parents=True)
    derived.touch()
    assert (await refusal(results, "fills.csv")).reason == "STORE_NOT_WRITABLE"
    derived.unlink()
    assert (await export(results, "fills.csv")).startswith(b"id,order_id,ts")


async def test_a_missing_or_corrupt_table_is_refused(run: Path, results: ServiceClient) -> None:
    (run / "fills.parquet").unlink()
    (run / "equity.parquet").write_bytes(b"PAR1")
    for name, form in product(("fills", "equity"), ("csv", "json")):
        error = await refusal(results, f"{name}.{form}")
        assert (error.reason, error.metadata) == ("DATA_CHANGED", {"run_id": "F"})


@pytest.mark.parametrize("name", ["orders", "orders.txt", "orders.csv.gz", "trades.csv", "Orders.csv", ".csv", "../orders.csv"])
async def test_an_unknown_name_is_refused_with_the_known_names(results: ServiceClient, name: str) -> None:
    error = await refusal(results, name)
    assert error.reason == "NOT_FOUND"
    assert (
        "can export summary, orders, order_updates, fills, positions, timeline, equity and ticks as .json, .csv or .parquet"
        in error.message
    )
