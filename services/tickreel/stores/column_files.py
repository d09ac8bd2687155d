"""Cached columns: the rows of files as memory-mapped arrays of numbers, one file for each column.

<folder>/<column>.<dtype>        for example price.int64: little-endian values, nothing else
<folder>/facts.json              facts about the columns, for example their decimals
"""

import contextlib
import json
import mmap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.stores.derived_files import DerivedFiles

_FACTS = "facts.json"


@dataclass(frozen=True)
class Columns:
    """The columns of one key. They stay readable while they are held, even if their files are deleted.

    Attributes:
        facts: Facts that the writer stored with the columns.
    """

    facts: dict[str, Any]
    _arrays: dict[str, npt.NDArray[Any]]
    _maps: list[mmap.mmap]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Map the files of a folder into memory.

        Raises:
            OSError: A file is gone.
        """
        facts = json.loads((folder / _FACTS).read_text())
        arrays: dict[str, npt.NDArray[Any]] = {}
        maps: list[mmap.mmap] = []
        for path in folder.iterdir():
            if path.name != _FACTS:
                name, _, dtype = path.name.partition(".")
                with path.open("rb") as file:
                    if path.stat().st_size:
                        maps.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
                        arrays[name] = np.frombuffer(maps[-1], dtype)
                    else:
                        arrays[name] = np.empty(0, dtype)
        return cls(facts, arrays, maps)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Return a column, read-only, shape (rows,)."""
        return self._arrays[name]

    def release_pages(self) -> None:
        """Release the pages of the mapped files from resident memory; reading loads them again.

        The kernel would reclaim the pages under memory pressure, but until then they count as memory of the process.
        """
        for content in self._maps:
            content.madvise(mmap.MADV_DONTNEED)


@dataclass
class ColumnWriter:
    """Writes the rows of columns, a batch at a time.

    Attributes:
        facts: Facts to keep with the columns, set by the caller.
    """

    folder: Path
    facts: dict[str, Any] = field(default_factory=dict)
    _files: dict[str, BinaryIO] = field(default_factory=dict)

    def append(self, **columns: npt.NDArray[Any]) -> None:
        """Append rows. The type of a column is that of its first batch."""
        for name, values in columns.items():
            if name not in self._files:
                self._files[name] = (self.folder / f"{name}.{values.dtype.name}").open("wb")
            self._files[name].write(np.ascontiguousarray(values).data)

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()


class ColumnStore:
    """Cached columns as derived files, one folder for each key."""

    def __init__(self, files: DerivedFiles) -> None:
        self._files = files

    def find(self, key: str) -> Columns | None:
        """Return the columns of a key if they are cached, else None."""
        folder = self._files.find(key)
        if folder is not None:
            # Another thread or process may be deleting them.
            with contextlib.suppress(OSError):
                return Columns.read(folder)
        return None

    def get(self, key: str, make: Callable[[ColumnWriter], None]) -> Columns:
        """Return the columns of a key, and make them first if they are not cached (see `DerivedFiles.get`).

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL; and what `make` raises.
        """

        def write(folder: Path) -> None:
            writer = ColumnWriter(folder)
            try:
                make(writer)
            finally:
                writer.close()
            (folder / _FACTS).write_text(json.dumps(writer.facts))
            # The decoded rows are no longer needed.
            pa.default_memory_pool().release_unused()

        return self._files.get(key, write, Columns.read)
