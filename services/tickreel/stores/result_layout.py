"""The layout of a result: the files that a run leaves, named as in its result and in ExportArtifact."""

from enum import StrEnum
from pathlib import Path
from typing import Self


class ResultFile(StrEnum):
    """A file that a run leaves; the value is its name.

    Attributes:
        of_fast, of_full: Whether fast runs and full runs leave the file.
        holds: Description of the content.
    """

    of_fast: bool
    of_full: bool
    holds: str

    def __new__(cls, name: str, modes: str, holds: str) -> Self:
        file = str.__new__(cls, name)
        file._value_ = name
        file.of_fast, file.of_full, file.holds = "fast" in modes, "full" in modes, holds
        return file

    SUMMARY = "summary.json", "fast, full", "the result: summary, metadata, findings"
    CONFIG = "config.json", "fast, full", "the resolved config: a config file that repeats the run"
    MARKS = "marks.bin", "fast", "a mark of each order with its fills, 8 bytes each; `runner/result/order_marks.py` defines it"
    ORDERS = (
        "orders.parquet",
        "full",
        "each order: submitted, closed, side, price, amount, filled, average price, fees, status, reason,"
        " recorded time, trade row, type, trigger price, time in force, flags, parent, changes",
    )
    ORDERS_JSON = "orders.json", "full", "the rows of `orders.parquet`"
    ORDER_UPDATES = (
        "order_updates.parquet",
        "full",
        "each other event of an order, such as a change, a trigger or a cancellation; empty for copying strategies",
    )
    FILLS = (
        "fills.parquet",
        "full",
        "each fill: order, time, side, price, amount, fee, the engine's own fee, liquidity, what the data showed at it,"
        " recorded time, trade row, position",
    )
    POSITIONS = (
        "positions.parquet",
        "full",
        "each position: opened, closed, entry side, size, average prices, profit, fees, excursions, orders",
    )
    TIMELINE = "timeline.parquet", "full", "each trade, order, update and fill, in order"
    TIMELINE_JSON = "timeline.json", "full", "the rows of `timeline.parquet`"
    EQUITY = (
        "equity.parquet",
        "full",
        "mark, position, profit, fees, equity and drawdown at every trade row, and at the end",
    )
    TICKS = "ticks.parquet", "full", "the rows that were replayed"
    TICKS_JSON = "ticks.json", "fast, full", "the same rows; of a fast run only with `--export_ticks`"

    def is_of(self, *, full: bool) -> bool:
        """Return whether runs of a mode leave the file."""
        return self.of_full if full else self.of_fast

    def path(self, results: Path, tickdata: Path, run_id: str, *, full: bool) -> Path:
        """Return the path of the file once its result is committed.

        Args:
            results, tickdata: The roots of the results and of the tick exports.
        """
        if self is ResultFile.TICKS_JSON:
            return tickdata / f"{run_id}.json"
        if self is ResultFile.SUMMARY:
            return summary_path(results, run_id, full=full)
        return result_folder(results, run_id, full=full) / self


def result_folder(results: Path, run_id: str, *, full: bool) -> Path:
    """Return the folder of a run's files, except its tick export and the summary of a fast run."""
    return mode_folder(results, full=full) / run_id


def summary_path(results: Path, run_id: str, *, full: bool) -> Path:
    """Return the path of the summary.

    The summary of a fast run is next to the run's folder, so that listing many results opens few folders.
    """
    if full:
        return result_folder(results, run_id, full=True) / ResultFile.SUMMARY
    return mode_folder(results, full=False) / f"{run_id}.json"


def mode_folder(results: Path, *, full: bool) -> Path:
    """Return the folder of all results of a mode."""
    return results / ("full" if full else "fast")
