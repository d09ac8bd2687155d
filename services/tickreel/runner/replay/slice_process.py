"""The replay of a slice, in this process or in a child process.

python -m tickreel.runner.replay.slice_process

runs the child. It reads the replay's spec from its parent, then one slice after another, and replays each.
"""

import asyncio
import contextlib
import gc
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from tickreel.engine.construction import constructed
from tickreel.engine.error_log import ErrorLog
from tickreel.engine.instrument import Instrument, engine_instrument
from tickreel.engine.replay import ReplayFile, Shortcuts, catalog_view, replay
from tickreel.engine.tape import Tape
from tickreel.processes.exit import Exit
from tickreel.processes.memory import peak_memory
from tickreel.processes.process import Process
from tickreel.processes.starter import Starter
from tickreel.rpc.errors import TickreelError
from tickreel.runner.config.strategy_registry import installed_strategy
from tickreel.runner.replay.replay_plan import Segment
from tickreel.stores.instrument_name import InstrumentName
from tickreel.v1 import run_config_pb2

# A process that dies is replaced once. If the same slice kills the second process too, the slice is at fault.
_ATTEMPTS = 2
_REPORT_SECONDS = 0.1

Counts = tuple[int, int, int, int]
"""Trade rows, book rows, orders and fills."""


class SegmentReplay:
    """Replays slices of a window, each with a new engine and a new tape.

    Args:
        scratch: A folder for the engine's catalogs and the saved tapes.
    """

    def __init__(self, config: run_config_pb2.RunConfig, files: list[ReplayFile], scratch: Path, chunk_size: int) -> None:
        self._config = config
        self._files = files
        self._scratch = scratch
        self._chunk_size = chunk_size
        name = InstrumentName.parse(config.instrument.id)
        self._instrument: Instrument = engine_instrument(name.engine_id, config.instrument)
        self._strategy = installed_strategy(config.strategy.name).strategy

    def run(self, segment: Segment, on_tape: Callable[[Tape], None], shortcuts: Shortcuts) -> Tape:
        """Replay one slice and return its tape.

        Args:
            on_tape: Called with the tape before the replay, so that another thread can read it.

        Raises:
            TickreelError: REPLAY_FAILED.
        """
        with _garbage_collected():
            tape = self._run(segment, on_tape, shortcuts)
        if tape.iterations != (expected := segment.rows + segment.book_rows):
            message = f"the engine replayed {tape.iterations} of {expected} rows, and its log gives no reason"
            message += "; a strategy that calls shutdown_system has this effect"
            raise TickreelError("REPLAY_FAILED", message, rows=tape.iterations, expected=expected)
        tape.rows, tape.book_rows = segment.rows, segment.book_rows
        return tape

    def _run(self, segment: Segment, on_tape: Callable[[Tape], None], shortcuts: Shortcuts) -> Tape:
        root = Path(tempfile.mkdtemp(prefix="view-", dir=self._scratch))
        tape = Tape()
        on_tape(tape)

        try:
            replay(
                self._config,
                self._instrument,
                self._strategy,
                lambda strategy: constructed(strategy, self._instrument, self._config),
                catalog_view(root, self._instrument, segment.files(self._files)),
                self._chunk_size,
                tape,
                shortcuts=shortcuts,
                first_book=segment.first_book,
            )
        finally:
            shutil.rmtree(root, ignore_errors=True)
        return tape

    def tape_path(self, segment: Segment) -> Path:
        """Return the path at which a child process saves the tape of a slice."""
        return self._scratch / f"tape-{segment.start}.npz"

    def spec(self, shortcuts: Shortcuts) -> dict[str, Any]:
        """Return the spec of the replay for a child process, as JSON values."""
        return {
            "config": json_format.MessageToDict(self._config),
            "files": [{**asdict(file), "path": str(file.path)} for file in self._files],
            "scratch": str(self._scratch),
            "chunk_size": self._chunk_size,
            "shortcuts": asdict(shortcuts),
        }


@contextlib.contextmanager
def _garbage_collected() -> Iterator[None]:
    """Run the garbage collector at the end, in this thread, and never before.

    The engine and a strategy form reference cycles, and only the thread that created the engine's objects can free them. If the
    collector ran in another thread, they would leak.
    """
    enabled = gc.isenabled()
    gc.disable()
    # Objects that exist already need not be scanned.
    gc.freeze()
    try:
        yield
    except TickreelError as error:
        traceback.clear_frames(error.__traceback__)
        raise
    finally:
        gc.collect()
        gc.unfreeze()
        if enabled:
            gc.enable()


