"""Progress of a job: its rate and its remaining time."""

import time
from collections import deque

from google.protobuf import json_format

from tickreel.v1 import job_pb2

# Seconds over which the rate is averaged, so that it follows the job without jumping.
RATE_SECONDS = 3.0


class ProgressMeter:
    """Computes the `Progress` of a job from its counts."""

    def __init__(self) -> None:
        self._phase = job_pb2.JOB_PHASE_UNSPECIFIED
        self._marks: deque[tuple[float, int]] = deque()

    def measure(
        self, phase: job_pb2.JobPhase, done: int, total: int, unit: str, ts_event: int | None = None
    ) -> job_pb2.Progress:
        """Return the current progress.

        Args:
            done, total: Finished and total amount in `unit`; `total` is 0 if it is unknown.
            ts_event: The time of the last replayed row in UNIX nanoseconds.
        """
        now = time.monotonic()
        if phase != self._phase:
            self._phase = phase
            self._marks.clear()
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[1][0] >= RATE_SECONDS:
            self._marks.popleft()
        first, done_at_first = self._marks[0]
        rate = (done - done_at_first) / (now - first) if now > first else 0.0
        progress = job_pb2.Progress(phase=phase, done=done, total=total, unit=unit, rate=rate)
        if rate > 0 and total > 0:
            progress.eta.FromMilliseconds(int(max(0, total - done) / rate * 1000))
        if ts_event is not None:
            progress.ts_event.FromNanoseconds(ts_event)
        progress.updated_at.GetCurrentTime()
        return progress


def to_json(progress: job_pb2.Progress) -> dict[str, object]:
    """Convert progress to JSON values, which a worker sends to its service."""
    return json_format.MessageToDict(progress)


def from_json(values: dict[str, object]) -> job_pb2.Progress:
    """Convert the values of `to_json` back to progress."""
    return json_format.ParseDict(values, job_pb2.Progress())
