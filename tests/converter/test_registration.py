"""Registered instruments of the catalog, as the engine reads them."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from nautilus_trader.model import CryptoPerpetual, CurrencyPair
from nautilus_trader.persistence import ParquetDataCatalog

from conversions import files_left
from recordings import BTC, DAY, RawFolder, trades, whole_days
from serving import serving, settings_in
from tickreel.converter.conversion_plan import ConversionPlan
from tickreel.converter.conversion_process import convert_missing
from tickreel.converter.service import ConverterServicer
from tickreel.jobs import job as jobs
from tickreel.rpc.errors import TickreelError
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.raw_schema import TRADES
from tickreel.v1 import conversion_pb2, converter_service_pb2, run_config_pb2

LINEAR, INVERSE, SPOT = f"{BTC}@LIN", "BITMEX:PERPETUAL:BTC-USD@INV", "BINANCE:SPOT_PAIR:BTC-USDT"
PRECISIONS = {"price_precision": 1, "size_precision": 3}


def spec_of(name: str = LINEAR, config: Mapping[str, Any] | None = None, **fields: Any) -> conversion_pb2.ConversionSpec:
    """Return the spec of a conversion of one day, for a config with these instrument keys or without a config."""
    if config is not None:
        terms = run_config_pb2.InstrumentConfig(**{"id": name, **PRECISIONS, **config})
        fields = {**PRECISIONS, **fields, "instrument_config": terms}
    spec = conversion_pb2.ConversionSpec(instrument=name, data_types=[TRADES], **fields)
    start, end = whole_days(DAY)
    spec.window.start.FromNanoseconds(start)
    spec.window.end.FromNanoseconds(end)
    return spec


def converted(raw: RawFolder, catalog: CatalogStore, spec: conversion_pb2.ConversionSpec) -> ConversionPlan:
    """Run a conversion, and return its plan."""
    plan = ConversionPlan.of(spec, raw.store, catalog)
    convert_missing(plan, raw.store, catalog, lambda _: None)
    return plan


def registered(catalog: CatalogStore, label: str = "price1-size3") -> list[CryptoPerpetual | CurrencyPair]:
    """Return the instruments that the engine finds in a folder of the catalog."""
    return ParquetDataCatalog(str(catalog.root / label)).instruments()


def instrument_path(catalog: CatalogStore) -> Path:
    """Return the path of the only instrument in the catalog."""
    (path,) = catalog.root.rglob("data/c*/*/*.parquet")
    return path


@pytest.mark.parametrize(
    ("name", "config", "expected"),
    [
        (
            LINEAR,
            {"lot_size": 0.01, "margin_init": 0.05, "margin_maint": 0.025},
            {"type": "CryptoPerpetual", "id": "BTC-USDT-PERP.BINANCE-FUTURES", "settlement_currency": "USDT", "multiplier": "1"}
            | {"lot_size": "0.01", "margin_init": "0.05", "margin_maint": "0.025", "is_inverse": False},
        ),
        (
            INVERSE,
            {"multiplier": 100},
            {"type": "CryptoPerpetual", "id": "BTC-USD-PERP.BITMEX", "settlement_currency": "BTC", "multiplier": "100"}
            | {"lot_size": "0.001", "margin_init": "0", "is_inverse": True},
        ),
        (SPOT, {"quote_currency": "BUSD"}, {"type": "CurrencyPair", "id": "BTC-USDT.BINANCE", "quote_currency": "BUSD"}),
    ],
)
def test_the_engine_finds_the_instrument_of_the_config(
    raw: RawFolder, catalog: CatalogStore, name: str, config: Mapping[str, Any], expected: Mapping[str, Any]
) -> None:
    raw.write(trades(), name=name.partition("@")[0])
    converted(raw, catalog, spec_of(name, config))
    (instrument,) = registered(catalog)
    found = instrument.to_dict()
    assert {**expected, **PRECISIONS} | {"price_increment": "0.1", "size_increment": "0.001"} == {
        key: found[key] for key in (*expected, *PRECISIONS, "price_increment", "size_increment")
    }


def test_the_config_used_last_is_registered(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades())
    converted(raw, catalog, spec_of(config={"margin_init": 0.05}))
    first = instrument_path(catalog)
    inode = first.stat().st_ino
    converted(raw, catalog, spec_of(config={"margin_init": 0.05}))
    assert first.stat().st_ino == inode, "the same instrument is left alone"
    plan = converted(raw, catalog, spec_of(config={"margin_init": 0.1}))
    assert plan.missing == [], "the rows are the same, whatever the instrument"
    assert [str(instrument.margin_init) for instrument in registered(catalog)] == ["0.1"]
    converted(raw, catalog, spec_of())
    assert [str(instrument.margin_init) for instrument in registered(catalog)] == ["0.1"], "no config, nothing to replace it by"


def test_without_a_config_each_choice_of_decimals_gets_the_defaults(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades())
    converted(raw, catalog, spec_of())
    converted(raw, catalog, spec_of(price_precision=2))
    for label, tick in (("price1-size3", "0.1"), ("price2-size3", "0.01")):
        (instrument,) = registered(catalog, label)
        found = instrument.to_dict()
        assert (found["price_increment"], found["lot_size"], found["margin_init"]) == (tick, "0.001", "0")


def test_an_incomplete_name_registers_nothing_with_a_finding(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades())
    plan = converted(raw, catalog, spec_of(BTC))
    assert registered(catalog) == []
    (finding,) = plan.findings()
    assert finding.code == "INSTRUMENT_NOT_REGISTERED"
    assert "must say whether it is linear or inverse" in finding.message
    assert converted(raw, catalog, spec_of()).findings() == []


@pytest.mark.parametrize(
    ("config", "fields", "field", "says"),
    [
        ({"id": INVERSE}, {}, "instrument.id", f"'{LINEAR}' is converted"),
        ({"price_precision": 2}, {}, "instrument.price_precision", "is 2, but the conversion's is 1"),
        ({}, {"size_precision": None}, "instrument.size_precision", "but the conversion leaves it to the data"),
        ({"lot_size": 0.0005}, {}, "instrument.lot_size", "sizes have 3 decimals"),
        ({"multiplier": -1}, {}, "instrument.multiplier", "above zero"),
    ],
)
def test_an_invalid_instrument_is_refused_before_work_starts(
    raw: RawFolder, catalog: CatalogStore, config: Mapping[str, Any], fields: Mapping[str, Any], field: str, says: str
) -> None:
    raw.write(trades())
    with pytest.raises(TickreelError) as refused:
        ConversionPlan.of(spec_of(config=config, **fields), raw.store, catalog)
    (violation,) = refused.value.violations
    assert (violation.field, says in violation.description) == (field, True), violation
    assert refused.value.reason == "INVALID_REQUEST"


def test_an_instrument_is_replaced_atomically(catalog: CatalogStore) -> None:
    contents = [bytes([number]) * 100_000 for number in range(2)]
    path = catalog.root / "price1-size3/y.parquet"

    def place(content: bytes, times: int = 50) -> None:
        def write(folder: Path) -> str:
            (folder / path.name).write_bytes(content)
            return path.name

        for _ in range(times):
            catalog.place_instrument(1, 3, write)

    place(contents[0], 1)
    placing = [threading.Thread(target=place, args=[content]) for content in contents]
    for thread in placing:
        thread.start()
    while any(thread.is_alive() for thread in placing):
        assert path.read_bytes() in contents
    assert files_left(catalog) == ["price1-size3/y.parquet"]


def test_an_incomplete_instrument_file_is_removed(catalog: CatalogStore) -> None:
    dying = f"""
