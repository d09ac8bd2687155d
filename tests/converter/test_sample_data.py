"""MakeSampleData: writing, refusals, and concurrent calls."""

import asyncio
import sys
from pathlib import Path
from typing import cast

import pytest

from disks import disk
from recordings import RawFolder, trades
from serving import serving, settings_in
from tickreel.catalog.service import CatalogServicer
from tickreel.converter.service import ConverterServicer
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import CSV, Settings
from tickreel.stores.sample_data import MARKETS, ROWS, write_sample_data
from tickreel.v1 import catalog_service_pb2, converter_service_pb2

DAYS = ["day-2024-05-18", "day-2024-05-17"]


async def listed(settings: Settings) -> list[catalog_service_pb2.Dataset]:
    """Return the datasets that the Catalog lists."""
    async with serving("catalog", CatalogServicer, settings) as client:
        return list((await client.call("ListDatasets", catalog_service_pb2.ListDatasetsRequest())).datasets)


async def made(client: ServiceClient, *, validate_only: bool = False) -> converter_service_pb2.MakeSampleDataResponse:
    response = await client.call("MakeSampleData", converter_service_pb2.MakeSampleDataRequest(validate_only=validate_only))
    return cast(converter_service_pb2.MakeSampleDataResponse, response)


async def refused(client: ServiceClient, *, validate_only: bool = False) -> TickreelError:
    with pytest.raises(TickreelError) as caught:
        await made(client, validate_only=validate_only)
    assert caught.value.code.name == "FAILED_PRECONDITION"
    return caught.value


def contents(root: Path) -> dict[str, bytes]:
    """Return all files below a folder, including hidden ones."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


async def test_the_call_writes_the_same_files_as_the_command(tmp_path: Path, raw: RawFolder) -> None:
    settings = settings_in(tmp_path)
    async with serving("converter", ConverterServicer, settings) as client:
        assert await made(client, validate_only=True) == converter_service_pb2.MakeSampleDataResponse()
        assert await listed(settings) == []
        sample = await made(client)
        assert list(sample.dataset_ids) == DAYS
        assert list(sample.instruments) == [market.name for market in MARKETS]
        datasets = await listed(settings)
        assert [dataset.dataset_id for dataset in datasets] == DAYS
        for dataset in datasets:
            assert dataset.instruments == sample.instruments
        assert sum(dataset.rows for dataset in datasets) > ROWS * sum(market.share for market in MARKETS)
        write_sample_data(tmp_path / "command")
        assert contents(raw.root) == contents(tmp_path / "command")
        # A second call changes nothing. Other data does not matter.
        raw.write(trades())
        assert await made(client) == sample
        assert len(await listed(settings)) == len(DAYS) + 1


async def test_concurrent_calls_do_not_disturb_each_other(tmp_path: Path, raw: RawFolder) -> None:
    async with serving("converter", ConverterServicer, settings_in(tmp_path)) as client:
        # The command runs beside the service.
        script = "import pathlib, sys; from tickreel.stores.sample_data import *; write_sample_data(pathlib.Path(sys.argv[1]))"
        command = await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(raw.root))
        answers = await asyncio.gather(*(made(client) for _ in range(3)))
        assert await command.wait() == 0
        assert [list(answer.dataset_ids) for answer in answers] == [DAYS] * 3
    write_sample_data(tmp_path / "alone")
    assert contents(raw.root) == contents(tmp_path / "alone")


async def test_a_file_in_the_way_is_never_replaced(tmp_path: Path, raw: RawFolder) -> None:
    recording = raw.write(trades(), "2024-05-18", MARKETS[0].name)
    before = contents(raw.root)
    async with serving("converter", ConverterServicer, settings_in(tmp_path)) as client:
        error = await refused(client)
        assert (error.reason, error.metadata) == ("STORE_NOT_WRITABLE", {"path": str(recording)})
        assert error.message.startswith(f"{recording} is in the way: it is not a sample file, so it is not replaced; move it")
        assert contents(raw.root) == before


async def test_validation_reports_a_read_only_root(tmp_path: Path) -> None:
    root = tmp_path / "data_downloads"
    with disk(root) as mounted:
        async with serving("converter", ConverterServicer, settings_in(tmp_path)) as client:
            with mounted.read_only():
                for validate_only in (True, False):
                    error = await refused(client, validate_only=validate_only)
                    assert (error.reason, error.metadata["path"].startswith(str(root))) == ("STORE_NOT_WRITABLE", True)
                    assert "Read-only file system; make the folder writable, or run `tickreel sample-data`" in error.message
            await made(client, validate_only=True)
            # If the disk fills up, no partial file is left.
            with mounted.full(left=1 << 20), pytest.raises(TickreelError, match="no space is left") as full:
                await made(client)
            assert (full.value.reason, contents(root)) == ("STORE_FULL", {})
            assert list((await made(client)).dataset_ids) == DAYS


async def test_a_missing_root_is_not_created(tmp_path: Path) -> None:
    async with serving("converter", ConverterServicer, settings_in(tmp_path)) as client:
        for validate_only in (True, False):
            assert (await refused(client, validate_only=validate_only)).reason == "STORE_NOT_READABLE"
        assert not (tmp_path / "data_downloads").exists()


async def test_sample_data_that_would_not_be_read_is_refused(tmp_path: Path, raw: RawFolder) -> None:
    RawFolder(raw.root, CSV).write(trades())
    before = contents(raw.root)
    settings = settings_in(tmp_path, UNIFIED_CLOUD_SERVICES_USE_PARQUET="false")
    async with serving("converter", ConverterServicer, settings) as client:
        for validate_only in (True, False):
            error = await refused(client, validate_only=validate_only)
            assert (error.reason, error.metadata) == (
                "ENVIRONMENT_MISMATCH",
                {"variable": "UNIFIED_CLOUD_SERVICES_USE_PARQUET"},
            )
            assert "set UNIFIED_CLOUD_SERVICES_USE_PARQUET to true to read .parquet files" in error.message
    assert contents(raw.root) == before
