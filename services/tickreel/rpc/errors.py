"""One exception type, from where a fault is found to the client that prints it.

A service raises `TickreelError`; the server turns it into a gRPC status with exactly one `google.rpc.ErrorInfo`, and a
`google.rpc.BadRequest` where fields are at fault (AIP-193); a client turns that status back into a `TickreelError`. A job that
raises one ends FAILED with the same reason, message and metadata.
"""

import errno
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from tickreel.v1 import error_reason_pb2, job_pb2

DOMAIN = "tickreel"

# An error travels as metadata, of which a gRPC client takes 8 KiB by default; the difference is for gRPC's own entries.
WIRE_BYTES = 7680
# What the parts may take of it: a long message or value is cut so that violations have room.
MESSAGE_BYTES = 1500
VALUE_BYTES = 300

# The most characters of a value that a message shows, and of the message of a failed job: a list has many of them.
_VALUE_SHOWN = 100
_FAILURE_SHOWN = 16_384

# What sqlite's log and its index take at the least.
_LEAST_SPACE = 128 * 1024
# The field of the violation that stands for those that a cut list leaves out, and the metadata that counts all.
_REST = "…"
_COUNT = "violations"

# How a full disk or quota sounds, whichever library met it; the last is sqlite's.
_FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), "database or disk is full")


@dataclass(frozen=True)
class Violation:
    """One problem of a request or config: the path of the field, and what is wrong and what would be right.

    Attributes:
        count: How many problems this stands for. More than one only in the last violation of a list that was cut.
    """

    field: str
    description: str
    count: int = 1

    @classmethod
    def rest(cls, count: int) -> "Violation":
        """The last violation of a list that was cut; `count` is the number of problems that are not listed."""
        return cls(_REST, f"{count} more; there is no room to show them", count)


def problems(violations: Iterable[Violation]) -> str:
    """The number of problems in words, those that a cut list leaves out included: one problem, 400 problems."""
    count = count_of(violations)
    return "one problem" if count == 1 else f"{count} problems"


def count_of(violations: Iterable[Violation]) -> int:
    """The number of problems, those that a cut list leaves out included."""
    return sum(violation.count for violation in violations)


