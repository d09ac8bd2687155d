"""The replay of a plan: its slices, some in processes beside this one, and what they leave behind put together.

python -m tickreel.runner.segments

replays slices for another process: a spec on standard input, reports as JSON lines on standard output.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from tickreel.engine.instruments import Instrument, engine_instrument
from tickreel.engine.replay import ReplayFile, catalog_view, replay
from tickreel.engine.strategy import ReplayStrategy
from tickreel.engine.tape import Tape
from tickreel.jobs.worker import end_with_parent
from tickreel.rpc.errors import TickreelError
from tickreel.runner.plan import Plan, Segment
from tickreel.runner.strategies.registry import installed_strategies
from tickreel.stores.instrument_name import InstrumentName
from tickreel.v1 import run_config_pb2

# A process that dies is replaced; a slice that kills two is at fault itself.
_ATTEMPTS = 2
_REPORT_SECONDS = 0.1


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

    def run(self, segment: Segment, on_tape: Callable[[Tape], None], *, frozen_account: bool) -> Tape:
        """Replays one slice.

        Args:
            on_tape: Given the tape before the replay, to look at from another thread.

        Raises:
            TickreelError: REPLAY_FAILED.
        """
        root = Path(tempfile.mkdtemp(prefix="view-", dir=self._scratch))
        strategy = self._strategy(self._instrument, self._config)
        on_tape(strategy.tape)
        lanes = catalog_view(root, self._instrument, segment.files(self._files))
        replay(self._config, strategy, lanes, self._chunk_size, frozen_account=frozen_account)
        tape = strategy.tape
        if (tape.rows, tape.book_rows) != (segment.rows, segment.book_rows):
            trades = f"{tape.rows} of {segment.rows} trade rows"
            message = f"the engine replayed {trades} and {tape.book_rows} of {segment.book_rows} book rows"
            raise TickreelError("REPLAY_FAILED", message, rows=tape.rows, expected=segment.rows)
        return tape

    def tape_path(self, segment: Segment) -> Path:
        """Where the tape of a slice lies that another process replayed."""
        return self._scratch / f"tape-{segment.start}.npz"

    def spec(self, segments: Sequence[Segment], *, frozen_account: bool) -> dict[str, Any]:
        """What another process is told, as JSON values."""
        return {
            "config": json_format.MessageToDict(self._config),
            "files": [{**asdict(file), "path": str(file.path)} for file in self._files],
            "scratch": str(self._scratch),
            "chunk_size": self._chunk_size,
            "segments": [asdict(segment) for segment in segments],
            "frozen_account": frozen_account,
        }


class PlanReplay:
    """Replays a plan in so many processes, this one among them.

    Attributes:
        seen: The trade and book rows that were replayed so far, by all of them.
    """

    def __init__(self, replay: SegmentReplay, plan: Plan, processes: int) -> None:
        self._replay = replay
        self._plan = plan
        self._processes = min(processes, len(plan.segments))
        self._tape = Tape()
        self._finished: dict[Segment, Tape] = {}
        self._beside: list[_Beside] = []

    @property
    def seen(self) -> tuple[int, int]:
        tapes = [self._tape, *(tape for tape in self._finished.values() if tape is not self._tape)]
        rows = sum(tape.rows for tape in tapes) + sum(one.rows for one in self._beside)
        return rows, sum(tape.book_rows for tape in tapes) + sum(one.book_rows for one in self._beside)

    def run(self, *, frozen_account: bool) -> Tape:
        """Replays the plan, and returns the tape of the whole.

        Raises:
            TickreelError: REPLAY_FAILED, or WORKER_DIED where a slice kills its process.
        """
        segments, share = self._plan.segments, -(-len(self._plan.segments) // self._processes)
        mine, *others = (segments[at : at + share] for at in range(0, len(segments), share))
        with contextlib.ExitStack() as stack:
            for part in others:
                beside = _Beside(self._replay, part, frozen_account=frozen_account)
                stack.callback(beside.close)
                self._beside.append(beside)
            for segment in mine:
                tape = self._replay.run(segment, self._look_at, frozen_account=frozen_account)
                self._finished[segment] = tape
            for beside in self._beside:
                beside.join()
        tapes = [self._finished.get(segment) or Tape.load(self._replay.tape_path(segment)) for segment in segments]
        return tapes[0] if len(tapes) == 1 else Tape.joined(tapes)

    def _look_at(self, tape: Tape) -> None:
        self._tape = tape


class _Beside:
    """A process that replays some slices beside this one, replaced where it dies."""

    def __init__(self, replay: SegmentReplay, segments: Sequence[Segment], *, frozen_account: bool) -> None:
        self.rows = self.book_rows = 0
        self._replay = replay
        self._segments = segments
        self._frozen = frozen_account
        self._error: TickreelError | None = None
        self._closed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._attend, name="segments")
        self._thread.start()

    def join(self) -> None:
        """Waits for the last slice.

        Raises:
            TickreelError: The one that the process raised, or WORKER_DIED.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        self._closed = True
        if self._process is not None:
            self._process.kill()
        self._thread.join()

    def _attend(self) -> None:
        left, deaths = list(self._segments), 0
        while left and self._error is None and not self._closed:
            done = self._one_process(left)
            deaths = 0 if done else deaths + 1
            del left[:done]
            if left and deaths >= _ATTEMPTS and self._error is None:
                message = f"the process that replayed from {left[0].start} on died {deaths} times"
                self._error = TickreelError("WORKER_DIED", message, attempts=deaths)

    def _one_process(self, segments: Sequence[Segment]) -> int:
        """Has slices replayed until the process ends; returns how many it finished."""
        command = [sys.executable, "-m", "tickreel.runner.segments"]
        process = self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        done = 0
        before = self.rows, self.book_rows
        with process, contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(self._replay.spec(segments, frozen_account=self._frozen)).encode() + b"\n")
            process.stdin.flush()
            for line in process.stdout:
                if not line.endswith(b"\n"):
                    break
                report = json.loads(line)
                if "failure" in report:
                    self._error = TickreelError.from_json(report["failure"])
                elif "done" in report:
                    done += 1
                    before = before[0] + segments[done - 1].rows, before[1] + segments[done - 1].book_rows
                    self.rows, self.book_rows = before
                else:
                    self.rows, self.book_rows = before[0] + report["rows"], before[1] + report["book_rows"]
            process.kill()
        self.rows, self.book_rows = before
        return done


