"""A user's folder: sample data, a config, and a terminal to call commands in."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from terminal import Terminal

ROWS = 3_000
BTC = "SAMPLE-FUTURES:PERPETUAL:BTC-USDT"
CONFIG: dict[str, Any] = json.loads((Path(__file__).parents[1] / "configs/sample_btc_usdt.json").read_text())


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A folder with sample data below data_downloads, and a config that replays it."""
    folder = tmp_path_factory.mktemp("user")
    made = Terminal(folder, {"TMPDIR": str(folder / "tmp")})
    (folder / "tmp").mkdir()
    made.call("sample-data", "--rows", ROWS)
    write_config(folder / "btc.json")
    return made


def figures_of(result: dict[str, Any]) -> dict[str, Any]:
    """The figures of a result that result lists show."""
    names = ("orders", "fills", "pnl", "max_drawdown", "pnl_sketch")
    return {name: result["summary"][name] for name in names} | {"currency": result["metadata"]["currency"]}


def write_config(path: Path, **changes: Any) -> Path:
    """Write the config of the sample data with keys changed, for example `venue__taker_fee=0.1`. None removes a key."""
    config = deepcopy(CONFIG)
    for name, value in changes.items():
        block, _, key = name.partition("__")
        target, key = (config[block], key) if key else (config, block)
        if value is None:
            del target[key]
        else:
            target[key] = value
    path.write_text(json.dumps(config))
    return path
