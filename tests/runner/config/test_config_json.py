"""A config is read strictly: every problem is found at its path, and no value is converted to another type."""

import math
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from tickreel.rpc.json_struct import values_of
from tickreel.rpc.violations import MOST_LISTED, Violations
from tickreel.runner.config.config_json import MOST_SUGGESTIONS, read_document, to_document
from tickreel.v1.run_config_pb2 import RunConfig

# Every key that a config can have.
WHOLE: dict[str, Any] = {
    "instrument": {
        "id": "BINANCE-FUTURES:PERPETUAL:BTC-USDT@LIN",
        "price_precision": 1,
        "size_precision": 3,
        "base_currency": "BTC",
        "quote_currency": "USDT",
        "settlement_currency": "USDT",
        "multiplier": 1,
        "lot_size": 0.001,
        "margin_init": 0.05,
        "margin_maint": 0,
        "type": "CryptoPerpetual",
        "is_inverse": False,
    },
    "venue": {
        "name": "BINANCE-FUTURES",
        "oms_type": "NETTING",
        "account_type": "MARGIN",
        "base_currency": "USDT",
        "starting_balance": 1000000,
        "maker_fee": -0.0002,
        "taker_fee": 0.0004,
        "book_type": "L2_MBP",
        "default_leverage": 10,
        "liquidity_consumption": True,
        "queue_position": True,
        "latency": {
            "base_latency_nanos": 1,
            "insert_latency_nanos": 2,
            "cancel_latency_nanos": 3000000000,
            "update_latency_nanos": 4,
        },
        "fill_model": {"prob_fill_on_limit": 0.5, "prob_slippage": 0},
        "frozen_account": False,
    },
    "data_catalog": {
        "trades_path": "raw_tick_data/*/trades.parquet",
        "book_snapshot_5_path": "raw_tick_data/*/book.parquet",
        "auto_discover": True,
        "instrument_file_pattern": "BINANCE-FUTURES:PERPETUAL:BTC-USDT",
    },
    "time_window": {"start": "2024-07-18T23:57:00Z", "end": "2024-07-19T02:05:00.123456789+02:00"},
    "strategy": {
        "name": "TempBacktestStrategy",
        "submission_mode": "per_trade_tick",
        "orders": [{"side": "buy", "price": 1, "amount": 0.5}],
        "order_type": "LIMIT",
        "time_in_force": "GTC",
        "close_positions_on_stop": True,
        "parameters": {},
    },
    "risk": {"throttling_per_sec": 1000000},
    "environment": {
        "UNIFIED_CLOUD_LOCAL_PATH": "data_downloads",
        "UNIFIED_CLOUD_SERVICES_USE_PARQUET": True,
        "UNIFIED_CLOUD_SERVICES_USE_DIRECT_GCS": False,
        "DATA_CATALOG_PATH": "data/parquet",
    },
    "fx_stub": {"USDT_USD": 1.0},
    "seed": 7,
}
OPTIONAL = re.compile(
    r"environment(\..*)?|fx_stub|strategy\.orders(\[0\]\..*)?|data_catalog\.(trades_path|book_.*|instrument_.*)"
    r"|instrument\.(base_.*|quote_.*|settlement_.*|multiplier|lot_size|margin_.*|type|is_inverse)"
    r"|venue\.(base_.*|starting_.*|book_type|default_.*|liquidity_.*|queue_.*|frozen_.*|(latency|fill_model)(\..*)?)"
    r"|strategy\.(submission_mode|order_type|time_in_force|close_.*|parameters)|seed"
)

type Path = tuple[str | int, ...]


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every key of a document, at all depths."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from paths(item, (*path, key))


