"""Services as child processes: health, death, and the end of their parent."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from terminal import Terminal, is_alive, wait_until_gone
from tickreel.cli.display import screen
from tickreel.cli.supervision import health, restarts
from tickreel.cli.supervision.health import is_serving
from tickreel.cli.supervision.services import Services
from tickreel.rpc.errors import TickreelError

ANY = "127.0.0.1:0"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    paths = {name: str(tmp_path / name.lower()) for name in ("UNIFIED_CLOUD_LOCAL_PATH", "DATA_CATALOG_PATH")}
    paths |= {f"TICKREEL_{name}_PATH": str(tmp_path / name.lower()) for name in ("RESULTS", "TICKDATA", "STATE", "CONFIGS")}
    return Terminal(tmp_path, paths).environ


async def test_a_started_service_is_healthy_and_a_stopped_one_is_gone(environ: dict[str, str], tmp_path: Path) -> None:
    async with Services(environ, tmp_path / "logs") as services:
        await services.start(("results", ANY))
        address = services.addresses["results"]
        assert await is_serving("results", address)
        # The port answers, but with another service.
        assert not await is_serving("runner", address)
        pid = services.processes[0].pid
        assert "serving on" in (tmp_path / "logs" / "results.log").read_text()
    assert not is_alive(pid)
    assert not await is_serving("results", address)


async def test_the_death_of_a_service_is_reported_with_its_last_log_lines(environ: dict[str, str], tmp_path: Path) -> None:
    async with Services(environ, tmp_path / "logs") as services:
        await services.start(("results", ANY))
        dying = asyncio.create_task(services.first_death())
        os.kill(services.processes[0].pid, signal.SIGKILL)
        error = await dying
    assert error.reason == "SERVICE_UNAVAILABLE"
    assert "the results service was killed by signal 9" in str(error)
    assert "serving on" in str(error)


async def test_settings_refused_by_a_service_are_reported(environ: dict[str, str], tmp_path: Path) -> None:
    async with Services(environ | {"DATA_CATALOG_PATH": ""}, tmp_path / "logs") as services:
        with pytest.raises(TickreelError, match="DATA_CATALOG_PATH") as caught:
            await services.start(("results", ANY))
    assert caught.value.reason == "ENVIRONMENT_MISMATCH"


async def test_a_suspended_service_is_reported_and_its_return_too(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: asyncio.Queue[str] = asyncio.Queue()
    for name in ("say", "say_error"):
        monkeypatch.setattr(screen, name, printed.put_nowait)
    monkeypatch.setattr(restarts, "PROBE_SECONDS", 0.05)
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.3)
    async with Services(environ, tmp_path / "logs") as services:
        await services.start(("results", ANY))
        (service,) = services.processes
        keeping = asyncio.create_task(restarts.keep_up(service))
        os.kill(service.pid, signal.SIGSTOP)
        text = await asyncio.wait_for(printed.get(), 60)
        assert f"the results service (process {service.pid}) does not answer" in text
        os.kill(service.pid, signal.SIGCONT)
        assert "answers again" in await asyncio.wait_for(printed.get(), 60)
        keeping.cancel()


async def test_cancellation_kills_the_services(environ: dict[str, str], tmp_path: Path) -> None:
    started = asyncio.Event()
    pids = []

    async def hold() -> None:
        async with Services(environ, tmp_path / "logs") as services:
            await services.start(("results", ANY))
            pids.append(services.processes[0].pid)
            started.set()
            await asyncio.sleep(60)

    holding = asyncio.create_task(hold())
    await started.wait()
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)
    assert not is_alive(pids[0])


def test_a_killed_parent_leaves_no_service(environ: dict[str, str], tmp_path: Path) -> None:
    script = (
        "import asyncio, os, pathlib\n"
        "from tickreel.cli.supervision.services import Services\n"
        "async def main():\n"
        "    async with Services(os.environ, pathlib.Path('logs')) as services:\n"
        "        await services.start(('results', '127.0.0.1:0'))\n"
        "        print(services.processes[0].pid, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, env=environ, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    wait_until_gone([pid])
