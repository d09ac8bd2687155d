"""Jobs have three quarters of what the machine, or a control group, leaves to the process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tickreel.processes.memory import memory_for_jobs, oom_kills, peak_memory, process_memory

GIB = 2**30
MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def root_with(folder: Path, membership: str, limits: dict[str, str]) -> Path:
    """A root whose /proc and /sys say so."""
    for path, text in {"proc/self/cgroup": membership, **limits}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def test_without_control_groups_it_is_the_machines(tmp_path: Path) -> None:
    assert memory_for_jobs(tmp_path) == MACHINE * 3 // 4 // 2**20


@pytest.mark.parametrize(
    ("membership", "limits"),
    [
        ("0::/job\n", {"sys/fs/cgroup/job/memory.max": f"{GIB}\n"}),
        ("0::/job/inner\n", {"sys/fs/cgroup/job/inner/memory.max": "max\n", "sys/fs/cgroup/job/memory.max": f"{GIB}\n"}),
        # In a container the mount begins at the group itself.
        ("0::/docker/abc\n", {"sys/fs/cgroup/memory.max": f"{GIB}\n"}),
        ("9:pids:/\n4:cpu,memory:/job\n0::/\n", {"sys/fs/cgroup/memory/job/memory.limit_in_bytes": f"{GIB}\n"}),
        (
            "4:memory:/job\n",
            {
                "sys/fs/cgroup/memory/job/memory.limit_in_bytes": "9223372036854771712\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{GIB}\n",
            },
        ),
    ],
)
def test_a_control_group_that_says_less_is_heard(tmp_path: Path, membership: str, limits: dict[str, str]) -> None:
    assert memory_for_jobs(root_with(tmp_path, membership, limits)) == 768


def test_a_control_group_without_a_limit_changes_nothing(tmp_path: Path) -> None:
    root = root_with(tmp_path, "0::/job\n", {"sys/fs/cgroup/job/memory.max": "max\n"})
    assert memory_for_jobs(root) == MACHINE * 3 // 4 // 2**20


@pytest.mark.parametrize(
    ("membership", "file", "text"),
    [
        ("0::/job\n", "sys/fs/cgroup/job/memory.events", "oom 4\noom_kill 3\n"),
        ("0::/docker/abc\n", "sys/fs/cgroup/memory.events", "oom_kill 3\n"),
        ("4:cpu,memory:/job\n0::/\n", "sys/fs/cgroup/memory/job/memory.oom_control", "under_oom 0\noom_kill 3\n"),
        ("0::/\n", "proc/vmstat", "pgfault 17\noom_kill 3\n"),
    ],
)
def test_kills_for_want_of_memory_are_counted_where_the_kernel_counts_them(
    tmp_path: Path, membership: str, file: str, text: str
) -> None:
    assert oom_kills(root_with(tmp_path, membership, {file: text})) == 3


def test_without_a_count_there_are_no_kills(tmp_path: Path) -> None:
    assert oom_kills(tmp_path) == 0


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only /proc tells what a process takes")
def test_a_process_takes_what_it_touches_and_one_that_is_gone_nothing() -> None:
    before = process_memory(os.getpid())
    hoard = b"x" * (200 << 20)
    assert process_memory(os.getpid()) - before > 150
    assert len(hoard)
    assert process_memory(2**30) == 0


@pytest.mark.skipif(not process_memory(os.getpid()), reason="only /proc tells what a process takes")
def test_the_peak_of_a_process_is_its_own_and_not_that_of_the_one_that_started_it() -> None:
    held = b"x" * (300 * 2**20)
    says = (
        "from tickreel.processes.memory import peak_memory",
        "print(peak_memory())",
        "held = b'x' * (200 * 2**20)",
        "print(peak_memory())",
    )
    said = subprocess.run([sys.executable, "-c", "\n".join(says)], capture_output=True, check=True).stdout
    before, after = map(int, said.split())
    assert before < len(held) // 2**20 < peak_memory()
    assert before + 150 < after < before + 250
