"""The result of a run is independent of how it was executed; its tables agree with each other and with the engine."""

import json
import shutil
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from recordings import BTC, DAY, NOON, RawFolder, needs_real_data, real_data, trades
from run_configs import run_config
from stack import stack
from tickreel.results.ticks import RunTicks
from tickreel.rpc.errors import TickreelError
from tickreel.stores.catalog import CatalogStore
from tickreel.v1 import job_pb2, results_service_pb2, run_pb2

CONFIG = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")
CENT = Decimal("1e-8")


def succeeded(run: run_pb2.Run) -> run_pb2.Run:
    assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
    return run


def closed_form(path: Path, fee: str, price_step: str, size_step: str) -> dict[str, Decimal]:
    """Return the figures if every order fills completely at the price of its row, computed with decimals from the raw rows."""
    table = pq.ParquetFile(path).read(["price", "amount", "side"]).to_pydict()
    cash = fees = position = peak = drawdown = equity = Decimal(0)
    for raw_price, raw_amount, side in zip(table["price"], table["amount"], table["side"], strict=True):
        price = Decimal(repr(raw_price)).quantize(Decimal(price_step))
        size = Decimal(repr(raw_amount)).quantize(Decimal(size_step)) * (1 if side == "buy" else -1)
        cash -= price * size
        position += size
        fees += abs(price * size * Decimal(fee)).quantize(CENT, ROUND_HALF_EVEN)
        equity = cash + position * price - fees
        peak = max(peak, equity)
        drawdown = max(drawdown, peak - equity)
    return {"fees": fees, "final_position": position, "pnl": equity, "max_drawdown": drawdown}


