"""`TickreelError`, the one exception type between the code that finds a fault and the client that prints it.

A service raises `TickreelError`. The server converts it to a gRPC status with exactly one `google.rpc.ErrorInfo`, and a
`google.rpc.BadRequest` if fields are at fault (AIP-193). A client converts the status back to a `TickreelError`. A job that
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

# A gRPC client accepts 8 KiB of metadata by default, which includes the error. The difference is left for gRPC's own entries.
WIRE_BYTES = 7680
# Limits of the parts of an error: long messages and values are cut to leave room for violations.
MESSAGE_BYTES = 1500
VALUE_BYTES = 300

# Most characters of a value shown in a message, and of the message of a failed job, which lists repeat.
_VALUE_SHOWN = 100
_FAILURE_SHOWN = 16_384

# SQLite needs at least this many bytes for its log and the index of the log.
_LEAST_SPACE = 128 * 1024
# Field of the violation that replaces the end of a cut list, and the metadata key with the count of all violations.
_REST = "…"
_COUNT = "violations"

# Messages of a full disk or quota from any library; the last one is SQLite's.
_FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), "database or disk is full")


@dataclass(frozen=True)
class Violation:
    """One problem of a request or config: the path of the field, the fault, and how to fix it.

    Attributes:
        count: The number of problems. It is above one only in the last violation of a cut list.
    """

    field: str
    description: str
    count: int = 1

    @classmethod
    def rest(cls, count: int) -> "Violation":
        """Return the last violation of a cut list; `count` is the number of problems that are not listed."""
        return cls(_REST, f"{count} more; there is no room to show them", count)


def problems(violations: Iterable[Violation]) -> str:
    """Return the number of problems in words (one problem, 400 problems), including those left out of a cut list."""
    count = count_of(violations)
    return "one problem" if count == 1 else f"{count} problems"


def count_of(violations: Iterable[Violation]) -> int:
    """Return the number of problems, including those left out of a cut list."""
    return sum(violation.count for violation in violations)


class TickreelError(Exception):
    """The reason why a request was refused or a job failed.

    Args:
        reason: The name of an `ErrorReason` without its prefix.
        message: What failed, where, and what to do.
        violations: The problems of fields, one each.
        metadata: The variable parts of the message, as strings. Any key is allowed, even "reason" or "message".

    Raises:
        ValueError: The contract has no such reason.
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
        """The gRPC status code of the reason."""
        return _CODES[self.reason]

    def __str__(self) -> str:
        lines = (f"{violation.field}: {violation.description}" for violation in self.violations)
        # The message of `invalid_request` is its violation.
        return "\n".join([self.message, *(f"  {line}" for line in lines if line != self.message)])

    def to_failure(self) -> job_pb2.JobFailure:
        """Convert the error to the failure of a job."""
        return job_pb2.JobFailure(**self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Convert the error to JSON values, which a worker process reports. Violations become part of the message."""
        metadata = {key: excerpt(value, _FAILURE_SHOWN) for key, value in self.metadata.items()}
        return {"reason": self.reason, "message": excerpt(self, _FAILURE_SHOWN), "metadata": metadata}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "TickreelError":
        """Convert the values of `to_json` back to an error."""
        return cls(values["reason"], values["message"], **values["metadata"])

    def to_status(self) -> grpc.Status:
        """Convert the error to a gRPC status.

        The status is cut to the default limit of clients: the ends of a long message and of long metadata are left out.
        Violations that do not fit are replaced by one that says how many there are. The metadata `violations` then counts
        all problems.
        """
        message = _cut(self.message, MESSAGE_BYTES)
        metadata = {key: _cut(value, VALUE_BYTES) for key, value in self.metadata.items()}
        status, whole = self._status(message, metadata)
        if not whole:
            status, _ = self._status(message, metadata | {_COUNT: str(count_of(self.violations))})
        return rpc_status.to_status(status)

    def _status(self, message: str, metadata: dict[str, str]) -> tuple[status_pb2.Status, bool]:
        """Return the status with as many violations as fit, and whether these are all."""
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=metadata)
        status = status_pb2.Status(code=getattr(code_pb2, self.code.name), message=message, details=[_pack(info)])
        if not self.violations:
            return status, True
        # The details are sent in base64.
        room = (WIRE_BYTES - _wire_bytes(message)) * 3 // 4 - status.ByteSize()
        bad_request = _bad_request(self.violations, room)
        status.details.append(_pack(bad_request))
        return status, bad_request.field_violations[-1].field != _REST

    @classmethod
    def from_rpc_error(cls, error: grpc.RpcError, service: str = "", address: str = "") -> "TickreelError":
        """Convert the error of a call to a service. The status may come from a program other than our services."""
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
            # gRPC gives the chain of errors; the cause is the last one.
            cause = (error.details() or "").rpartition(": ")[2]
            message = f"the {service or 'called'} service at {address or 'its address'} does not answer: {cause}"
            return cls("SERVICE_UNAVAILABLE", message, service=service, address=address)
        if error.code() is grpc.StatusCode.UNIMPLEMENTED:
            message = (
                f"the server at {address or 'its address'} is not the {service or 'called'} service, or has another version"
            )
            return cls("SERVICE_UNAVAILABLE", message, service=service, address=address)
        if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
            message = f"a message to or from the {service or 'called'} service is too large: {error.details()}"
            return cls("INVALID_REQUEST", message, service=service)
        return cls("INTERNAL", f"{error.code().name}: {error.details()}")


def not_found(kind: str, identifier: str) -> TickreelError:
    """Return NOT_FOUND for an unknown id; `kind` is the name of its resource: run, dataset, and so on."""
    return TickreelError("NOT_FOUND", f"there is no {kind} {identifier!r}", kind=kind, id=identifier)


def invalid_request(field: str, description: str) -> TickreelError:
    """Return INVALID_REQUEST for a malformed field of a request."""
    return TickreelError("INVALID_REQUEST", f"{field}: {description}", [Violation(field, description)])


def excerpt(value: object, most: int = _VALUE_SHOWN) -> str:
    """Return the beginning of a text of any length, and the total length if it was cut."""
    text = str(value)
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


def is_full(error: Exception) -> bool:
    """Return whether an error means that no space is left on a disk."""
    return any(words in str(error) for words in _FULL)


def not_writable(what: str, path: Path, error: Exception) -> TickreelError:
    """Return the error of a failed write: STORE_FULL if no space is left, else STORE_NOT_WRITABLE.

    Args:
        what: The name of the file or store, including its path if `path` is not enough to find it.
        path: The folder whose disk or permissions are at fault.
        error: The error of the system or of a library.
    """
    if is_full(error) or _is_full_disk(path):
        message = f"{what} cannot be written: no space is left in {path}; free some and try again"
        return TickreelError("STORE_FULL", message, path=path)
    said = (isinstance(error, OSError) and error.strerror) or error
    return TickreelError("STORE_NOT_WRITABLE", f"{what} cannot be written in {path}: {said}", path=path)


def _is_full_disk(path: Path) -> bool:
    """Return whether a disk has no room for a page of a database; SQLite reports this as an I/O error."""
    try:
        space = os.statvfs(path)
    except OSError:
        return False
    return space.f_bavail * space.f_frsize < _LEAST_SPACE and not space.f_flag & os.ST_RDONLY


def not_readable(what: str, path: Path, error: Exception) -> TickreelError:
    """Return STORE_NOT_READABLE for a failed read. The arguments are those of `not_writable`."""
    said = (isinstance(error, OSError) and error.strerror) or error
    hint = (
        "give the user of the service permission to read it" if isinstance(error, PermissionError) else "is its disk mounted?"
    )
    return TickreelError("STORE_NOT_READABLE", f"{what} cannot be read in {path}: {said}; {hint}", path=path)


def _pack(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def _bad_request(violations: Sequence[Violation], room: int) -> error_details_pb2.BadRequest:
    """Return the violations that fit into `room` bytes. If some do not fit, the last one says how many."""
    fitting = error_details_pb2.BadRequest()
    # Bytes for the envelope and for the violation that counts the rest.
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
    """Replace lone surrogates, which Python uses for file names that are not UTF-8 and protobuf refuses."""
    return text.encode(errors="backslashreplace").decode()


def _cut(text: str, limit: int) -> str:
    """Cut a text to a number of bytes on the wire."""
    # A character takes at least one byte, so the text after the limit need not be read, however long it is.
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
    """Return the bytes of a message on the wire, where everything except printable ASCII is percent-encoded."""
    return sum(1 if 0x20 <= byte < 0x7F and byte != ord("%") else 3 for byte in text.encode())


# Status codes of a call without an answer, or whose service went away during the answer. Errors of our own services have an
# ErrorInfo and are recognised earlier.
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
