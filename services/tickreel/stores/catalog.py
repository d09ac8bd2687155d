"""The files of the catalog: converted raw files, in folders that the engine opens as its own catalogs.

    <root>/price<P>-size<S>/data/trades/<engine id>/<first ts_init>_<last ts_init>.parquet
    <root>/price<P>-size<S>/data/order_book_depths/<engine id>/…              book snapshots, with names of the same form
    <root>/price<P>-size<S>/data/<type of instrument>/<engine id>/…           the instrument, for scripts of the engine
    <root>/incoming/                                                          unfinished files of conversions, and locks

Several conversions may write to the catalog at once, from one service or several, on one machine or several: see
`converting`. A label folder (`price<P>-size<S>`) holds one choice of decimals, so several choices coexist. A file is placed by
one rename and never changes afterwards. Its record, which names its source, is in its own Parquet metadata, so file and record
cannot disagree. The catalog is a cache of the raw data: any file may be deleted.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import json_format

from tickreel.rpc.errors import TickreelError, not_writable
from tickreel.stores.footers import Footer, Footers
from tickreel.stores.raw_schema import BOOK_SNAPSHOT_5, TRADES
from tickreel.stores.sync import sync
from tickreel.v1 import conversion_pb2, market_data_pb2

# Version of the conversion rules. Increase it with any change of the rows of a converted file.
CONVERTER_VERSION = "3"

_LABEL = re.compile(r"price(\d+)-size(\d+)", re.ASCII)
# Folder names that the engine prescribes.
_FOLDERS = {TRADES: "data/trades", BOOK_SNAPSHOT_5: "data/order_book_depths"}
_INCOMING = "incoming"
_KEY = "tickreel."
# Pause between two attempts to take a lock.
_WAIT_SECONDS = 0.1


@dataclass(frozen=True)
class Origin:
    """The source of a catalog file and the versions that converted it. Equal origins have equal rows.

    Attributes:
        source: The raw file, relative to the data root.
        size_bytes, mtime_ns: Size and time of change of the raw file when it was read.
        engine_id: The engine's id of the instrument.
        engine: The engine's version.
        converter: The converter's version.
    """

    source: str
    size_bytes: int
    mtime_ns: int
    engine_id: str
    engine: str
    converter: str = CONVERTER_VERSION


@dataclass(frozen=True)
class CatalogFile:
    """A catalog file with its record.

    Attributes:
        raw_name: The raw name of the instrument.
        price_decimals, size_decimals: The fewest decimals that hold the file's values; its label may have more.
        converted: The message that describes the file in the contracts, including its path.
        crowded: The crowded instants of the recorder's clock, each with the replay time of its last row; in nanoseconds, in
            order. Rows of equal time are spread over the following nanoseconds so that the replay keeps their order. An
            instant is crowded if a clock step has more rows than nanoseconds: its last rows run into the next step, so a
            window that ends there must be extended.
        size_bytes: Size of the catalog file; 0 before it is placed.
    """

    origin: Origin
    raw_name: str
    price_decimals: int
    size_decimals: int
    converted: conversion_pb2.ConvertedFile
    crowded: tuple[tuple[int, int], ...] = ()
    size_bytes: int = 0

    def to_metadata(self) -> dict[str, str]:
        """Return the record as key-value metadata for the Parquet file."""
        values = {
            "source": self.origin.source,
            "source_size": self.origin.size_bytes,
            "source_mtime_ns": self.origin.mtime_ns,
            "engine_id": self.origin.engine_id,
            "engine": self.origin.engine,
            "converter": self.origin.converter,
            "raw_name": self.raw_name,
            "price_decimals": self.price_decimals,
            "size_decimals": self.size_decimals,
            "converted": json_format.MessageToJson(self.converted, indent=None),
            "crowded": json.dumps(self.crowded),
        }
        return {_KEY + name: str(value) for name, value in values.items()}

    @classmethod
    def of_footer(cls, footer: Footer, path: str) -> "CatalogFile | None":
        """Read the record in a file's footer; None if there is none that this version can read."""
        values = {key.removeprefix(_KEY): value for key, value in footer.metadata.items() if key.startswith(_KEY)}
        try:
            converted = json_format.Parse(values["converted"], conversion_pb2.ConvertedFile())
            origin = Origin(
                source=values["source"],
                size_bytes=int(values["source_size"]),
                mtime_ns=int(values["source_mtime_ns"]),
                engine_id=values["engine_id"],
                engine=values["engine"],
                converter=values["converter"],
            )
            price_decimals, size_decimals = int(values["price_decimals"]), int(values["size_decimals"])
            raw_name = values["raw_name"]
            crowded = tuple((recorded, last) for recorded, last in json.loads(values["crowded"]))
        except (KeyError, TypeError, ValueError, json_format.ParseError):
            return None
        converted.path = path
        return cls(origin, raw_name, price_decimals, size_decimals, converted, crowded, footer.size_bytes)


