"""The services as child processes, each with the addresses of the services started before it.

The standard input of a child is a pipe from this process. The child stops when the pipe closes, which happens even if this
process gets SIGKILL.
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
    """A service as a child process.

    Args:
        environ: Its environment, without the address to listen on.
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
    """The child processes of this process. Leaving the context stops them; if it is left by cancellation, it kills them.

    Args:
        environ: The environment of the services. Each also gets the addresses of the services started before it.
        logs: The folder of the logs.
    """

    def __init__(self, environ: Mapping[str, str], logs: Path) -> None:
        self._environ = dict(environ)
        self._logs = logs
        self.processes: list[ChildProcess] = []

    async def start(self, *listen: tuple[str, str]) -> None:
        """Start services in parallel, given as (service, address to listen on), and wait until all are healthy.

        Raises:
            TickreelError: ENVIRONMENT_MISMATCH: the engine is not installed. Also if a service did not become healthy.
        """
        try:
            importlib.import_module("tickreel.engine")
        except ModuleNotFoundError as error:
            raise TickreelError("ENVIRONMENT_MISMATCH", str(error)) from None
        await self.add(*(ServiceProcess(name, to, self._environ, self._logs / f"{name}.log") for name, to in listen))

    async def add(self, *children: ChildProcess) -> None:
        """Start other processes in parallel, and wait until all are healthy."""
        for child in children:
            self.processes.append(child)
            await child.start()
        await asyncio.gather(*(child.healthy() for child in children))
        # A new dict, because processes that are running keep a reference to the old one for their restarts.
        self._environ = self._environ | {address_variable(child.name): child.address for child in children}

    @property
    def addresses(self) -> dict[str, str]:
        """The address of each process, by name."""
        return {process.name: process.address for process in self.processes}

    async def first_death(self) -> TickreelError:
        """Wait until a process ends, and return its `death()`."""
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
