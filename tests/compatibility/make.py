"""Make a set of fixtures with the version in this checkout.

PYTHONPATH=tests .venv/bin/python -m compatibility.make FOLDER

Writes raw data, a catalog, journals and results, and the answers of the services to `expected.json`. FOLDER must not exist.
Results record its absolute path, so choose one outside home directories.
"""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from google.protobuf import json_format

from compatibility.answers import answers
from recordings import DAY, RawFolder, books, micros, trades
from run_configs import market_config
from serving import serving
from stack import Stack, stack
from tickreel.catalog.service import CatalogServicer
from tickreel.v1 import (
    conversion_pb2,
    converter_service_pb2,
    job_pb2,
    market_data_pb2,
    result_pb2,
    results_service_pb2,
    run_pb2,
    runner_service_pb2,
)

LINEAR, OVERLAPPING = "BINANCE-FUTURES:PERPETUAL:BTC-USDT", "BINANCE-FUTURES:PERPETUAL:ETH-USDT"
INVERSE, SPOT = "BITMEX:PERPETUAL:BTC-USD", "BINANCE:SPOT_PAIR:NEXO-USDT"
SIDELESS, FINE = "BINANCE-FUTURES:PERPETUAL:SOL-USDT", "BINANCE-FUTURES:PERPETUAL:XRP-USDT"
NEXT_DAY = "2024-07-19"
ROWS = 80
TIMES = "mtimes.json"

_WHOLE_DAY = (f"{DAY}T00:00:00Z", f"{DAY}T23:59:59.999999Z")
_TWO_DAYS = (f"{DAY}T00:00:00Z", f"{NEXT_DAY}T23:59:59.999999Z")
_INVERSE: dict[str, Any] = {
    "suffix": "@INV",
    "fee": 0.00075,
    "size_precision": 0,
    "venue__base_currency": "BTC",
    "venue__starting_balance": 100,
}
_CASH: dict[str, Any] = {
    "suffix": "",
    "fee": 0.001,
    "price_precision": 3,
    "size_precision": 2,
    "venue__account_type": "CASH",
    "venue__base_currency": None,
    "venue__starting_balance": None,
    "venue__starting_balances": {"USDT": 2_000, "NEXO": 500},
}
_RESTING: dict[str, Any] = {"strategy__time_in_force": "GTC", "venue__fill_model": {"prob_fill_on_limit": 0.5}}

# By name: config, snapshot mode, mode. A name is the id of the config and part of the run's request id.
RUNS: dict[str, tuple[dict[str, Any], str, str]] = {
    "linear_trades_fast": (market_config(LINEAR, *_WHOLE_DAY), "trades", "fast"),
    "linear_both_full": (market_config(LINEAR, *_WHOLE_DAY), "both", "full"),
    "linear_both_fast": (market_config(LINEAR, *_WHOLE_DAY), "both", "fast"),
    "linear_book_fast": (market_config(LINEAR, *_WHOLE_DAY), "book", "fast"),
    "linear_resting_fast": (market_config(LINEAR, *_WHOLE_DAY, **_RESTING), "both", "fast"),
    "inverse_trades_full": (market_config(INVERSE, *_WHOLE_DAY, **_INVERSE), "trades", "full"),
    "inverse_both_fast": (market_config(INVERSE, *_WHOLE_DAY, **_INVERSE), "both", "fast"),
    "spot_both_full": (market_config(SPOT, *_WHOLE_DAY, **_CASH), "both", "full"),
    "spot_trades_fast": (market_config(SPOT, *_WHOLE_DAY, **_CASH), "trades", "fast"),
    "overlapping_trades_full": (market_config(OVERLAPPING, *_TWO_DAYS), "trades", "full"),
    "overlapping_trades_fast": (market_config(OVERLAPPING, *_TWO_DAYS), "trades", "fast"),
    "deleted": (market_config(LINEAR, *_WHOLE_DAY), "trades", "fast"),
}
SLICED: dict[str, tuple[dict[str, Any], str, str]] = {
    "sliced_trades_full": (market_config(LINEAR, *_WHOLE_DAY), "trades", "full"),
    "sliced_both_fast": (market_config(LINEAR, *_WHOLE_DAY), "both", "fast"),
}
# Runs that fail: rows without a side, and prices with more decimals than the config says.
FAILING: dict[str, tuple[dict[str, Any], str, str]] = {
    "without_sides": (market_config(SIDELESS, *_WHOLE_DAY), "trades", "fast"),
    "too_fine": (market_config(FINE, *_WHOLE_DAY), "trades", "fast"),
}
CANCELLED: dict[str, tuple[dict[str, Any], str, str]] = {
    "cancelled": (market_config(LINEAR, *_WHOLE_DAY), "trades", "fast"),
}


