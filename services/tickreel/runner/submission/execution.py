"""Execute a run: convert its data, replay the data in a process, and store the result in the run."""

import asyncio
import contextlib
import logging
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from tickreel.engine.error_log import first_error
from tickreel.jobs import job as jobs
from tickreel.jobs.executor import Executor, Resources, Work
from tickreel.jobs.process_pool import ProcessPool
from tickreel.jobs.queue import LiveJob
from tickreel.processes.memory import memory_for_jobs
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError, not_writable
from tickreel.rpc.settings import RUNNER_MEMORY, Settings
from tickreel.runner.config.strategy_registry import Strategies
from tickreel.runner.run_spec import RunSpec
from tickreel.runner.submission.data_findings import data_findings
from tickreel.runner.submission.live_equity import EquityCurve
from tickreel.runner.submission.unchanged_files import HeldFiles
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.results import ResultStore
from tickreel.v1 import conversion_pb2, converter_service_pb2, market_data_pb2, result_pb2, run_pb2

log = logging.getLogger("tickreel")

_WORKER = "tickreel.runner.run_process"

# Measured memory of a process that replays slices of 20,000 orders, in MiB.
_PROCESS_MEMORY = 420
# How often a run converts its data if catalog files are removed or replaced while it reads them.
_ATTEMPTS = 3
# Seconds to wait for a Converter that does not answer. It may be restarting.
_PATIENCE = 180.0
_RETRY_SECONDS = 0.25


