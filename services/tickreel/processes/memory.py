"""Memory limits for jobs, and memory use of processes, from Linux."""

import contextlib
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

_MIB = 2**20
_PAGE = os.sysconf("SC_PAGE_SIZE")


def memory_for_jobs(root: Path = Path("/")) -> int:
    """Return the memory for jobs in MiB: three quarters of the memory that this process may use.

    This process may use all of the machine's memory, unless its control group or a parent of it has a lower limit. The
    remaining quarter is for the services and the system.

    Args:
        root: The folder that holds /proc and /sys.
    """
    machine = _PAGE * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_group_limits(root)]) * 3 // 4 // _MIB


def process_memory(pid: int) -> int:
    """Return the resident memory of a process and its descendants in MiB; 0 if the process or /proc does not exist."""
    pages = 0
    processes = [str(pid)]
    while processes:
        process = Path("/proc") / processes.pop()
        # Any of them may end at any time.
        with contextlib.suppress(OSError):
            pages += int((process / "statm").read_text().split()[1])
            for task in (process / "task").iterdir():
                processes += (task / "children").read_text().split()
    return pages * _PAGE // _MIB


def peak_memory() -> int:
    """Return the peak resident memory of this process in MiB.

    getrusage is only the fallback: its figure includes the memory of the process that forked this one.
    """
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) // 1024
    except (OSError, ValueError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak // (2**20 if sys.platform == "darwin" else 2**10)


def oom_kills(root: Path = Path("/")) -> int:
    """Return how many processes the kernel has killed because memory ran out.

    The count is taken from the control group of this process, else from the machine, else it is 0.

    Args:
        root: The folder that holds /proc and /sys.
    """
    groups = root / "sys/fs/cgroup"
    with contextlib.suppress(OSError):
        for membership in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, name = membership.split(":", 2)
            own = name.lstrip("/")
            # Control groups of version 2, then of version 1. In a container, the mount's root is the group of the container.
            for file in (
                *((groups / own / "memory.events", groups / "memory.events") if not controllers else ()),
                *((groups / "memory" / own / "memory.oom_control",) if "memory" in controllers.split(",") else ()),
            ):
                if (count := _count_in(file)) is not None:
                    return count
    return _count_in(root / "proc/vmstat") or 0


def _count_in(file: Path) -> int | None:
    """Return the value of `oom_kill` in a file of names and values, or None."""
    with contextlib.suppress(OSError, ValueError):
        for line in file.read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
    return None


def _group_limits(root: Path) -> Iterator[int]:
    """Yield the memory limits of the control groups of this process in bytes, for versions 1 and 2."""
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
        # In a container, the mount's root is the group of the container, whatever its name is outside.
        for group in (own, *own.parents):
            with contextlib.suppress(OSError, ValueError):  # no such group, or "max"
                yield int((group / file).read_text())
            if group == mount:
                break
