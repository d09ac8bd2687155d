"""Digests are equal if and only if configs, data or outcomes are equal."""

import copy
import dataclasses
import re
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import Message

from tickreel.engine.event_record import ChangeRows, EventRecord, OrderRows
from tickreel.engine.tape import Ends, Fills, Orders, Tape
from tickreel.runner import digests
from tickreel.runner.digests import OutcomeDigest
from tickreel.v1.conversion_pb2 import ConvertedFile
from tickreel.v1.market_data_pb2 import DATA_TYPE_BOOK_SNAPSHOT_5, DATA_TYPE_TRADES
from tickreel.v1.result_pb2 import SNAPSHOT_MODE_TRADES, SNAPSHOT_MODE_UNSPECIFIED
from tickreel.v1.run_config_pb2 import OrderDefaults, RunConfig

DIGEST = re.compile(r"[0-9a-f]{64}")


def filled_in(message: Message) -> None:
    """Set every field."""
    for field in message.DESCRIPTOR.fields:
        if field.is_repeated:
            continue
        if field.message_type is not None:
            filled_in(getattr(message, field.name))
        else:
            kinds = {field.CPPTYPE_STRING: "text", field.CPPTYPE_BOOL: True}
            setattr(message, field.name, kinds.get(field.cpp_type, 1))


@pytest.fixture
def config() -> RunConfig:
    made = RunConfig()
    filled_in(made)
    made.instrument.id = "BINANCE-FUTURES:PERPETUAL:BTC-USDT@LIN"
    made.time_window.start.FromJsonString("2024-07-18T23:57:00Z")
    made.strategy.orders.append(OrderDefaults(side="buy"))
    made.fx_stub["USDT_USD"] = 1.0
    return made


