"""The Runner's calls: a message in, the domain's answer out."""

import asyncio
from collections.abc import AsyncIterator

import grpc

from tickreel.jobs import job as jobs
from tickreel.jobs.journal import Journal
from tickreel.jobs.queue import JobQueue
from tickreel.rpc import json_document
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError, invalid_request
from tickreel.rpc.fields import Fields
from tickreel.rpc.filter import parse_filter, predicate
from tickreel.rpc.json_struct import values_of
from tickreel.rpc.ordering import cut_page, in_order, parse_order
from tickreel.rpc.paging import Page
from tickreel.rpc.settings import Settings
from tickreel.runner import identity
from tickreel.runner.configs import ConfigFolder
from tickreel.runner.document import read_document, to_document
from tickreel.runner.execution import Execution
from tickreel.runner.live_equity import CurveWatcher
from tickreel.runner.preview import preview
from tickreel.runner.rules import check_config
from tickreel.runner.run_log import RunLog
from tickreel.runner.strategies.registry import installed_strategies
from tickreel.runner.violations import Violations
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.results import ResultStore
from tickreel.v1 import conversion_pb2, result_pb2, run_config_pb2, run_pb2, runner_service_pb2, runner_service_pb2_grpc

_RUN_FIELDS = Fields(run_pb2.Run)
_NEWEST_FIRST = parse_order("created_at desc, run_id desc", _RUN_FIELDS)


