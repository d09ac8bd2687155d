"""Order marks do not depend on the slices of a run, and differ if a single number differs."""

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import SupportsInt

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickreel.engine.tape import Fills, Orders
from tickreel.runner.ledger.settlement import Settlement
from tickreel.runner.result.order_marks import OrderMarks, first_difference
from tickreel.stores.result_layout import ResultFile

ORDERS = 40
Int64 = npt.NDArray[np.int64]


@dataclass
class Outcome:
    """Orders with their fills, in the form in which the ledger hands them on."""

    orders: Orders
    settlement: Settlement
    fills: Fills
    fees: npt.NDArray[np.generic]


def outcome(seed: int, wide_fees: bool = False) -> Outcome:
    random = np.random.default_rng(seed)

    def column(rows: int = ORDERS) -> Int64:
        return random.integers(-(2**40), 2**40, rows)

    orders = Orders(column(), column(), column(), column())
    reason = random.choice(np.array(["", "NO_LIQUIDITY", "OPEN_AT_END"], dtype=object), ORDERS)
    settlement = Settlement(column(), column(), column(), column(), column(), column(), reason, reason)
    rows = 3 * ORDERS
    fills = Fills(np.sort(random.integers(0, ORDERS, rows)), *(column(rows) for _ in range(6)))
    fees = column(rows)
    return Outcome(orders, settlement, fills, fees.astype(object) * 2**70 + fees if wide_fees else fees)


def write(folder: Path, made: Outcome, cuts: Sequence[int] = ()) -> Path:
    """Write the marks of an outcome that is added in slices, cut before the orders in `cuts`."""
    folder.mkdir()
    marks = OrderMarks(folder)
    edges = [0, *sorted(cuts), ORDERS]
    for first, past in itertools.pairwise(edges):
        rows = (made.fills.order >= first) & (made.fills.order < past)
        marks.add_orders(
            Orders(*(column[first:past] for column in astuple(made.orders))),
            Settlement(*(column[first:past] for column in astuple(made.settlement))),
        )
        marks.add_fills(Fills(*(column[rows] for column in astuple(made.fills))), made.fees[rows])
    marks.close()
    return folder / ResultFile.MARKS


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.lists(st.integers(0, ORDERS), max_size=6), st.booleans())
def test_marks_do_not_depend_on_slices(
    tmp_path_factory: pytest.TempPathFactory, seed: int, cuts: list[int], wide: bool
) -> None:
    folder = tmp_path_factory.mktemp("marks")
    whole = write(folder / "whole", outcome(seed, wide))
    assert whole.stat().st_size == 8 * ORDERS
    assert first_difference(whole, write(folder / "cut", outcome(seed, wide), cuts)) is None


CHANGES = [
    *(("orders", name) for name in ("ts_submitted", "side", "price", "quantity")),
    *(("settlement", name) for name in ("status", "ts_closed", "reason")),
    *(("fills", name) for name in ("ts", "side", "price", "quantity", "taker")),
]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from([*CHANGES, ("", "fees")]), st.integers(0, ORDERS - 1), st.integers(1, 2**40))
def test_a_changed_number_is_found_at_its_order(
    tmp_path_factory: pytest.TempPathFactory, seed: int, change: tuple[str, str], row: int, by: int
) -> None:
    folder = tmp_path_factory.mktemp("marks")
    before = write(folder / "before", outcome(seed))
    made = outcome(seed)
    table, name = change
    column = getattr(getattr(made, table), name) if table else made.fees
    column[row] = "ANOTHER" if name == "reason" else column[row] + by
    order = row if table in ("orders", "settlement") else int(made.fills.order[row])
    assert first_difference(before, write(folder / "after", made)) == order + 1


def mixed(value: int) -> int:
    """The finaliser of SplitMix64."""
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
    return value ^ value >> 31


def summed(values: Iterable[SupportsInt]) -> int:
    return sum(int(value) * (mixed(k) | 1) for k, value in enumerate(values, 1))


def reason_code(reason: str) -> int:
    return int.from_bytes(hashlib.sha256(reason.encode()).digest()[:8], "little")


def test_a_mark_follows_its_definition(tmp_path: Path) -> None:
    made = outcome(1, wide_fees=True)
    orders, settlement, fills = made.orders, made.settlement, made.fills
    wanted = []
    for order in range(ORDERS):
        of_order = (orders.ts_submitted, orders.side, orders.price, orders.quantity, settlement.status, settlement.ts_closed)
        total = summed([*(column[order] for column in of_order), reason_code(settlement.reason[order])])
        for fill in np.flatnonzero(fills.order == order):
            of_fill = (fills.ts, fills.side, fills.price, fills.quantity, fills.taker, made.fees)
            total += mixed(summed(column[fill] for column in of_fill) % 2**64)
        wanted.append(mixed(total % 2**64))
    assert np.fromfile(write(tmp_path / "made", made), dtype="<u8").tolist() == wanted
    # The first number of SplitMix64 with seed 0.
    assert mixed(0x9E3779B97F4A7C15) == 0xE220A8397B1DCDAF
    assert pd.util.hash_array(np.array([1, 2**63], dtype=np.uint64), categorize=False).tolist() == [mixed(1), mixed(2**63)]


def test_a_shorter_file_differs_at_its_end(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole", outcome(1))
    short = tmp_path / "short.bin"
    short.write_bytes(whole.read_bytes()[: 8 * 7])
    assert first_difference(whole, short) == first_difference(short, whole) == 8
    short.write_bytes(b"")
    assert first_difference(short, short) is None
    assert first_difference(short, whole) == 1
