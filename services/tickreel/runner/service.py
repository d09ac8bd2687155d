"""The RPC methods of the Runner."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import cast

import grpc

from tickreel.jobs import job as jobs
from tickreel.jobs.journal import Journal
from tickreel.jobs.queue import JobQueue
from tickreel.rpc import json_document
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.fields import Fields
from tickreel.rpc.filter import parse_filter, predicate
from tickreel.rpc.ordering import cut_page, in_order, parse_order
from tickreel.rpc.paging import Page
from tickreel.rpc.settings import Settings
from tickreel.rpc.violations import Violations
from tickreel.runner import digests
from tickreel.runner.config.config_files import ConfigFolder
from tickreel.runner.config.config_json import read_document
from tickreel.runner.config.rules import check_config
from tickreel.runner.config.strategy_registry import installed_strategies
from tickreel.runner.submission.execution import Execution
from tickreel.runner.submission.journal_rows import migrate_enums
from tickreel.runner.submission.live_equity import CurveWatcher
from tickreel.runner.submission.preview import preview
from tickreel.runner.submission.run_entry import run_entry
from tickreel.runner.submission.run_log import RunLog
from tickreel.runner.submission.run_request import RunRequests
from tickreel.stores.catalog import CatalogStore
from tickreel.stores.results import ResultStore
from tickreel.v1 import run_pb2, runner_service_pb2, runner_service_pb2_grpc

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
        """Open the journal and resume the runs that an earlier process left unfinished."""
        self._converter = ServiceClient("converter", self._settings.addresses["converter"])
        self._execution = Execution(self._settings, self._converter, self._store, self._strategies)
        self._requests = RunRequests(self._settings, self._strategies, self._configs, self._store, self._execution)
        journal = Journal(self._settings.state_root / "runner", run_pb2.Run, migrate_enums)
        self._runs = JobQueue(
            "run",
            journal,
            self._execution,
            self._settings.runner_slots,
            max_attempts=self._settings.max_attempts,
            resources=self._execution.resources,
            weigh=self._execution.expected_memory,
            entry=run_entry,
        )
        await self._runs.resume(self._execution.finished, self._execution.discard)
        self._execution.open()

    async def close(self) -> None:
        """Stop all running runs. They and the queued runs are resumed by the next process."""
        await self._runs.close()
        await self._execution.close()
        await self._converter.close()

    async def ListStrategies(  # noqa: N802
        self, request: runner_service_pb2.ListStrategiesRequest, context: grpc.aio.ServicerContext
    ) -> runner_service_pb2.ListStrategiesResponse:
        page = Page.of(request, "strategies")
        entries, token = page.cut(self._strategies.values(), lambda entry: entry.strategy_id)
        response = runner_service_pb2.ListStrategiesResponse(next_page_token=token)
        for strategy_id, problem in self._strategies.refused.items():
            response.refused.add(strategy_id=strategy_id, problem=problem)
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
        page = Page.of(request, "configs")
        ids, token = page.cut(await asyncio.to_thread(self._configs.ids), str)
        described = [await asyncio.to_thread(self._describe_config, config_id) for config_id in ids]
        for config in described:
            config.ClearField("text")
        configs, token = page.fit(described, token, lambda config: config.config_id)
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
            run, conversion = await self._requests.to_run(request)
            previewed = await asyncio.to_thread(preview, run.config.time_window, conversion, self._catalog)
            previewed.environment.update(self._settings.environment)
            return runner_service_pb2.CreateRunResponse(run=run, preview=previewed)

        async def make() -> run_pb2.Run:
            return (await self._requests.to_run(request))[0]

        return runner_service_pb2.CreateRunResponse(run=await self._submit(request, make))

    async def VerifyRun(  # noqa: N802
        self, request: runner_service_pb2.VerifyRunRequest, context: grpc.aio.ServicerContext
    ) -> runner_service_pb2.VerifyRunResponse:
        run = await self._submit(request, lambda: self._requests.to_verify(request.run_id))
        return runner_service_pb2.VerifyRunResponse(run=run)

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
            runs, token = cut_page(page, in_order(found, _NEWEST_FIRST), order, _NEWEST_FIRST, run_entry)
        else:
            entries, token = self._runs.page(page)
            # `run_entry` made them.
            runs = cast(Sequence[run_pb2.RunEntry], entries)
        return runner_service_pb2.ListRunsResponse(runs=runs, next_page_token=token)

    async def CancelRun(  # noqa: N802
        self, request: runner_service_pb2.CancelRunRequest, context: grpc.aio.ServicerContext
    ) -> runner_service_pb2.CancelRunResponse:
        return runner_service_pb2.CancelRunResponse(run=await self._runs.cancel(request.run_id))

    async def DeleteRun(  # noqa: N802
        self, request: runner_service_pb2.DeleteRunRequest, context: grpc.aio.ServicerContext
    ) -> runner_service_pb2.DeleteRunResponse:
        await self._runs.delete(request.run_id)
        await asyncio.to_thread(self._execution.drop_log, request.run_id)
        return runner_service_pb2.DeleteRunResponse()

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
        async for entries in self._runs.watch_all():
            yield runner_service_pb2.WatchRunsResponse(runs=cast(list[run_pb2.RunEntry], entries))

    async def StreamRunLog(  # noqa: N802
        self, request: runner_service_pb2.StreamRunLogRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[runner_service_pb2.StreamRunLogResponse]:
        def is_live() -> bool:
            return request.follow and self._runs.get(request.run_id).state not in jobs.FINAL

        self._runs.get(request.run_id)
        async for text in RunLog(self._execution.log_path(request.run_id)).parts(is_live):
            yield runner_service_pb2.StreamRunLogResponse(text=text)

    async def _submit(
        self,
        request: runner_service_pb2.CreateRunRequest | runner_service_pb2.VerifyRunRequest,
        make: Callable[[], Awaitable[run_pb2.Run]],
    ) -> run_pb2.Run:
        """Create and queue the run of a request. A repeated request returns the run of the first one."""
        digest = jobs.request_digest(request.SerializeToString(deterministic=True))
        if (made := self._runs.repeat_of(request.request_id, digest)) is not None:
            return made
        return await self._runs.submit(await make(), _name, request.request_id, digest)

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
        described.violation_count = len(violations)
        if not len(violations):
            described.config.CopyFrom(config)
        return described


def _name(run: run_pb2.Run) -> str:
    run.run_id = digests.run_id(run.config, run.config_digest)
    return run.run_id
