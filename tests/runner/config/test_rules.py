"""Each rule of a run config refuses invalid values at their field and accepts all others."""

import json
import operator
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model import BarType, InstrumentId, Quantity
from nautilus_trader.trading import Strategy

from tickreel.engine.strategy import ReplayStrategy
from tickreel.rpc.settings import Settings
from tickreel.rpc.violations import Violations
from tickreel.runner.config.config_json import read_document, to_document
from tickreel.runner.config.rules import check_config, check_config_path
from tickreel.runner.config.strategy_registry import Strategies, StrategyEntry, installed_strategies
from tickreel.v1.result_pb2 import SNAPSHOT_MODE_BOOK as BOOK
from tickreel.v1.result_pb2 import SNAPSHOT_MODE_BOTH as BOTH
from tickreel.v1.result_pb2 import SNAPSHOT_MODE_TRADES as TRADES
from tickreel.v1.result_pb2 import SNAPSHOT_MODE_UNSPECIFIED, SnapshotMode
from tickreel.v1.run_config_pb2 import RunConfig

CONFIGS = Path(__file__).parents[3] / "configs"
VALID: dict[str, Any] = json.loads((CONFIGS / "binance_futures_btc_usdt.json").read_text())
SETTINGS = Settings.from_env({"UNIFIED_CLOUD_LOCAL_PATH": "data_downloads", "DATA_CATALOG_PATH": "data/parquet"})
STRATEGIES = installed_strategies()
# Every key that a config can have, with its default or an equivalent value.
WHOLE = deepcopy(VALID)
WHOLE["instrument"] |= {
    "base_currency": "BTC",
    "quote_currency": "USDT",
    "settlement_currency": "USDT",
    "multiplier": 1,
    "lot_size": 0.001,
    "margin_init": 0,
    "margin_maint": 0,
    "type": "CryptoPerpetual",
    "is_inverse": False,
}
WHOLE["venue"] |= {
    "book_type": "L1_MBP",
    "default_leverage": 1,
    "liquidity_consumption": False,
    "queue_position": False,
    "latency": {"base_latency_nanos": 0, "insert_latency_nanos": 0, "cancel_latency_nanos": 0},
    "fill_model": {"prob_fill_on_limit": 1, "prob_slippage": 0},
    "frozen_account": False,
}
WHOLE["strategy"] |= {"order_type": "LIMIT", "time_in_force": "IOC", "close_positions_on_stop": False}
WHOLE["seed"] = 0
WHOLE["strategy"]["orders"] = [{"side": "buy", "price": 1, "amount": 0.5}]


def check(
    document: object, settings: Settings = SETTINGS, mode: SnapshotMode = SNAPSHOT_MODE_UNSPECIFIED
) -> tuple[RunConfig, list[tuple[str, str]]]:
    """Return the resolved config and its violations, each as field and description."""
    violations = Violations()
    config = read_document(document, violations)
    check_config(config, STRATEGIES, settings, violations, mode)
    return config, [(violation.field, violation.description) for violation in violations]


def resolved(**changes: Any) -> RunConfig:
    config, wrong = check(changed(**changes))
    assert wrong == []
    return config


def refused(**changes: Any) -> tuple[str, str]:
    """Return the only violation of the valid config after changes."""
    _, (only,) = check(changed(**changes))
    return only


def changed(**changes: Any) -> dict[str, Any]:
    """Return the valid config with keys changed: `venue__taker_fee=0.1`. `...` removes a key."""
    document = deepcopy(VALID)
    for name, value in changes.items():
        *blocks, key = name.split("__")
        target = document
        for block in blocks:
            target = target[block]
        if value is ...:
            target.pop(key, None)
        else:
            target[key] = value
    return document


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.json")), ids=lambda path: path.stem)
def test_the_shipped_configs_are_valid(path: Path) -> None:
    _, wrong = check(json.loads(path.read_text()))
    assert wrong == []


def test_missing_optional_keys_get_their_defaults() -> None:
    config = resolved(data_catalog__instrument_file_pattern=...)
    instrument = config.instrument
    assert (instrument.base_currency, instrument.quote_currency, instrument.settlement_currency) == ("BTC", "USDT", "USDT")
    assert (instrument.multiplier, instrument.lot_size) == (1.0, 0.001)
    assert (instrument.margin_init, instrument.margin_maint) == (0.0, 0.0)
    for name in (
        "base_currency",
        "quote_currency",
        "settlement_currency",
        "multiplier",
        "lot_size",
        "margin_init",
        "margin_maint",
    ):
        assert instrument.HasField(name)
    assert config.data_catalog.instrument_file_pattern == "BINANCE-FUTURES:PERPETUAL:BTC-USDT"


