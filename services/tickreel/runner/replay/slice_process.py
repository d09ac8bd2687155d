"""The replay of a slice, in this process or in one beside it.

python -m tickreel.runner.replay.slice_process

replays slices for another process, as it is told on standard input: what is replayed, then a slice a line. It reports as
JSON lines on standard output.
"""

import contextlib
import gc
import json
import os
import shutil
import signal
import subprocess
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

from tickreel.engine.error_log import ErrorLog
from tickreel.engine.instrument import Instrument, engine_instrument
from tickreel.engine.replay import ReplayFile, Shortcuts, catalog_view, replay
from tickreel.engine.strategy import ReplayStrategy
from tickreel.engine.tape import Tape
from tickreel.jobs.memory import oom_kills, peak_memory
from tickreel.jobs.process import death_by_signal
from tickreel.jobs.worker import told
from tickreel.rpc.errors import TickreelError
from tickreel.runner.config.strategy_registry import installed_strategies
from tickreel.runner.replay.replay_plan import Segment
from tickreel.stores.instrument_name import InstrumentName
from tickreel.v1 import run_config_pb2

# A process that dies is replaced; a slice that kills two is at fault itself.
_ATTEMPTS = 2
_COUNTS = ("rows", "book_rows", "order_count", "fill_count")
_REPORT_SECONDS = 0.1
_REAP_SECONDS = 10.0


class SegmentReplay:
    """Replays slices of a window, each with an engine and a tape of its own.

    Args:
        scratch: A folder for the engine's catalogs and the tapes.
    """

    def __init__(self, config: run_config_pb2.RunConfig, files: list[ReplayFile], scratch: Path, chunk_size: int) -> None:
        self._config = config
        self._files = files
        self._scratch = scratch
        self._chunk_size = chunk_size
        name = InstrumentName.parse(config.instrument.id)
        self._instrument: Instrument = engine_instrument(name.engine_id, config.instrument)
        self._strategy: type[ReplayStrategy] = installed_strategies()[config.strategy.name].strategy

    def run(self, segment: Segment, on_tape: Callable[[Tape], None], shortcuts: Shortcuts) -> Tape:
        """Replays one slice.

        Args:
            on_tape: Given the tape before the replay, to look at from another thread.

        Raises:
            TickreelError: REPLAY_FAILED.
        """
        with _collecting_here():
            tape = self._run(segment, on_tape, shortcuts)
        if (tape.rows, tape.book_rows) != (segment.rows, segment.book_rows):
            trades = f"{tape.rows} of {segment.rows} trade rows"
            message = f"the engine replayed {trades} and {tape.book_rows} of {segment.book_rows} book rows"
            message += f": {tape.logged}" if tape.logged else ", and its log does not say why"
            raise TickreelError("REPLAY_FAILED", message, rows=tape.rows, expected=segment.rows)
        return tape

    def _run(self, segment: Segment, on_tape: Callable[[Tape], None], shortcuts: Shortcuts) -> Tape:
        root = Path(tempfile.mkdtemp(prefix="view-", dir=self._scratch))
        strategy = self._strategy(self._instrument, self._config)
        on_tape(strategy.tape)
        try:
            lanes = catalog_view(root, self._instrument, segment.files(self._files))
            replay(self._config, strategy, lanes, self._chunk_size, shortcuts)
        finally:
            shutil.rmtree(root, ignore_errors=True)
        return strategy.tape

    def tape_path(self, segment: Segment) -> Path:
        """Where the tape of a slice lies that another process replayed."""
        return self._scratch / f"tape-{segment.start}.npz"

    def spec(self, shortcuts: Shortcuts) -> dict[str, Any]:
        """What another process is told of what is replayed, as JSON values."""
        return {
            "config": json_format.MessageToDict(self._config),
            "files": [{**asdict(file), "path": str(file.path)} for file in self._files],
            "scratch": str(self._scratch),
            "chunk_size": self._chunk_size,
            "shortcuts": asdict(shortcuts),
        }


