"""Strategies in the manner of published examples: the tables of their runs equal what the engine alone does, event by event.

The runs replay a recorded day where the recordings are present, else the sample data. TICKREEL_TEST_DAYS=all takes both, and
every recorded day of a perpetual with books.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bare_runs import CHANGE_EVENTS, BareNode, converted_lanes, spec_of
from differential.published_strategies import STRATEGIES
from recordings import BTC, ETH, has_real_data, real_data
from run_configs import run_config
from stack import stack
from tickreel.engine.event_record import CHANGES
from tickreel.engine.instrument import engine_instrument
from tickreel.engine.replay import Lane
from tickreel.stores import sample_data
from tickreel.stores.sample_market import END, START
from tickreel.v1 import job_pb2, result_pb2, run_pb2


@dataclass(frozen=True)
class Market:
    """A market, its window, and the balance that a run starts with."""

    name: str
    start: datetime
    end: datetime
    price_precision: int
    rows: int = 0
    balance: int = 1_000_000

    def __str__(self) -> str:
        return f"{self.name.rpartition(':')[2]} {self.start:%Y-%m-%d}"


def day(name: str, date: str, price_precision: int) -> Market:
    start = datetime.fromisoformat(date).replace(tzinfo=UTC)
    return Market(name, start, start.replace(hour=23, minute=59, second=59, microsecond=999_999), price_precision)


SAMPLE = Market("SAMPLE-FUTURES:PERPETUAL:BTC-USDT", START, END, 1, rows=2_000)
DAYS = [day(ETH, "2024-07-18", 2), day(ETH, "2024-07-19", 2), day(BTC, "2024-07-18", 1), day(BTC, "2024-07-19", 1)]
MARKETS = [SAMPLE, *DAYS] if os.environ.get("TICKREEL_TEST_DAYS") == "all" else DAYS[:1] if has_real_data() else [SAMPLE]
_CHANGED = ("price", "trigger_price", "amount")
CLOSE = Decimal("0.000001")
# The engine's words for the states of orders that have not ended.
STATES = {"ACCEPTED": "open", "TRIGGERED": "open", "SUBMITTED": "in_flight", "CANCELED": "cancelled"}


@pytest.fixture(scope="module")
def bare_node() -> Iterator[BareNode]:
    node = BareNode()
    yield node
    node.close()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the strategies under entry points."""
    info = tmp_path / "site/published_strategies-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: published-strategies\nVersion: 1.0\n")
    points = "".join(f"{one.__name__} = {one.__module__}:{one.__name__}\n" for one in STRATEGIES)
    (info / "entry_points.txt").write_text(f"[tickreel.strategies]\n{points}")
    monkeypatch.syspath_prepend(str(info.parent))
    paths = [str(info.parent), str(Path(__file__).parents[1])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths), prepend=os.pathsep)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("market", MARKETS, ids=str)
