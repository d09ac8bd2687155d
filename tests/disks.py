"""Small disks that tests fill, make read-only or unmount; they need root."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Disk:
    """A disk that is mounted at a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    @contextmanager
    def full(self, left: int = 0) -> Iterator[None]:
        """Fill the disk up to `left` free bytes, until the context exits."""
        space = os.statvfs(self.folder)
        with self._filler.open("wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, max(1, space.f_bavail * space.f_frsize - left))
        yield
        self._filler.unlink()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Make the disk read-only until the context exits."""
        subprocess.run(["mount", "-o", "remount,ro", self.folder], check=True)
        yield
        subprocess.run(["mount", "-o", "remount,rw", self.folder], check=True)


@contextmanager
def disk(folder: Path, mib: int = 16) -> Iterator[Disk]:
    """Create the folder and mount a disk there. Skips the test when mounting is not allowed."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root mounts disks")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
