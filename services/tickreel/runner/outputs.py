"""The outputs of a run: its exports, written beside its tables, and the one rename that makes all of it a result."""

import time
from collections.abc import Callable
from pathlib import Path

from tickreel.runner import report
from tickreel.runner.outcome import iso
from tickreel.runner.window import Window
from tickreel.stores.results import ResultStore
from tickreel.v1 import result_pb2, run_config_pb2


def write_outputs(
    store: ResultStore,
    result: result_pb2.Result,
    instrument: run_config_pb2.InstrumentConfig,
    window: Window,
    staging: Path | None,
    on_progress: Callable[[int, int], None],
    *,
    ticks: bool,
) -> None:
    """Writes the outputs of a run, names them in its result, and commits all of it at once.

    Args:
        staging: The folder from `ResultStore.staging` with the tables of a full run; None for a fast one.
        on_progress: Called with the outputs done and those to do in all.
        ticks: Whether the ticks are exported as JSON.
    """
    run_id, full = result.run_id, staging is not None
    mode = result_pb2.RUN_MODE_FULL if full else result_pb2.RUN_MODE_FAST
    summary, export = store.summary_path(run_id, mode), store.ticks_path(run_id)
    if staging is None and ticks:
        staging = store.staging(run_id)
    partial = export.with_name(f".{export.name}")
    head = {
        "run_id": run_id,
        "instrument": instrument.id,
        "price_precision": instrument.price_precision,
        "size_precision": instrument.size_precision,
    }
    steps: list[tuple[str, Callable[[], None]]] = []
    if staging is not None:
        # Here, because a fast run needs no database and starts the sooner without.
        from tickreel.runner.exports import JsonExports  # noqa: PLC0415

        exports = JsonExports(staging)
        precisions = instrument.price_precision, instrument.size_precision
        steps.append(("ticks.parquet", lambda: report.write_ticks(window.trades(), *precisions, staging / "ticks.parquet")))
        if full:
            for name in ("orders.parquet", "fills.parquet", "equity.parquet"):
                result.metadata.outputs[name] = str(summary.with_name(name))
            steps += [
                ("orders.json", exports.orders),
                ("timeline.parquet", exports.timeline_table),
                ("timeline.json", exports.timeline),
            ]
        if ticks:
            steps.append(("ticks.json", lambda: exports.ticks(head, partial)))
        steps.append(("", exports.close))
    on_progress(0, len(steps) + 1)
    for done, (name, write) in enumerate(steps, 1):
        write()
        if name == "ticks.json":
            result.metadata.outputs[name] = str(export)
        elif name and full:
            result.metadata.outputs[name] = str(summary.with_name(name))
        on_progress(done, len(steps) + 1)
    result.metadata.outputs["summary.json"] = str(summary)
    result.metadata.created_at = iso(time.time_ns())
    store.commit(result, staging if full else None, partial if ticks else None)
    if not full:
        store.drop_staging(run_id)
    on_progress(len(steps) + 1, len(steps) + 1)
