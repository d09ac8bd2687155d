"""The outputs of a run: the exports that accompany its tables, and the rename that commits all of them as a result."""

import time
from collections.abc import Callable
from pathlib import Path

from tickreel.runner.result import parquet_tables
from tickreel.runner.result.reproduction import write_config
from tickreel.runner.window.iso_time import iso
from tickreel.runner.window.window import Window
from tickreel.stores.result_layout import ResultFile
from tickreel.stores.results import ResultStore
from tickreel.stores.trades import file_columns, tick_schema
from tickreel.v1 import result_pb2, run_config_pb2


def write_outputs(
    store: ResultStore,
    result: result_pb2.Result,
    config: run_config_pb2.RunConfig,
    window: Window,
    staging: Path,
    scratch: Path,
    on_progress: Callable[[int, int], None],
    *,
    ticks: bool,
) -> None:
    """Write the outputs of a run, list them in its result, and commit the result atomically.

    Args:
        config: Resolved.
        staging: The folder from `ResultStore.staging` with the tables of a full run, or the marks of a fast one.
        scratch: A folder for temporary files.
        on_progress: Called with the number of outputs written so far and the number of outputs in all.
        ticks: Whether to export the ticks as JSON.

    Raises:
        TickreelError: DATA_CHANGED if a catalog file was deleted or replaced before its ticks were written.
    """
    run_id, full = result.run_id, result.mode == result_pb2.RUN_MODE_FULL
    instrument = config.instrument
    export = store.ticks_path(run_id)
    partial = export.with_name(f".{export.name}")
    head = {
        "run_id": run_id,
        "instrument": instrument.id,
        "price_precision": instrument.price_precision,
        "size_precision": instrument.size_precision,
    }
    steps: list[Callable[[], None]] = [lambda: write_config(config, staging)]
    if full or ticks:
        # Imported here because a fast run needs no DuckDB and starts faster without it.
        from tickreel.runner.result.json_files import JsonExports  # noqa: PLC0415

        tables = staging if full else scratch
        exports = JsonExports(tables)
        precisions = instrument.price_precision, instrument.size_precision
        columns = file_columns(tick_schema(*precisions).names)
        ticks_path = tables / ResultFile.TICKS
        steps.append(lambda: parquet_tables.write_ticks(window.trades(columns), *precisions, ticks_path))
        if full:
            steps += [exports.orders, exports.timeline_table, exports.timeline]
        if ticks:
            steps.append(lambda: exports.ticks(head, partial))
        steps.append(exports.close)
    on_progress(0, len(steps) + 1)
    for done, write in enumerate(steps, 1):
        write()
        on_progress(done, len(steps) + 1)
    if full or ticks:
        # The ticks are read after the replay, so the files may have changed in between.
        window.check_unchanged()
    for file in ResultFile:
        if file.is_of(full=full) and (ticks or file is not ResultFile.TICKS_JSON):
            result.metadata.outputs[file] = str(store.path(run_id, file, full=full))
    result.metadata.created_at = iso(time.time_ns())
    store.commit(result, staging, partial if ticks else None)
    on_progress(len(steps) + 1, len(steps) + 1)
