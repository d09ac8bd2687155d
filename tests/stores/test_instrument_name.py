import re

import pytest

from tickreel.stores.instrument_name import InstrumentName


@pytest.mark.parametrize(
    ("text", "raw_name", "engine_id", "kind", "is_inverse", "base", "quote"),
    [
        (
            "BINANCE-FUTURES:PERPETUAL:BTC-USDT@LIN",
            "BINANCE-FUTURES:PERPETUAL:BTC-USDT",
            "BTC-USDT-PERP.BINANCE-FUTURES",
            "perpetual",
            False,
            "BTC",
            "USDT",
        ),
        ("BITMEX:PERPETUAL:BTC-USD@INV", "BITMEX:PERPETUAL:BTC-USD", "BTC-USD-PERP.BITMEX", "perpetual", True, "BTC", "USD"),
        ("BINANCE:SPOT_PAIR:NEXO-USDT", "BINANCE:SPOT_PAIR:NEXO-USDT", "NEXO-USDT.BINANCE", "spot", False, "NEXO", "USDT"),
        ("A_B:PERPETUAL:1K-USD", "A_B:PERPETUAL:1K-USD", "1K-USD-PERP.A_B", "perpetual", False, "1K", "USD"),
    ],
)  # fmt: skip
def test_a_name_is_parsed_into_its_parts(
    text: str, raw_name: str, engine_id: str, kind: str, is_inverse: bool, base: str, quote: str
) -> None:
    name = InstrumentName.parse(text)
    assert (name.raw_name, name.engine_id, name.kind, name.is_inverse) == (raw_name, engine_id, kind, is_inverse)
    assert (name.base, name.quote, name.symbol) == (base, quote, f"{base}-{quote}")
    assert str(name) == text
    assert InstrumentName.parse(str(name)) == name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not of the form VENUE:PRODUCT:SYMBOL"),
        ("BTC-USDT", "is not of the form"),
        ("A:PERPETUAL:BTC-USDT:X", "is not of the form"),
        (":PERPETUAL:BTC-USDT", "the venue ''"),
        ("../x:PERPETUAL:BTC-USDT", "the venue '../x'"),
        ("BINANCE:PERP:BTC-USDT", "the product 'PERP'; it must be PERPETUAL or SPOT_PAIR"),
        ("BINANCE:PERPETUAL:BTCUSDT", "the symbol 'BTCUSDT'; it must be BASE-QUOTE"),
        ("BINANCE:PERPETUAL:BTC-USDT-X", "the symbol"),
        ("BINANCE:PERPETUAL:*-USDT", "the symbol"),
        ("BINANCE:PERPETUAL:BTC-USDT@", "ends in '@'"),
        ("BINANCE:PERPETUAL:BTC-USDT@lin", "ends in '@lin'; it must end in @LIN, @INV or neither"),
        ("BINANCE:SPOT_PAIR:BTC-USDT@INV", "only a perpetual can be inverse"),
        ("BINANCE:PERPETUAL:BTC-USDT\n", "the symbol"),
    ],
)
def test_the_error_of_a_wrong_name_says_why(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        InstrumentName.parse(text)
