"""The check that the engine's money type can hold the value of every order."""

from collections.abc import Iterable

import numpy as np

from tickreel.accounting import scaled
from tickreel.accounting.contract import Contract
from tickreel.engine.error_log import MAX_MONEY
from tickreel.rpc.errors import TickreelError, Violation
from tickreel.runner.window.iso_time import iso
from tickreel.stores.trades import TradeRows
from tickreel.v1 import run_config_pb2

COLUMNS = ("price", "size")
"""The columns that `check_notional` reads."""


def check_notional(rows: Iterable[TradeRows], contract: Contract, config: run_config_pb2.RunConfig) -> None:
    """Refuse trade rows whose orders exceed the engine's money type. The engine would stop at the first of them.

    Args:
        rows: With `COLUMNS`. An order has the size and the price of its row.
        config: Resolved.

    Raises:
        TickreelError: DATA_REFUSED, with the first such row, its price and size, and the bound.
    """
    price_precision, size_precision = contract.price_precision, contract.size_precision
    scale = contract.scale(price_precision)
    bound = MAX_MONEY * 10**scale
    for batch in rows:
        price, size = batch.price(price_precision), batch.size(size_precision)
        value = contract.value(price, size, price_precision, scale)
        if scaled.largest(value) > bound:
            row = int(np.argmax(np.abs(value) > bound))
            raise _too_large(
                config.instrument,
                iso(int(batch.ts_init[row])),
                scaled.text(int(price[row]), price_precision),
                scaled.text(int(size[row]), size_precision),
            )


def _too_large(instrument: run_config_pb2.InstrumentConfig, instant: str, price: str, size: str) -> TickreelError:
    multiplier = f"{instrument.multiplier:g}"
    formula = "size x instrument.multiplier / price" if instrument.is_inverse else "price x size x instrument.multiplier"
    problem = (
        f"the trade row at {instant} has price {price} and size {size}; with instrument.multiplier {multiplier}, {formula}"
        f" is beyond {MAX_MONEY} {instrument.settlement_currency}, the largest amount that the engine can hold"
    )
    # A multiplier of 1 or below is unlikely to be the mistake.
    field, remedy = "time_window", "replay a window without that row"
    if instrument.multiplier > 1:
        field, remedy = "instrument.multiplier", f"lower it, or {remedy}"
    terms = {"price": price, "size": size, "multiplier": multiplier, "bound": MAX_MONEY}
    message = "an order of the window exceeds the largest amount that the engine can hold"
    return TickreelError("DATA_REFUSED", message, [Violation(field, f"{problem}; {remedy}")], **terms)
