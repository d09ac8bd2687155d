import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tickreel.v1 import fill_audit_pb2 as _fill_audit_pb2
from tickreel.v1 import market_data_pb2 as _market_data_pb2
from tickreel.v1 import statistics_pb2 as _statistics_pb2
from tickreel.v1 import text_format_pb2 as _text_format_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RunMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUN_MODE_UNSPECIFIED: _ClassVar[RunMode]
    RUN_MODE_FAST: _ClassVar[RunMode]
    RUN_MODE_FULL: _ClassVar[RunMode]

class SnapshotMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SNAPSHOT_MODE_UNSPECIFIED: _ClassVar[SnapshotMode]
    SNAPSHOT_MODE_TRADES: _ClassVar[SnapshotMode]
    SNAPSHOT_MODE_BOOK: _ClassVar[SnapshotMode]
    SNAPSHOT_MODE_BOTH: _ClassVar[SnapshotMode]

class Severity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SEVERITY_UNSPECIFIED: _ClassVar[Severity]
    SEVERITY_INFO: _ClassVar[Severity]
    SEVERITY_WARNING: _ClassVar[Severity]
RUN_MODE_UNSPECIFIED: RunMode
RUN_MODE_FAST: RunMode
RUN_MODE_FULL: RunMode
SNAPSHOT_MODE_UNSPECIFIED: SnapshotMode
SNAPSHOT_MODE_TRADES: SnapshotMode
SNAPSHOT_MODE_BOOK: SnapshotMode
SNAPSHOT_MODE_BOTH: SnapshotMode
SEVERITY_UNSPECIFIED: Severity
SEVERITY_INFO: Severity
SEVERITY_WARNING: Severity

class Result(_message.Message):
    __slots__ = ("run_id", "mode", "instrument", "dataset", "start", "end", "summary", "metadata", "findings")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    mode: RunMode
    instrument: str
    dataset: str
    start: str
    end: str
    summary: RunSummary
    metadata: RunMetadata
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    def __init__(self, run_id: _Optional[str] = ..., mode: _Optional[_Union[RunMode, str]] = ..., instrument: _Optional[str] = ..., dataset: _Optional[str] = ..., start: _Optional[str] = ..., end: _Optional[str] = ..., summary: _Optional[_Union[RunSummary, _Mapping]] = ..., metadata: _Optional[_Union[RunMetadata, _Mapping]] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ...) -> None: ...

