"""A full, read-only or missing disk is a clear failure. The services stay up, and recover by themselves."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from disks import Disk, disk
from recordings import BTC, DAY, RawFolder, trades
from run_configs import run_config
from stack import Stack, stack
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import job_pb2

ROWS = 2_000
CONFIG = run_config(BTC, f"{DAY}T00:00:00Z", f"{DAY}T23:59:59Z")


@pytest.fixture
def mounted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A disk mounted at the folder that the test names."""
    with disk(tmp_path / request.param) as made:
        yield made


@pytest.fixture
async def services(mounted: Disk, tmp_path: Path) -> AsyncIterator[Stack]:
    root = tmp_path / "data_downloads"
    root.mkdir(exist_ok=True)
    RawFolder(root).write(trades(ROWS))
    async with stack(tmp_path) as running:
        yield running


def on(folder: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("mounted", [folder], indirect=True)


async def refusal(services: Stack, **fields: str) -> TickreelError:
    with pytest.raises(TickreelError) as caught:
        await services.create(CONFIG, **fields)
    return caught.value


async def succeed(services: Stack, mode: str = "fast") -> None:
    run = await services.finish(CONFIG, mode)
    assert run.state == job_pb2.JOB_STATE_SUCCEEDED, run.failure.message
    assert run.result.summary.fills == ROWS


@on("results")
@pytest.mark.parametrize(("mode", "left"), [("fast", 0), ("full", 0), ("full", 65_536)])
async def test_full_results(services: Stack, mounted: Disk, mode: str, left: int) -> None:
    await succeed(services)
    before = {path for path in mounted.folder.rglob("*") if path.is_file()}
    with mounted.full(left):
        run = await services.finish(CONFIG, mode)
        assert (run.state, run.failure.reason) == (job_pb2.JOB_STATE_FAILED, "STORE_FULL"), run.failure.message
        assert run.failure.metadata["path"].startswith(str(mounted.folder))
        assert "free some" in run.failure.message
    assert {path for path in mounted.folder.rglob("*") if path.is_file()} == before
    assert not list((mounted.folder / "full").glob(".*"))
    await succeed(services, mode)


@on("tickdata")
async def test_full_tick_exports(services: Stack, mounted: Disk) -> None:
    with mounted.full(8_192):
        run = await services.finish(CONFIG, "full")
        assert (run.failure.reason, run.failure.metadata["path"]) == ("STORE_FULL", str(mounted.folder)), run.failure.message
    assert list(mounted.folder.iterdir()) == []
    await succeed(services, "full")


@on("state/runner")
async def test_a_full_journal_refuses_a_run_and_accepts_the_same_request_later(services: Stack, mounted: Disk) -> None:
    await succeed(services)
    with mounted.full():
        error = await refusal(services, request_id="one")
        assert (error.reason, error.metadata) == ("STORE_FULL", {"path": str(mounted.folder)})
        assert "the journal cannot be written: no space is left" in error.message
    run = await services.create(CONFIG, request_id="one")
    assert (await services.watch(run.run_id))[-1].state == job_pb2.JOB_STATE_SUCCEEDED


@on("parquet")
async def test_a_full_catalog(services: Stack, mounted: Disk) -> None:
    with mounted.full(4_096):
        run = await services.finish(CONFIG)
        assert (run.failure.reason, run.failure.metadata["path"]) == ("STORE_FULL", str(mounted.folder)), run.failure.message
    assert not [path for path in mounted.folder.rglob("*") if path.is_file()]
    await succeed(services)


@on("parquet")
async def test_a_read_only_catalog_serves_what_it_has(services: Stack, mounted: Disk) -> None:
    with mounted.read_only():
        error = await refusal(services)
        assert (error.reason, error.metadata) == ("STORE_NOT_WRITABLE", {"path": str(mounted.folder)})
        assert "Read-only file system" in error.message
    await succeed(services)
    with mounted.read_only():
        await succeed(services)


@on("results")
async def test_read_only_results_refuse_a_run(services: Stack, mounted: Disk) -> None:
    await succeed(services)
    with mounted.read_only():
        error = await refusal(services)
        assert error.reason == "STORE_NOT_WRITABLE"
        assert error.metadata["path"].startswith(str(mounted.folder))
    await succeed(services)


@on("elsewhere")
async def test_missing_raw_data_is_named_and_found_again(services: Stack, mounted: Disk, tmp_path: Path) -> None:
    await succeed(services)
    root = services.settings.data_root
    root.rename(mounted.folder.with_name("away"))
    for _ in range(2):
        # First the folder is missing, then it is an empty mount point.
        error = await refusal(services)
        assert (error.reason, error.metadata) == ("STORE_NOT_READABLE", {"path": str(root)})
        assert "is its disk mounted?" in error.message
        root.mkdir(exist_ok=True)
    root.rmdir()
    mounted.folder.with_name("away").rename(root)
    await succeed(services)