class TickreelError(Exception):
    """Why something was refused or failed.

    Args:
        reason: The name of an `ErrorReason` without its prefix.
        message: What happened, where, and what to do about it.
        violations: The fields at fault, one a problem.
        metadata: The dynamic parts of the message, as strings; any key, those of the arguments before too.

    Raises:
        ValueError: The reason is not one of the contract's.
    """

    def __init__(self, reason: str, message: str, violations: Iterable[Violation] = (), /, **metadata: object) -> None:
        if reason not in _CODES:
            raise ValueError(f"unknown error reason {reason!r}")
        super().__init__(message)
        self.reason = reason
        self.message = _text(message)
        self.violations = tuple(Violation(_text(v.field), _text(v.description), v.count) for v in violations)
        self.metadata = {key: _text(str(value)) for key, value in metadata.items()}

    @property
    def code(self) -> grpc.StatusCode:
        """The canonical code that the reason travels under."""
        return _CODES[self.reason]

    def __str__(self) -> str:
        lines = (f"{violation.field}: {violation.description}" for violation in self.violations)
        # The message of `invalid_request` is its violation.
        return "\n".join([self.message, *(f"  {line}" for line in lines if line != self.message)])

    def to_failure(self) -> job_pb2.JobFailure:
        """The failure of a job that raised this."""
        return job_pb2.JobFailure(**self.to_json())

    def to_json(self) -> dict[str, Any]:
        """The error as JSON values, as a worker process reports it; violations are in the message."""
        metadata = {key: excerpt(value, _FAILURE_SHOWN) for key, value in self.metadata.items()}
        return {"reason": self.reason, "message": excerpt(self, _FAILURE_SHOWN), "metadata": metadata}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "TickreelError":
        """The error that `to_json` gave."""
        return cls(values["reason"], values["message"], **values["metadata"])

    def to_status(self) -> grpc.Status:
        """The gRPC status that carries this.

        What does not fit into a client's default limit is left out: the ends of a long message and of long metadata, and
        the violations after those that have room, whose number stands in their place. The metadata `violations` then counts
        all problems.
        """
        message = _cut(self.message, MESSAGE_BYTES)
        metadata = {key: _cut(value, VALUE_BYTES) for key, value in self.metadata.items()}
        status, whole = self._status(message, metadata)
        if not whole:
            status, _ = self._status(message, metadata | {_COUNT: str(count_of(self.violations))})
        return rpc_status.to_status(status)

    def _status(self, message: str, metadata: dict[str, str]) -> tuple[status_pb2.Status, bool]:
        """The status with as many violations as have room, and whether these are all."""
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=metadata)
        status = status_pb2.Status(code=getattr(code_pb2, self.code.name), message=message, details=[_pack(info)])
        if not self.violations:
            return status, True
        # The details are in base64.
        room = (WIRE_BYTES - _wire_bytes(message)) * 3 // 4 - status.ByteSize()
        bad_request = _bad_request(self.violations, room)
        status.details.append(_pack(bad_request))
        return status, bad_request.field_violations[-1].field != _REST

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
            if violations and violations[-1].field == _REST and info.metadata.get(_COUNT, "").isdecimal():
                violations[-1] = Violation.rest(int(info.metadata[_COUNT]) - len(violations) + 1)
            return cls(info.reason, error.details() or "", violations, **info.metadata)
        if error.code() in _UNANSWERED:
            # gRPC tells the whole way to the cause, which stands last.
            cause = (error.details() or "").rpartition(": ")[2]
            message = f"the {service or 'called'} service at {address or 'its address'} does not answer: {cause}"
            return cls("SERVICE_UNAVAILABLE", message, service=service, address=address)
        if error.code() is grpc.StatusCode.UNIMPLEMENTED:
            message = (
                f"what answers at {address or 'its address'} is not the {service or 'called'} service, or is of another version"
            )
            return cls("SERVICE_UNAVAILABLE", message, service=service, address=address)
        if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
            message = f"a message to or from the {service or 'called'} service is too large: {error.details()}"
            return cls("INVALID_REQUEST", message, service=service)
        return cls("INTERNAL", f"{error.code().name}: {error.details()}")


def not_found(kind: str, identifier: str) -> TickreelError:
    """There is no such thing; `kind` is the field's word for it: run, dataset, and so on."""
    return TickreelError("NOT_FOUND", f"there is no {kind} {identifier!r}", kind=kind, id=identifier)


def invalid_request(field: str, description: str) -> TickreelError:
    """A field of the request itself is malformed."""
    return TickreelError("INVALID_REQUEST", f"{field}: {description}", [Violation(field, description)])


def excerpt(value: object, most: int = _VALUE_SHOWN) -> str:
    """The beginning of a text from outside, which may be of any length, and how long it is in all."""
    text = str(value)
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def is_full(error: Exception) -> bool:
    """Whether something failed because no space is left for what it writes."""
    return any(words in str(error) for words in _FULL)


def not_writable(what: str, path: Path, error: Exception) -> TickreelError:
    """Something cannot be written: STORE_FULL where no space is left for it, else STORE_NOT_WRITABLE.

    Args:
        what: What it is called, with its path where that says more than `path`.
        path: The folder whose disk or permissions are at fault.
        error: As the system, or a library that wrote there, has it.
    """
    if is_full(error) or _is_full_disk(path):
        message = f"{what} cannot be written, no space is left in {path}: free some, and try again"
        return TickreelError("STORE_FULL", message, path=path)
    said = (isinstance(error, OSError) and error.strerror) or error
    return TickreelError("STORE_NOT_WRITABLE", f"{what} cannot be written in {path}: {said}", path=path)


def _is_full_disk(path: Path) -> bool:
    """Whether a disk has no room for a page of a database, which sqlite reports as an I/O error."""
    try:
        space = os.statvfs(path)
    except OSError:
        return False
    return space.f_bavail * space.f_frsize < _LEAST_SPACE and not space.f_flag & os.ST_RDONLY