def test_defaults_may_be_set_explicitly() -> None:
    _, wrong = check(WHOLE)
    assert wrong == []


def test_checking_a_resolved_config_changes_nothing() -> None:
    config, violations = resolved(), Violations()
    again = RunConfig()
    again.CopyFrom(config)
    check_config(again, STRATEGIES, SETTINGS, violations)
    assert not list(violations)
    assert again == config


# Changed keys, the field of the violation, and a part of its description.
REFUSALS: list[tuple[dict[str, Any], str, str]] = [
    ({"instrument__price_precision": 17}, "instrument.price_precision", "is 17; it must be 0 to 16"),
    ({"instrument__size_precision": -1}, "instrument.size_precision", "is -1; it must be 0 to 16"),
    ({"instrument__id": "BTC-USDT"}, "instrument.id", "BINANCE-FUTURES:PERPETUAL:BTC-USDT@LIN for example"),
    ({"instrument__id": "BINANCE-FUTURES:PERPETUAL:BTC-USDT"}, "instrument.id", "BINANCE-FUTURES:PERPETUAL:BTC-USDT@LIN"),
    ({"instrument__id": "BINANCE-FUTURES:PERPETUAL:BTC-USDT@INV"}, "venue.base_currency", "it must be 'BTC'"),
    ({"instrument__type": "CurrencyPair"}, "instrument.type", "@LIN says 'CryptoPerpetual'; they must agree"),
    (
        {"instrument__is_inverse": True},
        "instrument.is_inverse",
        "BTC-USDT@LIN says false; they must agree",
    ),
    ({"instrument__base_currency": "btc"}, "instrument.base_currency", "capital letters and digits, USDT for example"),
    ({"instrument__quote_currency": "US DT"}, "instrument.quote_currency", "capital letters and digits"),
    ({"instrument__settlement_currency": "USD"}, "instrument.settlement_currency", "settles in its quote_currency, 'USDT'"),
    ({"instrument__multiplier": 0}, "instrument.multiplier", "it must be above zero"),
    ({"instrument__multiplier": 1e-17}, "instrument.multiplier", "16 decimals at most"),
    ({"instrument__multiplier": 1e14}, "instrument.multiplier", "34028236692093 at most"),
    ({"instrument__lot_size": -0.001}, "instrument.lot_size", "it must be above zero"),
    ({"instrument__lot_size": 1e-20}, "instrument.lot_size", "16 decimals at most"),
    ({"instrument__lot_size": 1e300}, "instrument.lot_size", "34028236692093 at most"),
    ({"instrument__lot_size": 0.0005}, "instrument.lot_size", "sizes have 3 decimals; it must be a multiple of 0.001"),
    ({"instrument__lot_size": 1.0005}, "instrument.lot_size", "sizes have 3 decimals; it must be a multiple of 0.001"),
    ({"instrument__base_currency": "USDT"}, "instrument.base_currency", "the quote currency; it must be another: 'BTC'"),
    ({"instrument__quote_currency": "BTC"}, "instrument.quote_currency", "the base currency; it must be another: 'USDT'"),
    ({"instrument__id": "BINANCE-FUTURES:PERPETUAL:USDT-usdt@LIN"}, "instrument.id", "trades USDT against itself"),
    (
        {"instrument__id": "BINANCE-FUTURES:PERPETUAL:BTC-USD@INV", "instrument__base_currency": "USD"},
        "instrument.base_currency",
        "the quote currency; it must be another: 'BTC'",
    ),
    ({"instrument__margin_init": 1.01}, "instrument.margin_init", "a fraction of the notional, 0 to 1"),
    ({"instrument__margin_maint": -0.01}, "instrument.margin_maint", "a fraction of the notional, 0 to 1"),
    ({"instrument__margin_init": 1e-29}, "instrument.margin_init", "28 decimals at most"),
    ({"venue__name": "BINANCE"}, "venue.name", "the venue of instrument.id is 'BINANCE-FUTURES'; change one"),
    ({"venue__oms_type": "UNSPECIFIED"}, "venue.oms_type", "it must be 'NETTING'"),
    ({"venue__oms_type": "HEDGING"}, "venue.oms_type", "every copy of TempBacktestStrategy would open a position of its own"),
    ({"venue__account_type": "CASH"}, "venue.account_type", "a perpetual is traded on margin; it must be 'MARGIN'"),
    ({"venue__account_type": "BETTING"}, "venue.account_type", "it must be 'MARGIN', or 'CASH' for a spot pair"),
    ({"venue__base_currency": ...}, "venue.base_currency", "is missing; a MARGIN account needs it"),
    ({"venue__starting_balance": ...}, "venue.starting_balance", "is missing; a MARGIN account needs it"),
    ({"venue__starting_balances": {"USDT": 1}}, "venue.starting_balances", "use starting_balance instead"),
    ({"venue__book_type": "L3_MBO"}, "venue.book_type", "L1_MBP for trades, L2_MBP for book and both"),
    ({"venue__default_leverage": 0.5}, "venue.default_leverage", "it must be 1 to 1000"),
    ({"venue__latency": {"base_latency_nanos": -1}}, "venue.latency.base_latency_nanos", "a whole number of nanoseconds"),
    ({"venue__latency": {"insert_latency_nanos": 1.5}}, "venue.latency.insert_latency_nanos", "a whole number of nanoseconds"),
    ({"venue__latency": {"cancel_latency_nanos": 1e15}}, "venue.latency.cancel_latency_nanos", "to 86400000000000, a day"),
    ({"venue__latency": {"update_latency_nanos": 0.5}}, "venue.latency.update_latency_nanos", "a whole number of nanoseconds"),
    ({"venue__fill_model": {"prob_fill_on_limit": 1.1}}, "venue.fill_model.prob_fill_on_limit", "a probability, 0 to 1"),
    ({"venue__fill_model": {"prob_slippage": -0.1}}, "venue.fill_model.prob_slippage", "it must be a probability, 0 to 1"),
    ({"strategy__order_type": "STOP"}, "strategy.order_type", "it must be LIMIT or MARKET"),
    ({"strategy__time_in_force": "GTD"}, "strategy.time_in_force", "it must be IOC or FOK or GTC"),
    ({"seed": -1}, "seed", "it must be zero or above"),
    ({"venue__base_currency": "BTC"}, "venue.base_currency", "settles in 'USDT'; it must be 'USDT'"),
    ({"venue__starting_balance": 0}, "venue.starting_balance", "it must be above zero"),
    ({"venue__starting_balance": -5}, "venue.starting_balance", "it must be above zero"),
    ({"venue__starting_balance": 1.1e12}, "venue.starting_balance", "it must be at most 1000000000000"),
    ({"venue__starting_balance": 1.123456789}, "venue.starting_balance", "USDT has only 8 decimals"),
    ({"venue__taker_fee": 1}, "venue.taker_fee", "a fraction of the notional, 0.0004 for example"),
    ({"venue__maker_fee": -1.5}, "venue.maker_fee", "a fraction of the notional"),
    ({"data_catalog__trades_path": "/etc/*"}, "data_catalog.trades_path", "leaves the data root"),
    ({"data_catalog__book_snapshot_5_path": "../x"}, "data_catalog.book_snapshot_5_path", "leaves the data root"),
    (
        {"data_catalog__auto_discover": False, "data_catalog__trades_path": ...},
        "data_catalog.trades_path",
        "with auto_discover false it must name the files",
    ),
    ({"data_catalog__instrument_file_pattern": "a/b"}, "data_catalog.instrument_file_pattern", "it must be a file name"),
    ({"time_window__end": "2024-07-18T23:56:59.999999999Z"}, "time_window.end", "before the start 2024-07-18T23:57:00Z"),
    ({"time_window__start": "1969-12-31T23:59:59Z"}, "time_window.start", "within 1970 to 2262"),
    ({"time_window__end": "2262-04-12T00:00:00Z"}, "time_window.end", "within 1970 to 2262"),
    ({"strategy__name": "TempBackTestStrategy"}, "strategy.name", "did you mean 'TempBacktestStrategy'?"),
    ({"strategy__name": "os.system"}, "strategy.name", "which is not registered; the strategies are "),
    ({"strategy__submission_mode": "per_bar"}, "strategy.submission_mode", "TempBacktestStrategy supports per_trade_tick"),
    ({"strategy__orders": [{"side": "buy"}, {"side": "sell"}]}, "strategy.orders", "has 2 entries; it may have at most one"),
    ({"strategy__orders": [{"side": "BUY"}]}, "strategy.orders[0].side", "it must be buy or sell"),
    ({"strategy__orders": [{"price": 0}]}, "strategy.orders[0].price", "it must be above zero"),
    ({"strategy__orders": [{"amount": -1}]}, "strategy.orders[0].amount", "it must be above zero"),
    ({"risk__throttling_per_sec": 0}, "risk.throttling_per_sec", "it must be at least 1"),
    ({"fx_stub": {"USDTUSD": 1}}, "fx_stub.USDTUSD", "it must be FROM_TO, USDT_USD for example"),
    ({"fx_stub": {"USDT_USD": 0}}, "fx_stub.USDT_USD", "a rate must be above zero"),
    ({"environment__UNIFIED_CLOUD_LOCAL_PATH": "/x"}, "environment.UNIFIED_CLOUD_LOCAL_PATH", "but this service runs with"),
    ({"environment__UNIFIED_CLOUD_LOCAL_PATH": "~nobody-of-this-name"}, "environment.UNIFIED_CLOUD_LOCAL_PATH", "is '~nobody"),
    ({"environment__DATA_CATALOG_PATH": "a\0b"}, "environment.DATA_CATALOG_PATH", r"is 'a\x00b'"),
    (
        {"environment__UNIFIED_CLOUD_SERVICES_USE_PARQUET": False},
        "environment.UNIFIED_CLOUD_SERVICES_USE_PARQUET",
        "is false, but this service runs with true",
    ),
    (
        {"environment__UNIFIED_CLOUD_SERVICES_USE_DIRECT_GCS": True},
        "environment.UNIFIED_CLOUD_SERVICES_USE_DIRECT_GCS",
        "is true, but this service runs with false",
    ),
]


