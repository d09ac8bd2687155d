"""The cross-check of our figures with the figures that the engine reports, slice by slice.

Ours are exact. The engine keeps its position and its profit in doubles, and it rounds profit to the decimals of the currency at
each fill. These differences are therefore tolerated:

- Every figure may differ by the rounding error of doubles.
- An amount of money may also differ by one unit of its last decimal per fill.
- Near a flat position, the engine may count a fill that closes the position as one that reverses it, or vice versa.
- Commissions may differ by the difference between our fees and the fees of the engine's fill events, which FEES_DIFFER reports.

Everything else must be equal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np
import numpy.typing as npt

from tickreel.accounting import scaled
from tickreel.accounting.account import Account
from tickreel.engine.instrument import currency_precision
from tickreel.engine.tape import Tape
from tickreel.v1 import run_config_pb2

# More digits than any sum of figures has.
_DIGITS = 80
# Relative rounding error of sums of traded values in doubles.
_VALUE_ERROR = Decimal(2) ** -40
# Relative rounding error of a position per fill: each of a few steps in doubles loses up to 2^-53.
_SIZE_ERROR = 2.0**-51


@dataclass
class Compared:
    """A figure as we and the engine have it, summed over all slices.

    Attributes:
        differs: Whether the two differ in any slice by more than the tolerance.
    """

    ours: Decimal = Decimal(0)
    engine: Decimal = Decimal(0)
    differs: bool = False


@dataclass(frozen=True)
class _Expected:
    """The expected value of a figure of the engine, and the tolerated difference."""

    value: Decimal
    tolerance: Decimal = Decimal(0)


class CrossCheck:
    """Compares the slices of a run with the engine's reports.

    Args:
        config: Resolved.

    Attributes:
        figures: All compared figures, by name.
    """

    def __init__(self, config: run_config_pb2.RunConfig) -> None:
        self._config = config
        self.figures: dict[str, Compared] = {}

    def add(self, tape: Tape, account: Account) -> None:
        """Compare a slice after its replay.

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
        """Return the figures that differ, with their names."""
        return ((name, figure) for name, figure in self.figures.items() if figure.differs)


class _Slice:
    """The figures that the engine should report for a slice."""

    def __init__(self, tape: Tape, account: Account, config: run_config_pb2.RunConfig) -> None:
        self._tape, self._account, self._config = tape, account, config
        fills = tape.fills
        (self._size,) = scaled.wide((fills.quantity,), scaled.total(fills.quantity))
        self._signed = self._size * fills.side
        self._held = np.cumsum(self._signed)

    def expected(self) -> dict[str, _Expected]:
        """Return every figure that an engine may report, by name."""
        account, contract = self._account, self._account.contract
        fills, scale = self._tape.fills, account.scale
        value = contract.value(fills.price, self._signed, contract.price_precision, scale)
        worth = scaled.sum_of(contract.value(fills.price[-1:], self._held[-1:], contract.price_precision, scale))
        fees = scaled.sum_of(contract.fees(fills.price, self._size, fills.taker))
        fee_difference = _decimal(abs(scaled.sum_of(fills.commission) - fees), contract.money_precision)
        paid = _decimal(fees, contract.money_precision)
        events, uncertain = self._events()
        error = _decimal(scaled.sum_of(np.abs(value)), scale) * _VALUE_ERROR
        tolerance = (events + uncertain) * Decimal(1).scaleb(-contract.money_precision) + error + fee_difference
        found = {
            "orders": _Expected(Decimal(self._tape.order_count)),
            "fill events": _Expected(Decimal(events), Decimal(uncertain)),
            "position": _Expected(self._size_decimal(scaled.sum_of(self._held[-1:])), self._position_tolerance()),
            "commissions": _Expected(paid, fee_difference),
            "pnl": _Expected(_decimal(worth - scaled.sum_of(value), scale) - paid, tolerance),
        }
        return found | self._balances(tolerance)

    def _balances(self, tolerance: Decimal) -> dict[str, _Expected]:
        """Return the balances that the engine's account should hold.

        Args:
            tolerance: For amounts of the settlement currency.
        """
        account, instrument = self._account, self._config.instrument
        cash = self._config.venue.account_type == "CASH"
        brought_in = account.cash[-1] if cash else account.realized(np.array([-1]))[0]
        balance = _Expected(_decimal(account.start + int(brought_in) - int(account.fees[-1]), account.scale), tolerance)
        if not cash:
            return {f"balance {instrument.settlement_currency}": balance}
        unit = Decimal(1).scaleb(-currency_precision(instrument.base_currency))
        # A unit per fill, because a size may have more decimals than its currency.
        base_tolerance = len(self._size) * unit + self._size_decimal(scaled.sum_of(self._size)) * _VALUE_ERROR
        held = _Expected(self._size_decimal(int(account.position[-1])), base_tolerance)
        return {f"balance {instrument.quote_currency}": balance, f"balance {instrument.base_currency}": held}

    def _events(self) -> tuple[int, int]:
        """Return the number of the engine's fill events, and the number of fills at which doubles make that number uncertain.

        The engine has one event per fill, and a second one if the fill reversed the position.
        """
        if self._config.venue.oms_type == "HEDGING":
            # Fills of several positions reverse none; the ledger refuses it.
            return len(self._held), 0
        held, error = self._held, self._position_errors()
        before, after = held[:-1], held[1:]
        reversed_position = ((before > 0) & (after < 0)) | ((before < 0) & (after > 0))
        # The engine rounds its position to the decimals of a size, which removes errors below half a unit.
        near_flat = (error >= 0.5) & (np.abs(held).astype(np.float64) <= error + 1)
        return len(held) + int(np.count_nonzero(reversed_position)), int(np.count_nonzero(near_flat[:-1] | near_flat[1:]))

    def _position_tolerance(self) -> Decimal:
        error = float(self._position_errors()[-1]) if len(self._size) else 0.0
        return self._size_decimal(int(error) + 1) if error >= 0.5 else Decimal(0)

    def _position_errors(self) -> npt.NDArray[np.float64]:
        """Return the possible error of the engine's position after each fill, in units of the size precision."""
        sizes = np.abs(self._held).astype(np.float64) + self._size.astype(np.float64)
        errors: npt.NDArray[np.float64] = np.cumsum(sizes) * _SIZE_ERROR
        return errors

    def _size_decimal(self, value: int) -> Decimal:
        return _decimal(value, self._account.contract.size_precision)


def _decimal(value: int, scale: int) -> Decimal:
    return Decimal(scaled.text(value, scale))
