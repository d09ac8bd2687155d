"""Every job reaches one final state; each change is journalled first, and then sent to all watchers."""

import asyncio
import errno
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, aclosing, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from google.protobuf.message import Message

from disks import disk
from tickreel.jobs import job as jobs
from tickreel.jobs import queue as queues
from tickreel.jobs.executor import Resources
from tickreel.jobs.journal import Journal
from tickreel.jobs.queue import JobQueue, LiveJob
from tickreel.rpc.errors import TickreelError, not_writable
from tickreel.rpc.paging import Page
from tickreel.v1.conversion_pb2 import Conversion

Execute = Callable[[LiveJob[Conversion]], Awaitable[None]]
PATIENCE = 60


class Stage:
    """A queue whose jobs wait for `go`, or do the work that a test gives them."""

    def __init__(self, folder: Path, slots: int, **limits: Any) -> None:
        self.journal = SteeredJournal(folder)
        self.queue = JobQueue("conversion", self.journal, self._execute, slots, **limits)
        self.discarded: list[str] = []
        self.running: list[str] = []
        self.most = 0
        self.cleaned: list[str] = []
        self.go = asyncio.Event()
        self.doing: dict[str, Execute] = {}

    async def submit(self, name: str, execute: Execute | None = None, request_id: str = "") -> Conversion:
        if execute is not None:
            self.doing[name] = execute
        return await self.queue.submit(Conversion(), named(name), request_id, "digest")

    def states(self, *names: str) -> list[str]:
        return [jobs.state_name(self.queue.get(name).state) for name in names]

    def journalled(self, name: str) -> str:
        job = self.journal.get(name)
        assert job is not None
        return jobs.state_name(job.state)

    async def end_of(self, name: str) -> Conversion:
        """Return the last message of a watch of a job, which has its final state."""
        async with asyncio.timeout(PATIENCE):
            job = [job async for job in self.queue.watch(name)][-1]
        assert job.state in jobs.FINAL
        assert job == self.journal.get(name)
        return job

    async def start_of(self, name: str) -> None:
        """Wait until a job runs."""
        async with asyncio.timeout(PATIENCE), aclosing(self.queue.watch(name)) as watch:
            async for job in watch:
                if job.state == jobs.RUNNING:
                    return

    def positions(self, *names: str) -> list[int]:
        return [self.queue.get(name).queue_position for name in names]

    async def resume(self, *finished: str) -> None:
        await self.queue.resume(lambda job: job.conversion_id in finished, self._discard)

    async def _discard(self, job: Conversion) -> None:
        self.discarded.append(job.conversion_id)

    async def _execute(self, live: LiveJob[Conversion]) -> None:
        self.running.append(live.job_id)
        self.most = max(self.most, len(self.running))
        try:
            await (self.doing[live.job_id](live) if live.job_id in self.doing else self.go.wait())
        finally:
            self.running.remove(live.job_id)
            self.cleaned.append(live.job_id)


class SteeredJournal(Journal[Conversion]):
    """A journal whose writes a test can hold up or refuse, as a slow or read-only disk does."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Conversion)
        self.refused = 0
        self._error: TickreelError | None = None
        self._may_write = threading.Event()
        self._may_write.set()
        self._writing = threading.Event()

    @contextmanager
    def slow(self) -> Iterator[None]:
        """Within the context, writes wait."""
        self._writing.clear()
        self._may_write.clear()
        try:
            yield
        finally:
            self._may_write.set()

    async def write_waits(self) -> None:
        """Wait until a write waits."""
        assert await asyncio.to_thread(self._writing.wait, PATIENCE)

    @contextmanager
    def unwritable(self) -> Iterator[None]:
        """Within the context, writes fail."""
        self._error = not_writable("the journal", Path(), OSError(errno.EROFS, os.strerror(errno.EROFS)))
        yield
        self._error = None

    def add(self, job_id: str, job: Conversion, request_id: str, request_digest: str) -> None:
        self._admit_write()
        super().add(job_id, job, request_id, request_digest)

    def save(self, job_id: str, job: Conversion) -> None:
        self._admit_write()
        super().save(job_id, job)

    def _admit_write(self) -> None:
        self._writing.set()
        assert self._may_write.wait(PATIENCE)
        if self._error is not None:
            self.refused += 1
            raise self._error


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage with two slots."""
    made = Stage(tmp_path, 2)
    yield made
    await made.queue.close()


