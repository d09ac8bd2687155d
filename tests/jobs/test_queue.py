"""Every job comes to one end, is journalled on the way, and tells everyone who watches."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from tickreel.jobs import job as jobs
from tickreel.jobs import queue as queues
from tickreel.jobs.journal import Journal
from tickreel.jobs.queue import JobQueue, LiveJob
from tickreel.rpc.errors import TickreelError
from tickreel.v1.conversion_pb2 import Conversion

Execute = Callable[[LiveJob[Conversion]], Awaitable[None]]
PATIENCE = 60


class Stage:
    """A queue whose jobs wait until they are let go, or do what a test says."""

    def __init__(self, folder: Path, slots: int) -> None:
        self.journal = Journal(folder, Conversion)
        self.queue = JobQueue("conversion", self.journal, self._execute, slots)
        self.running: list[str] = []
        self.most = 0
        self.cleaned: list[str] = []
        self.go = asyncio.Event()
        self.doing: dict[str, Execute] = {}

    def submit(self, name: str, execute: Execute | None = None, request_id: str = "") -> Conversion:
        if execute is not None:
            self.doing[name] = execute
        return self.queue.submit(name, Conversion(conversion_id=name), request_id, "digest")

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


async def fail(_live: LiveJob[Conversion]) -> None:
    raise TickreelError("DATA_REFUSED", "no such rows", rows=3)


async def stumble(_live: LiveJob[Conversion]) -> None:
    raise ZeroDivisionError("by nothing")


async def at_once(_live: LiveJob[Conversion]) -> None: ...


async def test_no_more_jobs_run_than_there_are_slots_and_the_others_wait_their_turn(stage: Stage) -> None:
    for name in "abcde":
        stage.submit(name)
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

    stage.submit("a", work)
    job = await stage.end_of("a")
    assert job.created_at.ToNanoseconds() <= job.started_at.ToNanoseconds() <= job.ended_at.ToNanoseconds()
    assert not job.HasField("progress")
    assert not job.HasField("failure")


async def test_a_job_that_ends_before_it_first_waits_has_ended_when_it_is_submitted(stage: Stage) -> None:
    assert stage.submit("a", at_once).state == jobs.SUCCEEDED
    assert stage.submit("b", fail).failure.reason == "DATA_REFUSED"
    assert [stage.journalled(name) for name in "ab"] == ["SUCCEEDED", "FAILED"]


async def test_a_job_that_has_ended_already_is_only_journalled(stage: Stage) -> None:
    job = Conversion(conversion_id="a", state=jobs.SUCCEEDED)
    stage.queue.submit("a", job, "", "")
    assert stage.states("a") == ["SUCCEEDED"]
    assert stage.journalled("a") == "SUCCEEDED"
    assert stage.cleaned == []


async def test_a_failure_keeps_its_reason(stage: Stage) -> None:
    stage.submit("a", fail)
    job = await stage.end_of("a")
    assert (job.state, job.failure.reason, job.failure.message) == (jobs.FAILED, "DATA_REFUSED", "no such rows")
    assert dict(job.failure.metadata) == {"rows": "3"}


async def test_an_unforeseen_error_fails_the_job_and_not_the_queue(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.submit("a", stumble)
    job = await stage.end_of("a")
    assert (job.state, job.failure.reason) == (jobs.FAILED, "INTERNAL")
    assert job.failure.message == "ZeroDivisionError: by nothing"
    assert "Traceback" in caplog.text
    stage.submit("b", at_once)
    assert (await stage.end_of("b")).state == jobs.SUCCEEDED


async def test_a_running_job_is_cancelled_when_cancel_returns(stage: Stage) -> None:
    stage.submit("a")
    assert (await stage.queue.cancel("a")).state == jobs.CANCELLED
    assert stage.cleaned == ["a"]
    assert stage.journalled("a") == "CANCELLED"


async def test_a_queued_job_is_cancelled_without_ever_running(stage: Stage) -> None:
    for name in "abc":
        stage.submit(name)
    job = await stage.queue.cancel("c")
    assert job.state == jobs.CANCELLED
    assert not job.HasField("started_at")
    assert stage.journalled("c") == "CANCELLED"
    stage.go.set()
    await stage.end_of("a")
    assert "c" not in stage.cleaned


async def test_a_cancelled_job_gives_its_slot_to_the_next(stage: Stage) -> None:
    for name in "abcd":
        stage.submit(name)
    await stage.queue.cancel("c")
    await stage.queue.cancel("a")
    async with asyncio.timeout(PATIENCE):
        async for job in stage.queue.watch("d"):
            if job.state == jobs.RUNNING:
                break
    assert stage.running == ["b", "d"]


async def test_a_job_that_is_cancelled_before_its_first_step_is_cancelled_in_the_journal_too(stage: Stage) -> None:
    for name in "abc":
        stage.submit(name)
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

    stage.submit("a", work)
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
    stage.submit("a")
    await stage.queue.cancel("a")
    assert (await stage.queue.cancel("a")).state == jobs.CANCELLED
    stage.submit("b", at_once)
    stage.submit("c", fail)
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
    stage.submit("a", request_id="r")
    assert stage.queue.repeat_of("r", "digest") == stage.queue.get("a")
    assert stage.queue.repeat_of("s", "digest") is None
    assert stage.queue.repeat_of("", "digest") is None
    with pytest.raises(TickreelError, match="'r' was used for another request, which made conversion a") as caught:
        stage.queue.repeat_of("r", "another digest")
    assert caught.value.reason == "REQUEST_ID_REUSED"


async def test_a_job_that_cannot_be_journalled_is_not_taken(stage: Stage) -> None:
    stage.submit("a", at_once, request_id="r")
    with pytest.raises(Exception, match="UNIQUE"):
        stage.submit("b", request_id="r")
    with pytest.raises(TickreelError, match="there is no conversion 'b'"):
        stage.queue.get("b")


async def test_what_is_handed_out_is_a_copy(stage: Stage) -> None:
    stage.submit("a")
    stage.queue.get("a").state = jobs.FAILED
    assert stage.states("a") == ["RUNNING"]


async def test_a_watch_begins_with_the_job_as_it_is_and_ends_after_its_end(stage: Stage) -> None:
    stage.submit("a")
    watch = stage.queue.watch("a")
    assert (await anext(watch)).state == jobs.RUNNING
    stage.go.set()
    async with asyncio.timeout(PATIENCE):
        assert [jobs.state_name(job.state) async for job in watch] == ["SUCCEEDED"]


async def test_a_watch_shows_every_state_of_a_slow_job(stage: Stage) -> None:
    for name in "abc":
        stage.submit(name)
    watch = stage.queue.watch("c")
    seen = [(await anext(watch)).state]
    await stage.queue.cancel("a")
    async with asyncio.timeout(PATIENCE):
        seen.append((await anext(watch)).state)
        stage.go.set()
        seen += [job.state async for job in watch]
    assert seen == [jobs.QUEUED, jobs.RUNNING, jobs.SUCCEEDED]


async def test_a_watch_of_a_job_that_has_ended_is_one_message(stage: Stage) -> None:
    stage.submit("a", fail)
    assert [job.failure.reason async for job in stage.queue.watch("a")] == ["DATA_REFUSED"]


async def test_an_end_that_comes_while_a_watcher_is_busy_is_told_at_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watcher holds the snapshot of before; no heartbeat helps it out here."""
    monkeypatch.setattr(queues, "HEARTBEAT", 3600.0)
    stage.submit("a")
    watch = stage.queue.watch("a")
    assert (await anext(watch)).state == jobs.RUNNING
    stage.go.set()
    await stage.queue._live["a"].task
    async with asyncio.timeout(PATIENCE):
        assert [job.state async for job in watch] == [jobs.SUCCEEDED]


