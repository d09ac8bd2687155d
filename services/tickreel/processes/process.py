"""A child process, from the side of its parent; `starter` is the other side.

The parent sends JSON values on the child's standard input, one per line. The child reports on a pipe, or prints to its standard
output. When its standard input closes, which even a SIGKILL of the parent causes, the child ends.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Self

from tickreel.processes.exit import Exit
from tickreel.processes.memory import oom_kills
from tickreel.rpc.errors import not_writable

# The longest report has the findings and files of a job. asyncio's default limit of 64 KiB could be too short for it.
LINE_LIMIT = 64 * 1024 * 1024


class Process:
    """One child process. The caller of `start` must call `end` or `stop`."""

    def __init__(self, process: asyncio.subprocess.Process, reports: BinaryIO | None, *, leads: bool) -> None:
        self._process = process
        self._leads = leads
        self._reports = reports
        self._transport: asyncio.ReadTransport | None = None
        self._reader = asyncio.StreamReader(limit=LINE_LIMIT) if reports is not None else process.stdout
        self._ignoring: asyncio.Task[None] | None = None
        self._oom_kills = oom_kills()

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        log: Path | None = None,
        *,
        appends: bool = False,
        environ: Mapping[str, str] | None = None,
        reports: bool = True,
        leads: bool = True,
    ) -> Self:
        """Start a command.

        Args:
            log: The file for the standard output and error of the child. Default: those of this process.
            appends: Whether to append to the log instead of overwriting it.
            environ: The environment of the child. Default: that of this process.
            reports: Whether the child reports on a pipe, whose descriptor is its last argument. If not, `line` reads its
                standard output.
            leads: Whether the child leads a session. A Ctrl-C in the terminal then does not reach it, and its own children are
                killed with it. If not, it is killed with the session of this process.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL if the log cannot be written.
        """
        with contextlib.ExitStack() as opened:
            failed = opened.enter_context(contextlib.ExitStack())
            reading: BinaryIO | None = None
            passed: tuple[int, ...] = ()
            if reports:
                descriptor, writing = os.pipe()
                opened.callback(os.close, writing)
                reading = os.fdopen(descriptor, "rb")
                failed.callback(reading.close)
                passed = (writing,)
            output = None
            if log is not None:
                try:
                    log.parent.mkdir(parents=True, exist_ok=True)
                    output = opened.enter_context(log.open("ab" if appends else "wb"))
                except OSError as error:
                    raise not_writable(f"the log {log.name}", log.parent, error) from None
            process = await asyncio.create_subprocess_exec(
                *command,
                *map(str, passed),
                stdin=subprocess.PIPE,
                stdout=output if reports else subprocess.PIPE,
                stderr=output,
                env=environ,
                pass_fds=passed,
                start_new_session=leads,
            )
            failed.pop_all()
        return cls(process, reading, leads=leads)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit(self) -> Exit | None:
        """How the process ended; None while it runs, or until its end is noticed."""
        code = self._process.returncode
        return None if code is None else Exit(code, oom_kills() > self._oom_kills)

    async def send(self, values: dict[str, Any]) -> None:
        """Send values to the process, unless it has ended. Earlier OOM kills no longer count for its `exit`."""
        self._oom_kills = oom_kills()
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(json.dumps(values).encode() + b"\n")
            await self._process.stdin.drain()

    async def line(self) -> bytes:
        """Return the next printed or reported line. A line without a newline is the last: the process died while writing."""
        assert self._reader is not None
        if self._reports is not None and self._transport is None:
            loop, protocol = asyncio.get_running_loop(), asyncio.StreamReaderProtocol(self._reader)
            self._transport, _ = await loop.connect_read_pipe(lambda: protocol, self._reports)
        return await self._reader.readline()

    async def report(self) -> dict[str, Any] | None:
        """Return the next report, or None after the last one.

        Raises:
            ValueError: A line is not a report.
        """
        line = await self.line()
        if not line.endswith(b"\n"):
            return None
        report = json.loads(line)
        if not isinstance(report, dict):
            raise ValueError("a report must be a JSON object")
        return report

    def ignore(self) -> None:
        """Read and drop all further output, because the process would block on a full pipe."""
        self._ignoring = asyncio.create_task(self._drop())

    async def ended(self) -> Exit:
        """Wait for the end of the process and return how it ended."""
        await self._process.wait()
        assert self.exit is not None
        return self.exit

    def kill(self) -> None:
        """Kill the process unless it has ended, and its session if it leads one. Callable from any thread."""
        self._signal(signal.SIGKILL, group=self._leads)

    def kill_group(self) -> None:
        """Kill the process group, even if the process itself has ended.

        Call it right after the end is noticed: later the id may belong to another process.
        """
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    async def end(self) -> Exit:
        """Kill the process if it runs, and close its pipes."""
        self.kill()
        await self._process.wait()
        if self._transport is not None:
            self._transport.close()
        if self._reports is not None:
            self._reports.close()
        if self._ignoring is not None:
            await self._ignoring
        assert self._process.stdin is not None
        self._process.stdin.close()
        return await self.ended()

    async def stop(self, grace: float) -> Exit:
        """Send SIGTERM, and kill the process if it still runs after `grace` seconds."""
        self._signal(signal.SIGTERM, group=False)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._process.wait()
        return await self.end()

    def _signal(self, number: signal.Signals, *, group: bool) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if group else os.kill)(self.pid, number)

    async def _drop(self) -> None:
        assert self._reader is not None
        while await self._reader.read(65_536):
            pass
