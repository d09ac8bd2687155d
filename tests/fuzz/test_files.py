"""Convert raw files with damaged bytes: each is converted or refused with a reason. No call or job ends as INTERNAL.

TICKREEL_FUZZ_FILES sets the number of files, TICKREEL_FUZZ_SEED selects them.
"""

import asyncio
import gc
import gzip
import os
import random
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from fuzz.direct_conversion import DirectConversions
from recordings import BTC, DAY, RawFolder, books, trades
from serving import serving, settings_in
from tickreel.catalog.service import CatalogServicer
from tickreel.converter.service import ConverterServicer
from tickreel.jobs import job as jobs
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import CSV, PARQUET
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.v1 import catalog_service_pb2, conversion_pb2, converter_service_pb2, market_data_pb2

FILES = int(os.environ.get("TICKREEL_FUZZ_FILES") or 30)
SEED = int(os.environ.get("TICKREEL_FUZZ_SEED") or 20_240_718)
# Every n-th file is converted by a job of the service, which needs a new process after each refusal.
FILES_PER_JOB = 15
# Allowed outcomes of the conversion of a damaged file.
ALLOWED_OUTCOMES = {"SUCCEEDED", "DATA_REFUSED", "ENGINE_ABORTED", "WORKER_DIED", "OUT_OF_MEMORY"}


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Replace, remove, insert or cut off random bytes of a file. Damage the text of a gzip file half of the time."""
    if content.startswith(b"\x1f\x8b") and chance.random() < 0.5:
        return gzip.compress(damaged(gzip.decompress(content), chance))
    result = bytearray(content)
    if chance.random() < 0.4:
        # One bit in the values, so that most of these files stay readable.
        result[chance.randrange(4, len(result) // 2)] ^= 1 << chance.randrange(8)
        return bytes(result)
    for _ in range(chance.choice((1, 1, 2, 5, 40))):
        # Half of the damage is near the end: the footer of a Parquet file decides how everything else is read.
        at = chance.randrange(len(result)) if chance.random() < 0.5 else max(0, len(result) - 1 - chance.randrange(800))
        match chance.randrange(5):
            case 0 if len(result) > 64:
                del result[at : at + chance.randrange(1, 9)]
            case 1:
                result[at:at] = chance.randbytes(chance.randrange(1, 9))
            case 2 if len(result) > 64:
                del result[chance.randrange(32, len(result)) :]
            case _:
                result[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    return bytes(result)


def spec_of(data_type: market_data_pb2.DataType) -> conversion_pb2.ConversionSpec:
    """Return the spec that converts the files of the day again, whether they are converted or not."""
    spec = conversion_pb2.ConversionSpec(instrument=BTC, data_types=[data_type], force=True)
    spec.window.start.FromJsonString(f"{DAY}T00:00:00Z")
    spec.window.end.FromJsonString(f"{DAY}T23:59:59Z")
    return spec


async def convert(client: ServiceClient, spec: conversion_pb2.ConversionSpec) -> str:
    """Convert by a job of the service. Return SUCCEEDED, or the reason of the refusal or failure."""
    try:
        made = (await client.call("CreateConversion", converter_service_pb2.CreateConversionRequest(spec=spec))).conversion
    except TickreelError as error:
        return error.reason
    watch = converter_service_pb2.WatchConversionRequest(conversion_id=made.conversion_id)
    *_, ended = [response.conversion async for response in client.stream("WatchConversion", watch)]
    return "SUCCEEDED" if ended.state == jobs.SUCCEEDED else ended.failure.reason


async def plan_refusal(client: ServiceClient, spec: conversion_pb2.ConversionSpec) -> str | None:
    """Return the reason for which the service refuses to plan the conversion, or None."""
    try:
        await client.call("CreateConversion", converter_service_pb2.CreateConversionRequest(spec=spec, validate_only=True))
    except TickreelError as error:
        return error.reason
    return None


@pytest.mark.timeout(0 if FILES > 100 else 600)
@pytest.mark.parametrize("ending", [PARQUET, CSV])
async def test_a_damaged_file_is_converted_or_refused(tmp_path: Path, ending: str) -> None:
    # Engine objects in reference cycles must be freed by the thread that made them, and the services start other threads.
    gc.collect()
    chance, outcomes = random.Random(SEED), Counter[str]()
    raw = RawFolder(tmp_path / "data_downloads", ending)
    settings = settings_in(tmp_path, UNIFIED_CLOUD_SERVICES_USE_PARQUET=str(ending == PARQUET).lower())
    kinds = {TRADES: ("trades", trades(200)), BOOK_SNAPSHOT_5: ("book_snapshot_5", books(60))}
    whole = {kind: raw.write(table, data_type=name).read_bytes() for kind, (name, table) in kinds.items()}
    async with (
        serving("catalog", CatalogServicer, settings) as catalog,
        serving("converter", ConverterServicer, settings) as converter,
    ):
        with closing(DirectConversions(settings)) as direct:
            for number in range(FILES):
                kind = TRADES if number % 2 else BOOK_SNAPSHOT_5
                path, spec = raw.path(data_type=kinds[kind][0]), spec_of(kind)
                path.write_bytes(damaged(whole[kind], chance))
                listed = await catalog.call("GetDataset", catalog_service_pb2.GetDatasetRequest(dataset_id=f"day-{DAY}"))
                assert len(listed.dataset.files) == len(kinds)
                if number % FILES_PER_JOB == 0:
                    outcomes[await convert(converter, spec)] += 1
                elif (refusal := await plan_refusal(converter, spec)) is not None:
                    outcomes[refusal] += 1
                else:
                    outcomes[await asyncio.to_thread(direct.convert, spec)] += 1
                path.write_bytes(whole[kind])
        print(f"seed {SEED}, {ending}: {dict(outcomes)}")
        assert set(outcomes) <= ALLOWED_OUTCOMES
        # No partial file is left, and a whole file is still converted.
        assert not list(settings.catalog_root.glob("incoming/*"))
        assert await convert(converter, spec_of(TRADES)) == "SUCCEEDED"
