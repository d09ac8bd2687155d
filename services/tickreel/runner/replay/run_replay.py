"""The replay of a run: it replays a plan while the ledger follows and reports progress and live figures to the service."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from google.protobuf import json_format

from tickreel.engine.copy_recorder import only_copies
from tickreel.engine.instrument import places_of
from tickreel.engine.replay import Shortcuts
from tickreel.engine.tape import Tape
from tickreel.jobs.worker import Reporter
from tickreel.processes.memory import process_memory
from tickreel.runner.config.strategy_registry import installed_strategy
from tickreel.runner.ledger import live_figures
from tickreel.runner.ledger.ledger import Ledger, MarkedRows, opened
from tickreel.runner.ledger.outcome import Outcome
from tickreel.runner.replay.replay_plan import ReplayPlan
from tickreel.runner.replay.slice_process import SegmentReplay
from tickreel.runner.replay.slices import PlanReplay
from tickreel.runner.result.order_marks import OrderMarks
from tickreel.runner.result.parquet_tables import ReportTables
from tickreel.runner.run_spec import RunSpec
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.runner.window.window import Window
from tickreel.stores.results import ResultStore
from tickreel.v1 import job_pb2, result_pb2

_PROGRESS_INTERVAL = 0.1
_MEMORY_INTERVAL = 1.0


class AccountExhaustedError(Exception):
    """The engine replayed with a frozen account, but a real account would have fallen to zero."""


class RunReplay:
    """Replays the plan of a run, feeds the ledger, and reports progress and live figures.

    Attributes:
        staging: The folder with the tables or marks of the run, complete when `run` returns. A fast run has marks, a full run
            has tables. A verification always has tables, and also marks if it verifies a fast run.
        peak_memory: Peak memory of the largest process of the replay, MiB.
    """

    def __init__(self, spec: RunSpec, window: Window, rows: MarkRows, store: ResultStore, reporter: Reporter) -> None:
        self._spec = spec
        self._window = window
        self._rows = rows
        self._store = store
        self._reporter = reporter
        self._strategy = installed_strategy(spec.run.config.strategy.name)
        self.staging = Path()
        self.peak_memory = 0

    def run(self, plan: ReplayPlan, shortcuts: Shortcuts, *, assumes_solvent: bool) -> Outcome:
        """Replay a plan and return the outcome.

        Args:
            assumes_solvent: Whether the account is frozen on the assumption that it stays above zero.

        Raises:
            TickreelError: REPLAY_FAILED, or WORKER_DIED.
            AccountExhaustedError: The assumption does not hold.
        """
        spec, config = self._spec, self._spec.run.config
        self.staging = self._store.staging(spec.run.run_id)
        tables: list[ReportTables | OrderMarks] = []
        decimals = self._decimals()
        full = spec.run.options.mode == result_pb2.RUN_MODE_FULL
        if full or spec.run.verified_run_id:
            recorded = self._window.recorded_times(self._rows)
            account = opened(config, self._rows, decimals)
            tables.append(ReportTables(self.staging, account, decimals[0], recorded, config.instrument.id))
        if not full:
            tables.append(OrderMarks(self.staging))
        with_positions = any(isinstance(consumer, ReportTables) for consumer in tables)
        ledger = Ledger(
            config,
            self._rows,
            self._window.end,
            tables,
            self._window.rows(),
            decimals,
            with_positions=with_positions,
            copies=self._strategy.copies_rows,
        )
        files = [part.file for part in self._window.parts]
        replay = PlanReplay(SegmentReplay(config, files, spec.scratch, spec.chunk_size), plan, spec.processes)

        def settle(tape: Tape) -> None:
            marked = ledger.settle(tape)
            if assumes_solvent and not ledger.always_solvent:
                raise AccountExhaustedError
            self._report_equity(marked)

        with self._reporting(replay, ledger):
            replay.run(settle, shortcuts)
        self.peak_memory = max(self.peak_memory, replay.peak_memory)
        outcome = ledger.close()
        self._report_equity(ledger.marked_end)
        for table in tables:
            table.close()
        total = len(self._rows.ts) + len(self._rows.book_ts)
        self._reporter.progress(job_pb2.JOB_PHASE_REPLAYING, total, total, "rows", self._rows.span[1])
        return outcome

    def _decimals(self) -> tuple[int, int]:
        """Return the maximum decimals of fill prices, and of fill sizes and the starting position."""
        config = self._spec.run.config
        instrument = config.instrument
        # An order that does not copy a row, or that slips, may have any size and fill price within the config's precisions.
        copies = self._strategy.copies_rows and not config.strategy.close_positions_on_stop
        if not copies or config.venue.fill_model.prob_slippage:
            return instrument.price_precision, instrument.size_precision
        price, size = self._window.decimals
        given = [config.venue.starting_balances.get(instrument.base_currency, 0.0)]
        if places_of(instrument.lot_size) != instrument.size_precision:
            given.append(instrument.lot_size)
        return price, min(max(size, *map(places_of, given)), instrument.size_precision)

    @contextlib.contextmanager
    def _reporting(self, replay: PlanReplay, ledger: Ledger) -> Iterator[None]:
        """Report progress and live figures from a separate thread, so that the thread of the replay is not slowed down."""
        done, rows = threading.Event(), self._rows
        findings = [json_format.MessageToDict(finding) for finding in self._window.findings]
        total = len(rows.ts) + len(rows.book_ts)
        config = self._spec.run.config
        # The general recorder knows only up to which time it is complete.
        counts_rows = only_copies(self._strategy.strategy, config)

        def report_until_done() -> None:
            # Memory is measured less often, because it takes a walk through all processes.
            memory, measured_at = 0, 0.0
            while not done.wait(_PROGRESS_INTERVAL):
                if time.monotonic() - measured_at >= _MEMORY_INTERVAL:
                    memory, measured_at = process_memory(os.getpid()), time.monotonic()
                with replay.next_tape() as tape:
                    marked = ledger.follow(tape) if tape is not None else None
                    counts = replay.counts
                    if tape is not None and not counts_rows:
                        counts = (*rows.rows_until(tape.settled), *counts[2:])
                    figures = live_figures.figures(ledger, counts)
                self._report_equity(marked)
                trade_rows, book_rows, _, _ = counts
                now = rows.time_after(trade_rows, book_rows)
                self._reporter.progress(job_pb2.JOB_PHASE_REPLAYING, trade_rows + book_rows, total, "rows", now)
                self._reporter.live(figures | {"memoryMib": memory, "findings": findings})

        self._reporter.live({"restarted": True})
        self._reporter.progress(job_pb2.JOB_PHASE_REPLAYING, 0, total, "rows")
        thread = threading.Thread(target=report_until_done, name="progress")
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _report_equity(self, marked: MarkedRows | None) -> None:
        if marked is not None:
            self._reporter.live({"points": live_figures.points(marked)})
