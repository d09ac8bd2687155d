"""Columns that lie ready: rows of files in the form that is quickest to read, one array of numbers a file.

    <folder>/<key>/<column>.<dtype>        price.int64, for example: little-endian values, nothing else
    <folder>/<key>/facts.json              what else is to be known of them: decimals, for example

A cache: whoever asks for columns says how they are made, and a key names what they are made from. Everything in it may be
deleted at any time. Beyond the limit, what has not been asked for longest goes first.
"""

import contextlib
import json
import os
import shutil
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from tickreel.rpc.errors import TickreelError

_FACTS = "facts.json"
_MIB = 1 << 20


@dataclass(frozen=True)
class Columns:
    """The columns of one key. They stay readable for as long as they are held, whatever becomes of their files.

    Attributes:
        facts: What their maker noted.
    """

    facts: dict[str, Any]
    _arrays: dict[str, npt.NDArray[Any]]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Maps the files of a folder.

        Raises:
            OSError: One is gone.
        """
        facts = json.loads((folder / _FACTS).read_text())
        arrays = {}
        for path in folder.iterdir():
            if path.name != _FACTS:
                name, _, dtype = path.name.partition(".")
                # An empty file cannot be mapped.
                size = path.stat().st_size
                # As a plain array, of which a slice costs a tenth of that of a memmap.
                arrays[name] = np.memmap(path, dtype, "r").view(np.ndarray) if size else np.empty(0, dtype)
        return cls(facts, arrays)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """A column, shape (rows,); read-only."""
        return self._arrays[name]


@dataclass
class ColumnWriter:
    """Takes the rows of columns, a batch at a time.

    Attributes:
        facts: For the maker to note what else is to be known.
    """

    folder: Path
    facts: dict[str, Any] = field(default_factory=dict)
    _files: dict[str, BinaryIO] = field(default_factory=dict)

    def append(self, **columns: npt.NDArray[Any]) -> None:
        """Adds rows; a column keeps the type that it has first."""
        for name, values in columns.items():
            if name not in self._files:
                # Open until `close`: a file a column.
                self._files[name] = (self.folder / f"{name}.{values.dtype.name}").open("wb")
            self._files[name].write(np.ascontiguousarray(values).data)

    def close(self) -> None:
        """Ends the files."""
        for file in self._files.values():
            file.close()


class ColumnStore:
    """The columns below a folder.

    Args:
        limit: The MiB that they may take together.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit * _MIB
        self._making: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def find(self, key: str) -> Columns | None:
        """The columns of a key, where they lie ready."""
        folder = self._folder / key
        try:
            os.utime(folder / _FACTS)
            return Columns.read(folder)
        except OSError:
            return None

    def get(self, key: str, make: Callable[[ColumnWriter], None]) -> Columns:
        """The columns of a key, made where they do not lie ready; who asks meanwhile waits for the one that makes them.

        Args:
            key: A name for a folder, the same for the same rows alone.

        Raises:
            TickreelError: STORE_NOT_WRITABLE; and what `make` raises.
        """
        with self._making[key]:
            return self.find(key) or self._made(key, make)

    def sweep(self) -> None:
        """Removes what was left half made by a process that died."""
        for folder in self._folder.glob(".*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _made(self, key: str, make: Callable[[ColumnWriter], None]) -> Columns:
        staging = self._folder / f".{key}.{uuid.uuid4().hex}"
        try:
            staging.mkdir(parents=True)
            writer = ColumnWriter(staging)
            try:
                make(writer)
            finally:
                writer.close()
            (staging / _FACTS).write_text(json.dumps(writer.facts))
            columns = Columns.read(staging)
            self._make_room()
            staging.rename(self._folder / key)
            return columns
        except OSError as error:
            message = f"columns cannot be written to {self._folder}: {error.strerror or error}"
            raise TickreelError("STORE_NOT_WRITABLE", message, path=self._folder) from None
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _make_room(self) -> None:
        """Removes the columns that have not been asked for longest, until the rest is within the limit."""
        taken = []
        for facts in self._folder.glob(f"*/{_FACTS}"):
            # Another thread may be removing it.
            with contextlib.suppress(OSError):
                size = sum(file.stat().st_size for file in facts.parent.iterdir())
                taken.append((facts.stat().st_mtime_ns, size, facts.parent))
        total = sum(size for _, size, _ in taken)
        for _, size, folder in sorted(taken):
            if total > self._limit and not folder.name.startswith("."):
                shutil.rmtree(folder, ignore_errors=True)
                total -= size
