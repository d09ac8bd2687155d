"""Growing tables of integers.

A row is a few machine integers in a flat array: as Python objects, a million rows would take half a gigabyte. If a value needs
more than 64 bits, the rows become Python integers.
"""

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tickreel.accounting.scaled import Integers, narrow


class IntegerRows:
    """A table of `width` integers a row. It grows in one thread; other threads may read it at any time."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._values: array[int] | list[int] = array("q")

    def __len__(self) -> int:
        return len(self._values) // self._width

    def extend(self, values: Sequence[int] | npt.NDArray[np.int64]) -> None:
        """Append rows, given as the values of one row after another."""
        if isinstance(values, np.ndarray):
            if isinstance(self._values, array):
                self._values.frombytes(values.tobytes())
                return
            values = values.tolist()
        if isinstance(self._values, array):
            try:
                # Not array.extend(), which would append some of the values before it fails.
                self._values += array("q", values)
            except OverflowError:
                self._values = [*self._values, *values]
        else:
            self._values += values

    def row(self, number: int) -> tuple[int, ...]:
        """Return one row."""
        at = self._width * number
        return tuple(self._values[at : at + self._width])

    def columns(self, first: int = 0) -> list[Integers]:
        """Return the columns of the rows from `first` on: int64, or Python integers where a value needs more than 64 bits."""
        # A copy: an array whose buffer is in use cannot grow.
        values = self._values[self._width * first :]
        rows = np.array(values, dtype=np.int64 if isinstance(values, array) else object).reshape(-1, self._width)
        return [narrow(np.ascontiguousarray(column)) for column in rows.T]

    def to_array(self) -> npt.NDArray[Any]:
        """Return the values for a file. Wide values are texts, because numpy would pickle Python integers."""
        values = self._values
        return np.array(values, dtype=np.int64) if isinstance(values, array) else np.array(values, dtype=np.str_)

    @classmethod
    def from_array(cls, width: int, values: npt.NDArray[Any]) -> "IntegerRows":
        """Return the table whose values `to_array` returned."""
        rows = cls(width)
        rows._values = array("q", values.tobytes()) if values.dtype == np.int64 else list(map(int, values.tolist()))
        return rows
