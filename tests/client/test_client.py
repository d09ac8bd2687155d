"""The Python client against real services, also while an event loop runs, as in a notebook."""

import json
import math
import sys
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from live import live
from recordings import BTC, DAY, NOON, RawFolder, trades
from run_configs import run_config
from stack import Stack, stack
from tickreel.client import Client, TickreelError
from tickreel.client.calls import Service
from tickreel.results.artifact import PART_BYTES
from tickreel.v1 import job_pb2, result_pb2, results_service_pb2, run_pb2, verification_pb2

ROWS = 2_000
# Enough rows that a run is still replaying when a test cancels it.
MANY_ROWS = 30_000
CONFIG = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")
LONG = run_config(BTC, "2024-07-20T00:00:00Z", "2024-07-20T23:59:59Z")
TWO_DAYS = 2 * 86_400_000_000


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("services")
    raw = RawFolder(folder / "data_downloads")
    raw.write(trades(ROWS))
    clock = [NOON + TWO_DAYS + row for row in range(MANY_ROWS)]
    raw.write(trades(MANY_ROWS, timestamp=clock, local_timestamp=clock), day="2024-07-20")
    with live(lambda: stack(folder)) as running:
        yield running


@pytest.fixture
def client(services: Stack) -> Iterator[Client]:
    with Client(services.runner.address, results=services.results.address) as made:
        yield made


@pytest.fixture(scope="module")
def full(services: Stack) -> run_pb2.Run:
    """A finished full run."""
    with Client(services.runner.address) as made:
        return made.run(CONFIG, snapshot_mode="trades", mode="full")


def parquet(run: run_pb2.Run, name: str) -> pa.Table:
    return pq.read_table(run.result.metadata.outputs[name])


async def test_a_run_is_watched_to_its_end_while_an_event_loop_runs(client: Client) -> None:
    seen: list[run_pb2.Run] = []
    run = client.run(CONFIG, snapshot_mode="trades", on_progress=seen.append)
    assert run.state == job_pb2.JOB_STATE_SUCCEEDED
    assert run.result.summary.orders == ROWS
    assert run.result.mode == result_pb2.RUN_MODE_FAST
    assert {one.run_id for one in seen} == {run.run_id}
    assert seen[-1] == run
    assert client.result(run.run_id) == run.result
    assert list(client.watch(run.run_id)) == [run]


def test_a_run_is_verified(client: Client, full: run_pb2.Run) -> None:
    seen: list[run_pb2.Run] = []
    found = client.verify(full.run_id, on_progress=seen.append)
    assert (found.verdict, found.orders) == (verification_pb2.VERDICT_EQUAL, ROWS)
    assert seen[-1].verified_run_id == full.run_id
    with pytest.raises(TickreelError, match="there is no result 'NO_SUCH_RUN'"):
        client.verify("NO_SUCH_RUN")


def test_a_run_outlives_its_result(client: Client) -> None:
    run = client.run(CONFIG, snapshot_mode="trades", mode="full")
    assert client.annotate(run.run_id, notes="to be deleted", tags=["a"]).notes == "to be deleted"
    assert list(client.annotate(run.run_id, notes="").tags) == ["a"]
    client.delete_result(run.run_id)
    for read in (client.result, client.orders, client.ticks, client.delete_result):
        with pytest.raises(TickreelError, match="was deleted") as caught:
            read(run.run_id)
        assert caught.value.reason == "RESULT_DELETED"
    assert list(client.watch(run.run_id)) == [run]


def test_a_config_file_keeps_its_name_and_its_window_can_be_replaced(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))
    start, end = f"{DAY}T12:00:00.000000001Z", datetime.fromisoformat(f"{DAY}T12:00:00.099999+00:00")
    run = client.run(path, snapshot_mode="trades", start=start, end=end)
    assert run.options.config_path == run.result.metadata.config_path == str(path)
    assert run.result.start == start
    assert run.result.summary.trade_rows == 99
    checked = client.create(str(path), snapshot_mode="trades", mode="full", dataset=f"day-{DAY}", validate_only=True)
    assert (checked.run_id, checked.options.dataset, checked.options.export_ticks) == ("", f"day-{DAY}", True)


def test_the_tables_of_a_full_run_are_its_files(client: Client, full: run_pb2.Run) -> None:
    assert client.orders(full.run_id) == parquet(full, "orders.parquet")
    assert client.fills(full.run_id) == parquet(full, "fills.parquet")
    assert client.equity(full.run_id) == parquet(full, "equity.parquet")
    assert client.positions(full.run_id) == parquet(full, "positions.parquet")
    assert client.positions(full.run_id, floats=True).index.name == "ts_opened"
    assert client.order_updates(full.run_id) == parquet(full, "order_updates.parquet")
    assert client.order_updates(full.run_id).num_rows == 0
    assert client.orders(full.run_id).num_rows == ROWS