def named(*names: str) -> Callable[[Conversion], str]:
    """Give jobs these names, one after another."""
    remaining = iter(names)

    def name(job: Conversion) -> str:
        job.conversion_id = next(remaining)
        return job.conversion_id

    return name


def ids_of(entries: Iterable[Message]) -> list[str]:
    return [cast(Conversion, entry).conversion_id for entry in entries]


async def fail(_live: LiveJob[Conversion]) -> None:
    raise TickreelError("DATA_REFUSED", "no such rows", rows=3)


async def stumble(_live: LiveJob[Conversion]) -> None:
    raise ZeroDivisionError("by nothing")


async def succeed(_live: LiveJob[Conversion]) -> None: ...


async def test_at_most_one_job_per_slot_runs_and_the_others_wait(stage: Stage) -> None:
    for name in "abcde":
        await stage.submit(name)
    assert stage.states(*"abcde") == ["RUNNING", "RUNNING", "QUEUED", "QUEUED", "QUEUED"]
    assert [stage.journalled(name) for name in "abc"] == ["RUNNING", "RUNNING", "QUEUED"]
    stage.go.set()
    for name in "abcde":
        assert (await stage.end_of(name)).state == jobs.SUCCEEDED
    assert stage.most == 2
    assert stage.cleaned == list("abcde")


async def test_an_ended_job_has_its_times_and_no_progress(stage: Stage) -> None:
    async def work(live: LiveJob[Conversion]) -> None:
        live.resource.progress.done = 1
        live.changed()
        await asyncio.sleep(0)

    await stage.submit("a", work)
    job = await stage.end_of("a")
    assert job.created_at.ToNanoseconds() <= job.started_at.ToNanoseconds() <= job.ended_at.ToNanoseconds()
    assert not job.HasField("progress")
    assert not job.HasField("failure")


@pytest.mark.parametrize("hours", [-5, 5])
async def test_setting_the_clock_changes_no_duration_and_no_order(
    stage: Stage, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.submit("a")
    await stage.start_of("a")
    started = stage.queue.get("a").started_at.ToNanoseconds()
    set_to = time.time_ns() + hours * 3600 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: set_to)
    await stage.submit("b")
    stage.go.set()
    ended = (await stage.end_of("a")).ended_at.ToNanoseconds()
    assert 0 < ended - started < PATIENCE * 10**9
    # Later jobs have the new time, and still come first in lists.
    after = await stage.end_of("b")
    assert 0 <= after.created_at.ToNanoseconds() - set_to < PATIENCE * 10**9
    assert ids_of(stage.queue.page(Page("", 2, None))[0]) == ["b", "a"]


async def test_a_resumed_job_ends_after_it_was_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Stage(tmp_path, 1)
    await first.submit("a")
    await first.queue.close()
    monkeypatch.setattr(time, "time_ns", lambda: 10**18)
    second = Stage(tmp_path, 1)
    second.go.set()
    await second.resume()
    job = await second.end_of("a")
    assert job.created_at.ToNanoseconds() <= job.started_at.ToNanoseconds() <= job.ended_at.ToNanoseconds()
    await second.queue.close()


async def test_a_job_that_ends_without_waiting_is_journalled_like_any_other(stage: Stage) -> None:
    await stage.submit("a", succeed)
    await stage.submit("b", fail)
    assert (await stage.end_of("a")).state == jobs.SUCCEEDED
    assert (await stage.end_of("b")).failure.reason == "DATA_REFUSED"
    assert [stage.journalled(name) for name in "ab"] == ["SUCCEEDED", "FAILED"]


async def test_a_submitted_job_that_has_ended_is_only_journalled(stage: Stage) -> None:
    await stage.queue.submit(Conversion(state=jobs.SUCCEEDED), named("a"), "", "")
    assert stage.states("a") == ["SUCCEEDED"]
    assert stage.journalled("a") == "SUCCEEDED"
    assert stage.cleaned == []


async def test_ids_are_not_reused(stage: Stage) -> None:
    await stage.submit("a", succeed)
    job = await stage.queue.submit(Conversion(), named("a", "a", "b"), "", "")
    assert job.conversion_id == "b"


async def test_a_failure_keeps_its_reason(stage: Stage) -> None:
    await stage.submit("a", fail)
    job = await stage.end_of("a")
    assert (job.state, job.failure.reason, job.failure.message) == (jobs.FAILED, "DATA_REFUSED", "no such rows")
    assert dict(job.failure.metadata) == {"rows": "3"}


