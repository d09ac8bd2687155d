"""A message built from the bytes of columns equals the message that protobuf builds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickreel.rpc.columns import ROWS_PER_CHUNK, make_columns
from tickreel.v1.market_data_pb2 import TradeColumns

_int64 = st.integers(-(2**63), 2**63 - 1)
_rows = st.lists(st.tuples(_int64, _int64, _int64, _int64, st.integers(0, 2), st.text(max_size=40)), max_size=300)


def both_ways(
    rows: list[tuple[int, int, int, int, int, str]], price_precision: int, size_precision: int
) -> tuple[TradeColumns, TradeColumns]:
    """Build a chunk with make_columns and with protobuf's own assignment."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 6
    ts_event, ts_init, price, size = (np.array(column, dtype=np.int64) for column in columns[:4])
    ours = make_columns(
        TradeColumns,
        price_precision=price_precision,
        size_precision=size_precision,
        ts_event=ts_event,
        ts_init=ts_init,
        price=price,
        size=size,
        side=np.array(columns[4], dtype=np.uint8),
        trade_id=columns[5],
    )
    theirs = TradeColumns(price_precision=price_precision, size_precision=size_precision)
    for name, values in zip(("ts_event", "ts_init", "price", "size", "side", "trade_id"), columns, strict=True):
        getattr(theirs, name).extend(values)
    return ours, theirs


@given(_rows, st.integers(0, 16), st.integers(0, 16))
def test_both_ways_give_the_same_message(
    rows: list[tuple[int, int, int, int, int, str]], price_precision: int, size_precision: int
) -> None:
    ours, theirs = both_ways(rows, price_precision, size_precision)
    assert ours == theirs
    assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True)


def test_columns_need_not_be_contiguous() -> None:
    table = np.arange(40, dtype=np.int64).reshape(10, 4)
    ours = make_columns(
        TradeColumns,
        price_precision=1,
        size_precision=3,
        ts_event=table[:, 0],
        ts_init=table[::-1, 1],
        price=table[:, 2],
        size=table[:, 3].astype(">i8"),
        side=np.tile(np.array([1, 2], dtype=np.uint8), 10)[::2],
        trade_id=[""] * 10,
    )
    assert list(ours.ts_event) == list(range(0, 40, 4))
    assert list(ours.ts_init) == list(range(37, 0, -4))
    assert list(ours.size) == list(range(3, 40, 4))
    assert list(ours.side) == [1] * 10


def test_a_full_chunk_fits_into_a_message() -> None:
    """With the largest values, and the longest ids that the engine accepts."""
    rows = [(2**63 - 1, 2**63 - 1, 2**63 - 1, 2**63 - 1, 2, "x" * 36)] * ROWS_PER_CHUNK
    ours, _ = both_ways(rows, 16, 16)
    assert ours.ByteSize() < 4 * 1024 * 1024