@contextlib.contextmanager
def _collecting_here() -> Iterator[None]:
    """Has what the engine and a strategy leave behind collected at the end, by this thread.

    They refer to each other, and the engine's objects can only be freed by the thread that made them: where the collector
    happened to run in another, they would stay for ever.
    """
    enabled = gc.isenabled()
    gc.disable()
    # What is there already need not be looked at.
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
    """A process that replays slices beside this one, started with the first and replaced where it dies.

    Attributes:
        counts: Trade rows, book rows, orders and fills of the slice in hand so far.
        peak_memory: The most memory that it has had after a slice, in MiB.
    """

    def __init__(self, replay: SegmentReplay, shortcuts: Shortcuts) -> None:
        self.counts = (0, 0, 0, 0)
        self.peak_memory = 0
        self._replay = replay
        self._shortcuts = shortcuts
        self._stopped = False
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, segment: Segment) -> Tape:
        """Has a slice replayed, and waits for it.

        Raises:
            TickreelError: The one that the process raised; where the slice kills its process, ENGINE_ABORTED with the engine's
                word, or WORKER_DIED without one.
        """
        killed = 0
        errors = ErrorLog()
        for _ in range(_ATTEMPTS):
            before = oom_kills()
            try:
                if self._try(segment):
                    path = self._replay.tape_path(segment)
                    tape = Tape.load(path)
                    path.unlink()
                    return tape
            except BrokenPipeError:
                pass
            finally:
                self.counts = (0, 0, 0, 0)
            killed = self._killed_by()
            self.close()
            if self._stopped:
                break
            if killed:
                reason, message, metadata = death_by_signal("slice", killed, before)
                if reason == "OUT_OF_MEMORY":
                    raise TickreelError(reason, message, **metadata)
        if (logged := errors.first()) is not None:
            raise TickreelError("ENGINE_ABORTED", str(logged), attempts=_ATTEMPTS)
        message = f"the process that replayed from {segment.start} on died {_ATTEMPTS} times"
        by = {"signal": signal.Signals(killed).name} if killed else {}
        raise TickreelError("WORKER_DIED", message, attempts=_ATTEMPTS, **by)

    def stop(self) -> None:
        """Kills the process, for good; may be called while another thread waits for it."""
        self._stopped = True
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Ends the process, and gives back what it took."""
        if self._process is not None:
            self._process.kill()
            assert self._process.stdin is not None
            with self._process, contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process = None

    def _killed_by(self) -> int:
        """The signal that the process died of; 0 where it lives, or ended otherwise."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            # Its pipe is closed a moment before it can be waited for.
            return max(0, -self._process.wait(timeout=_REAP_SECONDS)) if self._process else 0
        return 0

    def _try(self, segment: Segment) -> bool:
        """Has the process replay a slice; returns whether it lived to say that it did."""
        process = self._process = self._process or self._start()
        if self._stopped:
            process.kill()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(asdict(segment)).encode() + b"\n")
        process.stdin.flush()
        for line in process.stdout:
            if not line.endswith(b"\n"):
                break
            report = json.loads(line)
            if "failure" in report:
                raise TickreelError.from_json(report["failure"])
            if report.get("done") == segment.start:
                self.peak_memory = max(self.peak_memory, report["peakMemory"])
                return True
            if "counts" in report:
                self.counts = tuple(report["counts"])
        return False

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tickreel.runner.replay.slice_process"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(self._replay.spec(self._shortcuts)).encode() + b"\n")
        return process


def counts_of(tape: Tape) -> tuple[int, int, int, int]:
    """Trade rows, book rows, orders and fills of a tape so far."""
    return tape.rows, tape.book_rows, tape.order_count, tape.fill_count


def _serve() -> None:
    """The body of a process beside: replays one slice after another, reporting on standard output."""
    tasks = told(exit_code=0)
    lock, tapes = threading.Lock(), [Tape()]
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    # What the engine prints goes to the log.
    os.dup2(2, 1)

    def report(values: dict[str, Any]) -> None:
        with lock:
            out.write(json.dumps(values).encode() + b"\n")

    def report_counts() -> None:
        while True:
            time.sleep(_REPORT_SECONDS)
            report({"counts": counts_of(tapes[-1])})

    threading.Thread(target=report_counts, name="counts", daemon=True).start()
    spec = tasks.get()
    files = [ReplayFile(**{**file, "path": Path(file["path"])}) for file in spec["files"]]
    config = json_format.ParseDict(spec["config"], run_config_pb2.RunConfig())
    shortcuts = Shortcuts(**spec["shortcuts"])
    replaying = SegmentReplay(config, files, Path(spec["scratch"]), spec["chunk_size"])
    while True:
        segment = Segment(**tasks.get())
        try:
            tape = replaying.run(segment, tapes.append, shortcuts)
        except TickreelError as error:
            report({"failure": error.to_json()})
            continue
        tape.save(replaying.tape_path(segment))
        tapes[:] = [Tape()]
        report({"done": segment.start, "peakMemory": peak_memory()})


if __name__ == "__main__":
    _serve()
