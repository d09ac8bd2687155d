"""Runs of the examples in `api_table`: by a replay of Tickreel, and by the engine alone."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from nautilus_trader import common, indicators, model, trading
from nautilus_trader.backtest import (
    BacktestDataConfig,
    BacktestEngineConfig,
    BacktestNode,
    BacktestRunConfig,
    BacktestVenueConfig,
)
from nautilus_trader.common import DataActor, LoggerConfig, LogLevel
from nautilus_trader.data import DataEngineConfig
from nautilus_trader.execution import MakerTakerFeeModel
from nautilus_trader.model import Currency, InstrumentId, NautilusDataType, OrderSide, Price, Quantity
from nautilus_trader.persistence import DataCatalogConfig
from nautilus_trader.risk import RiskEngineConfig
from nautilus_trader.trading import ExecutionAlgorithm, ExecutionAlgorithmConfig, Strategy, StrategyConfig

from small_catalog import START, instrument, replay_config, write_books, write_trades
from tickreel.engine.event_record import CHANGES
from tickreel.engine.replay import Lane, catalog_view, replay
from tickreel.engine.tape import Tape
from tickreel.v1 import market_data_pb2, result_pb2

SECOND = 1_000_000_000
ROWS = 20
ID = instrument().id
_TYPES = {
    market_data_pb2.DATA_TYPE_TRADES: NautilusDataType.TradeTick,
    market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5: NautilusDataType.OrderBookDepth,
}


@dataclass(frozen=True)
class Example:
    """A call and what it answers.

    Attributes:
        call: Name of the call: `submit_order`, `cache.order`.
        at: Number of the trade row in whose callback the expression is evaluated; or `start`, `stop`, `end` (after the
            replay), `trades` (at the start of a replay without books), or `alone`: in a replay of its own, from the fourth row
            on, one row for each part between ";;". Its answer is the life of all orders. `alone manage_stop=True` sets a key of
            the strategy's config.
    """

    call: str
    at: str
    expression: str
    answer: str


def market(folder: Path, *, books: bool = True) -> list[Lane]:
    """Write a trade each second, whose price rises by 1.0 and falls back after five, with a book half a second before it."""
    instants = [START + row * SECOND for row in range(ROWS)]
    files = [write_trades(folder / "files", [(ts, row % 2, _tick(row), 1000) for row, ts in enumerate(instants)])]
    if books:
        rows = [
            (ts - SECOND // 2, [(_tick(row) - 5 - k, 2000) for k in range(5)], [(_tick(row) + 5 + k, 2000) for k in range(5)])
            for row, ts in enumerate(instants)
        ]
        files.append(write_books(folder / "files", rows))
    (folder / "view").mkdir()
    return catalog_view(folder / "view", instrument(), files)


def _tick(row: int) -> int:
    return 640_000 + row % 5 * 10


@dataclass
class Seen:
    """What a run has seen: answers by position of the example, callbacks by name, and notes of callbacks by name."""

    answers: dict[int, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    notes: defaultdict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def note(self, name: str, value: Any) -> None:
        """Note a value of a callback."""
        self.notes[name].append(value)


class Volatility(DataActor):
    """An actor that publishes a signal at each trade."""

    seen: ClassVar[Seen]

    def on_start(self) -> None:
        self.subscribe_trades(ID)
        self.seen.note("actor_id", self.actor_id)

    def on_trade(self, trade: Any) -> None:
        self.seen.counts["actor.on_trade"] += 1
        self.publish_signal("volatility", trade.price.as_double(), trade.ts_event)


class Halves(ExecutionAlgorithm):
    """An execution algorithm that sends a half of the order first."""

    seen: ClassVar[Seen]

    def on_order(self, order: Any) -> None:
        self.seen.counts["algorithm.on_order"] += 1
        self.seen.note("exec_algorithm_id", self.exec_algorithm_id)
        self.seen.note("is_registered", self.is_registered())
        self.submit_order(self.spawn_market(order, Quantity.from_str("0.050")))


class Examples(Strategy):
    """Evaluates the expressions of examples."""

    examples: ClassVar[Sequence[tuple[int, Example]]]
    seen: ClassVar[Seen]
    rows = 0

    def actors(self) -> list[DataActor]:
        Volatility.seen = self.seen
        return [Volatility()]

    def exec_algorithms(self) -> list[ExecutionAlgorithm]:
        Halves.seen = self.seen
        return [Halves(ExecutionAlgorithmConfig(exec_algorithm_id=model.ExecAlgorithmId("HALVES")))]

    def on_start(self) -> None:
        self.subscribe_trades(ID)
        self.evaluate("start")
        self.evaluate("trades")

    def on_trade(self, trade: Any) -> None:
        if trade.instrument_id != ID:
            self.seen.note("synthetic", trade.price)
            return
        self.rows += 1
        self.seen.counts["on_trade"] += 1
        self.evaluate(str(self.rows))

    def on_stop(self) -> None:
        self.seen.counts["on_stop"] += 1
        self.evaluate("stop")

    def on_save(self) -> dict[str, bytes]:
        return {"key": b"value"}

    def on_load(self, state: dict[str, bytes]) -> None:
        self.seen.note("on_load", state)

    def on_fault(self) -> None:
        self.seen.note("say", "on_fault")

    def evaluate(self, at: str) -> None:
        for place, example in self.examples:
            if example.at == at:
                self.seen.answers[place] = self.value(example.expression)
            elif example.at.startswith("alone") and self.rows >= 4 and at.isdigit():
                parts = example.expression.split(" ;; ")
                if len(parts) > self.rows - 4 and (text := self.value(parts[self.rows - 4])).startswith("raised "):
                    self.seen.note("say", text)

    def value(self, expression: str) -> str:
        names = {
            "s": self,
            "cache": self.cache,
            "portfolio": self.portfolio,
            "clock": self.clock,
            "factory": self.order_factory,
            "log": self.log,
            "seen": self.seen,
            "say": lambda *values: self.seen.note("say", _text(values)),
            "now": self.clock.utc_now(),
        }
        return _value(expression, names)

    def send(self, order: Any) -> None:
        self.submit_order(order)

    def limit(self, side: OrderSide, price: float, size: str = "0.100", **options: Any) -> None:
        self.submit_order(self.order_factory.limit(ID, side, Quantity.from_str(size), Price(price, 1), **options))

    def market(self, side: OrderSide, size: str = "0.100", **options: Any) -> None:
        self.submit_order(self.order_factory.market(ID, side, Quantity.from_str(size), **options))


def _noted(name: str) -> Any:
    def callback(self: Examples, *values: Any) -> None:
        self.seen.counts[name] += 1
        for value in values:
            self.seen.note(name, value)

    return callback


for _name in dir(Strategy):
    if (_name.startswith("on_") or _name == "post_market_exit") and _name not in vars(Examples):
        setattr(Examples, _name, _noted(_name))


class Payload:
    """The payload of custom data."""

    def __init__(self, ts: int) -> None:
        self.ts_event = self.ts_init = ts


# Names that expressions may use.
NAMES: dict[str, Any] = {
    **{name: getattr(module, name) for module in (indicators, trading, common, model) for name in dir(module)},
    "Decimal": Decimal,
    "Counter": Counter,
    "timedelta": datetime.timedelta,
    "Payload": Payload,
    "START": START,
    "ID": ID,
    "VENUE": ID.venue,
    "OTHER": InstrumentId.from_str("ETH-USDT-PERP.BINANCE-FUTURES"),
    "ACCOUNT": model.AccountId("BINANCE-FUTURES-001"),
    "BUY": OrderSide.BUY,
    "SELL": OrderSide.SELL,
    "USDT": Currency.from_str("USDT"),
    "BTC": Currency.from_str("BTC"),
    "bars": lambda specification: model.BarType.from_str(f"{ID}-{specification}"),
    "price": lambda value: Price(value, 1),
    "size": Quantity.from_str,
    "at": lambda seconds: START + int(seconds * SECOND),
    "utc": lambda seconds: datetime.datetime.fromtimestamp(START / SECOND + seconds, datetime.UTC),
    "seconds": lambda instant: (instant - START) / SECOND,
}


def _value(expression: str, names: dict[str, Any]) -> str:
    try:
        return _text(eval(expression, NAMES | names))
    except Exception as error:
        return f"raised {type(error).__name__}: {error}"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return str({_text(key): _text(entry) for key, entry in value.items()})
    if isinstance(value, list | tuple):
        return str([_text(entry) for entry in value])
    if isinstance(value, Currency):
        return str(value.code)
    return str(value)


def replayed(examples: Sequence[tuple[int, Example]], lanes: Sequence[Lane]) -> Seen:
    """Return the answers of a replay."""
    seen, tape = Seen(), Tape()
    members = {"examples": examples, "seen": seen}
    mode = result_pb2.SNAPSHOT_MODE_BOTH if _with_books(lanes) else result_pb2.SNAPSHOT_MODE_TRADES
    replay(
        replay_config(mode=mode),
        instrument(),
        type("Examples", (Examples,), members),
        _made(examples),
        lanes,
        100,
        tape,
    )
    record = tape.events
    assert record is not None
    names, orders, changes, fills = list(record.order_ids), record.orders, record.changes, record.fills
    kinds = ["Canceled" if kind == "cancelled" else kind.title().replace("_", "") for kind in CHANGES]
    events = [(orders.event[row], name, "Initialized", orders.ts[row]) for row, name in enumerate(names)]
    events += [
        (changes.event[row], names[changes.order[row]], kinds[changes.kind[row]], changes.ts[row])
        for row in range(len(changes.event))
    ]
    events += [(fills.event[row], names[fills.order[row]], "Filled", fills.ts[row]) for row in range(len(fills.event))]
    lives: dict[str, list[tuple[str, int]]] = {}
    for _, name, kind, ts in sorted(events):
        lives.setdefault(name, []).append((kind, int(ts)))
    return _ended(seen, examples, lives)


def by_engine_alone(examples: Sequence[tuple[int, Example]], lanes: Sequence[Lane]) -> Seen:
    """Return the answers of a run of the engine alone, with the options that a replay sets."""
    seen = Seen()
    node = BacktestNode([_bare_config(lanes)])
    members = {"examples": examples, "seen": seen}
    strategy = _made(examples)(type("Examples", (Examples,), members))
    try:
        node.build()
        node.add_strategy("bare", strategy)
        for actor in strategy.actors():
            node.add_actor("bare", actor)
        for algorithm in strategy.exec_algorithms():
            node.add_exec_algorithm("bare", algorithm)
        node.run()
        orders = node.get_engine_cache("bare").orders()
        lives = {
            order.client_order_id.value: [
                (type(event).__name__.removeprefix("Order"), event.ts_event) for event in order.events()
            ]
            for order in orders
        }
    finally:
        node.dispose()
    return _ended(seen, examples, lives)


def _made(examples: Sequence[tuple[int, Example]]) -> Callable[[type[Examples]], Examples]:
    """Return the construction of the strategy."""
    keys: dict[str, Any] = {}
    for setting in examples[0][1].at.split()[1:]:
        key, _, value = setting.partition("=")
        keys[key] = eval(value, NAMES)
    return lambda strategy: strategy(StrategyConfig(**keys) if keys else None)


def _ended(seen: Seen, examples: Sequence[tuple[int, Example]], lives: dict[str, list[tuple[str, int]]]) -> Seen:
    for place, example in examples:
        if example.at == "end":
            seen.answers[place] = _value(example.expression, {"seen": seen})
        elif example.at.startswith("alone"):
            parts = [", ".join(f"{kind} {(ts - START) / SECOND:g}" for kind, ts in life) for _, life in sorted(lives.items())]
            seen.answers[place] = " / ".join([*parts, *seen.notes["say"]])
    return seen


def _with_books(lanes: Sequence[Lane]) -> bool:
    return any(lane.data_type == market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5 for lane in lanes)


def _bare_config(lanes: Sequence[Lane]) -> BacktestRunConfig:
    return BacktestRunConfig(
        id="bare",
        venues=[
            BacktestVenueConfig(
                name=str(ID.venue),
                oms_type="NETTING",
                account_type="MARGIN",
                book_type="L2_MBP" if _with_books(lanes) else "L1_MBP",
                starting_balances=["1000000 USDT"],
                base_currency=Currency.from_str("USDT"),
                default_leverage=Decimal(1),
                fee_model=MakerTakerFeeModel(Decimal("0.0002"), Decimal("0.0004")),
            )
        ],
        data=[
            BacktestDataConfig(
                data_type=_TYPES[lane.data_type],
                catalog_path=str(lane.path),
                instrument_id=ID,
                start_time=lane.start,
                end_time=lane.end,
                batch_deltas=False,
            )
            for lane in lanes
        ],
        engine=BacktestEngineConfig(
            logging=LoggerConfig(stdout_level=LogLevel.OFF),
            run_analysis=False,
            data_engine=DataEngineConfig(time_bars_time_zone="UTC", emit_quotes_from_book_depths=True),
            risk_engine=RiskEngineConfig(max_order_submit_rate="1000000/00:00:01"),
            catalogs=[DataCatalogConfig(path=str(lane.path), read_only=True, name=lane.path.name) for lane in lanes],
        ),
        chunk_size=100,
        raise_exception=True,
        dispose_on_completion=False,
    )
