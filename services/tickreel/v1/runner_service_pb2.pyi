import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tickreel.v1 import conversion_pb2 as _conversion_pb2
from tickreel.v1 import report_pb2 as _report_pb2
from tickreel.v1 import result_pb2 as _result_pb2
from tickreel.v1 import run_pb2 as _run_pb2
from tickreel.v1 import run_config_pb2 as _run_config_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Strategy(_message.Message):
    __slots__ = ("strategy_id", "description", "submission_modes", "package", "parameters_schema")
    STRATEGY_ID_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SUBMISSION_MODES_FIELD_NUMBER: _ClassVar[int]
    PACKAGE_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    strategy_id: str
    description: str
    submission_modes: _containers.RepeatedScalarFieldContainer[str]
    package: str
    parameters_schema: _struct_pb2.Struct
    def __init__(self, strategy_id: _Optional[str] = ..., description: _Optional[str] = ..., submission_modes: _Optional[_Iterable[str]] = ..., package: _Optional[str] = ..., parameters_schema: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class RefusedStrategy(_message.Message):
    __slots__ = ("strategy_id", "problem")
    STRATEGY_ID_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    strategy_id: str
    problem: str
    def __init__(self, strategy_id: _Optional[str] = ..., problem: _Optional[str] = ...) -> None: ...

class ConfigFile(_message.Message):
    __slots__ = ("config_id", "config", "violations", "text", "violation_count")
    CONFIG_ID_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    VIOLATION_COUNT_FIELD_NUMBER: _ClassVar[int]
    config_id: str
    config: _run_config_pb2.RunConfig
    violations: _containers.RepeatedCompositeFieldContainer[ConfigViolation]
    text: str
    violation_count: int
    def __init__(self, config_id: _Optional[str] = ..., config: _Optional[_Union[_run_config_pb2.RunConfig, _Mapping]] = ..., violations: _Optional[_Iterable[_Union[ConfigViolation, _Mapping]]] = ..., text: _Optional[str] = ..., violation_count: _Optional[int] = ...) -> None: ...

class ConfigViolation(_message.Message):
    __slots__ = ("field", "description")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    field: str
    description: str
    def __init__(self, field: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class ListStrategiesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListStrategiesResponse(_message.Message):
    __slots__ = ("strategies", "next_page_token", "refused")
    STRATEGIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    strategies: _containers.RepeatedCompositeFieldContainer[Strategy]
    next_page_token: str
    refused: _containers.RepeatedCompositeFieldContainer[RefusedStrategy]
    def __init__(self, strategies: _Optional[_Iterable[_Union[Strategy, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., refused: _Optional[_Iterable[_Union[RefusedStrategy, _Mapping]]] = ...) -> None: ...

class ListConfigsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListConfigsResponse(_message.Message):
    __slots__ = ("configs", "next_page_token")
    CONFIGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    configs: _containers.RepeatedCompositeFieldContainer[ConfigFile]
    next_page_token: str
    def __init__(self, configs: _Optional[_Iterable[_Union[ConfigFile, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetConfigRequest(_message.Message):
    __slots__ = ("config_id",)
    CONFIG_ID_FIELD_NUMBER: _ClassVar[int]
    config_id: str
    def __init__(self, config_id: _Optional[str] = ...) -> None: ...

class GetConfigResponse(_message.Message):
    __slots__ = ("config",)
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    config: ConfigFile
    def __init__(self, config: _Optional[_Union[ConfigFile, _Mapping]] = ...) -> None: ...

class CreateRunRequest(_message.Message):
    __slots__ = ("request_id", "config", "document", "config_id", "options", "instrument", "start", "end", "validate_only")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    CONFIG_ID_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    config: _run_config_pb2.RunConfig
    document: _struct_pb2.Struct
    config_id: str
    options: _run_pb2.RunOptions
    instrument: str
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    validate_only: bool
    def __init__(self, request_id: _Optional[str] = ..., config: _Optional[_Union[_run_config_pb2.RunConfig, _Mapping]] = ..., document: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., config_id: _Optional[str] = ..., options: _Optional[_Union[_run_pb2.RunOptions, _Mapping]] = ..., instrument: _Optional[str] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., validate_only: bool = ...) -> None: ...

class CreateRunResponse(_message.Message):
    __slots__ = ("run", "preview")
    RUN_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.Run
    preview: RunPreview
    def __init__(self, run: _Optional[_Union[_run_pb2.Run, _Mapping]] = ..., preview: _Optional[_Union[RunPreview, _Mapping]] = ...) -> None: ...

class RunPreview(_message.Message):
    __slots__ = ("files", "trade_rows", "book_rows", "rows_estimated", "findings", "environment")
    class EnvironmentEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FILES_FIELD_NUMBER: _ClassVar[int]
    TRADE_ROWS_FIELD_NUMBER: _ClassVar[int]
    BOOK_ROWS_FIELD_NUMBER: _ClassVar[int]
    ROWS_ESTIMATED_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    files: _containers.RepeatedCompositeFieldContainer[_conversion_pb2.ConvertedFile]
    trade_rows: int
    book_rows: int
    rows_estimated: bool
    findings: _containers.RepeatedCompositeFieldContainer[_result_pb2.Finding]
    environment: _containers.ScalarMap[str, str]
    def __init__(self, files: _Optional[_Iterable[_Union[_conversion_pb2.ConvertedFile, _Mapping]]] = ..., trade_rows: _Optional[int] = ..., book_rows: _Optional[int] = ..., rows_estimated: bool = ..., findings: _Optional[_Iterable[_Union[_result_pb2.Finding, _Mapping]]] = ..., environment: _Optional[_Mapping[str, str]] = ...) -> None: ...

class VerifyRunRequest(_message.Message):
    __slots__ = ("request_id", "run_id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    run_id: str
    def __init__(self, request_id: _Optional[str] = ..., run_id: _Optional[str] = ...) -> None: ...

class VerifyRunResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.Run
    def __init__(self, run: _Optional[_Union[_run_pb2.Run, _Mapping]] = ...) -> None: ...

class GetRunRequest(_message.Message):
    __slots__ = ("run_id",)
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    def __init__(self, run_id: _Optional[str] = ...) -> None: ...

class GetRunResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.Run
    def __init__(self, run: _Optional[_Union[_run_pb2.Run, _Mapping]] = ...) -> None: ...

class ListRunsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "filter", "order_by")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    filter: str
    order_by: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., filter: _Optional[str] = ..., order_by: _Optional[str] = ...) -> None: ...

class ListRunsResponse(_message.Message):
    __slots__ = ("runs", "next_page_token")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[_run_pb2.RunEntry]
    next_page_token: str
    def __init__(self, runs: _Optional[_Iterable[_Union[_run_pb2.RunEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CancelRunRequest(_message.Message):
    __slots__ = ("run_id",)
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    def __init__(self, run_id: _Optional[str] = ...) -> None: ...

class CancelRunResponse(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.Run
    def __init__(self, run: _Optional[_Union[_run_pb2.Run, _Mapping]] = ...) -> None: ...

class DeleteRunRequest(_message.Message):
    __slots__ = ("run_id",)
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    def __init__(self, run_id: _Optional[str] = ...) -> None: ...

class DeleteRunResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WatchRunRequest(_message.Message):
    __slots__ = ("run_id",)
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    def __init__(self, run_id: _Optional[str] = ...) -> None: ...

class WatchRunResponse(_message.Message):
    __slots__ = ("run", "equity", "equity_restarted")
    RUN_FIELD_NUMBER: _ClassVar[int]
    EQUITY_FIELD_NUMBER: _ClassVar[int]
    EQUITY_RESTARTED_FIELD_NUMBER: _ClassVar[int]
    run: _run_pb2.Run
    equity: _report_pb2.EquityColumns
    equity_restarted: bool
    def __init__(self, run: _Optional[_Union[_run_pb2.Run, _Mapping]] = ..., equity: _Optional[_Union[_report_pb2.EquityColumns, _Mapping]] = ..., equity_restarted: bool = ...) -> None: ...

class WatchRunsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WatchRunsResponse(_message.Message):
    __slots__ = ("runs",)
    RUNS_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[_run_pb2.RunEntry]
    def __init__(self, runs: _Optional[_Iterable[_Union[_run_pb2.RunEntry, _Mapping]]] = ...) -> None: ...

class StreamRunLogRequest(_message.Message):
    __slots__ = ("run_id", "follow")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    follow: bool
    def __init__(self, run_id: _Optional[str] = ..., follow: bool = ...) -> None: ...

class StreamRunLogResponse(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...
