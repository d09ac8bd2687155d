"""Conversion of day folders and raw files to messages of the contract."""

from collections.abc import Iterable

from tickreel.stores.raw import Dataset, RawFile
from tickreel.v1 import catalog_service_pb2, market_data_pb2


def describe_dataset(dataset: Dataset, *, with_files: bool) -> catalog_service_pb2.Dataset:
    """Describe a day folder. Its warnings include the warnings of its files."""
    message = catalog_service_pb2.Dataset(
        dataset_id=dataset.dataset_id,
        date=dataset.day.isoformat() if dataset.day else "",
        instruments=sorted({file.instrument for file in dataset.files}),
        data_types=sorted({file.data_type for file in dataset.files}),
        rows=sum(file.rows for file in dataset.files),
        size_bytes=sum(file.size_bytes for file in dataset.files),
        warnings=[*dataset.warnings, *(warning for file in dataset.files for warning in file.warnings)],
    )
    _set_span(message.span, (file.span for file in dataset.files))
    if with_files:
        message.files.extend(describe_file(file) for file in dataset.files)
    return message


def describe_file(file: RawFile) -> catalog_service_pb2.SourceFile:
    """Describe a raw file."""
    message = catalog_service_pb2.SourceFile(
        path=file.path,
        instrument=file.instrument,
        data_type=file.data_type,
        rows=file.rows,
        size_bytes=file.size_bytes,
        warnings=file.warnings,
    )
    _set_span(message.span, [file.span])
    return message


def _set_span(window: market_data_pb2.TimeWindow, spans: Iterable[tuple[int, int] | None]) -> None:
    """Set a window to the span of some files. It stays unset if no file has a known span."""
    known = [span for span in spans if span is not None]
    if known:
        window.start.FromNanoseconds(min(start for start, _ in known))
        window.end.FromNanoseconds(max(end for _, end in known))