def written(path: Path) -> str:
    """Return a path as violations write it."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


ALL = [*paths(WHOLE)]
KEYS = [path for path in ALL if isinstance(path[-1], str) and path[0] != "fx_stub"]
# Objects with arbitrary keys.
OPEN = [("fx_stub",), ("strategy", "parameters")]
OBJECTS = [(), *(path for path in ALL if isinstance(at(WHOLE, path), dict) and path not in OPEN)]


def problems(document: object) -> dict[str, str]:
    """Return the descriptions of violations by path. Each path occurs once."""
    violations = Violations()
    read_document(document, violations)
    found = {violation.field: violation.description for violation in violations}
    assert len(found) == len(violations)
    return found


def changed(path: Path, value: Any) -> Any:
    document = deepcopy(WHOLE)
    at(document, path[:-1])[path[-1]] = value
    return document


def read(document: object) -> RunConfig:
    violations = Violations()
    config = read_document(document, violations)
    assert not list(violations)
    return config


def test_a_config_with_every_key_is_read() -> None:
    config = read(WHOLE)
    assert config.instrument.lot_size == 0.001
    assert config.venue.starting_balance == 1_000_000
    assert config.venue.maker_fee == -0.0002
    assert config.time_window.end.ToNanoseconds() == 1_721_347_500_123_456_789
    assert config.strategy.orders[0].side == "buy"
    assert config.environment.unified_cloud_services_use_direct_gcs is False
    assert dict(config.fx_stub) == {"USDT_USD": 1.0}


def test_a_config_is_valid_protojson() -> None:
    assert read(WHOLE) == json_format.ParseDict(WHOLE, RunConfig())


def test_the_schema_key_of_editors_is_ignored_at_the_top() -> None:
    assert read({"$schema": "schema/run_config.schema.json", **WHOLE}) == read(WHOLE)
    assert "venue.$schema" in problems(changed(("venue", "$schema"), "x"))


def test_optional_keys_may_be_left_out() -> None:
    least = deepcopy(WHOLE)
    for path in reversed(KEYS):
        if OPTIONAL.fullmatch(written(path)):
            del at(least, path[:-1])[path[-1]]
    config = read(least)
    assert not config.HasField("environment")
    assert not config.instrument.HasField("lot_size")
    assert not config.strategy.orders


@pytest.mark.parametrize("path", KEYS, ids=written)
def test_a_dropped_key_is_refused_unless_it_is_optional(path: Path) -> None:
    document = deepcopy(WHOLE)
    del at(document, path[:-1])[path[-1]]
    found = problems(document)
    if OPTIONAL.fullmatch(written(path)):
        assert found == {}
    else:
        assert set(found) == {written(path)}
        assert found[written(path)].startswith("is missing; it must be ")


@pytest.mark.parametrize("path", [path for path in KEYS if "_" in str(path[-1])], ids=written)
def test_a_camel_case_key_is_one_problem_that_suggests_the_right_key(path: Path) -> None:
    key = str(path[-1])
    camel = re.sub(r"_(\w)", lambda match: match[1].upper(), key.lower())
    document = deepcopy(WHOLE)
    at(document, path[:-1])[camel] = at(document, path[:-1]).pop(key)
    found = problems(document)
    assert set(found) == {written((*path[:-1], camel))}
    assert found[written((*path[:-1], camel))].startswith("is not a key of a run config; ")
    if key.islower():
        assert f"did you mean {key!r}?" in found[written((*path[:-1], camel))]


@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: written(path) or "the whole")
def test_an_unknown_key_is_refused_at_its_path(path: Path) -> None:
    found = problems(changed((*path, "qwertz"), 1))
    assert set(found) == {written((*path, "qwertz"))}
    assert "is not a key of a run config; known here: " in found[written((*path, "qwertz"))]


@pytest.mark.parametrize("path", ALL, ids=written)
def test_null_is_refused(path: Path) -> None:
    found = problems(changed(path, None))
    assert set(found) == {written(path)}
    assert found[written(path)].startswith("is null; ")


def test_a_whole_number_beyond_32_bits_is_refused_with_the_range() -> None:
    found = problems(changed(("risk", "throttling_per_sec"), 3_000_000_000))
    bounds = "it must be a whole number from -2147483648 to 2147483647"
    assert found == {"risk.throttling_per_sec": f"is the number 3000000000; {bounds}"}


_anything = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def fits(value: Any, right: Any, path: Path) -> bool:
    """Return whether a value is valid in the place of the valid value `right`."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match right:
        case bool():
            return isinstance(value, bool)
        case int() | float() if str(path[-1]).endswith(("precision", "per_sec", "seed")):
            return number and value == value // 1 and -(2**31) <= value < 2**31
        case int() | float():
            return number and math.isfinite(value) and float(value) == value
        case str() if path[0] == "time_window":
            return False
        case str():
            return isinstance(value, str) and value != ""
    return False


@given(st.sampled_from(ALL), _anything)
def test_a_value_of_the_wrong_kind_is_one_problem_at_its_path(path: Path, value: Any) -> None:
    right = at(WHOLE, path)
    found = problems(changed(path, value))
    if isinstance(right, dict | list):
        if type(value) is not type(right):
            assert set(found) == {written(path)}
    elif fits(value, right, path):
        assert found == {}
    else:
        assert set(found) == {written(path)}
        assert "; it must be " in found[written(path)] or "which is not a valid date" in found[written(path)]


