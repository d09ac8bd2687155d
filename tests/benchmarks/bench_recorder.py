"""Benchmark of the general recorder: processor time and memory of a replay through Tickreel, beside the engine alone.

    python tests/benchmarks/bench_recorder.py [--rows 1500] [--rounds 25]

Both sides replay the same strategies over the same generated books and trades, in one process. Tickreel's side is the whole
replay of a run: recording, the check that the record is complete, and the tape for the ledger. Rounds are short and alternate,
so that both sides meet the same noise. The table shows the least processor time an order, and the ratios of the least times and
of the medians.

Memory is the growth of a process of its own, in bytes an order. The engine keeps every order; the record comes on top.
"""

import argparse
import gc
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from nautilus_trader.model import AggressorSide, OrderSide, Price, TimeInForce

from bare_node import RUN, node_of
from bare_runs import random_market, spec_of
from plain_strategies import OneInstrument, Plain
from small_catalog import instrument, replay_config
from tickreel.engine.event_record import EventRecord
from tickreel.engine.replay import Lane, replay
from tickreel.engine.tape import Tape
from tickreel.v1 import result_pb2

TARGET = 1.25


class Taker(Plain):
    """Sends an IOC order a trade, which takes from the book."""

    def act(self, trade: Any) -> None:
        buys = trade.aggressor_side == AggressorSide.BUY
        price = trade.price.as_double() + (1 if buys else -1)
        side = OrderSide.BUY if buys else OrderSide.SELL
        self.submit_order(self.limit(side, price, time_in_force=TimeInForce.IOC))


class Maker(Plain):
    """Rests six quotes, and moves them every third trade."""

    def act(self, trade: Any) -> None:
        if self.rows % 3 == 1:
            self.cancel_all_orders(self.id)
            for level in (1, 2, 3):
                self.submit_order(self.limit(OrderSide.BUY, trade.price.as_double() - 0.4 * level))
                self.submit_order(self.limit(OrderSide.SELL, trade.price.as_double() + 0.4 * level))


class Brackets(Plain):
    """Enters with a bracket of three orders every third trade."""

    def act(self, trade: Any) -> None:
        if self.rows % 3 == 1:
            stop, target = (Price(trade.price.as_double() + away, 1) for away in (-2, 1))
            orders = self.order_factory.bracket(self.id, OrderSide.BUY, self.size, sl_trigger_price=stop, tp_price=target)
            self.submit_order_list(orders)


STRATEGIES = {"IOC orders": Taker, "moving quotes": Maker, "brackets": Brackets}
OF_MEMORY = "moving quotes"
CONFIG = replay_config(1e9, mode=result_pb2.SNAPSHOT_MODE_BOTH)


def alone(strategy: type[Any], lanes: Sequence[Lane]) -> int:
    """Replay by the engine alone, and return the number of orders."""
    node, _ = node_of(spec_of(strategy, lanes, venue={"starting_balances": ["1000000000 USDT"]}))
    node.run()
    orders = int(node.get_engine_cache(RUN).orders_total_count())
    node.dispose()
    return orders


def record_of(strategy: type[Any], lanes: Sequence[Lane]) -> EventRecord:
    """Replay with the general recorder, and return the record."""
    config, tape = OneInstrument(instrument().id), Tape()
    replay(CONFIG, instrument(), strategy, lambda recorded: recorded(config), lanes, 50_000, tape)
    assert tape.events is not None
    return tape.events


def through_tickreel(strategy: type[Any], lanes: Sequence[Lane]) -> int:
    """Replay with the general recorder, and return the number of orders."""
    return len(record_of(strategy, lanes).order_ids)


SIDES = {"engine alone": alone, "tickreel": through_tickreel}


def measure_time(name: str, lanes: Sequence[Lane], rounds: int) -> None:
    """Replay a strategy on both sides in turns, and print a line."""
    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    counts = set()
    for _ in range(rounds):
        for side, run in SIDES.items():
            gc.collect()
            began = time.process_time()
            counts.add(run(STRATEGIES[name], lanes))
            seconds[side].append(time.process_time() - began)
    (orders,) = counts
    least, median = ({side: of(seconds[side]) for side in SIDES} for of in (min, statistics.median))
    each = "".join(f"{1e6 * least[side] / orders:>18.1f}" for side in SIDES)
    ratios = "".join(f"{of['tickreel'] / of['engine alone']:>10.2f}" for of in (least, median))
    print(f"{name:<16}{orders:>9,}{each}{ratios}", flush=True)


def measure_memory(side: str, lanes: Sequence[Lane], few: Sequence[Lane]) -> None:
    """Replay in this process, and print by how many bytes an order it grew, and the bytes of the record."""
    strategy = STRATEGIES[OF_MEMORY]
    # The first replay loads what every process needs.
    SIDES[side](strategy, few)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if side == "tickreel":
        record = record_of(strategy, lanes)
        orders, size = len(record.order_ids), size_of(record)
    else:
        orders, size = alone(strategy, lanes), 0
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    print(grown // orders, size // orders)


def size_of(record: EventRecord) -> int:
    """Return the bytes of a record: its tables and the ids of its orders."""
    tables = (record.orders, record.fills, record.changes)
    ids = sys.getsizeof(record.order_ids) + sum(map(sys.getsizeof, record.order_ids))
    return ids + sum(int(column.nbytes) for table in tables for column in vars(table).values())


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rows", type=int, default=1_500, help="trades of a round; memory is measured with twenty times as many"
    )
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--memory", choices=SIDES, help="measure the memory of this process only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tickreel-bench-") as folder:
        (Path(folder) / "few").mkdir()
        few = random_market(Path(folder) / "few", options.rows)
        if options.memory:
            measure_memory(options.memory, random_market(Path(folder), 20 * options.rows), few)
            return
        print(f"{options.rows:,} trades, {options.rounds} rounds: processor time".ljust(53) + "ratio of")
        print(
            "".join((f"{'':<16}{'orders':>9}", *(f"{f'{side}, us':>18}" for side in SIDES), f"{'minima':>10}{'medians':>10}"))
        )
        for name in STRATEGIES:
            measure_time(name, few, options.rounds)
        print(f"target: at most {TARGET}")
    command = [sys.executable, __file__, "--rows", str(options.rows), "--memory"]
    printed = [subprocess.run([*command, side], check=True, capture_output=True, text=True).stdout for side in SIDES]
    (bare, _), (grown, record) = (map(int, line.split()) for line in printed)
    print(f"memory of {OF_MEMORY}, bytes an order: engine alone {bare:,}, tickreel {grown:,}, of which the record {record:,}")


if __name__ == "__main__":
    main()
