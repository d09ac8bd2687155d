"""Figures do not depend on precisions of the config beyond the decimals of the data, as fractions and the engine confirm.

TICKREEL_TEST_EXAMPLES is the number of markets that are tried.
"""

import os
import tempfile
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st

from small_catalog import ENGINE_ID, START, WINDOW, replay_config, replay_files
from tickreel.engine import catalog_format
from tickreel.engine.catalog_format import MAX_SIZE
from tickreel.engine.error_log import MAX_MONEY
from tickreel.engine.instrument import decimal_of
from tickreel.engine.replay import ReplayFile, Shortcuts
from tickreel.engine.tape import Tape
from tickreel.rpc.errors import TickreelError
from tickreel.runner.ledger.ledger import Ledger, opened
from tickreel.runner.ledger.outcome import summarise
from tickreel.runner.result.parquet_tables import ReportTables
from tickreel.runner.strategies.temp_backtest import TempBacktestStrategy
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.runner.window.recorded_times import RecordedTimes
from tickreel.runner.window.window_rows import WindowRows
from tickreel.stores.converted_rows import ALL_TIMES, Slice
from tickreel.stores.depths import read_depths
from tickreel.stores.trades import read_trades
from tickreel.v1 import market_data_pb2, result_pb2, run_config_pb2

EXAMPLES = int(os.environ.get("TICKREEL_TEST_EXAMPLES", "50"))
pytestmark = pytest.mark.timeout(60 + 4 * EXAMPLES)
SECOND = 1_000_000_000
FEE = Fraction(4, 10_000)
CENTS = 10**8
BALANCE = 1_000_000
_DECIMAL = pa.decimal128(38, 16)
# With large values the account goes below zero and would otherwise deny orders.
POOR = Shortcuts(frozen_account=True, no_risk_checks=True)


@dataclass(frozen=True)
class Market:
    """One print per second, and optionally a book half a second before each print.

    Attributes:
        decimals: Decimals of prices and of sizes.
        prints: Side (1 buy, -1 sell), price and size of each print.
        books: Best bid, its size, best ask, its size.
        labels: Precisions of a config, at least `decimals`.
    """

    decimals: tuple[int, int]
    prints: tuple[tuple[int, Decimal, Decimal], ...]
    books: tuple[tuple[Decimal, Decimal, Decimal, Decimal], ...]
    labels: tuple[int, int]
    multiplier: float


def near(draw: Any, lowest: int, highest: int, places: int) -> Decimal:
    """Draw a decimal with at most `places` decimals and a magnitude between two powers of ten."""
    lowest = max(lowest, -places)
    magnitude = draw(st.integers(lowest, max(lowest, highest)))
    units = 10 ** (magnitude + places)
    return max(Decimal(draw(st.integers(units, 10 * units - 1))), Decimal(1)).scaleb(-places)


@st.composite
def markets(draw: Any) -> Market:
    with localcontext(prec=80):
        price_decimals, size_decimals = draw(st.integers(0, 16)), draw(st.integers(0, 16))
        multiplier = draw(st.sampled_from([1.0, 0.01, 100.0]))
        rows = draw(st.integers(1, 6))
        # All prices of a market have one order of magnitude.
        price_range = (draw(st.integers(-10, 11)),) * 2
        prints = []
        for _ in range(rows):
            price = near(draw, *price_range, price_decimals)
            # The engine's money and position types can hold all orders together.
            most = min(Decimal(MAX_MONEY) / (10 * rows * price * decimal_of(multiplier)), Decimal(MAX_SIZE) / (10 * rows))
            size = min(near(draw, -8, 12, size_decimals), most).quantize(Decimal(1).scaleb(-size_decimals), "ROUND_FLOOR")
            if size > 0:
                prints.append((draw(st.sampled_from([1, -1])), price, size))
        tick = Decimal(1).scaleb(-price_decimals)
        books = []
        if draw(st.booleans()):
            for _, price, size in prints:
                bid = price - draw(st.integers(0, 1)) * tick or price
                books.append((bid, size, bid + draw(st.integers(1, 3)) * tick, size))
        labels = draw(st.integers(price_decimals, 16)), draw(st.integers(size_decimals, 16))
        return Market((price_decimals, size_decimals), tuple(prints), tuple(books), labels, multiplier)


