"""Call `tickreel` as a user does, in a folder: as a child process, or in this process when only the output matters."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil

from tickreel.cli.__main__ import main
from tickreel.processes import template_process

# Variables that a developer may have set. Tests must not depend on them.
_OURS = ("TICKREEL_", "UNIFIED_CLOUD_", "DATA_CATALOG_PATH", "COLUMNS", "NO_COLOR", "FORCE_COLOR")
COMMAND = [sys.executable, "-m", "tickreel.cli"]


@dataclass(frozen=True)
class Called:
    """Output of a command."""

    out: str
    err: str

    def checked(self, code: object, wanted: int) -> "Called":
        """Check the exit code and return this output."""
        assert code == wanted, f"exit code {code}\n{self.out}\n{self.err}"
        return self


@dataclass(frozen=True)
class Terminal:
    """A working folder and environment variables for commands."""

    folder: Path
    variables: Mapping[str, str]

    @property
    def environ(self) -> dict[str, str]:
        """Environment of a command."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        return kept | dict(self.variables)

    def run(self, *arguments: object, code: int = 0) -> Called:
        """Call a command in a child process and check its exit code."""
        process = self.start(*arguments)
        called = Called(*process.communicate(timeout=100))
        return called.checked(process.returncode, code)

    def call(self, *arguments: object, code: int = 0) -> Called:
        """Call a command in this process, which is faster, and check its exit code."""
        out, err = StringIO(), StringIO()
        with chdir(self.folder), patch.dict(os.environ, self.environ, clear=True), redirect_stdout(out), redirect_stderr(err):
            try:
                main([str(argument) for argument in arguments], prog_name="tickreel")
            except SystemExit as ending:
                ended = ending.code
        return Called(out.getvalue(), err.getvalue()).checked(ended, code)

    def json(self, *arguments: object) -> Any:
        """Call a command with --output json and parse its standard output."""
        return json.loads(self.call(*arguments, "--output", "json").out)

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Start a command in a child process and return at once."""
        return subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def up(self, *, jobs: bool = True) -> Iterator["Up"]:
        """Start `tickreel up` on free ports; stop it when the context exits.

        Args:
            jobs: Whether the caller runs jobs. If not, the services do not prepare for the first one.
        """
        variables = {f"TICKREEL_{name}_ADDRESS": "127.0.0.1:0" for name in SERVICES}
        terminal = Terminal(self.folder, {**self.variables, **variables, "TICKREEL_SPARE_WORKERS": "1" if jobs else "0"})
        process = terminal.start("up", "--output", "json")
        try:
            assert process.stdout is not None
            text = ""
            while not text.endswith("\n}\n"):
                line = process.stdout.readline()
                assert line, f"up ended: {process.communicate()[1]}"
                text += line
            yield Up(process, json.loads(text), self)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.communicate(timeout=100)


SERVICES = ("CATALOG", "CONVERTER", "RUNNER", "RESULTS", "GATEWAY")


@dataclass(frozen=True)
class Up:
    """A running `tickreel up` and the JSON document that it printed."""

    process: subprocess.Popen[str]
    said: dict[str, Any]
    _terminal: Terminal

    @property
    def pids(self) -> list[int]:
        """Process ids of the services."""
        return [service["pid"] for service in self.said["services"].values()]

    @property
    def terminal(self) -> Terminal:
        """A terminal whose commands reach these services through the gateway."""
        gateway = {"TICKREEL_GATEWAY_ADDRESS": self.said["services"]["gateway"]["address"]}
        return Terminal(self._terminal.folder, {**self._terminal.variables, **gateway})


def is_alive(pid: int) -> bool:
    """Return whether a process with this id runs. A zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until_gone(pids: list[int], seconds: float = 20.0) -> None:
    """Wait until all processes have ended."""
    deadline = time.monotonic() + seconds
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, f"still there: {[pid for pid in pids if is_alive(pid)]}"
        time.sleep(0.05)


def processes_in(folder: Path) -> dict[int, str]:
    """Return the command lines, by process id, of the processes whose working folder is `folder`."""
    processes = psutil.process_iter(["cwd", "cmdline"])
    return {process.pid: " ".join(process.info["cmdline"]) for process in processes if process.info["cwd"] == str(folder)}


def send_to_runs(folder: Path, number: signal.Signals, *, to_template: bool = False) -> list[int]:
    """Send a signal to all run processes in a folder, and return their ids.

    Args:
        to_template: Whether to send it to the template too, which forks the process of the next run.

    A stopped process can still be killed, for example when its run is cancelled.
    """
    pids = []
    for pid, command in processes_in(folder).items():
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            if "tickreel.runner.run_process" not in command:
                continue
            if to_template or psutil.Process(pid).name() != template_process.NAME:
                os.kill(pid, number)
                pids.append(pid)
    return pids


def wait_until_empty(folder: Path) -> None:
    """Wait until no process has `folder` as its working folder."""
    wait_until_gone(list(processes_in(folder)))
    assert processes_in(folder) == {}
