"""What a rename alone does not do: a file, or a folder's list of files, that outlives the machine's power."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Waits until the disk has the content of a file, or the entries of a folder.

    Raises:
        OSError: The disk could not take it.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