async def test_everyone_who_watches_sees_the_end(stage: Stage) -> None:
    stage.submit("a")
    watchers = [asyncio.create_task(stage.end_of("a")) for _ in range(100)]
    await asyncio.sleep(0)
    stage.go.set()
    assert {job.state for job in await asyncio.gather(*watchers)} == {jobs.SUCCEEDED}


async def test_a_watcher_that_leaves_cancels_nothing(stage: Stage) -> None:
    stage.submit("a")
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
    stage.submit("a")
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
    stage.submit("a", work)
    done = [job.progress.done async for job in stage.queue.watch("a") if job.HasField("progress")]
    assert len(done) <= (time.monotonic() - began) / queues.WATCH_INTERVAL + 2
    assert done == sorted(set(done))


async def test_closing_ends_what_runs_and_what_waits_as_interrupted(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 1)
    for name in "ab":
        stage.submit(name)
    watcher = asyncio.create_task(stage.end_of("a"))
    await asyncio.sleep(0)
    stage.submit("c")
    await asyncio.gather(stage.queue.close(), return_exceptions=False)
    await asyncio.wait([watcher])
    journal = Journal(tmp_path, Conversion)
    ends = [journal.get(name) for name in "abc"]
    assert [(job.state, job.failure.reason) for job in ends if job] == [(jobs.FAILED, "INTERRUPTED")] * 3
    assert [job.failure.metadata["state"] for job in ends if job] == ["running", "queued", "queued"]
    assert stage.cleaned == ["a"]
    journal.close()


async def test_closing_lets_a_cancellation_be_one(tmp_path: Path) -> None:
    stage = Stage(tmp_path, 1)
    stage.submit("a")
    cancel = asyncio.create_task(stage.queue.cancel("a"))
    await asyncio.sleep(0)
    await stage.queue.close()
    await asyncio.wait([cancel])
    journal = Journal(tmp_path, Conversion)
    job = journal.get("a")
    assert job is not None
    assert job.state == jobs.CANCELLED
    journal.close()
