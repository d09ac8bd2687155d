"""A child process that is started again whenever it dies, and named where it does not answer."""

import asyncio
from typing import NoReturn

from tickreel.cli.display import screen
from tickreel.cli.supervision.child_process import ChildProcess
from tickreel.rpc.errors import TickreelError

# What dies this often in a row, each time within so many seconds of being well, will not be helped by another start.
MOST_DEATHS, STEADY_SECONDS = 5, 60.0
# Doubled with each death in a row. After the first there is no waiting: jobs go on as soon as the service is back.
_PAUSE_SECONDS = 0.5
# How often a process is asked whether it answers, and how often in a row it must fail to be named.
PROBE_SECONDS, MOST_SILENT = 10.0, 2


async def keep_up(child: ChildProcess) -> NoReturn:
    """Starts a process that is healthy again whenever it dies, and says so.

    Raises:
        TickreelError: Its last death, where it has died too often in a row.
    """
    loop = asyncio.get_running_loop()
    well_since, deaths = loop.time(), 0
    while True:
        await _ended(child)
        death = child.death()
        deaths = 1 if loop.time() - well_since > STEADY_SECONDS else deaths + 1
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
            # It has died, or is ended for taking too long: counted above either way.
            await child.kill()
        else:
            screen.say(f"the {child.name} service is back")
        well_since = loop.time()


async def _ended(child: ChildProcess) -> None:
    """Waits until a process is gone, and says when it does not answer meanwhile, and when it does again.

    One that does not is left alone: whoever stopped it may have it go on, and its jobs with it.
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
                    f"the {child.name} service (process {child.pid}) does not answer, and calls to it fail until it does; is it"
                    f" stopped? kill -CONT {child.pid} has it go on, kill -KILL {child.pid} has it started again"
                )
    finally:
        ending.cancel()