def _serve() -> None:
    """The body of a process beside: replays the slices of its spec, reporting on standard output."""
    told = json.loads(sys.stdin.buffer.readline())
    end_with_parent()
    lock, tapes = threading.Lock(), [Tape()]
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    # What the engine prints goes to the log.
    os.dup2(2, 1)

    def report(values: dict[str, Any]) -> None:
        with lock:
            out.write(json.dumps(values).encode() + b"\n")

    def report_rows() -> None:
        while not over.wait(_REPORT_SECONDS):
            report({"rows": tapes[-1].rows, "book_rows": tapes[-1].book_rows})

    over = threading.Event()
    files = [ReplayFile(**{**file, "path": Path(file["path"])}) for file in told["files"]]
    config = json_format.ParseDict(told["config"], run_config_pb2.RunConfig())
    replaying = SegmentReplay(config, files, Path(told["scratch"]), told["chunk_size"])
    threading.Thread(target=report_rows, name="progress", daemon=True).start()
    try:
        for values in told["segments"]:
            segment = Segment(**values)
            tape = replaying.run(segment, tapes.append, frozen_account=told["frozen_account"])
            path = replaying.tape_path(segment)
            partial = path.with_suffix(".partial")
            tape.save(partial)
            partial.rename(path)
            tapes.append(Tape())
            report({"done": segment.start})
    except TickreelError as error:
        report({"failure": error.to_json()})
    os._exit(0)


if __name__ == "__main__":
    _serve()
