"""Watching jobs through lost connections, one to its end, and cancelling it when asked to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from tickreel.cli.interrupts import Interrupts
from tickreel.jobs.job import FINAL, Job
from tickreel.rpc.channel import ServiceClient
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import converter_service_pb2, runner_service_pb2

# How long a service may be gone, from the first failure, before a watcher gives up; and how often it is tried meanwhile.
PATIENCE = 30.0
RETRY_FIRST, RETRY_MOST = 0.25, 4.0

# What a stream ends with when its service stops or its connection breaks.
_BROKEN = ("SERVICE_UNAVAILABLE", "INTERNAL")


@dataclass(frozen=True)
class JobKind:
    """A kind of job, and the messages that its service takes."""

    noun: str
    messages: ModuleType

    def request(self, verb: str, job_id: str) -> Any:
        """The request message of a method that takes the id of a job: Get, Watch or Cancel."""
        return getattr(self.messages, f"{verb}{self.noun.capitalize()}Request")(**{f"{self.noun}_id": job_id})

    def id(self, job: Job) -> str:
        """The id of a job."""
        return str(getattr(job, f"{self.noun}_id"))


RUN = JobKind("run", runner_service_pb2)
CONVERSION = JobKind("conversion", converter_service_pb2)


class Display(Protocol):
    """Where the state of a job is shown while it is watched."""

    def show(self, job: Job) -> None:
        """Shows the job as it is now."""

    def note(self, text: str) -> None:
        """Says something about the watching itself."""


async def messages(
    client: ServiceClient, method: str, request: Any, note: Callable[[str], None], go_on: str = ""
) -> AsyncIterator[Any]:
    """The messages of a watch, without end: a stream that breaks is asked for again.

    Args:
        note: Is told of each break.
        go_on: The command that goes on watching, for whoever is left without the service.

    Raises:
        TickreelError: What the service refuses, or SERVICE_UNAVAILABLE where it is gone for long.
    """
    loop = asyncio.get_running_loop()
    # Not the time of the last message: this process may have been stopped since.
    lost: float | None = None
    retry = RETRY_FIRST
    while True:
        try:
            async for response in client.stream(method, request):
                lost, retry = None, RETRY_FIRST
                yield response
        except TickreelError as error:
            if error.reason not in _BROKEN:
                raise
        lost = loop.time() if lost is None else lost
        if loop.time() - lost >= PATIENCE:
            message = f"the {client.service} service at {client.address} has not answered for {PATIENCE:.0f} s{go_on}"
            raise TickreelError("SERVICE_UNAVAILABLE", message, service=client.service, address=client.address)
        note(f"the connection to {client.address} is lost; trying again")
        await asyncio.sleep(retry)
        retry = min(retry * 2, RETRY_MOST)


class Watch:
    """The watching of one job through its service."""

    def __init__(self, client: ServiceClient, kind: JobKind, job_id: str, display: Display) -> None:
        self._client = client
        self._kind = kind
        self._job_id = job_id
        self._display = display

    async def to_end(self) -> Any:
        """The job in its final state.

        A connection that breaks is made again: each message of a watch is the whole job, so nothing is missed.

        Raises:
            TickreelError: NOT_FOUND, or SERVICE_UNAVAILABLE where the service is gone for long.
        """
        noun, address = self._kind.noun, self._client.address
        request = self._kind.request("Watch", self._job_id)
        go_on = f"; go on watching with: tickreel watch {self._job_id} --address {address}" if noun == "run" else ""
        heard = messages(self._client, f"Watch{noun.capitalize()}", request, self._display.note, go_on)
        async with contextlib.aclosing(heard):
            async for response in heard:
                job = getattr(response, noun)
                self._display.show(job)
                if job.state in FINAL:
                    break
        return job

    async def to_end_or_cancelled(self, interrupts: Interrupts) -> Any:
        """The job in its final state; when asked to end, cancels it first.

        Raises:
            TickreelError: As `to_end`.
        """
        watching = asyncio.create_task(self.to_end())
        asked = asyncio.create_task(interrupts.asked.wait())
        try:
            await asyncio.wait({watching, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not watching.done():
                self._display.note("cancelling; Ctrl-C again leaves at once")
                await self._cancel()
            return await watching
        finally:
            watching.cancel()
            asked.cancel()

    async def _cancel(self) -> None:
        noun = self._kind.noun
        # It may have ended in this moment: the watch says how.
        with contextlib.suppress(TickreelError):
            await self._client.call(f"Cancel{noun.capitalize()}", self._kind.request("Cancel", self._job_id))
