"""ListOrders, ListFills and ListTimeline: filters, orders, and pages at any offset."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from full_runs import START, Ticks, without_recorded_times, write_full_run
from tickreel.results import tables
from tickreel.results.tables import ORDERS, RunTables, View
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.fields import Fields
from tickreel.rpc.filter import parse_filter, predicate
from tickreel.rpc.json_struct import values_of
from tickreel.rpc.ordering import in_order, parse_order
from tickreel.runner.result.json_files import JsonExports
from tickreel.stores.derived_files import DerivedFiles
from tickreel.stores.results import ResultStore, StoredResult
from tickreel.v1 import order_pb2, report_pb2, statistics_pb2
from tickreel.v1 import results_service_pb2 as rpc

ROWS = 3_000
TICKS = Ticks.random(ROWS)


@pytest.fixture
def run(store: ResultStore) -> Path:
    """The folder of a full run F of 3,000 ticks, in many row groups, without a timeline."""
    return write_full_run(store, "F", TICKS, group=400, timeline=False)


async def ask(results: ServiceClient, call: str, **fields: Any) -> Any:
    return await results.call(call, getattr(rpc, f"{call}Request")(run_id="F", **fields))


async def test_orders_equal_the_json_export(run: Path, results: ServiceClient) -> None:
    exports = JsonExports(run)
    exports.orders()
    exports.close()
    expected = json.loads((run / "orders.json").read_text())
    response = await ask(results, "ListOrders", page_size=500)
    assert response.total_size == ROWS
    for order, row in zip(response.orders, expected[:500], strict=True):
        assert (str(order.id), order.ts_submitted.ToJsonString(), order.ts_closed.ToJsonString()) == (
            row["id"],
            _shortened(row["ts_submitted"]),
            _shortened(row["ts_closed"]),
        )
        for name in ("side", "price", "amount", "filled_amount", "average_price", "fees", "status", "reason"):
            assert getattr(order, name) == (row[name] or ""), name


async def test_rows_have_recorded_time_and_trade_row(store: ResultStore, results: ServiceClient) -> None:
    write_full_run(store, "F", TICKS)
    found = [
        *(await ask(results, "ListOrders", page_size=500)).orders,
        *(await ask(results, "ListFills", page_size=500, order_by="trade_row desc")).fills,
        *(await ask(results, "ListTimeline", page_size=500, filter="trade_row > 100")).events,
    ]
    assert len(found) == 1_500
    for row in found:
        assert row.HasField("trade_row")
        assert row.ts_recorded.ToNanoseconds() == int(TICKS.ts[row.trade_row]) // 1_000 * 1_000


async def test_a_result_without_recorded_times_is_listed_without_them(store: ResultStore, results: ServiceClient) -> None:
    without_recorded_times(write_full_run(store, "F", TICKS))
    for call, rows in (("ListOrders", "orders"), ("ListFills", "fills"), ("ListTimeline", "events")):
        found = getattr(await ask(results, call, page_size=500), rows)
        assert len(found) == 500
        assert not any(row.HasField("ts_recorded") or row.HasField("trade_row") for row in found)
        with pytest.raises(TickreelError, match="an earlier version wrote it"):
            await ask(results, call, filter="trade_row = 1")


async def test_fills_equal_the_table(run: Path, results: ServiceClient) -> None:
    table = pq.read_table(run / "fills.parquet")
    response = await ask(results, "ListFills", page_size=500)
    assert response.total_size == table.num_rows == ROWS - ROWS // 4
    assert [fill.ts.ToNanoseconds() for fill in response.fills] == table["ts"].cast(pa.int64()).to_pylist()[:500]
    for name in ("id", "order_id", "side", "liquidity"):
        assert [getattr(fill, name) for fill in response.fills] == table[name].to_pylist()[:500], name
    for name in ("price", "amount", "fee", "engine_fee"):
        assert [Decimal(getattr(fill, name)) for fill in response.fills] == table[name].to_pylist()[:500], name


async def test_the_timeline_equals_the_json_export(store: ResultStore, results: ServiceClient) -> None:
    run = write_full_run(store, "F", TICKS)
    exports = JsonExports(run)
    exports.timeline()
    exports.close()
    expected = json.loads((run / "timeline.json").read_text())
    response = await ask(results, "ListTimeline", page_size=500, skip=4_000)
    assert response.total_size == len(expected) == 3 * ROWS
    found = [
        {
            "ts": event.ts.ToJsonString(),
            "event": event.event,
            "data": values_of(event.data),
            "ts_recorded": event.ts_recorded.ToJsonString(),
            "trade_row": str(event.trade_row),
        }
        for event in response.events
    ]
    expected = [event | {name: _shortened(event[name]) for name in ("ts", "ts_recorded")} for event in expected]
    assert found == expected[4_000:4_500]
    filtered = await ask(results, "ListTimeline", filter='event != Fill AND ts >= "2024-07-18T10:53:25Z"', page_size=500)
    after = [event for event in expected if event["event"] != "Fill" and event["ts"] >= "2024-07-18T10:53:25"]
    assert filtered.total_size == len(after) > 1_000
    assert [(event.ts.ToJsonString(), event.event) for event in filtered.events] == [
        (event["ts"], event["event"]) for event in after[:500]
    ]


async def test_updates_and_positions_equal_their_tables(run: Path, results: ServiceClient) -> None:
    for call, name, rows in (
        ("ListOrderUpdates", "order_updates", "order_updates"),
        ("ListPositions", "positions", "positions"),
    ):
        table = pq.read_table(run / f"{name}.parquet")
        response = await ask(results, call, page_size=500)
        found = getattr(response, rows)
        assert response.total_size == table.num_rows > 500
        assert [row.id for row in found] == table["id"].to_pylist()[:500]
    update = (await ask(results, "ListOrderUpdates", filter="order_id = 8")).order_updates[0]
    assert update.kind == order_pb2.ORDER_UPDATE_KIND_CANCELLED
    assert (update.reason, update.price, update.sequence) == ("NO_LIQUIDITY_AT_LIMIT", "", 15)
    assert (await ask(results, "ListOrderUpdates", filter="kind = UPDATED")).total_size == 0
    positions = pq.read_table(run / "positions.parquet")
    losses = (
        positions.filter(pc.field("pnl") < pa.scalar(Decimal("0.00000000"), positions["pnl"].type))
        .sort_by([("pnl", "ascending"), ("id", "ascending")])["id"]
        .to_pylist()
    )
    assert losses
    response = await ask(results, "ListPositions", filter="pnl < 0", order_by="pnl, id", page_size=500)
    assert [position.id for position in response.positions] == losses[:500]
    first = response.positions[0]
    assert first.entry_side in (order_pb2.ORDER_SIDE_BUY, order_pb2.ORDER_SIDE_SELL)
    assert (first.duration_seconds, first.HasField("exit_order_id")) == ("1.000000000", False)


async def test_an_enum_is_filtered_by_its_name_whichever_column_has_its_word(run: Path, results: ServiceClient) -> None:
    for text, by_enum in (
        ("side = buy", "order_side = BUY"),
        ("status = cancelled", "order_status = ORDER_STATUS_CANCELLED"),
        ("status != cancelled", "order_status != CANCELLED"),
    ):
        one, other = [await ask(results, "ListOrders", filter=filter_) for filter_ in (text, by_enum)]
        assert (list(one.orders), one.total_size) == (list(other.orders), other.total_size)
        assert 0 < one.total_size < ROWS
    assert (await ask(results, "ListOrders", filter="order_type = LIMIT AND time_in_force = IOC")).total_size == ROWS
    assert (await ask(results, "ListOrders", filter="order_type = MARKET")).total_size == 0
    assert (await ask(results, "ListFills", filter="liquidity_side = TAKER")).total_size == ROWS - ROWS // 4
    response = await ask(results, "ListOrders", filter="post_only = true", page_size=3, order_by="sequence desc")
    assert [(order.id, order.post_only, order.client_order_id) for order in response.orders] == [
        (ROWS - 2 * place, True, f"O-{ROWS - 2 * place}") for place in range(3)
    ]


async def test_a_result_of_an_earlier_version_has_neither_updates_nor_positions(
    store: ResultStore, results: ServiceClient
) -> None:
    run = write_full_run(store, "F", TICKS)
    summary = json.loads((run / "summary.json").read_text())
    for name in ("order_updates", "positions"):
        (run / f"{name}.parquet").unlink()
        del summary["metadata"]["outputs"][f"{name}.parquet"]
    (run / "summary.json").write_text(json.dumps(summary))
    for name in ("orders", "fills"):
        rows = pq.read_table(run / f"{name}.parquet")
        later = rows.column_names.index("trade_row") + 1
        pq.write_table(rows.select(rows.column_names[:later]), run / f"{name}.parquet")
    for call, name in (("ListOrderUpdates", "order_updates"), ("ListPositions", "positions")):
        with pytest.raises(TickreelError, match=f"an earlier version wrote the result F, without {name}") as refusal:
            await ask(results, call)
        assert refusal.value.reason == "TABLE_NOT_KEPT"
    order = (await ask(results, "ListOrders")).orders[3]
    assert (order.status, order.order_side, order.order_type, order.order_status) == (
        "cancelled",
        order_pb2.OrderSide.Value(f"ORDER_SIDE_{order.side.upper()}"),
        order_pb2.ORDER_TYPE_UNSPECIFIED,
        order_pb2.ORDER_STATUS_UNSPECIFIED,
    )
    assert not any(order.HasField(name) for name in ("post_only", "parent_order_id", "sequence"))
    assert (await ask(results, "ListFills")).fills[0].liquidity_side == statistics_pb2.LIQUIDITY_TAKER


async def test_pages_together_are_the_list(run: Path, results: ServiceClient) -> None:
    for fields in ({}, {"filter": "status = cancelled", "order_by": "price desc, amount"}, {"order_by": "id desc"}):
        whole, token = [], ""
        while True:
            response = await ask(results, "ListOrders", page_size=450, page_token=token, **fields)
            whole += [order.id for order in response.orders]
            token = response.next_page_token
            if not token:
                break
        assert len(whole) == response.total_size
        skipped = await ask(results, "ListOrders", page_size=10, skip=333, **fields)
        assert [order.id for order in skipped.orders] == whole[333:343]
        beyond = await ask(results, "ListOrders", page_token=skipped.next_page_token, skip=100, page_size=3, **fields)
        assert [order.id for order in beyond.orders] == whole[443:446]
        end = await ask(results, "ListOrders", skip=10**9, **fields)
        assert (len(end.orders), end.next_page_token, end.total_size) == (0, "", len(whole))


_comparisons = st.sampled_from(
    [
        "status = cancelled",
        "status != filled",
        'reason = ""',
        'reason = "NO*"',
        'reason != "*LIMIT"',
        "side = buy",
        "id > 117",
        "id <= 250",
        "price >= 64000",
        "price < 64000.05",
        "price >= 63999.95",
        "price = 64000.03",
        "price != 64000.03",
        "price > -1e30",
        "price < 1e60",
        "amount > 2.5",
        "average_price > 0",
        "average_price != 0",
        f"ts_submitted >= {np.datetime_as_string(np.datetime64(START + 3_000_000_001, 'ns'))}Z",
        "ts_closed < 2030-01-01T00:00:00Z",
    ]
)
_filters = st.recursive(
    _comparisons,
    lambda inner: st.one_of(
        inner.map("NOT ({})".format),
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda parts: "({}) {} ({})".format(*parts)),
    ),
    max_leaves=4,
)
_order = st.sampled_from(
    [
        "",
        "id",
        "id desc",
        "ts_submitted desc",
        "price",
        "price desc, amount",
        "average_price",
        "average_price desc",
        "status, reason desc",
    ]
)


class Orders:
    """The tables of a run, and its orders as messages in order of submission."""

    def __init__(self, run_tables: RunTables, stored: StoredResult) -> None:
        self.tables = run_tables
        self.stored = stored
        self.rows, total = self.find("", "")
        assert total == len(self.rows) == 400

    def find(self, text: str, order: str) -> tuple[list[report_pb2.Order], int]:
        return self.tables.rows(View(self.stored, ORDERS, text, order), 0, 1_000)


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Orders:
    """The orders of a run with 400 orders."""
    folder = tmp_path_factory.mktemp("tables")
    store = ResultStore(folder / "results", folder / "tickdata")
    write_full_run(store, "F", Ticks.random(400), group=64, timeline=False)
    return Orders(RunTables(store, DerivedFiles(folder / "derived", 100), folder / "spill"), store.find("F"))


@settings(max_examples=60, deadline=None)
@given(_filters, _order, st.booleans())
def test_sql_filters_and_sorts_like_python_over_the_messages(orders: Orders, text: str, order: str, is_mapped: bool) -> None:
    fields = Fields(report_pb2.Order)
    expected = in_order(filter(predicate(parse_filter(text, fields)), orders.rows), parse_order(order, fields))
    with pytest.MonkeyPatch.context() as patch:
        # Read scattered rows from the mapped file or from the Parquet table. A trailing space makes it another view.
        patch.setattr(tables, "_NEAR", 1 if is_mapped else 1_000)
        found, total = orders.find(text + " " * is_mapped, order)
    assert total == len(expected)
    assert found == expected


def test_a_sort_without_memory_is_refused_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MEMORY", "1KB")
    store = ResultStore(tmp_path / "results", tmp_path / "tickdata")
    write_full_run(store, "F", Ticks.random(400), group=64, timeline=False)
    made = RunTables(store, DerivedFiles(tmp_path / "derived", 100), tmp_path / "spill")
    with pytest.raises(TickreelError, match="select fewer rows with a filter, or try again later") as caught:
        made.rows(View(store.find("F"), ORDERS, "", "price desc"), 0, 10)
    assert caught.value.reason == "OUT_OF_MEMORY"


@pytest.mark.parametrize(
    ("call", "fields", "field", "problem"),
    [
        ("ListOrders", {"page_size": -1}, "page_size", "must not be negative"),
        ("ListOrders", {"skip": -1}, "skip", "must not be negative"),
        ("ListFills", {"skip": -7}, "skip", "must not be negative"),
        ("ListTimeline", {"skip": -7}, "skip", "must not be negative"),
        ("ListOrders", {"filter": "prize > 1"}, "filter", "'prize' is not a field; the fields are amount, average_price"),
        ("ListOrders", {"filter": "price > high"}, "filter", "it must be a decimal"),
        ("ListOrders", {"order_by": "prize"}, "order_by", "'prize' is not a field"),
        ("ListFills", {"filter": "order_id = x"}, "filter", "it must be a number"),
        ("ListTimeline", {"filter": "data = 3"}, "filter", "'data' is a message"),
        ("ListOrders", {"page_token": "x"}, "page_token", "start again without a page_token"),
        ("ListTimeline", {"page_token": "eyJsaXN0IjoidGltZWxpbmUifQ=="}, "page_token", "start again without a page_token"),
    ],
)
async def test_invalid_requests_are_refused(
    run: Path, results: ServiceClient, call: str, fields: dict[str, Any], field: str, problem: str
) -> None:
    with pytest.raises(TickreelError) as caught:
        await ask(results, call, **fields)
    assert (caught.value.reason, [violation.field for violation in caught.value.violations]) == ("INVALID_REQUEST", [field])
    assert problem in caught.value.violations[0].description


async def test_a_token_for_other_arguments_is_refused(run: Path, results: ServiceClient) -> None:
    token = (await ask(results, "ListOrders", page_size=1)).next_page_token
    for fields in ({"filter": "id > 3"}, {"order_by": "price"}):
        with pytest.raises(TickreelError, match="is not from this list with these arguments"):
            await ask(results, "ListOrders", page_token=token, **fields)
    assert [order.id for order in (await ask(results, "ListOrders", page_token=token, page_size=2)).orders] == [2, 3]


async def test_a_page_size_above_the_limit_is_reduced_to_the_limit(run: Path, results: ServiceClient) -> None:
    assert len((await ask(results, "ListOrders", page_size=2_000_000_000)).orders) == 500


@pytest.mark.parametrize("call", ["ListOrders", "ListFills", "ListTimeline"])
async def test_a_fast_run_is_refused_with_the_remedy(results: ServiceClient, call: str) -> None:
    with pytest.raises(TickreelError, match=r"was made in fast mode, which keeps no .*; repeat it in full mode") as caught:
        await results.call(call, getattr(rpc, f"{call}Request")(run_id="S"))
    assert (caught.value.reason, caught.value.metadata["run_id"]) == ("TABLE_NOT_KEPT", "S")


async def test_a_missing_table_is_named(run: Path, results: ServiceClient) -> None:
    (run / "fills.parquet").unlink()
    with pytest.raises(TickreelError, match=r"fills\.parquet of the result F cannot be read") as caught:
        await ask(results, "ListFills")
    assert caught.value.reason == "DATA_CHANGED"


async def test_a_corrupt_table_is_named(run: Path, results: ServiceClient) -> None:
    (run / "orders.parquet").write_bytes(b"PAR1 without a footer")
    with pytest.raises(TickreelError, match=r"orders\.parquet of the result F cannot be read") as caught:
        await ask(results, "ListOrders")
    assert caught.value.reason == "DATA_CHANGED"


async def test_an_empty_table_returns_no_orders(store: ResultStore, results: ServiceClient) -> None:
    write_full_run(store, "F", Ticks.random(0), timeline=False)
    for fields in ({}, {"filter": "price > 3"}, {"order_by": "price"}):
        response = await ask(results, "ListOrders", **fields)
        assert (len(response.orders), response.total_size, response.next_page_token) == (0, 0, "")


async def test_a_sort_that_cannot_write_its_temporary_data_names_the_folder(
    run: Path, results: ServiceClient, tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir(exist_ok=True)
    (tmp_path / "state/results").write_text("a file in place of the folder")
    with pytest.raises(TickreelError, match="temporary data of a sort cannot be written") as caught:
        await ask(results, "ListOrders", order_by="price")
    assert caught.value.reason == "STORE_NOT_WRITABLE"
    assert len((await ask(results, "ListOrders", filter="status = cancelled")).orders) == 50


def _shortened(time: str) -> str:
    """Return a time as protobuf writes it, with 0, 3, 6 or 9 digits of a second."""
    head, _, digits = time.removesuffix("Z").partition(".")
    while digits.endswith("000"):
        digits = digits.removesuffix("000")
    return f"{head}.{digits}Z" if digits else f"{head}Z"
