"""The catalog at rest: what raw files became, in folders that the engine opens as catalogs of its own.

    <root>/price<P>-size<S>/data/trades/<engine id>/<first ts_init>_<last ts_init>.parquet
    <root>/price<P>-size<S>/data/order_book_depths/<engine id>/…              book snapshots, likewise
    <root>/price<P>-size<S>/data/<type of instrument>/<engine id>/…           the instrument, for scripts of the engine
    <root>/incoming/                                                          what conversions are writing now, and their locks

Several conversions may write to it at a time, of one service or of several, on this machine or another: see `converting`. A
label folder holds one choice of decimals, so that two choices live side by side. A file is placed by one rename and
never changed after it; what it was made from is in its own Parquet metadata, so file and record cannot disagree. The
whole is a cache: raw data is the truth, and any file may be deleted.
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

# The version of what a conversion makes of a raw file; a change of any rule makes it a new one.
CONVERTER_VERSION = "3"

_LABEL = re.compile(r"price(\d+)-size(\d+)", re.ASCII)
# The engine's own folders.
_FOLDERS = {TRADES: "data/trades", BOOK_SNAPSHOT_5: "data/order_book_depths"}
_INCOMING = "incoming"
_KEY = "tickreel."
# How often one looks whether a lock is free.
_WAIT_SECONDS = 0.1


@dataclass(frozen=True)
class Origin:
    """What a catalog file is made from and by: where this is the same, so are its rows.

    Attributes:
        source: The raw file, relative to the data root.
        size_bytes, mtime_ns: Of the raw file, when it was read.
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
    """A file of the catalog with its record.

    Attributes:
        raw_name: The raw name of the instrument.
        price_decimals, size_decimals: The fewest decimals that hold its values; the file's label may have more.
        converted: What the contracts say of it, its path included.
        crowded: The instants of the recorder's clock whose rows run past its next step, each with the replay time of its
            last row, in nanoseconds and in order. Equal times are spread over nanoseconds so that the replay keeps their
            order; where a step has more rows than nanoseconds, the last of them pass into the next, and a window must know.
        size_bytes: Of the catalog file; 0 before it is placed.
    """

    origin: Origin
    raw_name: str
    price_decimals: int
    size_decimals: int
    converted: conversion_pb2.ConvertedFile
    crowded: tuple[tuple[int, int], ...] = ()
    size_bytes: int = 0

    def to_metadata(self) -> dict[str, str]:
        """The record as key-value metadata of the Parquet file."""
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
        """The record in a file's footer, or None where it has none that this version can read."""
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
    """STORE_NOT_WRITABLE: the catalog was deleted while a file was written to it. Writing the file again makes it anew."""


