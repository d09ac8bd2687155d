"""The command line as a whole: imports, help texts, and options that every command has."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from terminal import Terminal
from tickreel.cli.__main__ import main

HEAVY = (
    "duckdb",
    "grpc_reflection.v1alpha",
    "nautilus_trader",
    "numpy",
    "pyarrow",
    "tickreel.engine",
    "tickreel.runner",
    "tickreel.stores",
)


@pytest.fixture
def here(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    return Terminal(tmp_path_factory.mktemp("here"), {})


def commands_of(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below a group, as the words that call it and the command."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands_of(command, *path, name)


EVERY_COMMAND = dict(commands_of(main))


def test_the_cli_imports_no_package_of_the_services() -> None:
    script = f"import sys, tickreel.cli.__main__; print([name for name in {HEAVY} if name in sys.modules])"
    called = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert called.stdout == "[]\n"


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=" ".join)
def test_every_command_has_help_and_json_output(here: Terminal, words: tuple[str, ...]) -> None:
    assert "--output [table|json]" in here.call(*words, "--help").out


@pytest.mark.parametrize(
    "words", [(), *(words for words, command in EVERY_COMMAND.items() if isinstance(command, click.Group))]
)
def test_command_summaries_fit_into_80_columns(here: Terminal, words: tuple[str, ...]) -> None:
    group = EVERY_COMMAND[words] if words else main
    assert isinstance(group, click.Group)
    out = Terminal(here.folder, {"COLUMNS": "80"}).call(*words, "--help").out
    listed = out.partition("Commands:\n")[2].splitlines()
    assert len(listed) == len(group.commands)
    assert [line for line in listed if line.endswith("...")] == []
    assert max(map(len, out.splitlines())) <= 80


def test_the_commands_are_listed_in_the_order_of_their_use(here: Terminal) -> None:
    lines = here.call("--help").out.splitlines()
    listed = [line.split()[0] for line in lines[lines.index("Commands:") + 1 :]]
    assert listed == list(main.commands)
    assert listed[0] == "run"


def test_command_names_accept_dashes_and_underscores(here: Terminal) -> None:
    for name in ("sample-data", "sample_data"):
        assert here.json(name, "--rows", 500)["root"] == "data_downloads"
    assert "nothing was written" in here.call("sample-data", "--rows", 500).out
    assert len(list(here.folder.rglob("*.parquet"))) == 12


def test_unknown_commands_are_refused(here: Terminal) -> None:
    assert "No such command" in here.call("rum", code=2).err
