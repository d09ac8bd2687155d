"""A run can be cancelled in any phase and leaves no files."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from phases import PHASES, phases, reach
from phases import cancel as cancelled
from stack import Stack
from tickreel.v1 import converter_service_pb2, job_pb2, runner_service_pb2


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with phases(tmp_path_factory.mktemp("phases")) as running:
        yield running


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("phase", PHASES)
async def test_a_run_cancelled_in_any_phase_leaves_no_files(services: Stack, phase: str) -> None:
    settings = services.settings
    before = files_in(settings.results_root, settings.catalog_root, settings.tickdata_root)
    run = await reach(services, phase)
    async with asyncio.timeout(60):
        run = await cancelled(services, run)
    assert run.state == job_pb2.JOB_STATE_CANCELLED
    assert not run.HasField("progress")
    assert not run.HasField("result")
    async for response in services.runner.stream("WatchRuns", runner_service_pb2.WatchRunsRequest()):
        # Cancel the runs that were queued before it, too.
        for other in response.runs:
            await cancelled(services, other)
        break
    await conversions_ended(services)
    assert files_in(settings.results_root, settings.catalog_root, settings.tickdata_root) == before
    assert not list(Path(tempfile.gettempdir()).glob(f"tickreel-run-{run.run_id}-*"))


async def conversions_ended(services: Stack) -> None:
    """Wait until every conversion of the cancelled runs has ended."""
    listed = await services.converter.call("ListConversions", converter_service_pb2.ListConversionsRequest())
    for conversion in listed.conversions:
        request = converter_service_pb2.WatchConversionRequest(conversion_id=conversion.conversion_id)
        *_, last = [response.conversion async for response in services.converter.stream("WatchConversion", request)]
        assert last.state in (job_pb2.JOB_STATE_SUCCEEDED, job_pb2.JOB_STATE_CANCELLED)


def files_in(*roots: Path) -> set[Path]:
    return {path for root in roots for path in root.rglob("*") if path.is_file()}
