"""The engine's own figures of a replay: orders, position, profit and commissions."""

from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import Any

from nautilus_trader.model import AccountId, Price

from tickreel.engine.copying_strategy import NOT_IN_LOTS
from tickreel.engine.instrument import Instrument
from tickreel.engine.tape import Tape

# More digits than any sum has. A size of the engine has 30 digits, the default context only 28.
_DIGITS = 80


class EngineFigures:
    """Sums the engine's figures, some of which the engine drops during the replay.

    A position that is closed and opened again leaves a snapshot. Purging the position drops both.
    """

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._orders = self._events = 0
        self._commissions = self._realized = Decimal(0)

    def add_closed(self, cache: Any) -> None:
        """Add the closed orders and positions of the engine's cache. Call it before they are purged."""
        self._orders += cache.orders_closed_count()
        self._take(cache, cache.positions_closed())

    def close(self, cache: Any, tape: Tape, *, with_balances: bool) -> dict[str, str]:
        """Return the figures after the replay, as decimal texts.

        Args:
            tape: With all orders, fills and ends of the replay.
            with_balances: Whether the engine kept an account.

        Returns:
            A dictionary with these keys:

            - `orders`
            - `fill events`: one per fill, and one more for a fill that reversed the position
            - `position`
            - `commissions`
            - `pnl`: realized, and unrealized at the price of the last fill, after commissions
            - `balance CODE` for each currency
        """
        instrument = self._instrument
        self._take(cache, cache.positions())
        position, pnl = Decimal(0), self._realized
        with localcontext(prec=_DIGITS):
            for held in cache.positions_open():
                position += held.quantity.as_decimal() * (1 if held.is_long else -1)
                last = Price.from_raw(int(tape.fills.price[-1]) * instrument.price_unit, instrument.engine.price_precision)
                pnl += held.unrealized_pnl(last).as_decimal()
        orders = self._orders + cache.orders_total_count() + _denied_by_us(tape)
        found = {
            "orders": orders,
            "fill events": self._events,
            "position": position,
            "commissions": self._commissions,
            "pnl": pnl,
        }
        if with_balances:
            account = cache.account(AccountId(f"{instrument.id.venue}-001"))
            found |= {f"balance {code}": money.as_decimal() for code, money in account.balances_total().items()}
        return {name: str(value) for name, value in found.items()}

    def _take(self, cache: Any, positions: Iterable[Any]) -> None:
        with localcontext(prec=_DIGITS):
            for position in positions:
                for part in (*cache.position_snapshots(position.id), position):
                    self._events += part.event_count
                    self._commissions += sum((money.as_decimal() for money in part.commissions()), Decimal(0))
                    self._realized += part.realized_pnl.as_decimal()


def _denied_by_us(tape: Tape) -> int:
    """Return the number of orders that were denied before they reached the engine."""
    ends = tape.ends
    return ends.reason.tolist().count(ends.reasons.index(NOT_IN_LOTS)) if NOT_IN_LOTS in ends.reasons else 0
