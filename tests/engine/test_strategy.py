"""Strategies of every base class are recorded on the tape."""

import gc
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from nautilus_trader.model import OrderSide, Price, Quantity, TimeInForce

from small_catalog import START, WINDOW, Replayed, replay_config, replay_files, write_books, write_rows, write_trades
from tickreel.engine.copying_strategy import NOT_IN_LOTS, CopyingStrategy
from tickreel.engine.replay import Shortcuts
from tickreel.engine.strategy import ReplayStrategy
from tickreel.engine.tape import Tape
from tickreel.rpc.errors import TickreelError
from tickreel.runner.strategies.temp_backtest import TempBacktestStrategy
from tickreel.v1 import result_pb2


class Counting(ReplayStrategy):
    """Counts its rows."""

    rows = 0

    def on_trade(self, trade: Any) -> None:
        self.rows += 1
        self.act(trade)

    def act(self, trade: Any) -> None:
        """Trade."""


class Copying(Counting):
    """Buys at each row, without the base class of copies."""

    def act(self, trade: Any) -> None:
        self.submit_order(self.order_factory.limit(self.instrument.id, OrderSide.BUY, trade.size, trade.price, TimeInForce.IOC))


class Buying(CopyingStrategy):
    """Buys at each row, and counts its fills."""

    seen = 0

    def on_trade(self, trade: Any) -> None:
        self.copy(trade, OrderSide.BUY)

    def on_order_filled(self, event: Any) -> None:
        self.seen += 1


class Silent(ReplayStrategy):
    """Forgets to call `super()`, so it receives nothing."""

    def on_start(self) -> None:
        pass

    def on_trade(self, trade: Any) -> None:
        raise AssertionError


class Failing(Copying):
    """Fails at its third row."""

    def act(self, trade: Any) -> None:
        if self.rows == 3:
            raise ValueError("the third row is too much")


class Leaving(Copying):
    """Tries to end the process."""

    def act(self, trade: Any) -> None:
        raise SystemExit(4)


class Resting(Counting):
    """Leaves one order far below the market, and cancels another."""

    def act(self, trade: Any) -> None:
        if self.rows == 1:
            far = Price.from_str("10.0")
            self.submit_order(self.order_factory.limit(self.instrument.id, OrderSide.BUY, trade.size, far, TimeInForce.GTC))
            self.back = self.order_factory.limit(self.instrument.id, OrderSide.BUY, trade.size, far, TimeInForce.GTC)
            self.submit_order(self.back)
        elif self.rows == 2:
            self.cancel_order(self.back.client_order_id)


class Selling(ReplayStrategy):
    """Sells with a market order at every row."""

    def on_trade(self, trade: Any) -> None:
        self.submit_order(self.order_factory.market(self.instrument.id, OrderSide.SELL, trade.size))


def tape_of(strategy: type[ReplayStrategy], folder: Path) -> Tape:
    file = write_rows(folder / "files", [START + row * 1_000 for row in range(20)])
    return replay_files(strategy, replay_config(), folder / "view", [file]).tape


@pytest.mark.parametrize("strategy", [Copying, Buying])
def test_each_order_and_fill_is_recorded_once_whatever_the_base_class(strategy: type[ReplayStrategy], tmp_path: Path) -> None:
    tape = tape_of(strategy, tmp_path)
    assert (tape.iterations, tape.order_count, tape.fill_count) == (20, 20, 20)
    assert (tape.events is None) is issubclass(strategy, CopyingStrategy)
    assert tape.settled == WINDOW[1]


def test_a_strategy_that_subscribes_to_nothing_is_silent(tmp_path: Path) -> None:
    tape = tape_of(Silent, tmp_path)
    assert (tape.iterations, tape.order_count) == (20, 0)
    assert tape.reported["orders"] == "0"


def test_an_async_callback_fails_the_replay_by_name(tmp_path: Path) -> None:
    class Waiting(ReplayStrategy):
        async def on_trade(self, trade: Any) -> None:  # type: ignore[override]  # the mistake
            raise AssertionError

    with pytest.raises(TickreelError, match="on_trade of Waiting is an async function"):
        tape_of(Waiting, tmp_path)


