"""The child processes of the test process."""

from contextlib import suppress

import psutil


def children_running(module: str) -> list[int]:
    """Return the ids of the child processes that run `python -m module`; zombies are left out."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # it has ended since, or is a zombie
            if module in child.cmdline():
                found.append(child.pid)
    return found
