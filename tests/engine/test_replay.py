"""Replays by the real engine over a small catalog."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nautilus_trader.model import OrderSide, TimeInForce

from small_catalog import START, replay_config, replay_files, write_rows, write_trades
from tickreel.engine import copy_recorder
from tickreel.engine.replay import ReplayFile
from tickreel.engine.strategy import ReplayStrategy
from tickreel.engine.tape import Tape
from tickreel.runner.strategies.temp_backtest import TempBacktestStrategy

SECOND = 1_000_000_000


def copied(folder: Path, file: ReplayFile, balance: float = 1e6, **options: Any) -> Tape:
    return replay_files(TempBacktestStrategy, replay_config(balance), folder, [file], **options).tape


def columns(tape: Tape) -> list[list[int]]:
    orders, fills = tape.orders, tape.fills
    return [column.tolist() for table in (orders, fills) for column in vars(table).values()]


def test_every_row_becomes_one_order_filled_at_its_price(tmp_path: Path) -> None:
    times = [START + row * SECOND for row in range(250)]
    tape = copied(tmp_path / "view", write_rows(tmp_path / "files", times))
    assert tape.rows == tape.order_count == tape.fill_count == 250
    assert tape.orders.ts_submitted.tolist() == tape.fills.ts.tolist() == times
    assert tape.fills.price.tolist() == tape.orders.price.tolist() == list(range(640_000, 640_250))
    assert tape.fills.quantity.tolist() == tape.orders.quantity.tolist() == list(range(1, 251))
    assert tape.orders.side.tolist() == [1, -1] * 125
    assert tape.fills.order.tolist() == list(range(250))
    # 64,000.0 x 0.001 x 0.0004, in units of 1e-8.
    assert tape.fills.commission[0] == 2_560_000


def test_the_tape_does_not_depend_on_the_chunk_size_or_on_purging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_rows(tmp_path / "files", [START + row // 3 * 1_000 + row % 3 for row in range(700)])
    tapes = [columns(copied(tmp_path / str(size), file, chunk_size=size)) for size in (7, 1_000, 50_000)]
    for purge in (1_000_000, 10):
        monkeypatch.setattr(copy_recorder, "_BATCH", purge)
        tapes.append(columns(copied(tmp_path / f"purge{purge}", file)))
    assert all(tape == tapes[0] for tape in tapes)


def test_files_that_overlap_in_time_are_merged_by_time(tmp_path: Path) -> None:
    evening = write_rows(tmp_path / "files", [START + row * 10 for row in range(300)])
    morning = write_rows(tmp_path / "files", [START + 2_005 + row * 10 for row in range(300)], first_price=700_000)
    tape = replay_files(TempBacktestStrategy, replay_config(), tmp_path / "view", [morning, evening]).tape
    times = tape.orders.ts_submitted
    assert tape.rows == 600
    assert np.all(np.diff(times) > 0)
    assert (tmp_path / "view" / "1").is_dir()


def test_orders_of_an_account_without_balance_are_denied(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "files", [START + row for row in range(300)])
    tape = copied(tmp_path / "view", file, 1)
    ends = tape.ends
    assert 0 < tape.fill_count < 300
    assert tape.fill_count + len(ends.order) == 300
    assert ends.reasons == ("INITIAL_MARGIN_EXCEEDS_FREE_BALANCE",)
    assert ends.ts.tolist() == tape.orders.ts_submitted[ends.order].tolist()


def test_a_path_that_looks_like_a_url_is_read_through_the_view(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "odd #1 %20 folder?", [START + row for row in range(50)])
    assert copied(tmp_path / "view", file).rows == 50


class BothSides(ReplayStrategy):
    """Buys and sells the size of each print at its price."""

    def on_trade(self, trade: Any) -> None:
        for side in (OrderSide.BUY, OrderSide.SELL):
            self.submit_order(self.order_factory.limit(self.instrument.id, side, trade.size, trade.price, TimeInForce.IOC))


@pytest.mark.parametrize(("consumed", "fills"), [(False, 40), (True, 20)])
def test_orders_share_the_size_of_a_print_if_liquidity_is_consumed(consumed: bool, fills: int, tmp_path: Path) -> None:
    config = replay_config(venue={"liquidity_consumption": consumed})
    file = write_rows(tmp_path / "files", [START + row * SECOND for row in range(20)])
    tape = replay_files(BothSides, config, tmp_path / "view", [file]).tape
    assert (tape.order_count, tape.fill_count) == (40, fills)
    assert int(tape.fills.quantity.sum()) == fills // 20 * sum(range(1, 21))


def test_an_order_in_flight_holds_its_margin(tmp_path: Path) -> None:
    latency = {"base_latency_nanos": 10 * SECOND, "insert_latency_nanos": 0, "cancel_latency_nanos": 0}
    # An order of 0.001 at 64,000 needs 6.4.
    config = replay_config(10, venue={"latency": latency}, instrument={"margin_init": 0.1, "margin_maint": 0.1})
    file = write_trades(tmp_path / "files", [(START + row * SECOND, 1, 640_000, 1) for row in (0, 1, 12)])
    ends = replay_files(TempBacktestStrategy, config, tmp_path / "view", [file]).tape.ends
    assert ends.order[0] == 1
    assert ends.reasons[ends.reason[0]] == "INITIAL_MARGIN_EXCEEDS_FREE_BALANCE"


def test_rows_of_equal_time_keep_their_order(tmp_path: Path) -> None:
    # The engine reads batches of 8,192 rows, so a tie spans the end of a batch.
    prices = range(600_000, 608_400)
    file = write_trades(tmp_path / "files", [(START + row // 50 * 1_000, 1, price, 1) for row, price in enumerate(prices)])
    assert copied(tmp_path / "view", file).orders.price.tolist() == list(prices)