@pytest.mark.parametrize(("changes", "field", "words"), REFUSALS, ids=[f"{field} {words}" for _, field, words in REFUSALS])
def test_an_invalid_value_is_one_violation_at_its_field(changes: dict[str, Any], field: str, words: str) -> None:
    at, description = refused(**changes)
    assert at == field
    assert words in description


VALID_CHANGES: list[dict[str, Any]] = [
    {"instrument__price_precision": 0},
    {"instrument__price_precision": 16},
    {"instrument__size_precision": 16},
    {"instrument__multiplier": 1e-16},
    {"instrument__multiplier": 34028236692093},
    {"instrument__margin_init": 1},
    {"instrument__lot_size": 0.005},
    {"instrument__lot_size": 100},
    {"instrument__id": "BINANCE-FUTURES:PERPETUAL:USDT-USDT@LIN", "instrument__base_currency": "BTC"},
    {"venue__starting_balance": 1e12},
    {"venue__starting_balance": 0.00000001},
    {"venue__starting_balance": 1234.56789012},
    {"venue__taker_fee": 0},
    {"venue__maker_fee": -0.00025},
    {"data_catalog__auto_discover": False},
    {"data_catalog__trades_path": ...},
    {"data_catalog__trades_path": "@data_downloads/raw/*.parquet"},
    {"data_catalog__instrument_file_pattern": "another file"},
    {"time_window__end": "2024-07-18T23:57:00Z"},
    {"time_window__start": "1970-01-01T00:00:00Z", "time_window__end": "2262-04-11T23:47:15.999999999Z"},
    {"strategy__orders": []},
    {"strategy__orders": [{}]},
    {"strategy__orders": [{"side": "sell", "price": 1e-8, "amount": 1e8}]},
    {"strategy__orders": ...},
    {"strategy__order_type": "MARKET", "strategy__time_in_force": "GTC", "strategy__close_positions_on_stop": True},
    {"venue__latency": {}},
    {"venue__latency": {"base_latency_nanos": 50_000_000}},
    {"venue__latency": {"update_latency_nanos": 50_000_000}},
    {"venue__fill_model": {}},
    {"venue__fill_model": {"prob_fill_on_limit": 0.5, "prob_slippage": 1}, "seed": 7},
    {"venue__default_leverage": 20, "instrument__margin_init": 0.05},
    {"venue__liquidity_consumption": True, "venue__queue_position": True, "venue__frozen_account": True},
    {"instrument__id": "BINANCE-FUTURES:PERPETUAL:BTC-USDT@INV", "venue__base_currency": "BTC"},
    {"risk__throttling_per_sec": 1},
    {"risk__throttling_per_sec": 2**31 - 1},
    {"fx_stub": {}},
    {"fx_stub": {"USDT_USD": 0.9998, "BTC_USD": 64000}},
    {"fx_stub": ...},
    {"environment": ...},
    {"environment": {}},
    {"environment__UNIFIED_CLOUD_LOCAL_PATH": "configs/../data_downloads/"},
]


