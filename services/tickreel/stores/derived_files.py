"""Files that are made from others to be quick to read: a cache, one folder a key.

Whoever asks says how they are made, and a key names what they are made from. Everything in it may be deleted at any time.
Beyond the limit, what has not been asked for longest goes first.
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
        limit: The MiB that they may take together.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit * _MIB
        self._making: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def find(self, key: str) -> Path | None:
        """The folder of a key, where it lies ready."""
        folder = self._folder / key
        try:
            os.utime(folder)
        except OSError:
            return None
        return folder

    def get[T](self, key: str, make: Callable[[Path], None], read: Callable[[Path], T]) -> T:
        """What is read from the folder of a key, made where it does not lie ready.

        Who asks meanwhile waits for the one that makes it.

        Args:
            key: A name for a folder, the same for the same content alone.
            make: Writes files into an empty folder.
            read: Opens the files of a folder, so that they are of use whatever becomes of them; raises OSError where one
                is gone.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL; and what `make` raises.
        """
        with self._making[key]:
            folder = self.find(key)
            if folder is not None:
                # They may be deleted in this moment, or in part.
                with contextlib.suppress(OSError):
                    return read(folder)
            return self._made(key, make, read)

    def drop(self, prefix: str) -> None:
        """Removes what is of no more use: all keys that begin so. What is open stays readable."""
        for key, making in list(self._making.items()):
            if key.startswith(prefix):
                # What is being made would come to lie there afterwards.
                with making:
                    shutil.rmtree(self._folder / key, ignore_errors=True)
        for folder in self._folder.glob(f"{prefix}*"):
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> None:
        """Removes what was left half made by a process that died."""
        for folder in self._folder.glob(".*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _made[T](self, key: str, make: Callable[[Path], None], read: Callable[[Path], T]) -> T:
        staging = self._folder / f".{key}.{uuid.uuid4().hex}"
        try:
            staging.mkdir(parents=True)
            make(staging)
            made = read(staging)
            self._make_room(sum(file.stat().st_size for file in staging.iterdir()))
            shutil.rmtree(self._folder / key, ignore_errors=True)
            staging.rename(self._folder / key)
            return made
        except OSError as error:
            raise not_writable("derived files", self._folder, error) from None
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _make_room(self, needed: int) -> None:
        """Removes what has not been asked for longest, until what is needed has room."""
        taken = []
        for folder in self._folder.glob("[!.]*"):
            # Another thread may be removing it.
            with contextlib.suppress(OSError):
                size = sum(file.stat().st_size for file in folder.iterdir())
                taken.append((folder.stat().st_mtime_ns, size, folder))
        total = needed + sum(size for _, size, _ in taken)
        for _, size, folder in sorted(taken):
            if total > self._limit:
                shutil.rmtree(folder, ignore_errors=True)
                total -= size