async def test_an_unexpected_error_fails_the_job_and_not_the_queue(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.submit("a", stumble)
    job = await stage.end_of("a")
    assert (job.state, job.failure.reason) == (jobs.FAILED, "INTERNAL")
    assert job.failure.message == "ZeroDivisionError: by nothing"
    assert "Traceback" in caplog.text
    await stage.submit("b", succeed)
    assert (await stage.end_of("b")).state == jobs.SUCCEEDED


async def test_a_running_job_has_stopped_when_cancel_returns(stage: Stage) -> None:
    await stage.submit("a")
    assert (await stage.queue.cancel("a")).state == jobs.CANCELLED
    assert stage.cleaned == ["a"]
    assert stage.journalled("a") == "CANCELLED"


async def test_a_cancelled_queued_job_never_runs(stage: Stage) -> None:
    for name in "abc":
        await stage.submit(name)
    job = await stage.queue.cancel("c")
    assert job.state == jobs.CANCELLED
    assert not job.HasField("started_at")
    assert stage.journalled("c") == "CANCELLED"
    stage.go.set()
    await stage.end_of("a")
    assert "c" not in stage.cleaned


async def test_a_cancelled_job_gives_its_slot_to_the_next(stage: Stage) -> None:
    for name in "abcd":
        await stage.submit(name)
    await stage.queue.cancel("c")
    await stage.queue.cancel("a")
    await stage.start_of("d")
    assert stage.running == ["b", "d"]


async def test_cancelling_a_job_before_its_first_step_is_journalled(stage: Stage) -> None:
    for name in "abc":
        await stage.submit(name)
    # The loop runs no step between submission and cancellation.
    cancelled = await asyncio.gather(stage.queue.cancel("c"), stage.queue.cancel("a"))
    assert [job.state for job in cancelled] == [jobs.CANCELLED, jobs.CANCELLED]
    assert [stage.journalled(name) for name in "ac"] == ["CANCELLED", "CANCELLED"]


async def test_a_job_is_cancelling_while_it_cleans_up(stage: Stage) -> None:
    cleaning, cleaned = asyncio.Event(), asyncio.Event()

    async def work(_live: LiveJob[Conversion]) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            cleaning.set()
            await cleaned.wait()

    await stage.submit("a", work)
    cancels = [asyncio.create_task(stage.queue.cancel("a")) for _ in range(2)]
    await cleaning.wait()
    assert stage.states("a") == ["CANCELLING"]
    assert stage.journalled("a") == "CANCELLING"
    # A caller that hangs up stops neither the clean-up nor the other caller.
    cancels[0].cancel()
    await asyncio.wait([cancels[0]])
    cleaned.set()
    assert (await cancels[1]).state == jobs.CANCELLED


async def test_cancelling_is_idempotent_but_refused_after_another_end(stage: Stage) -> None:
    await stage.submit("a")
    await stage.queue.cancel("a")
    assert (await stage.queue.cancel("a")).state == jobs.CANCELLED
    await stage.submit("b", succeed)
    await stage.submit("c", fail)
    for name, state in (("b", "SUCCEEDED"), ("c", "FAILED")):
        with pytest.raises(TickreelError, match=f"conversion {name} has already ended: {state}") as caught:
            await stage.queue.cancel(name)
        assert caught.value.reason == "JOB_ENDED"
        assert caught.value.metadata == {"id": name, "state": state}


async def test_an_unknown_job_is_not_found(stage: Stage) -> None:
    for call in (stage.queue.cancel("x"), anext(stage.queue.watch("x"))):
        with pytest.raises(TickreelError, match="there is no conversion 'x'") as caught:
            await call
        assert caught.value.reason == "NOT_FOUND"


async def test_a_repeated_request_returns_its_first_job(stage: Stage) -> None:
    await stage.submit("a", request_id="r")
    assert stage.queue.repeat_of("r", "digest") == stage.queue.get("a")
    assert stage.queue.repeat_of("s", "digest") is None
    assert stage.queue.repeat_of("", "digest") is None
    with pytest.raises(TickreelError, match="'r' was used for another request, which created conversion a") as caught:
        stage.queue.repeat_of("r", "another digest")
    assert caught.value.reason == "REQUEST_ID_REUSED"


async def test_two_concurrent_equal_requests_create_one_job(stage: Stage) -> None:
    made = await asyncio.gather(*(stage.submit(name, request_id="r") for name in "ab"))
    assert [job.conversion_id for job in made] == ["a", "a"]
    with pytest.raises(TickreelError, match="there is no conversion 'b'"):
        stage.queue.get("b")


async def test_concurrent_jobs_with_one_id_get_different_ids(stage: Stage) -> None:
    made = await asyncio.gather(*(stage.queue.submit(Conversion(), named("a", "b", "c"), "", "") for _ in range(3)))
    assert [job.conversion_id for job in made] == ["a", "b", "c"]


async def test_a_job_runs_although_its_caller_hung_up_while_it_was_journalled(stage: Stage) -> None:
    with stage.journal.slow():
        call = asyncio.create_task(stage.submit("a"))
        await stage.journal.write_waits()
        call.cancel()
        await asyncio.wait([call])
    await stage.submit("b")
    assert stage.states(*"ab") == ["RUNNING", "RUNNING"]


async def test_other_calls_are_answered_while_the_disk_is_slow(stage: Stage) -> None:
    await stage.submit("a")
    with stage.journal.slow():
        call = asyncio.create_task(stage.submit("b"))
        await stage.journal.write_waits()
        assert stage.states("a") == ["RUNNING"]
        assert (await anext(stage.queue.watch("a"))).state == jobs.RUNNING
        page, _ = stage.queue.page(Page("conversions", 9, None))
        assert ids_of(page) == ["a"]
        assert not call.done()
    assert (await call).state == jobs.RUNNING


async def test_a_job_that_ends_while_its_cancellation_is_journalled_succeeds(stage: Stage) -> None:
    await stage.submit("a")
    with stage.journal.slow():
        cancel = asyncio.create_task(stage.queue.cancel("a"))
        await stage.journal.write_waits()
        stage.go.set()
        async with asyncio.timeout(PATIENCE):
            while stage.running:  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0)
    with pytest.raises(TickreelError, match="conversion a has already ended: SUCCEEDED"):
        await cancel
    assert stage.journalled("a") == "SUCCEEDED"


