"""Install the plug-in packages of the tests into a folder, as pip does."""

import os
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

EVERY_NTH = Path(__file__).parent / "plugins/every_nth"
DRIFTER = Path(__file__).parent / "plugins/drifter"
MEDDLER = Path(__file__).parent / "plugins/meddler"


def install_here(source: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package for this process and its child processes until the test ends."""
    install_package(source, site)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
    monkeypatch.delitem(sys.modules, source.name, raising=False)


def install_package(source: Path, site: Path) -> None:
    """Install the module of a package with the metadata and entry points that its pyproject.toml declares."""
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    name, version = project["name"], project["version"]
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = (
        "\n".join([f"[{group}]", *(f"{key} = {value}" for key, value in points.items())])
        for group, points in project["entry-points"].items()
    )
    (info / "entry_points.txt").write_text("\n".join(groups) + "\n")
    for module in source.glob("*.py"):
        shutil.copy(module, site)
