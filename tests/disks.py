"""Small disks that can be full, read-only or gone, for tests that run as root."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Disk:
    """A disk of its own, mounted at a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    @contextmanager
    def full(self, left: int = 0) -> Iterator[None]:
        """Within it no more than so many bytes are left."""
        space = os.statvfs(self.folder)
        with self._filler.open("wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, max(1, space.f_bavail * space.f_frsize - left))
        yield
        self._filler.unlink()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Within it nothing can be written to it."""
        subprocess.run(["mount", "-o", "remount,ro", self.folder], check=True)
        yield
        subprocess.run(["mount", "-o", "remount,rw", self.folder], check=True)


@contextmanager
def disk(folder: Path, mib: int = 16) -> Iterator[Disk]:
    """A disk at a folder that is made; the test is skipped where it may not mount one."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", folder]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root mounts disks")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
