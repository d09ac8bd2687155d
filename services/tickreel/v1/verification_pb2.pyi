import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tickreel.v1 import report_pb2 as _report_pb2
from tickreel.v1 import result_pb2 as _result_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_EQUAL: _ClassVar[Verdict]
    VERDICT_DIFFERENT: _ClassVar[Verdict]

class RunInput(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUN_INPUT_UNSPECIFIED: _ClassVar[RunInput]
    RUN_INPUT_CONFIG: _ClassVar[RunInput]
    RUN_INPUT_DATA: _ClassVar[RunInput]
    RUN_INPUT_ENGINE: _ClassVar[RunInput]
    RUN_INPUT_CODE: _ClassVar[RunInput]
VERDICT_UNSPECIFIED: Verdict
VERDICT_EQUAL: Verdict
VERDICT_DIFFERENT: Verdict
RUN_INPUT_UNSPECIFIED: RunInput
RUN_INPUT_CONFIG: RunInput
RUN_INPUT_DATA: RunInput
RUN_INPUT_ENGINE: RunInput
RUN_INPUT_CODE: RunInput

class Verification(_message.Message):
    __slots__ = ("verdict", "recorded_digest", "result_digest", "orders", "fills", "inputs", "divergence", "summary", "findings")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    RECORDED_DIGEST_FIELD_NUMBER: _ClassVar[int]
    RESULT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    DIVERGENCE_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    verdict: Verdict
    recorded_digest: str
    result_digest: str
    orders: int
    fills: int
    inputs: _containers.RepeatedCompositeFieldContainer[InputChange]
    divergence: Divergence
    summary: _containers.RepeatedCompositeFieldContainer[FieldDifference]
    findings: _containers.RepeatedCompositeFieldContainer[_result_pb2.Finding]
    def __init__(self, verdict: _Optional[_Union[Verdict, str]] = ..., recorded_digest: _Optional[str] = ..., result_digest: _Optional[str] = ..., orders: _Optional[int] = ..., fills: _Optional[int] = ..., inputs: _Optional[_Iterable[_Union[InputChange, _Mapping]]] = ..., divergence: _Optional[_Union[Divergence, _Mapping]] = ..., summary: _Optional[_Iterable[_Union[FieldDifference, _Mapping]]] = ..., findings: _Optional[_Iterable[_Union[_result_pb2.Finding, _Mapping]]] = ...) -> None: ...

class InputChange(_message.Message):
    __slots__ = ("input", "name", "recorded", "present")
    INPUT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    PRESENT_FIELD_NUMBER: _ClassVar[int]
    input: RunInput
    name: str
    recorded: str
    present: str
    def __init__(self, input: _Optional[_Union[RunInput, str]] = ..., name: _Optional[str] = ..., recorded: _Optional[str] = ..., present: _Optional[str] = ...) -> None: ...

class FieldDifference(_message.Message):
    __slots__ = ("name", "recorded", "again")
    NAME_FIELD_NUMBER: _ClassVar[int]
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    AGAIN_FIELD_NUMBER: _ClassVar[int]
    name: str
    recorded: str
    again: str
    def __init__(self, name: _Optional[str] = ..., recorded: _Optional[str] = ..., again: _Optional[str] = ...) -> None: ...

class Divergence(_message.Message):
    __slots__ = ("order_id", "fill_id", "ts", "fields", "recorded_order", "recorded_fills", "order", "fills")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    FILL_ID_FIELD_NUMBER: _ClassVar[int]
    TS_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    RECORDED_ORDER_FIELD_NUMBER: _ClassVar[int]
    RECORDED_FILLS_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    fill_id: int
    ts: _timestamp_pb2.Timestamp
    fields: _containers.RepeatedCompositeFieldContainer[FieldDifference]
    recorded_order: _report_pb2.Order
    recorded_fills: _containers.RepeatedCompositeFieldContainer[_report_pb2.Fill]
    order: _report_pb2.Order
    fills: _containers.RepeatedCompositeFieldContainer[_report_pb2.Fill]
    def __init__(self, order_id: _Optional[int] = ..., fill_id: _Optional[int] = ..., ts: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., fields: _Optional[_Iterable[_Union[FieldDifference, _Mapping]]] = ..., recorded_order: _Optional[_Union[_report_pb2.Order, _Mapping]] = ..., recorded_fills: _Optional[_Iterable[_Union[_report_pb2.Fill, _Mapping]]] = ..., order: _Optional[_Union[_report_pb2.Order, _Mapping]] = ..., fills: _Optional[_Iterable[_Union[_report_pb2.Fill, _Mapping]]] = ...) -> None: ...