class Execution:
    """Executes runs, one call per run."""

    def __init__(self, settings: Settings, converter: ServiceClient, store: ResultStore, strategies: Strategies) -> None:
        self._settings = settings
        self._converter = converter
        self._store = store
        self._catalog = CatalogStore(settings.catalog_root)
        self._strategies = strategies
        self._curves: dict[str, EquityCurve] = {}
        # Conversions of cancelled runs that are cancelled once the Converter has answered.
        self._cancellations: set[asyncio.Task[None]] = set()
        self._executor: Executor = ProcessPool(
            _WORKER,
            settings.state_root / "runner" / "logs",
            hang_seconds=settings.hang_seconds,
            template=settings.spare_workers,
            resources=Resources(settings.run_processes, settings.runner_memory or memory_for_jobs()),
            memory_variable=RUNNER_MEMORY,
            stores=(settings.results_root, settings.tickdata_root, Path(tempfile.gettempdir())),
        )

    @property
    def resources(self) -> Resources:
        """The processes and memory that all runs share."""
        return self._executor.resources

    def expected_memory(self, _run: run_pb2.Run, processes: int) -> int:
        """Return the expected memory of a run, in MiB. A window in one piece takes more, which is measured while it runs."""
        return processes * _PROCESS_MEMORY

    def open(self) -> None:
        """Prepare for the first run, and remove the logs of runs whose results were deleted."""
        for run_id in self._store.deleted():
            self.drop_log(run_id)
        self._executor.warm_up()

    async def close(self) -> None:
        """Stop all background work. Call this after the last run has ended."""
        for cancellation in self._cancellations:
            cancellation.cancel()
        await asyncio.gather(*self._cancellations, return_exceptions=True)
        await self._executor.close()

    async def plan(self, run: run_pb2.Run, *, with_instrument: bool) -> conversion_pb2.Conversion:
        """Return the files of a run's window, found by their footers. This converts nothing.

        Args:
            with_instrument: Whether the Converter checks the instrument too. If it already has violations, pass False, so
                that they are not reported twice.

        Raises:
            TickreelError: The Converter refuses the request. The violations name the fields of the config.
        """
        spec = _conversion_spec(run)
        if not with_instrument:
            spec.ClearField("instrument_config")
        request = converter_service_pb2.CreateConversionRequest(spec=spec, validate_only=True)
        response: converter_service_pb2.CreateConversionResponse = await self._converter.call("CreateConversion", request)
        return response.conversion

    async def __call__(self, live: LiveJob[run_pb2.Run]) -> None:
        """Execute a run."""
        self._curves[live.job_id] = EquityCurve()
        try:
            await self._work(live)
        finally:
            live.resource.ClearField("live")
            del self._curves[live.job_id]

    def curve(self, run_id: str) -> EquityCurve | None:
        """Return the equity curve of a run, or None if it is not being executed."""
        return self._curves.get(run_id)

    async def _work(self, live: LiveJob[run_pb2.Run]) -> None:
        """Convert and replay. Start again if catalog files are deleted or replaced while the run reads them.

        Raises:
            TickreelError: DATA_CHANGED if that happens in every attempt; else the failure of the conversion or the replay.
        """
        lost = ""
        for _ in range(_ATTEMPTS):
            conversion = await self._convert(live)
            held = await asyncio.to_thread(HeldFiles.of, self._catalog, conversion.files)
            try:
                if not (lost := held.lost()):
                    with _scratch_of(live.job_id) as scratch:
                        return await self._replay(live, conversion, scratch)
            except TickreelError as error:
                if not (lost := await asyncio.to_thread(held.lost)):
                    raise
                log.warning("run %s starts again, because %s was deleted or replaced: %s", live.job_id, lost, error.message)
                live.resource.ClearField("live")
        message = (
            f"the catalog file {lost} was deleted or replaced each of the {_ATTEMPTS} times that the run converted and read its"
            f" data; find what changes {self._catalog.root} during runs, then run again"
        )
        raise TickreelError("DATA_CHANGED", message, run_id=live.job_id, path=lost, attempts=_ATTEMPTS)

    async def _replay(self, live: LiveJob[run_pb2.Run], conversion: conversion_pb2.Conversion, scratch: Path) -> None:
        run = live.resource
        spec = RunSpec(
            run=run,
            files=list(conversion.files),
            notes=[*conversion.findings, *data_findings(run.config.time_window, conversion.files)],
            catalog_root=self._settings.catalog_root,
            results_root=self._settings.results_root,
            tickdata_root=self._settings.tickdata_root,
            scratch=scratch,
            environment=dict(self._settings.environment),
            chunk_size=self._settings.replay_chunk,
            segment_rows=self._settings.segment_rows,
            processes=live.share.processes,
        )

        def take(values: dict[str, Any]) -> None:
            curve = self._curves[run.run_id]
            if "points" in values:
                curve.add(values["points"])
            elif "restarted" in values:
                curve.restart()
            else:
                run.live.Clear()
                json_format.ParseDict(values, run.live)
                run.live.currency = run.config.instrument.settlement_currency
                run.live.findings.extend(spec.notes)
            live.changed()

        # All forks of a template have the same seed of hashes, and so the same order of sets. A verification in another
        # interpreter finds a strategy that depends on this order.
        entry = self._strategies.get(run.config.strategy.name)
        fresh = bool(run.verified_run_id) and (entry is None or entry.package != "tickreel")
        work = Work(run.run_id, spec.to_json(), live.report, live.share.memory, needs_interpreter=fresh, on_live=take)
        try:
            result = await self._executor.run(work)
        except BaseException as error:
            await asyncio.to_thread(self._store.discard, run.run_id)
            if isinstance(error, TickreelError) and error.reason in ("ENGINE_ABORTED", "WORKER_DIED"):
                raise await asyncio.to_thread(self._cause, run.run_id, error) from None
            raise
        json_format.ParseDict(result, run.verification if run.verified_run_id else run.result)

    def _cause(self, run_id: str, death: TickreelError) -> TickreelError:
        """Return the error for a process that died: the engine's error if the log has one, else `death`."""
        try:
            logged = first_error(self.log_path(run_id).read_text(errors="replace"))
        except OSError:
            return death
        return death if logged is None else TickreelError(death.reason, str(logged), **death.metadata)

    def log_path(self, run_id: str) -> Path:
        """Return the path of the log of a run's process."""
        return self._executor.log_path(run_id)

    def drop_log(self, run_id: str) -> None:
        """Remove the log of a run."""
        # If the log folder is not writable, the next run reports it.
        with contextlib.suppress(OSError):
            self.log_path(run_id).unlink(missing_ok=True)

    def finished(self, run: run_pb2.Run) -> bool:
        """Complete a run if its result was committed just before the service died. Return whether it was."""
        try:
            run.result.CopyFrom(self._store.load(self._store.find(run.run_id)))
        except TickreelError:
            return False
        self._store.drop_staging(run.run_id)
        _remove_scratch(run.run_id)
        return True

    async def discard(self, run: run_pb2.Run) -> None:
        """Remove the files of a run that was unfinished when the service died. If it was being cancelled, cancel its
        conversion."""
        _remove_scratch(run.run_id)
        await asyncio.to_thread(self._store.discard, run.run_id)
        if run.state == jobs.CANCELLING and run.conversion_id:
            await self._cancel_conversion(run.conversion_id)

    async def _convert(self, live: LiveJob[run_pb2.Run]) -> conversion_pb2.Conversion:
        """Convert the run's files and return the conversion. If the Converter restarts, keep waiting for it.

        Raises:
            TickreelError: The failure of the conversion, or SERVICE_UNAVAILABLE if the Converter is down for too long.
        """
        run, loop = live.resource, asyncio.get_running_loop()
        conversion = await self._request_conversion(live)
        failing_since: float | None = None
        try:
            while conversion.state not in jobs.FINAL:
                watch = converter_service_pb2.WatchConversionRequest(conversion_id=conversion.conversion_id)
                try:
                    async for response in self._converter.stream("WatchConversion", watch):
                        conversion, failing_since = response.conversion, None
                        if conversion.HasField("progress"):
                            live.report(conversion.progress)
                except TickreelError as error:
                    failing_since = loop.time() if failing_since is None else failing_since
                    if error.reason != "SERVICE_UNAVAILABLE" or loop.time() - failing_since >= _PATIENCE:
                        raise
                    await asyncio.sleep(_RETRY_SECONDS)
        except asyncio.CancelledError:
            # If the service stops, the run is resumed at the next start, so its conversion may continue.
            if run.state == jobs.CANCELLING:
                await self._cancel_conversion(conversion.conversion_id)
            raise
        if conversion.state == jobs.SUCCEEDED:
            return conversion
        if conversion.state == jobs.CANCELLED:
            message = f"the conversion {conversion.conversion_id} of the run was cancelled; run again"
            raise TickreelError("INTERRUPTED", message, conversion_id=conversion.conversion_id)
        failure = conversion.failure
        raise TickreelError(failure.reason, failure.message, **failure.metadata)

    async def _request_conversion(self, live: LiveJob[run_pb2.Run]) -> conversion_pb2.Conversion:
        """Return the conversion of the run. If the conversion of an earlier attempt is still running, return that one.

        The files of an earlier, finished conversion may have been removed since, so a new one checks for them.
        """
        run = live.resource
        if run.conversion_id:
            get = converter_service_pb2.GetConversionRequest(conversion_id=run.conversion_id)
            # A Converter that lost its journal does not know the conversion.
            with contextlib.suppress(TickreelError):
                found: converter_service_pb2.GetConversionResponse = await self._converter.call_with_retries(
                    "GetConversion", get, patience=_PATIENCE
                )
                if found.conversion.state not in jobs.FINAL:
                    return found.conversion
        # The first request id is the run id, so that a conversion created just before the service died is found again.
        request_id = f"{run.run_id}/{uuid.uuid4()}" if run.conversion_id else run.run_id
        request = converter_service_pb2.CreateConversionRequest(request_id=request_id, spec=_conversion_spec(run))
        asked: asyncio.Future[converter_service_pb2.CreateConversionResponse] = asyncio.ensure_future(
            self._converter.call_with_retries("CreateConversion", request, patience=_PATIENCE)
        )
        try:
            conversion = (await asyncio.shield(asked)).conversion
        except asyncio.CancelledError:
            if run.state == jobs.CANCELLING:
                # The Converter may have created it already, even if its response has not arrived.
                cancellation = asyncio.create_task(self._cancel_created(asked))
                self._cancellations.add(cancellation)
                cancellation.add_done_callback(self._cancellations.discard)
            else:
                asked.cancel()
            raise
        run.conversion_id = conversion.conversion_id
        await live.save()
        return conversion

    async def _cancel_created(self, asked: asyncio.Future[converter_service_pb2.CreateConversionResponse]) -> None:
        """Cancel the conversion of a cancelled run once the Converter has returned its id."""
        with contextlib.suppress(TickreelError):
            await self._cancel_conversion((await asked).conversion.conversion_id)

    async def _cancel_conversion(self, conversion_id: str) -> None:
        request = converter_service_pb2.CancelConversionRequest(conversion_id=conversion_id)
        # The conversion may have ended, or the Converter may be down. The run is cancelled anyway.
        with contextlib.suppress(TickreelError):
            await self._converter.call("CancelConversion", request, timeout=0.5)