import os
from pathlib import Path
from tickreel.stores.catalog import CatalogStore

def write(folder):
    (folder / "half").write_text("half")
    os._exit(7)

CatalogStore(Path({str(catalog.root)!r})).place_instrument(1, 3, write)
"""
    assert subprocess.run([sys.executable, "-c", dying], timeout=100, check=False).returncode == 7
    assert [path.rpartition("/")[2] for path in files_left(catalog) if path.endswith("/half")] == ["half"]
    catalog.sweep()
    assert list((catalog.root / "incoming").iterdir()) == []


async def test_a_catalog_without_an_instrument_gets_it_and_nothing_else(
    raw: RawFolder, catalog: CatalogStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    raw.write(trades())
    converted(raw, catalog, spec_of())
    instrument_path(catalog).unlink()
    before = {path: catalog.identity(path) for path in files_left(catalog)}
    async with serving("converter", ConverterServicer, settings_in(tmp_path)) as client:

        async def convert() -> conversion_pb2.Conversion:
            request = converter_service_pb2.CreateConversionRequest(spec=spec_of(config={"margin_init": 0.2}))
            response = await client.call("CreateConversion", request)
            return cast(converter_service_pb2.CreateConversionResponse, response).conversion

        # A read-only catalog is no error for a conversion that finds every file in it.
        in_the_way = catalog.root / "price1-size3/data/crypto_perpetual"
        shutil.rmtree(in_the_way)
        in_the_way.touch()
        assert (await convert()).state == jobs.SUCCEEDED
        assert f"the instrument {LINEAR} is not registered in the catalog: " in caplog.text
        assert list((catalog.root / "incoming").iterdir()) == []
        in_the_way.unlink()
        assert (await convert()).state == jobs.SUCCEEDED
    assert [str(instrument.margin_init) for instrument in registered(catalog)] == ["0.2"]
    instrument_path(catalog).unlink()
    assert {path: catalog.identity(path) for path in files_left(catalog)} == before
