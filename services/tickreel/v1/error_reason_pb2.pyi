from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class ErrorReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_REASON_UNSPECIFIED: _ClassVar[ErrorReason]
    ERROR_REASON_INVALID_REQUEST: _ClassVar[ErrorReason]
    ERROR_REASON_CONFIG_INVALID: _ClassVar[ErrorReason]
    ERROR_REASON_DATA_REFUSED: _ClassVar[ErrorReason]
    ERROR_REASON_ENVIRONMENT_MISMATCH: _ClassVar[ErrorReason]
    ERROR_REASON_STORE_NOT_WRITABLE: _ClassVar[ErrorReason]
    ERROR_REASON_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_REQUEST_ID_REUSED: _ClassVar[ErrorReason]
    ERROR_REASON_JOB_ENDED: _ClassVar[ErrorReason]
    ERROR_REASON_INTERRUPTED: _ClassVar[ErrorReason]
    ERROR_REASON_WORKER_DIED: _ClassVar[ErrorReason]
    ERROR_REASON_REPLAY_FAILED: _ClassVar[ErrorReason]
    ERROR_REASON_SERVICE_UNAVAILABLE: _ClassVar[ErrorReason]
    ERROR_REASON_DATA_CHANGED: _ClassVar[ErrorReason]
    ERROR_REASON_INTERNAL: _ClassVar[ErrorReason]
    ERROR_REASON_OUT_OF_MEMORY: _ClassVar[ErrorReason]
    ERROR_REASON_ENGINE_ABORTED: _ClassVar[ErrorReason]
    ERROR_REASON_WORKER_HUNG: _ClassVar[ErrorReason]
    ERROR_REASON_STORE_FULL: _ClassVar[ErrorReason]
    ERROR_REASON_STORE_NOT_READABLE: _ClassVar[ErrorReason]
    ERROR_REASON_NOT_VERIFIABLE: _ClassVar[ErrorReason]
    ERROR_REASON_RESULT_DELETED: _ClassVar[ErrorReason]
    ERROR_REASON_TABLE_NOT_KEPT: _ClassVar[ErrorReason]
    ERROR_REASON_STORE_CORRUPT: _ClassVar[ErrorReason]
    ERROR_REASON_JOB_NOT_ENDED: _ClassVar[ErrorReason]
ERROR_REASON_UNSPECIFIED: ErrorReason
ERROR_REASON_INVALID_REQUEST: ErrorReason
ERROR_REASON_CONFIG_INVALID: ErrorReason
ERROR_REASON_DATA_REFUSED: ErrorReason
ERROR_REASON_ENVIRONMENT_MISMATCH: ErrorReason
ERROR_REASON_STORE_NOT_WRITABLE: ErrorReason
ERROR_REASON_NOT_FOUND: ErrorReason
ERROR_REASON_REQUEST_ID_REUSED: ErrorReason
ERROR_REASON_JOB_ENDED: ErrorReason
ERROR_REASON_INTERRUPTED: ErrorReason
ERROR_REASON_WORKER_DIED: ErrorReason
ERROR_REASON_REPLAY_FAILED: ErrorReason
ERROR_REASON_SERVICE_UNAVAILABLE: ErrorReason
ERROR_REASON_DATA_CHANGED: ErrorReason
ERROR_REASON_INTERNAL: ErrorReason
ERROR_REASON_OUT_OF_MEMORY: ErrorReason
ERROR_REASON_ENGINE_ABORTED: ErrorReason
ERROR_REASON_WORKER_HUNG: ErrorReason
ERROR_REASON_STORE_FULL: ErrorReason
ERROR_REASON_STORE_NOT_READABLE: ErrorReason
ERROR_REASON_NOT_VERIFIABLE: ErrorReason
ERROR_REASON_RESULT_DELETED: ErrorReason
ERROR_REASON_TABLE_NOT_KEPT: ErrorReason
ERROR_REASON_STORE_CORRUPT: ErrorReason
ERROR_REASON_JOB_NOT_ENDED: ErrorReason