@pytest.mark.parametrize("changes", VALID_CHANGES, ids=str)
def test_a_valid_value_is_accepted(changes: dict[str, Any]) -> None:
    resolved(**changes)


SPOT = {"instrument__id": "BINANCE-FUTURES:SPOT_PAIR:BTC-USDT"}
CASH = {
    **SPOT,
    "venue__account_type": "CASH",
    "venue__base_currency": ...,
    "venue__starting_balance": ...,
    "venue__starting_balances": {"USDT": 10_000, "BTC": 0.5},
}


def test_a_spot_pair_accepts_a_margin_or_a_cash_account() -> None:
    margin, cash = resolved(**SPOT), resolved(**CASH)
    assert (margin.instrument.type, margin.instrument.settlement_currency) == ("CurrencyPair", "USDT")
    assert dict(cash.venue.starting_balances) == {"USDT": 10_000, "BTC": 0.5}
    only_quote = resolved(**CASH | {"venue__starting_balances": {"USDT": 10}})
    assert dict(only_quote.venue.starting_balances) == {"USDT": 10, "BTC": 0}


REMEDY = 'give starting_balances, {"USDT": 10000, "BTC": 0}'
MISCONFIGURED: list[tuple[dict[str, Any], str, str]] = [
    ({"venue__base_currency": "USDT"}, "venue.base_currency", REMEDY),
    ({"venue__starting_balance": 100}, "venue.starting_balance", REMEDY),
    ({"venue__starting_balances": ...}, "venue.starting_balances", REMEDY),
    ({"venue__starting_balances": {"USDT": 0}}, "venue.starting_balances", "has no balance above zero"),
    ({"venue__starting_balances": {"USDT": 1, "EUR": 1}}, "venue.starting_balances.EUR", "it must be USDT or BTC"),
    ({"venue__starting_balances": {"USDT": 1, "BTC": -1}}, "venue.starting_balances.BTC", "it must be zero or above"),
    ({"venue__starting_balances": {"USDT": 1, "BTC": 0.12345}}, "venue.starting_balances.BTC", "at most 3 decimals"),
    ({"venue__starting_balances": {"USDT": 2e12}}, "venue.starting_balances.USDT", "it must be at most 1000000000000"),
    ({"venue__default_leverage": 3}, "venue.default_leverage", "a CASH account has no leverage"),
    ({"venue__oms_type": "HEDGING"}, "venue.oms_type", "a CASH account holds coins and no positions"),
    ({"instrument__margin_init": 0.1}, "instrument.margin_init", "a CASH account has no margin"),
    ({"instrument__multiplier": 10}, "instrument.multiplier", "a spot pair has no contracts"),
    ({"instrument__settlement_currency": "BTC"}, "instrument.settlement_currency", "a spot pair settles in its quote_currency"),
]


