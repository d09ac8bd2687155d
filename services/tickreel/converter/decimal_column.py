"""Prices or sizes of a raw file, made into decimals of the engine's catalog; what cannot be is added to the faults.

Doubles become the decimals that were meant (see `decimal_grid`); decimals stay what they are, without a double between.
"""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tickreel.converter.decimal_grid import decimals_of
from tickreel.converter.faults import Faults
from tickreel.engine import catalog_format
from tickreel.engine.catalog_format import SCALE
from tickreel.stores.raw_schema import RAW_INTEGERS

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_AT_REST = pa.decimal128(38, SCALE)
_WIDEST = 76


class DecimalColumn:
    """Makes prices or sizes, chunk by chunk, of one raw column or of several that share their precision.

    Attributes:
        fewest: The fewest decimals that hold all values so far.
        noisy: Values so far that were not the nearest double of their decimal.

    Args:
        setting: The name of the precision in a run config.
        precision: The decimals that values may have; None for any number.
        limit: The greatest value that the engine holds.
        grids: The places at which an exact decimal comes before noise, instead of those of the precision alone.
    """

    def __init__(
        self, setting: str, precision: int | None, limit: int, faults: Faults, grids: Sequence[int] | None = None
    ) -> None:
        self.fewest = 0
        self.noisy = 0
        self._doubtful = SCALE + 1
        self._grids = grids if grids is not None else () if precision is None else (precision,)
        self._setting, self._precision, self._limit, self._faults = setting, precision, limit, faults

    @property
    def doubtful(self) -> bool:
        """Whether a value so far was taken for noise that has no more decimals than other values: noise it is not."""
        return self._doubtful <= self.fewest

    def convert(self, name: str, column: pa.Array | pa.ChunkedArray, rows: Int64) -> pa.Decimal128Array:
        """The decimals of a chunk; a value at fault becomes 1.

        Args:
            name: The raw column.
            column: Its values: doubles, whole numbers, decimals of any width, or raw integers of the engine.
            rows: Their numbers in the raw file, from 0.
        """
        if column.null_count:
            self._faults.add(name, "no value", rows[_flags(pc.is_null(column))], ["null"] * column.null_count)
        column = decimals_of_raw_integers(column)
        if pa.types.is_decimal(column.type):
            return self._of_decimals(name, column, rows)
        # Whole numbers that a double cannot hold are far above any limit, so nothing is lost unseen.
        return self._of_doubles(name, pc.fill_null(column.cast(pa.float64(), safe=False), 1.0).to_numpy(), rows)

    def _of_doubles(self, name: str, doubles: npt.NDArray[np.float64], rows: Int64) -> pa.Decimal128Array:
        # A number that is none makes both comparisons false.
        if doubles.size and not (doubles.min() > 0 and doubles.max() <= self._limit):
            infinite = np.isinf(doubles)
            self._faults.add(name, "not a number", rows[np.isnan(doubles)], doubles[np.isnan(doubles)])
            self._faults.add(name, "infinite", rows[infinite], doubles[infinite])
            self._name_beyond(name, (doubles <= 0) & ~infinite, (doubles > self._limit) & ~infinite, doubles, rows)
            doubles = np.where((doubles > 0) & (doubles <= self._limit), doubles, 1.0)
        found = decimals_of(doubles, self.fewest, self._grids)
        self.noisy += found.noisy
        self._doubtful = min(self._doubtful, found.doubtful)
        fewest = found.fewest_places_of_all()
        places = found.places
        if fewest < 0 and doubles.size:
            each = found.fewest_places()
            off = np.flatnonzero(each < 0)
            problem = f"not the double of one decimal of up to {SCALE} places, since a double tells 15 digits apart,"
            self._faults.add(name, problem, rows[off], doubles[off], "round it where it is recorded, or record decimals")
            places, fewest = np.maximum(each, 0), int(each.max())
        self.fewest = max(self.fewest, fewest)
        if self._precision is not None and fewest > self._precision:
            self._name_finer(name, found.fewest_places() > self._precision, doubles, rows)
        return catalog_format.decimals(found.units, places)

    def _of_decimals(self, name: str, column: pa.Array | pa.ChunkedArray, rows: Int64) -> pa.Decimal128Array:
        scale = column.type.scale
        values = column.cast(pa.decimal256(_WIDEST, scale))
        values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        not_positive = _flags(pc.less_equal(values, _scalar(0, scale)))
        # With more places than these, no value has as many digits before the point as the limit has.
        has_room = scale + len(str(self._limit)) <= _WIDEST
        above = _flags(pc.greater(values, _scalar(self._limit, scale))) if has_room else np.zeros(len(values), dtype=np.bool_)
        self._name_beyond(name, not_positive, above, values, rows)
        values = _without(values, not_positive | above)
        at_rest = values.cast(pa.decimal256(_WIDEST, SCALE), safe=False)
        finer = _flags(pc.not_equal(at_rest.cast(values.type, safe=False), values))
        if finer.any():
            problem = f"more than {SCALE} decimals, the most that the engine holds,"
            self._faults.add(name, problem, rows[finer], _texts(values, finer), "round it where it is recorded")
        converted = pc.fill_null(_without(at_rest, finer), Decimal(1)).cast(_AT_REST)
        while self.fewest < SCALE and not _fits(converted, self.fewest).all():
            self.fewest += 1
        if self._precision is not None and self.fewest > self._precision:
            over = ~_fits(converted, self._precision)
            if over.any():
                self._name_finer(name, over, values, rows)
        return converted

    def _name_beyond(self, name: str, not_positive: Bools, above: Bools, values: "_Values", rows: Int64) -> None:
        problem = f"above {self._limit}, the greatest that the engine holds,"
        self._faults.add(name, "not above zero", rows[not_positive], _texts(values, not_positive))
        self._faults.add(name, problem, rows[above], _texts(values, above))

    def _name_finer(self, name: str, over: Bools, values: "_Values", rows: Int64) -> None:
        problem = f"more decimals than the {self._precision} of {self._setting}"
        remedy = f"{self._setting} must be at least {self.fewest}"
        self._faults.add(name, problem, rows[over], _texts(values, over), remedy)


