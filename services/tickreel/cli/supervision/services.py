"""The services as child processes, each with the addresses of those started before it.

A child is started supervised: its standard input is a pipe from here, whose end, which even SIGKILL brings about, tells it to
stop.
"""

import asyncio
import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tickreel.cli.supervision.child_process import STOP_SECONDS, ChildProcess
from tickreel.cli.supervision.health import is_serving
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import address_variable


class ServiceProcess(ChildProcess):
    """One of the services as a child process.

    Args:
        environ: Its environment, without where it listens.
    """

    def __init__(self, name: str, listen: str, environ: Mapping[str, str], log: Path) -> None:
        super().__init__(name, listen, log)
        self._settings = environ

    async def answers(self) -> bool:
        return await is_serving(self.name, self.address)

    def _command(self) -> Sequence[str]:
        return sys.executable, "-m", f"tickreel.{self.name}"

    def _environ(self, listen: str) -> Mapping[str, str]:
        return {**self._settings, "TICKREEL_LISTEN": listen, "TICKREEL_SUPERVISED": "1"}

    async def _serving(self) -> str:
        line = (await self._started.line()).decode()
        if not line.startswith("listening "):
            await self._started.ended()
            raise self.death()
        address = line.split()[1]
        while not await is_serving(self.name, address):
            if self._started.exit is not None:
                raise self.death()
            await asyncio.sleep(0.05)
        return address


class Services:
    """The processes that this one started. Leaving the context stops them all; being cancelled, it ends them by force.

    Args:
        environ: The environment that services get, each with the addresses of those started before it.
        logs: The folder of the logs.
    """

    def __init__(self, environ: Mapping[str, str], logs: Path) -> None:
        self._environ = dict(environ)
        self._logs = logs
        self.processes: list[ChildProcess] = []

    async def start(self, *listen: tuple[str, str]) -> None:
        """Starts services side by side, as (service, where it listens), and waits until each is healthy.

        Raises:
            TickreelError: ENVIRONMENT_MISMATCH: the engine is not installed; one of them did not become healthy.
        """
        try:
            importlib.import_module("tickreel.engine")
        except ModuleNotFoundError as error:
            raise TickreelError("ENVIRONMENT_MISMATCH", str(error)) from None
        await self.add(*(ServiceProcess(name, to, self._environ, self._logs / f"{name}.log") for name, to in listen))

    async def add(self, *children: ChildProcess) -> None:
        """Starts other processes beside the services, likewise."""
        for child in children:
            self.processes.append(child)
            await child.start()
        await asyncio.gather(*(child.healthy() for child in children))
        # Not in place: those that are started already have the environment as it was.
        self._environ = self._environ | {address_variable(child.name): child.address for child in children}

    @property
    def addresses(self) -> dict[str, str]:
        """Where each of them listens, by name."""
        return {process.name: process.address for process in self.processes}

    async def first_death(self) -> TickreelError:
        """Waits until one of them ends, and says which and why."""
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
