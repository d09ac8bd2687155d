"""Watch jobs across broken connections, and cancel one on a signal."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from tickreel.cli.interrupts import Interrupts
from tickreel.jobs.job import FINAL, Job
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import converter_service_pb2, runner_service_pb2

# Seconds from the first failure until a watcher gives up.
PATIENCE = 30.0
# Bounds of the exponential backoff between attempts, in seconds.
RETRY_FIRST, RETRY_MOST = 0.25, 4.0

# Reasons with which a stream ends when its service stops or its connection breaks.
_BROKEN = ("SERVICE_UNAVAILABLE", "INTERNAL")


@dataclass(frozen=True)
class JobKind:
    """A kind of job, and the module of its service's messages."""

    noun: str
    messages: ModuleType

    def request(self, verb: str, job_id: str) -> Any:
        """Build the request of a method that takes the id of a job: Get, Watch or Cancel."""
        return getattr(self.messages, f"{verb}{self.noun.capitalize()}Request")(**{f"{self.noun}_id": job_id})

    def id(self, job: Job) -> str:
        """Return the id of a job."""
        return str(getattr(job, f"{self.noun}_id"))


RUN = JobKind("run", runner_service_pb2)
CONVERSION = JobKind("conversion", converter_service_pb2)


class Display(Protocol):
    """Display of a watched job."""

    def show(self, job: Job) -> None:
        """Show the current state of the job."""

    def note(self, text: str) -> None:
        """Show a message about the watch itself, such as a lost connection."""


async def messages(
    client: ServiceClient, method: str, request: Any, note: Callable[[str], None], resume_hint: str = ""
) -> AsyncGenerator[Any]:
    """Yield the messages of a watch without end. A broken stream is requested again.

    Args:
        note: Called with a message for each break.
        resume_hint: How to resume watching. Appended to the error when the watcher gives up.

    Raises:
        TickreelError: The service refuses the request. SERVICE_UNAVAILABLE: it has not answered for `PATIENCE` seconds.
    """
    loop = asyncio.get_running_loop()
    # Time of the first failure, not of the last message: this process may have been suspended since that message.
    failing_since: float | None = None
    retry = RETRY_FIRST
    while True:
        try:
            async for response in client.stream(method, request):
                failing_since, retry = None, RETRY_FIRST
                yield response
        except TickreelError as error:
            if error.reason not in _BROKEN:
                raise
        failing_since = loop.time() if failing_since is None else failing_since
        if loop.time() - failing_since >= PATIENCE:
            message = f"the {client.service} service at {client.address} has not answered for {PATIENCE:.0f} s{resume_hint}"
            raise TickreelError("SERVICE_UNAVAILABLE", message, service=client.service, address=client.address)
        note(f"lost the connection to {client.address}; retrying")
        await asyncio.sleep(retry)
        retry = min(retry * 2, RETRY_MOST)


class Watch:
    """Watches one job through its service."""

    def __init__(self, client: ServiceClient, kind: JobKind, job_id: str, display: Display) -> None:
        self._client = client
        self._kind = kind
        self._job_id = job_id
        self._display = display

    async def to_end(self) -> Any:
        """Watch the job and return it in its final state.

        A broken connection is reopened. Nothing is missed, since each message of a watch holds the whole job.

        Raises:
            TickreelError: NOT_FOUND. SERVICE_UNAVAILABLE: the service has not answered for `PATIENCE` seconds.
        """
        noun, address = self._kind.noun, self._client.address
        request = self._kind.request("Watch", self._job_id)
        resume_hint = f"; to resume watching: tickreel watch {self._job_id} --address {address}" if noun == "run" else ""
        heard = messages(self._client, f"Watch{noun.capitalize()}", request, self._display.note, resume_hint)
        async with contextlib.aclosing(heard):
            async for response in heard:
                job = getattr(response, noun)
                self._display.show(job)
                if job.state in FINAL:
                    break
        return job

    async def to_end_or_cancelled(self, interrupts: Interrupts) -> Any:
        """Watch the job and return it in its final state. The first signal cancels the job.

        Raises:
            TickreelError: As for `to_end`.
        """
        watching = asyncio.create_task(self.to_end())
        asked = asyncio.create_task(interrupts.asked.wait())
        try:
            await asyncio.wait({watching, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not watching.done():
                self._display.note("cancelling; press Ctrl-C again to exit at once")
                await self._cancel()
            return await watching
        finally:
            watching.cancel()
            asked.cancel()

    async def _cancel(self) -> None:
        noun = self._kind.noun
        # The job may have just ended; then the watch returns its final state.
        with contextlib.suppress(TickreelError):
            await self._client.call(f"Cancel{noun.capitalize()}", self._kind.request("Cancel", self._job_id))
