"""What a conversion and a run have in common: the state machine of `JobState`, and the fields that it moves."""

import hashlib
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


class Job(Protocol):
    """The resource of a job as its contract has it: `Conversion` or `Run`."""

    state: job_pb2.JobState
    progress: job_pb2.Progress
    failure: job_pb2.JobFailure
    created_at: timestamp_pb2.Timestamp
    started_at: timestamp_pb2.Timestamp
    ended_at: timestamp_pb2.Timestamp

    def SerializeToString(self) -> bytes: ...  # noqa: N802 - protobuf's own name
    def ClearField(self, field_name: str) -> None: ...  # noqa: N802 - protobuf's own name
    def CopyFrom(self, other: "Job") -> None: ...  # noqa: N802 - protobuf's own name


def request_digest(request: bytes) -> str:
    """The digest by which a repeated request is known, from its deterministic serialisation."""
    return hashlib.sha256(request).hexdigest()


def state_name(state: job_pb2.JobState) -> str:
    """The state without its prefix: RUNNING, for example."""
    return job_pb2.JobState.Name(state).removeprefix("JOB_STATE_")


def start(job: Job) -> None:
    """QUEUED → RUNNING."""
    job.state = RUNNING
    job.started_at.GetCurrentTime()


def end(job: Job, state: job_pb2.JobState) -> None:
    """Any state → a final one; a final job has no progress left to show."""
    job.state = state
    job.ended_at.GetCurrentTime()
    job.ClearField("progress")


def fail(job: Job, error: TickreelError) -> None:
    """Any state → FAILED, with the reason."""
    job.failure.CopyFrom(error.to_failure())
    end(job, FAILED)


def interrupt(job: Job) -> None:
    """QUEUED, RUNNING or CANCELLING → FAILED, because the service stopped."""
    phase = job_pb2.JobPhase.Name(job.progress.phase).removeprefix("JOB_PHASE_")
    was = state_name(job.state).lower()
    message = f"the service stopped while this was {was}; nothing half-made is left: create it again"
    fail(job, TickreelError("INTERRUPTED", message, phase=phase, state=was))
