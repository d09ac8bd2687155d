"""Recovery of the decimals that doubles were meant to hold.

A recorder that means 0.1 stores the nearest double. Sums and differences before that add a unit or two in the last place.
The decimal that was meant is the first of these that exists:

1. An exact decimal on one of the `grids`: the value is its nearest double. Below 2⁵² units the step of a grid is greater
   than the spacing of the doubles, so there is at most one.
2. The decimal of the fewest places and at most 15 digits that lies within the noise of the double.
3. The shortest exact decimal, which is the one that every exporter prints for the double. It has 16 or 17 digits. If another
   decimal with as many places has the same nearest double, the value is refused as ambiguous.

The bound on noise: two different decimals of at most 15 significant digits are at least 2⁵²/10¹⁵ ≈ 4.5 spacings of
doubles apart. So a distance of 4 spacings cannot hide a digit that a double reliably holds. Beyond 15 digits a double holds
no digit reliably. Where the grid is nearly as fine as the doubles, every value would lie on it by chance. Hence noise is
also bounded by a sixteenth of the grid's step.

A value that rule 2 took for noise may be a decimal of 16 digits instead: 4.199999999999999 is either 3 times 1.4 or a
decimal of 15 places. The other values of the column decide, see `Decimals.doubtful`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tickreel.engine.catalog_format import SCALE

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NOISE_SPACINGS = 4
STEP_SHARE = 1 / 16
# Decimals of 15 digits survive a round trip through a double.
MAX_UNITS = 10.0**15
# Below this many units the step of a grid is greater than the spacing of the doubles on it.
COARSE_UNITS = 2.0**52
# Below this many units the step is over 45 spacings, so every number of places finds the same decimal.
_SAFE_UNITS = 10.0**14
# Doubles hold these powers exactly.
_POWERS = np.array([10.0**places for places in range(SCALE + 1)])


@dataclass(frozen=True)
class Decimals:
    """Decimals as integers.

    Attributes:
        units: Values times 10 to the power of their places.
        places: Places of each value, or one number for all; -1 where no single decimal of up to 16 places was meant.
        noisy: Number of doubles that are not the nearest double of their decimal.
        doubtful: Fewest places at which a noisy double is the nearest double of a decimal after all; SCALE + 1 if there is
            none. If other values of the column have that many places, this decimal was meant.
    """

    units: Int64
    places: int | npt.NDArray[np.int8]
    noisy: int
    doubtful: int = SCALE + 1

    def fewest_places(self) -> npt.NDArray[np.int8]:
        """Return the fewest places that hold each value; -1 where no number of places does."""
        units = self.units.copy()
        places = np.broadcast_to(np.asarray(self.places, dtype=np.int8), units.shape).copy()
        while (shorter := (places > 0) & (units % 10 == 0)).any():
            units[shorter] //= 10
            places[shorter] -= 1
        return places

    def fewest_places_of_all(self) -> int:
        """Return the fewest places that hold every value; -1 if there are no values, or if one is not a decimal."""
        if not isinstance(self.places, int):
            fewest = self.fewest_places()
            return -1 if not fewest.size or (fewest < 0).any() else int(fewest.max())
        # One of the first prices nearly always needs all places, which ends the search early.
        units, places = self.units, self.places
        while places > 0 and not (units[:64] % 10).any() and not (units % 10).any():
            units, places = units // 10, places - 1
        return places if units.size else -1


def decimals_of(values: Float64, likely_places: int = 0, grids: Sequence[int] = ()) -> Decimals:
    """Return the decimals that doubles stand for.

    Args:
        values: Finite, above zero and below 10¹⁴.
        likely_places: Number of places to try first, for speed. The result does not depend on it.
        grids: Numbers of places at which an exact decimal of up to 16 digits takes precedence over noise.
    """
    units, held = _nearest_units(values, likely_places, _SAFE_UNITS)
    # True for nearly every recording.
    if held.all():
        return Decimals(units, likely_places, 0)
    places = np.full(values.shape, likely_places, dtype=np.int8)
    rest = np.flatnonzero(~held)

    def take(found: Int64, held: Bools, at: int) -> None:
        nonlocal rest
        units[rest[held]], places[rest[held]] = found[held], at
        rest = rest[~held]

    for tried in grids:
        take(*_coarse_units(values[rest], tried), tried)
    noisy = [rest[:0]]
    for tried, limit in ((likely_places, _SAFE_UNITS), *((number, MAX_UNITS) for number in range(SCALE + 1))):
        if not rest.size:
            break
        found, held = _nearest_units(values[rest], tried, limit)
        near = _noise(values[rest], found, tried) & ~held
        noisy.append(rest[near])
        take(found, held | near, tried)
    resolved = np.concatenate(noisy)
    if rest.size:
        take(*_coarse_units(values[rest], likely_places), likely_places)
        units[rest], places[rest] = _shortest(values[rest])
    return Decimals(units, places, resolved.size, _doubtful(values[resolved]))


def _nearest_units(values: Float64, places: int, limit: float) -> tuple[Int64, Bools]:
    """Return the nearest units of a grid, 0 beyond the limit, and a mask of the values that are their nearest doubles.

    Args:
        limit: At most 10¹⁵ units. Up to there, the rounding error of the product does not change the nearest unit.
    """
    units = values * _POWERS[places]
    np.rint(units, out=units)
    # Both operands are exact, so the quotient is correctly rounded: it is the double that a parser makes of the decimal.
    exact = units / _POWERS[places] == values
    if not exact.all() or units.max(initial=0.0) >= limit:
        small = (units > 0) & (units < limit)
        exact &= small
        units[~small] = 0
    return units.astype(np.int64), exact


def _noise(values: Float64, units: Int64, places: int) -> Bools:
    """Return a mask of the values that lie within the noise of their units on a grid; never set for 0 units."""
    power = _POWERS[places]
    bound = np.minimum(NOISE_SPACINGS * np.spacing(values), STEP_SHARE / power)
    near: Bools = (units > 0) & (np.abs(values - units / power) <= bound)
    return near


def _coarse_units(values: Float64, places: int | npt.NDArray[np.int64]) -> tuple[Int64, Bools]:
    """Return units below 2⁵² on a grid, and a mask of the values that are their nearest doubles; 0 units where not.

    Args:
        places: Places of the grid, or of one grid per value.
    """
    power = _POWERS[places]
    units = np.rint(values * power)
    held = (units > 0) & (units < COARSE_UNITS) & (units / power == values)
    # This near to 2⁵², the product may be rounded to a neighbouring unit.
    unsure = np.flatnonzero(~held & (units >= COARSE_UNITS / 2) & (units <= COARSE_UNITS))
    if unsure.size:
        near, exact, power = units[unsure], values[unsure], np.broadcast_to(power, values.shape)[unsure]
        for tried in (near + 1, near - 1):
            found = (tried < COARSE_UNITS) & (tried / power == exact)
            units[unsure[found]], held[unsure[found]] = tried[found], True
    units[~held] = 0
    return units.astype(np.int64), held


def _shortest(values: Float64) -> tuple[Int64, npt.NDArray[np.int8]]:
    """Return units and places of the shortest decimals of doubles; -1 places if there are too many, or if it is ambiguous."""
    distinct, where = np.unique(values, return_inverse=True)
    units, places = np.zeros(distinct.shape, dtype=np.int64), np.full(distinct.shape, -1, dtype=np.int8)
    for row, value in enumerate(distinct.tolist()):
        _, digits, exponent = Decimal(repr(value)).as_tuple()
        number = int("".join(map(str, digits)))
        neighbours = (float(f"{number + step}e{exponent}") for step in (-1, 1))
        if isinstance(exponent, int) and -SCALE <= exponent <= 0 and value not in neighbours:
            units[row], places[row] = number, -exponent
    return units[where], places[where]


def _doubtful(values: Float64) -> int:
    """Return the fewest places at which a noisy double is the nearest double of a decimal; SCALE + 1 if there is none."""
    # Only a decimal of 16 digits can lie this near to one of 15.
    places = np.clip(15 - np.floor(np.log10(values)).astype(np.int64), 0, SCALE)
    _, held = _coarse_units(values, places)
    return int(places[held].min(initial=SCALE + 1))
