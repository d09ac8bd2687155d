"""The process of a run: loads the window, replays it, folds the account, writes the result."""

import contextlib
import resource
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from google.protobuf import json_format

from tickreel.engine.instruments import linear_perpetual
from tickreel.engine.release import ENGINE
from tickreel.engine.replay import catalog_view, replay
from tickreel.engine.strategy import ReplayStrategy
from tickreel.engine.tape import Tape
from tickreel.jobs.worker import Reporter, serve_worker
from tickreel.rpc.errors import TickreelError, Violation
from tickreel.runner import identity
from tickreel.runner.outcome import Outcome, findings, fold, iso, summarise
from tickreel.runner.outputs import write_outputs
from tickreel.runner.spec import Spec
from tickreel.runner.strategies.registry import installed_strategies
from tickreel.runner.window import Window
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.results import ResultStore
from tickreel.v1 import job_pb2, result_pb2

_PROGRESS_INTERVAL = 0.1


def work(values: dict[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Does the work of a run; returns its result as JSON values."""
    spec = Spec.from_json(values)
    config, options = spec.run.config, spec.run.options
    window = Window(spec)
    reporter.progress(job_pb2.JOB_PHASE_LOADING, 0, 0, "rows")
    window.check_sides()
    times, prices = window.times_and_prices()
    total = len(times)
    if not total:
        start, end = config.time_window.start.ToJsonString(), config.time_window.end.ToJsonString()
        problem = f"has no trade row between {start} and {end}"
        raise TickreelError("DATA_REFUSED", f"the window {problem}", [Violation("time_window", problem)])
    reporter.progress(job_pb2.JOB_PHASE_LOADING, total, total, "rows")
    instrument = linear_perpetual(InstrumentName.parse(config.instrument.id).engine_id, config.instrument)
    lanes = catalog_view(spec.scratch, instrument, window.files)
    strategy_class = installed_strategies()[config.strategy.name].strategy
    began = time.monotonic()

    def attempt(*, frozen_account: bool) -> Outcome:
        strategy = strategy_class(instrument, config.strategy)
        with _reporting(reporter, strategy.tape, total):
            replay(config, strategy, lanes, window.start, window.end, spec.chunk_size, frozen_account=frozen_account)
        _check_complete(strategy, total)
        reporter.progress(job_pb2.JOB_PHASE_REPLAYING, total, total, "rows", strategy.tape.ts)
        return fold(config, strategy.tape, times, prices)

    # Without margin an account refuses orders only once it is below zero: leave it to our arithmetic whether it ever was.
    unconstrained = config.instrument.margin_init == 0 and config.instrument.margin_maint == 0
    outcome = attempt(frozen_account=unconstrained)
    if unconstrained and not outcome.always_solvent:
        outcome = attempt(frozen_account=False)
    seconds = time.monotonic() - began
    window.check_unchanged()
    store = ResultStore(spec.results_root, spec.tickdata_root)
    result = _result(spec, window, outcome, seconds)
    write_outputs(
        store,
        result,
        outcome,
        window,
        lambda done, all_: reporter.progress(job_pb2.JOB_PHASE_WRITING, done, all_, "outputs"),
        full=options.mode == result_pb2.RUN_MODE_FULL,
        ticks=options.export_ticks,
    )
    return json_format.MessageToDict(result)


@contextlib.contextmanager
def _reporting(reporter: Reporter, tape: Tape, total: int) -> Iterator[None]:
    """Reports how far the replay is, from a thread of its own: nothing is asked of the replay's."""
    done = threading.Event()

    def report_until_done() -> None:
        while not done.wait(_PROGRESS_INTERVAL):
            reporter.progress(job_pb2.JOB_PHASE_REPLAYING, tape.rows, total, "rows", tape.ts or None)

    reporter.progress(job_pb2.JOB_PHASE_REPLAYING, 0, total, "rows")
    thread = threading.Thread(target=report_until_done, name="progress")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _check_complete(strategy: ReplayStrategy, total: int) -> None:
    if strategy.tape.rows != total:
        message = f"the engine replayed {strategy.tape.rows} of the {total} rows of the window"
        raise TickreelError("REPLAY_FAILED", message, rows=strategy.tape.rows, expected=total)


def _result(spec: Spec, window: Window, outcome: Outcome, seconds: float) -> result_pb2.Result:
    run, options = spec.run, spec.run.options
    config_window = run.config.time_window
    metadata = result_pb2.RunMetadata(
        config_path=options.config_path,
        config_digest=run.config_digest,
        data_digest=identity.data_digest(spec.files, window.start, window.end),
        result_digest=identity.result_digest(
            outcome.orders, outcome.fills, outcome.account.fill_fees, outcome.ends, outcome.final_account
        ),
        engine=ENGINE,
        snapshot_mode=result_pb2.SnapshotMode.Name(options.snapshot_mode).removeprefix("SNAPSHOT_MODE_").lower(),
        catalog_root=str(spec.catalog_root),
        environment=spec.environment,
        replay_seconds=round(seconds, 3),
        peak_memory_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (2**20 if sys.platform == "darwin" else 2**10),
        replay_start=iso(window.start),
        replay_end=iso(window.end),
        currency=run.config.venue.base_currency,
    )
    for file in spec.files:
        metadata.data_files.add(source=file.source, path=file.path, digest=file.digest, rows=file.rows)
    return result_pb2.Result(
        run_id=run.run_id,
        mode=result_pb2.RunMode.Name(options.mode).removeprefix("RUN_MODE_").lower(),
        instrument=run.config.instrument.id,
        dataset=options.dataset,
        start=config_window.start.ToJsonString(),
        end=config_window.end.ToJsonString(),
        summary=summarise(outcome),
        metadata=metadata,
        findings=findings(outcome, spec.notes),
    )


if __name__ == "__main__":
    serve_worker(work)
