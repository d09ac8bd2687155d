"""The tables of a run as they are specified, against those that a run leaves."""

import re

import pyarrow.parquet as pq

from documents import Document
from terminal import Up


def test_the_columns_of_each_table_are_specified(up: Up) -> None:
    config = ("--config", "configs/sample_btc_usdt.json", "--end", "2024-05-17T22:10:00Z")
    result = up.terminal.json("run", *config, "--snapshot_mode", "both", "--full", "true")
    folder = up.terminal.folder / "data/backtest_results/full" / result["run_id"]
    for name, columns in Document.of("docs/BACKTEST_SPEC.md").rows_below("Tables"):
        table = name.strip("`")
        assert re.findall(r"`(\w+)`", columns) == pq.read_schema(folder / f"{table}.parquet").names
