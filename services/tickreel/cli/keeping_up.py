"""A child process that is started again whenever it dies."""

import asyncio
from collections import deque
from typing import NoReturn

from tickreel.cli import screen
from tickreel.cli.child import ChildProcess
from tickreel.rpc.errors import TickreelError

# What dies this often within this many seconds will not be helped by another start.
MOST_DEATHS, WITHIN_SECONDS = 5, 60.0
# Doubled with each death of that time. After the first there is no waiting: jobs go on as soon as the service is back.
_PAUSE_SECONDS = 0.5


async def keep_up(child: ChildProcess) -> NoReturn:
    """Starts a process again whenever it dies, and says so.

    Raises:
        TickreelError: Its last death, where it has died too often.
    """
    loop = asyncio.get_running_loop()
    deaths: deque[float] = deque(maxlen=MOST_DEATHS)
    while True:
        await child.ended()
        death = child.death()
        deaths.append(loop.time())
        recent = [time for time in deaths if loop.time() - time < WITHIN_SECONDS]
        if len(recent) == MOST_DEATHS:
            message = f"given up after {MOST_DEATHS} deaths within {WITHIN_SECONDS:.0f} s: {death.message}"
            raise TickreelError(death.reason, message, **death.metadata)
        screen.say_error(death.message)
        if len(recent) > 1:
            await asyncio.sleep(_PAUSE_SECONDS * 2 ** (len(recent) - 2))
        screen.say(f"starting the {child.name} service again")
        await child.start()
        try:
            await child.healthy()
        except TickreelError:
            # It has died, or is ended for taking too long: counted above either way.
            await child.kill()
        else:
            screen.say(f"the {child.name} service is back")
