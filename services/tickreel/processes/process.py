"""A child process, from the side of its parent; `starter` is the other side.

The parent sends JSON values on the child's standard input, one per line. The child reports on a pipe, or prints to its standard
output. When its standard input closes, which even a SIGKILL of the parent causes, the child ends.

The parent starts a command, or lets a `Template` fork the process.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, Self

from tickreel.processes.exit import Exit
from tickreel.processes.memory import oom_kills
from tickreel.processes.template import Template
from tickreel.rpc.errors import not_writable

# The longest report has the findings and files of a job. asyncio's default limit of 64 KiB could be too short for it.
LINE_LIMIT = 64 * 1024 * 1024


class _Child(Protocol):
    """What `Process` needs of `asyncio.subprocess.Process`."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    async def wait(self) -> int: ...


class _ForkedChild:
    """A process that a template has forked."""

    def __init__(self, pid: int, status: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._status = status
        self._writer = writer
        self._ending = asyncio.create_task(self._end())

    async def wait(self) -> int:
        """Wait for the end and return the exit code."""
        return await asyncio.shield(self._ending)

    def release(self) -> None:
        """Let the template reap the process, whose id may then belong to another one."""
        self._writer.close()

    async def _end(self) -> int:
        line = b""
        with contextlib.suppress(ConnectionError):
            line = await self._status.readline()
        if not line:
            # The template has died, so the kernel kills the process.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self.returncode = json.loads(line)["code"] if line else -signal.SIGKILL
        return self.returncode


class Process:
    """One child process. The caller of `start` or `fork` must call `end` or `stop`."""

    def __init__(
        self,
        process: _Child,
        standard_input: asyncio.StreamWriter,
        output: BinaryIO | asyncio.StreamReader,
        *,
        leads: bool,
    ) -> None:
        self._process = process
        self._stdin = standard_input
        self._leads = leads
        self._reports = None if isinstance(output, asyncio.StreamReader) else output
        self._transport: asyncio.ReadTransport | None = None
        self._reader = output if isinstance(output, asyncio.StreamReader) else asyncio.StreamReader(limit=LINE_LIMIT)
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
        with contextlib.ExitStack() as opened, contextlib.ExitStack() as failed:
            reading: BinaryIO | None = None
            passed: tuple[int, ...] = ()
            if reports:
                reading, writing = _pipe(opened, failed)
                passed = (writing,)
            output = None if log is None else opened.enter_context(_open_log(log, "ab" if appends else "wb"))
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
        output_of_child = process.stdout if reading is None else reading
        assert process.stdin is not None and output_of_child is not None
        return cls(process, process.stdin, output_of_child, leads=leads)

    @classmethod
    async def fork(cls, template: Template, log: Path, patience: float) -> Self | None:
        """Let a template fork a process that reports, leads a session and prints to a log.

        Returns:
            The process. None if the template has ended, is out of date, or has not answered for `patience` seconds; it is
            then retired.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL if the log cannot be written.
        """
        with contextlib.ExitStack() as opened, contextlib.ExitStack() as failed:
            reading, writing = _pipe(opened, failed)
            ours, theirs = zip(socket.socketpair(), socket.socketpair(), strict=True)
            for end in theirs:
                opened.enter_context(end)
            for end in ours:
                failed.enter_context(end)
            output = opened.enter_context(_open_log(log, "wb"))
            standard_input, status = theirs
            try:
                template.request((standard_input.fileno(), writing, output.fileno(), status.fileno()))
            except OSError:
                template.retire()
                return None
            opened.close()
            streams = []
            for end in ours:
                streams.append(await asyncio.open_connection(sock=end))
                failed.callback(streams[-1][1].close)
            (_, standard_input_writer), (status_reader, status_writer) = streams
            line = b""
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(patience):
                    line = await status_reader.readline()
            if not line:
                template.retire()
                return None
            child = _ForkedChild(json.loads(line)["pid"], status_reader, status_writer)
            failed.pop_all()
        return cls(child, standard_input_writer, reading, leads=True)

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
        with contextlib.suppress(ConnectionError):
            self._stdin.write(json.dumps(values).encode() + b"\n")
            await self._stdin.drain()

    async def line(self) -> bytes:
        """Return the next printed or reported line. A line without a newline is the last: the process died while writing."""
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
        self._stdin.close()
        ended = await self.ended()
        if isinstance(self._process, _ForkedChild):
            self._process.release()
        return ended

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
        while await self._reader.read(65_536):
            pass


def _pipe(opened: contextlib.ExitStack, failed: contextlib.ExitStack) -> tuple[BinaryIO, int]:
    """Return both ends of a pipe: the reading end, which `failed` closes, and the writing end, which `opened` closes."""
    descriptor, writing = os.pipe()
    opened.callback(os.close, writing)
    return failed.enter_context(os.fdopen(descriptor, "rb")), writing


def _open_log(log: Path, mode: Literal["ab", "wb"]) -> BinaryIO:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open(mode)
    except OSError as error:
        raise not_writable(f"the log {log.name}", log.parent, error) from None