def not_readable(what: str, path: Path, error: Exception) -> TickreelError:
    """STORE_NOT_READABLE: something that is there as a rule cannot be read; `not_writable` has the arguments."""
    said = (isinstance(error, OSError) and error.strerror) or error
    hint = "let the user of the service read it" if isinstance(error, PermissionError) else "is its disk mounted?"
    return TickreelError("STORE_NOT_READABLE", f"{what} cannot be read in {path}: {said}; {hint}", path=path)


def _pack(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def _bad_request(violations: Sequence[Violation], room: int) -> error_details_pb2.BadRequest:
    """The violations that have room, in bytes; where not all do, the last says how many more there are."""
    fitting = error_details_pb2.BadRequest()
    # For the envelope and for the violation that counts the others.
    room -= 200
    for shown, violation in enumerate(violations):
        description = _cut(violation.description, MESSAGE_BYTES)
        one = error_details_pb2.BadRequest.FieldViolation(field=_cut(violation.field, VALUE_BYTES), description=description)
        room -= one.ByteSize() + 4
        if room < 0:
            rest = Violation.rest(count_of(violations[shown:]))
            fitting.field_violations.add(field=rest.field, description=rest.description)
            break
        fitting.field_violations.append(one)
    return fitting


def _text(text: str) -> str:
    """A text that can travel: the name of a file may have bytes that are no UTF-8, which Python holds as lone surrogates."""
    return text.encode(errors="backslashreplace").decode()


def _cut(text: str, limit: int) -> str:
    """As much of a text as takes no more bytes on the wire than the limit."""
    # A character takes a byte or more: what lies behind the limit is not looked at, however long it is.
    text, whole = text[:limit], text
    if text == whole and _wire_bytes(text) <= limit:
        return text
    kept, room = "", limit - _wire_bytes("…")
    for character in text:
        room -= _wire_bytes(character)
        if room < 0:
            break
        kept += character
    return kept + "…"


def _wire_bytes(text: str) -> int:
    """What a message takes on the wire, where all but printable ASCII is percent-encoded."""
    return sum(1 if 0x20 <= byte < 0x7F and byte != ord("%") else 3 for byte in text.encode())


# What a call ends with where nobody answers, or where the service goes away amid an answer. What a service of ours has to say
# for itself comes with a reason.
_UNANSWERED = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.INTERNAL,
)

_CODES = {
    "INVALID_REQUEST": grpc.StatusCode.INVALID_ARGUMENT,
    "CONFIG_INVALID": grpc.StatusCode.INVALID_ARGUMENT,
    "DATA_REFUSED": grpc.StatusCode.INVALID_ARGUMENT,
    "ENVIRONMENT_MISMATCH": grpc.StatusCode.FAILED_PRECONDITION,
    "STORE_NOT_WRITABLE": grpc.StatusCode.FAILED_PRECONDITION,
    "NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "RESULT_DELETED": grpc.StatusCode.NOT_FOUND,
    "TABLE_NOT_KEPT": grpc.StatusCode.FAILED_PRECONDITION,
    "REQUEST_ID_REUSED": grpc.StatusCode.ALREADY_EXISTS,
    "JOB_ENDED": grpc.StatusCode.FAILED_PRECONDITION,
    "INTERRUPTED": grpc.StatusCode.ABORTED,
    "WORKER_DIED": grpc.StatusCode.ABORTED,
    "REPLAY_FAILED": grpc.StatusCode.ABORTED,
    "SERVICE_UNAVAILABLE": grpc.StatusCode.UNAVAILABLE,
    "DATA_CHANGED": grpc.StatusCode.FAILED_PRECONDITION,
    "INTERNAL": grpc.StatusCode.INTERNAL,
    "OUT_OF_MEMORY": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "ENGINE_ABORTED": grpc.StatusCode.ABORTED,
    "WORKER_HUNG": grpc.StatusCode.ABORTED,
    "STORE_FULL": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "STORE_NOT_READABLE": grpc.StatusCode.FAILED_PRECONDITION,
    "NOT_VERIFIABLE": grpc.StatusCode.FAILED_PRECONDITION,
    "STORE_CORRUPT": grpc.StatusCode.DATA_LOSS,
    "JOB_NOT_ENDED": grpc.StatusCode.FAILED_PRECONDITION,
}
assert {f"ERROR_REASON_{reason}" for reason in _CODES} == set(error_reason_pb2.ErrorReason.keys()[1:])