@pytest.mark.parametrize(("changes", "field", "words"), MISCONFIGURED, ids=[f"{at} {words}" for _, at, words in MISCONFIGURED])
def test_a_misconfigured_cash_account_is_refused_with_the_remedy(changes: dict[str, Any], field: str, words: str) -> None:
    at, description = refused(**CASH | changes)
    assert at == field
    assert words in description


def test_an_inverse_contract_settles_in_its_base_currency() -> None:
    config = resolved(
        instrument__id="BINANCE-FUTURES:PERPETUAL:BTC-USD@INV",
        venue__base_currency="BTC",
        fx_stub=...,
        data_catalog__instrument_file_pattern=...,
    )
    assert (config.instrument.settlement_currency, config.instrument.is_inverse) == ("BTC", True)


@pytest.mark.parametrize(("mode", "book_type"), [(TRADES, "L1_MBP"), (BOOK, "L2_MBP"), (BOTH, "L2_MBP")])
def test_the_book_type_follows_from_the_snapshot_mode(mode: SnapshotMode, book_type: str) -> None:
    for document in (VALID, changed(venue__book_type=book_type)):
        config, wrong = check(document, mode=mode)
        assert wrong == []
        assert config.venue.book_type == book_type
    other = {"L1_MBP": "L2_MBP", "L2_MBP": "L1_MBP"}[book_type]
    ((field, description),) = check(changed(venue__book_type=other), mode=mode)[1]
    assert field == "venue.book_type"
    assert f"is replayed on {book_type!r}" in description


