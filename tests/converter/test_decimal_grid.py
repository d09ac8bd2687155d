from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tickreel.converter.decimal_grid import NOISE_SPACINGS, decimals_of

UNITS = st.integers(1, 10**15 - 1)
PLACES = st.integers(0, 16)


def _double(units: int, places: int) -> float:
    return float(Decimal(units).scaleb(-places))


def _exact(values: list[float], likely_places: int = 0, grids: Sequence[int] = ()) -> list[Decimal | None]:
    found = decimals_of(np.array(values), likely_places, grids)
    places = np.broadcast_to(found.places, found.units.shape)
    return [Decimal(int(u)).scaleb(-int(p)) if p >= 0 else None for u, p in zip(found.units, places, strict=True)]


@given(PLACES, st.lists(UNITS, min_size=1, max_size=20), PLACES)
def test_every_decimal_of_15_digits_is_recovered(places: int, units: list[int], likely_places: int) -> None:
    values = [_double(number, places) for number in units]
    expected = [Decimal(number).scaleb(-places) for number in units]
    assert _exact(values, likely_places) == expected
    found = decimals_of(np.array(values), likely_places)
    fewest = max(max(0, -int(value.normalize().as_tuple().exponent)) for value in expected)
    assert found.noisy == 0
    assert found.fewest_places_of_all() == fewest
    assert found.fewest_places().max() == fewest


@given(st.integers(0, 12), st.integers(1, 10**13), st.integers(-NOISE_SPACINGS, NOISE_SPACINGS), PLACES)
def test_noise_of_four_spacings_is_resolved(places: int, units: int, steps: int, likely_places: int) -> None:
    clean = _double(units, places)
    noisy = clean
    for _ in range(abs(steps)):
        noisy = float(np.nextafter(noisy, np.inf if steps > 0 else 0.0))
    # Below a power of two the spacing halves, so four steps down are at most four spacings.
    assert _exact([noisy], likely_places) == [Decimal(units).scaleb(-places)]
    assert decimals_of(np.array([noisy]), likely_places).noisy == int(noisy != clean)


@given(st.lists(st.floats(1e-9, 1e13), min_size=1, max_size=20), PLACES)
def test_the_places_tried_first_do_not_change_the_result(values: list[float], likely_places: int) -> None:
    assert _exact(values, likely_places) == _exact(values)


def test_known_sums_of_doubles_are_resolved() -> None:
    expected = [Decimal(text) for text in ("0.3", "0.3", "3.3", "435", "0.1")]
    assert _exact([0.1 + 0.2, 0.1 * 3, 1.1 + 2.2, 4.35 * 100, 1 - 0.9]) == expected
    # A difference has the noise of its terms: here a hundred spacings, which could also be a real value.
    assert _exact([1000.5 - 999.9]) == [Decimal("0.6000000000000227")]


def _has_one_decimal(units: int, places: int) -> bool:
    """Return whether no other decimal with as many places has the same nearest double."""
    return _double(units, places) not in {_double(units - 1, places), _double(units + 1, places)}


@given(st.integers(1, 10**17), PLACES, PLACES)
def test_a_decimal_of_17_digits_is_recovered_if_its_double_is_unambiguous(units: int, places: int, likely_places: int) -> None:
    value = _double(units, places)
    assume(value < 10**14)
    meant = Decimal(units).scaleb(-places)
    alone = _exact([value], likely_places)
    if units < 2**52:
        # The grid is coarser than the doubles, so the places alone determine the decimal.
        assert _exact([value], likely_places, (places,)) == [meant]
    elif _has_one_decimal(units, places) and not decimals_of(np.array([value])).noisy:
        assert alone == [meant]
    # Except for noise, the decimal found is exact, or none is found.
    (found,) = alone
    if found is not None and not decimals_of(np.array([value])).noisy:
        assert float(found) == value


@given(st.integers(1, 4_500), st.integers(1, 45), PLACES)
def test_noise_that_may_be_a_decimal_is_doubtful(head: int, tail: int, likely_places: int) -> None:
    # 15 digits that end in zeros, and one more digit.
    units = head * 10**12 + tail % 10
    value = _double(units, 15)
    found = decimals_of(np.array([value]), likely_places)
    assert found.doubtful == (15 if found.noisy else 17)
    assert decimals_of(np.array([value]), likely_places, (15,)).doubtful == 17


def test_amounts_of_16_digits() -> None:
    amount, beside = 40816326.53061224, 40816326.53061201
    for likely_places in range(17):
        assert _exact([amount], likely_places) == [Decimal("40816326.53061224")]
        # Either a sum of eight decimals, or one and a third spacings away from a decimal of six places: the grid decides.
        assert _exact([beside], likely_places) == [Decimal("40816326.530612")]
        assert _exact([beside], likely_places, (8,)) == [Decimal("40816326.53061201")]
    assert decimals_of(np.array([beside])).doubtful == 8


def test_many_values_of_16_digits_of_known_places() -> None:
    units = 4_081_632_653_061_224 + 7 * np.arange(1000)
    values = units / 10.0**8
    assert (decimals_of(values, 8).noisy, decimals_of(values, 8).doubtful) == (60, 8)
    found = decimals_of(values, 8, (8,))
    assert (found.noisy, found.fewest_places_of_all()) == (0, 8)
    assert (found.units == units).all()


@pytest.mark.parametrize("value", [2 / 3 * 64_000, 0.12345678901234567, 1e-17, 5e-324])
def test_values_that_are_not_decimals_are_marked(value: float) -> None:
    found = decimals_of(np.array([1.5, value]))
    assert found.fewest_places().tolist() == [1, -1]
    assert found.fewest_places_of_all() == -1


def test_a_finer_decimal_is_never_taken_for_noise() -> None:
    # Decimals that differ in the last of 15 digits, at the least distance of such decimals.
    assert _exact([99_999_999.9999999, 100_000_000.0]) == [Decimal("99999999.9999999"), Decimal(100_000_000)]
    assert _exact([1000.00000000001, 0.100000000000001]) == [Decimal("1000.00000000001"), Decimal("0.100000000000001")]


def test_no_values() -> None:
    assert decimals_of(np.array([])).fewest_places_of_all() == -1
