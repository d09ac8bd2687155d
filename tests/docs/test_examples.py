"""The examples of the documents: configs, figures, and code that other tests run."""

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from documents import Block, Document, documents
from tickreel.accounting import scaled
from tickreel.accounting.account import Account, drawdown
from tickreel.accounting.contract import Contract, InverseContract, LinearContract
from tickreel.rpc.settings import CATALOG_ROOT, DATA_ROOT, Settings
from tickreel.rpc.violations import Violations
from tickreel.runner.config.config_json import read_document
from tickreel.runner.config.rules import check_config
from tickreel.runner.config.strategy_registry import installed_strategies

# The sections whose Python and TOML other tests run as they stand.
RUN_ELSEWHERE = {
    "The catalog on disk": "tests/tour/test_engine_script.py",
    "From another service": "tests/tour/test_other_service.py",
    "From a notebook": "tests/tour/test_notebook.py",
    "How a strategy is found": "tests/e2e/test_plug_in.py",
    "Outputs": "tests/runner/window/test_recorded_times.py",
}

CONFIGS = [block for document in documents() for block in document.blocks if block.language == "json"]


@pytest.mark.parametrize("block", CONFIGS, ids=str)
def test_a_config_is_valid(block: Block) -> None:
    config = _merged(json.loads(CONFIGS[0].code), json.loads(block.code))
    violations = Violations()
    settings = Settings.from_env({DATA_ROOT: "data_downloads", CATALOG_ROOT: "data/parquet"})
    check_config(read_document(config, violations), installed_strategies(), settings, violations)
    assert list(violations) == []


def test_other_languages_are_run_by_other_tests() -> None:
    others = {
        block.section for document in documents() for block in document.blocks if block.language in ("python", "toml", "sql")
    }
    assert others == set(RUN_ELSEWHERE)


# The contracts of the worked example, with the decimals of an equity.
EXAMPLES: list[tuple[Contract, int]] = [
    (LinearContract(1, 3, Decimal(1), 2, Decimal("0.0002"), Decimal("0.0004")), 1_000_00),
    (InverseContract(1, 0, Decimal(1), 8, Decimal("0.0002"), Decimal("0.0005")), 1_0000_0000),
]


@pytest.mark.parametrize("number", range(len(EXAMPLES)), ids=["linear", "inverse"])
def test_the_worked_example_is_computed_right(number: int) -> None:
    contract, start = EXAMPLES[number]
    table = [table for table in Document.of("docs/REFERENCE.md").tables if table.heading == "Worked example"][number]
    rows = [dict(zip(table.header, row, strict=True)) for row in table.rows]

    def column(name: str, scale: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        return np.array([int(Decimal(row[name]).scaleb(scale)) for row in rows], dtype=np.int64)

    side = np.array([1 if row["side"] == "buy" else -1 for row in rows], dtype=np.int64)
    price, size = column("price", contract.price_precision), column("size", contract.size_precision)
    ts, taker = np.arange(1, len(rows) + 1, dtype=np.int64), np.ones(len(rows), dtype=np.int64)
    account = Account.opened(contract, start).then(ts, side, price, size, taker)
    # Each row is marked at the price of its own fill.
    at, scale = np.arange(1, len(rows) + 1), account.scale
    figures = {
        "position": (account.position[1:], contract.size_precision),
        "fee": (account.fill_fees, contract.money_precision),
        "cash": (account.cash[1:], scale),
        "cost": (account.cost[1:], scale),
        "realized": (account.realized(at), scale),
        "unrealized": (account.unrealized(at, price), scale),
        "fees": (account.fees[1:], scale),
        "equity": (account.equity(at, price), scale),
    }
    stated = set(table.header) & set(figures)
    assert {"position", "fee", "realized", "equity"} <= stated
    for name in stated:
        values, decimals = figures[name]
        exact = [Decimal(scaled.text(int(value), decimals)) for value in values]
        assert [Decimal(row[name]) for row in rows] == exact, name
    if number == 0:
        deepest = scaled.text(int(drawdown(account.equity(at, price), account.start).max()), scale)
        text = Document.of("docs/REFERENCE.md").path.read_text()
        assert f"`max_drawdown` is 1006.75 − 998.73 = {Decimal(deepest).normalize():f}." in text


def _merged(target: Any, patch: Any) -> Any:
    """A document changed by a JSON Merge Patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value)
    return merged
