"""Growing columns of integers.

A value is a machine integer: as Python objects, a million rows of ten columns would take half a gigabyte. If a value needs more
than 64 bits, its column becomes Python integers.
"""

from array import array
from collections.abc import Sequence

import numpy as np

from tickreel.accounting.scaled import Integers, narrow


class IntegerColumns:
    """A table of integers, as columns of equal length.

    It grows in one thread; other threads may read its length at any time.
    """

    def __init__(self, width: int) -> None:
        self._columns: list[array[int] | list[int]] = [array("q") for _ in range(width)]

    def __len__(self) -> int:
        return len(self._columns[-1])

    def extend(self, count: int, block: Sequence[Sequence[int] | int]) -> None:
        """Append rows.

        Args:
            count: Number of rows.
            block: Their columns; an integer is the value of all rows.
        """
        for number, values in enumerate(block):
            column = self._columns[number]
            if isinstance(column, array):
                try:
                    # Not array.extend(), which would append some of the values before it fails.
                    column += array("q", (values,)) * count if isinstance(values, int) else array("q", values)
                    continue
                except OverflowError:
                    column = self._columns[number] = list(column)
            column += (values,) * count if isinstance(values, int) else values

    def columns(self, first: int = 0) -> list[Integers]:
        """Return the columns of the rows from `first` on: int64, or Python integers where a value needs more than 64 bits."""
        # A copy: an array whose buffer is in use cannot grow.
        return [
            narrow(np.array(column[first:], dtype=np.int64 if isinstance(column, array) else object))
            for column in self._columns
        ]

    def replace(self, columns: Sequence[Integers]) -> None:
        """Replace all rows."""
        self._columns = [
            array("q", column.tobytes()) if column.dtype == np.int64 else list(map(int, column.tolist())) for column in columns
        ]
