"""The outputs of a run: its exports, written beside its tables, and the one rename that makes all of it a result."""

import time
from collections.abc import Callable
from pathlib import Path

from tickreel.runner.result import parquet_tables
from tickreel.runner.result.reproduction import CONFIG, kept_rows, write_config
from tickreel.runner.window.iso_time import iso
from tickreel.runner.window.window import Window
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
    """Writes the outputs of a run, names them in its result, and commits all of it at once.

    Args:
        config: Resolved.
        staging: The folder from `ResultStore.staging` with the tables of a full run, or the marks of a fast one.
        scratch: A folder for what does not stay.
        on_progress: Called with the outputs done and those to do in all.
        ticks: Whether the ticks are exported as JSON.

    Raises:
        TickreelError: DATA_CHANGED where a catalog file was deleted or replaced before its ticks were written.
    """
    run_id, mode, full = result.run_id, result.mode, result.mode == result_pb2.RUN_MODE_FULL
    instrument, outputs = config.instrument, result.metadata.outputs
    folder, export = store.folder(run_id, mode), store.ticks_path(run_id)
    partial = export.with_name(f".{export.name}")
    head = {
        "run_id": run_id,
        "instrument": instrument.id,
        "price_precision": instrument.price_precision,
        "size_precision": instrument.size_precision,
    }
    steps: list[tuple[str, Callable[[], None]]] = [(CONFIG, lambda: write_config(config, staging))]
    if full or ticks:
        # Here, because a fast run needs no database and starts the sooner without.
        from tickreel.runner.result.json_files import JsonExports  # noqa: PLC0415

        tables = staging if full else scratch
        exports = JsonExports(tables)
        precisions = instrument.price_precision, instrument.size_precision
        columns = file_columns(tick_schema(*precisions).names)
        steps.append(
            ("ticks.parquet", lambda: parquet_tables.write_ticks(window.trades(columns), *precisions, tables / "ticks.parquet"))
        )
        if full:
            steps += [
                ("orders.json", exports.orders),
                ("timeline.parquet", exports.timeline_table),
                ("timeline.json", exports.timeline),
            ]
        if ticks:
            steps.append(("ticks.json", lambda: exports.ticks(head, partial)))
        steps.append(("", exports.close))
    on_progress(0, len(steps) + 1)
    for done, (_, write) in enumerate(steps, 1):
        write()
        on_progress(done, len(steps) + 1)
    if full or ticks:
        # The ticks were read after the replay was.
        window.check_unchanged()
    there = (*kept_rows(full=full), *(("equity.parquet",) if full else ()))
    for name in (*there, *(name for name, _ in steps if name)):
        if name == "ticks.json":
            outputs[name] = str(export)
        elif full or name != "ticks.parquet":
            outputs[name] = str(folder / name)
    outputs["summary.json"] = str(store.summary_path(run_id, mode))
    result.metadata.created_at = iso(time.time_ns())
    store.commit(result, staging, partial if ticks else None)
    on_progress(len(steps) + 1, len(steps) + 1)
