"""A process is told things, heard to its end, and gone with whoever started it."""

import asyncio
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

# Reports its pid, then what it is told, until it is told to end.
ECHO = """
import os
from tickreel.processes.starter import Starter

starter = Starter()
starter.report({"pid": os.getpid()})
while "end" not in (told := starter.told()):
    starter.report(told)
os._exit(told["end"])
"""
# Reports once it no longer minds SIGTERM.
DEAF = """
import os, signal
from tickreel.processes.starter import Starter

signal.signal(signal.SIGTERM, signal.SIG_IGN)
Starter().report({"pid": os.getpid()})
while True:
    signal.pause()
"""
# Starts one that is not a leader, prints its pid, and is killed.
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
    """A process that has reported its id."""
    process = await Process.start((sys.executable, "-c", script), log)
    async with asyncio.timeout(PATIENCE):
        assert await process.report() == {"pid": process.pid}
    return process


async def test_what_it_is_told_comes_back_and_its_end_has_its_code(tmp_path: Path) -> None:
    process = await started(ECHO, tmp_path / "log")
    for told in ({"text": "данные\nnext line"}, {"list": [1, None]}):
        await process.tell(told)
        assert await process.report() == told
    assert process.exit is None
    await process.tell({"end": 7})
    async with asyncio.timeout(PATIENCE):
        assert await process.report() is None
        assert await process.ended() == Exit(7)
    assert await process.end() == Exit(7)


async def test_one_that_is_asked_to_end_ends_by_that(tmp_path: Path) -> None:
    process = await started(ECHO, tmp_path / "log")
    assert (await process.stop(PATIENCE)).signal == "SIGTERM"


async def test_one_that_does_not_end_within_its_grace_is_killed(tmp_path: Path) -> None:
    process = await started(DEAF, tmp_path / "log")
    assert (await process.stop(0.1)).signal == "SIGKILL"


async def test_one_that_nobody_tells_anything_more_ends(tmp_path: Path) -> None:
    process = await started(ECHO, tmp_path / "log")
    assert process._process.stdin is not None
    process._process.stdin.close()
    async with asyncio.timeout(PATIENCE):
        assert (await process.ended()).code > 0


async def test_one_that_follows_another_adds_to_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for appends in (False, True):
        process = await Process.start((sys.executable, "-c", "print('a line')"), log, appends=appends)
        async with asyncio.timeout(PATIENCE):
            await process.ended()
        await process.end()
    assert log.read_text() == "a line\n" * 2


async def test_one_that_prints_much_after_it_is_heard_no_more_does_not_block(tmp_path: Path) -> None:
    script = "print('first', flush=True); print('x' * 1_000_000, flush=True)"
    process = await Process.start((sys.executable, "-c", script), tmp_path / "log", reports=False)
    async with asyncio.timeout(PATIENCE):
        assert await process.line() == b"first\n"
        process.ignore()
        assert await process.ended() == Exit(0)
    await process.end()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent, whatever it is at")
def test_one_that_is_stopped_dies_with_its_starter_all_the_same() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, start_new_session=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        os.kill(pid, signal.SIGSTOP)
        starter.kill()
    wait_until_gone([pid])


def test_one_that_does_not_lead_is_killed_with_the_session_of_its_starter() -> None:
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
        # Memory ran out for another process.
        (Exit(-signal.SIGSEGV, memory_ran_out=True), "WORKER_DIED", {"signal": "SIGSEGV"}),
        (Exit(-signal.SIGABRT), "ENGINE_ABORTED", {"signal": "SIGABRT"}),
    ],
)
def test_each_end_has_its_reason(ended: Exit, reason: str, metadata: dict[str, object]) -> None:
    found, message, more = ended.failure("worker")
    assert (found, more) == (reason, metadata)
    assert message.startswith("the worker process ")
