"""How a command ends: 0 done, 1 failed, 2 refused, 130 cancelled."""

from typing import IO, Any

import click

from tickreel.cli.display import screen
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import job_pb2

DONE = 0
FAILED = 1
REFUSED = 2
CANCELLED = 130

# The reasons that lie in what was asked for: the same request again would end the same.
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
    """The exit code of an error with this reason: refused or failed."""
    return REFUSED if reason in _REFUSALS else FAILED


def of_job(state: job_pb2.JobState, failure: job_pb2.JobFailure) -> int:
    """The exit code of a job that ended so."""
    if state == job_pb2.JOB_STATE_SUCCEEDED:
        return DONE
    return CANCELLED if state == job_pb2.JOB_STATE_CANCELLED else of_reason(failure.reason)


class CommandError(click.ClickException):
    """An error of a service, as click ends a command with it: the message, and one line a violation."""

    def __init__(self, error: TickreelError) -> None:
        address = error.metadata.get("address")
        hint = "\n  `tickreel up` starts the services; --address says where they are" if address else ""
        super().__init__(f"{error}{hint}")
        self.exit_code = of_reason(error.reason)

    def show(self, file: IO[Any] | None = None) -> None:
        """Prints the error to standard error."""
        screen.say_error(self.message)
