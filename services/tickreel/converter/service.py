"""The gRPC methods of the Converter."""

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from typing import cast

import grpc

from tickreel.converter import conversion_process
from tickreel.converter.conversion_plan import ConversionPlan
from tickreel.converter.sample_data import check_takes_sample_data, make_sample_data
from tickreel.jobs import job as jobs
from tickreel.jobs.executor import Executor, Resources, Work
from tickreel.jobs.journal import Journal
from tickreel.jobs.process_pool import ProcessPool
from tickreel.jobs.queue import JobQueue, LiveJob
from tickreel.processes.memory import memory_for_jobs
from tickreel.rpc.call_thread import call_in_thread
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.paging import Page
from tickreel.rpc.settings import CONVERTER_MEMORY, Settings
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.raw import RawStore
from tickreel.v1 import conversion_pb2, converter_service_pb2, converter_service_pb2_grpc

log = logging.getLogger("tickreel")

# At least two, so that a long conversion does not block a short one. More would only share the same cores.
_SLOTS = max(2, (os.cpu_count() or 2) // 2)


class ConverterServicer(converter_service_pb2_grpc.ConverterServiceServicer):
    """Serves `ConverterService`."""

    DESCRIPTOR = converter_service_pb2.DESCRIPTOR.services_by_name["ConverterService"]
    add_to_server = staticmethod(converter_service_pb2_grpc.add_ConverterServiceServicer_to_server)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._raw = RawStore(settings.data_root, settings.raw_ending)
        self._catalog = CatalogStore(settings.catalog_root)
        # Concurrent requests would make the same data on another core.
        self._making_sample = asyncio.Lock()

    async def open(self) -> None:
        """Open the journal, remove the incomplete files of a former process, and resume its unfinished conversions."""
        settings = self._settings
        folder = settings.state_root / "converter"
        journal = Journal(folder, conversion_pb2.Conversion)
        self._executor: Executor = ProcessPool(
            conversion_process.__name__,
            folder / "logs",
            hang_seconds=settings.hang_seconds,
            template=settings.spare_workers,
            resources=Resources(memory=settings.converter_memory or memory_for_jobs()),
            memory_variable=CONVERTER_MEMORY,
            stores=(settings.catalog_root,),
        )
        self._jobs = JobQueue(
            "conversion",
            journal,
            self._execute,
            _SLOTS,
            max_attempts=settings.max_attempts,
            resources=self._executor.resources,
            entry=_entry,
        )
        await self._jobs.resume(lambda _: False, self._discard)
        self._executor.warm_up()

    async def close(self) -> None:
        """Stop running conversions; the next process resumes them and the queued ones."""
        await self._jobs.close()
        await self._executor.close()

    async def CreateConversion(  # noqa: N802
        self, request: converter_service_pb2.CreateConversionRequest, context: grpc.aio.ServicerContext
    ) -> converter_service_pb2.CreateConversionResponse:
        digest = jobs.request_digest(request.SerializeToString(deterministic=True))
        if not request.validate_only and (made := self._jobs.repeat_of(request.request_id, digest)) is not None:
            return converter_service_pb2.CreateConversionResponse(conversion=made)
        plan = await call_in_thread(ConversionPlan.of, request.spec, self._raw, self._catalog)
        if plan.missing:
            await asyncio.to_thread(self._catalog.require_writable)
        conversion = conversion_pb2.Conversion(spec=request.spec, files=plan.to_messages(), findings=plan.findings())
        conversion.figures.CopyFrom(_figures(conversion))
        if request.validate_only:
            return converter_service_pb2.CreateConversionResponse(conversion=conversion)
        if not plan.missing:
            await asyncio.to_thread(self._register_instrument, plan, conversion)
            clock = jobs.JobClock(conversion)
            jobs.start(conversion, clock)
            jobs.end(conversion, jobs.SUCCEEDED, clock)
        start = request.spec.window.start.ToDatetime()
        prefix = f"CNV_{plan.instrument.base}_{start:%Y%m%d_%H%M%S}"

        def name(conversion: conversion_pb2.Conversion) -> str:
            conversion.conversion_id = f"{prefix}_{secrets.token_hex(3)}"
            return conversion.conversion_id

        conversion = await self._jobs.submit(conversion, name, request.request_id, digest)
        return converter_service_pb2.CreateConversionResponse(conversion=conversion)

    async def GetConversion(  # noqa: N802
        self, request: converter_service_pb2.GetConversionRequest, context: grpc.aio.ServicerContext
    ) -> converter_service_pb2.GetConversionResponse:
        return converter_service_pb2.GetConversionResponse(conversion=self._jobs.get(request.conversion_id))

    async def ListConversions(  # noqa: N802
        self, request: converter_service_pb2.ListConversionsRequest, context: grpc.aio.ServicerContext
    ) -> converter_service_pb2.ListConversionsResponse:
        conversions, token = self._jobs.page(Page.of(request, "conversions"))
        entries = cast(Sequence[conversion_pb2.ConversionEntry], conversions)
        return converter_service_pb2.ListConversionsResponse(conversions=entries, next_page_token=token)

    async def CancelConversion(  # noqa: N802
        self, request: converter_service_pb2.CancelConversionRequest, context: grpc.aio.ServicerContext
    ) -> converter_service_pb2.CancelConversionResponse:
        conversion = await self._jobs.cancel(request.conversion_id)
        return converter_service_pb2.CancelConversionResponse(conversion=conversion)

    async def WatchConversion(  # noqa: N802
        self, request: converter_service_pb2.WatchConversionRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[converter_service_pb2.WatchConversionResponse]:
        async for conversion in self._jobs.watch(request.conversion_id):
            yield converter_service_pb2.WatchConversionResponse(conversion=conversion)

    async def MakeSampleData(  # noqa: N802
        self, request: converter_service_pb2.MakeSampleDataRequest, context: grpc.aio.ServicerContext
    ) -> converter_service_pb2.MakeSampleDataResponse:
        if request.validate_only:
            await asyncio.to_thread(check_takes_sample_data, self._raw)
            return converter_service_pb2.MakeSampleDataResponse()
        async with self._making_sample:
            return await asyncio.to_thread(make_sample_data, self._raw)

    def _register_instrument(self, plan: ConversionPlan, conversion: conversion_pb2.Conversion) -> None:
        """Register the instrument of a conversion whose files are all cached. A read-only catalog is only logged."""
        try:
            plan.register_instrument(self._catalog, conversion.files)
        except TickreelError as error:
            log.warning("the instrument %s is not registered in the catalog: %s", conversion.spec.instrument, error)

    async def _execute(self, live: LiveJob[conversion_pb2.Conversion]) -> None:
        """Run one conversion in a worker process."""
        conversion = live.resource
        payload = conversion_process.spec_of(conversion.spec, self._raw, self._catalog)
        try:
            result = await self._executor.run(Work(conversion.conversion_id, payload, live.report, live.share.memory))
        except TickreelError as error:
            await self._discard(conversion)
            await self._update_files(conversion)
            raise _with_files(error, conversion) from None
        except asyncio.CancelledError:
            await self._discard(conversion)
            raise
        del conversion.files[:]
        conversion.files.extend(conversion_process.files_of(result))
        conversion.figures.CopyFrom(_figures(conversion))

    async def _discard(self, _conversion: conversion_pb2.Conversion) -> None:
        """Remove the incomplete files and the locks of conversions whose processes are dead."""
        await asyncio.to_thread(self._catalog.sweep)

    async def _update_files(self, conversion: conversion_pb2.Conversion) -> None:
        """Update the file list of a failed conversion: the catalog holds the files that were finished before the failure."""
        spec = conversion_pb2.ConversionSpec()
        spec.CopyFrom(conversion.spec)
        spec.force = False
        with contextlib.suppress(TickreelError):
            plan = await asyncio.to_thread(ConversionPlan.of, spec, self._raw, self._catalog)
            del conversion.files[:]
            conversion.files.extend(plan.to_messages())
            conversion.figures.CopyFrom(_figures(conversion))


def _with_files(error: TickreelError, conversion: conversion_pb2.Conversion) -> TickreelError:
    """Return the error of a worker; if memory ran out, with the files that it was converting."""
    if error.reason != "OUT_OF_MEMORY":
        return error
    files = [file.source for file in conversion.files if not file.cached][: conversion_process.FILES_AT_A_TIME]
    remedy = f"remove a file that is damaged or not a recording, or raise {CONVERTER_MEMORY}"
    message = f"{' and '.join(files)} cannot be converted in the available memory; {remedy}: {error.message}"
    return TickreelError(error.reason, message, **error.metadata)


def _figures(conversion: conversion_pb2.Conversion) -> conversion_pb2.ConversionFigures:
    files = conversion.files
    cached, rows = sum(file.cached for file in files), sum(file.rows for file in files)
    return conversion_pb2.ConversionFigures(files=len(files), cached_files=cached, rows=rows)


def _entry(conversion: conversion_pb2.Conversion) -> conversion_pb2.ConversionEntry:
    """Return the list entry of a conversion. Figures missing in an older conversion are computed from its files."""
    entry = conversion_pb2.ConversionEntry(
        conversion_id=conversion.conversion_id,
        state=conversion.state,
        spec=conversion.spec,
        attempts=conversion.attempts,
        queue_position=conversion.queue_position,
        figures=conversion.figures if conversion.HasField("figures") else _figures(conversion),
    )
    for name in ("progress", "failure", "created_at", "started_at", "ended_at"):
        if conversion.HasField(name):
            getattr(entry, name).CopyFrom(getattr(conversion, name))
    return entry