class RunnerServicer(runner_service_pb2_grpc.RunnerServiceServicer):
    """Serves `RunnerService`."""

    DESCRIPTOR = runner_service_pb2.DESCRIPTOR.services_by_name["RunnerService"]
    add_to_server = staticmethod(runner_service_pb2_grpc.add_RunnerServiceServicer_to_server)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._strategies = installed_strategies()
        self._configs = ConfigFolder(settings.configs_root)
        self._store = ResultStore(settings.results_root, settings.tickdata_root)
        self._catalog = CatalogStore(settings.catalog_root)

    async def open(self) -> None:
        """Opens the journal, and takes up what a former process left unfinished."""
        self._converter = ServiceClient("converter", self._settings.addresses["converter"])
        self._execution = Execution(self._settings, self._converter, self._store, self._strategies)
        journal = Journal(self._settings.state_root / "runner", run_pb2.Run)
        self._runs = JobQueue(
            "run",
            journal,
            self._execution,
            self._settings.runner_slots,
            max_attempts=self._settings.max_attempts,
            processes=self._settings.run_processes,
            memory=self._execution.memory,
            weigh=self._execution.expected_memory,
        )
        await self._runs.resume(self._execution.finished, self._execution.discard)
        self._execution.open()

    async def close(self) -> None:
        """Stops what runs, and leaves it and what is queued to the next process."""
        await self._runs.close()
        await self._execution.close()
        await self._converter.close()

    async def ListStrategies(  # noqa: N802
        self, request: runner_service_pb2.ListStrategiesRequest, context: grpc.aio.ServicerContext
    ) -> runner_service_pb2.ListStrategiesResponse:
        page = Page.of(request, "strategies")
        entries, token = page.cut(self._strategies.values(), lambda entry: entry.strategy_id)
        response = runner_service_pb2.ListStrategiesResponse(next_page_token=token)
        for entry in entries:
            response.strategies.add(
                strategy_id=entry.strategy_id,
                description=entry.description,
                submission_modes=entry.submission_modes,
                package=entry.package,
                parameters_schema=entry.parameters.message,
            )
        return response

    async def ListConfigs(  # noqa: N802
        self, request: runner_service_pb2.ListConfigsRequest, context: grpc.aio.ServicerContext
    ) -> runner_service_pb2.ListConfigsResponse:
        ids, token = Page.of(request, "configs").cut(await asyncio.to_thread(self._configs.ids), str)
        configs = [await asyncio.to_thread(self._describe_config, config_id) for config_id in ids]
        for config in configs:
            config.ClearField("text")
        return runner_service_pb2.ListConfigsResponse(configs=configs, next_page_token=token)

    async def GetConfig(  # noqa: N802
        self, request: runner_service_pb2.GetConfigRequest, context: grpc.aio.ServicerContext
    ) -> runner_service_pb2.GetConfigResponse:
        config = await asyncio.to_thread(self._describe_config, request.config_id)
        return runner_service_pb2.GetConfigResponse(config=config)

    async def CreateRun(  # noqa: N802
        self, request: runner_service_pb2.CreateRunRequest, context: grpc.aio.ServicerContext
    ) -> runner_service_pb2.CreateRunResponse:
        if request.validate_only:
            run, conversion = await self._checked(request)
            told = await asyncio.to_thread(preview, run.config.time_window, conversion.files, self._catalog)
            told.environment.update(self._settings.environment)
            return runner_service_pb2.CreateRunResponse(run=run, preview=told)
        digest = jobs.request_digest(request.SerializeToString(deterministic=True))
        if (made := self._runs.repeat_of(request.request_id, digest)) is not None:
            return runner_service_pb2.CreateRunResponse(run=made)
        run, _ = await self._checked(request)
        # Again: the same request may have come a second time while it was checked.
        if (made := self._runs.repeat_of(request.request_id, digest)) is not None:
            return runner_service_pb2.CreateRunResponse(run=made)
        run.run_id = self._runs.new_id(lambda: identity.run_id(run.config, run.config_digest))
        return runner_service_pb2.CreateRunResponse(run=self._runs.submit(run.run_id, run, request.request_id, digest))

    async def GetRun(  # noqa: N802
        self, request: runner_service_pb2.GetRunRequest, context: grpc.aio.ServicerContext
    ) -> runner_service_pb2.GetRunResponse:
        return runner_service_pb2.GetRunResponse(run=self._runs.get(request.run_id))

    async def ListRuns(  # noqa: N802
        self, request: runner_service_pb2.ListRunsRequest, context: grpc.aio.ServicerContext
    ) -> runner_service_pb2.ListRunsResponse:
        page = Page.of(request, "runs", request.filter, request.order_by)
        passes = predicate(parse_filter(request.filter, _RUN_FIELDS))
        order = parse_order(request.order_by, _RUN_FIELDS)
        if order or request.filter.strip():
            found = [run async for run in self._runs.all() if passes(run)]
            runs, token = cut_page(page, in_order(found, _NEWEST_FIRST), order, _NEWEST_FIRST)
        else:
            runs, token = self._runs.page(page)
        return runner_service_pb2.ListRunsResponse(runs=runs, next_page_token=token)

    async def CancelRun(  # noqa: N802
        self, request: runner_service_pb2.CancelRunRequest, context: grpc.aio.ServicerContext
    ) -> runner_service_pb2.CancelRunResponse:
        return runner_service_pb2.CancelRunResponse(run=await self._runs.cancel(request.run_id))

    async def WatchRun(  # noqa: N802
        self, request: runner_service_pb2.WatchRunRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[runner_service_pb2.WatchRunResponse]:
        watcher: CurveWatcher | None = None
        async for run in self._runs.watch(request.run_id):
            response = runner_service_pb2.WatchRunResponse(run=run)
            if watcher is None and (curve := self._execution.curve(request.run_id)) is not None:
                watcher = curve.watch()
            if watcher is not None:
                equity, response.equity_restarted = watcher.take()
                response.equity.CopyFrom(equity)
            yield response

    async def WatchRuns(  # noqa: N802
        self, request: runner_service_pb2.WatchRunsRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[runner_service_pb2.WatchRunsResponse]:
        async for runs in self._runs.watch_all():
            yield runner_service_pb2.WatchRunsResponse(runs=runs)

    async def StreamRunLog(  # noqa: N802
        self, request: runner_service_pb2.StreamRunLogRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[runner_service_pb2.StreamRunLogResponse]:
        def is_live() -> bool:
            return request.follow and self._runs.get(request.run_id).state not in jobs.FINAL

        self._runs.get(request.run_id)
        async for text in RunLog(self._execution.log_path(request.run_id)).parts(is_live):
            yield runner_service_pb2.StreamRunLogResponse(text=text)

    async def _checked(self, request: runner_service_pb2.CreateRunRequest) -> tuple[run_pb2.Run, conversion_pb2.Conversion]:
        """The run of a request, resolved and free of every fault that can be seen before work starts, and its files.

        Raises:
            TickreelError: With one violation a problem.
        """
        violations = Violations()
        config, origin = await self._read_config(request, violations)
        for end in ("start", "end"):
            if request.HasField(end):
                getattr(config.time_window, end).CopyFrom(getattr(request, end))
        run = run_pb2.Run(options=request.options)
        options = run.options
        check_config(config, self._strategies, self._settings, violations, options.snapshot_mode)
        run.config.CopyFrom(config)
        options.config_path = options.config_path or origin
        options.mode = options.mode or result_pb2.RUN_MODE_FAST
        options.export_ticks = options.export_ticks or options.mode == result_pb2.RUN_MODE_FULL
        if not options.snapshot_mode:
            violations.add("options.snapshot_mode", "is missing; it must be trades, book or both")
        if request.instrument and violations.clean("instrument.id") and request.instrument != config.instrument.id:
            problem = (
                f"is {request.instrument!r}, but instrument.id of the config is {config.instrument.id!r}; they must be the same"
            )
            violations.add("instrument", problem)
        if violations.clean("instrument.id", "data_catalog", "time_window"):
            try:
                conversion = await self._execution.plan(run)
            except TickreelError as error:
                if not error.violations:
                    raise
                violations.extend(error)
        if len(violations):
            raise _refusal(violations)
        await asyncio.to_thread(self._store.check_writable)
        run.config_digest = identity.config_digest(config, options.snapshot_mode)
        return run, conversion

    async def _read_config(
        self, request: runner_service_pb2.CreateRunRequest, violations: Violations
    ) -> tuple[run_config_pb2.RunConfig, str]:
        match request.WhichOneof("source"):
            case "config":
                return read_document(to_document(request.config), violations), "(inline)"
            case "document":
                return read_document(values_of(request.document), violations), "(inline)"
            case "config_id":
                file = await asyncio.to_thread(self._configs.read, request.config_id)
                document = json_document.parse(file.content, file.path.name)
                return read_document(document, violations), str(file.path)
        raise invalid_request("source", "is missing; give a config, a document or a config_id")

    def _describe_config(self, config_id: str) -> runner_service_pb2.ConfigFile:
        described = runner_service_pb2.ConfigFile(config_id=config_id)
        violations = Violations()
        try:
            file = self._configs.read(config_id)
            described.text = file.content.decode(errors="replace")
            config = read_document(json_document.parse(file.content, file.path.name), violations)
            check_config(config, self._strategies, self._settings, violations)
        except TickreelError as error:
            if error.reason != "CONFIG_INVALID":
                raise
            violations.extend(error)
        for violation in violations:
            described.violations.add(field=violation.field, description=violation.description)
        if not len(violations):
            described.config.CopyFrom(config)
        return described


def _refusal(violations: Violations) -> TickreelError:
    count = len(violations)
    environment = all(violation.field.startswith("environment.") for violation in violations)
    reason = "ENVIRONMENT_MISMATCH" if environment else "CONFIG_INVALID"
    problems = "one problem" if count == 1 else f"{count} problems"
    return TickreelError(reason, f"the run is refused: {problems}", violations, violations=count)