def test_orders_that_the_strategy_purges_are_recorded(tmp_path: Path) -> None:
    class Purging(Copying):
        def act(self, trade: Any) -> None:
            self.cache.purge_closed_orders(trade.ts_init, 0)
            super().act(trade)

    tape = tape_of(Purging, tmp_path)
    assert (tape.order_count, tape.fill_count) == (20, 20)
    # The engine's figures lack the purged orders.
    assert tape.reported == {}


def test_a_copying_strategy_sends_no_other_orders(tmp_path: Path) -> None:
    class Closing(Buying):
        def on_trade(self, trade: Any) -> None:
            self.close_all_positions(self.instrument.id)

    with pytest.raises(TickreelError, match="TypeError: close_all_positions: a CopyingStrategy only copies trade rows"):
        tape_of(Closing, tmp_path)


def test_a_strategy_is_freed_without_the_garbage_collector(tmp_path: Path) -> None:
    unfreed: list[Any] = []
    gc.collect()
    gc.disable()
    try:
        for strategy in (Copying, TempBacktestStrategy):
            tape_of(strategy, tmp_path / strategy.__name__)
        # Like the collector if it runs in another thread: the engine's objects that it finds are never freed.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "unraisablehook", lambda found: unfreed.append(str(found.exc_value)))
            collector = threading.Thread(target=gc.collect)
            collector.start()
            collector.join()
    finally:
        gc.enable()
    assert unfreed == []


def test_an_error_in_a_callback_fails_the_replay_with_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(TickreelError, match="ValueError: the third row is too much") as failure:
        tape_of(Failing, tmp_path)
    assert failure.value.reason == "REPLAY_FAILED"
    assert "in on_trade" in failure.value.metadata["log"]


def test_a_callback_that_ends_the_process_fails_the_replay(tmp_path: Path) -> None:
    with pytest.raises(TickreelError, match="SystemExit: 4"):
        tape_of(Leaving, tmp_path)


def test_a_resting_order_has_no_end_and_a_cancelled_one_has(tmp_path: Path) -> None:
    tape = tape_of(Resting, tmp_path)
    assert (tape.order_count, tape.fill_count) == (2, 0)
    assert tape.ends.order.tolist() == [1]


def test_fills_after_the_window_are_left_out(tmp_path: Path) -> None:
    """Orders that are delayed beyond the window fill in the engine, against its last prices."""
    config = replay_config(venue={"latency": {"base_latency_nanos": 86_400 * 10**9}})
    file = write_rows(tmp_path / "files", [START + row * 1_000 for row in range(20)])
    tape = replay_files(Copying, config, tmp_path / "view", [file]).tape
    assert (tape.order_count, tape.fill_count, tape.reported) == (20, 0, {})
    assert tape.events is not None
    assert (tape.events.fills.ts > WINDOW[1]).all()


def test_a_market_order_has_no_limit_price(tmp_path: Path) -> None:
    tape = tape_of(Selling, tmp_path)
    assert tape.orders.price.tolist() == [0] * 20
    assert tape.orders.side.tolist() == [-1] * 20
    assert tape.fill_count == 20


class Denied(Buying):
    """Records the reasons of denials."""

    def on_start(self) -> None:
        super().on_start()
        self.reasons: list[str] = []
        self.events: list[str] = []

    def on_order_denied(self, event: Any) -> None:
        self.reasons.append(event.reason)

    def on_order_event(self, event: Any) -> None:
        self.events.append(type(event).__name__)


def in_lots(strategy: type[ReplayStrategy], folder: Path, lot: float, **config_of: Any) -> Replayed:
    """Return the replay of 20 rows of sizes 0.001, 0.002, ..., with this lot and without the engine's risk checks."""
    config = replay_config(**config_of)
    config.instrument.lot_size = lot
    file = write_rows(folder / "files", [START + row * 1_000 for row in range(20)])
    shortcuts = Shortcuts(frozen_account=True, no_risk_checks=True)
    return replay_files(strategy, config, folder / "view", [file], chunk_size=7, shortcuts=shortcuts)


