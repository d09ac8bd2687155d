"""Late prints: trades with an earlier exchange time than a trade recorded before them."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from overlapping import Row, convert
from recordings import NOON
from small_catalog import replay_config, replay_files
from tickreel.engine.replay import ReplayFile
from tickreel.runner.strategies.temp_backtest import TempBacktestStrategy
from tickreel.runner.window.print_order import PrintOrder


@given(st.lists(st.integers(0, 9), max_size=30))
def test_a_slice_begins_only_where_no_later_trade_has_an_earlier_exchange_time(events: list[int]) -> None:
    order = PrintOrder.of(np.array(events, dtype=np.int64))
    assert order.cuts.tolist() == [max(events[:row], default=0) <= min(events[row:]) for row in range(len(events))]
    assert order.late == sum(event < max(events[: row + 1]) for row, event in enumerate(events))
    assert [finding.code for finding in order.findings()] == (["PRINTS_OUT_OF_ORDER"] if order.late else [])


def test_the_engine_matches_the_order_of_a_late_print_at_an_earlier_price(tmp_path: Path) -> None:
    rows = [
        Row(NOON + at, NOON + event, price, id=f"t{at}")
        for at, event, price in ((0, 1, 640_000), (2, 0, 640_007), (4, 1, 640_003))
    ]
    ((file, path),) = [(file.converted, tmp_path / "parquet" / file.converted.path) for file in convert(tmp_path, [rows])]
    start, end = file.span.start.ToNanoseconds(), file.span.end.ToNanoseconds()
    files = [ReplayFile(path, file.data_type, start, end, start, end)]
    tape = replay_files(TempBacktestStrategy, replay_config(1e9), tmp_path / "view", files).tape
    assert tape.orders.price.tolist() == [640_000, 640_007, 640_003]
    assert tape.fills.price.tolist() == [640_000, 640_000, 640_003]
