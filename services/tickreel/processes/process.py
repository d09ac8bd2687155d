"""A process that was started here, as its starter sees it.

It is told things on its standard input, JSON values a line each, and is heard on a pipe of its own or on its standard output.
The end of its standard input, which even SIGKILL of the starter brings about, tells it to end; see `starter` for its side.
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

# A report holds at most the findings and files of a job; asyncio's default line limit of 64 KiB is too near.
LINE_LIMIT = 64 * 1024 * 1024


class Process:
    """One process. Whoever starts it calls `end` or `stop`."""

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
        """Starts a command.

        Args:
            log: The file for its standard output and error; default: those of this process.
            appends: Whether the log has more before, of a process that this one follows.
            environ: Its environment; default: that of this process.
            reports: Whether it reports on a pipe, whose descriptor is its last argument. If not, its standard output is heard.
            leads: Whether it leads a session, so that a Ctrl-C in the terminal does not reach it, and what it starts is
                killed with it. If not, it is killed with the session of this process.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL where the log cannot be written.
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
        """The id of the process."""
        return self._process.pid

    @property
    def exit(self) -> Exit | None:
        """How it ended; None where it has not, as far as is known."""
        code = self._process.returncode
        return None if code is None else Exit(code, oom_kills() > self._oom_kills)

    async def tell(self, values: dict[str, Any]) -> None:
        """Tells it something, unless it has ended. What memory ran out for before is not held against it any more."""
        self._oom_kills = oom_kills()
        assert self._process.stdin is not None
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(json.dumps(values).encode() + b"\n")
            await self._process.stdin.drain()

    async def line(self) -> bytes:
        """The next line that it prints or reports. One without an end is the last of a process that died while it wrote."""
        assert self._reader is not None
        if self._reports is not None and self._transport is None:
            loop, protocol = asyncio.get_running_loop(), asyncio.StreamReaderProtocol(self._reader)
            self._transport, _ = await loop.connect_read_pipe(lambda: protocol, self._reports)
        return await self._reader.readline()

    async def report(self) -> dict[str, Any] | None:
        """Its next report; None where there is none any more.

        Raises:
            ValueError: It wrote what is no report.
        """
        line = await self.line()
        if not line.endswith(b"\n"):
            return None
        report = json.loads(line)
        if not isinstance(report, dict):
            raise ValueError("a report is a JSON object")
        return report

    def ignore(self) -> None:
        """Takes and drops what it says from now on: it would block once the pipe is full."""
        self._ignoring = asyncio.create_task(self._drop())

    async def ended(self) -> Exit:
        """Waits until it is gone; returns how."""
        await self._process.wait()
        assert self.exit is not None
        return self.exit

    def kill(self) -> None:
        """Kills it, with what it has started where it leads, unless it has ended; may be called from any thread."""
        self._send(signal.SIGKILL, group=self._leads)

    def kill_rest(self) -> None:
        """Kills it and what it has started, also where it has ended before: only as soon as that is known."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    async def end(self) -> Exit:
        """Kills it where it has not ended, and gives back what it took."""
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
        """Asks it to end, and kills it where it has not done so within the grace, in seconds."""
        self._send(signal.SIGTERM, group=False)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._process.wait()
        return await self.end()

    def _send(self, number: signal.Signals, *, group: bool) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if group else os.kill)(self.pid, number)

    async def _drop(self) -> None:
        assert self._reader is not None
        while await self._reader.read(65_536):
            pass
