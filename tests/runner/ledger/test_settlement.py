"""Every order gets the final state that its fills and its last event imply."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from small_catalog import replay_config
from tickreel.engine.tape import KINDS, Tape
from tickreel.runner.ledger.order_terms import OrderTerms, copied_terms
from tickreel.runner.ledger.settlement import STATUSES, Settlement, settle
from tickreel.v1 import order_pb2

# Orders submitted later have not reached the venue.
ARRIVES_BY = 106


def copied(tape: Tape) -> OrderTerms:
    return copied_terms(tape.orders, replay_config(), ARRIVES_BY, rows=len(tape.orders.side))


def settled(tape: Tape, fees: list[int] | None = None) -> Settlement:
    fills = tape.fills
    paid = np.array(fees if fees is not None else [0] * len(fills.ts), dtype=np.int64)
    return settle(copied(tape), fills, paid, tape.ends)


def statuses(settlement: Settlement) -> list[str]:
    return [STATUSES[code] for code in settlement.status]


def test_every_way_in_which_an_order_can_end() -> None:
    tape = Tape()
    complete, partial, unfilled, denied, rejected, expired, _open, _in_flight, partial_in_flight = range(9)
    for number in range(9):
        tape.add_orders([100 + number, 1, 1_000 + number, 10])
    tape.add_fills([complete, 200, 1, 1_000, 4, 1, 0])
    tape.add_fills([complete, 201, 1, 999, 6, 0, 0])
    tape.add_fills([partial, 202, 1, 1_001, 3, 1, 0])
    tape.end(partial, 203, "cancelled", "NO_LIQUIDITY_AT_LIMIT")
    tape.end(unfilled, 204, "cancelled", "NO_LIQUIDITY_AT_LIMIT")
    tape.end(denied, 205, "denied", "CUM_MARGIN_EXCEEDS_FREE_BALANCE")
    tape.end(rejected, 206, "rejected", "POST_ONLY_WOULD_CROSS")
    tape.end(expired, 207, "expired", "EXPIRED")
    tape.add_fills([partial_in_flight, 208, 1, 1_007, 9, 1, 0])
    settlement = settled(tape, [7, 5, 3, 2])

    assert statuses(settlement) == [
        *(
            "filled",
            "partially_filled",
            "cancelled",
            "denied",
            "rejected",
            "cancelled",
            "in_flight",
            "in_flight",
            "partially_filled",
        ),
    ]
    assert settlement.filled.tolist() == [10, 3, 0, 0, 0, 0, 0, 0, 9]
    assert settlement.value.tolist() == [4 * 1_000 + 6 * 999, 3 * 1_001, 0, 0, 0, 0, 0, 0, 9 * 1_007]
    assert settlement.fees.tolist() == [12, 3, 0, 0, 0, 0, 0, 0, 2]
    assert settlement.ts_closed.tolist() == [201, 203, 204, 205, 206, 207, 0, 0, 0]
    assert settlement.reason.tolist() == [
        *("", "NO_LIQUIDITY_AT_LIMIT", "NO_LIQUIDITY_AT_LIMIT", "CUM_MARGIN_EXCEEDS_FREE_BALANCE"),
        *("POST_ONLY_WOULD_CROSS", "EXPIRED", "OPEN_AT_END", "IN_FLIGHT", "IN_FLIGHT"),
    ]
    assert {status: settlement.count(status) for status in STATUSES} == {
        "in_flight": 2,
        "filled": 1,
        "partially_filled": 2,
        "cancelled": 2,
        "denied": 1,
        "rejected": 1,
    }
    assert {status: settlement.unfilled(status) for status in STATUSES} == {
        "in_flight": {"OPEN_AT_END": 1, "IN_FLIGHT": 1},
        "filled": {},
        "partially_filled": {},
        "cancelled": {"NO_LIQUIDITY_AT_LIMIT": 1, "EXPIRED": 1},
        "denied": {"CUM_MARGIN_EXCEEDS_FREE_BALANCE": 1},
        "rejected": {"POST_ONLY_WOULD_CROSS": 1},
    }
    # As the engine has them: a remainder that was cancelled makes the order cancelled.
    names = [order_pb2.OrderStatus.Name(state).removeprefix("ORDER_STATUS_") for state in settlement.state.tolist()]
    assert names == [
        *("FILLED", "CANCELLED", "CANCELLED", "DENIED", "REJECTED", "EXPIRED", "OPEN", "IN_FLIGHT", "PARTIALLY_FILLED"),
    ]


def test_a_tape_without_orders_has_an_empty_settlement() -> None:
    settlement = settled(Tape())
    assert len(settlement.status) == 0
    assert not any(settlement.unfilled(status) for status in STATUSES)


def test_values_beyond_64_bits_are_exact() -> None:
    tape = Tape()
    tape.add_orders([1, 1, 2**62, 2**62])
    tape.add_fills([0, 2, 1, 2**62, 2**61, 1, 0])
    tape.add_fills([0, 3, 1, 2**62 - 1, 2**61, 1, 0])
    settlement = settle(copied(tape), tape.fills, np.array([2**80, 1], dtype=object), tape.ends)
    assert settlement.value.tolist() == [2**123 + (2**62 - 1) * 2**61]
    assert settlement.fees.tolist() == [2**80 + 1]


_orders = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5)), max_size=4),
        st.none() | st.sampled_from(KINDS),
    ),
    max_size=12,
)


@given(_orders, st.randoms(use_true_random=False))
def test_all_fills_are_counted_and_every_order_has_one_status(
    orders: list[tuple[int, list[tuple[int, int]], str | None]], draw: random.Random
) -> None:
    """Fills of different orders may interleave in any way."""
    tape, events = Tape(), []
    for number, (quantity, fills, kind) in enumerate(orders):
        tape.add_orders([number, 1, 1, quantity])
        left = quantity
        for price, size in fills:
            if size <= left:
                left -= size
                events.append((number, price, size))
        if left and kind:
            tape.end(number, 1_000 + number, kind, kind.upper())
    draw.shuffle(events)
    for ts, (number, price, size) in enumerate(events):
        tape.add_fills([number, ts, 1, price, size, 1, 0])
    settlement = settled(tape, [1] * len(events))

    assert int(settlement.filled.sum()) == sum(size for _, _, size in events)
    assert sum(settlement.value.tolist()) == sum(price * size for _, price, size in events)
    assert sum(settlement.fees.tolist()) == len(events)
    assert sum(settlement.count(status) for status in STATUSES) == len(orders)
    unfilled = [settlement.unfilled(status).total() for status in STATUSES]
    assert sum(unfilled) == sum(filled == 0 for filled in settlement.filled.tolist())
    for status, reason, closed in zip(statuses(settlement), settlement.reason, settlement.ts_closed, strict=True):
        assert (status == "filled") == (reason == "")
        assert status != "in_flight" or reason in ("IN_FLIGHT", "OPEN_AT_END")
        assert status != "in_flight" or closed == 0
