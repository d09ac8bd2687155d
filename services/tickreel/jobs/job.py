"""The state machine of `JobState`, which conversions and runs share, and the fields that its transitions set."""

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

# CLOCK_BOOTTIME also counts while the machine is suspended; only Linux has it.
_ELAPSED = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


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
    """A clock for one job: the wall clock when this process received the job, plus the time elapsed since.

    The wall clock itself may be set while the job runs, and then the job would end before its start or hours late.

    Args:
        job: The clock never returns a time before the timestamps of this job.
    """

    def __init__(self, job: Job) -> None:
        known = (stamp.ToNanoseconds() for stamp in (job.created_at, job.started_at, job.ended_at))
        self._offset = max(time.time_ns(), *known) - time.clock_gettime_ns(_ELAPSED)

    def stamp(self, stamp: timestamp_pb2.Timestamp) -> None:
        """Set a timestamp to the current time."""
        stamp.FromNanoseconds(self._offset + time.clock_gettime_ns(_ELAPSED))


def request_digest(request: bytes) -> str:
    """Return the digest that identifies a repeated request, from its deterministic serialisation."""
    return hashlib.sha256(request).hexdigest()


def state_name(state: job_pb2.JobState) -> str:
    """Return the name of a state without its prefix, RUNNING for example."""
    return job_pb2.JobState.Name(state).removeprefix("JOB_STATE_")


def start(job: Job, clock: JobClock) -> None:
    """QUEUED → RUNNING: start an attempt."""
    job.state = RUNNING
    job.attempts += 1
    job.queue_position = 0
    clock.stamp(job.started_at)


def requeue(job: Job) -> None:
    """RUNNING → QUEUED: the attempt was lost and the job will be retried."""
    job.state = QUEUED
    for field in ("progress", "started_at"):
        job.ClearField(field)


def put_back(job: Job) -> None:
    """RUNNING → QUEUED, because the service shuts down; the attempt is not counted."""
    if job.state == RUNNING:
        job.attempts -= 1
    requeue(job)


def end(job: Job, state: job_pb2.JobState, clock: JobClock) -> None:
    """Any state → a final state, which has no progress and no queue position."""
    job.state = state
    job.queue_position = 0
    clock.stamp(job.ended_at)
    job.ClearField("progress")


def fail(job: Job, error: TickreelError, clock: JobClock) -> None:
    """Any state → FAILED, with an error."""
    job.failure.CopyFrom(error.to_failure())
    end(job, FAILED, clock)


def give_up(job: Job, clock: JobClock) -> None:
    """RUNNING → FAILED, because the service died too often while the job ran."""
    times = "once" if job.attempts == 1 else f"{job.attempts} times"
    message = (
        f"the service died while this job ran; it was started {times}. Nothing half-finished is left. Create it again, or allow"
        " more attempts with TICKREEL_MAX_ATTEMPTS"
    )
    fail(job, TickreelError("INTERRUPTED", message, attempts=job.attempts), clock)
