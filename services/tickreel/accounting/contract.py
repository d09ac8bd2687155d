"""What a fill costs and a position is worth, by the kind of contract."""

from dataclasses import dataclass
from decimal import Decimal

from tickreel.accounting import scaled
from tickreel.accounting.scaled import Integers


@dataclass(frozen=True)
class LinearContract:
    """A contract whose profit is in the quote currency: notional = price x size x multiplier.

    Notionals are integers of scale `notional_scale`; fees of scale `money_precision`.
    """

    price_precision: int
    size_precision: int
    multiplier: Decimal
    money_precision: int
    maker_fee: Decimal
    taker_fee: Decimal

    @property
    def notional_scale(self) -> int:
        """The decimals of a notional."""
        return self.price_precision + self.size_precision + scaled.split(self.multiplier)[1]

    def notional(self, price: Integers, size: Integers) -> Integers:
        """The notional of sizes at prices; signed as the sizes are."""
        return price * size * scaled.split(self.multiplier)[0]

    def fees(self, notional: Integers, taker: Integers) -> Integers:
        """The fee of each fill, rounded half-even to the currency's decimals.

        Args:
            notional: Magnitudes, of scale `notional_scale`.
            taker: 1 where the fill took liquidity.
        """
        maker_rate, maker_scale = scaled.split(self.maker_fee)
        taker_rate, taker_scale = scaled.split(self.taker_fee)
        scale = max(maker_scale, taker_scale)
        taker_rate *= 10 ** (scale - taker_scale)
        maker_rate *= 10 ** (scale - maker_scale)
        shift = self.notional_scale + scale - self.money_precision
        highest = scaled.largest(notional) * max(abs(taker_rate), abs(maker_rate), 1) * 10 ** max(-shift, 0)
        notional, taker = scaled.wide((notional, taker), max(highest, 10 ** abs(shift)))
        exact = notional * (taker * taker_rate + (1 - taker) * maker_rate)
        return scaled.divide_half_even(exact, 10**shift) if shift > 0 else exact * 10**-shift
