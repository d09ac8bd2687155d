"""The queue of a job service: takes jobs, runs them a few at a time, and lets any number of callers watch.

A job that was taken comes to an end whatever happens to the service: what the journal has of unfinished jobs goes on where a
former process left off, from the beginning of the job, which makes the same however often it is begun.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from functools import partial

from google.protobuf.message import Message

from tickreel.jobs import job as jobs
from tickreel.jobs.admission import Admission, Share
from tickreel.jobs.executor import Resources, is_lost
from tickreel.jobs.job import JobClock
from tickreel.jobs.journal import Journal, JournalWriter
from tickreel.jobs.watchers import Unseen, Watchers
from tickreel.rpc.errors import TickreelError, not_found
from tickreel.rpc.paging import MESSAGE_BYTES, Page, fitting
from tickreel.v1 import job_pb2
from tickreel.v1.conversion_pb2 import Conversion
from tickreel.v1.run_pb2 import Run

log = logging.getLogger("tickreel")

# A watcher gets at most ten messages a second, and at least one in this time.
WATCH_INTERVAL = 0.1
# What all watchers of single jobs get together in a second: each costs a hundred microseconds.
WATCH_MESSAGES = 200
HEARTBEAT = 10.0
# The most entries of a message to those who watch all jobs.
WATCH_JOBS = 200
# What all who watch all jobs get together in a second: each entry costs tens of microseconds.
WATCH_ENTRIES = 4_000
# Jobs of the journal that are read before something else has its turn.
_ROWS_AT_ONCE = 200
# How often a job is tried to be journalled where the journal cannot be written.
JOURNAL_RETRY = 1.0


class LiveJob[J: (Conversion, Run)]:
    """A job that has not ended: its resource, and who waits for its next change."""

    def __init__(self, job_id: str, resource: J, journal: JournalWriter[J], watchers: Watchers) -> None:
        self.job_id = job_id
        self.resource: J = resource
        self.clock = JobClock(resource)
        self.share = Share()
        """What the job was admitted with."""
        self.entry: Message | None = None
        """The entry of the resource, once somebody has asked for it since the last change."""
        self.task: asyncio.Task[None] | None = None
        self.is_decided = False
        """Whether it is known what becomes of the job, although the journal may not have it yet."""
        self.changing = asyncio.Lock()
        """Held from the decision on a change of state until the journal has it."""
        self.write: asyncio.Future[None] | None = None
        """The last write of a change of state."""
        self._journal: JournalWriter[J] = journal
        self._watchers = watchers
        self.next_change = asyncio.Event()
        """Set at the next change. Taken before the resource is read, or a change in between would be missed."""
        self.over = asyncio.Event()
        """Set once nothing more is done for the job here."""

    def report(self, progress: job_pb2.Progress) -> None:
        """Takes how far the work is, and tells everyone who watches."""
        self.resource.progress.CopyFrom(progress)
        self.changed()

    def stands(self, position: int) -> None:
        """Takes where the job stands in the queue."""
        if position != self.resource.queue_position:
            self.resource.queue_position = position
            self.changed()

    async def save(self) -> None:
        """Journals the resource as it is now, so that the next process of the service has it, and tells everyone.

        Raises:
            TickreelError: STORE_NOT_WRITABLE.
        """
        await self._journal.save(self.job_id, self.resource)
        self.changed()

    def changed(self) -> None:
        """Wakes everyone who waits: the resource has changed."""
        self.entry = None
        self.next_change.set()
        self.next_change = asyncio.Event()
        self._watchers.tell(self.job_id)


class JobQueue[J: (Conversion, Run)]:
    """The jobs of one service.

    Args:
        kind: What a job is called: run, conversion.
        journal: Where they are kept.
        execute: Does a job's work, calling `LiveJob.changed` as it goes. Returns when it succeeded; raises `TickreelError`
            when it failed; is cancelled when the job is, then CANCELLING, or when the service stops, and must then leave
            nothing behind.
        slots: How many jobs run at a time.
        max_attempts: How often a job is begun whose service dies meanwhile, or whose process somebody kills.
        resources: What the jobs that run share, as their executor has it.
        weigh: What a job with so many processes is expected to take, in MiB.
        entry: Gives the entry of a job in lists and in the watch of all. Default: the whole job.
    """

    def __init__(
        self,
        kind: str,
        journal: Journal[J],
        execute: Callable[[LiveJob[J]], Awaitable[None]],
        slots: int,
        *,
        max_attempts: int = 3,
        resources: Resources = Resources(),  # noqa: B008 - frozen
        weigh: Callable[[J, int], int] = lambda *_: 0,
        entry: Callable[[J], Message] = lambda job: job,
    ) -> None:
        self._kind = kind
        self._journal: Journal[J] = journal
        self._writer: JournalWriter[J] = JournalWriter(journal)
        self._taking = asyncio.Lock()
        self._execute: Callable[[LiveJob[J]], Awaitable[None]] = execute
        self._admission = Admission(slots, resources.processes, resources.memory)
        self._max_attempts = max_attempts
        self._weigh: Callable[[J, int], int] = weigh
        self._entry: Callable[[J], Message] = entry
        self._live: dict[str, LiveJob[J]] = {}
        self._watchers = Watchers()
        self._watching = 0
        self._closing = False

    async def resume(self, finished: Callable[[J], bool], discard: Callable[[J], Awaitable[None]]) -> None:
        """Takes up the jobs that a former process left unfinished, in the order in which they came.

        Args:
            finished: Completes a job whose work was done when the process died; returns whether it was.
            discard: Removes what a job that was not finished left behind.
        """
        for job_id, job in self._journal.unfinished():
            clock = JobClock(job)
            if job.state == jobs.CANCELLING:
                await discard(job)
                jobs.end(job, jobs.CANCELLED, clock)
            elif finished(job):
                jobs.end(job, jobs.SUCCEEDED, clock)
            else:
                await discard(job)
                if job.state == jobs.RUNNING and job.attempts >= self._max_attempts:
                    jobs.give_up(job, clock)
                else:
                    jobs.requeue(job)
            await self._writer.save(job_id, job)
            if job.state not in jobs.FINAL:
                await self._begin(job_id, job)

    def repeat_of(self, request_id: str, request_digest: str) -> J | None:
        """The job that the same request made before.

        Raises:
            TickreelError: REQUEST_ID_REUSED where the id came with another request.
        """
        found = self._journal.find_request(request_id)
        if found is None:
            return None
        job_id, digest = found
        if digest != request_digest:
            message = f"request_id {request_id!r} was used for another request, which made {self._kind} {job_id}"
            raise TickreelError("REQUEST_ID_REUSED", message, request_id=request_id, id=job_id)
        return self.get(job_id)

    async def submit(self, job: J, name: Callable[[J], str], request_id: str, request_digest: str) -> J:
        """Takes a job: journals it, and queues it unless it has ended already. The same request makes no second one.

        Args:
            name: Gives the job an id and returns it; called until no other job has it, as a few random digits are one day the
                same again.

        Raises:
            TickreelError: REQUEST_ID_REUSED, STORE_NOT_WRITABLE, STORE_FULL.
        """
        # Shielded: a caller that hangs up leaves no job in the journal that nobody begins.
        return await asyncio.shield(asyncio.create_task(self._take(job, name, request_id, request_digest)))

    async def _take(self, job: J, name: Callable[[J], str], request_id: str, request_digest: str) -> J:
        # One at a time: another one may bring the same request, or be given the same id.
        async with self._taking:
            if self._closing:
                raise TickreelError("SERVICE_UNAVAILABLE", f"the service stops and takes no {self._kind}; ask again")
            if (made := self.repeat_of(request_id, request_digest)) is not None:
                return made
            while self._journal.get(job_id := name(job)) is not None:
                pass
            JobClock(job).stamp(job.created_at)
            if job.state not in jobs.FINAL:
                job.state = jobs.QUEUED
            await self._writer.add(job_id, job, request_id, request_digest)
            if job.state not in jobs.FINAL:
                await self._begin(job_id, job)
            return self._copy(job)

    def get(self, job_id: str) -> J:
        """The job as it is now.

        Raises:
            TickreelError: NOT_FOUND.
        """
        live = self._live.get(job_id)
        job = live.resource if live else self._journal.get(job_id)
        if job is None:
            raise not_found(self._kind, job_id)
        return self._copy(job)

    def page(self, page: Page) -> tuple[Sequence[Message], str]:
        """A page of the entries of jobs, newest first, and the token of the next."""
        rows, more = self._journal.page(page)
        entries = fitting([self._entry(self._now(job_id, job)) for _, job_id, job in rows])
        more |= len(entries) < len(rows)
        return entries, page.token(str(rows[len(entries) - 1][0])) if more else ""

    async def all(self) -> AsyncIterator[J]:
        """All jobs as they are now, newest first. What else there is to do goes on meanwhile."""
        last = 2**63 - 1
        while rows := self._journal.before(last, _ROWS_AT_ONCE):
            for _, job_id, job in rows:
                yield self._now(job_id, job)
            last = rows[-1][0]
            await asyncio.sleep(0)

    def _now(self, job_id: str, job: J) -> J:
        """A job of the journal, which has the state of a live one, but not its progress."""
        return self.get(job_id) if job_id in self._live else job

    async def delete(self, job_id: str) -> None:
        """Deletes a job that has ended.

        Raises:
            TickreelError: NOT_FOUND, JOB_NOT_ENDED, STORE_NOT_WRITABLE.
        """
        state = jobs.state_name(self.get(job_id).state)
        if job_id in self._live:
            message = f"{self._kind} {job_id} has not ended: {state}; cancel it first"
            raise TickreelError("JOB_NOT_ENDED", message, id=job_id, state=state)
        await self._writer.delete(job_id)

    async def cancel(self, job_id: str) -> J:
        """Cancels a job and returns it once that has taken effect.

        Raises:
            TickreelError: NOT_FOUND, or JOB_ENDED where it succeeded or failed before. Where the journal cannot be written the
                job ends all the same, but may be begun again should the service die before it can.
        """
        live = self._live.get(job_id)
        if live is not None:
            assert live.task is not None
            async with live.changing:
                if not live.is_decided and live.resource.state != jobs.CANCELLING:
                    live.resource.state = jobs.CANCELLING
                    try:
                        await live.save()
                    finally:
                        # Its work may have ended meanwhile.
                        if not live.is_decided:
                            live.task.cancel()
            # Shielded: a caller that hangs up while it waits does not cancel the clean-up.
            await asyncio.shield(asyncio.wait([live.task]))
        job = self.get(job_id)
        if job.state != jobs.CANCELLED:
            message = f"{self._kind} {job_id} has already ended: {jobs.state_name(job.state)}"
            raise TickreelError("JOB_ENDED", message, id=job_id, state=jobs.state_name(job.state))
        return job

    async def watch(self, job_id: str) -> AsyncGenerator[J, None]:
        """The job as it is now, and again after each change, ending after its final state.

        Raises:
            TickreelError: NOT_FOUND, or SERVICE_UNAVAILABLE where the service stops before that.
        """
        loop = asyncio.get_running_loop()
        self._watching += 1
        try:
            while live := self._live.get(job_id):
                change = live.next_change
                yield self._copy(live.resource)
                # Many watchers hear less often, so that all of them together cost the jobs little.
                next_at = loop.time() + max(WATCH_INTERVAL, self._watching / WATCH_MESSAGES)
                await _until(change, HEARTBEAT)
                await _until(live.over, next_at - loop.time())
        finally:
            self._watching -= 1
        if self._closing:
            message = f"the service stops; {self._kind} {job_id} goes on when it is back"
            raise TickreelError("SERVICE_UNAVAILABLE", message, id=job_id)
        yield self.get(job_id)

    async def watch_all(self) -> AsyncGenerator[list[Message], None]:
        """The entries of all jobs that have not ended, then of those that have changed, each at last in its final state.

        A list that is empty says that nothing has changed for long. This does not end by itself.
        """
        loop = asyncio.get_running_loop()
        with self._watchers.joined(self._live) as unseen:
            while True:
                # Many watchers hear less often, and of fewer jobs at a time, so that all of them together cost the jobs little.
                room = WATCH_ENTRIES / len(self._watchers)
                entries = self._entries(unseen, max(1, min(WATCH_JOBS, int(room * HEARTBEAT))))
                yield entries
                next_at = loop.time() + max(WATCH_INTERVAL, len(entries) / room)
                await unseen.wait(HEARTBEAT)
                await asyncio.sleep(next_at - loop.time())

    def _entries(self, unseen: Unseen, most: int) -> list[Message]:
        """The entries of the first jobs that a watcher has not seen, as many as a message holds."""
        entries: list[Message] = []
        room = MESSAGE_BYTES
        while room > 0 and len(entries) < most and (job_id := unseen.pop()) is not None:
            # A job that was deleted meanwhile has ended before.
            with contextlib.suppress(TickreelError):
                entries.append(self._entry_of(job_id))
                room -= entries[-1].ByteSize()
        return entries

    def _entry_of(self, job_id: str) -> Message:
        """The entry of a job as it is now; that of a live one is made once a change, however many watch."""
        live = self._live.get(job_id)
        if live is None:
            return self._entry(self.get(job_id))
        if live.entry is None:
            live.entry = self._entry(self._copy(live.resource))
        return live.entry

    async def close(self) -> None:
        """Stops what runs, leaves it and what is queued to the next process, and closes the journal."""
        self._closing = True
        # A job that is being taken is begun first, and put back with the others.
        async with self._taking:
            tasks = [live.task for live in self._live.values() if live.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._writer.close()

    async def _begin(self, job_id: str, job: J) -> None:
        """Puts a job at the end of the queue; returns once it waits there, or the journal has that it runs."""
        live = self._live[job_id] = LiveJob(job_id, job, self._writer, self._watchers)
        # Eager, or a cancellation before its first step would end it without a word in the journal.
        live.task = asyncio.Task(self._run(live), loop=asyncio.get_running_loop(), eager_start=True)
        live.changed()
        if live.write is not None:
            await asyncio.wait([live.write])

    async def _run(self, live: LiveJob[J]) -> None:
        ending: Callable[[J], None]
        try:
            while not await self._attempt(live):
                await self._become(live, jobs.requeue)
            ending = partial(jobs.end, state=jobs.SUCCEEDED, clock=live.clock)
        except asyncio.CancelledError:
            is_cancelled = live.resource.state == jobs.CANCELLING
            ending = partial(jobs.end, state=jobs.CANCELLED, clock=live.clock) if is_cancelled else jobs.put_back
        except TickreelError as error:
            ending = partial(jobs.fail, error=error, clock=live.clock)
        except Exception as error:
            log.exception("%s %s failed", self._kind, live.job_id)
            unforeseen = TickreelError("INTERNAL", f"{type(error).__name__}: {error}")
            ending = partial(jobs.fail, error=unforeseen, clock=live.clock)
        live.is_decided = True
        try:
            await self._become(live, ending)
        finally:
            del self._live[live.job_id]
            live.over.set()

    async def _attempt(self, live: LiveJob[J]) -> bool:
        """Does a job's work once it is its turn; returns whether it is done, or to be begun again.

        Raises:
            TickreelError: What it failed with.
        """
        try:
            async with self._admission.turn(partial(self._weigh, live.resource), live.stands) as live.share:
                await self._become(live, partial(jobs.start, clock=live.clock))
                await self._execute(live)
        except TickreelError as error:
            # Somebody killed its process, which says nothing against the job.
            if not is_lost(error):
                raise
            attempts = live.resource.attempts
            if attempts >= self._max_attempts:
                error.metadata["attempts"] = str(attempts)
                raise
            log.warning("%s %s is begun again after %d attempts: %s", self._kind, live.job_id, attempts, error)
            return False
        return True

    async def _become(self, live: LiveJob[J], change: Callable[[J], None]) -> None:
        """Changes a job once the journal has it so, however long that takes: what is told of a job outlives the service."""
        waits = False
        while True:
            async with live.changing:
                changed = self._copy(live.resource)
                change(changed)
                live.write = self._writer.save(live.job_id, changed)
                try:
                    await live.write
                    live.resource.CopyFrom(changed)
                    live.changed()
                    return
                except TickreelError as error:
                    if self._closing:
                        # The next process finds it as it was, and begins it again.
                        raise
                    if not waits:
                        log.error("%s %s waits to be %s: %s", self._kind, live.job_id, jobs.state_name(changed.state), error)
                    waits = True
            await asyncio.sleep(JOURNAL_RETRY)

    def _copy(self, job: J) -> J:
        copy = type(job)()
        copy.CopyFrom(job)
        return copy


async def _until(event: asyncio.Event, seconds: float) -> None:
    """Waits for something, but not longer than so many seconds."""
    if seconds > 0:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