class CatalogStore:
    """The converted files below a catalog root.

    Args:
        root: The catalog root; absolute, since the engine opens no relative path.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._footers = Footers()

    def label(self, price_precision: int, size_precision: int) -> Path:
        """The folder of a choice of decimals, which the engine opens as a catalog."""
        return self.root / f"price{price_precision}-size{size_precision}"

    def folder(self, engine_id: str, data_type: market_data_pb2.DataType, price_precision: int, size_precision: int) -> Path:
        """The folder of an instrument's files of a data type with a choice of decimals."""
        return self.label(price_precision, size_precision) / _FOLDERS[data_type] / engine_id

    def engine_ids(self) -> list[str]:
        """The engine's ids of all instruments in the catalog, sorted."""
        folders = [label / folder for label in self._labels() for folder in _FOLDERS.values()]
        ids = {entry.name for folder in folders for entry in _entries(folder) if entry.is_dir()}
        return sorted(ids)

    def files(self, engine_id: str) -> list[CatalogFile]:
        """The files of an instrument, of every choice of decimals and data type, by label, data type and time."""
        folders = [label / folder / engine_id for label in self._labels() for folder in _FOLDERS.values()]
        paths = [path for folder in folders for path in _parquet_files(folder)]
        footers = self._footers.read_all(paths)
        found = (
            CatalogFile.of_footer(footer, path.relative_to(self.root).as_posix())
            for path, footer in zip(paths, footers, strict=True)
        )
        return [file for file in found if file is not None]

    def find(self, path: str) -> CatalogFile | None:
        """The file of that path below the root, or None where there is none with a record."""
        return CatalogFile.of_footer(self._footers.read(self.root / path), path)

    def identity(self, path: str) -> tuple[int, int] | None:
        """The size in bytes and the mtime_ns of a file below the root, None where there is none.

        A file that is placed again has another one, even where its rows are the same.
        """
        try:
            stat = (self.root / path).stat()
        except OSError:
            return None
        return stat.st_size, stat.st_mtime_ns

    def require_writable(self) -> None:
        """Makes the root where it is not there yet, and tries to write to it.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL.
        """
        with self.incoming():
            pass

    def not_writable(self, error: OSError) -> TickreelError:
        """The error of a catalog that cannot be written: CatalogRemovedError where it was deleted meanwhile."""
        if isinstance(error, FileNotFoundError):
            message = f"the catalog {self.root} was deleted while a file was written to it; convert again"
            return CatalogRemovedError("STORE_NOT_WRITABLE", message, path=self.root)
        return not_writable("the catalog", self.root, error)

    @contextlib.contextmanager
    def incoming(self) -> Iterator[Path]:
        """A new file to write to, gone afterwards unless `place` was called with it.

        The lock on it lives as long as this process: a file without one was left by a process that died.

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
        """Brings a file from `incoming` into the catalog, then removes what the same source was before.

        Args:
            written: The whole file, closed.
            file: Its record, without a path.
            names: File names by the engine's rule. The first that no file of another source has is taken: two recordings may
                begin and end at the same instants.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL.
        """
        # Before the lock: it takes as long as the file is large.
        with self._writing():
            sync(written)
        converted = file.converted
        decimals = converted.price_precision, converted.size_precision
        folder = self.folder(file.origin.engine_id, converted.data_type, *decimals)
        with self._locked(folder.relative_to(self.root).as_posix()), self._writing():
            folder.mkdir(parents=True, exist_ok=True)
            target = next(path for path in map(folder.joinpath, names) if not self._is_of_another_source(path, file))
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
        """Has a raw file for one conversion alone: two that need the same file would write it twice.

        Args:
            source: The raw file, relative to the data root.
            on_wait: Called again and again while another conversion has it.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL.
        """
        with self._locked(source, on_wait):
            yield

    def place_instrument(self, price_precision: int, size_precision: int, write: Callable[[Path], str]) -> None:
        """Places an instrument of the engine beside the files of these decimals, instead of the one that is there.

        Args:
            write: Writes it into an empty folder as into a catalog, and returns the path of its file below the folder.

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
        """Removes what conversions left that died while they wrote; returns what was removed."""
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

    def _is_of_another_source(self, path: Path, file: CatalogFile) -> bool:
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
        """Holds the lock of a name against all threads and processes; one that dies gives it back."""
        path = self.root / _INCOMING / f"{hashlib.sha256(name.encode()).hexdigest()}.lock"
        while (lock := self._open_locked(path, on_wait=on_wait)) is None:
            pass
        try:
            yield
        finally:
            # Where it cannot be removed, a sweep does so later.
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(lock)

    def _open_locked(self, path: Path, flags: int = 0, on_wait: Callable[[], None] | None = None) -> int | None:
        """Makes or opens a file and locks it; None where it was removed before it was locked.

        Args:
            on_wait: Called again and again while another has it; None where that is no matter of seconds.
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
            # A sweep between the two calls took the file for a dead one, or who held the lock has removed it.
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
    """Locks a file where nobody else has; returns whether it did."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _folder_of(incoming: Path) -> Path:
    """The folder that goes with a file below `incoming`, and is locked by it."""
    return incoming.with_suffix("")


def _parquet_files(folder: Path) -> list[Path]:
    return sorted(folder / entry.name for entry in _entries(folder) if entry.name.endswith(".parquet"))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """The entries of a folder; none where it does not exist, which it may cease to do at any time."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
