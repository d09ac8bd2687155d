"""The queue of a job service: takes jobs, runs them a few at a time, and lets any number of callers watch."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from tickreel.jobs import job as jobs
from tickreel.jobs.job import Job
from tickreel.jobs.journal import Journal
from tickreel.rpc.errors import TickreelError, not_found
from tickreel.rpc.paging import Page
from tickreel.v1 import job_pb2

log = logging.getLogger("tickreel")

# A watcher gets at most ten messages a second, and at least one in this time.
WATCH_INTERVAL = 0.1
HEARTBEAT = 10.0


class LiveJob[J: Job]:
    """A job that has not ended: its resource, and who waits for its next change."""

    def __init__(self, job_id: str, resource: J) -> None:
        self.job_id = job_id
        self.resource = resource
        self.task: asyncio.Task[None] | None = None
        self.next_change = asyncio.Event()
        """Set at the next change. Taken before the resource is read, or a change in between would be missed."""

    def report(self, progress: job_pb2.Progress) -> None:
        """Takes how far the work is, and tells everyone who watches."""
        self.resource.progress.CopyFrom(progress)
        self.changed()

    def changed(self) -> None:
        """Wakes everyone who waits: the resource has changed."""
        self.next_change.set()
        self.next_change = asyncio.Event()


class JobQueue[J: Job]:
    """The jobs of one service.

    Args:
        kind: What a job is called: run, conversion.
        journal: Where they are kept.
        execute: Does a job's work, calling `LiveJob.changed` as it goes. Returns when it succeeded; raises `TickreelError`
            when it failed; is cancelled when the job is, and must then leave nothing behind.
        slots: How many jobs run at a time.
    """

    def __init__(self, kind: str, journal: Journal[J], execute: Callable[[LiveJob[J]], Awaitable[None]], slots: int) -> None:
        self._kind = kind
        self._journal = journal
        self._execute = execute
        self._slots = asyncio.Semaphore(slots)
        self._live: dict[str, LiveJob[J]] = {}
        self._closing = False

    def interrupt_unfinished(self, finished: Callable[[J], bool] = lambda _: False) -> None:
        """Ends the jobs that a former process left unfinished.

        `finished` may complete a job whose work was done when the process died; it returns whether it did.
        """
        for job_id, job in self._journal.unfinished():
            if finished(job):
                jobs.end(job, jobs.SUCCEEDED)
            else:
                jobs.interrupt(job)
            self._journal.save(job_id, job)

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

    def submit(self, job_id: str, job: J, request_id: str, request_digest: str) -> J:
        """Takes a job: journals it, and queues it unless it has ended already."""
        job.created_at.GetCurrentTime()
        if job.state not in jobs.FINAL:
            job.state = jobs.QUEUED
            self._journal.add(job_id, job, request_id, request_digest)
            live = self._live[job_id] = LiveJob(job_id, job)
            # Eager, or a cancellation before its first step would end it without a word in the journal.
            live.task = asyncio.Task(self._run(live), loop=asyncio.get_running_loop(), eager_start=True)
        else:
            self._journal.add(job_id, job, request_id, request_digest)
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

    def page(self, page: Page) -> tuple[list[J], str]:
        """A page of the jobs, newest first, and the token of the next."""
        jobs_of_page, token = self._journal.page(page)
        # The journal has the state of a live job, but not its progress.
        return [self.get(job_id) if job_id in self._live else job for job_id, job in jobs_of_page], token

    async def cancel(self, job_id: str) -> J:
        """Cancels a job and returns it once that has taken effect.

        Raises:
            TickreelError: NOT_FOUND, or JOB_ENDED where it succeeded or failed before.
        """
        live = self._live.get(job_id)
        if live is None:
            job = self.get(job_id)
            if job.state == jobs.CANCELLED:
                return job
            message = f"{self._kind} {job_id} has already ended: {jobs.state_name(job.state)}"
            raise TickreelError("JOB_ENDED", message, id=job_id, state=jobs.state_name(job.state))
        if live.resource.state != jobs.CANCELLING:
            live.resource.state = jobs.CANCELLING
            self._journal.save(job_id, live.resource)
            live.changed()
            assert live.task is not None
            live.task.cancel()
        assert live.task is not None
        # Shielded: a caller that hangs up while it waits does not cancel the clean-up.
        await asyncio.shield(asyncio.wait([live.task]))
        return self.get(job_id)

    async def watch(self, job_id: str) -> AsyncIterator[J]:
        """The job as it is now, and again after each change, ending after its final state.

        Raises:
            TickreelError: NOT_FOUND.
        """
        loop = asyncio.get_running_loop()
        while live := self._live.get(job_id):
            change = live.next_change
            yield self._copy(live.resource)
            sent = loop.time()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(change.wait(), HEARTBEAT)
            if live.resource.state not in jobs.FINAL:
                await asyncio.sleep(max(0.0, sent + WATCH_INTERVAL - loop.time()))
        yield self.get(job_id)

    async def close(self) -> None:
        """Ends what is queued or running as interrupted, and closes the journal."""
        self._closing = True
        tasks = [live.task for live in self._live.values() if live.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._journal.close()

    async def _run(self, live: LiveJob[J]) -> None:
        job = live.resource
        try:
            async with self._slots:
                jobs.start(job)
                self._journal.save(live.job_id, job)
                live.changed()
                await self._execute(live)
            jobs.end(job, jobs.SUCCEEDED)
        except asyncio.CancelledError:
            if self._closing and job.state != jobs.CANCELLING:
                jobs.interrupt(job)
            else:
                jobs.end(job, jobs.CANCELLED)
        except TickreelError as error:
            jobs.fail(job, error)
        except Exception as error:
            log.exception("%s %s failed", self._kind, live.job_id)
            jobs.fail(job, TickreelError("INTERNAL", f"{type(error).__name__}: {error}"))
        finally:
            self._journal.save(live.job_id, job)
            del self._live[live.job_id]
            live.changed()

    def _copy(self, job: J) -> J:
        copy = type(job)()
        copy.CopyFrom(job)
        return copy
