"""How a run is done: the Converter brings the data, a process replays it, and its result becomes the run's."""

import asyncio
import contextlib
import tempfile
from pathlib import Path

from google.protobuf import json_format

from tickreel.jobs import job as jobs
from tickreel.jobs.queue import LiveJob
from tickreel.jobs.worker import run_worker
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import Settings
from tickreel.runner.data_findings import data_findings
from tickreel.runner.spec import Spec
from tickreel.stores.results import ResultStore
from tickreel.v1 import conversion_pb2, converter_service_pb2, market_data_pb2, result_pb2, run_pb2

_WORKER = "tickreel.runner.worker"


class Execution:
    """Does the work of runs, one call a run."""

    def __init__(self, settings: Settings, converter: ServiceClient, store: ResultStore) -> None:
        self._settings = settings
        self._converter = converter
        self._store = store

    async def plan(self, run: run_pb2.Run) -> conversion_pb2.Conversion:
        """The files of a run's window, by their footers; converts nothing.

        Raises:
            TickreelError: What the Converter refuses, with the fields of the config at fault.
        """
        request = converter_service_pb2.CreateConversionRequest(spec=_conversion_spec(run), validate_only=True)
        response = await self._converter.call("CreateConversion", request)
        return response.conversion

    async def __call__(self, live: LiveJob[run_pb2.Run]) -> None:
        """Does the work of a run."""
        conversion = await self._convert(live)
        with tempfile.TemporaryDirectory(prefix="tickreel-run-", ignore_cleanup_errors=True) as scratch:
            await self._replay(live, conversion, Path(scratch))

    async def _replay(self, live: LiveJob[run_pb2.Run], conversion: conversion_pb2.Conversion, scratch: Path) -> None:
        run = live.resource
        spec = Spec(
            run=run,
            files=list(conversion.files),
            notes=list(data_findings(run.config.time_window, conversion.files)),
            catalog_root=self._settings.catalog_root,
            results_root=self._settings.results_root,
            tickdata_root=self._settings.tickdata_root,
            scratch=scratch,
            environment=dict(self._settings.environment),
            chunk_size=self._settings.replay_chunk,
        )
        try:
            result = await run_worker(_WORKER, spec.to_json(), self.log_path(run.run_id), live.report)
        except BaseException:
            await asyncio.to_thread(self._store.discard, run.run_id)
            raise
        json_format.ParseDict(result, run.result)

    def log_path(self, run_id: str) -> Path:
        """The log of a run's process."""
        return self._settings.state_root / "runner" / "logs" / f"{run_id}.log"

    def finished(self, run: run_pb2.Run) -> bool:
        """Completes a run whose result was committed just before the service died; returns whether it was."""
        try:
            result = self._store.load(self._store.find(run.run_id))
        except TickreelError:
            self._store.discard(run.run_id)
            return False
        run.result.CopyFrom(result)
        return True

    async def _convert(self, live: LiveJob[run_pb2.Run]) -> conversion_pb2.Conversion:
        run = live.resource
        request = converter_service_pb2.CreateConversionRequest(request_id=run.run_id, spec=_conversion_spec(run))
        conversion = (await self._converter.call("CreateConversion", request)).conversion
        run.conversion_id = conversion.conversion_id
        try:
            while conversion.state not in jobs.FINAL:
                watch = converter_service_pb2.WatchConversionRequest(conversion_id=conversion.conversion_id)
                async for response in self._converter.stream("WatchConversion", watch):
                    conversion = response.conversion
                    if conversion.HasField("progress"):
                        live.report(conversion.progress)
        except asyncio.CancelledError:
            await self._cancel_conversion(conversion.conversion_id)
            raise
        if conversion.state == jobs.SUCCEEDED:
            return conversion
        if conversion.state == jobs.CANCELLED:
            message = f"the conversion {conversion.conversion_id} that the run waited for was cancelled"
            raise TickreelError("INTERRUPTED", message, conversion_id=conversion.conversion_id)
        failure = conversion.failure
        raise TickreelError(failure.reason, failure.message, **failure.metadata)

    async def _cancel_conversion(self, conversion_id: str) -> None:
        request = converter_service_pb2.CancelConversionRequest(conversion_id=conversion_id)
        # It may have ended in the meantime, or its service may be gone: the run is cancelled all the same.
        with contextlib.suppress(TickreelError):
            await self._converter.call("CancelConversion", request, timeout=0.5)


def _data_types(mode: result_pb2.SnapshotMode) -> list[market_data_pb2.DataType]:
    """What a snapshot mode replays."""
    trades, books = market_data_pb2.DATA_TYPE_TRADES, market_data_pb2.DATA_TYPE_BOOK_SNAPSHOT_5
    return {result_pb2.SNAPSHOT_MODE_BOOK: [books], result_pb2.SNAPSHOT_MODE_BOTH: [trades, books]}.get(mode, [trades])


def _conversion_spec(run: run_pb2.Run) -> conversion_pb2.ConversionSpec:
    config, options = run.config, run.options
    catalog = config.data_catalog
    return conversion_pb2.ConversionSpec(
        instrument=config.instrument.id,
        price_precision=config.instrument.price_precision,
        size_precision=config.instrument.size_precision,
        window=config.time_window,
        data_types=_data_types(options.snapshot_mode),
        dataset=options.dataset,
        trades_path="" if catalog.auto_discover else catalog.trades_path,
        book_snapshot_5_path="" if catalog.auto_discover else catalog.book_snapshot_5_path,
        file_pattern=catalog.instrument_file_pattern,
    )