async def test_a_job_that_is_cancelled_while_its_start_is_journalled_is_cancelled(stage: Stage) -> None:
    done = asyncio.Event()

    async def work(_live: LiveJob[Conversion]) -> None:
        await done.wait()

    await stage.submit("a", work)
    await stage.submit("b")
    await stage.submit("c")
    await stage.submit("d")
    with stage.journal.slow():
        # The end of a frees a slot. Once c is admitted, d is the head of the queue, and the start of c waits for the disk.
        done.set()
        async with asyncio.timeout(PATIENCE):
            while stage.positions("d") != [1]:  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0)
        cancel = asyncio.create_task(stage.queue.cancel("c"))
        await asyncio.sleep(0)
        assert stage.states("c") == ["QUEUED"]
    assert (await cancel).state == jobs.CANCELLED
    assert stage.journalled("c") == "CANCELLED"
    assert (await stage.end_of("a")).state == jobs.SUCCEEDED


async def test_closing_finishes_pending_writes(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 1)
    with stage.journal.slow():
        call = asyncio.create_task(stage.submit("a"))
        await stage.journal.write_waits()
        close = asyncio.create_task(stage.queue.close())
        await asyncio.sleep(0)
    await close
    assert (await call).conversion_id == "a"
    with pytest.raises(TickreelError, match="accepts no new conversion"):
        await stage.submit("b")
    journal = Journal(tmp_path, Conversion)
    assert [(name, job.state, job.attempts) for name, job in journal.unfinished()] == [("a", jobs.QUEUED, 0)]
    journal.close()


async def test_returned_jobs_are_copies(stage: Stage) -> None:
    await stage.submit("a")
    stage.queue.get("a").state = jobs.FAILED
    assert stage.states("a") == ["RUNNING"]


async def test_a_watch_starts_with_the_current_state_and_ends_after_the_final_one(stage: Stage) -> None:
    await stage.submit("a")
    watch = stage.queue.watch("a")
    assert (await anext(watch)).state == jobs.RUNNING
    stage.go.set()
    async with asyncio.timeout(PATIENCE):
        assert [jobs.state_name(job.state) async for job in watch] == ["SUCCEEDED"]


async def test_a_watch_shows_every_state_of_a_slow_job(stage: Stage) -> None:
    for name in "abc":
        await stage.submit(name)
    watch = stage.queue.watch("c")
    seen = [(await anext(watch)).state]
    await stage.queue.cancel("a")
    async with asyncio.timeout(PATIENCE):
        seen.append((await anext(watch)).state)
        stage.go.set()
        seen += [job.state async for job in watch]
    assert seen == [jobs.QUEUED, jobs.RUNNING, jobs.SUCCEEDED]