class RunSummary(_message.Message):
    __slots__ = ("orders", "fills", "orders_filled", "orders_partially_filled", "orders_unfilled", "volume", "fees", "realized_pnl", "unrealized_pnl", "pnl", "pnl_usd", "max_drawdown", "final_position", "final_equity", "starting_equity", "first_ts", "last_ts", "trade_rows", "book_rows", "max_drawdown_from", "max_drawdown_at", "statistics", "fill_audit", "costs", "pnl_sketch", "fees_exact", "closed_positions")
    class OrdersUnfilledEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FILLED_FIELD_NUMBER: _ClassVar[int]
    ORDERS_PARTIALLY_FILLED_FIELD_NUMBER: _ClassVar[int]
    ORDERS_UNFILLED_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    REALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    UNREALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    PNL_FIELD_NUMBER: _ClassVar[int]
    PNL_USD_FIELD_NUMBER: _ClassVar[int]
    MAX_DRAWDOWN_FIELD_NUMBER: _ClassVar[int]
    FINAL_POSITION_FIELD_NUMBER: _ClassVar[int]
    FINAL_EQUITY_FIELD_NUMBER: _ClassVar[int]
    STARTING_EQUITY_FIELD_NUMBER: _ClassVar[int]
    FIRST_TS_FIELD_NUMBER: _ClassVar[int]
    LAST_TS_FIELD_NUMBER: _ClassVar[int]
    TRADE_ROWS_FIELD_NUMBER: _ClassVar[int]
    BOOK_ROWS_FIELD_NUMBER: _ClassVar[int]
    MAX_DRAWDOWN_FROM_FIELD_NUMBER: _ClassVar[int]
    MAX_DRAWDOWN_AT_FIELD_NUMBER: _ClassVar[int]
    STATISTICS_FIELD_NUMBER: _ClassVar[int]
    FILL_AUDIT_FIELD_NUMBER: _ClassVar[int]
    COSTS_FIELD_NUMBER: _ClassVar[int]
    PNL_SKETCH_FIELD_NUMBER: _ClassVar[int]
    FEES_EXACT_FIELD_NUMBER: _ClassVar[int]
    CLOSED_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    orders: int
    fills: int
    orders_filled: int
    orders_partially_filled: int
    orders_unfilled: _containers.ScalarMap[str, int]
    volume: str
    fees: str
    realized_pnl: str
    unrealized_pnl: str
    pnl: str
    pnl_usd: str
    max_drawdown: str
    final_position: str
    final_equity: str
    starting_equity: str
    first_ts: str
    last_ts: str
    trade_rows: int
    book_rows: int
    max_drawdown_from: str
    max_drawdown_at: str
    statistics: _statistics_pb2.RunStatistics
    fill_audit: _fill_audit_pb2.FillAudit
    costs: _fill_audit_pb2.CostAttribution
    pnl_sketch: _containers.RepeatedScalarFieldContainer[float]
    fees_exact: str
    closed_positions: int
    def __init__(self, orders: _Optional[int] = ..., fills: _Optional[int] = ..., orders_filled: _Optional[int] = ..., orders_partially_filled: _Optional[int] = ..., orders_unfilled: _Optional[_Mapping[str, int]] = ..., volume: _Optional[str] = ..., fees: _Optional[str] = ..., realized_pnl: _Optional[str] = ..., unrealized_pnl: _Optional[str] = ..., pnl: _Optional[str] = ..., pnl_usd: _Optional[str] = ..., max_drawdown: _Optional[str] = ..., final_position: _Optional[str] = ..., final_equity: _Optional[str] = ..., starting_equity: _Optional[str] = ..., first_ts: _Optional[str] = ..., last_ts: _Optional[str] = ..., trade_rows: _Optional[int] = ..., book_rows: _Optional[int] = ..., max_drawdown_from: _Optional[str] = ..., max_drawdown_at: _Optional[str] = ..., statistics: _Optional[_Union[_statistics_pb2.RunStatistics, _Mapping]] = ..., fill_audit: _Optional[_Union[_fill_audit_pb2.FillAudit, _Mapping]] = ..., costs: _Optional[_Union[_fill_audit_pb2.CostAttribution, _Mapping]] = ..., pnl_sketch: _Optional[_Iterable[float]] = ..., fees_exact: _Optional[str] = ..., closed_positions: _Optional[int] = ...) -> None: ...

class RunMetadata(_message.Message):
    __slots__ = ("config_path", "config_digest", "data_digest", "result_digest", "engine", "snapshot_mode", "catalog_root", "environment", "created_at", "replay_seconds", "peak_memory_mib", "outputs", "currency", "data_files", "replay_start", "replay_end", "segments", "one_piece_because", "code", "strategy")
    class EnvironmentEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class OutputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CONFIG_PATH_FIELD_NUMBER: _ClassVar[int]
    CONFIG_DIGEST_FIELD_NUMBER: _ClassVar[int]
    DATA_DIGEST_FIELD_NUMBER: _ClassVar[int]
    RESULT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_MODE_FIELD_NUMBER: _ClassVar[int]
    CATALOG_ROOT_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    REPLAY_SECONDS_FIELD_NUMBER: _ClassVar[int]
    PEAK_MEMORY_MIB_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    DATA_FILES_FIELD_NUMBER: _ClassVar[int]
    REPLAY_START_FIELD_NUMBER: _ClassVar[int]
    REPLAY_END_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    ONE_PIECE_BECAUSE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    config_path: str
    config_digest: str
    data_digest: str
    result_digest: str
    engine: str
    snapshot_mode: SnapshotMode
    catalog_root: str
    environment: _containers.ScalarMap[str, str]
    created_at: str
    replay_seconds: float
    peak_memory_mib: int
    outputs: _containers.ScalarMap[str, str]
    currency: str
    data_files: _containers.RepeatedCompositeFieldContainer[DataFile]
    replay_start: str
    replay_end: str
    segments: int
    one_piece_because: str
    code: _containers.RepeatedCompositeFieldContainer[CodePackage]
    strategy: str
    def __init__(self, config_path: _Optional[str] = ..., config_digest: _Optional[str] = ..., data_digest: _Optional[str] = ..., result_digest: _Optional[str] = ..., engine: _Optional[str] = ..., snapshot_mode: _Optional[_Union[SnapshotMode, str]] = ..., catalog_root: _Optional[str] = ..., environment: _Optional[_Mapping[str, str]] = ..., created_at: _Optional[str] = ..., replay_seconds: _Optional[float] = ..., peak_memory_mib: _Optional[int] = ..., outputs: _Optional[_Mapping[str, str]] = ..., currency: _Optional[str] = ..., data_files: _Optional[_Iterable[_Union[DataFile, _Mapping]]] = ..., replay_start: _Optional[str] = ..., replay_end: _Optional[str] = ..., segments: _Optional[int] = ..., one_piece_because: _Optional[str] = ..., code: _Optional[_Iterable[_Union[CodePackage, _Mapping]]] = ..., strategy: _Optional[str] = ...) -> None: ...

