"""The name of an instrument, in the form of users and raw files and in the form of the engine."""

import re
from dataclasses import dataclass
from typing import Self

_FORM = "VENUE:PRODUCT:SYMBOL[@LIN|@INV]"
_EXAMPLE = "BINANCE-FUTURES:PERPETUAL:BTC-USDT@LIN"
_VENUE = re.compile(r"[A-Za-z0-9]+([-_][A-Za-z0-9]+)*", re.ASCII)
_SYMBOL = re.compile(r"([A-Za-z0-9]+)-([A-Za-z0-9]+)", re.ASCII)
_KINDS = {"PERPETUAL": "perpetual", "SPOT_PAIR": "spot"}
_SUFFIXES = ("LIN", "INV")


@dataclass(frozen=True)
class InstrumentName:
    """The parts of an instrument's name.

    The product gives the kind of instrument. The suffix says whether a contract is linear (LIN) or inverse (INV). Names of raw
    files have no suffix, because a recording does not depend on it.
    """

    venue: str
    product: str
    base: str
    quote: str
    suffix: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `VENUE:PRODUCT:SYMBOL[@LIN|@INV]`.

        Raises:
            ValueError: The text is invalid; the message says why and gives the right form.
        """
        name, at, suffix = text.partition("@")
        parts = name.split(":")
        if len(parts) != 3:
            raise ValueError(f"{text!r} is not of the form {_FORM}, {_EXAMPLE} for example")
        venue, product, symbol = parts
        if not _VENUE.fullmatch(venue):
            raise ValueError(f"{text!r} has the venue {venue!r}; it must be letters, digits and inner dashes")
        if product not in _KINDS:
            raise ValueError(f"{text!r} has the product {product!r}; it must be {' or '.join(_KINDS)}")
        pair = _SYMBOL.fullmatch(symbol)
        if not pair:
            raise ValueError(f"{text!r} has the symbol {symbol!r}; it must be BASE-QUOTE, BTC-USDT for example")
        if at and suffix not in _SUFFIXES:
            raise ValueError(f"{text!r} ends in {at + suffix!r}; it must end in @LIN, @INV or neither")
        if product == "SPOT_PAIR" and suffix == "INV":
            raise ValueError(f"{text!r} is a spot pair with @INV; only a perpetual can be inverse")
        return cls(venue, product, pair[1], pair[2], suffix)

    @property
    def symbol(self) -> str:
        """The currency pair: BTC-USDT."""
        return f"{self.base}-{self.quote}"

    @property
    def kind(self) -> str:
        """The kind of instrument: perpetual or spot."""
        return _KINDS[self.product]

    @property
    def is_inverse(self) -> bool:
        """Whether profit and fees are in the base currency."""
        return self.suffix == "INV"

    @property
    def raw_name(self) -> str:
        """The name of the instrument's raw files, without their ending: BINANCE-FUTURES:PERPETUAL:BTC-USDT."""
        return f"{self.venue}:{self.product}:{self.symbol}"

    @property
    def engine_id(self) -> str:
        """The engine's id: BTC-USDT-PERP.BINANCE-FUTURES, or NEXO-USDT.BINANCE for a spot pair."""
        return f"{self.symbol}{'-PERP' if self.kind == 'perpetual' else ''}.{self.venue}"

    def __str__(self) -> str:
        return f"{self.raw_name}@{self.suffix}" if self.suffix else self.raw_name
