"""`tickreel new-strategy` writes a whole package, or nothing and says why."""

import ast
import json
import tomllib
from pathlib import Path

import pytest

from terminal import Terminal

PROJECT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("name", "strategy", "module"),
    [
        ("EmaCross", "EmaCross", "ema_cross"),
        ("ema-cross", "EmaCross", "ema_cross"),
        ("grid_maker2", "GridMaker2", "grid_maker2"),
        ("MACDTrend", "MACDTrend", "macd_trend"),
    ],
)
def test_a_package_has_the_names_that_follow_from_the_strategy(tmp_path: Path, name: str, strategy: str, module: str) -> None:
    made = Terminal(tmp_path, {}).json("new-strategy", name)
    folder = tmp_path / module.replace("_", "-")
    assert made == {
        "strategy": strategy,
        "folder": folder.name,
        "files": ["config.json", f"{module}.py", "pyproject.toml"],
    }
    assert sorted(path.name for path in folder.iterdir()) == made["files"]
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    classes = [node.name for node in ast.parse((folder / f"{module}.py").read_text()).body if isinstance(node, ast.ClassDef)]
    assert classes == [f"{strategy}Config", strategy]
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == folder.name
    assert project["entry-points"] == {"tickreel.strategies": {strategy: f"{module}:{strategy}"}}
    assert json.loads((folder / "config.json").read_text())["strategy"]["name"] == strategy


def test_the_package_requires_the_engine_of_the_project(tmp_path: Path) -> None:
    Terminal(tmp_path, {}).call("new-strategy", "EmaCross", "--folder", "a/b")
    (requirement,) = tomllib.loads((tmp_path / "a/b/pyproject.toml").read_text())["project"]["dependencies"]
    services = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["services"]
    assert requirement.replace(">=", "==") in [pin.partition(";")[0] for pin in services]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("1st", "'1st' is not a name; use letters and digits, EmaCross for example"),
        ("../x", "'../x' is not a name"),
        ("class", "'class' is a word or a module of Python; choose another name"),
        ("json", "'json' is a word or a module of Python"),
        ("numpy", "a module 'numpy' is installed already"),
        ("Quantity", "the module uses the name 'Quantity'"),
        ("TempBacktestStrategy", "tickreel has a strategy 'TempBacktestStrategy' already"),
    ],
)
def test_a_name_that_cannot_work_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    assert problem in Terminal(tmp_path, {}).call("new-strategy", name, code=2).err
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten_or_half_written(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, {})
    (tmp_path / "ema-cross").mkdir()
    assert "ema-cross exists already; --folder names another folder" in terminal.call("new-strategy", "EmaCross", code=1).err
    assert not list((tmp_path / "ema-cross").iterdir())
    (tmp_path / "file").touch()
    assert "cannot write file/x: " in terminal.call("new-strategy", "EmaCross", "--folder", "file/x", code=1).err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ema-cross", "file"]
