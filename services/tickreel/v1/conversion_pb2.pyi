import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tickreel.v1 import job_pb2 as _job_pb2
from tickreel.v1 import market_data_pb2 as _market_data_pb2
from tickreel.v1 import result_pb2 as _result_pb2
from tickreel.v1 import run_config_pb2 as _run_config_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RawSchema(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RAW_SCHEMA_UNSPECIFIED: _ClassVar[RawSchema]
    RAW_SCHEMA_EXCHANGE: _ClassVar[RawSchema]
    RAW_SCHEMA_ENGINE: _ClassVar[RawSchema]

class TimeUnit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIME_UNIT_UNSPECIFIED: _ClassVar[TimeUnit]
    TIME_UNIT_MILLISECONDS: _ClassVar[TimeUnit]
    TIME_UNIT_MICROSECONDS: _ClassVar[TimeUnit]
    TIME_UNIT_NANOSECONDS: _ClassVar[TimeUnit]
RAW_SCHEMA_UNSPECIFIED: RawSchema
RAW_SCHEMA_EXCHANGE: RawSchema
RAW_SCHEMA_ENGINE: RawSchema
TIME_UNIT_UNSPECIFIED: TimeUnit
TIME_UNIT_MILLISECONDS: TimeUnit
TIME_UNIT_MICROSECONDS: TimeUnit
TIME_UNIT_NANOSECONDS: TimeUnit

class Conversion(_message.Message):
    __slots__ = ("conversion_id", "state", "spec", "progress", "failure", "files", "created_at", "started_at", "ended_at", "attempts", "queue_position", "figures", "findings")
    CONVERSION_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_POSITION_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    conversion_id: str
    state: _job_pb2.JobState
    spec: ConversionSpec
    progress: _job_pb2.Progress
    failure: _job_pb2.JobFailure
    files: _containers.RepeatedCompositeFieldContainer[ConvertedFile]
    created_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    attempts: int
    queue_position: int
    figures: ConversionFigures
    findings: _containers.RepeatedCompositeFieldContainer[_result_pb2.Finding]
    def __init__(self, conversion_id: _Optional[str] = ..., state: _Optional[_Union[_job_pb2.JobState, str]] = ..., spec: _Optional[_Union[ConversionSpec, _Mapping]] = ..., progress: _Optional[_Union[_job_pb2.Progress, _Mapping]] = ..., failure: _Optional[_Union[_job_pb2.JobFailure, _Mapping]] = ..., files: _Optional[_Iterable[_Union[ConvertedFile, _Mapping]]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempts: _Optional[int] = ..., queue_position: _Optional[int] = ..., figures: _Optional[_Union[ConversionFigures, _Mapping]] = ..., findings: _Optional[_Iterable[_Union[_result_pb2.Finding, _Mapping]]] = ...) -> None: ...

class ConversionEntry(_message.Message):
    __slots__ = ("conversion_id", "state", "spec", "progress", "failure", "created_at", "started_at", "ended_at", "attempts", "queue_position", "figures")
    CONVERSION_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_POSITION_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    conversion_id: str
    state: _job_pb2.JobState
    spec: ConversionSpec
    progress: _job_pb2.Progress
    failure: _job_pb2.JobFailure
    created_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    attempts: int
    queue_position: int
    figures: ConversionFigures
    def __init__(self, conversion_id: _Optional[str] = ..., state: _Optional[_Union[_job_pb2.JobState, str]] = ..., spec: _Optional[_Union[ConversionSpec, _Mapping]] = ..., progress: _Optional[_Union[_job_pb2.Progress, _Mapping]] = ..., failure: _Optional[_Union[_job_pb2.JobFailure, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempts: _Optional[int] = ..., queue_position: _Optional[int] = ..., figures: _Optional[_Union[ConversionFigures, _Mapping]] = ...) -> None: ...

class ConversionFigures(_message.Message):
    __slots__ = ("files", "cached_files", "rows")
    FILES_FIELD_NUMBER: _ClassVar[int]
    CACHED_FILES_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    files: int
    cached_files: int
    rows: int
    def __init__(self, files: _Optional[int] = ..., cached_files: _Optional[int] = ..., rows: _Optional[int] = ...) -> None: ...

class ConversionSpec(_message.Message):
    __slots__ = ("instrument", "price_precision", "size_precision", "window", "data_types", "dataset", "trades_path", "file_pattern", "force", "book_snapshot_5_path", "instrument_config")
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    PRICE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    SIZE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPES_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    TRADES_PATH_FIELD_NUMBER: _ClassVar[int]
    FILE_PATTERN_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    BOOK_SNAPSHOT_5_PATH_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_CONFIG_FIELD_NUMBER: _ClassVar[int]
    instrument: str
    price_precision: int
    size_precision: int
    window: _market_data_pb2.TimeWindow
    data_types: _containers.RepeatedScalarFieldContainer[_market_data_pb2.DataType]
    dataset: str
    trades_path: str
    file_pattern: str
    force: bool
    book_snapshot_5_path: str
    instrument_config: _run_config_pb2.InstrumentConfig
    def __init__(self, instrument: _Optional[str] = ..., price_precision: _Optional[int] = ..., size_precision: _Optional[int] = ..., window: _Optional[_Union[_market_data_pb2.TimeWindow, _Mapping]] = ..., data_types: _Optional[_Iterable[_Union[_market_data_pb2.DataType, str]]] = ..., dataset: _Optional[str] = ..., trades_path: _Optional[str] = ..., file_pattern: _Optional[str] = ..., force: bool = ..., book_snapshot_5_path: _Optional[str] = ..., instrument_config: _Optional[_Union[_run_config_pb2.InstrumentConfig, _Mapping]] = ...) -> None: ...

class ConvertedFile(_message.Message):
    __slots__ = ("source", "dataset", "data_type", "path", "cached", "rows", "span", "digest", "price_precision", "size_precision", "unknown_sides", "findings", "raw_schema", "time_unit", "clock_step")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    CACHED_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    PRICE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    SIZE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_SIDES_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    RAW_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIT_FIELD_NUMBER: _ClassVar[int]
    CLOCK_STEP_FIELD_NUMBER: _ClassVar[int]
    source: str
    dataset: str
    data_type: _market_data_pb2.DataType
    path: str
    cached: bool
    rows: int
    span: _market_data_pb2.TimeWindow
    digest: str
    price_precision: int
    size_precision: int
    unknown_sides: int
    findings: _containers.RepeatedCompositeFieldContainer[_result_pb2.Finding]
    raw_schema: RawSchema
    time_unit: TimeUnit
    clock_step: int
    def __init__(self, source: _Optional[str] = ..., dataset: _Optional[str] = ..., data_type: _Optional[_Union[_market_data_pb2.DataType, str]] = ..., path: _Optional[str] = ..., cached: bool = ..., rows: _Optional[int] = ..., span: _Optional[_Union[_market_data_pb2.TimeWindow, _Mapping]] = ..., digest: _Optional[str] = ..., price_precision: _Optional[int] = ..., size_precision: _Optional[int] = ..., unknown_sides: _Optional[int] = ..., findings: _Optional[_Iterable[_Union[_result_pb2.Finding, _Mapping]]] = ..., raw_schema: _Optional[_Union[RawSchema, str]] = ..., time_unit: _Optional[_Union[TimeUnit, str]] = ..., clock_step: _Optional[int] = ...) -> None: ...
