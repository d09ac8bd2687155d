"""What a strategy of one's own may do without losing its orders and fills from the tape."""

from pathlib import Path
from typing import Any

import pytest
from nautilus_trader.model import OrderSide, Price, TimeInForce

from small_catalog import START, instrument, replay_config, replay_files, write_rows
from tickreel.engine.strategy import ReplayStrategy
from tickreel.engine.tape import Tape
from tickreel.rpc.errors import TickreelError


class Copying(ReplayStrategy):
    """Copies each row."""

    def on_trade(self, trade: Any) -> None:
        self.submit_order(self.order_factory.limit(self.instrument.id, OrderSide.BUY, trade.size, trade.price, TimeInForce.IOC))


class Counting(Copying):
    """Counts its fills, and leaves the recording to the base."""

    seen = 0

    def on_order_filled(self, event: Any) -> None:
        self.seen += 1


class Polite(Counting):
    """Calls its bases, as one is taught to."""

    def on_trade(self, trade: Any) -> None:
        super().on_trade(trade)

    def on_order_filled(self, event: Any) -> None:
        super().on_order_filled(event)


class Failing(Copying):
    """Fails at its third row."""

    def on_trade(self, trade: Any) -> None:
        if self.tape.rows == 3:
            raise ValueError("the third row is too much")


class Leaving(Copying):
    """Tries to end the process."""

    def on_trade(self, trade: Any) -> None:
        raise SystemExit(4)


class Resting(ReplayStrategy):
    """Leaves one order far below the market, and one that it takes back."""

    def on_trade(self, trade: Any) -> None:
        if self.tape.rows == 1:
            far = Price.from_str("10.0")
            self.submit_order(self.order_factory.limit(self.instrument.id, OrderSide.BUY, trade.size, far, TimeInForce.GTC))
            self.back = self.order_factory.limit(self.instrument.id, OrderSide.BUY, trade.size, far, TimeInForce.GTC)
            self.submit_order(self.back)
        elif self.tape.rows == 2:
            self.cancel_order(self.back.client_order_id)


class Selling(ReplayStrategy):
    """Sells at the market at every row."""

    def on_trade(self, trade: Any) -> None:
        self.submit_order(self.order_factory.market(self.instrument.id, OrderSide.SELL, trade.size))


def tape_of(strategy: type[ReplayStrategy], folder: Path) -> Tape:
    file = write_rows(folder / "files", [START + row * 1_000 for row in range(20)])
    return replay_files(strategy(instrument(), replay_config()), folder / "view", [file]).tape


@pytest.mark.parametrize("strategy", [Copying, Counting, Polite])
def test_each_row_and_fill_is_recorded_once_whoever_overrides_what(strategy: type[ReplayStrategy], tmp_path: Path) -> None:
    tape = tape_of(strategy, tmp_path)
    assert (tape.rows, tape.order_count, tape.fill_count) == (20, 20, 20)


def test_an_error_in_a_callback_fails_the_replay_with_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(TickreelError, match="ValueError: the third row is too much") as failure:
        tape_of(Failing, tmp_path)
    assert failure.value.reason == "REPLAY_FAILED"
    assert "in on_trade" in failure.value.metadata["log"]


def test_a_callback_that_ends_the_process_fails_the_replay(tmp_path: Path) -> None:
    with pytest.raises(TickreelError, match="SystemExit: 4"):
        tape_of(Leaving, tmp_path)


def test_an_order_that_rests_has_no_end_and_one_taken_back_is_cancelled(tmp_path: Path) -> None:
    tape = tape_of(Resting, tmp_path)
    assert (tape.order_count, tape.fill_count) == (2, 0)
    assert tape.ends.order.tolist() == [1]


def test_a_market_order_has_no_price_of_its_own(tmp_path: Path) -> None:
    tape = tape_of(Selling, tmp_path)
    assert tape.orders.price.tolist() == [0] * 20
    assert tape.orders.side.tolist() == [-1] * 20
    assert tape.fill_count == 20