@given(_anything | st.none(), st.lists(st.tuples(st.sampled_from(ALL), _anything | st.none()), max_size=6))
def test_any_json_document_is_read_or_refused(document: Any, changes: list[tuple[Path, Any]]) -> None:
    problems(document)
    broken = deepcopy(WHOLE)
    for path, value in changes:
        try:
            at(broken, path[:-1])[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change removed the parent
    assert bool(problems(broken)) or read(broken)


def test_a_whole_number_that_no_double_represents_is_refused() -> None:
    for value in (10**400, -(10**400), 2**53 + 1, 10**5000):
        assert set(problems(changed(("venue", "taker_fee"), value))) == {"venue.taker_fee"}
        assert set(problems(changed(("risk", "throttling_per_sec"), value))) == {"risk.throttling_per_sec"}


def test_whole_numbers_may_be_written_as_doubles() -> None:
    """All numbers in a Struct are doubles."""
    assert read(changed(("instrument", "price_precision"), 1.0)) == read(WHOLE)
    assert set(problems(changed(("instrument", "price_precision"), 1.5))) == {"instrument.price_precision"}


def test_all_problems_are_reported_at_once() -> None:
    document = deepcopy(WHOLE)
    del document["risk"]
    del document["venue"]["name"]
    document["instrument"] |= {"price_precision": "1", "size_precision": None, "tickSize": 1}
    document["venue"] |= {"takerFee": document["venue"].pop("taker_fee"), "oms_type": 1, "base_currency": ""}
    document["time_window"] = {"start": "yesterday", "end": 1721347500}
    document["strategy"]["orders"] = [{"side": 1}, "buy", None, {"sides": "buy"}]
    document["environment"]["UNIFIED_CLOUD_SERVICES_USE_PARQUET"] = "true"
    document["fx_stub"] = {"USDT_USD": "1", "EUR_USD": None}
    assert set(problems(document)) == {
        "risk",
        "venue.name",
        "instrument.price_precision",
        "instrument.size_precision",
        "instrument.tickSize",
        "venue.takerFee",
        "venue.oms_type",
        "venue.base_currency",
        "time_window.start",
        "time_window.end",
        "strategy.orders[0].side",
        "strategy.orders[1]",
        "strategy.orders[2]",
        "strategy.orders[3].sides",
        "environment.UNIFIED_CLOUD_SERVICES_USE_PARQUET",
        "fx_stub.USDT_USD",
        "fx_stub.EUR_USD",
    }


class CountingKey(str):
    """A key that counts its comparisons with known keys. difflib reads the length for each comparison."""

    looks = 0
    __hash__ = str.__hash__
    __eq__ = str.__eq__

    def __len__(self) -> int:
        CountingKey.looks += 1
        return super().__len__()


def test_the_work_for_unknown_keys_is_linear() -> None:
    looks = []
    for count in (8_000, 16_000):
        CountingKey.looks = 0
        violations = Violations()
        read_document({"venue": {CountingKey(f"taker_fe{number}"): 1 for number in range(count)}}, violations)
        looks.append(CountingKey.looks)
        listed = list(violations)
        assert len(violations) > count
        assert len(listed) == MOST_LISTED + 1
        assert listed[-1].description.startswith(f"{len(violations) - MOST_LISTED} more;")
        assert 0 < sum("did you mean" in violation.description for violation in listed) <= MOST_SUGGESTIONS
    assert looks[1] < 2.5 * looks[0]


def test_every_faulty_entry_of_a_long_list_is_counted() -> None:
    violations = Violations()
    read_document(changed(("strategy", "orders"), [{"side": 1}] * 16_000), violations)
    assert len(violations) == 16_000
    assert not violations.clean("strategy")
    assert not violations.clean("strategy.orders[15999].side")
    assert violations.clean("strategy.orders[15999].price", "strategy.name")


@given(st.lists(st.lists(st.sampled_from([".", "[", "a", "b"]), min_size=1).map("".join), max_size=5), st.text("ab.["))
def test_a_field_is_clean_unless_it_or_a_parent_or_a_child_has_a_violation(wrong: list[str], field: str) -> None:
    violations = Violations()
    for one in wrong:
        violations.add(one, "is wrong")
    related = any(
        longer == shorter or longer.startswith((f"{shorter}.", f"{shorter}["))
        for one in wrong
        for shorter, longer in [sorted((one, field), key=len)]
    )
    assert violations.clean(field) is not related


def test_a_key_of_a_million_dots_is_one_problem() -> None:
    found = problems(changed((("." * 1_000_000),), 1))
    assert len(found) == 1


@pytest.mark.parametrize("document", [None, [], "config", 1, True, [WHOLE]])
def test_a_document_that_is_not_an_object_is_one_problem(document: object) -> None:
    (found,) = problems(document)
    assert found == "config"


@pytest.mark.parametrize(
    ("time", "nanoseconds"),
    [
        ("2024-07-18T23:57:00Z", 1_721_347_020_000_000_000),
        ("2024-07-18t23:57:00z", 1_721_347_020_000_000_000),
        ("2024-07-19T01:57:00+02:00", 1_721_347_020_000_000_000),
        ("2024-07-18T18:27:00.5-05:30", 1_721_347_020_500_000_000),
        ("2024-07-18T23:57:00.000000001Z", 1_721_347_020_000_000_001),
    ],
)
def test_a_time_is_read_to_the_nanosecond_in_any_zone(time: str, nanoseconds: int) -> None:
    assert read(changed(("time_window", "start"), time)).time_window.start.ToNanoseconds() == nanoseconds


@pytest.mark.parametrize(
    "time",
    [
        "2024-07-18",
        "2024-07-18T23:57:00",
        "2024-07-18 23:57:00Z",
        "2024-07-18T23:57:00.0000000001Z",
        "2024-07-18T23:57Z",
        "2024-02-30T00:00:00Z",
        "2024-07-18T24:00:00Z",
        "2024-07-18T23:57:60Z",
        "2024-07-18T23:57:00+99:99",
        "2024-07-18T23:57:00Z\n",
        "２０２４-07-18T23:57:00Z",
        "",
        1721347020,
        {"seconds": 1},
    ],
)
def test_an_invalid_time_is_refused_with_an_example(time: object) -> None:
    found = problems(changed(("time_window", "start"), time))
    assert set(found) == {"time_window.start"}
    assert "2024-07-18T23:57:00Z for example" in found["time_window.start"] or "not a valid date" in found["time_window.start"]


def test_parameters_of_a_strategy_are_kept_unchanged() -> None:
    parameters = {"n": 3, "rate": 0.1, "sides": ["buy", {"deep": [True, -2]}], "none": None, "": ""}
    config = read(changed(("strategy", "parameters"), parameters))
    assert values_of(config.strategy.parameters) == parameters
    again = to_document(config)
    assert again["strategy"]["parameters"] == parameters
    assert read(again) == config
    assert read(WHOLE).strategy.HasField("parameters")


def test_a_parameter_that_no_double_represents_is_refused_at_its_path() -> None:
    parameters = {"fine": 2**53 - 1, "much": 10**400, "list": [1, {"fine": 1e300, "odd": 2**53 + 1}], "none": math.inf}
    found = problems(changed(("strategy", "parameters"), parameters))
    assert set(found) == {f"strategy.parameters.{path}" for path in ("much", "list[1].odd", "none")}
    config = read(WHOLE)
    config.strategy.parameters.update({"deep": {"none": math.nan}})
    assert set(problems(to_document(config))) == {"strategy.parameters.deep.none"}


def test_a_struct_carries_a_config_unchanged() -> None:
    carried = values_of(json_format.ParseDict(WHOLE, struct_pb2.Struct()))
    assert carried == WHOLE
    assert read(carried) == read(WHOLE)


@given(st.sampled_from([path for path in KEYS if OPTIONAL.fullmatch(written(path))]))
def test_a_message_and_a_document_give_the_same_config(dropped: Path) -> None:
    document = deepcopy(WHOLE)
    del at(document, dropped[:-1])[dropped[-1]]
    config = read(document)
    assert read(to_document(config)) == config


def test_a_message_without_required_blocks_is_refused() -> None:
    config = read(WHOLE)
    config.ClearField("venue")
    config.time_window.ClearField("end")
    config.instrument.id = ""
    config.venue.SetInParent()
    found = problems(to_document(config))
    assert {"time_window.end", "instrument.id", "venue.name", "venue.oms_type"} <= set(found)
    assert "venue.taker_fee" not in found, "a scalar without presence counts as set"


def test_a_message_with_non_finite_numbers_is_refused() -> None:
    config = read(WHOLE)
    config.venue.taker_fee = float("nan")
    config.venue.maker_fee = float("inf")
    assert set(problems(to_document(config))) == {"venue.taker_fee", "venue.maker_fee"}


@pytest.mark.parametrize(("seconds", "nanos"), [(10**18, 0), (0, -1), (0, 10**9), (-(10**18), 0)])
def test_a_message_with_an_invalid_timestamp_is_refused(seconds: int, nanos: int) -> None:
    config = read(WHOLE)
    config.time_window.end.seconds, config.time_window.end.nanos = seconds, nanos
    assert set(problems(to_document(config))) == {"time_window.end"}
