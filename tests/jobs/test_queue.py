"""Every job comes to one end, is journalled on the way, and tells everyone who watches."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, aclosing, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from google.protobuf.message import Message

from tickreel.jobs import job as jobs
from tickreel.jobs import queue as queues
from tickreel.jobs.executor import Resources
from tickreel.jobs.journal import Journal
from tickreel.jobs.queue import JobQueue, LiveJob
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.paging import Page
from tickreel.v1.conversion_pb2 import Conversion

Execute = Callable[[LiveJob[Conversion]], Awaitable[None]]
PATIENCE = 60


class Stage:
    """A queue whose jobs wait until they are let go, or do what a test says."""

    def __init__(self, folder: Path, slots: int, **limits: Any) -> None:
        self.journal = Journal(folder, Conversion)
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
        """The final state of a job, as the last message of a watch."""
        async with asyncio.timeout(PATIENCE):
            job = [job async for job in self.queue.watch(name)][-1]
        assert job.state in jobs.FINAL
        assert job == self.journal.get(name)
        return job

    async def start_of(self, name: str) -> None:
        """Waits until a job runs."""
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


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage of two slots."""
    made = Stage(tmp_path, 2)
    yield made
    await made.queue.close()


def named(*names: str) -> Callable[[Conversion], str]:
    """Gives a job the first of the names that no other job has."""
    left = iter(names)

    def name(job: Conversion) -> str:
        job.conversion_id = next(left)
        return job.conversion_id

    return name


def ids_of(entries: Iterable[Message]) -> list[str]:
    return [cast(Conversion, entry).conversion_id for entry in entries]


async def fail(_live: LiveJob[Conversion]) -> None:
    raise TickreelError("DATA_REFUSED", "no such rows", rows=3)


async def stumble(_live: LiveJob[Conversion]) -> None:
    raise ZeroDivisionError("by nothing")


async def at_once(_live: LiveJob[Conversion]) -> None: ...


async def test_no_more_jobs_run_than_there_are_slots_and_the_others_wait_their_turn(stage: Stage) -> None:
    for name in "abcde":
        await stage.submit(name)
    assert stage.states(*"abcde") == ["RUNNING", "RUNNING", "QUEUED", "QUEUED", "QUEUED"]
    assert [stage.journalled(name) for name in "abc"] == ["RUNNING", "RUNNING", "QUEUED"]
    stage.go.set()
    for name in "abcde":
        assert (await stage.end_of(name)).state == jobs.SUCCEEDED
    assert stage.most == 2
    assert stage.cleaned == list("abcde")


