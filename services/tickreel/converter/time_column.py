"""Conversion of a time column of any unit into nanoseconds. Values that are not times are added to the faults."""

from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tickreel.converter.faults import Faults
from tickreel.stores.raw_schema import NANOSECONDS, PLAUSIBLE, UNIT_WORDS, guess_unit, possible_units, unit_of
from tickreel.v1 import conversion_pb2

Int64 = npt.NDArray[np.int64]


class TimeColumn:
    """Converts times chunk by chunk. All times must have the unit of the first valid time.

    Attributes:
        unit: The unit; None before the first valid time.
    """

    def __init__(self, name: str, faults: Faults) -> None:
        self.unit: conversion_pb2.TimeUnit | None = None
        self._name, self._faults = name, faults

    def convert(self, column: pa.ChunkedArray, rows: Int64) -> Int64:
        """Return the times of a chunk as nanoseconds since 1970. A time at fault becomes the earliest plausible time.

        Args:
            rows: Row numbers in the raw file, from 0.
        """
        # A uint64 above the int64 range becomes negative, which is not a valid time.
        values = column.cast(pa.int64(), safe=False)
        missing = values.null_count
        if missing == len(values):
            self._faults.add(self._name, "no value", rows, ["null"] * missing)
            return np.full(len(rows), PLAUSIBLE.start, dtype=np.int64)
        bounds = cast(dict[str, int], pc.min_max(values).as_py())
        unit = unit_of(bounds["min"], bounds["max"], column.type)
        if unit is not None and self.unit in (None, unit):
            self.unit = unit
            if not missing:
                return values.to_numpy() * NANOSECONDS[unit]
        absent = np.zeros(len(rows), dtype=np.bool_)
        if missing:
            absent = pc.is_null(values).to_numpy()
            self._faults.add(self._name, "no value", rows[absent], ["null"] * missing)
        return self._checked(values.combine_chunks().fill_null(0).to_numpy(), absent, column.type, rows)

    def _checked(self, values: Int64, absent: npt.NDArray[np.bool_], kind: pa.DataType, rows: Int64) -> Int64:
        """Return the times of a chunk that has values which are not times of the column's unit."""
        units = possible_units(kind) if self.unit is None else [self.unit]
        fitting = {unit: _times_in(unit, values) & ~absent for unit in units}
        # The first valid time determines the unit. Without a valid time every value is a fault.
        found = [unit for unit in units if fitting[unit].any()]
        unit = min(found, key=lambda unit: int(rows[fitting[unit]].min()), default=None)
        fits = np.zeros(len(rows), dtype=np.bool_) if unit is None else fitting[unit]
        wrong = ~fits & ~absent
        if wrong.any():
            words = " or ".join(UNIT_WORDS[unit] for unit in (units if unit is None else [unit]))
            problem = f"not {words} since 1970 (years 2009 to 2099)"
            first = int(values[wrong][np.argmin(rows[wrong])])
            self._faults.add(self._name, problem, rows[wrong], values[wrong], f"it {guess_unit(first)}")
        times = np.full(len(rows), PLAUSIBLE.start, dtype=np.int64)
        if unit is not None:
            self.unit = unit
            times[fits] = values[fits] * NANOSECONDS[unit]
        return times


def _times_in(unit: conversion_pb2.TimeUnit, values: Int64) -> npt.NDArray[np.bool_]:
    step = NANOSECONDS[unit]
    return (values >= PLAUSIBLE.start // step) & (values < PLAUSIBLE.stop // step)
