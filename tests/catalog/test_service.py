import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from recordings import BTC, DAY, ETH, RawFolder, books, micros, trades
from serving import serving, settings_in
from tickreel.catalog.service import CatalogServicer
from tickreel.converter.depth_conversion import DepthConversion
from tickreel.converter.trade_conversion import TradeConversion
from tickreel.rpc import paging
from tickreel.rpc.call_thread import abandoned
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import CSV
from tickreel.stores.catalog import CatalogFile, CatalogStore
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw import BY_DATE, RawFile, RawStore
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.v1 import catalog_service_pb2 as rpc
from tickreel.v1 import market_data_pb2

NEXT = "2024-07-19"
ENGINE_ID = "BTC-USDT-PERP.BINANCE-FUTURES"


@pytest.fixture
async def client(tmp_path: Path, raw: RawFolder) -> AsyncIterator[ServiceClient]:
    async with serving("catalog", CatalogServicer, settings_in(tmp_path)) as client:
        yield client


def _write(raw: RawFolder, day: str = DAY, name: str = BTC, rows: int = 100) -> None:
    raw.write(trades(rows, local_timestamp=micros(f"{day}T12:00:00") + np.arange(rows) * 1000), day, name)


def _convert(raw: RawFolder, catalog: CatalogStore, day: str = DAY, name: str = BTC, price: int | None = None) -> CatalogFile:
    (source,) = [file for file in raw.store.dataset(f"day-{day}").files if file.instrument == name and file.data_type == TRADES]
    return TradeConversion(source, InstrumentName.parse(name), price, None).run(raw.store, catalog, lambda _: None)


def _convert_books(raw: RawFolder, catalog: CatalogStore, day: str) -> CatalogFile:
    (source,) = [file for file in raw.store.dataset(f"day-{day}").files if file.data_type == BOOK_SNAPSHOT_5]
    return DepthConversion(source, InstrumentName.parse(BTC), None, None).run(raw.store, catalog, lambda _: None)


