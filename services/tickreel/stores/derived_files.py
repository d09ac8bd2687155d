"""Derived files: a cache on disk of files made from other files, one folder for each key.

The key names the content that the files are made from, so an entry never becomes stale. Everything in the cache may be deleted
at any time. If the cache grows beyond its limit, the least recently used entries are removed first.
"""

import contextlib
import os
import shutil
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from tickreel.rpc.errors import not_writable

_MIB = 1 << 20


class DerivedFiles:
    """The derived files below a folder.

    Args:
        limit: The size limit of all files together, in MiB.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit * _MIB
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def find(self, key: str) -> Path | None:
        """Return the folder of a key if it is cached, else None. Counts as use of the entry."""
        folder = self._folder / key
        try:
            # The time of change is the time of last use.
            os.utime(folder)
        except OSError:
            return None
        return folder

    def get[T](self, key: str, make: Callable[[Path], None], read: Callable[[Path], T]) -> T:
        """Read the folder of a key, and make it first if it is not cached.

        Threads that need the same key wait for the one that makes it.

        Args:
            key: Name of the folder. Different content must have different keys.
            make: Writes the files into an empty folder.
            read: Opens the files of a folder, so that they stay usable after their deletion. Raises OSError if a file is gone.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL; and what `make` raises.
        """
        with self._locks[key]:
            folder = self.find(key)
            if folder is not None:
                # All or some of its files may be deleted at this moment.
                with contextlib.suppress(OSError):
                    return read(folder)
            return self._make(key, make, read)

    def drop(self, prefix: str) -> None:
        """Remove all entries whose key begins with a prefix. Open files stay readable."""
        for key, lock in list(self._locks.items()):
            if key.startswith(prefix):
                # An entry that is being made would appear after its removal.
                with lock:
                    shutil.rmtree(self._folder / key, ignore_errors=True)
        for folder in self._folder.glob(f"{prefix}*"):
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> None:
        """Remove the unfinished entries of a process that died."""
        for folder in self._folder.glob(".*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _make[T](self, key: str, make: Callable[[Path], None], read: Callable[[Path], T]) -> T:
        staging = self._folder / f".{key}.{uuid.uuid4().hex}"
        try:
            staging.mkdir(parents=True)
            make(staging)
            made = read(staging)
            self._evict(sum(file.stat().st_size for file in staging.iterdir()))
            shutil.rmtree(self._folder / key, ignore_errors=True)
            staging.rename(self._folder / key)
            return made
        except OSError as error:
            raise not_writable("derived files", self._folder, error) from None
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _evict(self, needed: int) -> None:
        """Remove the least recently used entries until an entry of `needed` bytes fits below the limit."""
        entries = []
        for folder in self._folder.glob("[!.]*"):
            # Another thread may be removing it.
            with contextlib.suppress(OSError):
                size = sum(file.stat().st_size for file in folder.iterdir())
                entries.append((folder.stat().st_mtime_ns, size, folder))
        total = needed + sum(size for _, size, _ in entries)
        for _, size, folder in sorted(entries):
            if total > self._limit:
                shutil.rmtree(folder, ignore_errors=True)
                total -= size