def as_text(table: pa.Table, column: str) -> list[str | None]:
    return table[column].cast(pa.string()).to_pylist()


def test_the_ticks_of_full_and_fast_runs_are_the_rows_replayed(client: Client, services: Stack, full: run_pb2.Run) -> None:
    ticks, kept = client.ticks(full.run_id), parquet(full, "ticks.parquet")
    assert ticks.schema.names == kept.schema.names
    assert ticks.schema.field("price").type == kept.schema.field("price").type == pa.decimal128(38, 1)
    assert ticks.schema.field("ts_init").type == pa.timestamp("ns", tz="UTC")
    for name in kept.schema.names:
        assert as_text(ticks, name) == as_text(kept, name), name
    fast = client.run(CONFIG, snapshot_mode="trades")
    assert client.ticks(fast.run_id) == ticks
    results = Service("results", services.results.address)
    for run, count in ((full, ROWS), (fast, 0)):
        make_request = partial(results_service_pb2.StreamTicksRequest, run_id=run.run_id, markers=True)
        chunks = list(results.stream("StreamTicks", make_request))
        assert sum(len(chunk.trades.price) for chunk in chunks) == ROWS
        assert sum(len(chunk.markers.first_order) for chunk in chunks) == count
    results.close()
    for columns in (["side", "price"], ["trade_row"], ["ts_recorded", "trade_row"]):
        assert client.ticks(full.run_id, columns) == ticks.select(columns)
    assert ticks["trade_row"].to_pylist() == list(range(ROWS))
    assert ticks["ts_recorded"].cast(pa.int64()).to_pylist() == [(NOON + 1_000 * row) * 1_000 for row in range(ROWS)]
    first = ticks.slice(0, 1).to_pylist()[0]
    assert (first["price"], first["size"], first["side"]) == (Decimal("64000.5"), Decimal("0.001"), "sell")
    assert ticks["ts_init"].cast(pa.int64())[1].as_py() == (NOON + 1000) * 1000


def test_the_tables_of_a_fast_run_are_refused(client: Client) -> None:
    run = client.run(CONFIG, snapshot_mode="trades")
    for table in (client.orders, client.fills, client.equity):
        with pytest.raises(TickreelError, match="was made in fast mode") as caught:
            table(run.run_id)
        assert caught.value.reason == "TABLE_NOT_KEPT"


def test_exported_ticks_of_a_fast_run_equal_those_of_a_full_run(client: Client, full: run_pb2.Run, tmp_path: Path) -> None:
    fast = client.run(CONFIG, snapshot_mode="trades")
    exported = client.export(fast.run_id, "ticks.json", tmp_path / "fast.json").read_text()
    written = client.export(full.run_id, "ticks.json", tmp_path / "full.json").read_text()
    assert exported.replace(fast.run_id, full.run_id) == written
    table = pq.read_table(client.export(fast.run_id, "ticks.parquet", tmp_path / "fast.parquet"))
    assert table == parquet(full, "ticks.parquet")


def test_every_file_of_a_run_can_be_downloaded(
    client: Client, full: run_pb2.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, original in full.result.metadata.outputs.items():
        path = client.export(full.run_id, name)
        assert path == Path(f"{full.run_id}.{name}")
        assert path.read_bytes() == Path(original).read_bytes()
    progress: list[tuple[int, int]] = []
    path = client.export(full.run_id, "timeline.json", tmp_path, on_progress=lambda *at: progress.append(at))
    assert path == tmp_path / f"{full.run_id}.timeline.json"
    size = path.stat().st_size
    assert progress == [(PART_BYTES, size), (size, size)] if size > PART_BYTES else [(size, size)]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"snapshot_mode": "ticks"}, "snapshot_mode"),
        ({"snapshot_mode": "unspecified"}, "snapshot_mode"),
        ({"snapshot_mode": None}, "snapshot_mode"),
        ({"snapshot_mode": "trades", "mode": "whole"}, "mode"),
        ({"snapshot_mode": "trades", "start": "2024-07-18"}, "start"),
        ({"snapshot_mode": "trades", "end": datetime(2024, 7, 18)}, "end"),
        ({"snapshot_mode": "trades", "end": 1721260800}, "end"),
    ],
)
def test_an_invalid_argument_is_refused(client: Client, options: dict[str, Any], field: str) -> None:
    with pytest.raises(TickreelError, match=f"^{field}: is ") as caught:
        client.run(CONFIG, **options)
    assert caught.value.reason == "INVALID_REQUEST"


