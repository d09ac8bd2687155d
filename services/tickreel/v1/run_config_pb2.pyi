from google.protobuf import struct_pb2 as _struct_pb2
from tickreel.v1 import market_data_pb2 as _market_data_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RunConfig(_message.Message):
    __slots__ = ("instrument", "venue", "data_catalog", "time_window", "strategy", "risk", "environment", "fx_stub", "seed")
    class FxStubEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    VENUE_FIELD_NUMBER: _ClassVar[int]
    DATA_CATALOG_FIELD_NUMBER: _ClassVar[int]
    TIME_WINDOW_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    RISK_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    FX_STUB_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    instrument: InstrumentConfig
    venue: VenueConfig
    data_catalog: DataCatalogConfig
    time_window: _market_data_pb2.TimeWindow
    strategy: StrategyConfig
    risk: RiskConfig
    environment: EnvironmentConfig
    fx_stub: _containers.ScalarMap[str, float]
    seed: int
    def __init__(self, instrument: _Optional[_Union[InstrumentConfig, _Mapping]] = ..., venue: _Optional[_Union[VenueConfig, _Mapping]] = ..., data_catalog: _Optional[_Union[DataCatalogConfig, _Mapping]] = ..., time_window: _Optional[_Union[_market_data_pb2.TimeWindow, _Mapping]] = ..., strategy: _Optional[_Union[StrategyConfig, _Mapping]] = ..., risk: _Optional[_Union[RiskConfig, _Mapping]] = ..., environment: _Optional[_Union[EnvironmentConfig, _Mapping]] = ..., fx_stub: _Optional[_Mapping[str, float]] = ..., seed: _Optional[int] = ...) -> None: ...

class InstrumentConfig(_message.Message):
    __slots__ = ("id", "price_precision", "size_precision", "base_currency", "quote_currency", "settlement_currency", "multiplier", "lot_size", "margin_init", "margin_maint", "type", "is_inverse")
    ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    SIZE_PRECISION_FIELD_NUMBER: _ClassVar[int]
    BASE_CURRENCY_FIELD_NUMBER: _ClassVar[int]
    QUOTE_CURRENCY_FIELD_NUMBER: _ClassVar[int]
    SETTLEMENT_CURRENCY_FIELD_NUMBER: _ClassVar[int]
    MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    LOT_SIZE_FIELD_NUMBER: _ClassVar[int]
    MARGIN_INIT_FIELD_NUMBER: _ClassVar[int]
    MARGIN_MAINT_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    IS_INVERSE_FIELD_NUMBER: _ClassVar[int]
    id: str
    price_precision: int
    size_precision: int
    base_currency: str
    quote_currency: str
    settlement_currency: str
    multiplier: float
    lot_size: float
    margin_init: float
    margin_maint: float
    type: str
    is_inverse: bool
    def __init__(self, id: _Optional[str] = ..., price_precision: _Optional[int] = ..., size_precision: _Optional[int] = ..., base_currency: _Optional[str] = ..., quote_currency: _Optional[str] = ..., settlement_currency: _Optional[str] = ..., multiplier: _Optional[float] = ..., lot_size: _Optional[float] = ..., margin_init: _Optional[float] = ..., margin_maint: _Optional[float] = ..., type: _Optional[str] = ..., is_inverse: bool = ...) -> None: ...

class VenueConfig(_message.Message):
    __slots__ = ("name", "oms_type", "account_type", "base_currency", "starting_balance", "maker_fee", "taker_fee", "starting_balances", "book_type", "default_leverage", "liquidity_consumption", "queue_position", "latency", "fill_model", "frozen_account")
    class StartingBalancesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    OMS_TYPE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_TYPE_FIELD_NUMBER: _ClassVar[int]
    BASE_CURRENCY_FIELD_NUMBER: _ClassVar[int]
    STARTING_BALANCE_FIELD_NUMBER: _ClassVar[int]
    MAKER_FEE_FIELD_NUMBER: _ClassVar[int]
    TAKER_FEE_FIELD_NUMBER: _ClassVar[int]
    STARTING_BALANCES_FIELD_NUMBER: _ClassVar[int]
    BOOK_TYPE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_LEVERAGE_FIELD_NUMBER: _ClassVar[int]
    LIQUIDITY_CONSUMPTION_FIELD_NUMBER: _ClassVar[int]
    QUEUE_POSITION_FIELD_NUMBER: _ClassVar[int]
    LATENCY_FIELD_NUMBER: _ClassVar[int]
    FILL_MODEL_FIELD_NUMBER: _ClassVar[int]
    FROZEN_ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    oms_type: str
    account_type: str
    base_currency: str
    starting_balance: float
    maker_fee: float
    taker_fee: float
    starting_balances: _containers.ScalarMap[str, float]
    book_type: str
    default_leverage: float
    liquidity_consumption: bool
    queue_position: bool
    latency: LatencyConfig
    fill_model: FillModelConfig
    frozen_account: bool
    def __init__(self, name: _Optional[str] = ..., oms_type: _Optional[str] = ..., account_type: _Optional[str] = ..., base_currency: _Optional[str] = ..., starting_balance: _Optional[float] = ..., maker_fee: _Optional[float] = ..., taker_fee: _Optional[float] = ..., starting_balances: _Optional[_Mapping[str, float]] = ..., book_type: _Optional[str] = ..., default_leverage: _Optional[float] = ..., liquidity_consumption: bool = ..., queue_position: bool = ..., latency: _Optional[_Union[LatencyConfig, _Mapping]] = ..., fill_model: _Optional[_Union[FillModelConfig, _Mapping]] = ..., frozen_account: bool = ...) -> None: ...

