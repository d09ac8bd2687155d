"""Turn a request into a resolved run, and refuse every problem that can be found before work starts."""

import asyncio

from tickreel.rpc import json_document
from tickreel.rpc.errors import TickreelError, invalid_request, problems
from tickreel.rpc.json_document import MOST_BYTES
from tickreel.rpc.json_struct import values_of
from tickreel.rpc.settings import Settings
from tickreel.rpc.violations import Violations
from tickreel.runner import digests
from tickreel.runner.config.config_files import ConfigFolder
from tickreel.runner.config.config_json import read_document, to_document
from tickreel.runner.config.rules import check_config
from tickreel.runner.config.strategy_registry import Strategies
from tickreel.runner.result.reproduction import read_config, snapshot_mode
from tickreel.runner.submission.execution import Execution
from tickreel.stores.results import ResultStore
from tickreel.v1 import conversion_pb2, result_pb2, run_config_pb2, run_pb2, runner_service_pb2


class RunRequests:
    """Creates runs from requests. Every method raises TickreelError, with one violation per problem."""

    def __init__(
        self,
        settings: Settings,
        strategies: Strategies,
        configs: ConfigFolder,
        store: ResultStore,
        execution: Execution,
    ) -> None:
        self._settings = settings
        self._strategies = strategies
        self._configs = configs
        self._store = store
        self._execution = execution

    async def to_run(self, request: runner_service_pb2.CreateRunRequest) -> tuple[run_pb2.Run, conversion_pb2.Conversion]:
        """Return the run for a config, and the conversion of its files."""
        if (size := request.ByteSize()) > MOST_BYTES:
            raise invalid_request("config", f"is too large: the request has {size:,} bytes and may have at most {MOST_BYTES:,}")
        violations = Violations()
        config, origin = await self._read_config(request, violations)
        for end in ("start", "end"):
            if request.HasField(end):
                getattr(config.time_window, end).CopyFrom(getattr(request, end))
        run = run_pb2.Run(config=config, options=request.options)
        options = run.options
        options.config_path = options.config_path or origin
        options.mode = options.mode or result_pb2.RUN_MODE_FAST
        options.export_ticks = options.export_ticks or options.mode == result_pb2.RUN_MODE_FULL
        if not options.snapshot_mode:
            violations.add("options.snapshot_mode", "is missing; it must be trades, book or both")
        if request.instrument and violations.clean("instrument.id") and request.instrument != config.instrument.id:
            problem = f"is {request.instrument!r}, but instrument.id of the config is {config.instrument.id!r}; change one"
            violations.add("instrument", problem)
        return run, await self._check(run, violations)

    async def to_verify(self, run_id: str) -> run_pb2.Run:
        """Return the run that repeats the run of a stored result.

        Raises:
            TickreelError: Also NOT_FOUND or RESULT_DELETED if there is no result, DATA_CHANGED if it cannot be read,
                NOT_VERIFIABLE if it lacks the config or options of its run.
        """
        stored = await asyncio.to_thread(self._store.find, run_id)
        result = await asyncio.to_thread(self._store.load, stored)
        violations = Violations()
        config = read_document(await asyncio.to_thread(read_config, stored, result.summary), violations)
        options = run_pb2.RunOptions(
            mode=result_pb2.RUN_MODE_FULL if stored.is_full else result_pb2.RUN_MODE_FAST,
            snapshot_mode=snapshot_mode(stored, result.metadata),
            dataset=result.dataset,
            config_path=result.metadata.config_path,
        )
        run = run_pb2.Run(config=config, options=options, verified_run_id=run_id)
        await self._check(run, violations)
        return run

    async def _check(self, run: run_pb2.Run, violations: Violations) -> conversion_pb2.Conversion:
        """Check a run, fill in the defaults of its config, and return the conversion of its files.

        Args:
            violations: The violations found so far.
        """
        config, options = run.config, run.options
        # In a thread, like the reading, because a large config with thousands of mistakes takes a second.
        await asyncio.to_thread(check_config, config, self._strategies, self._settings, violations, options.snapshot_mode)
        if violations.clean("instrument.id", "data_catalog", "time_window"):
            try:
                conversion = await self._execution.plan(run, with_instrument=violations.clean("instrument"))
            except TickreelError as error:
                if not error.violations:
                    raise
                violations.extend(error)
        if len(violations):
            raise _refusal(violations)
        await asyncio.to_thread(self._store.check_writable)
        run.config_digest = digests.config_digest(config, options.snapshot_mode)
        return conversion

    async def _read_config(
        self, request: runner_service_pb2.CreateRunRequest, violations: Violations
    ) -> tuple[run_config_pb2.RunConfig, str]:
        match request.WhichOneof("source"):
            case "config":
                return await asyncio.to_thread(lambda: read_document(to_document(request.config), violations)), "(inline)"
            case "document":
                return await asyncio.to_thread(lambda: read_document(values_of(request.document), violations)), "(inline)"
            case "config_id":
                file = await asyncio.to_thread(self._configs.read, request.config_id)
                document = json_document.parse(file.content, file.path.name)
                return read_document(document, violations), str(file.path)
        raise invalid_request("source", "is missing; give a config, a document or a config_id")


def _refusal(violations: Violations) -> TickreelError:
    environment = all(violation.field.startswith("environment.") for violation in violations)
    reason = "ENVIRONMENT_MISMATCH" if environment else "CONFIG_INVALID"
    return TickreelError(reason, f"the run is refused: {problems(violations)}", violations, violations=len(violations))
