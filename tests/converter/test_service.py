import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from child_processes import children_running
from recordings import BTC, DAY, ETH, RawFolder, books, engine_trades, micros, trades
from serving import serving, settings_in
from tickreel.converter import service
from tickreel.converter.service import ConverterServicer
from tickreel.jobs import job as jobs
from tickreel.rpc.call_thread import abandoned
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import Settings
from tickreel.stores.raw import RawFile, RawStore
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, ENGINE, EXCHANGE, TRADES
from tickreel.v1 import conversion_pb2, job_pb2, market_data_pb2
from tickreel.v1 import converter_service_pb2 as rpc

NEXT = "2024-07-19"
LONG = 3_000_000


@pytest.fixture(scope="module")
def long_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes long enough to be met half done."""
    return RawFolder(tmp_path_factory.mktemp("long")).write(trades(LONG))


@pytest.fixture
def long_day(raw: RawFolder, long_recording: Path) -> None:
    """That file in the data root of the test."""
    raw.path().parent.mkdir(parents=True)
    raw.path().hardlink_to(long_recording)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[ServiceClient]:
    async with serving("converter", ConverterServicer, settings) as client:
        yield client


def _spec(
    instrument: str = f"{BTC}@LIN",
    start: str = DAY,
    end: str = NEXT,
    data_types: Sequence[market_data_pb2.DataType] = (TRADES,),
    **fields: Any,
) -> conversion_pb2.ConversionSpec:
    spec = conversion_pb2.ConversionSpec(instrument=instrument, data_types=data_types, **fields)
    spec.window.start.FromMicroseconds(micros(f"{start}T00:00:00"))
    spec.window.end.FromMicroseconds(micros(f"{end}T23:59:59"))
    return spec


async def _create(
    client: ServiceClient, spec: conversion_pb2.ConversionSpec, request_id: str = "", **fields: Any
) -> conversion_pb2.Conversion:
    request = rpc.CreateConversionRequest(request_id=request_id, spec=spec, **fields)
    return (await client.call("CreateConversion", request)).conversion


async def _watch(client: ServiceClient, conversion_id: str) -> list[conversion_pb2.Conversion]:
    request = rpc.WatchConversionRequest(conversion_id=conversion_id)
    return [response.conversion async for response in client.stream("WatchConversion", request)]


async def _convert(client: ServiceClient, spec: conversion_pb2.ConversionSpec) -> conversion_pb2.Conversion:
    made = await _create(client, spec)
    return (await _watch(client, made.conversion_id))[-1]


async def _until_half_done(client: ServiceClient, conversion_id: str) -> None:
    async for response in client.stream("WatchConversion", rpc.WatchConversionRequest(conversion_id=conversion_id)):
        assert response.conversion.state not in jobs.FINAL, response.conversion.failure.message
        if response.conversion.progress.done > 0:
            return


def _two_days(raw: RawFolder) -> None:
    for day in (DAY, NEXT):
        raw.write(trades(500, local_timestamp=micros(f"{day}T12:00:00") + np.arange(500) * 1000), day)


def _two_days_of_books(raw: RawFolder) -> None:
    for day in (DAY, NEXT):
        raw.write(books(50, local_timestamp=micros(f"{day}T12:00:00") + np.arange(50)), day, data_type="book_snapshot_5")


def _visible(settings: Settings) -> list[str]:
    """The files in the catalog, whatever their kind, but the instrument beside them."""
    root = settings.catalog_root
    paths = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return sorted(path for path in paths if "/data/crypto_perpetual/" not in path)


async def test_a_conversion_ends_with_every_file_of_the_window(
    client: ServiceClient, raw: RawFolder, settings: Settings
) -> None:
    _two_days(raw)
    made = await _create(client, _spec())
    assert made.state in (jobs.QUEUED, jobs.RUNNING)
    assert made.conversion_id.startswith("CNV_BTC_20240718_000000_")
    assert [(file.dataset, file.path, file.rows) for file in made.files] == [(f"day-{DAY}", "", 500), (f"day-{NEXT}", "", 500)]
    *_, ended = await _watch(client, made.conversion_id)
    assert ended.state == jobs.SUCCEEDED
    assert [file.dataset for file in ended.files] == [f"day-{DAY}", f"day-{NEXT}"]
    assert all(not file.cached and len(file.digest) == 64 and file.price_precision == 1 for file in ended.files)
    assert [file.path for file in ended.files] == _visible(settings)
    assert ended.ended_at.ToNanoseconds() >= ended.started_at.ToNanoseconds() >= ended.created_at.ToNanoseconds()
    got = (await client.call("GetConversion", rpc.GetConversionRequest(conversion_id=made.conversion_id))).conversion
    assert got == ended


async def test_what_is_in_the_catalog_is_answered_at_once(client: ServiceClient, raw: RawFolder) -> None:
    _two_days(raw)
    first = await _convert(client, _spec())
    again = await _create(client, _spec())
    assert again.state == jobs.SUCCEEDED
    assert again.conversion_id != first.conversion_id
    assert all(file.cached for file in again.files)
    for before, after in zip(first.files, again.files, strict=True):
        after.cached = False
        assert after == before
    # The fewest decimals are asked for by number, and so found too; another number is another file.
    assert (await _create(client, _spec(price_precision=1, size_precision=3))).state == jobs.SUCCEEDED
    other = await _convert(client, _spec(price_precision=2, size_precision=3))
    assert [file.cached for file in other.files] == [False, False]
    assert [file.digest for file in other.files] == [file.digest for file in first.files]
    assert (await _create(client, _spec())).state == jobs.SUCCEEDED


async def test_only_what_changed_is_converted_again(client: ServiceClient, raw: RawFolder, settings: Settings) -> None:
    _two_days(raw)
    await _convert(client, _spec())
    raw.write(trades(700, local_timestamp=micros(f"{NEXT}T13:00:00") + np.arange(700)), NEXT)
    ended = await _convert(client, _spec())
    assert [(file.cached, file.rows) for file in ended.files] == [(True, 500), (False, 700)]
    assert [file.path for file in ended.files] == _visible(settings), "what the source was before is gone"


@pytest.mark.parametrize("data_types", [(TRADES, BOOK_SNAPSHOT_5), (BOOK_SNAPSHOT_5, TRADES)])
async def test_trades_and_books_are_converted_together_trades_first(
    client: ServiceClient, raw: RawFolder, settings: Settings, data_types: Sequence[market_data_pb2.DataType]
) -> None:
    _two_days(raw)
    _two_days_of_books(raw)
    expected = [(data_type, f"day-{day}") for data_type in (TRADES, BOOK_SNAPSHOT_5) for day in (DAY, NEXT)]
    ended = await _convert(client, _spec(data_types=data_types))
    assert [(file.data_type, file.dataset) for file in ended.files] == expected
    assert [file.rows for file in ended.files] == [500, 500, 50, 50]
    assert sorted(file.path for file in ended.files) == _visible(settings)
    # Either kind is found by itself.
    for data_type in data_types:
        again = await _create(client, _spec(data_types=[data_type]))
        assert again.state == jobs.SUCCEEDED
        assert [(file.data_type, file.cached) for file in again.files] == [(data_type, True)] * 2


async def test_a_window_may_mix_schemas_and_units(client: ServiceClient, raw: RawFolder) -> None:
    raw.write(trades(500, local_timestamp=micros(f"{DAY}T12:00:00") // 1000 + np.arange(500)))
    noon = micros(f"{NEXT}T12:00:00") * 1000
    raw.write(engine_trades(500, ts_init=noon + np.arange(500) * 7), NEXT)
    ended = await _convert(client, _spec())
    found = [(file.raw_schema, file.time_unit, file.clock_step) for file in ended.files]
    assert found == [
        (EXCHANGE, conversion_pb2.TIME_UNIT_MILLISECONDS, 1000),
        (ENGINE, conversion_pb2.TIME_UNIT_NANOSECONDS, 1),
    ]


async def test_books_alone_need_no_trades(client: ServiceClient, raw: RawFolder) -> None:
    _two_days_of_books(raw)
    path = "raw_tick_data/by_date/day-*/data_type-book_snapshot_5/*.parquet"
    # What names the trades is nothing to books.
    spec = _spec(data_types=[BOOK_SNAPSHOT_5], book_snapshot_5_path=path, trades_path="../x.parquet")
    ended = await _convert(client, spec)
    assert (ended.state, [file.rows for file in ended.files]) == (jobs.SUCCEEDED, [50, 50])


async def test_the_problems_of_both_data_types_are_told_at_once(client: ServiceClient, raw: RawFolder) -> None:
    _two_days(raw)
    both = (TRADES, BOOK_SNAPSHOT_5)
    for spec, fields in (
        (_spec(data_types=both), ["instrument.id"]),
        (_spec(f"{ETH}@LIN", data_types=both), ["instrument.id", "instrument.id"]),
        (_spec(data_types=both, dataset="day-2024-01-01"), ["dataset"]),
        (
            _spec(data_types=both, trades_path="../x.parquet", book_snapshot_5_path="/x.parquet"),
            ["data_catalog.trades_path", "data_catalog.book_snapshot_5_path"],
        ),
    ):
        with pytest.raises(TickreelError) as refused:
            await _create(client, spec)
        assert refused.value.reason == "DATA_REFUSED"
        assert [violation.field for violation in refused.value.violations] == fields


@pytest.mark.parametrize("data_types", [(), (TRADES, TRADES), (BOOK_SNAPSHOT_5, TRADES, BOOK_SNAPSHOT_5), (0,)])
async def test_data_types_are_one_or_both(
    client: ServiceClient, raw: RawFolder, data_types: Sequence[market_data_pb2.DataType]
) -> None:
    _two_days(raw)
    with pytest.raises(TickreelError) as refused:
        await _create(client, _spec(data_types=data_types))
    assert refused.value.reason == "INVALID_REQUEST"
    (violation,) = refused.value.violations
    text = "must be DATA_TYPE_TRADES or DATA_TYPE_BOOK_SNAPSHOT_5 or both, each once"
    assert (violation.field, violation.description) == ("data_types", text)


async def test_force_converts_again(client: ServiceClient, raw: RawFolder) -> None:
    _two_days(raw)
    first = await _convert(client, _spec())
    forced = await _convert(client, _spec(force=True))
    assert [file.cached for file in forced.files] == [False, False]
    assert [file.digest for file in forced.files] == [file.digest for file in first.files]


async def test_a_request_is_taken_once(client: ServiceClient, raw: RawFolder) -> None:
    _two_days(raw)
    made, twin = await asyncio.gather(_create(client, _spec(), "r1"), _create(client, _spec(), "r1"))
    assert made.conversion_id == twin.conversion_id
    await _watch(client, made.conversion_id)
    again = await _create(client, _spec(), "r1")
    assert (again.conversion_id, again.state) == (made.conversion_id, jobs.SUCCEEDED)
    with pytest.raises(TickreelError) as refused:
        await _create(client, _spec(force=True), "r1")
    assert refused.value.reason == "REQUEST_ID_REUSED"


async def test_validation_alone_does_nothing(client: ServiceClient, raw: RawFolder, settings: Settings) -> None:
    _two_days(raw)
    checked = await _create(client, _spec(), "r1", validate_only=True)
    assert (checked.conversion_id, len(checked.files)) == ("", 2)
    assert checked.files[0].span.start.ToMicroseconds() == micros(f"{DAY}T12:00:00")
    assert (await client.call("ListConversions", rpc.ListConversionsRequest())).conversions == []
    assert _visible(settings) == []


async def test_conversions_are_listed_newest_first(client: ServiceClient, raw: RawFolder) -> None:
    _two_days(raw)
    await _convert(client, _spec())
    ids = [(await _create(client, _spec())).conversion_id for _ in range(3)]
    page = await client.call("ListConversions", rpc.ListConversionsRequest(page_size=2))
    assert [conversion.conversion_id for conversion in page.conversions] == [ids[2], ids[1]]
    rest = await client.call("ListConversions", rpc.ListConversionsRequest(page_token=page.next_page_token))
    assert rest.conversions[0].conversion_id == ids[0]
    assert (len(rest.conversions), rest.next_page_token) == (2, "")


async def test_a_malformed_request_names_every_field(client: ServiceClient) -> None:
    spec = conversion_pb2.ConversionSpec(instrument="BTC", price_precision=17, size_precision=-1)
    with pytest.raises(TickreelError) as refused:
        await _create(client, spec)
    assert refused.value.reason == "INVALID_REQUEST"
    fields = [violation.field for violation in refused.value.violations]
    assert fields == ["instrument.id", "instrument.price_precision", "instrument.size_precision", "time_window", "data_types"]


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [(NEXT, DAY, "ends before it starts"), ("1969-12-31", DAY, "1970 to 2262"), (DAY, "9999-12-31", "1970 to 2262")],
)
async def test_a_window_that_cannot_be_is_refused(client: ServiceClient, start: str, end: str, says: str) -> None:
    with pytest.raises(TickreelError) as refused:
        await _create(client, _spec(start=start, end=end))
    (violation,) = refused.value.violations
    assert (violation.field, says in violation.description) == ("time_window", True)


async def test_data_that_cannot_be_used_is_refused_before_work_starts(client: ServiceClient, raw: RawFolder) -> None:
    _two_days(raw)
    for spec, field in (
        (_spec(f"{ETH}@LIN"), "instrument.id"),
        (_spec(start="2024-01-01", end="2024-01-02"), "time_window"),
        (_spec(trades_path="../x.parquet"), "data_catalog.trades_path"),
        (_spec(file_pattern="x/y"), "data_catalog.instrument_file_pattern"),
        (_spec(dataset="day-2024-01-01"), "dataset"),
    ):
        for validate_only in (True, False):
            with pytest.raises(TickreelError) as refused:
                await _create(client, spec, validate_only=validate_only)
            assert refused.value.reason == "DATA_REFUSED"
            assert [violation.field for violation in refused.value.violations] == [field]


async def test_looking_for_files_ends_with_its_call(
    client: ServiceClient, raw: RawFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, seen = threading.Event(), threading.Event()

    def examine(_store: RawStore, _paths: object) -> list[RawFile]:
        begun.set()
        if abandoned().wait(60):
            seen.set()
        return []

    raw.write(trades(500))
    monkeypatch.setattr(RawStore, "examine", examine)
    task = asyncio.create_task(_create(client, _spec(), validate_only=True))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    assert await asyncio.to_thread(seen.wait, 60)


async def test_a_catalog_that_cannot_be_written_is_said_at_once(
    client: ServiceClient, raw: RawFolder, settings: Settings
) -> None:
    _two_days(raw)
    settings.catalog_root.write_text("in the way")
    with pytest.raises(TickreelError) as refused:
        await _create(client, _spec())
    assert (refused.value.reason, refused.value.metadata["path"]) == ("STORE_NOT_WRITABLE", str(settings.catalog_root))


async def test_a_file_that_fails_names_itself_and_what_was_done_stays(
    client: ServiceClient, raw: RawFolder, settings: Settings
) -> None:
    _two_days(raw)
    raw.write(trades(3, local_timestamp=micros(f"{NEXT}T12:00:00") + np.arange(3), side=["buy", "sold", "sell"]), NEXT)
    ended = await _convert(client, _spec())
    assert (ended.state, ended.failure.reason) == (jobs.FAILED, "DATA_REFUSED")
    assert f"day-{NEXT}" in ended.failure.message
    assert "side: the word 'sold'" in ended.failure.message
    assert (ended.failure.metadata["source"], ended.failure.metadata["rows"]) == (ended.files[1].source, "1")
    assert [bool(file.path) for file in ended.files] == [True, False]
    assert _visible(settings) == [ended.files[0].path]


@pytest.mark.usefixtures("long_day")
async def test_cancelling_leaves_nothing_half_done(client: ServiceClient, settings: Settings) -> None:
    made = await _create(client, _spec())
    await _until_half_done(client, made.conversion_id)
    request = rpc.CancelConversionRequest(conversion_id=made.conversion_id)
    cancelled = (await client.call("CancelConversion", request)).conversion
    assert cancelled.state == jobs.CANCELLED
    assert _visible(settings) == []
    assert (await client.call("CancelConversion", request)).conversion == cancelled
    assert (await _watch(client, made.conversion_id)) == [cancelled]


@pytest.mark.usefixtures("long_day")
async def test_a_conversion_whose_worker_aborts_fails_and_leaves_nothing_visible(
    client: ServiceClient, raw: RawFolder, settings: Settings
) -> None:
    made = await _create(client, _spec())
    await _until_half_done(client, made.conversion_id)
    (worker,) = children_running("tickreel.converter.conversion_process")
    os.kill(worker, signal.SIGABRT)
    *_, ended = await _watch(client, made.conversion_id)
    assert (ended.state, ended.failure.reason) == (jobs.FAILED, "ENGINE_ABORTED")
    # The next conversion clears away what the dead one left.
    raw.path().unlink()
    raw.write(trades(10))
    assert (await _convert(client, _spec())).state == jobs.SUCCEEDED
    assert [name.split("/")[0] for name in _visible(settings)] == ["price1-size3"]
    assert not list((settings.catalog_root / "incoming").iterdir())


async def test_a_conversion_that_takes_more_memory_than_there_is_fails_with_the_bound(raw: RawFolder, tmp_path: Path) -> None:
    raw.write(trades(2_000_000))
    settings = settings_in(tmp_path, TICKREEL_CONVERTER_MEMORY="60")
    async with serving("converter", ConverterServicer, settings) as client:
        ended = await _convert(client, _spec())
    assert (ended.state, ended.failure.reason) == (jobs.FAILED, "OUT_OF_MEMORY"), ended.failure
    assert "and was killed; the limit for all is 60 MiB (TICKREEL_CONVERTER_MEMORY)" in ended.failure.message
    source = raw.store.relative(raw.path())
    assert ended.failure.message.startswith(f"{source} cannot be converted in the memory that there is; ")
    assert not list((settings.catalog_root / "incoming").iterdir())


@pytest.mark.usefixtures("long_day")
async def test_a_conversion_whose_worker_is_killed_is_done_again(client: ServiceClient, settings: Settings) -> None:
    made = await _create(client, _spec())
    await _until_half_done(client, made.conversion_id)
    (worker,) = children_running("tickreel.converter.conversion_process")
    os.kill(worker, signal.SIGKILL)
    *_, ended = await _watch(client, made.conversion_id)
    assert (ended.state, ended.attempts) == (jobs.SUCCEEDED, 2)
    assert _visible(settings) == [ended.files[0].path]
    assert not list((settings.catalog_root / "incoming").iterdir())


async def test_two_conversions_of_one_file_at_the_same_time_both_end_well(
    client: ServiceClient, raw: RawFolder, settings: Settings
) -> None:
    raw.write(trades(LONG // 5))
    ended = await asyncio.gather(_convert(client, _spec(force=True)), _convert(client, _spec(force=True)))
    assert [conversion.state for conversion in ended] == [jobs.SUCCEEDED] * 2
    assert len({conversion.conversion_id for conversion in ended}) == 2
    assert len({conversion.files[0].digest for conversion in ended}) == 1
    assert _visible(settings) == [ended[0].files[0].path]


async def test_two_services_over_one_catalog_write_each_file_once(
    client: ServiceClient, raw: RawFolder, settings: Settings, tmp_path: Path
) -> None:
    raw.write(trades(LONG // 5))
    # Of the same instants: their names in the catalog collide.
    for folder in "ab":
        path = raw.root / folder / raw.path().name
        path.parent.mkdir()
        pq.write_table(trades(500, price=np.arange(500) + (1.5 if folder == "a" else 2.5)), path)
    specs = [_spec(), _spec(), _spec(trades_path="a/*.parquet"), _spec(trades_path="b/*.parquet")]
    elsewhere = settings_in(tmp_path, TICKREEL_STATE_PATH=str(tmp_path / "other state"))
    async with serving("converter", ConverterServicer, elsewhere) as other:
        clients = [client, other, client, other]
        ended = await asyncio.gather(*(_convert(one, spec) for one, spec in zip(clients, specs, strict=True)))
    assert [conversion.failure.message for conversion in ended] == [""] * 4
    files = [conversion.files[0] for conversion in ended]
    # Who waited for the file finds it there.
    assert sorted(file.cached for file in files) == [False, False, False, True]
    assert (files[0].path, files[0].digest) == (files[1].path, files[1].digest)
    assert _visible(settings) == sorted({file.path for file in files})
    assert len(_visible(settings)) == 3
    assert not list((settings.catalog_root / "incoming").iterdir())


@pytest.mark.usefixtures("long_day")
async def test_progress_is_in_rows_of_what_is_missing(client: ServiceClient) -> None:
    made = await _create(client, _spec())
    seen = [conversion.progress for conversion in await _watch(client, made.conversion_id)]
    counted = [progress for progress in seen if progress.unit]
    assert {(progress.phase, progress.total) for progress in counted} == {(job_pb2.JOB_PHASE_CONVERTING, LONG)}
    done = [progress.done for progress in counted]
    assert done == sorted(done)


@pytest.mark.usefixtures("long_day")
async def test_what_a_stopped_service_was_at_goes_on_after_it(settings: Settings) -> None:
    async with serving("converter", ConverterServicer, settings) as client:
        made = await _create(client, _spec(), "r1")
        await _until_half_done(client, made.conversion_id)
    async with serving("converter", ConverterServicer, settings) as client:
        found = await _create(client, _spec(), "r1")
        assert (found.conversion_id, found.state, found.attempts) == (made.conversion_id, jobs.RUNNING, 1)
        *_, ended = await _watch(client, made.conversion_id)
        assert ended.state == jobs.SUCCEEDED
        assert _visible(settings) == [file.path for file in ended.files]


@pytest.mark.usefixtures("long_day")
async def test_a_conversion_is_queued_behind_others_with_its_place(client: ServiceClient) -> None:
    made = [await _create(client, _spec(force=True)) for _ in range(service._SLOTS + 2)]
    assert [conversion.queue_position for conversion in made] == [0] * service._SLOTS + [1, 2]
    for conversion in made:
        await client.call("CancelConversion", rpc.CancelConversionRequest(conversion_id=conversion.conversion_id))


async def test_an_unknown_conversion_is_not_found(client: ServiceClient) -> None:
    for method, request in (
        ("GetConversion", rpc.GetConversionRequest(conversion_id="x")),
        ("CancelConversion", rpc.CancelConversionRequest(conversion_id="x")),
    ):
        with pytest.raises(TickreelError, match="there is no conversion 'x'"):
            await client.call(method, request)
    with pytest.raises(TickreelError, match="there is no conversion 'x'"):
        await _watch(client, "x")
