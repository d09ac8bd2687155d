"""Conversion of raw prices or sizes into decimals of the engine's catalog. Values that cannot be converted are faults.

Doubles become the decimals that the recorder meant (see `decimal_grid`). Decimals are never converted through a double.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

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
    """Converts prices or sizes chunk by chunk, from one raw column or from several that share a precision.

    Attributes:
        fewest: Fewest decimals that hold all values so far.
        noisy: Number of values so far that were not the nearest double of their decimal.

    Args:
        setting: Name of the precision in a run config.
        precision: Most decimals that a value may have; None for any number.
        limit: Greatest value that the engine holds.
        grids: Numbers of decimals at which an exact decimal takes precedence over noise; by default only the precision.
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
        """Whether a value was taken for noise although it has no more decimals than other values, so that it is not noise."""
        return self._doubtful <= self.fewest

    def convert(self, name: str, column: pa.Array | pa.ChunkedArray, rows: Int64) -> pa.Decimal128Array:
        """Return the decimals of a chunk. A value at fault becomes 1.

        Args:
            name: The raw column.
            column: Its values: doubles, whole numbers, decimals of any width, or raw integers of the engine.
            rows: Row numbers in the raw file, from 0.
        """
        if column.null_count:
            self._faults.add(name, "no value", rows[_flags(pc.is_null(column))], ["null"] * column.null_count)
        column = decimals_of_raw_integers(column)
        if pa.types.is_decimal(column.type):
            return self._of_decimals(name, column, rows)
        # A whole number that a double cannot hold is far above any limit, so no loss goes unnoticed.
        return self._of_doubles(name, combined(column.cast(pa.float64(), safe=False)).fill_null(1.0).to_numpy(), rows)

    def _of_doubles(self, name: str, doubles: npt.NDArray[np.float64], rows: Int64) -> pa.Decimal128Array:
        # NaN makes both comparisons false.
        if doubles.size and not (doubles.min() > 0 and doubles.max() <= self._limit):
            infinite = np.isinf(doubles)
            self._faults.add(name, "not a number", rows[np.isnan(doubles)], doubles[np.isnan(doubles)])
            self._faults.add(name, "infinite", rows[infinite], doubles[infinite])
            self._add_out_of_range(name, (doubles <= 0) & ~infinite, (doubles > self._limit) & ~infinite, doubles, rows)
            doubles = np.where((doubles > 0) & (doubles <= self._limit), doubles, 1.0)
        found = decimals_of(doubles, self.fewest, self._grids)
        self.noisy += found.noisy
        self._doubtful = min(self._doubtful, found.doubtful)
        fewest = found.fewest_places_of_all()
        places = found.places
        if fewest < 0 and doubles.size:
            each = found.fewest_places()
            off = np.flatnonzero(each < 0)
            problem = f"not the double of a single decimal of up to {SCALE} places (a double holds 15 digits)"
            self._faults.add(name, problem, rows[off], doubles[off], "round it where it is recorded, or record decimals")
            places, fewest = np.maximum(each, 0), int(each.max())
        self.fewest = max(self.fewest, fewest)
        if self._precision is not None and fewest > self._precision:
            self._add_too_fine(name, found.fewest_places() > self._precision, doubles, rows)
        return catalog_format.decimals(found.units, places)

    def _of_decimals(self, name: str, column: pa.Array | pa.ChunkedArray, rows: Int64) -> pa.Decimal128Array:
        scale = column.type.scale
        values = cast(pa.Decimal256Array, combined(column.cast(pa.decimal256(_WIDEST, scale))))
        not_positive = _flags(pc.less_equal(values, _scalar(0, scale)))
        # With more decimals than this, no value has room for as many digits before the point as the limit has.
        has_room = scale + len(str(self._limit)) <= _WIDEST
        above = _flags(pc.greater(values, _scalar(self._limit, scale))) if has_room else np.zeros(len(values), dtype=np.bool_)
        self._add_out_of_range(name, not_positive, above, values, rows)
        values = _with_nulls(values, not_positive | above)
        at_rest = cast(pa.Decimal256Array, values.cast(pa.decimal256(_WIDEST, SCALE), safe=False))
        finer = _flags(pc.not_equal(at_rest.cast(values.type, safe=False), values))
        if finer.any():
            problem = f"more than {SCALE} decimals, the most that the engine holds,"
            self._faults.add(name, problem, rows[finer], _texts(values, finer), "round it where it is recorded")
        converted = cast(pa.Decimal128Array, _with_nulls(at_rest, finer).fill_null(Decimal(1)).cast(_AT_REST))
        while self.fewest < SCALE and not _fits(converted, self.fewest).all():
            self.fewest += 1
        if self._precision is not None and self.fewest > self._precision:
            over = ~_fits(converted, self._precision)
            if over.any():
                self._add_too_fine(name, over, values, rows)
        return converted

    def _add_out_of_range(self, name: str, not_positive: Bools, above: Bools, values: "_Values", rows: Int64) -> None:
        problem = f"above {self._limit}, the greatest that the engine holds,"
        self._faults.add(name, "not above zero", rows[not_positive], _texts(values, not_positive))
        self._faults.add(name, problem, rows[above], _texts(values, above))

    def _add_too_fine(self, name: str, over: Bools, values: "_Values", rows: Int64) -> None:
        problem = f"more decimals than the {self._precision} of {self._setting}"
        remedy = f"{self._setting} must be at least {self.fewest}"
        self._faults.add(name, problem, rows[over], _texts(values, over), remedy)


def decimals_of_raw_integers(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return a column of raw integers, as version 1 of the engine writes them, as decimals; return other columns unchanged."""
    kind: pa.DataType | None = RAW_INTEGERS.get(column.type)
    if kind is None:
        return column
    if isinstance(column, pa.ChunkedArray):
        chunks = [_reinterpreted(chunk, kind) for chunk in column.chunks]
        decimals: pa.ChunkedArray = pa.chunked_array(chunks, kind)  # type: ignore[call-overload]  # the stub knows literal types only
        return decimals
    return _reinterpreted(column, kind)


def combined(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column as one array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _reinterpreted(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return the same buffers as decimals: both types are little-endian integers of the same width."""
    return pa.Array.from_buffers(kind, len(column), column.buffers(), offset=column.offset)


_Values = npt.NDArray[np.float64] | pa.Decimal256Array


def _scalar(number: int, scale: int) -> pa.Decimal256Scalar:
    return pa.scalar(Decimal(number), pa.decimal256(_WIDEST, scale))


def _flags(mask: pa.BooleanArray | pa.ChunkedArray) -> Bools:
    """Return a Boolean column as a numpy array; null becomes False."""
    return combined(mask).fill_null(False).to_numpy(zero_copy_only=False)


def _with_nulls(values: pa.Decimal256Array, where: Bools) -> pa.Decimal256Array:
    """Return the values with nulls where the mask is set."""
    if not where.any():
        return values
    return cast(pa.Decimal256Array, pc.if_else(pa.array(where), pa.scalar(None, values.type), values))


def _fits(values: pa.Decimal128Array, places: int) -> Bools:
    """Return a mask of the values that have at most that many decimals."""
    return _flags(pc.equal(values.cast(pa.decimal128(38, places), safe=False).cast(_AT_REST), values))


def _texts(values: _Values, where: Bools) -> npt.NDArray[np.generic] | list[str]:
    """Return the masked values as a fault shows them. Decimals become Python objects, so the mask should select few."""
    if isinstance(values, np.ndarray):
        return values[where]
    return [f"{value.as_py():f}" for value in values.filter(pa.array(where))]
