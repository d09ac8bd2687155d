"""The report and the tables of a run as they are specified, against those of a run."""

import re
from typing import Any

import pyarrow.parquet as pq
import pytest

from documents import Document
from terminal import Up

_SPEC = Document.of("docs/BACKTEST_SPEC.md")


@pytest.fixture(scope="module")
def result(up: Up) -> dict[str, Any]:
    """The result of a short run that keeps everything."""
    config = ("--config", "configs/sample_btc_usdt.json", "--end", "2024-05-17T22:10:00Z")
    found: dict[str, Any] = up.terminal.json("run", *config, "--snapshot_mode", "both", "--full", "true")
    return found


def test_the_columns_of_each_table_are_specified(up: Up, result: dict[str, Any]) -> None:
    folder = up.terminal.folder / "data/backtest_results/full" / result["run_id"]
    for name, columns in _SPEC.rows_below("Tables"):
        table = name.strip("`")
        assert re.findall(r"`(\w+)`", columns) == pq.read_schema(folder / f"{table}.parquet").names


def test_the_figures_of_a_report_are_specified(up: Up, result: dict[str, Any]) -> None:
    printed = up.terminal.call("show", result["run_id"]).out
    (specified,) = (block.code for block in _SPEC.blocks if block.language == "text")
    figures = printed[printed.index("  trade rows") : printed.index("Findings")]
    # The report leaves out what a run does not define: the largest win of a run that never won.
    assert _labels(specified) >= _labels(figures)
    assert len(_labels(figures)) > len(_labels(specified)) / 2


def _labels(report: str) -> set[str]:
    """The words of a report, which stand before, between and after its figures."""
    return {part for part in re.split(r"\s{2,}|\n", report) if part and not re.search(r"\d", part)}
