"""Bring runs into a given phase, and keep them there long enough for a test to act."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from recordings import BTC, RawFolder, micros, trades
from run_configs import run_config
from stack import Stack, stack
from tickreel.v1 import job_pb2, run_pb2, runner_service_pb2

# The catalog holds the converted files of the first day and none of the second.
CACHED, RAW = "2024-07-18", "2024-07-19"
ROWS = 400_000
PHASES = ("queued", "starting", "converting", "loading", "replaying", "writing")


def first_rows(day: str, rows: int) -> dict[str, object]:
    """Return a config of the first rows of a day. A day has a thousand rows a second."""
    return run_config(BTC, f"{day}T12:00:00Z", f"{day}T12:{rows // 60_000:02}:{rows % 60_000 / 1000:09.6f}Z")


@asynccontextmanager
async def phases(folder: Path) -> AsyncIterator[Stack]:
    """Serve over data that makes every phase of a run take noticeable time."""
    raw = RawFolder(folder / "data_downloads")
    for day in (CACHED, RAW):
        times = micros(f"{day}T12:00:00") + 1000 * np.arange(ROWS)
        raw.write(trades(ROWS, local_timestamp=times, timestamp=times), day)
    async with stack(folder, TICKREEL_RUNNER_SLOTS="1") as services:
        assert (await services.finish(first_rows(CACHED, 10))).state == job_pb2.JOB_STATE_SUCCEEDED
        yield services


async def reach(services: Stack, phase: str) -> run_pb2.Run:
    """Create runs until one is in the phase; return it."""
    while True:
        match phase:
            case "queued":
                await services.create(first_rows(CACHED, ROWS - 1))
                run = await services.create(first_rows(CACHED, 10))
            case "converting":
                run = await services.create(first_rows(RAW, 10))
            case "writing":
                run = await services.create(first_rows(CACHED, 8_000), "full")
            case _:
                run = await services.create(first_rows(CACHED, ROWS - 1))
        while (now := _phase_of(run)) != phase and PHASES.index(now) < PHASES.index(phase):
            await asyncio.sleep(0.005)
            request = runner_service_pb2.GetRunRequest(run_id=run.run_id)
            run = (await services.runner.call("GetRun", request)).run
            assert run.state in (job_pb2.JOB_STATE_QUEUED, job_pb2.JOB_STATE_RUNNING), run.failure.message
        if now == phase:
            return run
        # The run left the phase before it was read.
        await cancel(services, run)


async def cancel(services: Stack, run: run_pb2.Run) -> run_pb2.Run:
    """Cancel a run and return it."""
    request = runner_service_pb2.CancelRunRequest(run_id=run.run_id)
    cancelled: runner_service_pb2.CancelRunResponse = await services.runner.call("CancelRun", request)
    return cancelled.run


def _phase_of(run: run_pb2.Run) -> str:
    if run.state == job_pb2.JOB_STATE_QUEUED:
        return "queued"
    if run.progress.phase:
        return job_pb2.JobPhase.Name(run.progress.phase).removeprefix("JOB_PHASE_").lower()
    return "starting" if run.conversion_id else "queued"