@contextlib.contextmanager
def _scratch_of(run_id: str) -> Iterator[Path]:
    """Create a scratch folder for a run. Remove it at the end."""
    try:
        scratch = Path(tempfile.mkdtemp(prefix=_scratch_prefix(run_id)))
    except OSError as error:
        raise not_writable("the scratch folder of a run", Path(tempfile.gettempdir()), error) from None
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _remove_scratch(run_id: str) -> None:
    """Remove the scratch folders of a run whose service died."""
    for scratch in Path(tempfile.gettempdir()).glob(f"{_scratch_prefix(run_id)}*"):
        shutil.rmtree(scratch, ignore_errors=True)


def _scratch_prefix(run_id: str) -> str:
    return f"tickreel-run-{run_id}-"


def _data_types(mode: result_pb2.SnapshotMode) -> list[market_data_pb2.DataType]:
    """Return the data types that a snapshot mode replays."""
    trades, books = market_data_pb2.DATA_TYPE_TRADES, market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5
    return {result_pb2.SNAPSHOT_MODE_BOOK: [books], result_pb2.SNAPSHOT_MODE_BOTH: [trades, books]}.get(mode, [trades])


def _conversion_spec(run: run_pb2.Run) -> conversion_pb2.ConversionSpec:
    config, options = run.config, run.options
    catalog = config.data_catalog
    return conversion_pb2.ConversionSpec(
        instrument=config.instrument.id,
        instrument_config=config.instrument,
        price_precision=config.instrument.price_precision,
        size_precision=config.instrument.size_precision,
        window=config.time_window,
        data_types=_data_types(options.snapshot_mode),
        dataset=options.dataset,
        trades_path="" if catalog.auto_discover else catalog.trades_path,
        book_snapshot_5_path="" if catalog.auto_discover else catalog.book_snapshot_5_path,
        file_pattern=catalog.instrument_file_pattern,
    )