async def test_a_watch_of_an_ended_job_has_one_message(stage: Stage) -> None:
    await stage.submit("a", fail)
    await stage.end_of("a")
    assert [job.failure.reason async for job in stage.queue.watch("a")] == ["DATA_REFUSED"]


async def test_an_end_during_the_work_of_a_watcher_is_sent_at_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watcher has an older state when the job ends, and no heartbeat comes to its help."""
    monkeypatch.setattr(queues, "HEARTBEAT", 3600.0)
    await stage.submit("a")
    watch = stage.queue.watch("a")
    assert (await anext(watch)).state == jobs.RUNNING
    stage.go.set()
    await stage.end_of("a")
    async with asyncio.timeout(PATIENCE):
        assert [job.state async for job in watch] == [jobs.SUCCEEDED]


async def test_all_watchers_see_the_end(stage: Stage) -> None:
    await stage.submit("a")
    watchers = [asyncio.create_task(stage.end_of("a")) for _ in range(100)]
    await asyncio.sleep(0)
    stage.go.set()
    assert {job.state for job in await asyncio.gather(*watchers)} == {jobs.SUCCEEDED}


async def test_a_leaving_watcher_does_not_cancel_the_job(stage: Stage) -> None:
    await stage.submit("a")
    async with aclosing(stage.queue.watch("a")) as watch:
        await anext(watch)
    waiting = asyncio.create_task(stage.end_of("a"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert stage.states("a") == ["RUNNING"]
    stage.go.set()
    assert (await stage.end_of("a")).state == jobs.SUCCEEDED


async def test_an_unchanged_job_is_sent_again_as_a_heartbeat(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "HEARTBEAT", 0.01)
    await stage.submit("a")
    watch = stage.queue.watch("a")
    async with asyncio.timeout(PATIENCE):
        assert [(await anext(watch)).state for _ in range(3)] == [jobs.RUNNING] * 3
    await watch.aclose()


def counting(stage: Stage) -> Execute:
    """Work that makes progress in each step of the loop, until the stage lets it go."""

    async def work(live: LiveJob[Conversion]) -> None:
        while not stage.go.is_set():
            live.resource.progress.done += 1
            live.changed()
            await asyncio.sleep(0)

    return work


async def test_a_watcher_gets_one_message_per_interval_and_the_end_at_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "WATCH_INTERVAL", 3600.0)
    await stage.submit("a", counting(stage))
    watch = stage.queue.watch("a")
    async with asyncio.timeout(PATIENCE):
        first = await anext(watch)
        waiting = asyncio.ensure_future(anext(watch))
        while stage.queue.get("a").progress.done < first.progress.done + 100:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0)
        stage.go.set()
        assert (await waiting).state == jobs.SUCCEEDED


async def test_a_watcher_gets_newer_states_each_time(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "WATCH_INTERVAL", 0.001)
    await stage.submit("a", counting(stage))
    async with asyncio.timeout(PATIENCE), aclosing(stage.queue.watch("a")) as watch:
        done = [(await anext(watch)).progress.done for _ in range(5)]
    assert done == sorted(set(done))


async def test_queued_jobs_have_a_position_and_watchers_see_it_change(stage: Stage) -> None:
    for name in "abcde":
        await stage.submit(name)
    assert stage.positions(*"abcde") == [0, 0, 1, 2, 3]
    page, _ = stage.queue.page(Page("conversions", 9, None))
    assert [cast(Conversion, job).queue_position for job in page] == [3, 2, 1, 0, 0]
    watch = stage.queue.watch("e")
    seen = [(await anext(watch)).queue_position]
    async with asyncio.timeout(PATIENCE):
        await stage.queue.cancel("d")
        seen.append((await anext(watch)).queue_position)
        await stage.queue.cancel("a")
        await stage.queue.cancel("b")
        stage.go.set()
        seen += [job.queue_position async for job in watch if job.state != jobs.QUEUED]
    assert seen[:2] == [3, 2]
    assert set(seen[2:]) == {0}
    assert (await stage.queue.cancel("d")).queue_position == 0


async def test_jobs_share_the_memory_and_a_job_that_expects_more_than_all_runs_alone(tmp_path: Path) -> None:
    weights = {"a": 60, "b": 30, "c": 30, "giant": 500, "d": 1}
    stage = Stage(
        tmp_path, 9, resources=Resources(memory=100), weigh=lambda job, processes: weights[job.conversion_id] * processes
    )
    expected = {}

    async def work(live: LiveJob[Conversion]) -> None:
        expected[live.job_id] = live.share.memory
        await stage.go.wait()

    for name in weights:
        await stage.submit(name, work)
    assert stage.states(*weights) == ["RUNNING", "RUNNING", "QUEUED", "QUEUED", "QUEUED"]
    assert stage.positions(*weights) == [0, 0, 1, 2, 3]
    await stage.queue.cancel("a")
    await stage.start_of("c")
    assert stage.states(*weights) == ["CANCELLED", "RUNNING", "RUNNING", "QUEUED", "QUEUED"]
    stage.go.set()
    assert (await stage.end_of("d")).state == jobs.SUCCEEDED
    assert expected == weights
    await stage.queue.close()


async def test_many_watchers_get_fewer_messages_but_the_end_at_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    # One message an hour for all watchers.
    monkeypatch.setattr(queues, "WATCH_MESSAGES", 1 / 3600)

    await stage.submit("a", counting(stage))
    states: list[list[int]] = [[], [], []]

    async def listen(heard: list[int]) -> None:
        async for job in stage.queue.watch("a"):
            heard.append(job.state)

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as watchers:
        for heard in states:
            watchers.create_task(listen(heard))
        while not all(states):  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0)
        stage.go.set()
    assert states == [[jobs.RUNNING, jobs.SUCCEEDED]] * 3


async def test_closing_leaves_unfinished_jobs_to_the_next_process(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 1)
    for name in "ab":
        await stage.submit(name)
    watch = stage.queue.watch("a")
    assert (await anext(watch)).state == jobs.RUNNING
    await stage.submit("c")
    await stage.queue.close()
    with pytest.raises(TickreelError, match="conversion a continues when it is back") as caught:
        await anext(watch)
    assert caught.value.reason == "SERVICE_UNAVAILABLE"
    assert stage.cleaned == ["a"]
    journal = Journal(tmp_path, Conversion)
    left = [job for _, job in journal.unfinished()]
    assert [(job.conversion_id, job.state, job.attempts) for job in left] == [(name, jobs.QUEUED, 0) for name in "abc"]
    assert not left[0].HasField("started_at")
    journal.close()
    stage = Stage(tmp_path, 1)
    await stage.resume()
    assert stage.states(*"abc") == ["RUNNING", "QUEUED", "QUEUED"]
    assert stage.positions(*"abc") == [0, 1, 2]
    stage.go.set()
    assert [(await stage.end_of(name)).attempts for name in "abc"] == [1, 1, 1]
    assert stage.cleaned == list("abc")
    await stage.queue.close()


def killed(folder: Path, *left: Conversion) -> None:
    """Write a journal as a killed process leaves it."""
    journal = Journal(folder, Conversion)
    for job in left:
        journal.add(job.conversion_id, job, f"request {job.conversion_id}", "digest")
    journal.close()


async def test_the_jobs_of_a_killed_process_are_resumed_in_order(tmp_path: Path) -> None:
    killed(
        tmp_path,
        Conversion(conversion_id="ended", state=jobs.FAILED),
        Conversion(conversion_id="running", state=jobs.RUNNING, attempts=1),
        Conversion(conversion_id="cancelling", state=jobs.CANCELLING, attempts=1),
        Conversion(conversion_id="done", state=jobs.RUNNING, attempts=1),
        Conversion(conversion_id="queued", state=jobs.QUEUED),
        Conversion(conversion_id="cancelled while queued", state=jobs.CANCELLING),
    )
    stage = Stage(tmp_path, 1)
    await stage.resume("done", "cancelling")
    names = ["ended", "running", "cancelling", "done", "queued", "cancelled while queued"]
    assert stage.states(*names) == ["FAILED", "RUNNING", "CANCELLED", "SUCCEEDED", "QUEUED", "CANCELLED"]
    assert stage.discarded == ["running", "cancelling", "queued", "cancelled while queued"]
    assert stage.queue.repeat_of("request running", "digest") == stage.queue.get("running")
    await stage.submit("new")
    assert stage.positions("queued", "new") == [1, 2]
    stage.go.set()
    for name, attempts in (("running", 2), ("queued", 1), ("new", 1)):
        job = await stage.end_of(name)
        assert (job.state, job.attempts) == (jobs.SUCCEEDED, attempts)
    assert stage.cleaned == ["running", "queued", "new"]
    await stage.queue.close()


async def test_a_job_whose_service_always_dies_fails_after_the_last_attempt(tmp_path: Path) -> None:
    killed(tmp_path, Conversion(conversion_id="a", state=jobs.RUNNING, attempts=1))
    for attempts in (2, 3):
        stage = Stage(tmp_path, 1, max_attempts=3)
        await stage.resume()
        assert (stage.states("a"), stage.queue.get("a").attempts) == (["RUNNING"], attempts)
        # Restore the journal as a kill leaves it, without the writes of close.
        running = stage.queue.get("a")
        await stage.queue.close()
        journal = Journal(tmp_path, Conversion)
        journal.save("a", running)
        journal.close()
    stage = Stage(tmp_path, 1, max_attempts=3)
    await stage.resume()
    job = await stage.end_of("a")
    assert (job.state, job.failure.reason) == (jobs.FAILED, "INTERRUPTED")
    assert "it was started 3 times" in job.failure.message
    assert dict(job.failure.metadata) == {"attempts": "3"}
    assert stage.discarded == ["a"]
    assert stage.cleaned == []
    await stage.queue.close()


async def test_watch_all_splits_large_jobs_into_messages_below_the_limit(stage: Stage) -> None:
    names = [f"job {number}" for number in range(40)]
    for name in names:
        job = Conversion()
        job.spec.trades_path = "x" * 300_000
        await stage.queue.submit(job, named(name), "", "digest")
    seen: set[str] = set()
    async with asyncio.timeout(PATIENCE), aclosing(stage.queue.watch_all()) as messages:
        async for message in messages:
            assert sum(job.ByteSize() for job in message) < 4 * 2**20
            seen.update(ids_of(message))
            if seen == set(names):
                break


async def test_the_entry_of_a_job_is_built_once_for_all_watchers(tmp_path: Path) -> None:
    built: list[str] = []

    def entry(job: Conversion) -> Conversion:
        built.append(job.conversion_id)
        return job

    stage = Stage(tmp_path, 1, entry=entry)
    await stage.submit("a")
    async with AsyncExitStack() as opened:
        for _ in range(20):
            messages = await opened.enter_async_context(aclosing(stage.queue.watch_all()))
            assert ids_of(await anext(messages)) == ["a"]
    assert built == ["a"]
    await stage.queue.close()


async def test_many_watchers_of_all_jobs_get_smaller_messages(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "WATCH_ENTRIES", 6)
    monkeypatch.setattr(queues, "HEARTBEAT", 1)
    for number in range(12):
        await stage.submit(f"job {number}")
    async with aclosing(stage.queue.watch_all()) as first, aclosing(stage.queue.watch_all()) as second:
        assert [len(await anext(first)), len(await anext(second))] == [6, 3]


async def test_an_unfinished_job_cannot_be_deleted(stage: Stage) -> None:
    await stage.submit("a")
    with pytest.raises(TickreelError) as caught:
        await stage.queue.delete("a")
    assert (caught.value.reason, caught.value.metadata) == ("JOB_NOT_ENDED", {"id": "a", "state": "RUNNING"})
    stage.go.set()
    await stage.end_of("a")
    await stage.queue.delete("a")
    with pytest.raises(TickreelError, match="there is no conversion 'a'"):
        stage.queue.get("a")


def dying(times: int, **metadata: str) -> Execute:
    """Work whose process dies `times` times before it succeeds."""
    left = [times]

    async def execute(_: LiveJob[Conversion]) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise TickreelError("WORKER_DIED", "the worker process was ended", **metadata)

    return execute


async def test_a_job_whose_process_is_killed_from_outside_is_retried(stage: Stage) -> None:
    await stage.submit("a", dying(2, signal="SIGKILL"))
    job = await stage.end_of("a")
    assert (job.state, job.attempts) == (jobs.SUCCEEDED, 3)
    assert not job.HasField("failure")


async def test_a_job_whose_process_is_always_killed_fails(stage: Stage) -> None:
    await stage.submit("a", dying(3, signal="SIGKILL"))
    job = await stage.end_of("a")
    assert (job.state, job.failure.reason, job.attempts) == (jobs.FAILED, "WORKER_DIED", 3)
    assert dict(job.failure.metadata) == {"signal": "SIGKILL", "attempts": "3"}


@pytest.mark.parametrize("metadata", [{"signal": "SIGSEGV"}, {"exit_code": "1"}])
async def test_a_job_whose_process_dies_of_its_own_work_is_not_retried(stage: Stage, metadata: dict[str, str]) -> None:
    await stage.submit("a", dying(1, **metadata))
    job = await stage.end_of("a")
    assert (job.state, job.attempts) == (jobs.FAILED, 1)


async def test_a_retried_job_can_be_cancelled(stage: Stage) -> None:
    died = asyncio.Event()

    async def execute(live: LiveJob[Conversion]) -> None:
        if live.resource.attempts == 1:
            raise TickreelError("WORKER_DIED", "the worker process was ended", signal="SIGKILL")
        died.set()
        await asyncio.Event().wait()

    await stage.submit("a", execute)
    async with asyncio.timeout(PATIENCE):
        await died.wait()
    assert (await stage.queue.cancel("a")).state == jobs.CANCELLED


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "JOURNAL_RETRY", 0.01)


async def journal_refuses(state: str, caplog: pytest.LogCaptureFixture) -> None:
    """Wait until the log says that the journal cannot take a state."""
    async with asyncio.timeout(PATIENCE):
        while f"cannot be set to {state} yet: the journal cannot be written" not in caplog.text:  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("impatient")
async def test_a_queue_refuses_jobs_while_its_disk_is_full(tmp_path: Path) -> None:
    with disk(tmp_path / "state") as mounted:
        stage = Stage(tmp_path / "state" / "converter", 2)
        with mounted.full(), pytest.raises(TickreelError, match="no space is left") as caught:
            for number in range(1000):
                await stage.submit(f"more {number}", succeed)
        assert caught.value.reason == "STORE_FULL"
        with pytest.raises(TickreelError, match="there is no conversion"):
            stage.queue.get("more 999")
        await stage.submit("again", succeed)
        assert (await stage.end_of("again")).state == jobs.SUCCEEDED
        await stage.queue.close()


@pytest.mark.usefixtures("impatient")
async def test_an_end_is_visible_only_after_the_journal_has_it(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.submit("a")
    with stage.journal.unwritable():
        stage.go.set()
        await journal_refuses("SUCCEEDED", caplog)
        assert stage.states("a") == ["RUNNING"]
        # The outcome is decided, so the job cannot be cancelled any more.
        cancel = asyncio.create_task(stage.queue.cancel("a"))
        while stage.journal.refused < 3:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)
    assert (await stage.end_of("a")).state == jobs.SUCCEEDED
    with pytest.raises(TickreelError, match="has already ended: SUCCEEDED"):
        await cancel
    # Logged once, not at every retry.
    assert caplog.text.count("cannot be set to") == 1


@pytest.mark.usefixtures("impatient")
async def test_no_job_starts_before_the_journal_has_its_start(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    for name in "abc":
        await stage.submit(name)
    with stage.journal.unwritable():
        with pytest.raises(TickreelError, match="Read-only file system"):
            await stage.queue.cancel("a")
        await journal_refuses("CANCELLED", caplog)
        await journal_refuses("RUNNING", caplog)
        assert stage.states("c") == ["QUEUED"]
        assert stage.running == ["b"]
    stage.go.set()
    assert [(await stage.end_of(name)).state for name in "abc"] == [jobs.CANCELLED, jobs.SUCCEEDED, jobs.SUCCEEDED]


@pytest.mark.usefixtures("impatient")
async def test_a_queue_can_be_closed_while_its_journal_is_not_writable(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 1)
    for name in "ab":
        await stage.submit(name)
    with stage.journal.unwritable():
        async with asyncio.timeout(PATIENCE):
            await stage.queue.close()
    journal = Journal(tmp_path, Conversion)
    assert [(name, jobs.state_name(job.state)) for name, job in journal.unfinished()] == [("a", "RUNNING"), ("b", "QUEUED")]
    journal.close()


async def test_closing_does_not_undo_a_cancellation(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 1)
    await stage.submit("a")
    cancel = asyncio.create_task(stage.queue.cancel("a"))
    await asyncio.sleep(0)
    await stage.queue.close()
    await asyncio.wait([cancel])
    journal = Journal(tmp_path, Conversion)
    job = journal.get("a")
    assert job is not None
    assert job.state == jobs.CANCELLED
    journal.close()
