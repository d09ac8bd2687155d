"""The documented code for a notebook, run unchanged while an event loop runs."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from documents import code_blocks


async def test_a_run_becomes_tables(folder: Path, addresses: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for service in ("runner", "results"):
        monkeypatch.setenv(f"TICKREEL_{service.upper()}_ADDRESS", addresses[service])
    as_tables, as_numbers = code_blocks("From a notebook", "python")
    names: dict[str, Any] = {}
    exec(compile(as_tables, "REFERENCE.md", "exec"), names)
    summary = names["run"].result.summary
    rows = {name: names[name].num_rows for name in ("orders", "fills", "equity", "ticks")}
    assert rows == {"orders": summary.orders, "fills": summary.fills, "equity": summary.trade_rows, "ticks": summary.trade_rows}
    for name in rows:
        assert pa.timestamp("ns", tz="UTC") in names[name].schema.types
        assert any(pa.types.is_decimal128(kind) for kind in names[name].schema.types)
    money = {"orders": "fees", "equity": "equity"}
    exact = {name: names[name][column].to_pylist() for name, column in money.items()}
    exec(compile(as_numbers, "REFERENCE.md", "exec"), names)
    for name, column in money.items():
        assert isinstance(names[name].index, pd.DatetimeIndex)
        assert names[name][column].to_list() == [float(value) for value in exact[name]]
    assert names["figures"]["pnl"] == float(summary.pnl)
    names["client"].close()
