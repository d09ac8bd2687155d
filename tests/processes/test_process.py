"""A child process receives values, reports until its end, and dies with its parent."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from terminal import is_alive, wait_until_gone
from tickreel.processes.exit import Exit
from tickreel.processes.process import Process

PATIENCE = 60

# Reports its pid, then echoes values until it is told to end.
ECHO = """
import os
from tickreel.processes.starter import Starter

starter = Starter()
starter.report({"pid": os.getpid()})
while "end" not in (values := starter.receive()):
    starter.report(values)
os._exit(values["end"])
"""
# Reports its pid after it ignores SIGTERM.
DEAF = """
import os, signal
from tickreel.processes.starter import Starter

signal.signal(signal.SIGTERM, signal.SIG_IGN)
Starter().report({"pid": os.getpid()})
while True:
    signal.pause()
"""
# Starts a child that does not lead a session, and prints its pid.
STARTER = f"""
import asyncio, sys
from tickreel.processes.process import Process

async def main():
    process = await Process.start((sys.executable, "-c", {ECHO!r}), leads=False)
    print((await process.report())["pid"], flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


async def started(script: str, log: Path) -> Process:
    """Start a process and wait until it has reported its id."""
    process = await Process.start((sys.executable, "-c", script), log)
    async with asyncio.timeout(PATIENCE):
        assert await process.report() == {"pid": process.pid}
    return process


async def test_values_are_echoed_and_the_end_has_the_exit_code(tmp_path: Path) -> None:
    process = await started(ECHO, tmp_path / "log")
    for values in ({"text": "данные\nnext line"}, {"list": [1, None]}):
        await process.send(values)
        assert await process.report() == values
    assert process.exit is None
    await process.send({"end": 7})
    async with asyncio.timeout(PATIENCE):
        assert await process.report() is None
        assert await process.ended() == Exit(7)
    assert await process.end() == Exit(7)


async def test_stop_ends_a_process_with_sigterm(tmp_path: Path) -> None:
    process = await started(ECHO, tmp_path / "log")
    assert (await process.stop(PATIENCE)).signal == "SIGTERM"


async def test_stop_kills_a_process_after_the_grace(tmp_path: Path) -> None:
    process = await started(DEAF, tmp_path / "log")
    assert (await process.stop(0.1)).signal == "SIGKILL"


def test_a_process_ends_when_its_standard_input_closes() -> None:
    reading, writing = os.pipe()
    command = [sys.executable, "-c", ECHO, str(writing)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[writing]) as process, os.fdopen(reading) as reports:
        os.close(writing)
        assert json.loads(reports.readline()) == {"pid": process.pid}
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE) > 0


async def test_appends_keeps_the_log_of_the_previous_process(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for appends in (False, True):
        process = await Process.start((sys.executable, "-c", "print('a line')"), log, appends=appends)
        async with asyncio.timeout(PATIENCE):
            await process.ended()
        await process.end()
    assert log.read_text() == "a line\n" * 2


async def test_a_process_whose_output_is_ignored_does_not_block(tmp_path: Path) -> None:
    script = "print('first', flush=True); print('x' * 1_000_000, flush=True)"
    process = await Process.start((sys.executable, "-c", script), tmp_path / "log", reports=False)
    async with asyncio.timeout(PATIENCE):
        assert await process.line() == b"first\n"
        process.ignore()
        assert await process.ended() == Exit(0)
    await process.end()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a suspended process with its parent")
def test_a_suspended_process_dies_with_its_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, start_new_session=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        os.kill(pid, signal.SIGSTOP)
        starter.kill()
    wait_until_gone([pid])


def test_a_process_that_does_not_lead_is_killed_with_the_session_of_its_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, start_new_session=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert is_alive(pid)
        os.killpg(starter.pid, signal.SIGKILL)
    wait_until_gone([pid])


@pytest.mark.parametrize(
    ("ended", "reason", "metadata"),
    [
        (Exit(0), "WORKER_DIED", {"exit_code": 0}),
        (Exit(7), "WORKER_DIED", {"exit_code": 7}),
        (Exit(-signal.SIGKILL), "WORKER_DIED", {"signal": "SIGKILL"}),
        (Exit(-signal.SIGKILL, memory_ran_out=True), "OUT_OF_MEMORY", {"signal": "SIGKILL"}),
        # The kernel killed another process.
        (Exit(-signal.SIGSEGV, memory_ran_out=True), "WORKER_DIED", {"signal": "SIGSEGV"}),
        (Exit(-signal.SIGABRT), "ENGINE_ABORTED", {"signal": "SIGABRT"}),
    ],
)
def test_each_exit_has_its_error_reason(ended: Exit, reason: str, metadata: dict[str, object]) -> None:
    found, message, more = ended.failure("worker")
    assert (found, more) == (reason, metadata)
    assert message.startswith("the worker process ")
