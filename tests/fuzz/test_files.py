"""Raw files with changed bytes: each is converted, or refused with a reason, and never ends a call or a job as INTERNAL.

TICKREEL_FUZZ_FILES says how many files, TICKREEL_FUZZ_SEED which.
"""

import gc
import gzip
import os
import random
from collections import Counter
from pathlib import Path

import pytest

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
# What the conversion of a damaged file may end with.
FITTING = {"SUCCEEDED", "DATA_REFUSED", "ENGINE_ABORTED", "WORKER_DIED", "OUT_OF_MEMORY"}


def changed(content: bytes, chance: random.Random) -> bytes:
    """The content with some bytes replaced, removed, put in or cut off; of a gzip file, half of the time its text's."""
    if content.startswith(b"\x1f\x8b") and chance.random() < 0.5:
        return gzip.compress(changed(gzip.decompress(content), chance))
    found = bytearray(content)
    if chance.random() < 0.4:
        # Values alone, so that most of these files are still whole.
        found[chance.randrange(4, len(found) // 2)] ^= 1 << chance.randrange(8)
        return bytes(found)
    for _ in range(chance.choice((1, 1, 2, 5, 40))):
        # The footer of a Parquet file is where most depends on few bytes.
        at = chance.randrange(len(found)) if chance.random() < 0.5 else max(0, len(found) - 1 - chance.randrange(800))
        match chance.randrange(5):
            case 0 if len(found) > 64:
                del found[at : at + chance.randrange(1, 9)]
            case 1:
                found[at:at] = chance.randbytes(chance.randrange(1, 9))
            case 2 if len(found) > 64:
                del found[chance.randrange(32, len(found)) :]
            case _:
                found[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    return bytes(found)


async def convert(client: ServiceClient, data_type: market_data_pb2.DataType) -> str:
    """What the conversion of the day ends with: SUCCEEDED, or the reason of its refusal or failure."""
    spec = conversion_pb2.ConversionSpec(instrument=BTC, data_types=[data_type], force=True)
    spec.window.start.FromJsonString(f"{DAY}T00:00:00Z")
    spec.window.end.FromJsonString(f"{DAY}T23:59:59Z")
    try:
        made = (await client.call("CreateConversion", converter_service_pb2.CreateConversionRequest(spec=spec))).conversion
    except TickreelError as error:
        return error.reason
    watch = converter_service_pb2.WatchConversionRequest(conversion_id=made.conversion_id)
    *_, ended = [response.conversion async for response in client.stream("WatchConversion", watch)]
    return "SUCCEEDED" if ended.state == jobs.SUCCEEDED else ended.failure.reason


@pytest.mark.timeout(0 if FILES > 100 else 600)
@pytest.mark.parametrize("ending", [PARQUET, CSV])
async def test_a_damaged_file_is_converted_or_refused(tmp_path: Path, ending: str) -> None:
    # What tests of the engine leave in cycles must be freed by the thread that made it, and the services here have others.
    gc.collect()
    chance, told = random.Random(SEED), Counter[str]()
    raw = RawFolder(tmp_path / "data_downloads", ending)
    settings = settings_in(tmp_path, UNIFIED_CLOUD_SERVICES_USE_PARQUET=str(ending == PARQUET).lower())
    kinds = {TRADES: ("trades", trades(200)), BOOK_SNAPSHOT_5: ("book_snapshot_5", books(60))}
    whole = {kind: raw.write(table, data_type=name).read_bytes() for kind, (name, table) in kinds.items()}
    async with (
        serving("catalog", CatalogServicer, settings) as catalog,
        serving("converter", ConverterServicer, settings) as converter,
    ):
        for number in range(FILES):
            kind = TRADES if number % 2 else BOOK_SNAPSHOT_5
            path = raw.path(data_type=kinds[kind][0])
            path.write_bytes(changed(whole[kind], chance))
            listed = await catalog.call("GetDataset", catalog_service_pb2.GetDatasetRequest(dataset_id=f"day-{DAY}"))
            assert len(listed.dataset.files) == len(kinds)
            told[await convert(converter, kind)] += 1
            path.write_bytes(whole[kind])
        print(f"seed {SEED}, {ending}: {dict(told)}")
        assert set(told) <= FITTING
        # Nothing half-written is left, and a whole file is converted as if nothing had been.
        assert not list(settings.catalog_root.glob("incoming/*"))
        assert await convert(converter, TRADES) == "SUCCEEDED"
