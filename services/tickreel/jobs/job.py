"""What a conversion and a run have in common: the state machine of `JobState`, and the fields that it moves."""

import hashlib
import time
from typing import Protocol

from google.protobuf import timestamp_pb2

from tickreel.rpc.errors import TickreelError
from tickreel.v1 import job_pb2

QUEUED = job_pb2.JOB_STATE_QUEUED
RUNNING = job_pb2.JOB_STATE_RUNNING
CANCELLING = job_pb2.JOB_STATE_CANCELLING
SUCCEEDED = job_pb2.JOB_STATE_SUCCEEDED
FAILED = job_pb2.JOB_STATE_FAILED
CANCELLED = job_pb2.JOB_STATE_CANCELLED

FINAL = frozenset({SUCCEEDED, FAILED, CANCELLED})

# Counts while the machine sleeps, too; Linux alone has it.
_PASSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Job(Protocol):
    """The fields that the resources of all jobs share: `Conversion`, `Run`, and their entries in lists."""

    state: job_pb2.JobState
    progress: job_pb2.Progress
    failure: job_pb2.JobFailure
    created_at: timestamp_pb2.Timestamp
    started_at: timestamp_pb2.Timestamp
    ended_at: timestamp_pb2.Timestamp
    attempts: int
    queue_position: int

    def ClearField(self, field_name: str) -> None: ...  # noqa: N802 - protobuf's own name


class JobClock:
    """The wall clock as it was when a job came to this process, and from then on what has passed.

    A wall clock that is set while the job runs would end it before it started, or hours late.

    Args:
        job: No time that is told comes before one that it has already.
    """

    def __init__(self, job: Job) -> None:
        known = (stamp.ToNanoseconds() for stamp in (job.created_at, job.started_at, job.ended_at))
        self._offset = max(time.time_ns(), *known) - time.clock_gettime_ns(_PASSED)

    def stamp(self, stamp: timestamp_pb2.Timestamp) -> None:
        """Sets a timestamp to the time that it is."""
        stamp.FromNanoseconds(self._offset + time.clock_gettime_ns(_PASSED))


def request_digest(request: bytes) -> str:
    """The digest by which a repeated request is known, from its deterministic serialisation."""
    return hashlib.sha256(request).hexdigest()


def state_name(state: job_pb2.JobState) -> str:
    """The state without its prefix: RUNNING, for example."""
    return job_pb2.JobState.Name(state).removeprefix("JOB_STATE_")


def start(job: Job, clock: JobClock) -> None:
    """QUEUED → RUNNING: an attempt begins."""
    job.state = RUNNING
    job.attempts += 1
    job.queue_position = 0
    clock.stamp(job.started_at)


def requeue(job: Job) -> None:
    """RUNNING → QUEUED: the attempt came to nothing and the job is to be begun again."""
    job.state = QUEUED
    for field in ("progress", "started_at"):
        job.ClearField(field)


def put_back(job: Job) -> None:
    """RUNNING → QUEUED, where the service stops in good order: that says nothing against the job, so it was no attempt."""
    if job.state == RUNNING:
        job.attempts -= 1
    requeue(job)


def end(job: Job, state: job_pb2.JobState, clock: JobClock) -> None:
    """Any state → a final one; a final job has no progress left to show, nor a place in the queue."""
    job.state = state
    job.queue_position = 0
    clock.stamp(job.ended_at)
    job.ClearField("progress")


def fail(job: Job, error: TickreelError, clock: JobClock) -> None:
    """Any state → FAILED, with the reason."""
    job.failure.CopyFrom(error.to_failure())
    end(job, FAILED, clock)


def give_up(job: Job, clock: JobClock) -> None:
    """RUNNING → FAILED, because the service died in the midst of the job too often."""
    times = "once" if job.attempts == 1 else f"{job.attempts} times"
    message = (
        f"the service died while it was at this, which was begun {times}; nothing half-made is left. Create it again, or let it"
        " be begun more often: TICKREEL_MAX_ATTEMPTS"
    )
    fail(job, TickreelError("INTERRUPTED", message, attempts=job.attempts), clock)
