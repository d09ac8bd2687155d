"""The process of a run: load the window, replay it, compute the account, write the result."""

import time
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf import json_format

from tickreel.engine.release import ENGINE
from tickreel.engine.replay import Shortcuts
from tickreel.jobs.worker import Reporter, serve_worker
from tickreel.rpc.errors import TickreelError, Violation
from tickreel.runner import digests
from tickreel.runner.config.strategy_registry import installed_strategy
from tickreel.runner.config.unused_keys import idle_keys_finding
from tickreel.runner.ledger.ledger import contract_of
from tickreel.runner.ledger.outcome import Outcome, summarise
from tickreel.runner.replay.money_bound import COLUMNS, check_notional
from tickreel.runner.replay.replay_plan import ReplayPlan
from tickreel.runner.replay.run_replay import AccountExhaustedError, RunReplay
from tickreel.runner.replay.shortcuts import shortcuts_of
from tickreel.runner.replay.unrepeatable_calls import UnrepeatableCalls
from tickreel.runner.result.code_digest import PRODUCT, code_packages
from tickreel.runner.result.findings import findings
from tickreel.runner.result.outputs import write_outputs
from tickreel.runner.run_spec import RunSpec
from tickreel.runner.window.data_holes import hole_findings
from tickreel.runner.window.iso_time import iso
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.runner.window.print_order import PrintOrder
from tickreel.runner.window.window import Window
from tickreel.stores.results import ResultStore
from tickreel.v1 import job_pb2, result_pb2

Int64 = npt.NDArray[np.int64]


