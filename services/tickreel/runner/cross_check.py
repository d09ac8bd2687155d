"""Our figures against those that the engine reports of itself, slice by slice.

The engine computes profit in doubles and rounds it to the currency's decimals at each fill; ours is exact. So its profit and
its balances may be off by a unit of the currency a fill, and by what doubles lose. Everything else must be equal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np

from tickreel.accounting import scaled
from tickreel.accounting.account import Account
from tickreel.engine.tape import Tape
from tickreel.v1 import run_config_pb2

# More than any sum of figures has.
_DIGITS = 80
# Of the traded value: what doubles may lose of sums of it.
_LOST = Decimal(2) ** -40


@dataclass
class Compared:
    """A figure, ours and the engine's, over all slices.

    Attributes:
        differs: Whether the two differ in a slice by more than rounding.
    """

    ours: Decimal = Decimal(0)
    engine: Decimal = Decimal(0)
    differs: bool = False


class CrossCheck:
    """Compares the slices of a run of a resolved config.

    Attributes:
        figures: All that were compared, by name.
    """

    def __init__(self, config: run_config_pb2.RunConfig) -> None:
        self._config = config
        self.figures: dict[str, Compared] = {}

    def add(self, tape: Tape, account: Account) -> None:
        """Takes a slice, after it was replayed.

        Args:
            account: After the last fill of the slice.
        """
        with localcontext(prec=_DIGITS):
            ours, rounding = _figures_of(tape, account)
            ours |= self._balances(account)
            for name, text in tape.reported.items():
                figure = self.figures.setdefault(name, Compared())
                value, engine = Decimal(ours[name]), Decimal(text)
                figure.ours += value
                figure.engine += engine
                is_rounded = name == "pnl" or name.startswith("balance")
                figure.differs |= abs(value - engine) > (rounding if is_rounded else 0)

    def disagreements(self) -> Iterator[tuple[str, Compared]]:
        """The figures that differ, with their names."""
        return ((name, figure) for name, figure in self.figures.items() if figure.differs)

    def _balances(self, account: Account) -> dict[str, str]:
        """What the engine's account has to hold."""
        instrument, cash = self._config.instrument, self._config.venue.account_type == "CASH"
        brought_in = account.cash[-1] if cash else account.realized(np.array([-1]))[0]
        balance = scaled.text(account.start + int(brought_in) - int(account.fees[-1]), account.scale)
        if not cash:
            return {f"balance {instrument.settlement_currency}": balance}
        held = scaled.text(int(account.position[-1]), account.contract.size_precision)
        return {f"balance {instrument.quote_currency}": balance, f"balance {instrument.base_currency}": held}


def _figures_of(tape: Tape, account: Account) -> tuple[dict[str, str], Decimal]:
    """The figures of a slice by its tape alone, and what rounding may make of its profit."""
    contract, fills, scale = account.contract, tape.fills, account.scale
    (size,) = scaled.wide((fills.quantity,), scaled.total(fills.quantity))
    signed = size * fills.side
    held, value = np.cumsum(signed), contract.value(fills.price, signed, contract.price_precision, scale)
    turned = ((held[:-1] > 0) & (held[1:] < 0)) | ((held[:-1] < 0) & (held[1:] > 0))
    events = len(size) + int(np.count_nonzero(turned))
    worth = scaled.sum_of(contract.value(fills.price[-1:], held[-1:], contract.price_precision, scale))
    fees = scaled.text(scaled.sum_of(contract.fees(fills.price, size, fills.taker)), contract.money_precision)
    profit = Decimal(scaled.text(worth - scaled.sum_of(value), scale)) - Decimal(fees)
    unit = Decimal(1).scaleb(-contract.money_precision)
    rounding = events * unit + Decimal(scaled.text(scaled.sum_of(np.abs(value)), scale)) * _LOST
    return {
        "orders": str(tape.order_count),
        "fill events": str(events),
        "position": scaled.text(scaled.sum_of(held[-1:]), contract.size_precision),
        "commissions": fees,
        "pnl": f"{profit:f}",
    }, rounding
