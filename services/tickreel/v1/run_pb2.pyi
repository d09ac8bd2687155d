import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tickreel.v1 import job_pb2 as _job_pb2
from tickreel.v1 import market_data_pb2 as _market_data_pb2
from tickreel.v1 import result_pb2 as _result_pb2
from tickreel.v1 import run_config_pb2 as _run_config_pb2
from tickreel.v1 import text_format_pb2 as _text_format_pb2
from tickreel.v1 import verification_pb2 as _verification_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Run(_message.Message):
    __slots__ = ("run_id", "state", "config", "options", "config_digest", "progress", "failure", "result", "conversion_id", "created_at", "started_at", "ended_at", "attempts", "queue_position", "live", "verified_run_id", "verification")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    CONFIG_DIGEST_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    CONVERSION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_POSITION_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    VERIFICATION_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    state: _job_pb2.JobState
    config: _run_config_pb2.RunConfig
    options: RunOptions
    config_digest: str
    progress: _job_pb2.Progress
    failure: _job_pb2.JobFailure
    result: _result_pb2.Result
    conversion_id: str
    created_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    attempts: int
    queue_position: int
    live: LiveFigures
    verified_run_id: str
    verification: _verification_pb2.Verification
    def __init__(self, run_id: _Optional[str] = ..., state: _Optional[_Union[_job_pb2.JobState, str]] = ..., config: _Optional[_Union[_run_config_pb2.RunConfig, _Mapping]] = ..., options: _Optional[_Union[RunOptions, _Mapping]] = ..., config_digest: _Optional[str] = ..., progress: _Optional[_Union[_job_pb2.Progress, _Mapping]] = ..., failure: _Optional[_Union[_job_pb2.JobFailure, _Mapping]] = ..., result: _Optional[_Union[_result_pb2.Result, _Mapping]] = ..., conversion_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempts: _Optional[int] = ..., queue_position: _Optional[int] = ..., live: _Optional[_Union[LiveFigures, _Mapping]] = ..., verified_run_id: _Optional[str] = ..., verification: _Optional[_Union[_verification_pb2.Verification, _Mapping]] = ...) -> None: ...

class RunEntry(_message.Message):
    __slots__ = ("run_id", "state", "options", "config_digest", "progress", "failure", "created_at", "started_at", "ended_at", "attempts", "queue_position", "live", "verified_run_id", "instrument", "time_window", "strategy", "figures", "verdict")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    CONFIG_DIGEST_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_POSITION_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    TIME_WINDOW_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    state: _job_pb2.JobState
    options: RunOptions
    config_digest: str
    progress: _job_pb2.Progress
    failure: _job_pb2.JobFailure
    created_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    attempts: int
    queue_position: int
    live: LiveFigures
    verified_run_id: str
    instrument: str
    time_window: _market_data_pb2.TimeWindow
    strategy: str
    figures: _result_pb2.ResultFigures
    verdict: _verification_pb2.Verdict
    def __init__(self, run_id: _Optional[str] = ..., state: _Optional[_Union[_job_pb2.JobState, str]] = ..., options: _Optional[_Union[RunOptions, _Mapping]] = ..., config_digest: _Optional[str] = ..., progress: _Optional[_Union[_job_pb2.Progress, _Mapping]] = ..., failure: _Optional[_Union[_job_pb2.JobFailure, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempts: _Optional[int] = ..., queue_position: _Optional[int] = ..., live: _Optional[_Union[LiveFigures, _Mapping]] = ..., verified_run_id: _Optional[str] = ..., instrument: _Optional[str] = ..., time_window: _Optional[_Union[_market_data_pb2.TimeWindow, _Mapping]] = ..., strategy: _Optional[str] = ..., figures: _Optional[_Union[_result_pb2.ResultFigures, _Mapping]] = ..., verdict: _Optional[_Union[_verification_pb2.Verdict, str]] = ...) -> None: ...

class LiveFigures(_message.Message):
    __slots__ = ("trade_rows", "book_rows", "orders", "fills", "account_ts", "equity", "pnl", "max_drawdown", "position", "currency", "memory_mib", "findings")
    TRADE_ROWS_FIELD_NUMBER: _ClassVar[int]
    BOOK_ROWS_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_TS_FIELD_NUMBER: _ClassVar[int]
    EQUITY_FIELD_NUMBER: _ClassVar[int]
    PNL_FIELD_NUMBER: _ClassVar[int]
    MAX_DRAWDOWN_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    MEMORY_MIB_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    trade_rows: int
    book_rows: int
    orders: int
    fills: int
    account_ts: _timestamp_pb2.Timestamp
    equity: str
    pnl: str
    max_drawdown: str
    position: str
    currency: str
    memory_mib: int
    findings: _containers.RepeatedCompositeFieldContainer[_result_pb2.Finding]
    def __init__(self, trade_rows: _Optional[int] = ..., book_rows: _Optional[int] = ..., orders: _Optional[int] = ..., fills: _Optional[int] = ..., account_ts: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., equity: _Optional[str] = ..., pnl: _Optional[str] = ..., max_drawdown: _Optional[str] = ..., position: _Optional[str] = ..., currency: _Optional[str] = ..., memory_mib: _Optional[int] = ..., findings: _Optional[_Iterable[_Union[_result_pb2.Finding, _Mapping]]] = ...) -> None: ...

class RunOptions(_message.Message):
    __slots__ = ("mode", "snapshot_mode", "export_ticks", "dataset", "config_path")
    MODE_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_MODE_FIELD_NUMBER: _ClassVar[int]
    EXPORT_TICKS_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    CONFIG_PATH_FIELD_NUMBER: _ClassVar[int]
    mode: _result_pb2.RunMode
    snapshot_mode: _result_pb2.SnapshotMode
    export_ticks: bool
    dataset: str
    config_path: str
    def __init__(self, mode: _Optional[_Union[_result_pb2.RunMode, str]] = ..., snapshot_mode: _Optional[_Union[_result_pb2.SnapshotMode, str]] = ..., export_ticks: bool = ..., dataset: _Optional[str] = ..., config_path: _Optional[str] = ...) -> None: ...
