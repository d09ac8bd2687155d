"""The process of a run: loads the window, replays it, folds the account, writes the result."""

import contextlib
import resource
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf import json_format

from tickreel.engine.instruments import linear_perpetual
from tickreel.engine.release import ENGINE
from tickreel.engine.replay import TradeFile, catalog_view, replay
from tickreel.engine.strategy import ReplayStrategy
from tickreel.engine.tape import Tape
from tickreel.jobs.worker import Reporter, serve_worker
from tickreel.rpc.errors import TickreelError, Violation
from tickreel.runner import identity, report
from tickreel.runner.exports import JsonExports
from tickreel.runner.outcome import Outcome, findings, fold, iso, summarise
from tickreel.runner.strategies.registry import installed_strategies
from tickreel.runner.window import replay_window
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.instrument_name import InstrumentName
from tickreel.stores.results import ResultStore
from tickreel.stores.trades import TradeRows, read_trades
from tickreel.v1 import conversion_pb2, job_pb2, market_data_pb2, result_pb2, run_pb2

Int64 = npt.NDArray[np.int64]

_PROGRESS_INTERVAL = 0.1


@dataclass(frozen=True)
class Spec:
    """What a run's process is given: the run, the converted files of its window, and where things lie."""

    run: run_pb2.Run
    files: list[conversion_pb2.ConvertedFile]
    notes: list[result_pb2.Finding]
    catalog_root: Path
    results_root: Path
    tickdata_root: Path
    scratch: Path
    environment: dict[str, str]
    chunk_size: int

    def to_json(self) -> dict[str, Any]:
        """The spec as JSON values."""
        return {
            "run": json_format.MessageToDict(self.run),
            "files": [json_format.MessageToDict(file) for file in self.files],
            "notes": [json_format.MessageToDict(note) for note in self.notes],
            "catalog_root": str(self.catalog_root),
            "results_root": str(self.results_root),
            "tickdata_root": str(self.tickdata_root),
            "scratch": str(self.scratch),
            "environment": self.environment,
            "chunk_size": self.chunk_size,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Spec":
        """The spec that `to_json` gave."""
        return cls(
            run=json_format.ParseDict(values["run"], run_pb2.Run()),
            files=[json_format.ParseDict(file, conversion_pb2.ConvertedFile()) for file in values["files"]],
            notes=[json_format.ParseDict(note, result_pb2.Finding()) for note in values["notes"]],
            catalog_root=Path(values["catalog_root"]),
            results_root=Path(values["results_root"]),
            tickdata_root=Path(values["tickdata_root"]),
            scratch=Path(values["scratch"]),
            environment=values["environment"],
            chunk_size=values["chunk_size"],
        )


class Window:
    """The rows of a run's window in the catalog."""

    def __init__(self, spec: Spec) -> None:
        window = spec.run.config.time_window
        self._spec = spec
        self.start, self.end = replay_window(spec.files, window.start.ToNanoseconds(), window.end.ToNanoseconds())

    @property
    def files(self) -> list[TradeFile]:
        """The files, for the engine."""
        return [
            TradeFile(self._spec.catalog_root / file.path, file.span.start.ToNanoseconds(), file.span.end.ToNanoseconds())
            for file in self._spec.files
        ]

    def rows(self, columns: list[str] | None = None) -> Iterator[TradeRows]:
        """The rows, file by file."""
        for file in self._spec.files:
            yield from read_trades(self._spec.catalog_root / file.path, self.start, self.end, columns)

    def times_and_prices(self) -> tuple[Int64, Int64]:
        """Replay times and prices of all rows, in replay order."""
        precision = self._spec.run.config.instrument.price_precision
        chunks = [(rows.ts_init, rows.price(precision)) for rows in self.rows(["price"])]
        times = np.concatenate([ts for ts, _ in chunks]) if chunks else np.empty(0, dtype=np.int64)
        prices = np.concatenate([price for _, price in chunks]) if chunks else np.empty(0, dtype=np.int64)
        # Files may overlap by some rows around midnight; the engine merges them by time as well.
        order = np.argsort(times, kind="stable")
        return times[order], prices[order]

    def check_unchanged(self) -> None:
        """Sees whether the files are still those that the run was given.

        Raises:
            TickreelError: DATA_CHANGED, naming the first that is not.
        """
        catalog = CatalogStore(self._spec.catalog_root)
        for file in self._spec.files:
            found = catalog.find(file.path)
            if found is None or found.converted.digest != file.digest:
                message = f"{file.path} was replaced or removed while the run read it; run it again"
                raise TickreelError("DATA_CHANGED", message, run_id=self._spec.run.run_id, path=file.path)

    def check_sides(self) -> None:
        """Sees whether every row has a side, where nothing supplies one.

        Raises:
            TickreelError: DATA_REFUSED, with the count of rows that lack one.
        """
        orders = self._spec.run.config.strategy.orders
        if (orders and orders[0].side) or not any(file.unknown_sides for file in self._spec.files):
            return
        unknown = total = 0
        for rows in self.rows(["aggressor_side"]):
            unknown += int(np.count_nonzero(rows.side == market_data_pb2.AGGRESSOR_SIDE_UNSPECIFIED))
            total += len(rows)
        if unknown:
            problem = f'is empty, but {unknown} of {total} rows have no known side; supply one: [{{"side": "buy"}}]'
            message = f"{unknown} of {total} rows of the window have an unknown side and strategy.orders supplies none"
            raise TickreelError("DATA_REFUSED", message, [Violation("strategy.orders", problem)], rows=unknown)


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
    _write(store, result, outcome, window, reporter, full=options.mode == result_pb2.RUN_MODE_FULL, ticks=options.export_ticks)
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


def _write(
    store: ResultStore,
    result: result_pb2.Result,
    outcome: Outcome,
    window: Window,
    reporter: Reporter,
    *,
    full: bool,
    ticks: bool,
) -> None:
    """Writes the outputs of a run and commits them."""
    run_id, instrument = result.run_id, outcome.config.instrument
    outputs = result.metadata.outputs
    staging = store.staging(run_id) if full or ticks else None
    total = (5 if full else 0) + (1 if ticks else 0) + 1
    done = 0

    def wrote(*names: str) -> None:
        nonlocal done
        done += 1
        for name in names:
            outputs[name] = str(store.summary_path(run_id, result_pb2.RUN_MODE_FULL).with_name(name))
        reporter.progress(job_pb2.JOB_PHASE_WRITING, done, total, "outputs")

    reporter.progress(job_pb2.JOB_PHASE_WRITING, 0, total, "outputs")
    export = None
    if staging is not None:
        report.write_ticks(window.rows(), instrument.price_precision, instrument.size_precision, staging / "ticks.parquet")
        exports = JsonExports(staging)
        if full:
            report.write_orders(outcome, staging / "orders.parquet")
            wrote("orders.parquet", "ticks.parquet")
            report.write_fills(outcome, staging / "fills.parquet")
            wrote("fills.parquet")
            report.write_equity(outcome, staging / "equity.parquet")
            wrote("equity.parquet")
            exports.orders()
            wrote("orders.json")
            exports.timeline()
            wrote("timeline.json", "timeline.parquet")
        if ticks:
            export = store.tickdata_root / f".{run_id}.json"
            head = {
                "run_id": run_id,
                "instrument": instrument.id,
                "price_precision": instrument.price_precision,
                "size_precision": instrument.size_precision,
            }
            exports.ticks(head, export)
            wrote()
            outputs["ticks.json"] = str(store.ticks_path(run_id))
        exports.close()
    outputs["summary.json"] = str(store.summary_path(run_id, result_pb2.RUN_MODE_FULL if full else result_pb2.RUN_MODE_FAST))
    result.metadata.created_at = iso(time.time_ns())
    store.commit(result, staging if full else None, export)
    if staging is not None and not full:
        store.drop_staging(run_id)
    wrote()


if __name__ == "__main__":
    serve_worker(work)
