import datetime

from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from tickreel.v1 import market_data_pb2 as _market_data_pb2
from tickreel.v1 import result_pb2 as _result_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Freshness(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FRESHNESS_UNSPECIFIED: _ClassVar[Freshness]
    FRESHNESS_FRESH: _ClassVar[Freshness]
    FRESHNESS_STALE: _ClassVar[Freshness]
    FRESHNESS_ORPHANED: _ClassVar[Freshness]
FRESHNESS_UNSPECIFIED: Freshness
FRESHNESS_FRESH: Freshness
FRESHNESS_STALE: Freshness
FRESHNESS_ORPHANED: Freshness

class Dataset(_message.Message):
    __slots__ = ("dataset_id", "date", "instruments", "data_types", "rows", "size_bytes", "span", "warnings", "files")
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENTS_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPES_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    date: str
    instruments: _containers.RepeatedScalarFieldContainer[str]
    data_types: _containers.RepeatedScalarFieldContainer[_market_data_pb2.DataType]
    rows: int
    size_bytes: int
    span: _market_data_pb2.TimeWindow
    warnings: _containers.RepeatedCompositeFieldContainer[_result_pb2.Finding]
    files: _containers.RepeatedCompositeFieldContainer[SourceFile]
    def __init__(self, dataset_id: _Optional[str] = ..., date: _Optional[str] = ..., instruments: _Optional[_Iterable[str]] = ..., data_types: _Optional[_Iterable[_Union[_market_data_pb2.DataType, str]]] = ..., rows: _Optional[int] = ..., size_bytes: _Optional[int] = ..., span: _Optional[_Union[_market_data_pb2.TimeWindow, _Mapping]] = ..., warnings: _Optional[_Iterable[_Union[_result_pb2.Finding, _Mapping]]] = ..., files: _Optional[_Iterable[_Union[SourceFile, _Mapping]]] = ...) -> None: ...

class SourceFile(_message.Message):
    __slots__ = ("path", "instrument", "data_type", "rows", "size_bytes", "span", "warnings")
    PATH_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    path: str
    instrument: str
    data_type: _market_data_pb2.DataType
    rows: int
    size_bytes: int
    span: _market_data_pb2.TimeWindow
    warnings: _containers.RepeatedCompositeFieldContainer[_result_pb2.Finding]
    def __init__(self, path: _Optional[str] = ..., instrument: _Optional[str] = ..., data_type: _Optional[_Union[_market_data_pb2.DataType, str]] = ..., rows: _Optional[int] = ..., size_bytes: _Optional[int] = ..., span: _Optional[_Union[_market_data_pb2.TimeWindow, _Mapping]] = ..., warnings: _Optional[_Iterable[_Union[_result_pb2.Finding, _Mapping]]] = ...) -> None: ...

class ListDatasetsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListDatasetsResponse(_message.Message):
    __slots__ = ("datasets", "next_page_token")
    DATASETS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    datasets: _containers.RepeatedCompositeFieldContainer[Dataset]
    next_page_token: str
    def __init__(self, datasets: _Optional[_Iterable[_Union[Dataset, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetDatasetRequest(_message.Message):
    __slots__ = ("dataset_id",)
    DATASET_ID_FIELD_NUMBER: _ClassVar[int]
    dataset_id: str
    def __init__(self, dataset_id: _Optional[str] = ...) -> None: ...

class GetDatasetResponse(_message.Message):
    __slots__ = ("dataset",)
    DATASET_FIELD_NUMBER: _ClassVar[int]
    dataset: Dataset
    def __init__(self, dataset: _Optional[_Union[Dataset, _Mapping]] = ...) -> None: ...

class ListInstrumentsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListInstrumentsResponse(_message.Message):
    __slots__ = ("instruments", "next_page_token")
    INSTRUMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    instruments: _containers.RepeatedCompositeFieldContainer[CatalogInstrument]
    next_page_token: str
    def __init__(self, instruments: _Optional[_Iterable[_Union[CatalogInstrument, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CatalogInstrument(_message.Message):
    __slots__ = ("instrument_id", "raw_name", "files", "rows", "size_bytes", "span", "data_types", "decimals")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    RAW_NAME_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    DATA_TYPES_FIELD_NUMBER: _ClassVar[int]
    DECIMALS_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    raw_name: str
    files: int
    rows: int
    size_bytes: int
    span: _market_data_pb2.TimeWindow
    data_types: _containers.RepeatedScalarFieldContainer[_market_data_pb2.DataType]
    decimals: _containers.RepeatedCompositeFieldContainer[Decimals]
    def __init__(self, instrument_id: _Optional[str] = ..., raw_name: _Optional[str] = ..., files: _Optional[int] = ..., rows: _Optional[int] = ..., size_bytes: _Optional[int] = ..., span: _Optional[_Union[_market_data_pb2.TimeWindow, _Mapping]] = ..., data_types: _Optional[_Iterable[_Union[_market_data_pb2.DataType, str]]] = ..., decimals: _Optional[_Iterable[_Union[Decimals, _Mapping]]] = ...) -> None: ...

class Decimals(_message.Message):
    __slots__ = ("price_precision", "size_precision")
    PRICE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    SIZE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    price_precision: int
    size_precision: int
    def __init__(self, price_precision: _Optional[int] = ..., size_precision: _Optional[int] = ...) -> None: ...

class GetCoverageRequest(_message.Message):
    __slots__ = ("instrument_id", "page_size", "page_token")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    page_size: int
    page_token: str
    def __init__(self, instrument_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class GetCoverageResponse(_message.Message):
    __slots__ = ("intervals", "next_page_token")
    INTERVALS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    intervals: _containers.RepeatedCompositeFieldContainer[CoverageInterval]
    next_page_token: str
    def __init__(self, intervals: _Optional[_Iterable[_Union[CoverageInterval, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CoverageInterval(_message.Message):
    __slots__ = ("data_type", "price_precision", "size_precision", "span", "rows", "source", "digest", "freshness", "gap_seconds")
    DATA_TYPE_FIELD_NUMBER: _ClassVar[int]
    PRICE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    SIZE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    FRESHNESS_FIELD_NUMBER: _ClassVar[int]
    GAP_SECONDS_FIELD_NUMBER: _ClassVar[int]
    data_type: _market_data_pb2.DataType
    price_precision: int
    size_precision: int
    span: _market_data_pb2.TimeWindow
    rows: int
    source: str
    digest: str
    freshness: Freshness
    gap_seconds: float
    def __init__(self, data_type: _Optional[_Union[_market_data_pb2.DataType, str]] = ..., price_precision: _Optional[int] = ..., size_precision: _Optional[int] = ..., span: _Optional[_Union[_market_data_pb2.TimeWindow, _Mapping]] = ..., rows: _Optional[int] = ..., source: _Optional[str] = ..., digest: _Optional[str] = ..., freshness: _Optional[_Union[Freshness, str]] = ..., gap_seconds: _Optional[float] = ...) -> None: ...

class SampleBarsRequest(_message.Message):
    __slots__ = ("instrument_id", "start", "end", "max_bars")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    MAX_BARS_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    max_bars: int
    def __init__(self, instrument_id: _Optional[str] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., max_bars: _Optional[int] = ...) -> None: ...

class SampleBarsResponse(_message.Message):
    __slots__ = ("bars", "rows")
    BARS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    bars: _market_data_pb2.BarColumns
    rows: int
    def __init__(self, bars: _Optional[_Union[_market_data_pb2.BarColumns, _Mapping]] = ..., rows: _Optional[int] = ...) -> None: ...

class SampleQuotesRequest(_message.Message):
    __slots__ = ("instrument_id", "start", "end", "max_points")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    MAX_POINTS_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    max_points: int
    def __init__(self, instrument_id: _Optional[str] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., max_points: _Optional[int] = ...) -> None: ...

class SampleQuotesResponse(_message.Message):
    __slots__ = ("quotes", "rows")
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    quotes: _market_data_pb2.QuoteColumns
    rows: int
    def __init__(self, quotes: _Optional[_Union[_market_data_pb2.QuoteColumns, _Mapping]] = ..., rows: _Optional[int] = ...) -> None: ...

class GetDepthSnapshotRequest(_message.Message):
    __slots__ = ("instrument_id", "at")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    at: _timestamp_pb2.Timestamp
    def __init__(self, instrument_id: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetDepthSnapshotResponse(_message.Message):
    __slots__ = ("depth",)
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    depth: _market_data_pb2.DepthSnapshot
    def __init__(self, depth: _Optional[_Union[_market_data_pb2.DepthSnapshot, _Mapping]] = ...) -> None: ...

class StreamTradesRequest(_message.Message):
    __slots__ = ("instrument_id", "start", "end", "cursor", "read_mask")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    READ_MASK_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    cursor: str
    read_mask: _field_mask_pb2.FieldMask
    def __init__(self, instrument_id: _Optional[str] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cursor: _Optional[str] = ..., read_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class StreamTradesResponse(_message.Message):
    __slots__ = ("trades", "cursor")
    TRADES_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    trades: _market_data_pb2.TradeColumns
    cursor: str
    def __init__(self, trades: _Optional[_Union[_market_data_pb2.TradeColumns, _Mapping]] = ..., cursor: _Optional[str] = ...) -> None: ...

class StreamDepthRequest(_message.Message):
    __slots__ = ("instrument_id", "start", "end", "cursor")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    cursor: str
    def __init__(self, instrument_id: _Optional[str] = ..., start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cursor: _Optional[str] = ...) -> None: ...

class StreamDepthResponse(_message.Message):
    __slots__ = ("depth", "cursor")
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    depth: _market_data_pb2.DepthColumns
    cursor: str
    def __init__(self, depth: _Optional[_Union[_market_data_pb2.DepthColumns, _Mapping]] = ..., cursor: _Optional[str] = ...) -> None: ...
