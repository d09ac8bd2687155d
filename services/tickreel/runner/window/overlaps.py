"""Replace overlapping files for a replay: the rows of each overlap are written to a file in the run's scratch folder.

A run replays the view of its files (see `stores.view`). Where files overlap, the rows of the view are written to a file in the
engine's format. The catalog files are read before the start and after the end of that file. So no two files of a data type
share an instant, and the engine reads the rows in the same order as every other reader.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tickreel.engine import catalog_format
from tickreel.engine.replay import ReplayFile
from tickreel.runner.window.overlap_rows import OverlapRows, Repeats, repeat_findings
from tickreel.stores.catalog import CatalogFile
from tickreel.stores.converted_rows import Slice, count_rows
from tickreel.stores.recorded_clock import RecordedClock
from tickreel.stores.replay_clock import crowded_instants
from tickreel.stores.view import Stretch, ViewFile, merged_rows, stretches
from tickreel.v1 import conversion_pb2, market_data_pb2, result_pb2

_BOOKS = market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5
_ROW_GROUP = 65_536


@dataclass(frozen=True)
class Part:
    """A file that a run reads, and its record. Parts of one data type do not overlap in time."""

    file: ReplayFile
    record: CatalogFile


def without_overlaps(
    files: Sequence[tuple[ReplayFile, CatalogFile]], scratch: Path
) -> tuple[list[Part], list[result_pb2.Finding]]:
    """Return the parts of files of one data type, in order of time, and the findings on their overlaps.

    Args:
        files: The files of a window, each with its record.
        scratch: The folder for the files of overlaps.

    Raises:
        TickreelError: DATA_REFUSED if files contradict each other, or if equal trades without ids may be one trade or two.
        OSError: A file is missing or cannot be read, or the folder cannot be written.
    """
    known = {file.path: (file, record) for file, record in files}
    view = stretches(
        [
            ViewFile(file.path, file.first, file.last, record.converted.rows, RecordedClock.of_file(record))
            for file, record in files
        ]
    )
    parts: list[Part] = []
    repeats: list[Repeats] = []
    for stretch in view:
        if stretch.overlaps:
            part, found = _overlap(stretch, [known[file.path] for file in stretch.files], scratch)
            parts += [part] if part is not None else []
            repeats += found
            continue
        file, record = known[stretch.files[0].path]
        # A file without overlaps keeps the span of its window, so the engine reads all such files as one catalog.
        if (stretch.start, stretch.end) != (file.first, file.last):
            file = replace(file, start=max(file.start, stretch.start), end=min(file.end, stretch.end))
            if file.start > file.end or not count_rows(Slice(file.path, file.start, file.end)):
                continue
        parts.append(Part(file, record))
    if parts:
        # The engine's clock must cover the whole window, as it does without overlaps: delayed orders arrive after the last row.
        first = parts[0].file
        parts[0] = replace(parts[0], file=replace(first, start=min(first.start, *(file.start for file, _ in files))))
        last = parts[-1].file
        parts[-1] = replace(parts[-1], file=replace(last, end=max(last.end, *(file.end for file, _ in files))))
    books = bool(files) and files[0][0].data_type == _BOOKS
    return parts, list(repeat_findings(repeats, books=books))


def _overlap(
    stretch: Stretch, files: Sequence[tuple[ReplayFile, CatalogFile]], scratch: Path
) -> tuple[Part | None, list[Repeats]]:
    """Write the rows of an overlap that lie in the window. Return no part if there are none."""
    records = [record for _, record in files]
    data_type = files[0][0].data_type
    checks = OverlapRows([record.converted.source for record in records], books=data_type == _BOOKS)
    step = min(record.converted.clock_step for record in records)
    windows = {file.path: (file.start, file.end) for file, _ in files}
    written = scratch / f"{uuid.uuid4().hex}.parquet"
    writer: pq.ParquetWriter | None = None
    crowded: list[tuple[int, int]] = []
    rows = first = last = 0
    try:
        for chunk in merged_rows(stretch, windows):
            checks.add(chunk)
            batch = chunk.view()
            if not len(batch):
                continue
            recorded, ts_init = chunk.recorded[chunk.kept], chunk.ts_init[chunk.kept]
            if writer is None:
                writer, first = _writer(written, batch.schema), int(ts_init[0])
            writer.write_batch(batch, _ROW_GROUP)
            rows, last = rows + len(batch), int(ts_init[-1])
            if data_type != _BOOKS:
                crowded += crowded_instants(recorded, ts_init, step)
        checks.check_ids()
        if writer is not None:
            record = _record(records[0], step, rows, (first, last), crowded)
            writer.add_key_value_metadata({**_engine_metadata(record), **record.to_metadata()})
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        return None, []
    path = scratch / f"overlaps-{data_type}" / catalog_format.file_name(first, last)
    path.parent.mkdir(exist_ok=True)
    written.rename(path)
    return Part(ReplayFile(path, data_type, first, last, first, last), record), checks.repeats()


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # The options of catalog files: our readers need the statistics, and the engine needs the column names.
    return pq.ParquetWriter(path, schema, compression="lz4", write_statistics=["ts_init"], use_compliant_nested_type=False)


def _record(like: CatalogFile, step: int, rows: int, span: tuple[int, int], crowded: list[tuple[int, int]]) -> CatalogFile:
    """Return the record of an overlap, from which readers derive the recorded times of its rows."""
    converted = conversion_pb2.ConvertedFile()
    converted.CopyFrom(like.converted)
    converted.rows, converted.clock_step = rows, step
    converted.span.start.FromNanoseconds(span[0])
    converted.span.end.FromNanoseconds(span[1])
    return replace(like, converted=converted, crowded=tuple(crowded))


def _engine_metadata(record: CatalogFile) -> dict[str, str]:
    converted = record.converted
    of_type = catalog_format.depth_metadata if converted.data_type == _BOOKS else catalog_format.trade_metadata
    return dict(of_type(record.origin.engine_id, converted.price_precision, converted.size_precision))