def scalars(message: Message, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths of all scalar fields."""
    found = []
    for field in message.DESCRIPTOR.fields:
        if field.is_repeated:
            continue
        if field.message_type is None:
            found.append((*path, field.name))
        else:
            found += scalars(getattr(message, field.name), (*path, field.name))
    return found


@pytest.mark.parametrize("path", scalars(RunConfig()), ids=".".join)
def test_every_value_of_a_config_outside_its_environment_changes_the_digest(config: RunConfig, path: tuple[str, ...]) -> None:
    before = digests.config_digest(config, SNAPSHOT_MODE_TRADES)
    target: Any = config
    for step in path[:-1]:
        target = getattr(target, step)
    value = getattr(target, path[-1])
    setattr(target, path[-1], not value if isinstance(value, bool) else value + type(value)(1))
    assert (digests.config_digest(config, SNAPSHOT_MODE_TRADES) == before) == (path[0] == "environment")


def test_lists_maps_and_the_snapshot_mode_are_part_of_the_digest(config: RunConfig) -> None:
    found = [digests.config_digest(config, SNAPSHOT_MODE_TRADES), digests.config_digest(config, SNAPSHOT_MODE_UNSPECIFIED)]
    config.strategy.orders[0].side = "sell"
    found.append(digests.config_digest(config, SNAPSHOT_MODE_TRADES))
    config.strategy.ClearField("orders")
    found.append(digests.config_digest(config, SNAPSHOT_MODE_TRADES))
    config.fx_stub["USDT_USD"] = 1.0001
    found.append(digests.config_digest(config, SNAPSHOT_MODE_TRADES))
    del config.fx_stub["USDT_USD"]
    found.append(digests.config_digest(config, SNAPSHOT_MODE_TRADES))
    assert len(set(found)) == len(found)
    assert all(DIGEST.fullmatch(digest) for digest in found)


def test_the_insertion_order_of_a_map_does_not_change_the_digest() -> None:
    one, other = RunConfig(), RunConfig()
    for pair in ("A_B", "C_D", "E_F"):
        one.fx_stub[pair] = 1.0
    for pair in ("E_F", "C_D", "A_B"):
        other.fx_stub[pair] = 1.0
    assert digests.config_digest(one, SNAPSHOT_MODE_TRADES) == digests.config_digest(other, SNAPSHOT_MODE_TRADES)


def test_the_data_digest_covers_the_files_in_order_and_the_window() -> None:
    files = [ConvertedFile(data_type=DATA_TYPE_TRADES, digest=name, path=name, rows=3, cached=True) for name in "ab"]

    def digest_of(files: list[ConvertedFile], start: int = 1, end: int = 2) -> str:
        return digests.data_digest((file, start, end) for file in files)

    digest = digest_of(files)
    assert DIGEST.fullmatch(digest)
    others = [
        digest_of(files[::-1]),
        digest_of(files[:1]),
        digest_of(files, start=0),
        digest_of(files, end=3),
        digest_of([files[0], ConvertedFile(data_type=DATA_TYPE_BOOK_SNAPSHOT_5, digest="b")]),
    ]
    assert len({digest, *others}) == 6
    # The path of a file, its rows and whether it was cached are not part of the digest.
    elsewhere = [ConvertedFile(data_type=DATA_TYPE_TRADES, digest=name, path="moved") for name in "ab"]
    assert digest_of(elsewhere) == digest


def tape() -> Tape:
    made = Tape()
    made.add_orders([10, 1, 100, 5])
    made.add_orders([11, -1, 101, 6])
    made.add_orders([12, 1, 102, 7])
    made.add_fills([0, 20, 1, 100, 5, 1, 40])
    made.add_fills([1, 21, -1, 101, 3, 0, 20])
    made.end(1, 22, "cancelled", "NO_LIQUIDITY_AT_LIMIT")
    made.end(2, 23, "denied", "RATE")
    return made


FEES = np.array([40, 20])
ACCOUNT = {"cash": "1.0", "fees": "2.0", "position": "3", "equity": "4"}


def result_digest(
    orders: Orders | None = None,
    fills: Fills | None = None,
    fees: np.ndarray = FEES,
    ends: Ends | None = None,
    account: dict[str, str] = ACCOUNT,
) -> str:
    made = tape()
    digest = OutcomeDigest()
    digest.add(orders or made.orders, fills or made.fills, fees, ends or made.ends)
    return digest.of(account)


def variants(table: Any) -> list[Any]:
    """Return copies of the table, each with one other value changed."""
    changed = []
    for field in dataclasses.fields(table):
        if field.name in ("reason", "reasons", "commission"):
            continue
        for row in range(len(getattr(table, field.name))):
            column = getattr(table, field.name).copy()
            column[row] += 1
            changed.append(dataclasses.replace(table, **{field.name: column}))
    return changed


def test_any_value_of_an_outcome_changes_its_digest() -> None:
    made = tape()
    digests = [result_digest()]
    digests += [result_digest(orders=orders) for orders in variants(made.orders)]
    digests += [result_digest(fills=fills) for fills in variants(made.fills)]
    digests += [result_digest(ends=ends) for ends in variants(made.ends)]
    digests += [result_digest(fees=FEES + change) for change in ([1, 0], [0, 1], [1, -1])]
    digests += [result_digest(account=ACCOUNT | {key: "5"}) for key in ACCOUNT]
    digests.append(result_digest(ends=dataclasses.replace(made.ends, reasons=("NO_LIQUIDITY_AT_LIMIT", "OTHER"))))
    digests.append(result_digest(ends=dataclasses.replace(made.ends, reason=made.ends.reason[::-1])))
    first_end: dict[str, Any] = {key: column[:1] for key, column in columns(made.ends)}
    digests.append(result_digest(ends=dataclasses.replace(made.ends, **first_end)))
    assert len(digests) > 30
    assert len(set(digests)) == len(digests)


def columns(table: Any) -> list[tuple[str, np.ndarray]]:
    return [(field.name, getattr(table, field.name)) for field in dataclasses.fields(table) if field.name != "reasons"]


@pytest.mark.parametrize("cut", range(4))
def test_an_outcome_may_be_added_a_few_orders_at_a_time(cut: int) -> None:
    """The codes of reasons start anew in the second part."""
    made, digest = tape(), OutcomeDigest()
    for first, past in ((0, cut), (cut, 3)):
        orders = Orders(*(column[first:past] for _, column in columns(made.orders)))
        of_part = (made.fills.order >= first) & (made.fills.order < past)
        fills = Fills(*(column[of_part] for _, column in columns(made.fills)))
        ended = (made.ends.order >= first) & (made.ends.order < past)
        order, ts, kind, reason = (column[ended] for _, column in columns(made.ends))
        codes = sorted(set(reason.tolist()))
        reasons = tuple(made.ends.reasons[code] for code in codes)
        digest.add(orders, fills, FEES[of_part], Ends(order, ts, kind, np.searchsorted(codes, reason), reasons))
    assert digest.of(ACCOUNT) == result_digest()


def test_the_engines_fees_and_the_dtype_of_our_fees_do_not_change_the_digest() -> None:
    made = tape()
    commission = dataclasses.replace(made.fills, commission=made.fills.commission + 1)
    assert result_digest(fills=commission) == result_digest(fees=FEES.astype(object)) == result_digest()


def test_swapped_columns_change_the_digest() -> None:
    made = tape()
    swapped = dataclasses.replace(made.orders, price=made.orders.quantity, quantity=made.orders.price)
    assert result_digest(orders=swapped) != result_digest()


def test_a_run_id_contains_venue_base_start_and_config_digest(config: RunConfig) -> None:
    found = digests.run_id(config, "018dd7" + "0" * 58)
    assert re.fullmatch(r"BNF_BTC_20240718_235700_018dd7_[0-9a-f]{6}", found)
    assert digests.run_id(config, "018dd7" + "0" * 58) != found


@pytest.mark.parametrize(
    ("venue", "short"),
    [
        ("BINANCE-FUTURES", "BNF"),
        ("BINANCE", "BNN"),
        ("BITMEX", "BTM"),
        ("SAMPLE-FUTURES", "SMF"),
        ("OKX", "OKX"),
        ("AA", "A"),
        ("okex_swap", "OKS"),
        ("A-B-C-D-E", "ABCD"),
    ],
)
def test_a_venue_is_abbreviated_to_consonants_and_initials(config: RunConfig, venue: str, short: str) -> None:
    config.instrument.id = f"{venue}:PERPETUAL:eth-USDT@LIN"
    assert digests.run_id(config, "f" * 64).startswith(f"{short}_ETH_2024")


def test_a_run_id_is_a_valid_file_name(config: RunConfig) -> None:
    config.time_window.start.FromNanoseconds(0)
    assert re.fullmatch(r"[A-Za-z0-9_]+", digests.run_id(copy.copy(config), "f" * 64))
    assert "_19700101_000000_" in digests.run_id(config, "f" * 64)


def wide(price: int, fee: int = 0) -> str:
    """Return the digest of two orders at a price, of which the second fills."""
    tape = Tape()
    tape.add_orders([1, 1, price, 5, 2, 1, price, 5])
    tape.add_fills([1, 2, 1, price, 5, 1, 0])
    digest = OutcomeDigest()
    digest.add(tape.orders, tape.fills, np.array([fee], dtype=object), tape.ends)
    return digest.of({"equity": "1"})


def test_all_bits_of_a_value_beyond_64_bits_are_in_the_digest() -> None:
    prices = [5, 5 + 2**64, 5 + 2**65, 5 - 2**64, 2**63 - 1, 2**63, -(2**63), 6 * 10**20]
    assert len({wide(price) for price in prices} | {wide(5, fee) for fee in prices[1:]}) == 2 * len(prices) - 1


def test_wide_values_did_not_change_the_digest_of_values_that_fit_64_bits() -> None:
    assert wide(5) == "d52a66aef889a09addc5ea7e26537a87735b98228e28968b4b902b39d2376299"


def recorded(reason: str = "NO_PRICE", kind: int = 1, trigger: int = 7) -> EventRecord:
    record = EventRecord(("BTC-USDT-PERP.BINANCE-FUTURES",))
    columns = dict.fromkeys((field.name for field in dataclasses.fields(OrderRows)), 0) | {"trigger_price": trigger}
    record.order_rows.extend(1, list(columns.values()))
    columns = dict.fromkeys((field.name for field in dataclasses.fields(ChangeRows)), 0) | {"kind": kind}
    record.change_rows.extend(1, list(columns.values()))
    record.reasons[reason] = 0
    return record


def test_every_fact_of_a_record_is_in_the_digest() -> None:
    def digest(record: EventRecord | None) -> str:
        made, tape = OutcomeDigest(), Tape()
        made.add(tape.orders, tape.fills, np.empty(0, dtype=np.int64), tape.ends)
        if record is not None:
            made.add_events(record)
        return made.of({})

    records = [None, recorded(), recorded("NO_MARGIN"), recorded(kind=2), recorded(trigger=8)]
    assert len({digest(record) for record in records}) == len(records)
    assert digest(recorded()) == digest(recorded())
