"""Chaos test: services and workers are killed and suspended at random while runs come and go.

No job is lost, duplicated or wrong. A second client makes calls meanwhile; none of them fails because of a fault in a worker or
in a service that it does not call.

TICKREEL_CHAOS_SECONDS sets the duration, TICKREEL_CHAOS_SEED the faults and requests. The same seed repeats a failure, as far
as the timing of the machine is the same.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest
from google.protobuf import struct_pb2

from e2e.neighbour import CALLS, ROUTES, Neighbour, Outages
from recordings import BTC, RawFolder, books, micros, trades
from run_configs import run_config
from terminal import wait_until_gone
from tickreel.cli.supervision.child_process import ChildProcess
from tickreel.cli.supervision.gateway import GatewayProcess
from tickreel.cli.supervision.health import is_serving
from tickreel.cli.supervision.services import ServiceProcess
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.message_json import word
from tickreel.rpc.settings import CATALOG_ROOT, DATA_ROOT
from tickreel.runner.submission.run_entry import run_entry
from tickreel.stores.results import ResultStore
from tickreel.v1 import job_pb2, result_pb2, results_service_pb2, run_pb2, runner_service_pb2

SECONDS = float(os.environ.get("TICKREEL_CHAOS_SECONDS") or 8)
SEED = int(os.environ.get("TICKREEL_CHAOS_SEED") or 1)
PATIENCE = 120.0
DAYS = [f"2024-07-{day}" for day in range(10, 18)]
ROWS = 20_000
MOST_AT_ONCE = 16
FINAL = (job_pb2.JOB_STATE_SUCCEEDED, job_pb2.JOB_STATE_FAILED, job_pb2.JOB_STATE_CANCELLED)
SERVICES = ("catalog", "converter", "runner", "results")
# A suspended process resumes once the second client has had this many answers from other processes.
ANSWERS = 8

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to find the processes of the deployment"),
    pytest.mark.timeout(SECONDS + 4 * PATIENCE),
]


@dataclass(frozen=True, order=True)
class Choice:
    """The data of a run: the first trade rows of a day, with or without its books."""

    day: str
    rows: int
    snapshot_mode: str


def config_of(choice: Choice) -> dict[str, Any]:
    """The config of a run over these rows."""
    day, rows = choice.day, choice.rows
    return run_config(BTC, f"{day}T12:00:00Z", f"{day}T12:00:{rows / 1000:09.6f}Z", starting_balance=1_000_000_000)


@dataclass
class RequestedRun:
    """A run that the test requested, and its end."""

    choice: Choice
    mode: str
    request: runner_service_pb2.CreateRunRequest
    run_id: str = ""
    cancels: bool = False
    cancelled: bool = False
    ended: run_pb2.Run = field(default_factory=run_pb2.Run)


class Deployment:
    """Services over one folder. Each is a process that is restarted at the same address when it dies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TICKREEL_")},
            DATA_ROOT: str(folder / "data_downloads"),
            CATALOG_ROOT: str(folder / "parquet"),
            "TICKREEL_STATE_PATH": str(folder / "state"),
            "TICKREEL_RESULTS_PATH": str(folder / "results"),
            "TICKREEL_TICKDATA_PATH": str(folder / "tickdata"),
            "TICKREEL_RUNNER_SLOTS": "2",
            "TICKREEL_MAX_ATTEMPTS": "1000",
            "TMPDIR": str(folder / "tmp"),
        }
        self.processes: dict[str, ChildProcess] = {}
        self.clients: dict[str, ServiceClient] = {}
        self._stopping = False
        self._keepers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        (self.folder / "tmp").mkdir()
        for service in SERVICES:
            log = self.folder / "logs" / f"{service}.log"
            process = ServiceProcess(service, "127.0.0.1:0", dict(self.environ), log)
            await self._add(service, process)
            self.environ[f"TICKREEL_{service.upper()}_ADDRESS"] = process.address
            self.clients[service] = ServiceClient(service, process.address)
        config, log = self.folder / "logs/envoy.yaml", self.folder / "logs/gateway.log"
        await self._add("gateway", GatewayProcess("127.0.0.1:0", {**self.addresses, "frontend": "127.0.0.1:1"}, config, log))

    @property
    def addresses(self) -> dict[str, str]:
        """The address of each process, which stays the same across restarts."""
        return {name: process.address for name, process in self.processes.items()}

    async def stop(self) -> None:
        self._stopping = True
        for client in self.clients.values():
            await client.close()
        await asyncio.gather(*(process.stop() for process in self.processes.values()))
        await asyncio.gather(*self._keepers)

    async def until_done(self, service: str, method: str, request: Any) -> Any:
        """Call a method until the service answers."""
        return await self.clients[service].call_with_retries(method, request, patience=PATIENCE)

    def workers(self, service: str) -> list[int]:
        """The worker processes of a service, and their helper processes."""
        return [pid for pid in self.pids() if pid != self.processes[service].pid and f"tickreel.{service}." in command(pid)]

    def pids(self) -> list[int]:
        """Every process that was started here, by what its environment says."""
        mark = ("TICKREEL_STATE_PATH", self.environ["TICKREEL_STATE_PATH"])
        processes = psutil.process_iter(["environ"])
        return [process.pid for process in processes if mark in (process.info["environ"] or {}).items()]

    async def _add(self, name: str, process: ChildProcess) -> None:
        self.processes[name] = process
        await process.start()
        await process.healthy()
        self._keepers.append(asyncio.create_task(self._keep(process)))

    async def _keep(self, process: ChildProcess) -> None:
        while True:
            await process.ended()
            if self._stopping:
                return
            await process.start()


