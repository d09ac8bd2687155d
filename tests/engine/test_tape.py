"""A tape holds rows of 64-bit integers, and wider rows if a value needs them."""

from pathlib import Path

import numpy as np
import pytest

from tickreel.engine.tape import Tape

WIDE = 64_000 * 10**16


@pytest.mark.parametrize("price", [640_000, WIDE])
def test_a_tape_survives_saving_and_loading(price: int, tmp_path: Path) -> None:
    tape = Tape()
    tape.add_orders([10, 1, 5, 7, 20, -1, 6, 8])
    tape.add_orders([30, 1, price, 9])
    tape.add_fills([0, 10, 1, 5, 7, 1, 2])
    tape.add_fills([2, 30, 1, price, 9, 1, -3])
    tape.end(1, 25, "cancelled", "NO_LIQUIDITY_AT_LIMIT")
    tape.save(tmp_path / "tape.npz")
    for found in (tape, Tape.load(tmp_path / "tape.npz")):
        assert (found.order_count, found.fill_count) == (3, 2)
        assert found.orders.price.tolist() == [5, 6, price]
        assert found.fills_after(1).price.tolist() == [price]
        assert found.submission(2) == (30, 1)
        # Only columns that need it are wide. Order positions are indices, so they stay int64.
        assert found.fills.order.dtype == found.fills.quantity.dtype == np.int64
        assert found.fills.price.dtype == (object if price == WIDE else np.int64)
        assert (found.ends.order.tolist(), found.ends.reasons) == ([1], ("NO_LIQUIDITY_AT_LIMIT",))


def test_rows_beyond_64_bits_are_added_completely() -> None:
    tape = Tape()
    tape.add_orders([1, 1, 2, 3])
    tape.add_orders([4, 1, 5, WIDE])
    assert tape.order_count == 2
    assert [column.tolist() for column in vars(tape.orders).values()] == [[1, 4], [1, 1], [2, 5], [3, WIDE]]
