"""Amounts beyond the number types of the engine are refused before the replay if possible; else the run fails with a reason."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from recordings import BTC, DAY, RawFolder, trades
from run_configs import market_config
from stack import stack
from tickreel.engine.catalog_format import MAX_SIZE
from tickreel.engine.error_log import MAX_MONEY
from tickreel.v1 import job_pb2, results_service_pb2, run_pb2

INVERSE = "BITMEX:PERPETUAL:BTC-USD"
WINDOW = (f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")


async def failed(raw: RawFolder, folder: Path, config: dict[str, Any], name: str = BTC, **columns: Any) -> run_pb2.Run:
    rows = len(next(iter(columns.values())))
    raw.write(trades(rows, **columns), name=name)
    async with stack(folder) as services:
        run = await services.finish(config)
    assert run.state == job_pb2.JOB_STATE_FAILED
    return run


@pytest.mark.parametrize(
    ("multiplier", "price", "field"),
    [(1.0, 6.4e12, "time_window"), (1_000_000.0, 64_000.0, "instrument.multiplier"), (0.01, 9e12, "time_window")],
)
async def test_an_order_beyond_the_engines_largest_amount_is_refused_before_the_replay(
    raw: RawFolder, tmp_path: Path, multiplier: float, price: float, field: str
) -> None:
    config = market_config(BTC, *WINDOW, price_precision=0, size_precision=0, instrument__multiplier=multiplier)
    run = await failed(raw, tmp_path, config, price=[1.0, 1.0, price], amount=[1.0, 1.0, 1e8])
    failure = run.failure
    assert failure.reason == "DATA_REFUSED"
    assert f"\n  {field}: the trade row at {DAY}T12:00:00.002000000Z has" in failure.message
    assert f"price {price:.0f} and size 100000000" in failure.message
    assert f"beyond {MAX_MONEY} USDT" in failure.message
    assert failure.metadata["bound"] == str(MAX_MONEY)


async def test_an_inverse_order_is_worth_less_at_a_higher_price(raw: RawFolder, tmp_path: Path) -> None:
    config = market_config(
        INVERSE, *WINDOW, suffix="@INV", price_precision=1, size_precision=0, venue__base_currency="BTC", fx_stub__USDT_USD=1.0
    )
    run = await failed(raw, tmp_path, config, INVERSE, price=[10.0, 0.1], amount=[1e13, 1e13])
    assert run.failure.reason == "DATA_REFUSED"
    assert "price 0.1 and size 10000000000000" in run.failure.message
    assert "size x instrument.multiplier / price" in run.failure.message


async def test_a_position_at_which_the_engine_aborts_fails_with_its_message(raw: RawFolder, tmp_path: Path) -> None:
    config = market_config(BTC, *WINDOW, price_precision=1, size_precision=0)
    run = await failed(raw, tmp_path, config, price=[0.1] * 6, amount=[1e13] * 6, side=["buy"] * 6)
    assert run.failure.reason == "ENGINE_ABORTED"
    assert f"not in range [0, {MAX_SIZE}], was 40000000000000" in run.failure.message
    assert "the position exceeded it" in run.failure.message


async def test_a_profit_beyond_the_engines_largest_amount_fails_with_its_message(raw: RawFolder, tmp_path: Path) -> None:
    config = market_config(BTC, *WINDOW, price_precision=1, size_precision=0)
    run = await failed(raw, tmp_path, config, price=[1.0, 1.7] * 4, amount=[1e13] * 8, side=["buy", "sell"] * 4)
    assert run.failure.reason == "REPLAY_FAILED"
    assert "Money bounds" in run.failure.message or "for Money" in run.failure.message
    assert f"the engine's money holds at most {MAX_MONEY}" in run.failure.message


async def test_ticks_and_markers_have_as_many_decimals_as_fit_into_64_bits(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(20))
    config = market_config(BTC, *WINDOW, price_precision=16, size_precision=16)
    async with stack(tmp_path) as services:
        runs = [await services.finish(config, mode) for mode in ("fast", "full")]
        for run in runs:
            assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
            request = results_service_pb2.StreamTicksRequest(run_id=run.run_id)
            (chunk,) = [chunk async for chunk in services.results.stream("StreamTicks", request)]
            columns = chunk.trades
            assert columns.price_precision == 14
            assert list(columns.price) == [640_005 * 10**13 + row * 10**14 for row in range(20)]
            sizes = [Decimal(size).scaleb(-columns.size_precision) for size in columns.size]
            assert sizes == [Decimal(row + 1) / 1000 for row in range(20)]
        sampled = await services.results.call("SampleTicks", results_service_pb2.SampleTicksRequest(run_id=runs[1].run_id))
        drawn = sampled.markers
        assert drawn.price_precision == 14
        assert list(drawn.price_low) == list(sampled.trades.price)
        assert [Decimal(size).scaleb(-drawn.filled_precision) for size in drawn.filled_size] == sizes
