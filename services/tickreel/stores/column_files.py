"""Columns that lie ready: rows of files in the form that is quickest to read, one array of numbers a file.

<folder>/<column>.<dtype>        price.int64, for example: little-endian values, nothing else
<folder>/facts.json              what else is to be known of them: decimals, for example
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
    """The columns of one key. They stay readable for as long as they are held, whatever becomes of their files.

    Attributes:
        facts: What their maker noted.
    """

    facts: dict[str, Any]
    _arrays: dict[str, npt.NDArray[Any]]
    _maps: list[mmap.mmap]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Maps the files of a folder.

        Raises:
            OSError: One is gone.
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
        """A column, shape (rows,); read-only."""
        return self._arrays[name]

    def forget(self) -> None:
        """Gives back the memory that what was read of the files takes in this process; what is read again comes back.

        The machine would do so where it needs the memory, but whoever looks at the process would not know.
        """
        for content in self._maps:
            content.madvise(mmap.MADV_DONTNEED)


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
    """Columns among derived files, one folder a key."""

    def __init__(self, files: DerivedFiles) -> None:
        self._files = files

    def find(self, key: str) -> Columns | None:
        """The columns of a key, where they lie ready."""
        folder = self._files.find(key)
        if folder is not None:
            # They may be deleted in this moment.
            with contextlib.suppress(OSError):
                return Columns.read(folder)
        return None

    def get(self, key: str, make: Callable[[ColumnWriter], None]) -> Columns:
        """The columns of a key, made where they do not lie ready (see `DerivedFiles.get`).

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
            # What was decoded is no more needed.
            pa.default_memory_pool().release_unused()

        return self._files.get(key, write, Columns.read)
