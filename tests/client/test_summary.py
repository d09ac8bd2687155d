"""The figures of a summary, as exact decimals and as floats."""

from decimal import Decimal

from tickreel.client.summary import figures
from tickreel.v1 import result_pb2, statistics_pb2


def _summary() -> result_pb2.RunSummary:
    summary = result_pb2.RunSummary(orders=3, pnl="-122391.14912704", fees="0.10", first_ts="2024-07-18T12:00:00.000000001Z")
    summary.orders_unfilled["NO_LIQUIDITY"] = 1
    summary.pnl_sketch.extend([0.0, -1.5])
    summary.statistics.win_rate = "0.333333"
    summary.statistics.closing_orders = 2
    summary.statistics.by_side.add(side=statistics_pb2.POSITION_SIDE_LONG, pnl="1.1")
    return summary


def test_decimals_are_exact_unless_floats_are_requested() -> None:
    exact, numbers = (figures(_summary(), floats=floats) for floats in (False, True))
    assert str(exact["pnl"]) == "-122391.14912704"
    assert (exact["fees"], exact["statistics.win_rate"]) == (Decimal("0.10"), Decimal("0.333333"))
    assert {type(numbers[name]) for name in ("pnl", "fees", "statistics.win_rate")} == {float}
    assert (numbers["pnl"], numbers["fees"]) == (-122391.14912704, 0.1)
    assert exact["statistics.by_side"][0]["pnl"] == Decimal("1.1")
    assert numbers["statistics.by_side"][0]["pnl"] == 1.1
    for either in (exact, numbers):
        assert either["statistics.by_side"][0]["side"] == "long"
        assert (either["orders"], either["statistics.closing_orders"]) == (3, 2)
        assert either["orders_unfilled"] == {"NO_LIQUIDITY": 1}
        assert either["pnl_sketch"] == [0.0, -1.5]
        assert either["first_ts"] == "2024-07-18T12:00:00.000000001Z"


def test_an_unset_figure_is_none() -> None:
    found = figures(_summary(), floats=True)
    assert found["pnl_usd"] is None
    assert found["statistics.profit_factor"] is None
    # An empty string is not a decimal, and a count in an unset message is unknown, not zero.
    assert found["max_drawdown"] is None
    assert found["statistics.position.round_trips"] is None
    assert {name: value for name, value in found.items() if name.startswith("costs.")}.keys() >= {"costs.total"}
    assert all(value is None for name, value in found.items() if name.startswith(("costs.", "fill_audit.")))