def work(values: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Execute a run and return its result, or its verification, as JSON values."""
    spec = RunSpec.from_json(values)
    config, options = spec.run.config, spec.run.options
    reporter.progress(job_pb2.JOB_PHASE_LOADING, 0, 0, "rows")
    window = Window(spec)
    window.check_sides()
    calls = UnrepeatableCalls(config.strategy.name)
    if spec.run.verified_run_id:
        calls.watch()
    entry = installed_strategy(config.strategy.name)
    # The orders of other strategies are unknown before the replay.
    if entry.copies_rows:
        check_notional(window.trades(COLUMNS), contract_of(config), config)
    rows = _load(spec, window)
    total = len(rows.ts) + len(rows.book_ts)
    reporter.progress(job_pb2.JOB_PHASE_LOADING, total, total, "rows")
    store = ResultStore(spec.results_root, spec.tickdata_root)
    began = time.monotonic()

    shortcuts = shortcuts_of(config, entry.strategy, rows)
    assumes_solvent = shortcuts.frozen_account and not config.venue.frozen_account
    cuts = None
    if options.snapshot_mode == result_pb2.SNAPSHOT_MODE_TRADES:
        prints = PrintOrder.of(window.exchange_times())
        window.findings += prints.findings()
        cuts = prints.cuts
    plan = ReplayPlan.of(config, entry.strategy, rows, (window.start, window.end), spec.segment_rows, spec.processes, cuts)
    if spec.run.verified_run_id and entry.package != PRODUCT:
        # Calls in child processes would not be seen.
        spec = replace(spec, processes=1)
    replaying = RunReplay(spec, window, rows, store, reporter)
    try:
        outcome = replaying.run(plan, shortcuts, assumes_solvent=assumes_solvent)
    except AccountExhaustedError:
        plan = ReplayPlan.whole(rows, window.start, window.end, "the account has no free balance left, so it may deny orders")
        outcome = replaying.run(plan, Shortcuts(), assumes_solvent=False)
    seconds = time.monotonic() - began
    calls.end()
    window.check_unchanged()
    result = _result(spec, window, plan, outcome, replaying.peak_memory, seconds)
    result.findings.extend(idle_keys_finding(config, entry))
    result.metadata.code.extend(code_packages(entry))
    if spec.run.verified_run_id:
        # Imported here because loading the database would slow the start of all other runs.
        from tickreel.runner.result.verification import verify  # noqa: PLC0415

        verification = verify(
            store,
            store.find(spec.run.verified_run_id),
            result,
            replaying.staging,
            calls.findings(),
            lambda done, all_: reporter.progress(job_pb2.JOB_PHASE_COMPARING, done, all_, "tables"),
        )
        store.drop_staging(spec.run.run_id)
        return json_format.MessageToDict(verification)
    write_outputs(
        store,
        result,
        config,
        window,
        replaying.staging,
        spec.scratch,
        lambda done, all_: reporter.progress(job_pb2.JOB_PHASE_WRITING, done, all_, "outputs"),
        ticks=options.export_ticks,
    )
    return json_format.MessageToDict(result)


def _load(spec: RunSpec, window: Window) -> MarkRows:
    """Return the rows of the window at which equity is sampled.

    Raises:
        TickreelError: DATA_REFUSED if there are none, or if trades and books cannot be kept in order.
    """
    precision, mode = spec.run.config.instrument.price_precision, spec.run.options.snapshot_mode
    times, prices = window.times_and_prices()
    book_times, mids = window.times_and_mids()
    _require_rows(spec, times, mode != result_pb2.SNAPSHOT_MODE_BOOK, "trade")
    _require_rows(spec, book_times, mode != result_pb2.SNAPSHOT_MODE_TRADES, "book")
    if mode == result_pb2.SNAPSHOT_MODE_TRADES:
        return MarkRows.of_trades(times, prices, precision)
    window.check_order(times, book_times)
    return MarkRows.of_books(times, prices, precision, book_times, mids)


def _require_rows(spec: RunSpec, times: Int64, wanted: bool, kind: str) -> None:
    if wanted and not len(times):
        window = spec.run.config.time_window
        problem = f"has no {kind} row between {window.start.ToJsonString()} and {window.end.ToJsonString()}"
        raise TickreelError("DATA_REFUSED", f"the window {problem}", [Violation("time_window", problem)])


def _result(
    spec: RunSpec, window: Window, plan: ReplayPlan, outcome: Outcome, peak_memory: int, seconds: float
) -> result_pb2.Result:
    run, options = spec.run, spec.run.options
    config_window = run.config.time_window
    holes = hole_findings(config_window, spec.files, outcome.rows)
    metadata = result_pb2.RunMetadata(
        config_path=options.config_path,
        config_digest=run.config_digest,
        data_digest=digests.data_digest(
            (converted, file.start, file.end) for converted, file in zip(spec.files, window.files, strict=True)
        ),
        result_digest=outcome.result_digest,
        engine=ENGINE,
        snapshot_mode=options.snapshot_mode,
        catalog_root=str(spec.catalog_root),
        environment=spec.environment,
        replay_seconds=round(seconds, 3),
        peak_memory_mib=peak_memory,
        segments=len(plan.segments),
        one_piece_because=plan.whole_because,
        strategy=run.config.strategy.name,
        replay_start=iso(window.start),
        replay_end=iso(window.end),
        currency=run.config.instrument.settlement_currency,
    )
    for converted, file in zip(spec.files, window.files, strict=True):
        metadata.data_files.add(
            source=converted.source,
            path=converted.path,
            digest=converted.digest,
            rows=converted.rows,
            data_type=file.data_type,
            replay_start=iso(file.start),
            replay_end=iso(file.end),
        )
    return result_pb2.Result(
        run_id=run.run_id,
        mode=options.mode,
        instrument=run.config.instrument.id,
        dataset=options.dataset,
        start=config_window.start.ToJsonString(),
        end=config_window.end.ToJsonString(),
        summary=summarise(outcome),
        metadata=metadata,
        findings=findings(outcome, options.snapshot_mode, [*spec.notes, *window.findings, *holes]),
    )


def main() -> None:
    """Run one job for the service."""
    serve_worker(work)


if __name__ == "__main__":
    main()