@pytest.mark.parametrize("time_in_force", ["IOC", "GTC"])
@pytest.mark.parametrize("strategy", [TempBacktestStrategy, Denied])
def test_a_copy_that_is_not_in_lots_is_denied_with_the_reason(
    strategy: type[ReplayStrategy], time_in_force: str, tmp_path: Path
) -> None:
    tape = in_lots(strategy, tmp_path, 0.005, time_in_force=time_in_force).tape
    assert (tape.order_count, tape.fill_count) == (20, 4)
    assert (tape.fills.order + 1).tolist() == tape.fills.quantity.tolist() == [5, 10, 15, 20]
    assert (tape.ends.order + 1).tolist() == [size for size in range(1, 21) if size % 5]
    assert tape.ends.reasons == (NOT_IN_LOTS,)
    # The engine received four orders. Orders denied before it count as well.
    assert tape.reported["orders"] == "20"


def test_a_strategy_receives_the_denial_of_an_order_that_is_not_in_lots(tmp_path: Path) -> None:
    strategy = in_lots(Denied, tmp_path, 0.005).strategy
    assert strategy.reasons == [NOT_IN_LOTS] * 16
    assert strategy.events.count("OrderDenied") == 16


def test_a_lot_of_the_smallest_size_denies_nothing(tmp_path: Path) -> None:
    assert in_lots(TempBacktestStrategy, tmp_path, 0.001).tape.fill_count == 20


class BuyingOnce(Counting):
    """Buys 0.004 at the first row."""

    def act(self, trade: Any) -> None:
        if self.rows == 1:
            size = Quantity.from_str("0.004")
            self.submit_order(self.order_factory.limit(self.instrument.id, OrderSide.BUY, size, trade.price, TimeInForce.IOC))


def test_the_closing_order_has_whole_lots(tmp_path: Path) -> None:
    """The book has 0.003 of the 0.004, of which 0.002 are whole lots."""
    config = replay_config(mode=result_pb2.SNAPSHOT_MODE_BOTH, close_positions_on_stop=True)
    config.instrument.lot_size = 0.002
    files = [
        write_trades(tmp_path / "trades", [(START + 10, 1, 640_001, 4), (START + 20, 1, 640_001, 4)]),
        write_books(tmp_path / "books", [(START, [(640_000, 9)], [(640_001, 3)])]),
    ]
    tape = replay_files(BuyingOnce, config, tmp_path / "view", files).tape
    assert tape.orders.quantity.tolist() == [4, 2]
    assert (tape.fills.quantity * tape.fills.side).tolist() == [3, -2]


SIZES = (3_000_000_000_000_000_019, 2_999_999_999_999_999_989, 9_007_199_254_740_993)


@pytest.mark.parametrize("first", [0, 1])
def test_the_exact_position_is_closed_despite_rounding_in_doubles(first: int, tmp_path: Path) -> None:
    """With sizes of 3e12 and six decimals, the engine's own position is wrong in the fourth decimal."""
    config = replay_config(1e11, close_positions_on_stop=True)
    config.instrument.size_precision, config.instrument.lot_size = 6, 1e-6
    config.instrument.price_precision = 8
    sizes = [SIZES[row % 3] for row in range(40)] + [3_000_000_000_020_000_000]
    rows = [(START + row * 1_000, (row + first) % 2, 1, size) for row, size in enumerate(sizes)]
    file = write_trades(tmp_path / "files", rows, price_precision=8, size_precision=6)
    shortcuts = Shortcuts(frozen_account=True)
    tape = replay_files(TempBacktestStrategy, config, tmp_path / "view", [file], shortcuts=shortcuts).tape
    orders, fills = tape.orders, tape.fills
    traded = sum(side * size for side, size in zip(fills.side[:-1].tolist(), fills.quantity[:-1].tolist(), strict=True))
    assert len(orders.side) == len(fills.side) == 42
    assert int(orders.side[-1] * orders.quantity[-1]) == int(fills.side[-1] * fills.quantity[-1]) == -traded != 0
