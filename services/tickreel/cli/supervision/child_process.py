"""A supervised child process, which ends with its parent and can be started again."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from tickreel.processes.exit import log_tail
from tickreel.processes.process import Process
from tickreel.rpc.errors import TickreelError

# Importing the engine from a cold disk takes long.
START_SECONDS = 60.0
# A service gives its calls five seconds to finish. One that has not ended three seconds later hangs.
STOP_SECONDS = 8.0

# Exit code of `tickreel.rpc.server.run` for faulty settings.
_EXIT_REFUSED = 2


class ChildProcess:
    """A part of Tickreel as a child process. Each subclass runs one kind of program.

    Args:
        name: Its name in messages and in `address_variable`.
        listen: The address to listen on. With port 0, `address` has the port that was chosen.
        log: The file for its output.
    """

    def __init__(self, name: str, listen: str, log: Path) -> None:
        self.name = name
        self.log = log
        self.address = ""
        self._listen = listen
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The process id."""
        return self._started.pid

    async def start(self) -> None:
        """Start the process, without waiting until it is healthy. A restarted process keeps its address.

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
        """Wait until the process serves.

        Raises:
            TickreelError: The process ended, or did not serve within `START_SECONDS`.
        """
        try:
            async with asyncio.timeout(START_SECONDS):
                self.address = await self._serving()
        except TimeoutError:
            message = f"the {self.name} service did not start within {START_SECONDS:.0f} s; {self._last_lines()}"
            raise TickreelError("SERVICE_UNAVAILABLE", message, service=self.name) from None
        self._started.ignore()

    async def ended(self) -> None:
        """Wait until the process has ended."""
        await self._started.ended()

    async def answers(self) -> bool:
        """Whether the process answers a health check. True for a program without one."""
        return True

    def death(self) -> TickreelError:
        """Return the error for a process that has ended, from its exit code and its log."""
        ended = self._started.exit
        code = None if ended is None else ended.code
        if code == _EXIT_REFUSED:
            message = f"the {self.name} service refuses to start; {self._last_lines()}"
            return TickreelError("ENVIRONMENT_MISMATCH", message, service=self.name)
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"exited with code {code}"
        message = f"the {self.name} service {how}; {self._last_lines()}"
        return TickreelError("SERVICE_UNAVAILABLE", message, service=self.name, exit_code=code)

    async def stop(self, grace: float = STOP_SECONDS) -> None:
        """Stop the process for good. If it has not ended after `grace` seconds, kill it."""
        if self._process is not None:
            await self._process.stop(grace)

    async def kill(self) -> None:
        """Kill the process, unless it has ended."""
        await self._started.end()

    def _command(self) -> Sequence[str]:
        """Return the program and its arguments."""
        raise NotImplementedError

    def _environ(self, listen: str) -> Mapping[str, str]:
        """Return the environment of the process for an address to listen on."""
        raise NotImplementedError

    async def _serving(self) -> str:
        """Wait until the process serves, and return its address. Raise `death()` if it ends first."""
        raise NotImplementedError

    @property
    def _started(self) -> Process:
        assert self._process is not None
        return self._process

    def _last_lines(self) -> str:
        lines = "".join(f"\n    {line}" for line in log_tail(self.log).splitlines()[-12:])
        return f"the last lines of its log:{lines}"
