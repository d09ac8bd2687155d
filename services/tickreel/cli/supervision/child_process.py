"""A child process: started, found healthy, ended with whoever started it, and started again where that is asked for."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from tickreel.processes.exit import log_tail
from tickreel.processes.process import Process
from tickreel.rpc.errors import TickreelError

# Importing the engine on a cold disk takes its time.
START_SECONDS = 60.0
# A service lets its calls end for five seconds; one that is not gone then never will be.
STOP_SECONDS = 8.0

# What `tickreel.rpc.server.run` exits with where the settings are at fault.
_EXIT_REFUSED = 2


class ChildProcess:
    """A part of Tickreel as a child process; a subclass says which.

    Args:
        name: What it is called in messages and in `address_variable`.
        listen: Where it listens; with port 0, `address` has the one that it took.
        log: The file for what it prints.
    """

    def __init__(self, name: str, listen: str, log: Path) -> None:
        self.name = name
        self.log = log
        self.address = ""
        self._listen = listen
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._started.pid

    async def start(self) -> None:
        """Starts the process, at the address that it had before where it is started again; `healthy` waits for it.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL: its log cannot be written.
        """
        former = self._process
        if former is not None:
            await former.end()
        self._process = await Process.start(
            self._command(),
            self.log,
            appends=former is not None,
            environ=self._environ(self.address or self._listen),
            reports=False,
        )

    async def healthy(self) -> None:
        """Waits until the process listens and serves.

        Raises:
            TickreelError: It ended instead, or took too long.
        """
        try:
            async with asyncio.timeout(START_SECONDS):
                self.address = await self._serving()
        except TimeoutError:
            message = f"the {self.name} service did not start within {START_SECONDS:.0f} s; {self._last_lines()}"
            raise TickreelError("SERVICE_UNAVAILABLE", message, service=self.name) from None
        self._started.ignore()

    async def ended(self) -> None:
        """Waits until the process is gone."""
        await self._started.ended()

    async def answers(self) -> bool:
        """Whether the process answers, as far as it can be asked."""
        return True

    def death(self) -> TickreelError:
        """Why the process is gone, by its exit code and its log."""
        ended = self._started.exit
        code = None if ended is None else ended.code
        if code == _EXIT_REFUSED:
            message = f"the {self.name} service refuses to start; {self._last_lines()}"
            return TickreelError("ENVIRONMENT_MISMATCH", message, service=self.name)
        how = f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
        message = f"the {self.name} service {how}; {self._last_lines()}"
        return TickreelError("SERVICE_UNAVAILABLE", message, service=self.name, exit_code=code)

    async def stop(self, grace: float = STOP_SECONDS) -> None:
        """Ends the process for good, by force where it does not end by itself within the grace."""
        if self._process is not None:
            await self._process.stop(grace)

    async def kill(self) -> None:
        """Ends the process by force, unless it has ended."""
        await self._started.end()

    def _command(self) -> Sequence[str]:
        """The program and its arguments."""
        raise NotImplementedError

    def _environ(self, listen: str) -> Mapping[str, str]:
        """The environment of the process that is to listen there."""
        raise NotImplementedError

    async def _serving(self) -> str:
        """Waits until the process serves, and says where; raises its death where it ends instead."""
        raise NotImplementedError

    @property
    def _started(self) -> Process:
        assert self._process is not None
        return self._process

    def _last_lines(self) -> str:
        lines = "".join(f"\n    {line}" for line in log_tail(self.log).splitlines()[-12:])
        return f"the last lines of its log:{lines}"
