"""Reasons why a raw file cannot be converted, collected over all rows so that one error names every problem."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickreel.rpc.errors import TickreelError, excerpt

Rows = npt.NDArray[np.int64]

_MOST_NAMED = 20


@dataclass
class _Fault:
    rows: int
    first_row: int
    first_value: object
    remedy: str


class Faults:
    """Problems of one file, by column and kind. False as long as there are none."""

    def __init__(self) -> None:
        self._of_rows: dict[tuple[str, str], _Fault] = {}
        self._of_file: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._of_rows or self._of_file)

    def add(
        self, column: str, problem: str, rows: Rows, values: Sequence[object] | npt.NDArray[np.generic], remedy: str = ""
    ) -> None:
        """Record faulty rows. An empty array is ignored.

        Args:
            rows: Row numbers in the raw file, from 0.
            values: Value of the column in each of these rows.
            remedy: How to correct the problem. The last remedy of a problem is shown.
        """
        if not len(rows):
            return
        first = int(np.argmin(rows))
        fault = self._of_rows.setdefault((column, problem), _Fault(0, int(rows[first]), values[first], remedy))
        fault.rows += len(rows)
        fault.remedy = remedy
        if rows[first] < fault.first_row:
            fault.first_row, fault.first_value = int(rows[first]), values[first]

    def add_file(self, problem: str) -> None:
        """Record a problem of the file as a whole."""
        self._of_file.append(problem)

    def refusal(self, source: str) -> TickreelError:
        """Return the error that names all problems."""
        lines = self._of_file + [
            f"{column}: {problem} in {fault.rows} {'row' if fault.rows == 1 else 'rows'},"
            f" first in row {fault.first_row} ({excerpt(fault.first_value)}){'; ' * bool(fault.remedy)}{fault.remedy}"
            for (column, problem), fault in self._of_rows.items()
        ]
        shown = lines[:_MOST_NAMED] + [f"and {len(lines) - _MOST_NAMED} more problems"] * (len(lines) > _MOST_NAMED)
        rows = max((fault.rows for fault in self._of_rows.values()), default=0)
        message = "\n  ".join([f"{source} cannot be converted (rows count from 0):", *shown])
        return TickreelError("DATA_REFUSED", message, source=source, rows=rows)
