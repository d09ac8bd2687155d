"""The order that closes the position when a strategy stops, if the config says close_positions_on_stop."""

from typing import Any

from nautilus_trader.model import ClientOrderId, OrderSide, Quantity, TimeInForce
from nautilus_trader.trading import Strategy

from tickreel.engine.instrument import Instrument
from tickreel.engine.tape import Tape


def close_position(strategy: Strategy, instrument: Instrument, tape: Tape) -> Any:
    """Submit an order that closes a position as far as whole lots can, and return it; None if there is nothing to close.

    Args:
        tape: All orders and fills so far. The sum of the fills is the exact position. The engine keeps its position in a
            double, which loses digits of large sizes.
    """
    fills = tape.fills
    held = int((fills.quantity.astype(object) * fills.side).sum())
    lot = instrument.engine.lot_size
    assert lot is not None
    size = abs(held) * instrument.size_unit // lot.raw * lot.raw
    if not size:
        return None
    known = sum(position.quantity.raw for position in strategy.cache.positions_open(instrument_id=instrument.id))
    order = strategy.order_factory.market(
        instrument.id,
        OrderSide.SELL if held > 0 else OrderSide.BUY,
        Quantity.from_raw(size, instrument.engine.size_precision),
        TimeInForce.IOC,
        # The engine reduces a reduce-only order to the position that it knows.
        reduce_only=known >= size,
        client_order_id=ClientOrderId(f"CLOSE-{tape.order_count + 1}"),
    )
    Strategy.submit_order(strategy, order)
    return order