def test_a_config_is_refused_with_all_its_problems(client: Client) -> None:
    wrong = CONFIG | {"venue": CONFIG["venue"] | {"oms_type": "HEDGE", "taker_fee": "free"}}
    with pytest.raises(TickreelError) as caught:
        client.run(wrong, snapshot_mode="trades")
    assert caught.value.reason == "CONFIG_INVALID"
    assert {violation.field for violation in caught.value.violations} == {"venue.oms_type", "venue.taker_fee"}


@pytest.mark.parametrize("value", [math.nan, 2**60, Decimal(1), {1, 2}, "half a pair \ud800"], ids=repr)
def test_a_value_that_is_not_json_is_refused_before_the_call(client: Client, value: object) -> None:
    with pytest.raises(TickreelError) as caught:
        client.run(CONFIG | {"seed": value}, snapshot_mode="trades")
    assert caught.value.reason == "CONFIG_INVALID"


def test_a_missing_config_file_is_refused(client: Client, tmp_path: Path) -> None:
    with pytest.raises(TickreelError, match="cannot be read") as caught:
        client.run(tmp_path / "none.json", snapshot_mode="trades")
    assert caught.value.reason == "CONFIG_INVALID"


def test_a_failed_run_raises_its_reason(client: Client, services: Stack) -> None:
    day = "2024-07-25"
    clock = [NOON + 7 * 86_400_000_000 + row for row in range(10)]
    raw = RawFolder(services.settings.data_root)
    raw.write(trades(10, timestamp=clock, local_timestamp=clock, side=["unknown"] * 10), day=day)
    with pytest.raises(TickreelError, match=r"^run BNF_BTC_20240725.*: ") as caught:
        client.run(run_config(BTC, f"{day}T00:00:00Z", f"{day}T23:59:59Z"), snapshot_mode="trades")
    assert caught.value.reason == "DATA_REFUSED"


def test_a_cancelled_run_raises(client: Client) -> None:
    def cancel(run: run_pb2.Run) -> None:
        if run.state in (job_pb2.JOB_STATE_QUEUED, job_pb2.JOB_STATE_RUNNING):
            client.cancel(run.run_id)

    with pytest.raises(TickreelError, match="was cancelled") as caught:
        client.run(LONG, snapshot_mode="trades", on_progress=cancel)
    assert (caught.value.reason, caught.value.metadata["state"]) == ("JOB_ENDED", "CANCELLED")


def test_a_keyboard_interrupt_cancels_the_run(client: Client) -> None:
    seen: list[str] = []

    def interrupt(run: run_pb2.Run) -> None:
        seen.append(run.run_id)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.run(LONG, snapshot_mode="trades", on_progress=interrupt)
    assert [run.state for run in client.watch(seen[0])] == [job_pb2.JOB_STATE_CANCELLED]


def test_an_unknown_run_is_refused(client: Client, tmp_path: Path) -> None:
    for call in (client.result, client.orders, client.ticks, client.cancel, lambda run_id: list(client.watch(run_id))):
        with pytest.raises(TickreelError) as caught:
            call("BNF_BTC_none")
        assert caught.value.reason == "NOT_FOUND"
    with pytest.raises(TickreelError, match="there is no result"):
        client.export("BNF_BTC_none", "orders.parquet", tmp_path / "orders.parquet")
    assert list(tmp_path.iterdir()) == []


def test_addresses_come_from_the_environment(services: Stack, full: run_pb2.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKREEL_RUNNER_ADDRESS", services.runner.address)
    monkeypatch.setenv("TICKREEL_RESULTS_ADDRESS", services.results.address)
    with Client() as client:
        assert client.result(full.run_id) == full.result
        assert next(client.watch(full.run_id)) == full


def test_without_a_service_calls_fail_at_once() -> None:
    with Client("127.0.0.1:1", results="127.0.0.1:1") as client:
        for call, service in ((lambda: list(client.watch("R")), "runner"), (lambda: client.ticks("R"), "results")):
            with pytest.raises(TickreelError, match=f"the {service} service at 127.0.0.1:1 does not answer") as caught:
                call()
            assert caught.value.reason == "SERVICE_UNAVAILABLE"


def test_without_pyarrow_the_error_names_the_extra(client: Client, full: run_pb2.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    for table in (client.orders, client.fills, client.equity, client.ticks):
        with pytest.raises(ModuleNotFoundError, match=r"pip install 'tickreel\[notebook\]'"):
            table(full.run_id)
    assert client.result(full.run_id).run_id == full.run_id
