"""Converter, Runner and Results over one folder, at free ports."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import struct_pb2

from serving import serving, settings_in
from tickreel.converter.service import ConverterServicer
from tickreel.results.service import ResultsServicer
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.settings import Settings
from tickreel.runner.service import RunnerServicer
from tickreel.v1 import result_pb2, run_pb2, runner_service_pb2


@dataclass(frozen=True)
class Stack:
    """Clients of the running services."""

    settings: Settings
    converter: ServiceClient
    runner: ServiceClient
    results: ServiceClient

    async def create(self, document: Mapping[str, Any], mode: str = "fast", **fields: Any) -> run_pb2.Run:
        """Create a run of trades."""
        struct = struct_pb2.Struct()
        struct.update(document)
        options = run_pb2.RunOptions(
            mode=getattr(result_pb2, f"RUN_MODE_{mode.upper()}"), snapshot_mode=result_pb2.SNAPSHOT_MODE_TRADES
        )
        options.MergeFrom(fields.pop("options", run_pb2.RunOptions()))
        request = runner_service_pb2.CreateRunRequest(document=struct, options=options, **fields)
        created: runner_service_pb2.CreateRunResponse = await self.runner.call("CreateRun", request)
        return created.run

    async def watch(self, run_id: str) -> list[run_pb2.Run]:
        """Watch a run to its end; return every update."""
        request = runner_service_pb2.WatchRunRequest(run_id=run_id)
        return [response.run async for response in self.runner.stream("WatchRun", request)]

    async def finish(self, document: Mapping[str, Any], mode: str = "fast", **fields: Any) -> run_pb2.Run:
        """Create a run and return it after its end."""
        run = await self.create(document, mode, **fields)
        return (await self.watch(run.run_id))[-1]


@asynccontextmanager
async def stack(folder: Path, **variables: str) -> AsyncIterator[Stack]:
    """Start the services over the folders of `settings_in(folder)`."""
    async with AsyncExitStack() as services:
        settings = settings_in(folder, **variables)
        converter = await services.enter_async_context(serving("converter", ConverterServicer, settings))
        settings = settings_in(folder, TICKREEL_CONVERTER_ADDRESS=converter.address, **variables)
        runner = await services.enter_async_context(serving("runner", RunnerServicer, settings))
        results = await services.enter_async_context(serving("results", ResultsServicer, settings))
        yield Stack(settings, converter, runner, results)
