"""A config can only name strategies that installed packages register."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tickreel.runner.config.strategy_registry import installed_strategies
from tickreel.runner.strategies.temp_backtest import TempBacktestStrategy

PLUG_IN = '''
from tickreel.engine.strategy import ReplayStrategy


class BuyAndHold(ReplayStrategy):
    """Buys once
    and holds.

    More of it.
    """

    submission_modes = ("once",)


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
    assert entry.description.startswith("For every trade row one order:")
    assert "\n" not in entry.description
    assert "No indicators" not in entry.description


def test_strategies_of_an_installed_package_are_registered(install: Install) -> None:
    install("a-plug-in", "BuyAndHold = plug_in_a:BuyAndHold")
    found = installed_strategies()
    assert list(found) == ["BuyAndHold", "TempBacktestStrategy"]
    entry = found["BuyAndHold"]
    assert (entry.package, entry.submission_modes, entry.description) == ("a-plug-in", ("once",), "Buys once and holds.")


def test_two_packages_cannot_register_the_same_name(install: Install) -> None:
    install("a-plug-in", "BuyAndHold = plug_in_a:BuyAndHold")
    install("b-plug-in", "BuyAndHold = plug_in_b:BuyAndHold")
    with pytest.raises(ValueError, match=r"(a|b)-plug-in and (a|b)-plug-in both register the strategy 'BuyAndHold'"):
        installed_strategies()


def test_an_entry_point_that_is_not_a_strategy_is_refused_with_its_package(install: Install) -> None:
    install("a-plug-in", "Nothing = plug_in_a:Nothing")
    with pytest.raises(TypeError, match="'Nothing' of a-plug-in is no ReplayStrategy: plug_in_a:Nothing"):
        installed_strategies()