async def test_the_tables_of_published_strategies_equal_a_bare_run(
    market: Market, installed: None, bare_node: BareNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if market is SAMPLE:
        monkeypatch.setattr(sample_data, "MARKETS", sample_data.MARKETS[:1])
        sample_data.write_sample_data(tmp_path / "data_downloads", rows=market.rows)
    else:
        (tmp_path / "data_downloads").symlink_to(real_data())
    document = run_config(market.name, market.start, market.end, price_precision=market.price_precision)
    document["venue"]["starting_balance"] = market.balance
    options = run_pb2.RunOptions(snapshot_mode=result_pb2.SNAPSHOT_MODE_BOTH)
    runs = []
    async with stack(tmp_path) as services:
        for strategy in STRATEGIES:
            document["strategy"] = {"name": strategy.__name__}
            runs.append(await services.finish(document, "full", options=options))
    compared: Counter[str] = Counter()
    for strategy, run in zip(STRATEGIES, runs, strict=True):
        assert run.state == job_pb2.JOB_STATE_SUCCEEDED, f"{strategy.__name__}: {run.failure.message}"
        venue = {"starting_balances": [f"{market.balance} USDT"]}
        spec = spec_of(strategy, lanes_of(tmp_path, run, market, strategy.__name__), venue=venue)
        bare = bare_node.run(spec | {"instrument": engine_id(run)})
        compared += compare(strategy.__name__, Tables(run), bare)
        assert not {finding.code for finding in run.result.findings} & {"ENGINE_DISAGREES", "FEES_DIFFER"}, strategy
        summary = run.result.summary
        cash = Decimal(summary.starting_equity) + Decimal(summary.pnl)
        # The engine's balance leaves out what an open position is worth.
        assert Decimal(summary.final_position) or abs(cash - Decimal(bare["balances"]["USDT"].split()[0])) < 10 * CLOSE, (
            strategy
        )
    print(f"\n{market}: {dict(compared)}")
    assert min(compared[table] for table in ("orders", "updates", "fills", "positions")) > 5


def engine_id(run: run_pb2.Run) -> str:
    """Return the engine's id of the instrument of a run."""
    symbol = run.config.instrument.id.partition("@")[0]
    venue, _, pair = symbol.split(":")
    return f"{pair}-PERP.{venue}"


def lanes_of(folder: Path, run: run_pb2.Run, market: Market, name: str) -> list[Lane]:
    """Return the converted rows of a run as catalogs of the engine."""
    start, end = (int(at.timestamp() * 1_000_000) * 1_000 for at in (market.start, market.end))
    traded = engine_instrument(engine_id(run), run.config.instrument)
    return converted_lanes(folder, folder / "views" / name, traded, (start, end + 999))


class Tables:
    """The tables of a run as rows, with times in nanoseconds."""

    def __init__(self, run: run_pb2.Run) -> None:
        self.orders, self.updates, self.fills, self.positions = (
            self._rows(Path(run.result.metadata.outputs[f"{name}.parquet"]))
            for name in ("orders", "order_updates", "fills", "positions")
        )
        self.names = [row["client_order_id"] for row in self.orders]

    @staticmethod
    def _rows(path: Path) -> list[dict[str, Any]]:
        table = pq.read_table(path)
        for number, field in enumerate(table.schema):
            if pa.types.is_timestamp(field.type):
                table = table.set_column(number, field.name, table[field.name].cast(pa.int64()))
        return table.to_pylist()


def compare(strategy: str, tables: Tables, bare: dict[str, Any]) -> Counter[str]:
    """Assert that tables equal an outcome of bare_node.py; return how many rows were compared."""
    events: dict[str, list[dict[str, str]]] = bare["events"]
    assert sorted(tables.names) == sorted(events), strategy
    for row in tables.orders:
        name = row["client_order_id"]
        assert order_of(row, tables.names) == stated_order(events[name][0]), (strategy, name)
        status = bare["status"][name]
        assert row["order_status"] == STATES.get(status, status.lower()), (strategy, name)
    for name in tables.names:
        found = [update_of(row) for row in tables.updates if tables.names[row["order_id"] - 1] == name]
        wanted = [stated_update(event) for event in events[name][1:] if event["kind"] != "OrderFilled"]
        assert found == wanted, (strategy, name)
    wanted_fills = [stated_fill(name, event) for name, event in in_sequence(events)]
    assert [fill_of(row, tables.names) for row in tables.fills] == wanted_fills, strategy
    assert len(tables.positions) == len(bare["positions"]), strategy
    for row, position in zip(tables.positions, bare["positions"], strict=True):
        entering = (fill for fill in tables.fills if fill["position_id"] == row["id"] and fill["side"] == row["entry_side"])
        entered = sum(fill["amount"] for fill in entering)
        assert_position(row, position, tables.names, entered)
    return Counter(
        orders=len(tables.orders), updates=len(tables.updates), fills=len(tables.fills), positions=len(tables.positions)
    )


def number(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def order_of(row: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Return the terms of an order by the table."""
    parent = row["parent_order_id"]
    # The initial values are stated where they were changed. A trailing order gets its trigger price by an update.
    first = {name: row[name] if row[f"initial_{name}"] is None else row[f"initial_{name}"] for name in _CHANGED}
    if row["order_type"].startswith("trailing"):
        first["trigger_price"] = row["initial_trigger_price"]
    return {
        **first,
        "ts": row["ts_submitted"],
        "side": row["side"],
        "type": row["order_type"],
        "time_in_force": row["time_in_force"],
        "flags": (row["post_only"], row["reduce_only"], row["quote_quantity"]),
        "expire": row["expire_time"],
        "parent": parent and names[parent - 1],
        "tags": row["tags"],
    }


def stated_order(event: dict[str, str]) -> dict[str, Any]:
    """Return the same terms by the engine."""
    tags, expire = event.get("tags"), event.get("expire_time")
    return {
        "ts": int(event["ts"]),
        "side": event["order_side"].lower(),
        "type": event["order_type"].lower(),
        "time_in_force": event["time_in_force"].lower(),
        "flags": tuple(event[name] == "True" for name in ("post_only", "reduce_only", "quote_quantity")),
        "price": number(event.get("price")),
        "trigger_price": number(event.get("trigger_price")),
        "amount": number(event["quantity"]),
        "expire": expire and int(expire),
        "parent": event.get("parent_order_id"),
        "tags": tags and tags.replace(" ", ","),
    }


def update_of(row: dict[str, Any]) -> dict[str, Any]:
    """Return an update by the table."""
    names = ("ts", "price", "trigger_price", "amount", "reason")
    return {"kind": CHANGE_EVENTS[CHANGES.index(row["kind"])], **{name: row[name] for name in names}}


def stated_update(event: dict[str, str]) -> dict[str, Any]:
    """Return the same update by the engine."""
    return {
        "kind": event["kind"],
        "ts": int(event["ts"]),
        "price": number(event.get("price")),
        "trigger_price": number(event.get("trigger_price")),
        "amount": number(event.get("quantity")),
        "reason": event.get("reason"),
    }


def in_sequence(events: dict[str, list[dict[str, str]]]) -> list[tuple[str, dict[str, str]]]:
    """Return all fills in the order in which the venue numbered them."""
    fills = [(name, event) for name, of in events.items() for event in of if event["kind"] == "OrderFilled"]
    return sorted(fills, key=lambda fill: int(fill[1]["trade_id"].rpartition("-")[2]))


def fill_of(row: dict[str, Any], names: list[str]) -> tuple[Any, ...]:
    """Return a fill by the table."""
    values = tuple(row[name] for name in ("ts", "price", "amount", "fee", "engine_fee", "liquidity"))
    return (names[row["order_id"] - 1], *values)


def stated_fill(name: str, event: dict[str, str]) -> tuple[Any, ...]:
    """Return the same fill by the engine."""
    fee = Decimal(event["commission"].split()[0])
    price, amount = Decimal(event["last_px"]), Decimal(event["last_qty"])
    return (name, int(event["ts"]), price, amount, fee, fee, event["liquidity_side"].lower())


def assert_position(row: dict[str, Any], position: dict[str, str], names: list[str], entered: Decimal) -> None:
    """Assert that a position by the table equals the engine's, whose averages are doubles.

    The average entry by the table covers all entries. By the engine it starts anew from what is left after each exit.
    """
    closed = position["ts_closed"]
    assert row["ts_opened"] == int(position["ts_opened"])
    assert row["ts_closed"] == (None if closed == "None" else int(closed))
    assert row["entry_side"] == position["entry"].lower()
    assert row["amount"] == Decimal(position["peak_qty"])
    assert row["open_amount"] == Decimal(position["quantity"])
    assert names[row["entry_order_id"] - 1] == position["opening_order_id"]
    if entered == row["amount"]:
        assert abs(row["average_entry"] - Decimal(position["avg_px_open"])) < CLOSE
    if closed != "None":
        assert names[row["exit_order_id"] - 1] == position["closing_order_id"]
        assert abs(row["pnl"] - Decimal(position["realized_pnl"].split()[0])) < CLOSE
