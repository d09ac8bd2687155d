"""Overlapping recordings: a Hypothesis strategy, their conversion, and a reference model of the merged view."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from recordings import BTC, NOON, RawFolder, books, trades
from tickreel.converter.depth_conversion import DepthConversion
from tickreel.converter.trade_conversion import TradeConversion
from tickreel.stores.catalog import CatalogFile, CatalogStore
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, LEVELS, TRADES
from tickreel.v1 import market_data_pb2

DAYS = ("2024-07-18", "2024-07-19", "2024-07-20", "2024-07-21")
_FOLDERS = {TRADES: "trades", BOOK_SNAPSHOT_5: "book_snapshot_5"}


@dataclass(frozen=True, order=True)
class Row:
    """A trade, or a book of one level a side.

    Attributes:
        recorded: µs since 1970.
        event: µs since 1970.
        price: In tenths. Of a book, the price of its bid.
        size: In thousandths.
        buys: Whether the aggressor of a trade buys. Unused by books.
        id: Id of a trade. Unused by books.
    """

    recorded: int
    event: int
    price: int = 640_000
    size: int = 1
    buys: bool = True
    id: str = ""


@st.composite
def recordings(draw: st.DrawFn, kind: market_data_pb2.DataType, most_at_once: int = 700, late: int = 2) -> list[list[Row]]:
    """Draw two to four recordings of one market.

    Each recording covers a part of the market's time, misses some of its rows and has a few rows that no other has. Most
    rows share their timestamp with another, some instants have hundreds of rows, and a file can hold equal rows.

    Args:
        most_at_once: Maximum number of trades at one instant.
        late: Maximum step back of the exchange's clock, µs.
    """
    gaps = draw(st.lists(st.sampled_from([0, 0, 0, 1, 1, 2, 5, 4_000, 700_000]), min_size=4, max_size=40))
    instants = (NOON + np.cumsum(gaps)).tolist()
    crowd = draw(st.sampled_from([0, 0, 0, most_at_once // 2, most_at_once])) if kind == TRADES else 0
    at = draw(st.integers(0, len(instants) - 1))
    instants[at:at] = [instants[at]] * crowd
    world = [
        Row(ts, ts - number % (late + 1), 640_000 + number % 7, 1 + number % 4, number % 2 == 0, f"t{number}")
        for number, ts in enumerate(instants)
    ]
    if kind != TRADES:
        world = [Row(row.recorded, row.recorded - number, row.price, row.size) for number, row in enumerate(world)]
    found = []
    for file in range(draw(st.integers(2, 4))):
        first = draw(st.integers(0, len(world) - 1))
        past = draw(st.integers(first + 1, len(world)))
        rows = list(world[first:past])
        for number in draw(st.lists(st.integers(0, len(rows) - 1), max_size=3)):
            own = rows[number]
            rows.insert(
                number, Row(own.recorded, own.event, own.price + 20, 9, own.buys, f"own{file}-{number}" if own.id else "")
            )
        if draw(st.booleans()):
            rows.insert(0, rows[0])
        if len(rows) > 2 and draw(st.booleans()):
            del rows[draw(st.integers(0, len(rows) - 1))]
        found.append(rows)
    return found


def convert(folder: Path, recordings: Sequence[Sequence[Row]], kind: market_data_pb2.DataType = TRADES) -> list[CatalogFile]:
    """Write and convert one raw file per recording. Returns the catalog files below `folder/parquet`."""
    raw, catalog = RawFolder(folder / "data_downloads"), CatalogStore(folder / "parquet")
    raw.root.mkdir(parents=True, exist_ok=True)
    found = []
    for day, rows in zip(DAYS, recordings, strict=False):
        table = trade_table(rows) if kind == TRADES else book_table(rows)
        path = raw.write(table, day, data_type=_FOLDERS[kind])
        (source,) = [file for file in raw.store.dataset(f"day-{day}").files if path.as_posix().endswith(file.path)]
        conversion = TradeConversion if kind == TRADES else DepthConversion
        found.append(conversion(source, InstrumentName.parse(BTC), 1, 3).run(raw.store, catalog, lambda _: None))
    return found


def trade_table(rows: Sequence[Row]) -> pa.Table:
    """Return trades in the exchange schema."""
    return trades(
        len(rows),
        local_timestamp=[row.recorded for row in rows],
        timestamp=[row.event for row in rows],
        price=[row.price / 10 for row in rows],
        amount=[row.size / 1_000 for row in rows],
        side=["buy" if row.buys else "sell" for row in rows],
        id=[row.id for row in rows],
    )


def book_table(rows: Sequence[Row]) -> pa.Table:
    """Return books in the exchange schema, with one level per side."""
    absent = pa.nulls(len(rows), pa.float64())
    levels: dict[str, pa.Array] = {
        f"{side}[{level}].{name}": absent
        for side in ("asks", "bids")
        for level in range(LEVELS)
        for name in ("price", "amount")
    }
    levels |= {
        "bids[0].price": pa.array([row.price / 10 for row in rows]),
        "asks[0].price": pa.array([(row.price + 2) / 10 for row in rows]),
        "bids[0].amount": pa.array([row.size / 1_000 for row in rows]),
        "asks[0].amount": pa.array([row.size / 1_000 for row in rows]),
    }
    return books(len(rows), local_timestamp=[row.recorded for row in rows], timestamp=[row.event for row in rows], **levels)


def expected_view(recordings: Sequence[Sequence[Row]], kind: market_data_pb2.DataType = TRADES) -> list[tuple[int, Row]]:
    """Return the (replay time, row) pairs of the merged view, computed by a reference model in plain Python.

    Args:
        recordings: In the order of their files in the view; the rows of each in replay order.
    """
    kept: list[tuple[int, int, Row]] = []
    known: Counter[Row] = Counter()
    for number, rows in enumerate(recordings):
        own: Counter[Row] = Counter()
        for row in rows:
            own[row] += 1
            if own[row] > known[row]:
                kept.append((row.recorded, number, row))
        known |= own
    kept.sort(key=lambda item: item[:2])
    times: list[int] = []
    if kind == TRADES:
        for recorded, _, _ in kept:
            times.append(max(recorded * 1_000, times[-1] + 1 if times else 0))
    else:
        for recorded, _, _ in reversed(kept):
            times.append(min(recorded * 1_000 + 999, times[-1] - 1 if times else 2**63 - 1))
        times.reverse()
    return [(ts, row) for ts, (_, _, row) in zip(times, kept, strict=True)]


def in_view_order(files: Sequence[CatalogFile], recordings: Sequence[Sequence[Row]]) -> list[list[Row]]:
    """Return recordings in the order of their files in the view, the rows of each in replay order."""

    def place(pair: tuple[CatalogFile, Sequence[Row]]) -> tuple[int, str]:
        return pair[0].converted.span.start.ToNanoseconds(), pair[0].converted.path

    pairs = sorted(zip(files, recordings, strict=True), key=place)
    return [sorted(rows, key=lambda row: row.recorded) for _, rows in pairs]
