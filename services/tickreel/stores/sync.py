"""Durability: files and folder entries that survive a power failure, which a rename alone does not ensure."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Flush the content of a file, or the entries of a folder, to disk.

    Raises:
        OSError: The disk did not accept it.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