def files_of(market: Market, folder: Path, label: tuple[int, int]) -> list[ReplayFile]:
    """Write the catalog files of a market with the precisions of `label`."""
    rows = len(market.prints)
    side, price, size = zip(*market.prints, strict=True)
    ts = START + SECOND * np.arange(1, rows + 1)
    table = pa.table(
        {
            "price": pa.array(price, _DECIMAL),
            "size": pa.array(size, _DECIMAL),
            "aggressor_side": catalog_format.sides(np.array([(1 - sign) // 2 for sign in side], dtype=np.int8)),
            "trade_id": pa.array([f"t{row}" for row in range(rows)]),
            "ts_event": catalog_format.times(ts),
            "ts_init": catalog_format.times(ts),
        },
        schema=catalog_format.TRADE_SCHEMA.with_metadata(dict(catalog_format.trade_metadata(ENGINE_ID, *label))),
    )
    files = [written(folder, table, market_data_pb2.DATA_TYPE_TRADES, ts)]
    if market.books:
        ts = ts - SECOND // 2
        columns = zip(*market.books, strict=True)
        bid, bid_size, ask, ask_size = (cast(pa.Decimal128Array, pa.array(column, _DECIMAL)) for column in columns)
        one = np.ones(rows, dtype=np.int64)
        table = pa.table(
            {
                "bids": catalog_format.levels(bid, bid_size, one),
                "asks": catalog_format.levels(ask, ask_size, one),
                "flags": pa.array(np.full(rows, 32, dtype=np.uint8)),
                "sequence": pa.array(np.arange(rows, dtype=np.uint64)),
                "ts_event": catalog_format.times(ts),
                "ts_init": catalog_format.times(ts),
            },
            schema=catalog_format.DEPTH_SCHEMA.with_metadata(dict(catalog_format.depth_metadata(ENGINE_ID, *label))),
        )
        files.append(written(folder, table, market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5, ts))
    return files


def written(folder: Path, table: pa.Table, kind: market_data_pb2.DataType, ts: np.ndarray) -> ReplayFile:
    first, last = int(ts[0]), int(ts[-1])
    path = folder / catalog_format.FOLDERS[kind] / catalog_format.file_name(first, last)
    path.parent.mkdir(parents=True)
    pq.write_table(table, path)
    return ReplayFile(path, kind, first, last, *WINDOW)


def config_of(market: Market, label: tuple[int, int]) -> run_config_pb2.RunConfig:
    terms = {"price_precision": label[0], "size_precision": label[1], "multiplier": market.multiplier}
    mode = result_pb2.SNAPSHOT_MODE_BOTH if market.books else result_pb2.SNAPSHOT_MODE_TRADES
    return replay_config(BALANCE, mode=mode, instrument=terms)


def figures(market: Market, label: tuple[int, int], folder: Path, *, full: bool = True) -> tuple[result_pb2.RunSummary, Any]:
    """Return the summary and the tables of a replay in which every order fills at the price of its row."""
    config, (trades, *books) = config_of(market, label), files_of(market, folder / "files", label)
    trade_slices, book_slices = ([Slice(file.path, *ALL_TIMES) for file in some] for some in ([trades], books))
    (prints,) = read_trades(trade_slices)
    price, size, ts = prints.price(label[0]), prints.size(label[1]), prints.ts_init
    rows = MarkRows.of_trades(ts, price, label[0])
    if books:
        (depths,) = read_depths(book_slices)
        rows = MarkRows.of_books(ts, price, label[0], depths.ts_init, depths.mids(label[0]))
    tape = Tape()
    for number, (side, *_) in enumerate(market.prints):
        at, cost, amount = int(ts[number]), int(price[number]), int(size[number])
        tape.add_orders([at, side, cost, amount])
        tape.add_fills([number, at, side, cost, amount, 1, 0])
    tape.settled = config.time_window.end.ToNanoseconds()
    (folder / "tables").mkdir()
    tables = []
    if full:
        recorded = RecordedTimes.of(rows, [(int(ts[0]), 1_000)], [])
        account = opened(config, rows, market.decimals)
        tables = [ReportTables(folder / "tables", account, market.decimals[0], recorded, config.instrument.id)]
    window = WindowRows(read_trades(trade_slices), read_depths(book_slices), *label)
    ledger = Ledger(config, rows, WINDOW[1], tables, window, market.decimals, with_positions=full)
    ledger.settle(tape)
    summary = summarise(ledger.close())
    for table in tables:
        table.close()
    names = ("orders", "fills", "equity") if full else ()
    return summary, [pq.read_table(folder / f"tables/{name}.parquet").to_pylist() for name in names]


def figures_that_fit(market: Market, label: tuple[int, int]) -> tuple[result_pb2.RunSummary, Any]:
    """Return the summary and the tables; no tables if the money of the market needs more than their 38 digits."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return figures(market, label, Path(folder, "full"))
        except TickreelError as error:
            assert "more than the 38 digits" in error.message
            return figures(market, label, Path(folder, "fast"), full=False)


def as_numbers(message: Any) -> Any:
    """Return the JSON values of a message with texts of numbers converted to decimals."""
    if isinstance(message, dict):
        return {key: as_numbers(value) for key, value in message.items()}
    if isinstance(message, list):
        return [as_numbers(value) for value in message]
    try:
        return Decimal(message)
    except (ArithmeticError, TypeError):
        return message


def rounded(value: Fraction) -> Fraction:
    """Round half-even to the decimals of the currency; `round` of a fraction rounds half-even."""
    return Fraction(round(value * CENTS), CENTS)


def by_fractions(market: Market) -> dict[str, Fraction]:
    """Return the figures of a market, computed with fractions."""
    factor = Fraction(decimal_of(market.multiplier))
    start = equity = peak = Fraction(BALANCE)
    cash = fees = position = volume = slippage = turnover = fall = Fraction(0)
    for number, (side, price, size) in enumerate(market.prints):
        mark = Fraction(price)
        if market.books:
            bid, _, ask, _ = market.books[number]
            mark = (Fraction(bid) + Fraction(ask)) / 2
        value = Fraction(price) * Fraction(size) * factor
        cash -= side * value
        fees += rounded(value * FEE)
        position += side * Fraction(size)
        volume += Fraction(size)
        turnover += value
        slippage += side * (Fraction(price) - mark) * Fraction(size) * factor
        equity = start + cash + position * mark * factor - fees
        peak = max(peak, equity)
        fall = max(fall, peak - equity)
    found = {"pnl": equity - start, "final_equity": equity, "max_drawdown": fall, "fees": fees, "volume": volume}
    return found | {"final_position": position, "turnover": turnover, "slippage": slippage}


@settings(max_examples=EXAMPLES, derandomize=True, deadline=None)
@given(markets().filter(lambda market: market.prints))
def test_figures_equal_those_of_fractions_at_every_precision(market: Market) -> None:
    (summary, tables), (other, other_tables) = (figures_that_fit(market, label) for label in (market.decimals, market.labels))
    statistics = summary.statistics
    names = ("turnover", "slippage")
    found = {name: Fraction(getattr(statistics if name in names else summary, name)) for name in by_fractions(market)}
    assert found == by_fractions(market)
    parts = Fraction(summary.realized_pnl) + Fraction(summary.unrealized_pnl) - Fraction(summary.fees)
    assert parts == Fraction(summary.pnl)
    figures, others = (as_numbers(json_format.MessageToDict(message)) for message in (summary, other))
    # An average is rounded to the config's precision, so the finer average must round to the coarser one.
    for block, name in (("", "expectancy"), ("position", "mean_size")):
        one, two = (values["statistics"].get(block, {}) if block else values["statistics"] for values in (figures, others))
        coarse, fine = sorted(
            (one.pop(name, Decimal(0)), two.pop(name, Decimal(0))), key=lambda value: -value.as_tuple().exponent
        )
        assert abs(fine - coarse) <= Decimal(1).scaleb(coarse.as_tuple().exponent) / 2
    assert figures == others
    assert tables == other_tables


@settings(max_examples=max(EXAMPLES // 5, 1), derandomize=True, deadline=None)
@given(markets().filter(lambda market: market.prints and not market.books))
def test_the_engine_fills_the_same_at_every_precision(market: Market) -> None:
    tapes = []
    with tempfile.TemporaryDirectory() as folder:
        for label, name in ((market.decimals, "own"), (market.labels, "label")):
            config, view = config_of(market, label), Path(folder, name)
            files = files_of(market, Path(folder, f"{name}-files"), label)
            tape = replay_files(TempBacktestStrategy, config, view, files, shortcuts=POOR).tape
            tape.save(view / "tape.npz")
            tapes.append((Tape.load(view / "tape.npz"), label))
    for tape, (price, size) in tapes:
        fills = zip(tape.fills.side.tolist(), tape.fills.price.tolist(), tape.fills.quantity.tolist(), strict=True)
        with localcontext(prec=80):
            found = [(side, Decimal(cost).scaleb(-price), Decimal(amount).scaleb(-size)) for side, cost, amount in fills]
        assert found == list(market.prints)
        assert tape.rows == tape.order_count == len(market.prints)


@pytest.mark.parametrize("price_precision", [13, 14, 15, 16])
def test_the_profit_of_a_bitcoin_is_the_same_at_every_price_precision(price_precision: int, tmp_path: Path) -> None:
    prints = ((1, Decimal("64000.5"), Decimal("0.1")), (-1, Decimal("64010.5"), Decimal("0.1")))
    books = tuple((price - Decimal("0.5"), size, price + Decimal("0.5"), size) for _, price, size in prints)
    market = Market((1, 1), prints, books, (price_precision, 3), 1.0)
    summary, tables = figures(market, market.labels, tmp_path)
    assert Fraction(summary.pnl) == by_fractions(market)["pnl"] == 1 - Fraction("5.12044")
    assert tables[2][-1]["equity"] == Decimal("999995.87956")
