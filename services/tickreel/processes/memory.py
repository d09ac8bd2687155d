"""How much memory there is for jobs, and how much a process takes, as Linux tells it."""

import contextlib
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

_MIB = 2**20
_PAGE = os.sysconf("SC_PAGE_SIZE")


def memory_for_jobs(root: Path = Path("/")) -> int:
    """Three quarters of the memory that this process may take, in MiB; the rest is the services' and the machine's.

    That is the machine's memory, or less where a control group says so, this process's own or one that holds it.

    Args:
        root: Where /proc and /sys are.
    """
    machine = _PAGE * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_group_limits(root)]) * 3 // 4 // _MIB


def process_memory(pid: int) -> int:
    """The resident memory of a process and of those that it started, in MiB; 0 where there is none, or no /proc."""
    pages = 0
    processes = [str(pid)]
    while processes:
        process = Path("/proc") / processes.pop()
        # Any of them may end meanwhile.
        with contextlib.suppress(OSError):
            pages += int((process / "statm").read_text().split()[1])
            for task in (process / "task").iterdir():
                processes += (task / "children").read_text().split()
    return pages * _PAGE // _MIB


def peak_memory() -> int:
    """The most resident memory that this process has had, in MiB.

    What the process had that it was started from counts for the figure of getrusage, and not for this.
    """
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) // 1024
    except (OSError, ValueError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak // (2**20 if sys.platform == "darwin" else 2**10)


def oom_kills(root: Path = Path("/")) -> int:
    """How many processes the kernel has killed because memory ran out.

    The count is that of this process's control group if it has one, else the machine's, else 0.

    Args:
        root: Where /proc and /sys are.
    """
    groups = root / "sys/fs/cgroup"
    with contextlib.suppress(OSError):
        for membership in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, name = membership.split(":", 2)
            own = name.lstrip("/")
            # The second is version 1. A container sees its own group as the root of the mount.
            for file in (
                *((groups / own / "memory.events", groups / "memory.events") if not controllers else ()),
                *((groups / "memory" / own / "memory.oom_control",) if "memory" in controllers.split(",") else ()),
            ):
                if (count := _count_in(file)) is not None:
                    return count
    return _count_in(root / "proc/vmstat") or 0


def _count_in(file: Path) -> int | None:
    """The value of `oom_kill` in a file of names and values; None where there is none."""
    with contextlib.suppress(OSError, ValueError):
        for line in file.read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
    return None


def _group_limits(root: Path) -> Iterator[int]:
    """The limits of the control groups of this process, in bytes, of either version of their interface."""
    groups = root / "sys/fs/cgroup"
    try:
        memberships = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for membership in memberships:
        _, controllers, name = membership.split(":", 2)
        if not controllers:
            mount, file = groups, "memory.max"
        elif "memory" in controllers.split(","):
            mount, file = groups / "memory", "memory.limit_in_bytes"
        else:
            continue
        own = mount / name.lstrip("/")
        # A container sees its own group as the root of the mount, whatever its name is outside.
        for group in (own, *own.parents):
            with contextlib.suppress(OSError, ValueError):  # no such group, or "max"
                yield int((group / file).read_text())
            if group == mount:
                break