def command(pid: int) -> str:
    with suppress(psutil.NoSuchProcess):
        return " ".join(psutil.Process(pid).cmdline())
    return ""


class Storm:
    """Random faults and requests to a deployment."""

    def __init__(self, deployment: Deployment, seed: int) -> None:
        self.deployment = deployment
        self.request_random = random.Random(seed)
        # A separate generator, so that the faults do not depend on the timing of answers.
        self.fault_random = random.Random(seed)
        self.requested: list[RequestedRun] = []
        self.faults: Counter[tuple[str, str]] = Counter()
        self.read: Counter[str] = Counter()
        self.outages = Outages()
        self.neighbour = Neighbour(deployment.addresses, self.outages)

    async def rage(self) -> None:
        """Make faults and requests for `SECONDS`, then wait until every run has ended."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            killing = group.create_task(self._kill_until(over, group))
            group.create_task(self._request_until(over, group))
            group.create_task(self._read_until(over))
            await asyncio.sleep(SECONDS)
            over.set()
            await killing

    async def calm(self) -> None:
        """Repeat every requested run without faults, to get the expected results."""
        async with asyncio.TaskGroup() as group:
            for choice in sorted({one.choice for one in self.requested}):
                await self._request(choice, "fast", group, cancels=False)

    async def _request_until(self, over: asyncio.Event, group: asyncio.TaskGroup) -> None:
        chance = self.request_random
        while not over.is_set():
            await asyncio.sleep(chance.uniform(0.1, 0.6))
            # Bounded, because a busy machine would never finish them.
            if sum(one.ended.state not in FINAL for one in self.requested) >= MOST_AT_ONCE:
                continue
            choice = Choice(chance.choice(DAYS), chance.choice((500, 1500)), chance.choice(("trades", "both")))
            mode = chance.choice(("fast", "full"))
            group.create_task(self._request(choice, mode, group, cancels=chance.random() < 0.2))

    async def _read_until(self, over: asyncio.Event) -> None:
        """List the results again and again. The service answers only for complete ones."""
        while not over.is_set():
            for run_id in await all_results(self.deployment):
                self.read[run_id] += 1
            await asyncio.sleep(self.request_random.uniform(0.2, 1))

    async def _request(self, choice: Choice, mode: str, group: asyncio.TaskGroup, *, cancels: bool) -> None:
        document = struct_pb2.Struct()
        document.update(config_of(choice))
        options = run_pb2.RunOptions(
            mode=getattr(result_pb2, f"RUN_MODE_{mode.upper()}"),
            snapshot_mode=getattr(result_pb2, f"SNAPSHOT_MODE_{choice.snapshot_mode.upper()}"),
        )
        request_id = f"{self.request_random.getrandbits(64):x}"
        request = runner_service_pb2.CreateRunRequest(document=document, options=options, request_id=request_id)
        one = RequestedRun(choice, mode, request, cancels=cancels)
        self.requested.append(one)
        one.run_id = (await self._answer("CreateRun", request)).run.run_id
        group.create_task(self._watch(one))
        if cancels:
            group.create_task(self._cancel(one, self.request_random.uniform(0, 3)))
        if self.request_random.random() < 0.3:
            # A caller that did not get the answer repeats the request.
            assert (await self._answer("CreateRun", request)).run.run_id == one.run_id

    async def _watch(self, one: RequestedRun) -> None:
        request = runner_service_pb2.WatchRunRequest(run_id=one.run_id)
        while one.ended.state not in FINAL:
            try:
                async for response in self.deployment.clients["runner"].stream("WatchRun", request):
                    one.ended.CopyFrom(response.run)
            except TickreelError as error:
                assert error.reason == "SERVICE_UNAVAILABLE", error
                await asyncio.sleep(0.1)

    async def _cancel(self, one: RequestedRun, after: float) -> None:
        await asyncio.sleep(after)
        try:
            run = (await self._answer("CancelRun", runner_service_pb2.CancelRunRequest(run_id=one.run_id))).run
        except TickreelError as error:
            assert error.reason == "JOB_ENDED", error
        else:
            one.cancelled = run.state == job_pb2.JOB_STATE_CANCELLED

    async def _answer(self, method: str, request: Any) -> Any:
        return await self.deployment.until_done("runner", method, request)

    async def _serves(self, service: str, through: str) -> None:
        while not await is_serving(service, self.deployment.processes[through].address):  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.05)

    async def _kill_until(self, over: asyncio.Event, group: asyncio.TaskGroup) -> None:
        processes = self.deployment.processes
        ways: list[tuple[str, signal.Signals, Callable[[], list[int]]]] = [
            *((name, signal.SIGKILL, lambda name=name: [processes[name].pid]) for name in processes),
            *((name, signal.SIGSTOP, lambda name=name: [processes[name].pid]) for name in processes),
            *(("worker", how, lambda: self.deployment.workers("runner")) for how in (signal.SIGKILL, signal.SIGSTOP)),
            *(("worker", how, lambda: self.deployment.workers("converter")) for how in (signal.SIGKILL, signal.SIGSTOP)),
            ("runner", signal.SIGTERM, lambda: [processes["runner"].pid]),
            ("everything", signal.SIGKILL, self.deployment.pids),
        ]
        weights = {("runner", signal.SIGKILL): 4, ("converter", signal.SIGKILL): 3}
        name, number, pids = next(way for way in ways if way[:2] == ("runner", signal.SIGKILL))
        while not over.is_set():
            await asyncio.sleep(self.fault_random.uniform(0.3, 2.5))
            if name in SERVICES and self.fault_random.random() < 0.75:
                # The other quarter may meet a service that is starting. On a slow machine, without this wait, all would.
                await self._serves(name, name)
                await asyncio.sleep(self.fault_random.uniform(0, 3))
            if found := pids():
                await self._fault(name, number, found, group)
            ((name, number, pids),) = self.fault_random.choices(ways, [weights.get(way[:2], 1) for way in ways])

    async def _fault(self, name: str, number: signal.Signals, found: list[int], group: asyncio.TaskGroup) -> None:
        """Send a signal to one of the processes, or to all for "everything". A suspended process is resumed after a while."""
        away = {"worker": (), "everything": SERVICES}.get(name, (name,))
        before = {gone: self.deployment.processes[gone].pid for gone in away}
        for gone in away:
            self.outages.begin(gone)
        chosen = found if name == "everything" else [self.fault_random.choice(found)]
        for pid in chosen:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
                self.faults[name, number.name] += 1
        if number == signal.SIGSTOP:
            await self.neighbour.answered(ANSWERS, name)
            with suppress(ProcessLookupError):
                os.kill(chosen[0], signal.SIGCONT)
            before = dict.fromkeys(away, 0)
        for gone in away:
            group.create_task(self._come_back(gone, before[gone]))

    async def _come_back(self, name: str, pid: int) -> None:
        """Wait until a process serves again, directly and through the gateway."""
        while self.deployment.processes[name].pid == pid:  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.02)
        for service in SERVICES if name == "gateway" else (name,):
            await self._serves(service, name)
            await self._serves(service, "gateway")
        self.outages.end(name)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    raw = RawFolder(tmp_path / "data_downloads")
    for number, day in enumerate(DAYS):
        times = micros(f"{day}T12:00:00") + 1000 * np.arange(ROWS)
        prices = 64_000.5 + number + np.arange(ROWS)
        raw.write(trades(ROWS, local_timestamp=times, timestamp=times, price=prices), day)
        raw.write(books(ROWS, local_timestamp=times - 500, timestamp=times - 500), day, data_type="book_snapshot_5")
    yield tmp_path


async def test_no_run_is_lost_duplicated_or_wrong(folder: Path) -> None:
    deployment = Deployment(folder)
    await deployment.start()
    storm = Storm(deployment, SEED)
    try:
        async with storm.neighbour.around():
            await within_patience(storm.rage, SECONDS + 2 * PATIENCE)
            stormy = list(storm.requested)
            await within_patience(storm.calm, 2 * PATIENCE)
        listed = await all_runs(deployment)
        results = await all_results(deployment)
    finally:
        pids = [*deployment.pids(), deployment.processes["gateway"].pid]
        await deployment.stop()
    wait_until_gone(pids)

    seed = f"seed {SEED}"
    print(table(storm, stormy, listed))
    assert storm.faults.total() >= SECONDS / 8, seed
    # No run is lost or duplicated, and its watcher and the list agree on its end.
    assert sorted(run.run_id for run in listed) == sorted(one.run_id for one in storm.requested), seed
    assert {run.run_id: run for run in listed} == {one.run_id: run_entry(one.ended) for one in storm.requested}, seed
    assert [(one, wrong) for one in stormy if (wrong := wrong_end(one))] == [], seed
    assert any(one.ended.attempts > 1 for one in stormy), seed
    check_results(storm.requested, storm.requested[len(stormy) :], folder, seed)
    succeeded = {one.run_id for one in storm.requested if one.ended.state == job_pb2.JOB_STATE_SUCCEEDED}
    assert results == succeeded, seed
    # Every result that was ever listed belongs to a run that succeeded.
    assert set(storm.read) <= succeeded, seed
    assert storm.neighbour.hurt == [], seed


def table(storm: Storm, stormy: list[RequestedRun], listed: list[run_pb2.RunEntry]) -> str:
    """The counts of faults, runs and calls, for people."""
    requested, known = Counter(one.run_id for one in storm.requested), Counter(run.run_id for run in listed)
    ends = Counter(job_pb2.JobState.Name(one.ended.state).removeprefix("JOB_STATE_").lower() for one in stormy)
    codes = storm.neighbour.codes
    wrong = sum(bool(wrong_end(one)) for one in stormy)
    away = sum(number for (_, _, code), number in codes.items() if code != "OK")
    lines = [f"seed {SEED}, {SECONDS:.0f} s", "", f"{'fault':12}{'SIGKILL':>9}{'SIGTERM':>9}{'SIGSTOP':>9}"]
    for name in (*storm.deployment.processes, "worker", "everything"):
        lines.append(f"{name:12}" + "".join(f"{storm.faults[name, how]:9}" for how in ("SIGKILL", "SIGTERM", "SIGSTOP")))
    lines += [
        f"{'total':12}{storm.faults.total():9}",
        "",
        f"runs {len(stormy)}: {dict(ends)}, more than one attempt {sum(one.ended.attempts > 1 for one in stormy)}",
        f"lost {len(requested - known)}, duplicated {len(known - requested)}, wrong ends {wrong}",
        f"results read {storm.read.total()} times",
        "",
        f"{'second client':22}{'OK':>7}   other codes",
    ]
    for service in CALLS:
        for route in ROUTES:
            others = {code: n for (of, by, code), n in codes.items() if (of, by) == (service, route) and code != "OK"}
            lines.append(f"{service + ', ' + route:22}{codes[service, route, 'OK']:7}   {others or ''}")
    lines.append(f"calls {codes.total()}, failed by their own outage {away}, failed otherwise {len(storm.neighbour.hurt)}")
    return "\n".join(["", *lines])


async def within_patience(work: Callable[[], Awaitable[None]], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await work()


async def all_runs(deployment: Deployment) -> list[run_pb2.RunEntry]:
    runs, token = [], ""
    while True:
        request = runner_service_pb2.ListRunsRequest(page_size=50, page_token=token)
        response = await deployment.until_done("runner", "ListRuns", request)
        runs += response.runs
        token = response.next_page_token
        if not token:
            return runs


async def all_results(deployment: Deployment) -> set[str]:
    found, token = set(), ""
    while True:
        request = results_service_pb2.ListResultsRequest(page_size=50, page_token=token)
        response = await deployment.until_done("results", "ListResults", request)
        found |= {entry.run_id for entry in response.results}
        token = response.next_page_token
        if not token:
            return found


def wrong_end(one: RequestedRun) -> str:
    """Return what is wrong with the end of a run, or "". Despite all faults, a run succeeds unless it is cancelled."""
    if one.ended.state == job_pb2.JOB_STATE_FAILED:
        return f"failed: {one.ended.failure.reason} {one.ended.failure.message}"
    if one.cancelled and one.ended.state != job_pb2.JOB_STATE_CANCELLED:
        return "its cancellation was confirmed, then lost"
    if one.ended.state == job_pb2.JOB_STATE_CANCELLED and not one.cancels:
        return "cancelled without a request"
    return ""


def check_results(requested: list[RequestedRun], calm: list[RequestedRun], folder: Path, seed: str) -> None:
    """Check that the results of succeeded runs are complete and right, and that no other file is left."""
    references = {one.choice: one.ended.result for one in calm}
    assert all(one.ended.state == job_pb2.JOB_STATE_SUCCEEDED for one in calm), seed
    store = ResultStore(folder / "results", folder / "tickdata")
    expected = set()
    for one in requested:
        if one.ended.state != job_pb2.JOB_STATE_SUCCEEDED:
            continue
        result = store.load(store.find(one.run_id))
        assert result == one.ended.result, seed
        reference = references[one.choice]
        assert result.metadata.result_digest == reference.metadata.result_digest, (seed, one.choice)
        assert result.metadata.data_digest == reference.metadata.data_digest, seed
        assert result.summary.trade_rows == one.choice.rows + 1, seed
        assert word(result_pb2.RunMode.DESCRIPTOR, result.mode) == one.mode, seed
        outputs = {name: Path(path) for name, path in result.metadata.outputs.items()}
        for name, path in outputs.items():
            assert path.stat().st_size, (seed, path)
            if name.endswith(".parquet"):
                pq.read_table(path)
        expected |= set(outputs.values())
    assert {path for root in ("results", "tickdata") for path in (folder / root).rglob("*") if path.is_file()} == expected, seed
    assert not list((folder / "results/full").glob(".*")), seed
    converted = [path for path in (folder / "parquet").rglob("*") if path.is_file()]
    assert not [path for path in converted if "incoming" in path.parts], seed
    assert all(pq.read_metadata(path).num_rows == ROWS for path in converted if path.parents[1].name == "trades"), seed
    assert not list((folder / "tmp").iterdir()), seed