def write_raw_data(raw: RawFolder) -> None:
    """Write the raw files. They depend only on this code."""
    noon = micros(f"{DAY}T12:00:00")
    for number, (name, tick, unit) in enumerate([(LINEAR, 10, 1_000), (INVERSE, 10, 1), (SPOT, 1_000, 100)]):
        random = np.random.default_rng(number)
        times = noon + np.cumsum(random.integers(0, 4, ROWS)) * 50_000
        middle = {10: 640_000, 1_000: 1_250}[tick] + np.cumsum(random.integers(-3, 4, ROWS))
        raw.write(_trades(random, times, middle, tick, unit), name=name)
        raw.write(_books(random, times, middle, tick, unit), name=name, data_type="book_snapshot_5")
    # Two files that overlap in time around midnight, without an instant that is in both.
    midnight = micros(f"{NEXT_DAY}T00:00:00")
    for day, first, odd in ((DAY, midnight - 30_000_000, 0), (NEXT_DAY, midnight - 8_000_000, 1)):
        random = np.random.default_rng(10 + odd)
        times = first + np.cumsum(random.integers(1, 400, ROWS)) * 2_000 + odd
        middle = 34_000 + np.cumsum(random.integers(-3, 4, ROWS))
        raw.write(_trades(random, times, middle, 10, 1_000, first_id=1_000 * (1 + odd)), day, OVERLAPPING)
    raw.write(trades(20, side=pa.array(["unknown", "buy"] * 10)), name=SIDELESS)
    raw.write(trades(20, price=[0.57 + row / 10_000 for row in range(20)]), name=FINE)


async def make(folder: Path) -> None:
    """Write the fixtures to a new folder."""
    folder.mkdir(parents=True)
    raw = RawFolder(folder / "data_downloads")
    write_raw_data(raw)
    for name, (config, _, _) in (RUNS | SLICED | FAILING | CANCELLED).items():
        path = folder / f"configs/{name}.json"
        path.parent.mkdir(exist_ok=True)
        _write(path, config)
    async with stack(folder) as services:
        await _convert_and_cancel(services)
        runs = {name: await _cancelled(services, name) for name in CANCELLED}
        runs |= {name: await _finished(services, name) for name in RUNS | FAILING}
        await _note(services, runs["linear_both_full"], "Fees eat the edge; see Tuesday.", ["reviewed", "fees"])
        await _note(services, runs["spot_trades_fast"], "", ["reviewed"])
        delete = results_service_pb2.DeleteResultRequest(run_id=runs["deleted"].run_id)
        await services.results.call("DeleteResult", delete)
        verify = runner_service_pb2.VerifyRunRequest(run_id=runs["linear_both_full"].run_id)
        verifying = (await services.runner.call("VerifyRun", verify)).run
        assert (await services.watch(verifying.run_id))[-1].state == job_pb2.JOB_STATE_SUCCEEDED
    async with stack(folder, TICKREEL_SEGMENT_ROWS="30") as services:
        sliced = {name: await _finished(services, name) for name in SLICED}
    assert all(run.result.metadata.segments > 1 for run in sliced.values())
    runs |= sliced
    for name, run in runs.items():
        wanted = "FAILED" if name in FAILING else "CANCELLED" if name in CANCELLED else "SUCCEEDED"
        assert job_pb2.JobState.Name(run.state) == f"JOB_STATE_{wanted}", f"{name}: {run.failure.message}"
    async with over(folder) as (services, catalog):
        _write(folder / "expected.json", await answers(services, catalog))
    _write(folder / "requests.json", {run.run_id: json_format.MessageToDict(_request(name)) for name, run in runs.items()})
    dated = [path for root in ("data_downloads", "results") for path in (folder / root).rglob("*") if path.is_file()]
    _write(folder / TIMES, {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in sorted(dated)})
    # Delete the files that a start creates again.
    for path in (
        *folder.glob("state/*/lock"),
        *folder.glob("state/*/logs"),
        *folder.glob("state/*/derived"),
        *folder.glob("*/incoming"),
    ):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@asynccontextmanager
async def over(folder: Path, **variables: str) -> AsyncIterator[tuple[Stack, Any]]:
    """Start all services over a folder; yields the stack and a client of the Catalog."""
    async with stack(folder, **variables) as services, serving("catalog", CatalogServicer, services.settings) as catalog:
        yield services, catalog