@pytest.mark.parametrize("call", ["ListDatasets", "GetDataset"])
async def test_reading_files_ends_with_the_call(
    client: ServiceClient, raw: RawFolder, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    begun, seen = threading.Event(), threading.Event()

    def examine(_store: RawStore, _paths: object) -> list[RawFile]:
        begun.set()
        if abandoned().wait(60):
            seen.set()
        return []

    _write(raw)
    monkeypatch.setattr(RawStore, "examine", examine)
    request = rpc.ListDatasetsRequest() if call == "ListDatasets" else rpc.GetDatasetRequest(dataset_id=f"day-{DAY}")
    task = asyncio.create_task(client.call(call, request))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    assert await asyncio.to_thread(seen.wait, 60)


async def test_datasets_are_listed_newest_first(client: ServiceClient, raw: RawFolder) -> None:
    for day in ("2024-07-17", NEXT, DAY):
        _write(raw, day)
    (raw.root / BY_DATE / "zzz").mkdir()
    ids: list[str] = []
    token = ""
    while True:
        response = await client.call("ListDatasets", rpc.ListDatasetsRequest(page_size=3, page_token=token))
        ids += [dataset.dataset_id for dataset in response.datasets]
        if not (token := response.next_page_token):
            break
    assert ids == ["day-2024-07-19", "day-2024-07-18", "day-2024-07-17", "zzz"]


async def test_a_dataset_describes_its_files(client: ServiceClient, raw: RawFolder) -> None:
    _write(raw)
    _write(raw, name=ETH, rows=50)
    broken = raw.path(data_type="book_snapshot_5")
    broken.parent.mkdir()
    broken.write_bytes(b"x")
    dataset = (await client.call("GetDataset", rpc.GetDatasetRequest(dataset_id=f"day-{DAY}"))).dataset
    assert (dataset.date, list(dataset.instruments), dataset.rows) == (DAY, [BTC, ETH], 150)
    assert list(dataset.data_types) == [market_data_pb2.DATA_TYPE_TRADES, market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5]
    assert dataset.span.start.ToMicroseconds() == micros(f"{DAY}T12:00:00")
    assert dataset.span.end.ToMicroseconds() == micros(f"{DAY}T12:00:00") + 99_000
    assert dataset.size_bytes == sum(path.stat().st_size for path in raw.root.rglob("*.parquet"))
    assert [warning.code for warning in dataset.warnings] == ["FILE_UNREADABLE"]
    book, btc, eth = dataset.files
    assert (btc.rows, eth.rows, book.rows) == (100, 50, 0)
    assert (btc.HasField("span"), book.HasField("span")) == (True, False)
    assert btc.path == f"{BY_DATE}/day-{DAY}/data_type-trades/{BTC}.parquet"
    (listed,) = (await client.call("ListDatasets", rpc.ListDatasetsRequest())).datasets
    assert not listed.files
    del dataset.files[:]
    assert listed == dataset


async def test_an_empty_folder_has_no_span(client: ServiceClient, raw: RawFolder) -> None:
    (raw.root / BY_DATE / f"day-{DAY}").mkdir(parents=True)
    (dataset,) = (await client.call("ListDatasets", rpc.ListDatasetsRequest())).datasets
    assert (dataset.HasField("span"), [warning.code for warning in dataset.warnings]) == (False, ["NO_FILES"])


async def test_instruments_of_the_catalog_are_listed(client: ServiceClient, raw: RawFolder, catalog: CatalogStore) -> None:
    assert (await client.call("ListInstruments", rpc.ListInstrumentsRequest())).instruments == []
    for day in (DAY, NEXT):
        _write(raw, day)
        _convert(raw, catalog, day)
    _write(raw, name=ETH, rows=7)
    _convert(raw, catalog, name=ETH)
    btc, eth = (await client.call("ListInstruments", rpc.ListInstrumentsRequest())).instruments
    assert (btc.instrument_id, btc.raw_name, btc.files, btc.rows) == (ENGINE_ID, BTC, 2, 200)
    assert btc.span.start.ToMicroseconds() == micros(f"{DAY}T12:00:00")
    assert btc.span.end.ToMicroseconds() == micros(f"{NEXT}T12:00:00") + 99_000
    assert btc.size_bytes == sum(path.stat().st_size for path in catalog.root.rglob(f"{ENGINE_ID}/*.parquet"))
    assert (eth.raw_name, eth.files, eth.rows) == (ETH, 1, 7)
    page = await client.call("ListInstruments", rpc.ListInstrumentsRequest(page_size=1))
    assert page.instruments == [btc]
    rest = await client.call("ListInstruments", rpc.ListInstrumentsRequest(page_token=page.next_page_token))
    assert rest.instruments == [eth]


async def test_coverage_reports_freshness(client: ServiceClient, raw: RawFolder, catalog: CatalogStore) -> None:
    days = (DAY, NEXT, "2024-07-20")
    digests = []
    for day in days:
        _write(raw, day)
        digests.append(_convert(raw, catalog, day).converted.digest)
    _convert(raw, catalog, price=4)
    _write(raw, NEXT, rows=101)
    raw.path("2024-07-20").unlink()
    intervals = (await client.call("GetCoverage", rpc.GetCoverageRequest(instrument_id=ENGINE_ID))).intervals
    assert [interval.digest for interval in intervals] == [*digests, digests[0]]
    assert [(interval.price_precision, interval.size_precision) for interval in intervals] == [(1, 3)] * 3 + [(4, 3)]
    assert [interval.freshness for interval in intervals] == [
        rpc.FRESHNESS_FRESH,
        rpc.FRESHNESS_STALE,
        rpc.FRESHNESS_ORPHANED,
        rpc.FRESHNESS_FRESH,
    ]
    day_less_the_span = 86_400 - 0.099
    assert [interval.gap_seconds for interval in intervals] == [0, day_less_the_span, day_less_the_span, 0]
    assert {interval.rows for interval in intervals} == {100}
    assert intervals[1].source == f"{BY_DATE}/day-{NEXT}/data_type-trades/{BTC}.parquet"
    assert {interval.data_type for interval in intervals} == {market_data_pb2.DATA_TYPE_TRADES}


async def test_coverage_comes_in_pages(
    client: ServiceClient, raw: RawFolder, catalog: CatalogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (DAY, NEXT, "2024-07-20"):
        _write(raw, day)
        _convert(raw, catalog, day)
    _convert(raw, catalog, price=4)

    async def page(size: int, token: str = "", name: str = ENGINE_ID) -> rpc.GetCoverageResponse:
        request = rpc.GetCoverageRequest(instrument_id=name, page_size=size, page_token=token)
        response: rpc.GetCoverageResponse = await client.call("GetCoverage", request)
        return response

    whole = await page(4)
    assert (len(whole.intervals), whole.next_page_token) == (4, "")
    first = await page(3)
    last = await page(3, first.next_page_token)
    # The first interval of a page has its gap too.
    assert [*first.intervals, *last.intervals] == list(whole.intervals)
    assert last.next_page_token == ""
    with pytest.raises(TickreelError, match="page_token"):
        await page(3, first.next_page_token, BTC)
    # A page ends before its intervals exceed the size of a message.
    monkeypatch.setattr(paging, "MESSAGE_BYTES", whole.intervals[0].ByteSize() + whole.intervals[1].ByteSize())
    first = await page(4)
    last = await page(4, first.next_page_token)
    assert (len(first.intervals), [*first.intervals, *last.intervals]) == (2, list(whole.intervals))


async def test_books_are_covered_beside_trades(client: ServiceClient, raw: RawFolder, catalog: CatalogStore) -> None:
    for day in (DAY, NEXT):
        _write(raw, day)
        raw.write(books(7, local_timestamp=micros(f"{day}T18:00:00") + np.arange(7)), day, data_type="book_snapshot_5")
        _convert(raw, catalog, day)
        _convert_books(raw, catalog, day)
    _convert(raw, catalog, price=4)
    (entry,) = (await client.call("ListInstruments", rpc.ListInstrumentsRequest())).instruments
    assert (list(entry.data_types), entry.files, entry.rows) == ([TRADES, BOOK_SNAPSHOT_5], 5, 3 * 100 + 2 * 7)
    assert [(choice.price_precision, choice.size_precision) for choice in entry.decimals] == [(1, 3), (4, 3)]
    for name in (ENGINE_ID, BTC, f"{BTC}@LIN"):
        intervals = (await client.call("GetCoverage", rpc.GetCoverageRequest(instrument_id=name))).intervals
        assert [(interval.data_type, interval.price_precision, interval.rows) for interval in intervals] == [
            (TRADES, 1, 100),
            (TRADES, 1, 100),
            (TRADES, 4, 100),
            (BOOK_SNAPSHOT_5, 1, 7),
            (BOOK_SNAPSHOT_5, 1, 7),
        ]
        # A day minus the span of a file. The first interval of each data type and choice of decimals has no gap.
        assert [round(interval.gap_seconds, 3) for interval in intervals] == [0, 86_399.901, 0, 0, 86_400]
        assert {interval.freshness for interval in intervals} == {rpc.FRESHNESS_FRESH}


async def test_csv_files_are_the_datasets_if_the_setting_says_so(tmp_path: Path, raw: RawFolder, catalog: CatalogStore) -> None:
    csv = RawFolder(raw.root, CSV)
    _write(csv)
    _write(raw, NEXT)
    _convert(csv, catalog)
    settings = settings_in(tmp_path, UNIFIED_CLOUD_SERVICES_USE_PARQUET="false")
    async with serving("catalog", CatalogServicer, settings) as client:
        newest, dataset = (await client.call("ListDatasets", rpc.ListDatasetsRequest())).datasets
        assert (dataset.rows, list(dataset.instruments), len(dataset.warnings)) == (100, [BTC], 0)
        assert dataset.span.end.ToMicroseconds() == micros(f"{DAY}T12:00:00") + 99_000
        assert (newest.rows, [warning.code for warning in newest.warnings]) == (0, ["NO_FILES"])
        (interval,) = (await client.call("GetCoverage", rpc.GetCoverageRequest(instrument_id=ENGINE_ID))).intervals
        assert (interval.freshness, interval.source.endswith(f"{BTC}.csv.gz")) == (rpc.FRESHNESS_FRESH, True)


async def test_a_pause_under_a_minute_is_not_a_gap(client: ServiceClient, raw: RawFolder, catalog: CatalogStore) -> None:
    midnight = micros(f"{NEXT}T00:00:00")
    raw.write(trades(2, local_timestamp=[midnight - 30_000_000, midnight - 20_000_000]))
    raw.write(trades(2, local_timestamp=[midnight + 20_000_000, midnight + 30_000_000]), NEXT)
    for day in (DAY, NEXT):
        _convert(raw, catalog, day)
    intervals = (await client.call("GetCoverage", rpc.GetCoverageRequest(instrument_id=ENGINE_ID))).intervals
    assert [interval.gap_seconds for interval in intervals] == [0, 0]


async def test_missing_datasets_and_instruments_are_not_found(client: ServiceClient, raw: RawFolder) -> None:
    for method, request in (
        ("GetDataset", rpc.GetDatasetRequest(dataset_id="day-2024-07-18")),
        ("GetDataset", rpc.GetDatasetRequest(dataset_id="../..")),
        ("GetCoverage", rpc.GetCoverageRequest(instrument_id="../../x")),
    ):
        with pytest.raises(TickreelError) as refused:
            await client.call(method, request)
        assert refused.value.reason == "NOT_FOUND"
    raw.root.rmdir()
    with pytest.raises(TickreelError, match="is its disk mounted"):
        await client.call("ListDatasets", rpc.ListDatasetsRequest())


@pytest.mark.parametrize("method", ["ListDatasets", "ListInstruments"])
async def test_an_invalid_page_is_refused(client: ServiceClient, method: str) -> None:
    message = getattr(rpc, f"{method}Request")
    for request in (message(page_size=-1), message(page_token="x")):
        with pytest.raises(TickreelError) as refused:
            await client.call(method, request)
        assert refused.value.reason == "INVALID_REQUEST"
