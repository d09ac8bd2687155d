"""A config can only name strategies that installed packages register."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tickreel.rpc.errors import TickreelError
from tickreel.rpc.json_struct import values_of
from tickreel.runner.config.strategy_registry import installed_strategies, installed_strategy
from tickreel.runner.strategies.temp_backtest import TempBacktestStrategy

PLUG_IN = '''
from nautilus_trader.trading import Strategy

from tickreel.engine.strategy import ReplayStrategy


class BuyAndHold(ReplayStrategy):
    """Buys once
    and holds.

    More of it.
    """

    submission_modes = ("once",)


class Plain(Strategy):
    """Knows nothing of Tickreel."""

    def __init__(self, fast: int = 10) -> None:
        super().__init__()
        self.fast = fast


class Odd(Strategy):
    def __init__(self, thing: object) -> None:
        pass


class Nothing:
    pass
'''

type Install = Callable[[str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that installs a package with entry points, in the layout of pip."""

    def install(package: str, entry_points: str) -> None:
        site = tmp_path / package
        folder = site / f"{package.replace('-', '_')}-1.0.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[tickreel.strategies]\n{entry_points}\n")
        (site / f"plug_in_{package[0]}.py").write_text(PLUG_IN)
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.delitem(sys.modules, f"plug_in_{package[0]}", raising=False)

    return install


def test_the_built_in_strategy_is_registered_like_any_other() -> None:
    entry = installed_strategies()["TempBacktestStrategy"]
    assert (entry.strategy_id, entry.strategy, entry.package) == ("TempBacktestStrategy", TempBacktestStrategy, "tickreel")
    assert entry.submission_modes == ("per_trade_tick",)
    assert entry.description.startswith("Submits one order for every trade row,")
    assert "\n" not in entry.description
    assert "No indicators" not in entry.description


def test_strategies_of_an_installed_package_are_registered(install: Install) -> None:
    install("a-plug-in", "BuyAndHold = plug_in_a:BuyAndHold")
    found = installed_strategies()
    assert list(found) == ["BuyAndHold", "TempBacktestStrategy"]
    entry = found["BuyAndHold"]
    assert (entry.package, entry.submission_modes, entry.description) == ("a-plug-in", ("once",), "Buys once and holds.")


def test_a_plain_strategy_of_the_engine_is_registered(install: Install) -> None:
    install("a-plug-in", "Plain = plug_in_a:Plain")
    entry = installed_strategy("Plain")
    assert (entry.package, entry.submission_modes, entry.copies_rows) == ("a-plug-in", (), False)
    assert entry.description == "Knows nothing of Tickreel."
    assert values_of(entry.parameters.message)["properties"] == {"fast": {"type": "integer", "default": 10}}


@pytest.mark.parametrize(
    ("point", "problem"),
    [
        ("Broken = plug_in_a:Nothing", "a-plug-in: its entry point names plug_in_a:Nothing, which is no subclass of nautilus_"),
        ("Broken = plug_in_a:Absent", "a-plug-in: importing it raised AttributeError: module 'plug_in_a' has no attribute"),
        ("Broken = absent_module:Plain", "a-plug-in: importing it raised ModuleNotFoundError: No module named 'absent_module'"),
        ("Broken = exiting:Plain", "a-plug-in: importing it raised SystemExit: 3 (exiting.py, line 2)"),
        ("Broken = plug_in_a:Odd", "a-plug-in: its parameter 'thing': a config cannot express the type object; it can express"),
    ],
)
def test_a_faulty_strategy_is_refused_and_hides_no_other(
    install: Install, tmp_path: Path, caplog: pytest.LogCaptureFixture, point: str, problem: str
) -> None:
    install("a-plug-in", f"{point}\nPlain = plug_in_a:Plain")
    (tmp_path / "a-plug-in/exiting.py").write_text("import sys\nsys.exit(3)\n")
    found = installed_strategies()
    assert list(found) == ["Plain", "TempBacktestStrategy"]
    assert found.refused["Broken"].startswith(problem)
    assert f"the strategy 'Broken' cannot be used: {problem}" in caplog.text
    with pytest.raises(TickreelError) as refusal:
        installed_strategy("Broken")
    (violation,) = refusal.value.violations
    assert violation.field == "strategy.name"
    assert violation.description.startswith(f"is 'Broken', which cannot be used: {problem}")


def test_one_strategy_is_loaded_without_the_packages_of_others(install: Install, tmp_path: Path) -> None:
    install("a-plug-in", "Other = never_imported:Other\nPlain = plug_in_a:Plain")
    (tmp_path / "a-plug-in/never_imported.py").write_text("from plug_in_a import Plain as Other\n")
    assert installed_strategy("Plain").strategy_id == "Plain"
    assert "never_imported" not in sys.modules


def test_a_name_of_two_packages_is_refused(install: Install) -> None:
    install("a-plug-in", "BuyAndHold = plug_in_a:BuyAndHold")
    install("b-plug-in", "BuyAndHold = plug_in_b:BuyAndHold")
    found = installed_strategies()
    assert list(found) == ["TempBacktestStrategy"]
    both = sorted(found.refused["BuyAndHold"].partition(":")[0].split(" and "))
    assert both == ["a-plug-in", "b-plug-in"]
    assert found.refused["BuyAndHold"].endswith(": both register it; uninstall one of them")


def test_an_unknown_strategy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TickreelError, match=r"strategy.name: is 'X', which is not registered; the strategies are TempBack"):
        installed_strategy("X")