class SegmentProcess:
    """A child process that replays slices. It starts with the first slice and is replaced if it dies.

    All methods but `stop` must be called from one thread. When that thread ends, the kernel kills the process.

    Attributes:
        counts: Counts of the current slice so far.
        peak_memory: Peak memory of the process as of its last slice, MiB.
    """

    def __init__(self, replay: SegmentReplay, shortcuts: Shortcuts) -> None:
        self.counts: Counts = (0, 0, 0, 0)
        self.peak_memory = 0
        self._replay = replay
        self._shortcuts = shortcuts
        self._stopped = False
        self._process: Process | None = None
        self._loop = asyncio.Runner()

    def run(self, segment: Segment) -> Tape:
        """Replay a slice in the child process and return its tape.

        Raises:
            TickreelError: The error of the child process. If the slice kills its process: OUT_OF_MEMORY, ENGINE_ABORTED with
                the engine's message, or WORKER_DIED if there is no message.
        """
        return self._loop.run(self._run(segment))

    def stop(self) -> None:
        """Kill the process and start no other. May be called while another thread waits for the process."""
        self._stopped = True
        if (process := self._process) is not None:
            process.kill()

    def close(self) -> None:
        """End the process and release its resources."""
        self._loop.run(self._end())
        self._loop.close()

    async def _run(self, segment: Segment) -> Tape:
        ended: Exit | None = None
        errors = ErrorLog()
        for _ in range(_ATTEMPTS):
            try:
                if await self._try(segment):
                    path = self._replay.tape_path(segment)
                    tape = Tape.load(path)
                    path.unlink()
                    return tape
            finally:
                self.counts = (0, 0, 0, 0)
            # The report pipe has closed, but the process may take a moment to exit.
            ended = await self._end()
            if self._stopped or ended is None:
                break
            reason, message, metadata = ended.failure("slice")
            if reason == "OUT_OF_MEMORY":
                raise TickreelError(reason, message, **metadata)
        if (logged := errors.first()) is not None:
            raise TickreelError("ENGINE_ABORTED", str(logged), attempts=_ATTEMPTS)
        message = f"the process that replayed the slice from {segment.start} on died {_ATTEMPTS} times"
        by = {"signal": ended.signal} if ended is not None and ended.signal else {}
        raise TickreelError("WORKER_DIED", message, attempts=_ATTEMPTS, **by)

    async def _try(self, segment: Segment) -> bool:
        """Send a slice to the process. Returns True when the slice is done, False if the process died."""
        process = self._process = self._process or await self._start()
        if self._stopped:
            process.kill()
        await process.send(asdict(segment))
        while (report := await process.report()) is not None:
            if "failure" in report:
                raise TickreelError.from_json(report["failure"])
            if report.get("done") == segment.start:
                self.peak_memory = max(self.peak_memory, report["peakMemory"])
                return True
            if "counts" in report:
                rows, book_rows, orders, fills = report["counts"]
                self.counts = rows, book_rows, orders, fills
        return False

    async def _start(self) -> Process:
        # The child writes to the log of this process and is killed with it.
        process = await Process.start((sys.executable, "-m", "tickreel.runner.replay.slice_process"), leads=False)
        await process.send(self._replay.spec(self._shortcuts))
        return process

    async def _end(self) -> Exit | None:
        process, self._process = self._process, None
        return None if process is None else await process.end()


def counts_of(tape: Tape) -> Counts:
    """Return the counts of a tape so far."""
    return tape.rows, tape.book_rows, tape.order_count, tape.fill_count


def _serve() -> None:
    """Replay one slice after another for the parent process."""
    run, tapes = Starter(), [Tape()]

    def report_counts() -> None:
        while True:
            time.sleep(_REPORT_SECONDS)
            run.report({"counts": counts_of(tapes[-1])})

    threading.Thread(target=report_counts, name="counts", daemon=True).start()
    spec = run.receive()
    files = [ReplayFile(**{**file, "path": Path(file["path"])}) for file in spec["files"]]
    config = json_format.ParseDict(spec["config"], run_config_pb2.RunConfig())
    shortcuts = Shortcuts(**spec["shortcuts"])
    replaying = SegmentReplay(config, files, Path(spec["scratch"]), spec["chunk_size"])
    while True:
        segment = Segment(**run.receive())
        try:
            tape = replaying.run(segment, tapes.append, shortcuts)
        except TickreelError as error:
            run.report({"failure": error.to_json()})
            continue
        tape.save(replaying.tape_path(segment))
        tapes[:] = [Tape()]
        run.report({"done": segment.start, "peakMemory": peak_memory()})


if __name__ == "__main__":
    _serve()
