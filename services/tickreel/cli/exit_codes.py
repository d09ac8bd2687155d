"""Exit codes of the commands: 0 done, 1 failed, 2 refused, 130 cancelled."""

from tickreel.v1 import job_pb2

DONE = 0
FAILED = 1
REFUSED = 2
CANCELLED = 130

# Reasons of refusals: the same request would be refused again.
_REFUSALS = frozenset(
    {
        "INVALID_REQUEST",
        "CONFIG_INVALID",
        "DATA_REFUSED",
        "ENVIRONMENT_MISMATCH",
        "STORE_NOT_WRITABLE",
        "STORE_NOT_READABLE",
        "STORE_FULL",
        "NOT_FOUND",
        "RESULT_DELETED",
        "TABLE_NOT_KEPT",
        "REQUEST_ID_REUSED",
        "JOB_ENDED",
        "NOT_VERIFIABLE",
    }
)


def of_reason(reason: str) -> int:
    """Return the exit code of an error: refused or failed."""
    return REFUSED if reason in _REFUSALS else FAILED


def of_job(state: job_pb2.JobState, failure: job_pb2.JobFailure) -> int:
    """Return the exit code of a job in its final state."""
    if state == job_pb2.JOB_STATE_SUCCEEDED:
        return DONE
    return CANCELLED if state == job_pb2.JOB_STATE_CANCELLED else of_reason(failure.reason)
