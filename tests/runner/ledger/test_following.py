"""The ledger follows the replay of any strategy. What it saw on the way does not change the outcome."""

import dataclasses
import random
from pathlib import Path
from typing import Any

import numpy as np

import plain_strategies
from small_catalog import START, instrument, replay_config, window_rows, write_books, write_trades
from tickreel.engine.replay import catalog_view, replay
from tickreel.engine.tape import Tape
from tickreel.runner.ledger.ledger import Ledger
from tickreel.runner.ledger.outcome import Outcome, summarise
from tickreel.runner.result.findings import findings
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.v1 import result_pb2

SECOND = 1_000_000_000
ROWS = 400


def test_a_ledger_that_follows_the_replay_has_the_same_outcome(tmp_path: Path) -> None:
    draw = random.Random(5)
    prices = 640_000 + np.cumsum([draw.choice([-6, -3, 0, 3, 6]) for _ in range(ROWS)])
    times = START + SECOND * np.arange(ROWS)
    trades = [(int(ts), row % 2, int(price), 1 + row % 9) for row, (ts, price) in enumerate(zip(times, prices, strict=True))]
    books = [(ts - SECOND // 2, [(price - 2, 150)], [(price + 2, 150)]) for ts, _, price, _ in trades]
    start, end = int(books[0][0]), int(times[-1])
    files = [write_trades(tmp_path / "files", trades), write_books(tmp_path / "files", books)]
    files = [dataclasses.replace(file, start=start, end=end) for file in files]
    rows = MarkRows.of_books(times, prices, 1, times - SECOND // 2, prices * 10)
    config = replay_config(mode=result_pb2.SNAPSHOT_MODE_BOTH, instrument={"lot_size": 0.007})

    def outcome_of(follows: bool, folder: Path) -> Outcome:
        folder.mkdir()
        tape, ledger = Tape(), Ledger(config, rows, end, window=window_rows(files))
        progress = []

        class Followed(plain_strategies.GridMaker):
            def act(self, trade: Any) -> None:
                super().act(trade)
                # This row may have further events.
                assert tape.settled < trade.ts_init
                if follows and ledger.follow(tape) is not None:
                    progress.append((ledger.marked, tape.order_count, tape.fill_count))

        chosen = plain_strategies.OneInstrument(instrument().id)
        lanes = catalog_view(folder, instrument(), files)
        replay(config, instrument(), Followed, lambda of: of(chosen), lanes, 100, tape, first_book=start)
        if follows:
            marked, orders, fills = zip(*progress, strict=True)
            assert len(set(marked)) > 100
            assert min(len(set(orders)), len(set(fills))) > 10
            assert [*orders] == sorted(orders)
            assert [*fills] == sorted(fills)
        ledger.settle(tape)
        return ledger.close()

    followed, settled = outcome_of(True, tmp_path / "followed"), outcome_of(False, tmp_path / "settled")
    assert followed.fills > 20
    # The lot is 0.007, and each order has 0.100.
    assert followed.not_in_lots == followed.orders
    messages = {finding.code: finding.message for finding in findings(followed, result_pb2.SNAPSHOT_MODE_BOTH, [])}
    assert messages["ORDERS_NOT_IN_LOTS"].startswith(f"{followed.orders} of {followed.orders} orders (100.0%) have a size")
    assert followed.result_digest == settled.result_digest
    assert summarise(followed) == summarise(settled)
