"""Jobs get three quarters of the memory of the machine or of the control group."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tickreel.processes.memory import memory_for_jobs, oom_kills, peak_memory, process_memory

GIB = 2**30
MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def root_with(folder: Path, membership: str, limits: dict[str, str]) -> Path:
    """Write a root folder with these files in /proc and /sys."""
    for path, text in {"proc/self/cgroup": membership, **limits}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def test_without_control_groups_the_machine_is_the_limit(tmp_path: Path) -> None:
    assert memory_for_jobs(tmp_path) == MACHINE * 3 // 4 // 2**20


@pytest.mark.parametrize(
    ("membership", "limits"),
    [
        ("0::/job\n", {"sys/fs/cgroup/job/memory.max": f"{GIB}\n"}),
        ("0::/job/inner\n", {"sys/fs/cgroup/job/inner/memory.max": "max\n", "sys/fs/cgroup/job/memory.max": f"{GIB}\n"}),
        # In a container, its own group is the root of the mount.
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
def test_a_lower_limit_of_a_control_group_counts(tmp_path: Path, membership: str, limits: dict[str, str]) -> None:
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
def test_oom_kills_are_read_from_where_the_kernel_counts_them(tmp_path: Path, membership: str, file: str, text: str) -> None:
    assert oom_kills(root_with(tmp_path, membership, {file: text})) == 3


def test_without_a_count_there_are_no_oom_kills(tmp_path: Path) -> None:
    assert oom_kills(tmp_path) == 0


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory of processes is read from /proc")
def test_a_process_uses_the_memory_it_touches_and_an_ended_one_uses_none() -> None:
    before = process_memory(os.getpid())
    hoard = b"x" * (200 << 20)
    assert process_memory(os.getpid()) - before > 150
    assert len(hoard)
    assert process_memory(2**30) == 0


@pytest.mark.skipif(not process_memory(os.getpid()), reason="memory of processes is read from /proc")
def test_the_peak_memory_of_a_process_excludes_that_of_its_parent() -> None:
    held = b"x" * (300 * 2**20)
    script = (
        "from tickreel.processes.memory import peak_memory",
        "print(peak_memory())",
        "held = b'x' * (200 * 2**20)",
        "print(peak_memory())",
    )
    said = subprocess.run([sys.executable, "-c", "\n".join(script)], capture_output=True, check=True).stdout
    before, after = map(int, said.split())
    assert before < len(held) // 2**20 < peak_memory()
    assert before + 150 < after < before + 250
