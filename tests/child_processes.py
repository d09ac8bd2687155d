"""The child processes of the test process."""

from collections.abc import Iterator
from contextlib import suppress

import psutil

from tickreel.processes import template_process


def children_running(module: str) -> list[int]:
    """Return the ids of the processes that run a module for this process; zombies are left out.

    They are children of this process, or of its template of the module.
    """
    found = []
    for child in _children_with(module):
        with suppress(psutil.NoSuchProcess):
            if child.name() != template_process.NAME:
                found.append(child.pid)
            else:
                found += [fork.pid for fork in child.children() if fork.status() != psutil.STATUS_ZOMBIE]
    return found


def templates_of(module: str) -> list[int]:
    """Return the ids of the templates of a module that this process has started and that have not ended."""
    return [child.pid for child in _children_with(module) if child.name() == template_process.NAME]


def _children_with(module: str) -> Iterator[psutil.Process]:
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # it has ended since, or is a zombie
            if module in child.cmdline():
                yield child