class CatalogRemovedError(TickreelError):
    """STORE_NOT_WRITABLE: the catalog was deleted while a file was written to it. A second attempt creates it again."""


class CatalogStore:
    """The converted files below a catalog root.

    Args:
        root: The catalog root. It is made absolute, because the engine opens no relative path.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._footers = Footers()

    def label(self, price_precision: int, size_precision: int) -> Path:
        """Return the folder of a choice of decimals, which the engine opens as a catalog."""
        return self.root / f"price{price_precision}-size{size_precision}"

    def folder(self, engine_id: str, data_type: market_data_pb2.DataType, price_precision: int, size_precision: int) -> Path:
        """Return the folder of an instrument's files of one data type and one choice of decimals."""
        return self.label(price_precision, size_precision) / _FOLDERS[data_type] / engine_id

    def engine_ids(self) -> list[str]:
        """Return the engine's ids of all instruments in the catalog, sorted."""
        folders = [label / folder for label in self._labels() for folder in _FOLDERS.values()]
        ids = {entry.name for folder in folders for entry in _entries(folder) if entry.is_dir()}
        return sorted(ids)

    def files(self, engine_id: str) -> list[CatalogFile]:
        """Return an instrument's files of every data type and choice of decimals, sorted by label, data type and time."""
        folders = [label / folder / engine_id for label in self._labels() for folder in _FOLDERS.values()]
        paths = [path for folder in folders for path in _parquet_files(folder)]
        footers = self._footers.read_all(paths)
        found = (
            CatalogFile.of_footer(footer, path.relative_to(self.root).as_posix())
            for path, footer in zip(paths, footers, strict=True)
        )
        return [file for file in found if file is not None]

    def find(self, path: str) -> CatalogFile | None:
        """Return the file at a path below the root; None if it does not exist or has no record."""
        return CatalogFile.of_footer(self._footers.read(self.root / path), path)

    def identity(self, path: str) -> tuple[int, int] | None:
        """Return the size in bytes and the mtime_ns of a file below the root; None if it does not exist.

        A file that is placed again has another identity, even if its rows are equal.
        """
        try:
            stat = (self.root / path).stat()
        except OSError:
            return None
        return stat.st_size, stat.st_mtime_ns

    def require_writable(self) -> None:
        """Create the root if it does not exist, and check that it can be written by writing to it.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL.
        """
        with self.incoming():
            pass

    def not_writable(self, error: OSError) -> TickreelError:
        """Return the error for a failed write: CatalogRemovedError if the catalog was deleted during the write."""
        if isinstance(error, FileNotFoundError):
            message = f"the catalog {self.root} was deleted while a file was written to it; convert again"
            return CatalogRemovedError("STORE_NOT_WRITABLE", message, path=self.root)
        return not_writable("the catalog", self.root, error)

    @contextlib.contextmanager
    def incoming(self) -> Iterator[Path]:
        """Create a file to write to. It is removed on exit unless `place` has moved it.

        The file is locked, and the lock ends with this process: an unlocked file was left by a process that died.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL.
        """
        path, lock = self._open_incoming()
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)
            os.close(lock)

    def place(self, written: Path, file: CatalogFile, names: Iterable[str]) -> CatalogFile:
        """Move a file from `incoming` into the catalog, then remove the previous file of the same source.

        Args:
            written: The complete file, closed.
            file: Its record, without a path.
            names: Candidates for the file name, by the engine's rule. The first name that is not taken by another source is
                used: two recordings may begin and end at the same instants.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL.
        """
        # Before the lock is taken, because syncing a large file takes long.
        with self._writing():
            sync(written)
        converted = file.converted
        decimals = converted.price_precision, converted.size_precision
        folder = self.folder(file.origin.engine_id, converted.data_type, *decimals)
        with self._locked(folder.relative_to(self.root).as_posix()), self._writing():
            folder.mkdir(parents=True, exist_ok=True)
            target = next(path for path in map(folder.joinpath, names) if not self._has_another_source(path, file))
            written.rename(target)
            sync(folder)
            for other in self.files(file.origin.engine_id):
                path = self.root / other.converted.path
                if other.origin.source == file.origin.source and path.parent == folder and path != target:
                    path.unlink(missing_ok=True)
            placed = self.find(target.relative_to(self.root).as_posix())
        if placed is None:
            raise self.not_writable(FileNotFoundError())
        return placed

    @contextlib.contextmanager
    def converting(self, source: str, on_wait: Callable[[], None]) -> Iterator[None]:
        """Hold the conversion lock of a raw file, so that no other conversion writes the same file.

        Args:
            source: The raw file, relative to the data root.
            on_wait: Called repeatedly while another conversion holds the lock.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL.
        """
        with self._locked(source, on_wait):
            yield

    def place_instrument(self, price_precision: int, size_precision: int, write: Callable[[Path], str]) -> None:
        """Place an instrument of the engine in the folder of these decimals, replacing the existing one.

        Args:
            write: Writes the instrument into an empty folder, as into a catalog. Returns the path of the written file, relative
                to that folder.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL.
        """
        label = self.label(price_precision, size_precision)
        with self.incoming() as lock:
            folder = _folder_of(lock)
            try:
                folder.mkdir()
                path = write(folder)
                written, target = folder / path, label / path
                sync(written)
                target.parent.mkdir(parents=True, exist_ok=True)
                written.rename(target)
                sync(target.parent)
            except OSError as error:
                raise self.not_writable(error) from None
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> list[Path]:
        """Remove the unfinished files of conversions whose process died, and return their paths."""
        swept = []
        for entry in _entries(self.root / _INCOMING):
            path = Path(entry.path)
            with contextlib.suppress(OSError):
                lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(_folder_of(path), ignore_errors=True)
                    path.unlink()
                    swept.append(path)
                finally:
                    os.close(lock)
        return swept

    def _has_another_source(self, path: Path, file: CatalogFile) -> bool:
        present = self.find(path.relative_to(self.root).as_posix()) if path.exists() else None
        return present is not None and present.origin.source != file.origin.source

    def _open_incoming(self) -> tuple[Path, int]:
        while True:
            path = self.root / _INCOMING / f"{uuid.uuid4().hex}.parquet"
            lock = self._open_locked(path, os.O_EXCL)
            if lock is not None:
                return path, lock

    @contextlib.contextmanager
    def _locked(self, name: str, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
        """Hold a named lock against all threads and processes. The lock of a process that dies is released."""
        path = self.root / _INCOMING / f"{hashlib.sha256(name.encode()).hexdigest()}.lock"
        while (lock := self._open_locked(path, on_wait=on_wait)) is None:
            pass
        try:
            yield
        finally:
            # A later sweep removes a lock file that cannot be removed now.
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(lock)

    def _open_locked(self, path: Path, flags: int = 0, on_wait: Callable[[], None] | None = None) -> int | None:
        """Create or open a file and lock it; return None if the file was removed before it was locked.

        Args:
            on_wait: Called repeatedly while another holds the lock. None blocks until the lock is free, for short waits.
        """
        with self._writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | flags, 0o644)
        try:
            while on_wait is not None and not _locks(lock):
                on_wait()
                time.sleep(_WAIT_SECONDS)
            if on_wait is None:
                fcntl.flock(lock, fcntl.LOCK_EX)
            # Between opening and locking, a sweep or the previous holder of the lock may have removed the file.
            if os.fstat(lock).st_nlink:
                return lock
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)
        return None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self.not_writable(error) from None

    def _labels(self) -> list[Path]:
        found = [(_LABEL.fullmatch(entry.name), entry.name) for entry in _entries(self.root)]
        numbers = sorted((int(match[1]), int(match[2]), name) for match, name in found if match)
        return [self.root / name for _, _, name in numbers]


def _locks(descriptor: int) -> bool:
    """Try to lock a file without waiting, and return whether that succeeded."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _folder_of(incoming: Path) -> Path:
    """Return the folder that belongs to a file below `incoming` and is protected by the file's lock."""
    return incoming.with_suffix("")


def _parquet_files(folder: Path) -> list[Path]:
    return sorted(folder / entry.name for entry in _entries(folder) if entry.name.endswith(".parquet"))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return the entries of a folder; none if it does not exist. It may be deleted at any time."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
