"""The services as child processes: started, found healthy, ended with whoever started them.

A child is started supervised: its standard input is a pipe from here, whose end, which even SIGKILL brings about, tells it to
stop.
"""

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tickreel.cli.health import is_serving
from tickreel.jobs.worker import log_tail
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import address_variable

# Importing the engine on a cold disk takes its time.
START_SECONDS = 60.0
# A service lets its calls end for five seconds; one that is not gone then never will be.
STOP_SECONDS = 8.0

# What `tickreel.rpc.server.run` exits with where the settings are at fault.
_EXIT_REFUSED = 2


class ServiceProcess:
    """One service as a child process."""

    def __init__(self, service: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.service = service
        self.log = log
        self.address = ""
        self._process = process
        self._discarding: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @classmethod
    async def spawn(cls, service: str, listen: str, environ: Mapping[str, str], log: Path) -> Self:
        """Starts the process of a service; `healthy` waits for it.

        Args:
            listen: Where it listens; port 0 for a free one.
            log: The file for its standard error.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", f"tickreel.{service}"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=output,
                env={**environ, "TICKREEL_LISTEN": listen, "TICKREEL_SUPERVISED": "1"},
                # A Ctrl-C in the terminal is for whoever started this to handle.
                start_new_session=True,
            )
        return cls(service, process, log)

    async def healthy(self) -> None:
        """Waits until the service says where it listens and that it serves.

        Raises:
            TickreelError: It ended instead, or took too long.
        """
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(START_SECONDS):
                line = (await self._process.stdout.readline()).decode()
                if not line.startswith("listening "):
                    await self._process.wait()
                    raise self.death()
                self.address = line.split()[1]
                self._discarding = asyncio.create_task(self._discard_output())
                while not await is_serving(self.service, self.address):
                    if self._process.returncode is not None:
                        raise self.death()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            message = f"the {self.service} service did not start within {START_SECONDS:.0f} s; {self._last_lines()}"
            raise TickreelError("SERVICE_UNAVAILABLE", message, service=self.service) from None

    async def ended(self) -> None:
        """Waits until the process is gone."""
        await self._process.wait()

    def death(self) -> TickreelError:
        """Why the process is gone, by its exit code and its log."""
        code = self._process.returncode
        if code == _EXIT_REFUSED:
            message = f"the {self.service} service refuses to start; {self._last_lines()}"
            return TickreelError("ENVIRONMENT_MISMATCH", message, service=self.service)
        how = f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
        message = f"the {self.service} service {how}; {self._last_lines()}"
        return TickreelError("SERVICE_UNAVAILABLE", message, service=self.service, exit_code=code)

    async def stop(self, grace: float = STOP_SECONDS) -> None:
        """Ends the process, by force where it does not end by itself within the grace."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._process.wait()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()
        if self._discarding is not None:
            await self._discarding

    async def _discard_output(self) -> None:
        # A library that prints would block once the pipe is full.
        assert self._process.stdout is not None
        while await self._process.stdout.read(65_536):
            pass

    def _last_lines(self) -> str:
        lines = "".join(f"\n    {line}" for line in log_tail(self.log).splitlines()[-12:])
        return f"the last lines of its log:{lines}"


class Services:
    """The services that this process started. Leaving the context stops them all; being cancelled, it ends them by force.

    Args:
        environ: The environment that they get, each with the addresses of those started before it.
        logs: The folder of their logs.
    """

    def __init__(self, environ: Mapping[str, str], logs: Path) -> None:
        self._environ = dict(environ)
        self._logs = logs
        self.processes: list[ServiceProcess] = []

    async def start(self, *listen: tuple[str, str]) -> None:
        """Starts services side by side, as (service, where it listens), and waits until each is healthy.

        Raises:
            TickreelError: One of them did not become healthy.
        """
        started = []
        for service, address in listen:
            process = await ServiceProcess.spawn(service, address, self._environ, self._logs / f"{service}.log")
            self.processes.append(process)
            started.append(process)
        await asyncio.gather(*(process.healthy() for process in started))
        self._environ |= {address_variable(process.service): process.address for process in started}

    def address(self, service: str) -> str:
        """Where a service that was started listens."""
        return next(process.address for process in self.processes if process.service == service)

    async def first_death(self) -> TickreelError:
        """Waits until one of the services ends, and says which and why."""
        waiting = {asyncio.ensure_future(process.ended()): process for process in self.processes}
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            return waiting[done.pop()].death()
        finally:
            for task in waiting:
                task.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        grace = 0.0 if kind is asyncio.CancelledError else STOP_SECONDS
        await asyncio.gather(*(process.stop(grace) for process in self.processes))
