"""Our figures against those that the engine reports of itself, slice by slice.

Ours are exact. The engine keeps its position and computes its profit in doubles, and rounds profit to the decimals of the
currency at each fill. So a figure of the engine may be off by what doubles lose, and an amount of money by a unit of its
currency a fill as well. Where the engine's position differs from ours around zero, it may count a fill that closes the position
as one that turns it over, or the other way round. Its commissions must be the sum of the fees of its fill events; where those
differ from ours, the finding FEES_DIFFER says so. Everything else must be equal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np

from tickreel.accounting import scaled
from tickreel.accounting.account import Account
from tickreel.accounting.scaled import Integers
from tickreel.engine.instrument import currency_precision
from tickreel.engine.tape import Tape
from tickreel.v1 import run_config_pb2

# More than any sum of figures has.
_DIGITS = 80
# Of the traded value: what doubles may lose of sums of it.
_LOST = Decimal(2) ** -40
# Of each size that a position takes on its way, and of each fill: a double loses a part in 2^53 at each of a few steps.
_LOST_OF_SIZES = 2.0**-51


@dataclass
class Compared:
    """A figure, ours and the engine's, over all slices.

    Attributes:
        differs: Whether the two differ in a slice by more than the engine's arithmetic explains.
    """

    ours: Decimal = Decimal(0)
    engine: Decimal = Decimal(0)
    differs: bool = False


@dataclass(frozen=True)
class _Expected:
    """What the engine should report of a figure, and by how much it may be off."""

    value: Decimal
    tolerance: Decimal = Decimal(0)


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
            expected = _Slice(tape, account, self._config).expected()
            for name, text in tape.reported.items():
                figure, ours, engine = self.figures.setdefault(name, Compared()), expected[name], Decimal(text)
                figure.ours += ours.value
                figure.engine += engine
                figure.differs |= abs(ours.value - engine) > ours.tolerance

    def disagreements(self) -> Iterator[tuple[str, Compared]]:
        """The figures that differ, with their names."""
        return ((name, figure) for name, figure in self.figures.items() if figure.differs)


class _Slice:
    """A slice as the engine should report it."""

    def __init__(self, tape: Tape, account: Account, config: run_config_pb2.RunConfig) -> None:
        self._tape, self._account, self._config = tape, account, config
        fills = tape.fills
        (self._size,) = scaled.wide((fills.quantity,), scaled.total(fills.quantity))
        self._signed = self._size * fills.side
        self._held = np.cumsum(self._signed)

    def expected(self) -> dict[str, _Expected]:
        """Every figure that an engine may report, by name."""
        account, contract = self._account, self._account.contract
        fills, scale = self._tape.fills, account.scale
        value = contract.value(fills.price, self._signed, contract.price_precision, scale)
        worth = scaled.sum_of(contract.value(fills.price[-1:], self._held[-1:], contract.price_precision, scale))
        fees = scaled.sum_of(contract.fees(fills.price, self._size, fills.taker))
        fees_off = _decimal(abs(scaled.sum_of(fills.commission) - fees), contract.money_precision)
        paid = _decimal(fees, contract.money_precision)
        events, unsure = self._events()
        lost = _decimal(scaled.sum_of(np.abs(value)), scale) * _LOST
        rounding = (events + unsure) * Decimal(1).scaleb(-contract.money_precision) + lost + fees_off
        found = {
            "orders": _Expected(Decimal(self._tape.order_count)),
            "fill events": _Expected(Decimal(events), Decimal(unsure)),
            "position": _Expected(self._of_size(scaled.sum_of(self._held[-1:])), self._position_lost()),
            "commissions": _Expected(paid, fees_off),
            "pnl": _Expected(_decimal(worth - scaled.sum_of(value), scale) - paid, rounding),
        }
        return found | self._balances(rounding)

    def _balances(self, rounding: Decimal) -> dict[str, _Expected]:
        """What the engine's account has to hold.

        Args:
            rounding: By how much an amount of the settlement currency may be off.
        """
        account, instrument = self._account, self._config.instrument
        cash = self._config.venue.account_type == "CASH"
        brought_in = account.cash[-1] if cash else account.realized(np.array([-1]))[0]
        balance = _Expected(_decimal(account.start + int(brought_in) - int(account.fees[-1]), account.scale), rounding)
        if not cash:
            return {f"balance {instrument.settlement_currency}": balance}
        unit = Decimal(1).scaleb(-currency_precision(instrument.base_currency))
        # A size may have more decimals than its currency.
        of_base = len(self._size) * unit + self._of_size(scaled.sum_of(self._size)) * _LOST
        held = _Expected(self._of_size(int(account.position[-1])), of_base)
        return {f"balance {instrument.quote_currency}": balance, f"balance {instrument.base_currency}": held}

    def _events(self) -> tuple[int, int]:
        """The fill events of the engine: one a fill, and one more where it turned the position over; and how many of the fills
        may have turned it over in doubles alone, or not in doubles."""
        held, lost = self._held, self._lost()
        before, after = held[:-1], held[1:]
        turned = ((before > 0) & (after < 0)) | ((before < 0) & (after > 0))
        # A position is rounded to the decimals of a size, so that less than half a unit is not lost.
        near = (lost >= 0.5) & (np.abs(held).astype(np.float64) <= lost + 1)
        return len(held) + int(np.count_nonzero(turned)), int(np.count_nonzero(near[:-1] | near[1:]))

    def _position_lost(self) -> Decimal:
        lost = float(self._lost()[-1]) if len(self._size) else 0.0
        return self._of_size(int(lost) + 1) if lost >= 0.5 else Decimal(0)

    def _lost(self) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """What doubles may have lost of the position up to each fill, in units of the size precision; shape (fills,)."""
        sizes: Integers = np.abs(self._held).astype(np.float64) + self._size.astype(np.float64)
        return np.cumsum(sizes) * _LOST_OF_SIZES

    def _of_size(self, value: int) -> Decimal:
        return _decimal(value, self._account.contract.size_precision)


def _decimal(value: int, scale: int) -> Decimal:
    return Decimal(scaled.text(value, scale))