def restore_times(folder: Path) -> None:
    """Set the modification times that the files had when the fixtures were made, because git does not keep them.

    A catalog file identifies its raw file by size and modification time, and results are listed by modification time.
    """
    for name, mtime_ns in json.loads((folder / TIMES).read_text()).items():
        os.utime(folder / name, ns=(mtime_ns, mtime_ns))


async def _convert_and_cancel(services: Stack) -> None:
    """Create one conversion that is cancelled and one that succeeds, without a run."""
    window = json_format.ParseDict(dict(zip(("start", "end"), _WHOLE_DAY, strict=True)), market_data_pb2.TimeWindow())
    for cancelled in (True, False):
        spec = conversion_pb2.ConversionSpec(
            instrument=f"{LINEAR}@LIN", data_types=[market_data_pb2.DATA_TYPE_TRADES], window=window
        )
        request = converter_service_pb2.CreateConversionRequest(spec=spec)
        conversion = (await services.converter.call("CreateConversion", request)).conversion
        if cancelled:
            cancel = converter_service_pb2.CancelConversionRequest(conversion_id=conversion.conversion_id)
            await services.converter.call("CancelConversion", cancel)
        watch = converter_service_pb2.WatchConversionRequest(conversion_id=conversion.conversion_id)
        *_, last = [response.conversion async for response in services.converter.stream("WatchConversion", watch)]
        assert last.state == (job_pb2.JOB_STATE_CANCELLED if cancelled else job_pb2.JOB_STATE_SUCCEEDED)


def _request(name: str) -> runner_service_pb2.CreateRunRequest:
    _, snapshots, mode = (RUNS | SLICED | FAILING | CANCELLED)[name]
    options = run_pb2.RunOptions(
        mode=getattr(result_pb2, f"RUN_MODE_{mode.upper()}"),
        snapshot_mode=getattr(result_pb2, f"SNAPSHOT_MODE_{snapshots.upper()}"),
    )
    return runner_service_pb2.CreateRunRequest(request_id=f"fixture-{name}", config_id=name, options=options)


async def _finished(services: Stack, name: str) -> run_pb2.Run:
    run = (await services.runner.call("CreateRun", _request(name))).run
    return (await services.watch(run.run_id))[-1]


async def _cancelled(services: Stack, name: str) -> run_pb2.Run:
    run = (await services.runner.call("CreateRun", _request(name))).run
    await services.runner.call("CancelRun", runner_service_pb2.CancelRunRequest(run_id=run.run_id))
    return (await services.watch(run.run_id))[-1]


async def _note(services: Stack, run: run_pb2.Run, notes: str, tags: list[str]) -> None:
    request = results_service_pb2.UpdateResultRequest(
        run_id=run.run_id, notes=notes, tags=tags, update_mask={"paths": ["notes", "tags"]}
    )
    await services.results.call("UpdateResult", request)


def _write(path: Path, values: Any) -> None:
    path.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n")


def _trades(
    random: np.random.Generator,
    times: npt.NDArray[np.int64],
    middle: npt.NDArray[np.int64],
    tick: int,
    unit: int,
    first_id: int = 1,
) -> pa.Table:
    rows = len(times)
    buys = random.random(rows) < 0.5
    return trades(
        rows,
        timestamp=times - 50,
        local_timestamp=times,
        id=pa.array(first_id + np.arange(rows)).cast(pa.string()),
        side=pa.array(np.where(buys, "buy", "sell")),
        price=(middle + random.integers(-1, 3, rows) * np.where(buys, 1, -1)) / tick,
        amount=random.integers(1, 40, rows) * (100 if unit == 1 else 1) / unit * (200 if unit == 100 else 1),
    )


def _books(
    random: np.random.Generator, times: npt.NDArray[np.int64], middle: npt.NDArray[np.int64], tick: int, unit: int
) -> pa.Table:
    at = np.sort(random.choice(len(times), len(times) // 2, replace=False))
    columns: dict[str, Any] = {"timestamp": times[at] - 50, "local_timestamp": times[at]}
    for level in range(5):
        missing = (level == 4) & (random.random(len(at)) < 0.3)
        for side, sign in (("asks", 1), ("bids", -1)):
            columns[f"{side}[{level}].price"] = pa.array((middle[at] + sign * (1 + level)) / tick, mask=missing)
            amount = random.integers(1, 30, len(at)) * (100 if unit == 1 else 1) / unit * (200 if unit == 100 else 1)
            columns[f"{side}[{level}].amount"] = pa.array(amount, mask=missing)
    return books(len(at), **columns)


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1])))