def test_slippage_is_refused_on_an_l2_book() -> None:
    document = changed(venue__fill_model={"prob_slippage": 0.5})
    assert check(document, mode=TRADES)[1] == []
    ((field, description),) = check(document, mode=BOTH)[1]
    assert field == "venue.fill_model.prob_slippage"
    assert "no effect on an L2 book, where orders walk the levels" in description


@pytest.mark.parametrize(
    ("mode", "missing"), [(BOOK, {"book_snapshot_5_path"}), (BOTH, {"trades_path", "book_snapshot_5_path"})]
)
def test_explicit_paths_are_required_for_the_data_of_the_mode(mode: SnapshotMode, missing: set[str]) -> None:
    document = changed(data_catalog__auto_discover=False, data_catalog__trades_path=..., data_catalog__book_snapshot_5_path=...)
    _, wrong = check(document, mode=mode)
    assert {field for field, _ in wrong} == {f"data_catalog.{key}" for key in missing}


def test_a_config_with_ten_faults_reports_ten() -> None:
    _, wrong = check(
        changed(
            instrument__price_precision="one",
            venue__name="BITMEX",
            venue__taker_fee=None,
            venue__oms_type=...,
            data_catalog__trades_path="../../etc/passwd",
            time_window__end="2020-01-01T00:00:00Z",
            strategy__name="MyStrategy",
            strategy__orders=[{}, {}],
            risk__throttling_per_sec=0,
            fx_stub={"USDT_USD": -1},
        )
    )
    assert {field for field, _ in wrong} == {
        "instrument.price_precision",
        "venue.name",
        "venue.taker_fee",
        "venue.oms_type",
        "data_catalog.trades_path",
        "time_window.end",
        "strategy.name",
        "strategy.orders",
        "risk.throttling_per_sec",
        "fx_stub.USDT_USD",
    }
    assert len(wrong) == 10


def keys_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [deeper for key, item in items for deeper in ((*path, key), *keys_of(item, (*path, key)))]


KEYS = [path for path in keys_of(WHOLE) if path != ("$schema",)]


@pytest.mark.parametrize("path", KEYS, ids=lambda path: ".".join(map(str, path)))
def test_a_refused_field_has_one_violation(path: tuple[Any, ...]) -> None:
    """Rules that depend on a refused field are skipped."""
    document = deepcopy(WHOLE)
    target: Any = document
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = None
    _, wrong = check(document)
    assert len(wrong) == 1
    if isinstance(target, dict):
        del target[path[-1]]
        assert len(check(document)[1]) <= 1


