"""One exception type, from where a fault is found to the client that prints it.

A service raises `TickreelError`; the server turns it into a gRPC status with exactly one `google.rpc.ErrorInfo`, and a
`google.rpc.BadRequest` where fields are at fault (AIP-193); a client turns that status back into a `TickreelError`. A job that
raises one ends FAILED with the same reason, message and metadata.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from tickreel.v1 import error_reason_pb2, job_pb2

DOMAIN = "tickreel"

# gRPC's default for metadata is 8 KiB, and the details of an error travel as metadata.
MAX_VIOLATIONS = 50
MAX_MESSAGE = 2000


@dataclass(frozen=True)
class Violation:
    """One problem of a request or config: the path of the field, and what is wrong and what would be right."""

    field: str
    description: str


class TickreelError(Exception):
    """Why something was refused or failed.

    Args:
        reason: The name of an `ErrorReason` without its prefix.
        message: What happened, where, and what to do about it.
        violations: The fields at fault, one a problem.
        metadata: The dynamic parts of the message, as strings.

    Raises:
        ValueError: The reason is not one of the contract's.
    """

    def __init__(self, reason: str, message: str, violations: Iterable[Violation] = (), **metadata: object) -> None:
        if reason not in _CODES:
            raise ValueError(f"unknown error reason {reason!r}")
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.violations = tuple(violations)
        self.metadata = {key: str(value) for key, value in metadata.items()}

    @property
    def code(self) -> grpc.StatusCode:
        """The canonical code that the reason travels under."""
        return _CODES[self.reason]

    def __str__(self) -> str:
        if not self.violations:
            return self.message
        return "\n".join([self.message, *(f"  {v.field}: {v.description}" for v in self.violations)])

    def to_failure(self) -> job_pb2.JobFailure:
        """The failure of a job that raised this."""
        return job_pb2.JobFailure(reason=self.reason, message=str(self), metadata=self.metadata)

    def to_status(self) -> grpc.Status:
        """The gRPC status that carries this."""
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=self.metadata)
        details = [_pack(info)]
        if self.violations:
            bad_request = error_details_pb2.BadRequest()
            for violation in self.violations[:MAX_VIOLATIONS]:
                bad_request.field_violations.add(field=violation.field, description=violation.description[:MAX_MESSAGE])
            details.append(_pack(bad_request))
        code = getattr(code_pb2, self.code.name)
        return rpc_status.to_status(status_pb2.Status(code=code, message=self.message[:MAX_MESSAGE], details=details))

    @classmethod
    def from_rpc_error(cls, error: grpc.RpcError, service: str = "", address: str = "") -> "TickreelError":
        """The error that a call to a service ended with; any status is taken, even one that is not ours."""
        assert isinstance(error, grpc.Call | grpc.aio.AioRpcError)
        info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        for trailer in error.trailing_metadata() or ():
            if trailer[0] == "grpc-status-details-bin":
                for detail in status_pb2.Status.FromString(trailer[1]).details:
                    detail.Unpack(info)
                    detail.Unpack(bad_request)
        if info.domain == DOMAIN and info.reason in _CODES:
            violations = [Violation(v.field, v.description) for v in bad_request.field_violations]
            return cls(info.reason, error.details() or "", violations, **info.metadata)
        if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            message = f"the {service or 'called'} service at {address or 'its address'} does not answer: {error.details()}"
            return cls("SERVICE_UNAVAILABLE", message, service=service, address=address)
        return cls("INTERNAL", f"{error.code().name}: {error.details()}")


def not_found(kind: str, identifier: str) -> TickreelError:
    """There is no such thing; `kind` is the field's word for it: run, dataset, and so on."""
    return TickreelError("NOT_FOUND", f"there is no {kind} {identifier!r}", kind=kind, id=identifier)


def invalid_request(field: str, description: str) -> TickreelError:
    """A field of the request itself is malformed."""
    return TickreelError("INVALID_REQUEST", f"{field}: {description}", [Violation(field, description)])


def _pack(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


_CODES = {
    "INVALID_REQUEST": grpc.StatusCode.INVALID_ARGUMENT,
    "CONFIG_INVALID": grpc.StatusCode.INVALID_ARGUMENT,
    "DATA_REFUSED": grpc.StatusCode.INVALID_ARGUMENT,
    "ENVIRONMENT_MISMATCH": grpc.StatusCode.FAILED_PRECONDITION,
    "STORE_NOT_WRITABLE": grpc.StatusCode.FAILED_PRECONDITION,
    "NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "REQUEST_ID_REUSED": grpc.StatusCode.ALREADY_EXISTS,
    "JOB_ENDED": grpc.StatusCode.FAILED_PRECONDITION,
    "INTERRUPTED": grpc.StatusCode.ABORTED,
    "WORKER_DIED": grpc.StatusCode.ABORTED,
    "REPLAY_FAILED": grpc.StatusCode.ABORTED,
    "SERVICE_UNAVAILABLE": grpc.StatusCode.UNAVAILABLE,
    "DATA_CHANGED": grpc.StatusCode.FAILED_PRECONDITION,
    "INTERNAL": grpc.StatusCode.INTERNAL,
}
assert {f"ERROR_REASON_{reason}" for reason in _CODES} == set(error_reason_pb2.ErrorReason.keys()[1:])