class CodePackage(_message.Message):
    __slots__ = ("name", "version", "digest")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    digest: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., digest: _Optional[str] = ...) -> None: ...

class DataFile(_message.Message):
    __slots__ = ("source", "path", "digest", "rows", "data_type", "replay_start", "replay_end")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    REPLAY_START_FIELD_NUMBER: _ClassVar[int]
    REPLAY_END_FIELD_NUMBER: _ClassVar[int]
    source: str
    path: str
    digest: str
    rows: int
    data_type: _market_data_pb2.DataType
    replay_start: str
    replay_end: str
    def __init__(self, source: _Optional[str] = ..., path: _Optional[str] = ..., digest: _Optional[str] = ..., rows: _Optional[int] = ..., data_type: _Optional[_Union[_market_data_pb2.DataType, str]] = ..., replay_start: _Optional[str] = ..., replay_end: _Optional[str] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("severity", "code", "message")
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    severity: Severity
    code: str
    message: str
    def __init__(self, severity: _Optional[_Union[Severity, str]] = ..., code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class NotedResult(_message.Message):
    __slots__ = ("result", "created_at", "notes", "tags")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    result: Result
    created_at: _timestamp_pb2.Timestamp
    notes: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, result: _Optional[_Union[Result, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., notes: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ...) -> None: ...

class ResultEntry(_message.Message):
    __slots__ = ("run_id", "mode", "snapshot_mode", "instrument", "dataset", "strategy", "config_path", "replay_start", "replay_end", "figures", "created_at", "notes", "tags")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_MODE_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    CONFIG_PATH_FIELD_NUMBER: _ClassVar[int]
    REPLAY_START_FIELD_NUMBER: _ClassVar[int]
    REPLAY_END_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    mode: RunMode
    snapshot_mode: SnapshotMode
    instrument: str
    dataset: str
    strategy: str
    config_path: str
    replay_start: str
    replay_end: str
    figures: ResultFigures
    created_at: _timestamp_pb2.Timestamp
    notes: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, run_id: _Optional[str] = ..., mode: _Optional[_Union[RunMode, str]] = ..., snapshot_mode: _Optional[_Union[SnapshotMode, str]] = ..., instrument: _Optional[str] = ..., dataset: _Optional[str] = ..., strategy: _Optional[str] = ..., config_path: _Optional[str] = ..., replay_start: _Optional[str] = ..., replay_end: _Optional[str] = ..., figures: _Optional[_Union[ResultFigures, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., notes: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ...) -> None: ...

class ResultFigures(_message.Message):
    __slots__ = ("orders", "fills", "pnl", "max_drawdown", "currency", "pnl_sketch")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    PNL_FIELD_NUMBER: _ClassVar[int]
    MAX_DRAWDOWN_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    PNL_SKETCH_FIELD_NUMBER: _ClassVar[int]
    orders: int
    fills: int
    pnl: str
    max_drawdown: str
    currency: str
    pnl_sketch: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, orders: _Optional[int] = ..., fills: _Optional[int] = ..., pnl: _Optional[str] = ..., max_drawdown: _Optional[str] = ..., currency: _Optional[str] = ..., pnl_sketch: _Optional[_Iterable[float]] = ...) -> None: ...
