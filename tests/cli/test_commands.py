"""The command line as a whole: light, complete, and the same in every command."""

import subprocess
import sys

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


def test_a_client_loads_nothing_of_the_services() -> None:
    script = f"import sys, tickreel.cli.__main__; print([name for name in {HEAVY} if name in sys.modules])"
    called = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert called.stdout == "[]\n"


@pytest.mark.parametrize("name", main.commands)
def test_every_command_explains_itself_and_prints_json(here: Terminal, name: str) -> None:
    assert "--output [table|json]" in here.call(name, "--help").out
    summary = main.commands[name].get_short_help_str(100)
    assert not summary.endswith("..."), "the first sentence does not fit into the list of commands"


def test_the_commands_are_listed_in_the_order_of_their_use(here: Terminal) -> None:
    lines = here.call("--help").out.splitlines()
    listed = [line.split()[0] for line in lines[lines.index("Commands:") + 1 :]]
    assert listed == list(main.commands)
    assert listed[0] == "run"


def test_a_command_is_found_in_both_spellings(here: Terminal) -> None:
    for name in ("sample-data", "sample_data"):
        assert here.json(name, "--rows", 500)["root"] == "data_downloads"
    assert "nothing was written" in here.call("sample-data", "--rows", 500).out
    assert len(list(here.folder.rglob("*.parquet"))) == 12


def test_unknown_commands_are_refused(here: Terminal) -> None:
    assert "No such command" in here.call("rum", code=2).err