def decimals_of_raw_integers(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Raw integers of version 1 of the engine as decimals; any other column as it is."""
    kind = RAW_INTEGERS.get(column.type)
    if kind is None:
        return column
    if isinstance(column, pa.ChunkedArray):
        return pa.chunked_array([decimals_of_raw_integers(chunk) for chunk in column.chunks], kind)
    # Both are little-endian integers of as many bytes.
    return pa.Array.from_buffers(kind, len(column), column.buffers(), offset=column.offset)


_Values = npt.NDArray[np.float64] | pa.Decimal256Array


def _scalar(number: int, scale: int) -> pa.Decimal256Scalar:
    return pa.scalar(Decimal(number), pa.decimal256(_WIDEST, scale))


def _flags(mask: pa.BooleanArray | pa.ChunkedArray) -> Bools:
    """A column of yes and no; null is no."""
    filled = pc.fill_null(mask, False)
    return filled.to_numpy() if isinstance(filled, pa.ChunkedArray) else filled.to_numpy(zero_copy_only=False)


def _without(values: pa.Decimal256Array, where: Bools) -> pa.Decimal256Array:
    """The values with nulls in some places."""
    return pc.if_else(pa.array(where), pa.scalar(None, values.type), values) if where.any() else values


def _fits(values: pa.Decimal128Array, places: int) -> Bools:
    """Which of the values have no more than so many places."""
    return _flags(pc.equal(values.cast(pa.decimal128(38, places), safe=False).cast(_AT_REST), values))


def _texts(values: _Values, where: Bools) -> npt.NDArray[np.generic] | list[str]:
    """Some of the values as they are told; of decimals a few, since one is a Python object."""
    if isinstance(values, np.ndarray):
        return values[where]
    return [f"{value.as_py():f}" for value in values.filter(pa.array(where))]
