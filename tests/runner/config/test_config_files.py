"""Configs are found by id, and only below the configs folder."""

from pathlib import Path

import pytest

from tickreel.rpc.errors import TickreelError
from tickreel.runner.config.config_files import ConfigFolder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A configs folder, with a JSON file outside it."""
    root = tmp_path / "configs"
    for name in (
        "b.json",
        "a.json",
        "deep/er/c.v2.json",
        "schema/run_config.schema.json",
        ".hidden/d.json",
        ".e.json",
        "f.txt",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f'{{"name": "{name}"}}')
    (tmp_path / "secret.json").write_text("{}")
    (root / "folder.json").mkdir()
    return root


def test_ids_are_paths_without_the_extension(root: Path) -> None:
    assert ConfigFolder(root).ids() == ["a", "b", "deep/er/c.v2"]


def test_a_config_is_read_unchanged(root: Path) -> None:
    config = ConfigFolder(root).read("deep/er/c.v2")
    assert (config.config_id, config.path) == ("deep/er/c.v2", root / "deep/er/c.v2.json")
    assert config.content == b'{"name": "deep/er/c.v2.json"}'


@pytest.mark.parametrize(
    "config_id",
    ["", "x", "../secret", "deep/../a", "/etc/passwd", "schema/run_config.schema", ".e", "a.json", "a\0", "x" * 5000],
)
def test_an_id_that_is_not_listed_is_not_found(root: Path, config_id: str) -> None:
    with pytest.raises(TickreelError) as caught:
        ConfigFolder(root).read(config_id)
    assert caught.value.reason == "NOT_FOUND"


def test_a_missing_folder_has_no_configs(tmp_path: Path) -> None:
    assert ConfigFolder(tmp_path / "none").ids() == []


def test_a_broken_link_is_not_a_config(root: Path) -> None:
    (root / "broken.json").symlink_to("nowhere.json")
    assert "broken" not in ConfigFolder(root).ids()
    with pytest.raises(TickreelError, match="there is no config 'broken'"):
        ConfigFolder(root).read("broken")
