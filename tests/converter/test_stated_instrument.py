import pyarrow.parquet as pq
import pytest

from conversions import codes, convert
from recordings import BTC, RawFolder, books, engine_books, engine_trades, needs_real_data, real_data, trades
from tickreel.converter.stated_instrument import says_other_exchange, says_other_symbol
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5
from tickreel.v1 import result_pb2


@pytest.mark.parametrize(
    ("name", "exchange", "symbol"),
    [
        (BTC, "binance-futures", "BTCUSDT"),
        (BTC, "binance-futures", "btcusdt"),
        (BTC, "BINANCE_FUTURES", "BTC-USDT"),
        (BTC, "binanceusdm", "BTC/USDT:USDT"),
        (BTC, "binance", "BTCUSDT-PERP"),
        (BTC, "", ""),
        ("BITMEX:PERPETUAL:BTC-USD", "bitmex", "XBTUSD"),
        ("KRAKEN:SPOT_PAIR:XBT-USD", "kraken", "XBT/USD"),
        ("KRAKEN:SPOT_PAIR:BTC-USD", "Kraken", "XXBTZUSD"),
        ("KRAKEN:SPOT_PAIR:XBT-USD", "kraken", "BTC/USD"),
        ("KRAKEN:SPOT_PAIR:DOGE-EUR", "kraken", "XDGEUR"),
        ("KRAKEN-FUTURES:PERPETUAL:BTC-USD", "cryptofacilities", "PI_XBTUSD"),
        ("OKX:PERPETUAL:BTC-USDT", "okex-swap", "BTC-USDT-SWAP"),
        ("OKEX:PERPETUAL:BTC-USD", "okx", "BTC-USD-SWAP"),
        ("DERIBIT:PERPETUAL:BTC-USD", "deribit", "BTC-PERPETUAL"),
        ("DERIBIT:PERPETUAL:ETH-USDC", "deribit", "ETH_USDC-PERPETUAL"),
        ("BYBIT:PERPETUAL:BTC-USDC", "bybit", "BTCPERP"),
        ("BITFINEX:SPOT_PAIR:BTC-USDT", "bitfinex", "tBTCUST"),
        ("BITFINEX-DERIVATIVES:PERPETUAL:BTC-USDT", "bitfinex-derivatives", "BTCF0:USTF0"),
        ("GATEIO:SPOT_PAIR:BTC-USDT", "gate-io", "BTC_USDT"),
        ("HUOBI:SPOT_PAIR:ETH-BTC", "huobi", "ethbtc"),
        ("UPBIT:SPOT_PAIR:BTT-KRW", "upbit", "KRW-BTT"),
        ("BINANCE:SPOT_PAIR:SHIB-USDT", "binance", "SHIBUSDT"),
        ("BINANCE-FUTURES:PERPETUAL:SHIB-USDT", "binance-futures", "1000SHIBUSDT"),
        ("BINANCE:SPOT_PAIR:BTC-FDUSD", "binance", "BTCFDUSD"),
        ("BINANCE:SPOT_PAIR:USDC-USDT", "binance", "USDCUSDT"),
        ("KUCOIN-FUTURES:PERPETUAL:BTC-USDT", "kucoin-futures", "XBTUSDTM"),
        ("BITGET:PERPETUAL:BTC-USDT", "bitget", "BTCUSDT_UMCBL"),
        ("HYPERLIQUID:PERPETUAL:BTC-USDC", "hyperliquid", "BTC"),
        ("DYDX:PERPETUAL:ETH-USDC", "dydx", "ETH-USD"),
    ],
)
def test_spellings_of_the_same_instrument_are_recognized(name: str, exchange: str, symbol: str) -> None:
    instrument = InstrumentName.parse(name)
    assert not says_other_exchange(exchange, instrument)
    assert not says_other_symbol(symbol, instrument)


@pytest.mark.parametrize("exchange", ["deribit", "bitmex", "okex-swap", "futures-binance"])
def test_another_exchange_is_recognized(exchange: str) -> None:
    assert says_other_exchange(exchange, InstrumentName.parse(BTC))


@pytest.mark.parametrize("symbol", ["ETHUSDT", "ETH-PERPETUAL", "BTCUSD", "BTC-USDC", "BTCBUSD", "BTCEUR", "ETHBTC", "XBTUSD"])
def test_another_symbol_is_recognized(symbol: str) -> None:
    assert says_other_symbol(symbol, InstrumentName.parse(BTC))


def test_a_usdt_contract_is_not_a_usd_contract() -> None:
    assert says_other_symbol("BTCUSDT", InstrumentName.parse("BITMEX:PERPETUAL:BTC-USD"))


def test_another_instrument_makes_a_finding(raw: RawFolder, catalog: CatalogStore) -> None:
    raw.write(trades(exchange=["deribit"] * 5, symbol=["ETHUSDT"] * 5))
    file = convert(raw, catalog)
    expected = f"the rows say exchange deribit and symbol ETHUSDT, but are read as {BTC}; is this the right file?"
    assert codes(file) == {"OTHER_INSTRUMENT": expected}
    assert file.converted.findings[0].severity == result_pb2.SEVERITY_WARNING
    raw.write(books(symbol=["ETHUSDT"] * 5), data_type="book_snapshot_5")
    found = codes(convert(raw, catalog, data_type=BOOK_SNAPSHOT_5))["OTHER_INSTRUMENT"]
    assert found.startswith("the rows say symbol ETHUSDT, but")


def test_rows_without_an_instrument_make_no_finding(raw: RawFolder, catalog: CatalogStore) -> None:
    for table in (engine_trades(), trades(exchange=[None] * 5, symbol=[""] * 5)):
        raw.write(table)
        assert codes(convert(raw, catalog)) == {}


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("BTCUSDT-PERP.BINANCE", ""),
        ("BTC-USDT-PERP.BINANCE-FUTURES", ""),
        ("BTCUSDT", ""),
        ("ETH-USDT-PERP.BINANCE-FUTURES", "symbol ETH-USDT-PERP"),
        ("BTCUSDT-LINEAR.BYBIT", "exchange BYBIT"),
    ],
)
def test_the_instrument_in_the_metadata_of_the_engines_files_is_compared(
    raw: RawFolder, catalog: CatalogStore, stated: str, said: str
) -> None:
    raw.write(engine_books().replace_schema_metadata({"instrument_id": stated}), data_type="book_snapshot_5")
    found = codes(convert(raw, catalog, data_type=BOOK_SNAPSHOT_5)).get("OTHER_INSTRUMENT", "")
    assert found == (f"the metadata say {said}, but are read as {BTC}; is this the right file?" if said else "")


@needs_real_data
def test_real_recordings_name_their_instrument() -> None:
    seen = 0
    for path in real_data().glob("raw_tick_data/by_date/*/*/*.parquet"):
        instrument = InstrumentName.parse(path.stem)
        (row,) = next(pq.ParquetFile(path).iter_batches(1, columns=["exchange", "symbol"])).to_pylist()
        assert not says_other_exchange(row["exchange"], instrument)
        assert not says_other_symbol(row["symbol"], instrument)
        seen += 1
    assert seen
