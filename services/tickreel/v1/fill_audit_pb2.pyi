from tickreel.v1 import text_format_pb2 as _text_format_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FillAudit(_message.Message):
    __slots__ = ("backed_share", "backed_volume", "unbacked_volume", "unbacked_fills", "prints", "book")
    BACKED_SHARE_FIELD_NUMBER: _ClassVar[int]
    BACKED_VOLUME_FIELD_NUMBER: _ClassVar[int]
    UNBACKED_VOLUME_FIELD_NUMBER: _ClassVar[int]
    UNBACKED_FILLS_FIELD_NUMBER: _ClassVar[int]
    PRINTS_FIELD_NUMBER: _ClassVar[int]
    BOOK_FIELD_NUMBER: _ClassVar[int]
    backed_share: str
    backed_volume: str
    unbacked_volume: str
    unbacked_fills: int
    prints: PrintAudit
    book: BookAudit
    def __init__(self, backed_share: _Optional[str] = ..., backed_volume: _Optional[str] = ..., unbacked_volume: _Optional[str] = ..., unbacked_fills: _Optional[int] = ..., prints: _Optional[_Union[PrintAudit, _Mapping]] = ..., book: _Optional[_Union[BookAudit, _Mapping]] = ...) -> None: ...

class PrintAudit(_message.Message):
    __slots__ = ("fills", "participation", "fills_above_print", "volume_above_print")
    FILLS_FIELD_NUMBER: _ClassVar[int]
    PARTICIPATION_FIELD_NUMBER: _ClassVar[int]
    FILLS_ABOVE_PRINT_FIELD_NUMBER: _ClassVar[int]
    VOLUME_ABOVE_PRINT_FIELD_NUMBER: _ClassVar[int]
    fills: int
    participation: str
    fills_above_print: int
    volume_above_print: str
    def __init__(self, fills: _Optional[int] = ..., participation: _Optional[str] = ..., fills_above_print: _Optional[int] = ..., volume_above_print: _Optional[str] = ...) -> None: ...

class BookAudit(_message.Message):
    __slots__ = ("fills", "fills_without_level", "participation", "fills_reusing", "reused_volume", "reused_share", "fills_inside_touch", "fills_at_touch", "fills_through_touch", "mean_book_age_seconds", "longest_book_age_seconds", "fills_on_old_book")
    FILLS_FIELD_NUMBER: _ClassVar[int]
    FILLS_WITHOUT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    PARTICIPATION_FIELD_NUMBER: _ClassVar[int]
    FILLS_REUSING_FIELD_NUMBER: _ClassVar[int]
    REUSED_VOLUME_FIELD_NUMBER: _ClassVar[int]
    REUSED_SHARE_FIELD_NUMBER: _ClassVar[int]
    FILLS_INSIDE_TOUCH_FIELD_NUMBER: _ClassVar[int]
    FILLS_AT_TOUCH_FIELD_NUMBER: _ClassVar[int]
    FILLS_THROUGH_TOUCH_FIELD_NUMBER: _ClassVar[int]
    MEAN_BOOK_AGE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LONGEST_BOOK_AGE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    FILLS_ON_OLD_BOOK_FIELD_NUMBER: _ClassVar[int]
    fills: int
    fills_without_level: int
    participation: str
    fills_reusing: int
    reused_volume: str
    reused_share: str
    fills_inside_touch: int
    fills_at_touch: int
    fills_through_touch: int
    mean_book_age_seconds: str
    longest_book_age_seconds: str
    fills_on_old_book: int
    def __init__(self, fills: _Optional[int] = ..., fills_without_level: _Optional[int] = ..., participation: _Optional[str] = ..., fills_reusing: _Optional[int] = ..., reused_volume: _Optional[str] = ..., reused_share: _Optional[str] = ..., fills_inside_touch: _Optional[int] = ..., fills_at_touch: _Optional[int] = ..., fills_through_touch: _Optional[int] = ..., mean_book_age_seconds: _Optional[str] = ..., longest_book_age_seconds: _Optional[str] = ..., fills_on_old_book: _Optional[int] = ...) -> None: ...

class CostAttribution(_message.Message):
    __slots__ = ("fees", "latency_drift", "waiting_drift", "spread", "depth", "total", "unattributed_fills", "unattributed_volume")
    FEES_FIELD_NUMBER: _ClassVar[int]
    LATENCY_DRIFT_FIELD_NUMBER: _ClassVar[int]
    WAITING_DRIFT_FIELD_NUMBER: _ClassVar[int]
    SPREAD_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    UNATTRIBUTED_FILLS_FIELD_NUMBER: _ClassVar[int]
    UNATTRIBUTED_VOLUME_FIELD_NUMBER: _ClassVar[int]
    fees: str
    latency_drift: str
    waiting_drift: str
    spread: str
    depth: str
    total: str
    unattributed_fills: int
    unattributed_volume: str
    def __init__(self, fees: _Optional[str] = ..., latency_drift: _Optional[str] = ..., waiting_drift: _Optional[str] = ..., spread: _Optional[str] = ..., depth: _Optional[str] = ..., total: _Optional[str] = ..., unattributed_fills: _Optional[int] = ..., unattributed_volume: _Optional[str] = ...) -> None: ...