async def test_the_result_is_independent_of_mode_chunk_size_and_catalog(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(3_000, local_timestamp=[NOON + row // 7 for row in range(3_000)]))
    digests = {}
    async with stack(tmp_path) as services:
        fast = succeeded(await services.finish(CONFIG))
        full = succeeded(await services.finish(CONFIG, "full"))
        shutil.rmtree(tmp_path / "parquet")
        digests["after the catalog was deleted"] = succeeded(await services.finish(CONFIG))
        finer = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z", price_precision=3)
        other_label = succeeded(await services.finish(finer))
    async with stack(tmp_path, TICKREEL_REPLAY_CHUNK="17", TICKREEL_STATE_PATH=str(tmp_path / "other")) as services:
        digests["with another chunk size, by other services"] = succeeded(await services.finish(CONFIG))
    digests["in full mode"] = full
    for way, run in digests.items():
        assert run.result.metadata.result_digest == fast.result.metadata.result_digest, way
        assert run.result.metadata.data_digest == fast.result.metadata.data_digest, way
        assert run.result.summary == fast.result.summary, way
    assert other_label.result.metadata.data_digest == fast.result.metadata.data_digest
    assert other_label.result.metadata.config_digest != fast.result.metadata.config_digest


async def test_a_changed_price_changes_the_digests(raw: RawFolder, tmp_path: Path) -> None:
    table = trades(50)
    async with stack(tmp_path) as services:
        raw.write(table)
        before = succeeded(await services.finish(CONFIG))
        raw.write(trades(50, price=[64_000.5 + row + (row == 20) * 0.1 for row in range(50)]))
        after = succeeded(await services.finish(CONFIG))
    assert before.result.metadata.config_digest == after.result.metadata.config_digest
    assert before.result.metadata.data_digest != after.result.metadata.data_digest
    assert before.result.metadata.result_digest != after.result.metadata.result_digest


async def test_the_tables_of_a_full_run_agree_with_each_other(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(700))
    async with stack(tmp_path) as services:
        run = succeeded(await services.finish(CONFIG, "full"))
    folder = tmp_path / "results/full" / run.run_id
    orders = json.loads((folder / "orders.json").read_text())
    timeline = json.loads((folder / "timeline.json").read_text())
    ticks = json.loads((tmp_path / "tickdata" / f"{run.run_id}.json").read_text())
    assert [order["id"] for order in orders] == [str(number) for number in range(1, 701)]
    assert [event["event"] for event in timeline] == ["Trade", "Order", "Fill"] * 700
    assert [event["ts"] for event in timeline] == sorted(event["ts"] for event in timeline)
    prices = [tick["price"] for tick in ticks["ticks"]]
    assert prices == [order["price"] for order in orders]
    assert prices == [event["data"]["price"] for event in timeline if event["event"] == "Fill"]
    assert (ticks["price_precision"], ticks["size_precision"]) == (1, 3)
    assert {order["status"] for order in orders} == {"filled"}
    assert sum(Decimal(order["fees"]) for order in orders) == Decimal(run.result.summary.fees)
    equity = pq.read_table(folder / "equity.parquet").to_pylist()
    assert len(equity) == 700
    assert equity[-1]["equity"] == Decimal(run.result.summary.final_equity)
    assert max(row["drawdown"] for row in equity) == Decimal(run.result.summary.max_drawdown)
    start = Decimal(run.result.summary.starting_equity)
    for row in equity:
        assert row["equity"] == start + row["realized_pnl"] + row["unrealized_pnl"] - row["fees"]
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["summary"]["orders"] == 700
    for path in run.result.metadata.outputs.values():
        assert Path(path).is_file(), path
    fills = pq.read_table(folder / "fills.parquet").to_pydict()
    assert fills["order_id"] == list(range(1, 701))


async def test_a_fast_run_exports_ticks_on_request(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(30))
    async with stack(tmp_path) as services:
        run = succeeded(await services.finish(CONFIG, options=run_pb2.RunOptions(export_ticks=True)))
    ticks = json.loads((tmp_path / "tickdata" / f"{run.run_id}.json").read_text())
    assert len(ticks["ticks"]) == 30
    left = {path.name for path in (tmp_path / "results").rglob("*") if path.is_file()}
    assert left == {f"{run.run_id}.json", "config.json", "marks.bin"}


async def test_a_window_includes_all_rows_of_its_first_and_last_instant(raw: RawFolder, tmp_path: Path) -> None:
    times = [NOON] * 3 + [NOON + 1] * 1_500 + [NOON + 2] * 4 + [NOON + 5_000_000]
    raw.write(trades(len(times), local_timestamp=times))
    async with stack(tmp_path) as services:
        for start, end, rows in (
            (f"{DAY}T12:00:00Z", f"{DAY}T12:00:00.000001Z", 1_503),
            (f"{DAY}T12:00:00.000002Z", f"{DAY}T12:00:00.000002Z", 4),
            (f"{DAY}T12:00:00.000001Z", f"{DAY}T12:00:05Z", 1_505),
        ):
            run = succeeded(await services.finish(run_config(BTC, start, end)))
            assert run.result.summary.orders == rows


async def test_when_the_account_runs_dry_orders_are_denied_as_by_the_engine(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(200, amount=[1.0] * 200))
    config = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z", starting_balance=500)
    async with stack(tmp_path) as services:
        run = succeeded(await services.finish(config))
    summary = run.result.summary
    denied = summary.orders_unfilled["INITIAL_MARGIN_EXCEEDS_FREE_BALANCE"]
    assert denied > 0
    assert summary.orders_filled + denied == summary.orders == 200
    assert "ORDERS_DENIED" in {finding.code for finding in run.result.findings}


async def test_a_stream_of_ticks_is_complete_and_resumes_after_a_cursor(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(36_000))
    async with stack(tmp_path) as services:
        short = run_config(BTC, f"{DAY}T12:00:00.500Z", f"{DAY}T12:00:35Z")
        run = succeeded(await services.finish(short))
        chunks = []
        async for chunk in services.results.stream("StreamTicks", results_service_pb2.StreamTicksRequest(run_id=run.run_id)):
            chunks.append(chunk)
        ids = [trade_id for chunk in chunks for trade_id in chunk.trades.trade_id]
        assert len(ids) == run.result.summary.trade_rows == chunks[0].total_rows
        assert len(chunks) > 1
        request = results_service_pb2.StreamTicksRequest(run_id=run.run_id, cursor=chunks[0].cursor)
        rest = [chunk async for chunk in services.results.stream("StreamTicks", request)]
    assert [trade_id for chunk in rest for trade_id in chunk.trades.trade_id] == ids[len(chunks[0].trades.trade_id) :]
    first = chunks[0].trades
    assert first.price[0] * 10**-first.price_precision == pytest.approx(64_000.5 + int(first.trade_id[0]) - 100)


async def test_a_full_run_streams_its_own_ticks_and_a_fast_run_those_of_the_catalog(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(40, side=["buy", "sell"] * 20))
    async with stack(tmp_path) as services:

        async def ticks(run: run_pb2.Run) -> list[results_service_pb2.StreamTicksResponse]:
            request = results_service_pb2.StreamTicksRequest(run_id=run.run_id)
            return [chunk async for chunk in services.results.stream("StreamTicks", request)]

        fast, full = succeeded(await services.finish(CONFIG)), succeeded(await services.finish(CONFIG, "full"))
        assert await ticks(fast) == await ticks(full)
        shutil.rmtree(tmp_path / "parquet")
        assert sum(len(chunk.trades.price) for chunk in await ticks(full)) == 40
        with pytest.raises(TickreelError) as refusal:
            await ticks(fast)
    assert refusal.value.reason == "DATA_CHANGED"
    assert "repeat the run to convert them again" in refusal.value.message


async def test_ticks_of_a_catalog_file_with_other_rows_are_refused(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(40))
    async with stack(tmp_path) as services:
        fast = succeeded(await services.finish(CONFIG)).result
        ticks = RunTicks(fast, tmp_path / "none", CatalogStore(services.settings.catalog_root))
        assert ticks.schema.names
        raw.write(trades(40, price=[64_000.5] * 40))
        assert (await services.finish(CONFIG)).result.metadata.data_files[0].path == fast.metadata.data_files[0].path
    with pytest.raises(TickreelError, match="was converted again from other data") as refusal:
        list(ticks.batches())
    assert refusal.value.reason == "DATA_CHANGED"


async def test_a_list_entry_has_the_figures_of_the_run(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(20))
    async with stack(tmp_path) as services:
        runs = [succeeded(await services.finish(CONFIG, mode)) for mode in ("fast", "full")]
        listed = await services.results.call("ListResults", results_service_pb2.ListResultsRequest(page_size=1))
        request = results_service_pb2.ListResultsRequest(page_size=1, page_token=listed.next_page_token)
        older = await services.results.call("ListResults", request)
    for entry, run in zip((*listed.results, *older.results), reversed(runs), strict=True):
        metadata, summary = run.result.metadata, run.result.summary
        assert (entry.run_id, entry.mode, entry.snapshot_mode) == (run.run_id, run.result.mode, metadata.snapshot_mode)
        assert (entry.instrument, entry.strategy) == (run.result.instrument, metadata.strategy)
        assert (entry.replay_start, entry.replay_end) == (metadata.replay_start, metadata.replay_end)
        assert (entry.figures.orders, entry.figures.fills) == (summary.orders, summary.fills)
        assert (entry.figures.pnl, entry.figures.max_drawdown) == (summary.pnl, summary.max_drawdown)
        assert (entry.figures.currency, entry.figures.pnl_sketch) == (metadata.currency, summary.pnl_sketch)
    assert not older.next_page_token


@needs_real_data
async def test_a_real_day_agrees_with_exact_decimals_and_with_the_engine(tmp_path: Path) -> None:
    (tmp_path / "data_downloads").symlink_to(real_data())
    config = run_config(BTC, "2020-02-22T00:00:00Z", "2020-02-22T23:59:59.999999Z", price_precision=2)
    async with stack(tmp_path) as services:
        run = succeeded(await services.finish(config))
    day = real_data() / f"raw_tick_data/by_date/day-2020-02-22/data_type-trades/{BTC}.parquet"
    summary = run.result.summary
    assert (summary.orders, summary.orders_filled, summary.fills) == (137_988, 137_988, 137_988)
    for name, value in closed_form(day, "0.0004", "0.01", "0.001").items():
        assert Decimal(getattr(summary, name)) == value, name
    # The ledger compares the engine's fee of each fill with ours.
    assert "FEES_DIFFER" not in {finding.code for finding in run.result.findings}


@needs_real_data
async def test_a_real_window_over_midnight_has_the_same_rows_in_all_files(tmp_path: Path) -> None:
    (tmp_path / "data_downloads").symlink_to(real_data())
    config = run_config(BTC, "2024-07-18T23:57:00Z", "2024-07-19T00:06:00Z")
    async with stack(tmp_path) as services:
        run = succeeded(await services.finish(config, "full"))
    folder = tmp_path / "results/full" / run.run_id
    timeline = json.loads((folder / "timeline.json").read_text())
    ticks = json.loads((tmp_path / "tickdata" / f"{run.run_id}.json").read_text())
    assert run.result.summary.orders == 10_701
    assert len(json.loads((folder / "orders.json").read_text())) == 10_701
    assert sum(event["event"] == "Order" for event in timeline) == 10_701
    assert len(ticks["ticks"]) == 10_701
    # The sums of the engine's fill events equal the figures of the summary.
    fills = pq.read_table(folder / "fills.parquet", columns=["side", "price", "amount", "engine_fee"]).to_pydict()
    signs = [1 if side == "buy" else -1 for side in fills["side"]]
    assert sum(fills["engine_fee"]) == Decimal(run.result.summary.fees)
    position = sum(sign * amount for sign, amount in zip(signs, fills["amount"], strict=True))
    assert position == Decimal(run.result.summary.final_position)
    cash = -sum(sign * a * p for sign, a, p in zip(signs, fills["amount"], fills["price"], strict=True))
    equity = cash + position * Decimal(ticks["ticks"][-1]["price"]) - sum(fills["engine_fee"])
    assert equity == Decimal(run.result.summary.pnl)
