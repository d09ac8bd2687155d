"""Restarts of a child process that dies, and a warning about one that does not answer."""

import asyncio
from typing import NoReturn

from tickreel.cli.display import screen
from tickreel.cli.supervision.child_process import ChildProcess
from tickreel.rpc.errors import TickreelError

# Give up after this many deaths in a row, each less than STEADY_SECONDS after the last (re)start.
MOST_DEATHS, STEADY_SECONDS = 5, 60.0
# Pause before the third start; it doubles with each death in a row. The first restart is immediate: jobs wait for the service.
_PAUSE_SECONDS = 0.5
# Seconds between health checks, and failed checks in a row before the warning.
PROBE_SECONDS, MOST_SILENT = 10.0, 2


async def keep_up(child: ChildProcess) -> NoReturn:
    """Restart a healthy process whenever it dies, and print each death and restart.

    Raises:
        TickreelError: The process died `MOST_DEATHS` times in a row. The error is its last death.
    """
    loop = asyncio.get_running_loop()
    healthy_since, deaths = loop.time(), 0
    while True:
        await _ended(child)
        death = child.death()
        deaths = 1 if loop.time() - healthy_since > STEADY_SECONDS else deaths + 1
        if deaths == MOST_DEATHS:
            message = f"given up after {MOST_DEATHS} deaths in a row: {death.message}"
            raise TickreelError(death.reason, message, **death.metadata)
        screen.say_error(death.message)
        if deaths > 1:
            await asyncio.sleep(_PAUSE_SECONDS * 2 ** (deaths - 2))
        screen.say(f"starting the {child.name} service again")
        await child.start()
        try:
            await child.healthy()
        except TickreelError:
            # It died, or took too long to start and is killed. The next iteration counts either as a death.
            await child.kill()
        else:
            screen.say(f"the {child.name} service is back")
        healthy_since = loop.time()


async def _ended(child: ChildProcess) -> None:
    """Wait until a process has ended. Print when it stops answering, and when it answers again.

    A silent process is not killed: a user may have stopped it, and may resume it together with its jobs.
    """
    ending, silent = asyncio.ensure_future(child.ended()), 0
    try:
        while not (await asyncio.wait({ending}, timeout=PROBE_SECONDS))[0]:
            if await child.answers():
                if silent >= MOST_SILENT:
                    screen.say(f"the {child.name} service answers again")
                silent = 0
                continue
            silent += 1
            if silent == MOST_SILENT:
                screen.say_error(
                    f"the {child.name} service (process {child.pid}) does not answer; calls to it fail until it does."
                    f" `kill -CONT {child.pid}` resumes a stopped process, `kill -KILL {child.pid}` restarts the service"
                )
    finally:
        ending.cancel()