@pytest.mark.parametrize("document", [None, [], "x", 1])
def test_a_document_that_is_not_an_object_has_one_violation(document: object) -> None:
    assert [field for field, _ in check(document)[1]] == ["config"]


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["@", ":", "A:B:C-D@LIN"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(st.lists(st.tuples(st.sampled_from(KEYS), _anything), max_size=8), st.sets(st.sampled_from(KEYS), max_size=4))
def test_any_document_is_checked_and_each_field_has_at_most_one_violation(
    changes: list[tuple[tuple[Any, ...], Any]], dropped: set[tuple[Any, ...]]
) -> None:
    document = deepcopy(WHOLE)

    def change(path: tuple[Any, ...], do: Callable[[Any, Any], None]) -> None:
        target: Any = document
        try:
            for step in path[:-1]:
                target = target[step]
            do(target, path[-1])
        except (KeyError, IndexError, TypeError):
            return  # an earlier change removed the parent

    for path, value in changes:
        change(path, partial(_put, value))
    for path in dropped:
        change(path, operator.delitem)
    _, wrong = check(document)
    fields = [field for field, _ in wrong]
    assert len(fields) == len(set(fields))
    assert all(description for _, description in wrong)


def _put(value: Any, target: Any, key: Any) -> None:
    target[key] = value


@given(st.lists(st.text(max_size=20), min_size=20, max_size=20))
def test_a_message_with_arbitrary_strings_is_checked(texts: list[str]) -> None:
    config = RunConfig()
    for block in (config.instrument, config.venue, config.data_catalog, config.strategy, config.environment):
        for field in block.DESCRIPTOR.fields:
            if field.cpp_type == field.CPPTYPE_STRING and not field.is_repeated:
                setattr(block, field.name, texts.pop())
    check_config(config, STRATEGIES, SETTINGS, Violations())


@pytest.mark.parametrize("path", ["../x", "/etc", "a/../../b", "@data_downloads//etc", "@data_downloads/../x", ".."])
def test_a_path_that_leaves_the_data_root_is_refused(path: str) -> None:
    assert "leaves the data root" in check_config_path(path)


@pytest.mark.parametrize("path", ["a/b*.parquet", "@data_downloads/a", "a..b/c", "./a", "~/a"])
def test_a_path_below_the_data_root_is_accepted(path: str) -> None:
    assert check_config_path(path) == ""


def test_a_registered_strategy_of_another_package_can_be_named() -> None:
    class Another(ReplayStrategy):
        """Another registered strategy."""

        submission_modes = ("per_bar", "per_minute")

    violations = Violations()
    config = read_document(changed(strategy__name="Another", strategy__submission_mode="per_minute"), violations)
    check_config(config, Strategies([StrategyEntry("Another", Another, "a-package")]), SETTINGS, violations)
    assert not list(violations)


class Plain(Strategy):
    """A strategy that knows nothing of configs."""

    def __init__(self, instrument_id: InstrumentId, size: Quantity, bars: BarType, seed: int, fast: int = 10) -> None:
        super().__init__()


PARAMETERS = {"size": "0.100", "bars": "1-MINUTE-LAST-INTERNAL"}


def check_plain(**strategy: Any) -> tuple[RunConfig, dict[str, str]]:
    """Return the resolved config of a plain strategy with these keys, and its violations."""
    violations = Violations()
    document = changed()
    document["strategy"] = {"name": "Plain", "parameters": PARAMETERS, **strategy}
    config = read_document(document, violations)
    check_config(config, Strategies([StrategyEntry("Plain", Plain, "a-package")], {"Broken": "it is"}), SETTINGS, violations)
    return config, {violation.field: violation.description for violation in violations}


def test_a_plain_strategy_needs_no_keys_of_orders_and_gets_none() -> None:
    config, wrong = check_plain()
    assert wrong == {}
    assert to_document(config)["strategy"] == {
        "name": "Plain",
        "parameters": {**PARAMETERS, "fast": 10},
        "orders": [],
        "close_positions_on_stop": False,
    }


def test_keys_of_orders_are_refused_for_a_plain_strategy() -> None:
    keys = {"submission_mode": "per_trade_tick", "order_type": "LIMIT", "time_in_force": "GTC", "orders": [{"side": "buy"}]}
    _, wrong = check_plain(**keys)
    assert wrong == dict.fromkeys(
        (f"strategy.{key}" for key in keys), "has no effect: Plain builds its own orders; leave it out"
    )


def test_parameters_of_a_plain_strategy_are_checked_by_their_types() -> None:
    _, wrong = check_plain(parameters={"size": "-1", "bars": "hourly", "fast": 1.5, "seed": 3, "instrument_id": "X.Y"})
    assert wrong == {
        "strategy.parameters.fast": "is the number 1.5; it must be a whole number",
        "strategy.parameters.size": "is the string '-1', which is no Quantity: Decimal value '-1' is negative, Quantity must be"
        " non-negative",
        "strategy.parameters.bars": "is the string 'hourly', which is no BarType: write it like 1-MINUTE-LAST-INTERNAL, with or"
        " without an instrument before it",
        "strategy.parameters.seed": "is supplied by the run; set seed of the config instead",
        "strategy.parameters.instrument_id": "is supplied by the run; leave it out",
    }


def test_a_refused_strategy_is_named_with_the_reason() -> None:
    _, wrong = check_plain(name="Broken")
    assert wrong == {"strategy.name": "is 'Broken', which cannot be used: it is"}


def test_a_strategy_with_submission_modes_requires_one() -> None:
    assert refused(strategy__submission_mode=...) == (
        "strategy.submission_mode", "is missing; TempBacktestStrategy supports per_trade_tick",
    )  # fmt: skip
