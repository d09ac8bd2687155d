"""Base class of strategies whose orders copy trade rows. Their replays take shortcuts that other strategies would notice."""

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NoReturn

from nautilus_trader.core import UUID4
from nautilus_trader.model import ClientOrderId, OrderDenied, OrderSide, Price, Quantity, TimeInForce
from nautilus_trader.trading import Strategy

from tickreel.engine.instrument import Instrument
from tickreel.engine.strategy import ReplayStrategy
from tickreel.v1 import run_config_pb2

NOT_IN_LOTS = "NOT_A_MULTIPLE_OF_LOT_SIZE"
"""Reason of a denied order whose quantity is not a multiple of the instrument's lot size."""


class CopyingStrategy(ReplayStrategy):
    """A strategy that copies trade rows by `copy`, at most once per row, and sends no other orders.

    It may override callbacks; `on_start` must call `super()`. It must not look up its past orders, its positions or its
    account: the replay purges closed orders, and updates no account that cannot deny an order.
    """

    independent_orders: ClassVar[bool] = False
    """Whether each order depends on its trade row alone, not on earlier rows. A window may then be replayed in slices."""

    def __init__(self, instrument: Instrument, config: run_config_pb2.RunConfig) -> None:
        super().__init__(instrument, config)
        lot = instrument.engine.lot_size
        assert lot is not None
        self._lot: int = lot.raw
        self._at_market = config.strategy.order_type == "MARKET"
        self._time_in_force = getattr(TimeInForce, config.strategy.time_in_force)
        self._names = _names()

    def on_start(self) -> None:
        # Bound once: each access to these attributes of the engine makes a new Python object.
        self._now = self.clock.timestamp_ns
        self._limit, self._market = self.order_factory.limit, self.order_factory.market
        self._id = self.instrument.id
        submit = super().submit_order
        # The engine does not check lots. A lot of the smallest size needs no check.
        in_lots = self._lot > self.instrument.size_unit
        self._submit: Callable[[Any], None] = functools.partial(self._submit_in_lots, submit) if in_lots else submit
        super().on_start()

    def copy(self, trade: Any, side: OrderSide) -> None:
        """Submit an order with the price and size of a trade row, and the config's order type and time in force."""
        # This runs for every row, so it is short.
        price, size = trade.price, trade.size
        named = next(self._names)
        if self._at_market:
            order, price = self._market(self._id, side, size, self._time_in_force, client_order_id=named), None
        else:
            order = self._limit(self._id, side, size, price, self._time_in_force, client_order_id=named)
        self._copied(trade.ts_init, side, price, size)
        self._submit(order)

    def _copied(self, ts: int, side: OrderSide, price: Price | None, size: Quantity) -> None:
        """Note a new copy, before it is submitted. The recorder of copies overrides this."""

    def _submit_in_lots(self, submit: Callable[[Any], None], order: Any) -> None:
        """Submit an order if its quantity is a multiple of the lot size; otherwise deny it as the risk engine would."""
        if order.quantity.raw % self._lot == 0:
            submit(order)
            return
        now = self._now()
        names = (order.trader_id, order.strategy_id, order.instrument_id, order.client_order_id)
        denied = OrderDenied(*names, NOT_IN_LOTS, UUID4(), now, now)
        self.on_order_event(order.events()[0])
        self.on_order_denied(denied)
        self.on_order_event(denied)

    def drop_cycles(self) -> None:
        """Drop references back to the strategy, so that it is freed without the garbage collector.

        Only the thread that made the engine's objects can free them, and the collector may run in any thread.
        """
        for name in ("_submit", "_now", "_limit", "_market"):
            vars(self).pop(name, None)


def _refused(name: str) -> Callable[..., NoReturn]:
    def refused(self: CopyingStrategy, *_args: object, **_options: object) -> NoReturn:
        message = f"{name}: a CopyingStrategy only copies trade rows, by copy(trade, side); derive from Strategy instead"
        raise TypeError(message)

    return refused


for _method in (
    "submit_order",
    "submit_order_list",
    "modify_order",
    "cancel_order",
    "cancel_orders",
    "cancel_all_orders",
    "close_position",
    "close_all_positions",
    "market_exit",
):
    assert hasattr(Strategy, _method)
    setattr(CopyingStrategy, _method, _refused(_method))


# The order ids that all replays of this process share.
_NAMES: list[ClientOrderId] = []
_KEPT = 32_768


def _names() -> Iterator[ClientOrderId]:
    """Yield order ids for a replay: O-1, O-2, ...

    Ids of the order factory contain the time. The engine keeps the text of every id until its process ends, so new ids for
    every replay would use up memory.
    """
    yield from _NAMES
    for number in itertools.count(len(_NAMES) + 1):
        name = ClientOrderId(f"O-{number}")
        if number <= _KEPT:
            _NAMES.append(name)
        yield name