class LatencyConfig(_message.Message):
    __slots__ = ("base_latency_nanos", "insert_latency_nanos", "cancel_latency_nanos", "update_latency_nanos")
    BASE_LATENCY_NANOS_FIELD_NUMBER: _ClassVar[int]
    INSERT_LATENCY_NANOS_FIELD_NUMBER: _ClassVar[int]
    CANCEL_LATENCY_NANOS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_LATENCY_NANOS_FIELD_NUMBER: _ClassVar[int]
    base_latency_nanos: float
    insert_latency_nanos: float
    cancel_latency_nanos: float
    update_latency_nanos: float
    def __init__(self, base_latency_nanos: _Optional[float] = ..., insert_latency_nanos: _Optional[float] = ..., cancel_latency_nanos: _Optional[float] = ..., update_latency_nanos: _Optional[float] = ...) -> None: ...

class FillModelConfig(_message.Message):
    __slots__ = ("prob_fill_on_limit", "prob_slippage")
    PROB_FILL_ON_LIMIT_FIELD_NUMBER: _ClassVar[int]
    PROB_SLIPPAGE_FIELD_NUMBER: _ClassVar[int]
    prob_fill_on_limit: float
    prob_slippage: float
    def __init__(self, prob_fill_on_limit: _Optional[float] = ..., prob_slippage: _Optional[float] = ...) -> None: ...

class DataCatalogConfig(_message.Message):
    __slots__ = ("trades_path", "book_snapshot_5_path", "auto_discover", "instrument_file_pattern")
    TRADES_PATH_FIELD_NUMBER: _ClassVar[int]
    BOOK_SNAPSHOT_5_PATH_FIELD_NUMBER: _ClassVar[int]
    AUTO_DISCOVER_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FILE_PATTERN_FIELD_NUMBER: _ClassVar[int]
    trades_path: str
    book_snapshot_5_path: str
    auto_discover: bool
    instrument_file_pattern: str
    def __init__(self, trades_path: _Optional[str] = ..., book_snapshot_5_path: _Optional[str] = ..., auto_discover: bool = ..., instrument_file_pattern: _Optional[str] = ...) -> None: ...

class StrategyConfig(_message.Message):
    __slots__ = ("name", "submission_mode", "orders", "order_type", "time_in_force", "close_positions_on_stop", "parameters")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUBMISSION_MODE_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    ORDER_TYPE_FIELD_NUMBER: _ClassVar[int]
    TIME_IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    CLOSE_POSITIONS_ON_STOP_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    submission_mode: str
    orders: _containers.RepeatedCompositeFieldContainer[OrderDefaults]
    order_type: str
    time_in_force: str
    close_positions_on_stop: bool
    parameters: _struct_pb2.Struct
    def __init__(self, name: _Optional[str] = ..., submission_mode: _Optional[str] = ..., orders: _Optional[_Iterable[_Union[OrderDefaults, _Mapping]]] = ..., order_type: _Optional[str] = ..., time_in_force: _Optional[str] = ..., close_positions_on_stop: bool = ..., parameters: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class OrderDefaults(_message.Message):
    __slots__ = ("side", "price", "amount")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    side: str
    price: float
    amount: float
    def __init__(self, side: _Optional[str] = ..., price: _Optional[float] = ..., amount: _Optional[float] = ...) -> None: ...

class RiskConfig(_message.Message):
    __slots__ = ("throttling_per_sec",)
    THROTTLING_PER_SEC_FIELD_NUMBER: _ClassVar[int]
    throttling_per_sec: int
    def __init__(self, throttling_per_sec: _Optional[int] = ...) -> None: ...

class EnvironmentConfig(_message.Message):
    __slots__ = ("unified_cloud_local_path", "unified_cloud_services_use_parquet", "unified_cloud_services_use_direct_gcs", "data_catalog_path")
    UNIFIED_CLOUD_LOCAL_PATH_FIELD_NUMBER: _ClassVar[int]
    UNIFIED_CLOUD_SERVICES_USE_PARQUET_FIELD_NUMBER: _ClassVar[int]
    UNIFIED_CLOUD_SERVICES_USE_DIRECT_GCS_FIELD_NUMBER: _ClassVar[int]
    DATA_CATALOG_PATH_FIELD_NUMBER: _ClassVar[int]
    unified_cloud_local_path: str
    unified_cloud_services_use_parquet: bool
    unified_cloud_services_use_direct_gcs: bool
    data_catalog_path: str
    def __init__(self, unified_cloud_local_path: _Optional[str] = ..., unified_cloud_services_use_parquet: bool = ..., unified_cloud_services_use_direct_gcs: bool = ..., data_catalog_path: _Optional[str] = ...) -> None: ...
