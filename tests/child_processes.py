"""The child processes of the test process."""

from contextlib import suppress

import psutil

from tickreel.processes import template_process


def children_running(module: str) -> list[int]:
    """Return the ids of the processes of this one that run a module: its children, or forked by the template of the module."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # it has ended since, or is a zombie
            command = child.cmdline()
            if module in command:
                found += _pids_of_forks(child) if child.name() == template_process.NAME else [child.pid]
    return found


def _pids_of_forks(template: psutil.Process) -> list[int]:
    return [fork.pid for fork in template.children() if fork.status() != psutil.STATUS_ZOMBIE]