async def test_a_job_has_its_times_and_its_end_has_no_progress(stage: Stage) -> None:
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
async def test_a_clock_that_is_set_changes_no_duration_and_no_order(
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
    # What comes afterwards has the new time, and lists have it first.
    after = await stage.end_of("b")
    assert 0 <= after.created_at.ToNanoseconds() - set_to < PATIENCE * 10**9
    assert ids_of(stage.queue.page(Page("", 2, None))[0]) == ["b", "a"]


async def test_a_job_that_is_taken_up_again_ends_after_it_was_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


async def test_a_job_that_never_waits_ends_like_any_other(stage: Stage) -> None:
    await stage.submit("a", at_once)
    await stage.submit("b", fail)
    assert (await stage.end_of("a")).state == jobs.SUCCEEDED
    assert (await stage.end_of("b")).failure.reason == "DATA_REFUSED"
    assert [stage.journalled(name) for name in "ab"] == ["SUCCEEDED", "FAILED"]


async def test_a_job_that_has_ended_already_is_only_journalled(stage: Stage) -> None:
    await stage.queue.submit(Conversion(state=jobs.SUCCEEDED), named("a"), "", "")
    assert stage.states("a") == ["SUCCEEDED"]
    assert stage.journalled("a") == "SUCCEEDED"
    assert stage.cleaned == []


async def test_an_id_that_a_job_has_already_is_not_given_again(stage: Stage) -> None:
    await stage.submit("a", at_once)
    job = await stage.queue.submit(Conversion(), named("a", "a", "b"), "", "")
    assert job.conversion_id == "b"


async def test_a_failure_keeps_its_reason(stage: Stage) -> None:
    await stage.submit("a", fail)
    job = await stage.end_of("a")
    assert (job.state, job.failure.reason, job.failure.message) == (jobs.FAILED, "DATA_REFUSED", "no such rows")
    assert dict(job.failure.metadata) == {"rows": "3"}


async def test_an_unforeseen_error_fails_the_job_and_not_the_queue(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.submit("a", stumble)
    job = await stage.end_of("a")
    assert (job.state, job.failure.reason) == (jobs.FAILED, "INTERNAL")
    assert job.failure.message == "ZeroDivisionError: by nothing"
    assert "Traceback" in caplog.text
    await stage.submit("b", at_once)
    assert (await stage.end_of("b")).state == jobs.SUCCEEDED


async def test_a_running_job_is_cancelled_when_cancel_returns(stage: Stage) -> None:
    await stage.submit("a")
    assert (await stage.queue.cancel("a")).state == jobs.CANCELLED
    assert stage.cleaned == ["a"]
    assert stage.journalled("a") == "CANCELLED"


async def test_a_queued_job_is_cancelled_without_ever_running(stage: Stage) -> None:
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


async def test_a_job_that_is_cancelled_before_its_first_step_is_cancelled_in_the_journal_too(stage: Stage) -> None:
    for name in "abc":
        await stage.submit(name)
    # No step of the loop between submission and cancellation.
    cancelled = await asyncio.gather(stage.queue.cancel("c"), stage.queue.cancel("a"))
    assert [job.state for job in cancelled] == [jobs.CANCELLED, jobs.CANCELLED]
    assert [stage.journalled(name) for name in "ac"] == ["CANCELLED", "CANCELLED"]


async def test_while_a_job_cleans_up_it_is_cancelling(stage: Stage) -> None:
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
    # A caller that hangs up does not stop the clean-up, nor the other caller.
    cancels[0].cancel()
    await asyncio.wait([cancels[0]])
    cleaned.set()
    assert (await cancels[1]).state == jobs.CANCELLED


async def test_a_cancelled_job_may_be_cancelled_again_but_not_one_that_ended_otherwise(stage: Stage) -> None:
    await stage.submit("a")
    await stage.queue.cancel("a")
    assert (await stage.queue.cancel("a")).state == jobs.CANCELLED
    await stage.submit("b", at_once)
    await stage.submit("c", fail)
    for name, state in (("b", "SUCCEEDED"), ("c", "FAILED")):
        with pytest.raises(TickreelError, match=f"conversion {name} has already ended: {state}") as caught:
            await stage.queue.cancel(name)
        assert caught.value.reason == "JOB_ENDED"
        assert caught.value.metadata == {"id": name, "state": state}


async def test_a_job_that_is_not_there_is_not_found(stage: Stage) -> None:
    for call in (stage.queue.cancel("x"), anext(stage.queue.watch("x"))):
        with pytest.raises(TickreelError, match="there is no conversion 'x'") as caught:
            await call
        assert caught.value.reason == "NOT_FOUND"


async def test_a_repeated_request_gives_the_job_that_it_made(stage: Stage) -> None:
    await stage.submit("a", request_id="r")
    assert stage.queue.repeat_of("r", "digest") == stage.queue.get("a")
    assert stage.queue.repeat_of("s", "digest") is None
    assert stage.queue.repeat_of("", "digest") is None
    with pytest.raises(TickreelError, match="'r' was used for another request, which created conversion a") as caught:
        stage.queue.repeat_of("r", "another digest")
    assert caught.value.reason == "REQUEST_ID_REUSED"


async def test_a_request_that_comes_twice_at_once_makes_one_job(stage: Stage) -> None:
    made = await asyncio.gather(*(stage.submit(name, request_id="r") for name in "ab"))
    assert [job.conversion_id for job in made] == ["a", "a"]
    with pytest.raises(TickreelError, match="there is no conversion 'b'"):
        stage.queue.get("b")


async def test_jobs_that_come_at_once_with_one_id_get_another_each(stage: Stage) -> None:
    made = await asyncio.gather(*(stage.queue.submit(Conversion(), named("a", "b", "c"), "", "") for _ in range(3)))
    assert [job.conversion_id for job in made] == ["a", "b", "c"]


async def test_a_caller_that_hangs_up_while_its_job_is_journalled_leaves_one_that_runs(stage: Stage) -> None:
    with slow_disk(stage.journal) as disk:
        call = asyncio.create_task(stage.submit("a"))
        await disk.met()
        call.cancel()
        await asyncio.wait([call])
    await stage.submit("b")
    assert stage.states(*"ab") == ["RUNNING", "RUNNING"]


async def test_other_calls_are_answered_while_the_disk_is_slow(stage: Stage) -> None:
    await stage.submit("a")
    with slow_disk(stage.journal) as disk:
        call = asyncio.create_task(stage.submit("b"))
        await disk.met()
        assert stage.states("a") == ["RUNNING"]
        assert (await anext(stage.queue.watch("a"))).state == jobs.RUNNING
        page, _ = stage.queue.page(Page("conversions", 9, None))
        assert ids_of(page) == ["a"]
        assert not call.done()
    assert (await call).state == jobs.RUNNING


async def test_a_job_that_ends_while_its_cancellation_is_journalled_has_ended(stage: Stage) -> None:
    await stage.submit("a")
    with slow_disk(stage.journal) as disk:
        cancel = asyncio.create_task(stage.queue.cancel("a"))
        await disk.met()
        stage.go.set()
        async with asyncio.timeout(PATIENCE):
            while stage.running:  # noqa: ASYNC110 - no event says so
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
    with slow_disk(stage.journal):
        # It gives its slot to c, whose start waits for the disk.
        done.set()
        async with asyncio.timeout(PATIENCE):
            while stage.queue._live["c"].write is None:  # noqa: ASYNC110 - no event says so
                await asyncio.sleep(0)
        cancel = asyncio.create_task(stage.queue.cancel("c"))
        await asyncio.sleep(0)
        assert stage.states("c") == ["QUEUED"]
    assert (await cancel).state == jobs.CANCELLED
    assert stage.journalled("c") == "CANCELLED"
    assert (await stage.end_of("a")).state == jobs.SUCCEEDED


async def test_closing_makes_the_writes_that_were_asked_for(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 1)
    with slow_disk(stage.journal) as disk:
        call = asyncio.create_task(stage.submit("a"))
        await disk.met()
        close = asyncio.create_task(stage.queue.close())
        await asyncio.sleep(0)
    await close
    assert (await call).conversion_id == "a"
    with pytest.raises(TickreelError, match="accepts no new conversion"):
        await stage.submit("b")
    journal = Journal(tmp_path, Conversion)
    assert [(name, job.state, job.attempts) for name, job in journal.unfinished()] == [("a", jobs.QUEUED, 0)]
    journal.close()


async def test_what_is_handed_out_is_a_copy(stage: Stage) -> None:
    await stage.submit("a")
    stage.queue.get("a").state = jobs.FAILED
    assert stage.states("a") == ["RUNNING"]


async def test_a_watch_begins_with_the_job_as_it_is_and_ends_after_its_end(stage: Stage) -> None:
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


async def test_a_watch_of_a_job_that_has_ended_is_one_message(stage: Stage) -> None:
    await stage.submit("a", fail)
    await stage.end_of("a")
    assert [job.failure.reason async for job in stage.queue.watch("a")] == ["DATA_REFUSED"]


async def test_an_end_that_comes_while_a_watcher_is_busy_is_told_at_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watcher holds the snapshot of before; no heartbeat helps it out here."""
    monkeypatch.setattr(queues, "HEARTBEAT", 3600.0)
    await stage.submit("a")
    watch = stage.queue.watch("a")
    assert (await anext(watch)).state == jobs.RUNNING
    stage.go.set()
    await stage.end_of("a")
    async with asyncio.timeout(PATIENCE):
        assert [job.state async for job in watch] == [jobs.SUCCEEDED]


async def test_everyone_who_watches_sees_the_end(stage: Stage) -> None:
    await stage.submit("a")
    watchers = [asyncio.create_task(stage.end_of("a")) for _ in range(100)]
    await asyncio.sleep(0)
    stage.go.set()
    assert {job.state for job in await asyncio.gather(*watchers)} == {jobs.SUCCEEDED}


async def test_a_watcher_that_leaves_cancels_nothing(stage: Stage) -> None:
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


async def test_a_job_that_does_not_change_is_told_again_all_the_same(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "HEARTBEAT", 0.01)
    await stage.submit("a")
    watch = stage.queue.watch("a")
    async with asyncio.timeout(PATIENCE):
        assert [(await anext(watch)).state for _ in range(3)] == [jobs.RUNNING] * 3
    await watch.aclose()


async def test_a_watcher_gets_the_newest_and_at_most_ten_a_second(stage: Stage) -> None:
    async def work(live: LiveJob[Conversion]) -> None:
        for done in range(1, 201):
            live.resource.progress.done = done
            live.changed()
            await asyncio.sleep(0.002)

    began = time.monotonic()
    await stage.submit("a", work)
    done = [job.progress.done async for job in stage.queue.watch("a") if job.HasField("progress")]
    assert len(done) <= (time.monotonic() - began) / queues.WATCH_INTERVAL + 2
    assert done == sorted(set(done))


async def test_queued_jobs_know_their_place_and_watchers_hear_of_it(stage: Stage) -> None:
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


async def test_jobs_share_the_memory_and_one_that_expects_more_than_all_of_it_runs_alone(tmp_path: Path) -> None:
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


async def test_many_watchers_hear_less_often_but_of_the_end_at_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if a message took an hour.
    monkeypatch.setattr(queues, "WATCH_MESSAGES", 1 / 3600)

    async def work(live: LiveJob[Conversion]) -> None:
        while not stage.go.is_set():
            live.resource.progress.done += 1
            live.changed()
            await asyncio.sleep(0)

    await stage.submit("a", work)
    states: list[list[int]] = [[], [], []]

    async def listen(heard: list[int]) -> None:
        async for job in stage.queue.watch("a"):
            heard.append(job.state)

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as watchers:
        for heard in states:
            watchers.create_task(listen(heard))
        while not all(states):  # noqa: ASYNC110 - the watchers tell nobody
            await asyncio.sleep(0)
        stage.go.set()
    assert states == [[jobs.RUNNING, jobs.SUCCEEDED]] * 3


async def test_closing_leaves_what_runs_and_what_waits_to_the_next_process(tmp_path: Path) -> None:
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
    """A journal as a killed process leaves it."""
    journal = Journal(folder, Conversion)
    for job in left:
        journal.add(job.conversion_id, job, f"request {job.conversion_id}", "digest")
    journal.close()


async def test_what_a_killed_process_left_goes_on_in_its_order(tmp_path: Path) -> None:
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


async def test_a_job_whose_service_dies_each_time_is_given_up(tmp_path: Path) -> None:
    killed(tmp_path, Conversion(conversion_id="a", state=jobs.RUNNING, attempts=1))
    for attempts in (2, 3):
        stage = Stage(tmp_path, 1, max_attempts=3)
        await stage.resume()
        assert (stage.states("a"), stage.queue.get("a").attempts) == (["RUNNING"], attempts)
        # As a kill leaves it: what close would write is undone.
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


async def test_large_jobs_fit_into_the_messages_of_those_who_watch_all(stage: Stage) -> None:
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


async def test_the_entry_of_a_job_is_made_once_however_many_watch(stage: Stage) -> None:
    await stage.submit("a")
    made: list[str] = []

    def entry(job: Conversion) -> Conversion:
        made.append(job.conversion_id)
        return job

    stage.queue._entry = entry
    async with AsyncExitStack() as opened:
        for _ in range(20):
            messages = await opened.enter_async_context(aclosing(stage.queue.watch_all()))
            assert ids_of(await anext(messages)) == ["a"]
    assert made == ["a"]


async def test_many_who_watch_all_jobs_hear_of_fewer_at_a_time(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "WATCH_ENTRIES", 6)
    monkeypatch.setattr(queues, "HEARTBEAT", 1)
    for number in range(12):
        await stage.submit(f"job {number}")
    async with aclosing(stage.queue.watch_all()) as first, aclosing(stage.queue.watch_all()) as second:
        assert [len(await anext(first)), len(await anext(second))] == [6, 3]


async def test_a_job_that_has_not_ended_is_not_deleted(stage: Stage) -> None:
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
    """The work of a job whose process dies so many times before it succeeds."""
    left = [times]

    async def execute(_: LiveJob[Conversion]) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise TickreelError("WORKER_DIED", "the worker process was ended", **metadata)

    return execute


async def test_a_job_whose_process_somebody_kills_is_begun_again(stage: Stage) -> None:
    await stage.submit("a", dying(2, signal="SIGKILL"))
    job = await stage.end_of("a")
    assert (job.state, job.attempts) == (jobs.SUCCEEDED, 3)
    assert not job.HasField("failure")


async def test_a_job_whose_process_is_killed_each_time_fails(stage: Stage) -> None:
    await stage.submit("a", dying(3, signal="SIGKILL"))
    job = await stage.end_of("a")
    assert (job.state, job.failure.reason, job.attempts) == (jobs.FAILED, "WORKER_DIED", 3)
    assert dict(job.failure.metadata) == {"signal": "SIGKILL", "attempts": "3"}


@pytest.mark.parametrize("metadata", [{"signal": "SIGSEGV"}, {"exit_code": "1"}])
async def test_a_job_whose_process_dies_of_its_own_work_is_not_begun_again(stage: Stage, metadata: dict[str, str]) -> None:
    await stage.submit("a", dying(1, **metadata))
    job = await stage.end_of("a")
    assert (job.state, job.attempts) == (jobs.FAILED, 1)


async def test_a_job_that_is_cancelled_between_two_attempts_is_cancelled(stage: Stage) -> None:
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


class SlowDisk:
    """A disk whose writes wait until the test lets them go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.waiting = threading.Event()

    async def met(self) -> None:
        """Waits until a write waits."""
        assert await asyncio.to_thread(self.waiting.wait, PATIENCE)


@contextmanager
def slow_disk(journal: Journal[Conversion]) -> Iterator[SlowDisk]:
    """Within it, writes wait."""
    disk, write = SlowDisk(), journal._write

    def wait_and_write(*values: Any) -> None:
        disk.waiting.set()
        assert disk.go.wait(PATIENCE)
        write(*values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "_write", wait_and_write)
        try:
            yield disk
        finally:
            disk.go.set()


@contextmanager
def unwritable(journal: Journal[Conversion]) -> Iterator[None]:
    """Within it the journal is on a disk that has become read-only."""
    journal._written.execute("PRAGMA query_only = ON")
    yield
    journal._written.execute("PRAGMA query_only = OFF")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "JOURNAL_RETRY", 0.01)


async def waiting_to_be(state: str, caplog: pytest.LogCaptureFixture) -> None:
    """Waits until the log says that a job waits for its journal."""
    async with asyncio.timeout(PATIENCE):
        while f"cannot be set to {state} yet: the journal cannot be written" not in caplog.text:  # noqa: ASYNC110 - no event says so
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("impatient")
async def test_a_full_journal_refuses_jobs_and_takes_them_again_once_there_is_room(stage: Stage) -> None:
    database = stage.journal._written
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(TickreelError, match="no space is left") as caught:
        for number in range(1000):
            await stage.submit(f"more {number}", at_once)
    assert caught.value.reason == "STORE_FULL"
    with pytest.raises(TickreelError, match="there is no conversion"):
        stage.queue.get("more 999")
    database.execute("PRAGMA max_page_count = 100000")
    await stage.submit("again", at_once)
    assert (await stage.end_of("again")).state == jobs.SUCCEEDED


@pytest.mark.usefixtures("impatient")
async def test_nobody_hears_of_an_end_before_the_journal_has_it(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    await stage.submit("a")
    with unwritable(stage.journal):
        stage.go.set()
        await waiting_to_be("SUCCEEDED", caplog)
        assert stage.states("a") == ["RUNNING"]
        # What has happened cannot be cancelled any more.
        cancel = asyncio.create_task(stage.queue.cancel("a"))
        await asyncio.sleep(0.05)
        assert not cancel.done()
        assert caplog.text.count("cannot be set to") == 1
    assert (await stage.end_of("a")).state == jobs.SUCCEEDED
    with pytest.raises(TickreelError, match="has already ended: SUCCEEDED"):
        await cancel


@pytest.mark.usefixtures("impatient")
async def test_no_job_begins_that_the_journal_cannot_have_as_begun(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    for name in "abc":
        await stage.submit(name)
    with unwritable(stage.journal):
        with pytest.raises(TickreelError, match="readonly"):
            await stage.queue.cancel("a")
        await waiting_to_be("CANCELLED", caplog)
        await waiting_to_be("RUNNING", caplog)
        assert stage.states("c") == ["QUEUED"]
        assert stage.running == ["b"]
    stage.go.set()
    assert [(await stage.end_of(name)).state for name in "abc"] == [jobs.CANCELLED, jobs.SUCCEEDED, jobs.SUCCEEDED]


@pytest.mark.usefixtures("impatient")
async def test_a_queue_closes_although_its_journal_cannot_be_written(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 1)
    for name in "ab":
        await stage.submit(name)
    stage.journal._written.execute("PRAGMA query_only = ON")
    async with asyncio.timeout(PATIENCE):
        await stage.queue.close()
    journal = Journal(tmp_path, Conversion)
    assert [(name, jobs.state_name(job.state)) for name, job in journal.unfinished()] == [("a", "RUNNING"), ("b", "QUEUED")]
    journal.close()


async def test_closing_lets_a_cancellation_be_one(tmp_path: Path) -> None:
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
