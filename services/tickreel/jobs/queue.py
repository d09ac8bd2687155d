"""The queue of a job service: it accepts jobs, runs a few at a time, and lets any number of callers watch.

An accepted job reaches a final state whatever happens to the service. After a restart, the unfinished jobs of the journal are
started again from the beginning. Jobs are idempotent: a job makes the same result however often it is started.
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

# Least seconds between two messages to a watcher.
WATCH_INTERVAL = 0.1
# Messages a second for all watchers of single jobs together; each takes the service a hundred microseconds.
WATCH_MESSAGES = 200
# Seconds after which a watcher gets a message even if nothing has changed.
HEARTBEAT = 10.0
# Most entries in one message to a watcher of all jobs.
WATCH_JOBS = 200
# Entries a second for all watchers of all jobs together; each takes the service tens of microseconds.
WATCH_ENTRIES = 4_000
# Jobs that are read from the journal before the event loop runs other tasks.
_ROWS_AT_ONCE = 200
# Seconds between two attempts to write a job to a journal that is not writable.
JOURNAL_RETRY = 1.0


class LiveJob[J: (Conversion, Run)]:
    """A job that has not ended: its resource and its watchers."""

    def __init__(self, job_id: str, resource: J, journal: JournalWriter[J], watchers: Watchers) -> None:
        self.job_id = job_id
        self.resource: J = resource
        self.clock = JobClock(resource)
        self.share = Share()
        """The resources that the job was admitted with."""
        self.entry: Message | None = None
        """Cached list entry of the resource; None after a change, until the next watcher needs it."""
        self.task: asyncio.Task[None] | None = None
        self.is_decided = False
        """Whether the outcome of the job is decided; the journal may not have it yet."""
        self.changing = asyncio.Lock()
        """Held while a change of state is decided and written to the journal."""
        self.write: asyncio.Future[None] | None = None
        """The last write of a change of state."""
        self._journal: JournalWriter[J] = journal
        self._watchers = watchers
        self.next_change = asyncio.Event()
        """Set at the next change. Get it before reading the resource, or a change in between is missed."""
        self.over = asyncio.Event()
        """Set when this queue is done with the job."""

    def report(self, progress: job_pb2.Progress) -> None:
        """Set the progress of the job and notify its watchers."""
        self.resource.progress.CopyFrom(progress)
        self.changed()

    def moved_to(self, position: int) -> None:
        """Set the position of the job in the queue."""
        if position != self.resource.queue_position:
            self.resource.queue_position = position
            self.changed()

    async def save(self) -> None:
        """Write the current resource to the journal, for the next process of the service, and notify the watchers.

        Raises:
            TickreelError: STORE_NOT_WRITABLE.
        """
        await self._journal.save(self.job_id, self.resource)
        self.changed()

    def changed(self) -> None:
        """Notify the watchers that the resource has changed."""
        self.entry = None
        self.next_change.set()
        self.next_change = asyncio.Event()
        self._watchers.notify(self.job_id)


class JobQueue[J: (Conversion, Run)]:
    """The jobs of one service.

    Args:
        kind: The name of a job in messages: run or conversion.
        journal: The journal of the jobs.
        execute: Does the work of a job and calls `LiveJob.changed` as it progresses. Returns on success and raises
            `TickreelError` on failure. It is cancelled when the job is cancelled (its state is then CANCELLING) or when the
            service stops, and must then leave nothing behind.
        slots: How many jobs run at a time.
        max_attempts: How often a job is started if its service dies, or if its process is killed from outside.
        resources: The resources that running jobs share, from their executor.
        weigh: Returns the expected memory of a job in MiB for a number of processes.
        entry: Returns the entry of a job for lists and for `watch_all`. Default: the whole job.
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
        self._accepting = asyncio.Lock()
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
        """Queue the jobs that a previous process left unfinished, in their order of arrival.

        Args:
            finished: Completes a job whose work was done when the process died; returns whether it was done.
            discard: Removes the leftovers of an unfinished job.
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
                await self._enqueue(job_id, job)

    def repeat_of(self, request_id: str, request_digest: str) -> J | None:
        """Return the job that the same request created before, if any.

        Raises:
            TickreelError: REQUEST_ID_REUSED if another request has used this id.
        """
        found = self._journal.find_request(request_id)
        if found is None:
            return None
        job_id, digest = found
        if digest != request_digest:
            made = f"{self._kind} {job_id}"
            message = f"request_id {request_id!r} was used for another request, which created {made}; use a new id"
            raise TickreelError("REQUEST_ID_REUSED", message, request_id=request_id, id=job_id)
        return self.get(job_id)

    async def submit(self, job: J, name: Callable[[J], str], request_id: str, request_digest: str) -> J:
        """Accept a job: journal it, and queue it unless it has ended. A repeated request returns its first job.

        Args:
            name: Gives the job an id and returns it. Called again while another job has that id, because the few random digits
                of an id can repeat.

        Raises:
            TickreelError: REQUEST_ID_REUSED, STORE_NOT_WRITABLE, STORE_FULL.
        """
        # Shielded: if the caller hangs up, the job is still queued after it was written to the journal.
        return await asyncio.shield(asyncio.create_task(self._accept(job, name, request_id, request_digest)))

    async def _accept(self, job: J, name: Callable[[J], str], request_id: str, request_digest: str) -> J:
        # One at a time, because a second call may have the same request, or get the same id.
        async with self._accepting:
            if self._closing:
                raise TickreelError(
                    "SERVICE_UNAVAILABLE", f"the service is stopping and accepts no new {self._kind}; try again"
                )
            if (made := self.repeat_of(request_id, request_digest)) is not None:
                return made
            while self._journal.get(job_id := name(job)) is not None:
                pass
            JobClock(job).stamp(job.created_at)
            if job.state not in jobs.FINAL:
                job.state = jobs.QUEUED
            await self._writer.add(job_id, job, request_id, request_digest)
            if job.state not in jobs.FINAL:
                await self._enqueue(job_id, job)
            return self._copy(job)

    def get(self, job_id: str) -> J:
        """Return a copy of the job in its current state.

        Raises:
            TickreelError: NOT_FOUND.
        """
        live = self._live.get(job_id)
        job = live.resource if live else self._journal.get(job_id)
        if job is None:
            raise not_found(self._kind, job_id)
        return self._copy(job)

    def page(self, page: Page) -> tuple[Sequence[Message], str]:
        """Return a page of the entries of jobs, newest first, and the token of the next page."""
        rows, more = self._journal.page(page)
        entries = fitting([self._entry(self._now(job_id, job)) for _, job_id, job in rows])
        more |= len(entries) < len(rows)
        return entries, page.token(str(rows[len(entries) - 1][0])) if more else ""

    async def all(self) -> AsyncIterator[J]:
        """Yield all jobs in their current state, newest first. Other tasks run in between."""
        last = 2**63 - 1
        while rows := self._journal.before(last, _ROWS_AT_ONCE):
            for _, job_id, job in rows:
                yield self._now(job_id, job)
            last = rows[-1][0]
            await asyncio.sleep(0)

    def _now(self, job_id: str, job: J) -> J:
        """Return the current state of a job of the journal, which does not store the progress of live jobs."""
        return self.get(job_id) if job_id in self._live else job

    async def delete(self, job_id: str) -> None:
        """Delete a job that has ended.

        Raises:
            TickreelError: NOT_FOUND, JOB_NOT_ENDED, STORE_NOT_WRITABLE.
        """
        state = jobs.state_name(self.get(job_id).state)
        if job_id in self._live:
            message = f"{self._kind} {job_id} has not ended: {state}; cancel it first"
            raise TickreelError("JOB_NOT_ENDED", message, id=job_id, state=state)
        await self._writer.delete(job_id)

    async def cancel(self, job_id: str) -> J:
        """Cancel a job, and return it after the cancellation has taken effect.

        Raises:
            TickreelError: NOT_FOUND, or JOB_ENDED if the job has already succeeded or failed. If the journal is not writable,
                its error is raised, but the job still ends. If the service dies before the journal is writable, the next
                process starts the job again.
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
                        # The work may have ended in the meantime.
                        if not live.is_decided:
                            live.task.cancel()
            # Shielded: if the caller hangs up, the clean-up still continues.
            await asyncio.shield(asyncio.wait([live.task]))
        job = self.get(job_id)
        if job.state != jobs.CANCELLED:
            message = f"{self._kind} {job_id} has already ended: {jobs.state_name(job.state)}"
            raise TickreelError("JOB_ENDED", message, id=job_id, state=jobs.state_name(job.state))
        return job

    async def watch(self, job_id: str) -> AsyncGenerator[J, None]:
        """Yield the current job, then the job after each change, up to its final state.

        Raises:
            TickreelError: NOT_FOUND, or SERVICE_UNAVAILABLE if the service stops before the job ends.
        """
        loop = asyncio.get_running_loop()
        self._watching += 1
        try:
            while live := self._live.get(job_id):
                change = live.next_change
                yield self._copy(live.resource)
                # The more watchers there are, the fewer messages each gets: all together must not slow down the jobs.
                next_at = loop.time() + max(WATCH_INTERVAL, self._watching / WATCH_MESSAGES)
                await _until(change, HEARTBEAT)
                await _until(live.over, next_at - loop.time())
        finally:
            self._watching -= 1
        if self._closing:
            message = f"the service is stopping; {self._kind} {job_id} continues when it is back"
            raise TickreelError("SERVICE_UNAVAILABLE", message, id=job_id)
        yield self.get(job_id)

    async def watch_all(self) -> AsyncGenerator[list[Message], None]:
        """Yield the entries of all unfinished jobs, then the entries of jobs that have changed, including final states.

        An empty list is a heartbeat: nothing has changed. The generator never ends by itself.
        """
        loop = asyncio.get_running_loop()
        with self._watchers.joined(self._live) as unseen:
            while True:
                # The more watchers there are, the fewer and smaller messages each gets, so that they do not slow down the jobs.
                room = WATCH_ENTRIES / len(self._watchers)
                entries = self._entries(unseen, max(1, min(WATCH_JOBS, int(room * HEARTBEAT))))
                yield entries
                next_at = loop.time() + max(WATCH_INTERVAL, len(entries) / room)
                await unseen.wait(HEARTBEAT)
                await asyncio.sleep(next_at - loop.time())

    def _entries(self, unseen: Unseen, most: int) -> list[Message]:
        """Return the entries of the first unseen jobs of a watcher, as many as fit into a message."""
        entries: list[Message] = []
        room = MESSAGE_BYTES
        while room > 0 and len(entries) < most and (job_id := unseen.pop()) is not None:
            # The job may have been deleted; then it had ended before.
            with contextlib.suppress(TickreelError):
                entries.append(self._entry_of(job_id))
                room -= entries[-1].ByteSize()
        return entries

    def _entry_of(self, job_id: str) -> Message:
        """Return the current entry of a job. The entry of a live job is built once per change, for all watchers."""
        live = self._live.get(job_id)
        if live is None:
            return self._entry(self.get(job_id))
        if live.entry is None:
            live.entry = self._entry(self._copy(live.resource))
        return live.entry

    async def close(self) -> None:
        """Stop the running jobs, leave all unfinished jobs to the next process, and close the journal."""
        self._closing = True
        # A job that is being accepted is queued first, and then put back with the others.
        async with self._accepting:
            tasks = [live.task for live in self._live.values() if live.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._writer.close()

    async def _enqueue(self, job_id: str, job: J) -> None:
        """Put a job at the end of the queue. Returns when the job waits in the queue, or when its start is in the journal."""
        live = self._live[job_id] = LiveJob(job_id, job, self._writer, self._watchers)
        # Eager: a cancellation before the first step would end the task without an entry in the journal.
        live.task = asyncio.Task(self._run(live), loop=asyncio.get_running_loop(), eager_start=True)
        live.changed()
        if live.write is not None:
            await asyncio.wait([live.write])

    async def _run(self, live: LiveJob[J]) -> None:
        ending: Callable[[J], None]
        try:
            while not await self._attempt(live):
                await self._transition(live, jobs.requeue)
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
            await self._transition(live, ending)
        finally:
            del self._live[live.job_id]
            live.over.set()

    async def _attempt(self, live: LiveJob[J]) -> bool:
        """Wait for the turn of a job and do its work. Returns False if the job must be retried.

        Raises:
            TickreelError: The work failed.
        """
        try:
            async with self._admission.turn(partial(self._weigh, live.resource), live.moved_to) as live.share:
                await self._transition(live, partial(jobs.start, clock=live.clock))
                await self._execute(live)
        except TickreelError as error:
            if not is_lost(error):
                raise
            # The process was killed from outside, which is not the fault of the job.
            attempts = live.resource.attempts
            if attempts >= self._max_attempts:
                error.metadata["attempts"] = str(attempts)
                raise
            log.warning("%s %s is retried after %d attempts: %s", self._kind, live.job_id, attempts, error)
            return False
        return True

    async def _transition(self, live: LiveJob[J], change: Callable[[J], None]) -> None:
        """Change a job after the change is in the journal, however long the write takes.

        So no caller sees a state that a crash could undo.
        """
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
                        # The next process finds the job in its old state and starts it again.
                        raise
                    if not waits:
                        state = jobs.state_name(changed.state)
                        log.error("%s %s cannot be set to %s yet: %s", self._kind, live.job_id, state, error)
                    waits = True
            await asyncio.sleep(JOURNAL_RETRY)

    def _copy(self, job: J) -> J:
        copy = type(job)()
        copy.CopyFrom(job)
        return copy


async def _until(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, at most `seconds`."""
    if seconds > 0:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
