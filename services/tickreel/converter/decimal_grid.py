"""From doubles back to the decimals that were meant.

A recording says 0.1 and holds the nearest double; a sum or difference on the way adds a unit or two in the last place.
The decimal that was meant is the one with the fewest places that lies within the noise of the double.

How much is noise: two different decimals of at most 15 significant digits are at least 2⁵²/10¹⁵ ≈ 4.5 spacings of the
double between them apart, so a distance of 4 spacings can hide no digit that a double carries for sure. Beyond 15
digits nothing is for sure, and where the grid is nearly as fine as the doubles themselves everything would lie on it by
chance: hence at most a sixteenth of its step, too.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickreel.engine.catalog_format import SCALE

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

NOISE_SPACINGS = 4
STEP_SHARE = 1 / 16
# Decimals of 15 digits survive the way through a double.
MAX_UNITS = 10.0**15
# Below this many units the step is over 45 spacings, so the decimal found is the same at whatever number of places one looks.
_SAFE_UNITS = 10.0**14


@dataclass(frozen=True)
class Decimals:
    """Decimals as integers.

    Attributes:
        units: Values times 10 to the power of their places.
        places: Places of each value, or one number for all; -1 where the double is no decimal of 16 places and 15 digits.
        noisy: How many doubles are not the nearest to their decimal.
    """

    units: Int64
    places: int | npt.NDArray[np.int8]
    noisy: int

    def fewest_places(self) -> npt.NDArray[np.int8]:
        """The fewest places that hold each value; -1 where none do."""
        units = self.units.copy()
        places = np.broadcast_to(np.asarray(self.places, dtype=np.int8), units.shape).copy()
        while (shorter := (places > 0) & (units % 10 == 0)).any():
            units[shorter] //= 10
            places[shorter] -= 1
        return places

    def fewest_places_of_all(self) -> int:
        """The fewest places that hold every value; -1 for no values, or where one is no decimal."""
        if not isinstance(self.places, int):
            fewest = self.fewest_places()
            return -1 if not fewest.size or (fewest < 0).any() else int(fewest.max())
        # A price near the beginning nearly always needs them all, and then nothing more is to be looked at.
        units, places = self.units, self.places
        while places > 0 and not (units[:64] % 10).any() and not (units % 10).any():
            units, places = units // 10, places - 1
        return places if units.size else -1


def decimals_of(values: Float64, likely_places: int = 0) -> Decimals:
    """The decimals that doubles stand for.

    Args:
        values: Finite, above zero and below 10¹⁴.
        likely_places: The number of places to try first, for speed; the result does not depend on it.
    """
    units, held, noisy = _on_grid(values, likely_places, _SAFE_UNITS)
    if held.all():
        return Decimals(units, likely_places, noisy)
    places = np.full(values.shape, likely_places, dtype=np.int8)
    rest = np.flatnonzero(~held)
    for tried in range(SCALE + 1):
        found, held, more_noisy = _on_grid(values[rest], tried, MAX_UNITS)
        units[rest[held]], places[rest[held]] = found[held], tried
        noisy += more_noisy
        rest = rest[~held]
        if not rest.size:
            break
    places[rest] = -1
    units[rest] = 0
    return Decimals(units, places, noisy)


def _on_grid(values: Float64, places: int, limit: float) -> tuple[Int64, npt.NDArray[np.bool_], int]:
    """The nearest units of a grid, which of the values lie on it, and how many of those are not its nearest doubles."""
    power = 10.0**places
    units = values * power
    np.rint(units, out=units)
    # Correctly rounded, as both are whole numbers that a double holds: the very double that a parser makes of the decimal.
    nearest = units / power
    exact = nearest == values
    # What nearly every recording is, and then nothing more is to be looked at.
    if exact.all() and units.max(initial=0.0) < limit:
        return units.astype(np.int64), exact, 0
    small = (units > 0) & (units < limit)
    held = exact & small
    near = np.flatnonzero(small & ~exact)
    if near.size:
        noise = np.minimum(NOISE_SPACINGS * np.spacing(values[near]), STEP_SHARE / power)
        near = near[np.abs(values[near] - nearest[near]) <= noise]
        held[near] = True
    units[~small] = 0
    return units.astype(np.int64), held, near.size
