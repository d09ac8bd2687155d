"""A strategy that decides by something outside its run, which a verification must find."""

import datetime
import random
import time
import uuid
from random import randint
from typing import Any

import numpy as np
from nautilus_trader.model import InstrumentId, OrderSide, Quantity
from nautilus_trader.trading import Strategy

STARTED = time.time()
NAMES = {f"name {number}" for number in range(64)}


class Drifter(Strategy):
    """Buys or sells at each trade, as `source` says."""

    def __init__(self, instrument_id: InstrumentId, source: str, seed: int) -> None:
        super().__init__()
        self.instrument_id, self.source, self.seed = instrument_id, source, seed
        self.generator = random.Random(seed)
        self.rows = 0

    def on_start(self) -> None:
        self.subscribe_trades(self.instrument_id)

    def on_trade(self, trade: Any) -> None:
        side = OrderSide.BUY if getattr(self, self.source)() else OrderSide.SELL
        self.submit_order(self.order_factory.market(self.instrument_id, side, Quantity.from_str("1.000")))
        self.rows += 1

    def seeded(self) -> bool:
        """A generator with the seed of the run."""
        return self.generator.random() < 0.5

    def hidden(self) -> bool:
        """Reads of the clock, and random numbers, that do not decide anything."""
        time.sleep(0)
        datetime.datetime.now(datetime.UTC)
        uuid.uuid4()
        return True

    def drawn(self) -> bool:
        """Random numbers of Python and NumPy, without a seed."""
        return randint(0, 1) + int(np.random.default_rng().integers(2)) == 1

    def ordered(self) -> bool:
        """The order of a set of strings."""
        return list(NAMES)[self.rows % 64] < "name 4"
