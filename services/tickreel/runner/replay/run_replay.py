"""The replay of a run as it goes on: a plan is replayed, the ledger follows it, and the service hears of both."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from google.protobuf import json_format

from tickreel.engine.instrument import places_of
from tickreel.engine.replay import Shortcuts
from tickreel.engine.tape import Tape
from tickreel.jobs.worker import Reporter
from tickreel.processes.memory import process_memory
from tickreel.runner.config.strategy_registry import installed_strategies
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


class AccountRanDry(Exception):  # noqa: N818
    """The account that the engine left as it was would not have stayed above zero."""


class RunReplay:
    """The replay of a run: a plan is replayed, the ledger follows it, the service hears of both.

    Attributes:
        staging: The folder with what is kept of the rows, which is complete once `run` has returned: the marks of a fast run's
            orders, the tables of a full run, and of one that verifies, whatever it verifies.
        peak_memory: The most memory that a process of the replay has had, in MiB.
    """

    def __init__(self, spec: RunSpec, window: Window, rows: MarkRows, store: ResultStore, reporter: Reporter) -> None:
        self._spec = spec
        self._window = window
        self._rows = rows
        self._store = store
        self._reporter = reporter
        self.staging = Path()
        self.peak_memory = 0

    def run(self, plan: ReplayPlan, shortcuts: Shortcuts, *, trusting: bool) -> Outcome:
        """Replays a plan.

        Args:
            trusting: Whether the account is frozen in the trust that it stays above zero.

        Raises:
            TickreelError: REPLAY_FAILED, or WORKER_DIED.
            AccountRanDry: That trust was betrayed.
        """
        spec, config = self._spec, self._spec.run.config
        self.staging = self._store.staging(spec.run.run_id)
        tables: list[ReportTables | OrderMarks] = []
        decimals = self._decimals()
        full = spec.run.options.mode == result_pb2.RUN_MODE_FULL
        if full or spec.run.verified_run_id:
            recorded = self._window.recorded_times(self._rows)
            tables.append(ReportTables(self.staging, opened(config, self._rows, decimals), decimals[0], recorded))
        if not full:
            tables.append(OrderMarks(self.staging))
        ledger = Ledger(config, self._rows, self._window.end, tables, self._window.rows(), decimals)
        files = [part.file for part in self._window.parts]
        replay = PlanReplay(SegmentReplay(config, files, spec.scratch, spec.chunk_size), plan, spec.processes)

        def settle(tape: Tape) -> None:
            marked = ledger.settle(tape)
            if trusting and not ledger.always_solvent:
                raise AccountRanDry
            self._tell_equity(marked)

        with self._reporting(replay, ledger):
            replay.run(settle, shortcuts)
        self.peak_memory = max(self.peak_memory, replay.peak_memory)
        outcome = ledger.close()
        self._tell_equity(ledger.marked_end)
        for table in tables:
            table.close()
        total = len(self._rows.ts) + len(self._rows.book_ts)
        self._reporter.progress(job_pb2.JOB_PHASE_REPLAYING, total, total, "rows", self._rows.span[1])
        return outcome

    def _decimals(self) -> tuple[int, int]:
        """The decimals that the prices and the sizes of all fills have, and the position at the start."""
        config = self._spec.run.config
        instrument, strategy = config.instrument, installed_strategies()[config.strategy.name].strategy
        # An order that is none of a row, or that slips, may fill at any size and price that the config's precisions allow.
        if not strategy.copies_rows or config.strategy.close_positions_on_stop or config.venue.fill_model.prob_slippage:
            return instrument.price_precision, instrument.size_precision
        price, size = self._window.decimals
        given = [config.venue.starting_balances.get(instrument.base_currency, 0.0)]
        if places_of(instrument.lot_size) != instrument.size_precision:
            given.append(instrument.lot_size)
        return price, min(max(size, *map(places_of, given)), instrument.size_precision)

    @contextlib.contextmanager
    def _reporting(self, replay: PlanReplay, ledger: Ledger) -> Iterator[None]:
        """Reports how far the replay is, from a thread of its own: nothing is asked of the replay's."""
        done, rows = threading.Event(), self._rows
        findings = [json_format.MessageToDict(finding) for finding in self._window.findings]
        total = len(rows.ts) + len(rows.book_ts)

        def report_until_done() -> None:
            # It takes a while to look through all processes.
            memory, looked = 0, 0.0
            while not done.wait(_PROGRESS_INTERVAL):
                if time.monotonic() - looked >= _MEMORY_INTERVAL:
                    memory, looked = process_memory(os.getpid()), time.monotonic()
                with replay.next_tape() as tape:
                    marked = ledger.follow(tape) if tape is not None else None
                    figures = live_figures.figures(ledger, seen := replay.counts)
                self._tell_equity(marked)
                self._reporter.progress(job_pb2.JOB_PHASE_REPLAYING, sum(seen[:2]), total, "rows", rows.time_after(*seen[:2]))
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

    def _tell_equity(self, marked: MarkedRows | None) -> None:
        if marked is not None:
            self._reporter.live({"points": live_figures.points(marked)})
