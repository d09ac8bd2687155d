"""The journal of a job service: one SQLite table with one row per job.

Every change of state is a committed transaction that is synced to the disk. Neither a killed process nor a power failure loses
one. Only one process at a time may use the folder.
"""

import asyncio
import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from tickreel.jobs.job import FAILED, FINAL
from tickreel.rpc.errors import TickreelError, not_readable, not_writable
from tickreel.rpc.paging import Page
from tickreel.v1.conversion_pb2 import Conversion
from tickreel.v1.run_pb2 import Run

_FILE = "journal.sqlite"


class Journal[J: (Conversion, Run)]:
    """The jobs of one service, newest last.

    One thread may read while another one writes. Reads and writes have separate connections, so a read never waits until a
    write is synced to the disk; it returns everything committed before.

    Args:
        folder: The state folder of the service; created if it does not exist.
        resource: The message class of the jobs.
        upgrade: Migrates a job that an earlier version wrote to the current contract.

    Raises:
        TickreelError: STORE_NOT_WRITABLE if the folder cannot be written or another process holds it, STORE_FULL if its disk
            is full; `add`, `save` and `delete` raise the same. Read methods raise STORE_NOT_READABLE. All methods raise
            STORE_CORRUPT; its message says how to continue without the journal.
    """

    def __init__(self, folder: Path, resource: type[J], upgrade: Callable[[J], None] = lambda _: None) -> None:
        self._resource: type[J] = resource
        self._upgrade: Callable[[J], None] = upgrade
        self._folder: Path = folder
        with self._failing_as(not_writable), contextlib.ExitStack() as opened:
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            opened.callback(os.close, lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                message = (
                    f"another process keeps its journal in {folder}; set TICKREEL_STATE_PATH of this one to another folder"
                )
                raise TickreelError("STORE_NOT_WRITABLE", message, path=folder) from None
            self._written = self._connect(opened)
            self._written.execute("PRAGMA journal_mode = WAL")
            # In WAL mode, a lower level could lose the last transactions in a power failure.
            self._written.execute("PRAGMA synchronous = FULL")
            self._written.execute(
                "CREATE TABLE IF NOT EXISTS job (sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
                " request_id TEXT UNIQUE, request_digest TEXT NOT NULL, state INTEGER NOT NULL, resource BLOB NOT NULL)"
            )
            self._read_from = self._connect(opened)
            self._opened = opened.pop_all()

    def add(self, job_id: str, job: J, request_id: str, request_digest: str) -> None:
        """Add a job. Its id must be new; the request id must be new or empty."""
        statement = "INSERT INTO job (id, request_id, request_digest, state, resource) VALUES (?, ?, ?, ?, ?)"
        self._write(statement, job_id, request_id or None, request_digest, job.state, job.SerializeToString())

    def save(self, job_id: str, job: J) -> None:
        """Replace the stored job."""
        self._write("UPDATE job SET state = ?, resource = ? WHERE id = ?", job.state, job.SerializeToString(), job_id)

    def get(self, job_id: str) -> J | None:
        """Return the job with this id."""
        rows = self._read("SELECT resource FROM job WHERE id = ?", job_id)
        return self._parse(job_id, rows[0][0]) if rows else None

    def find_request(self, request_id: str) -> tuple[str, str] | None:
        """Return the id of the job that a request created, and the digest of the request."""
        rows = self._read("SELECT id, request_digest FROM job WHERE request_id = ?", request_id) if request_id else []
        return rows[0] if rows else None

    def unfinished(self) -> list[tuple[str, J]]:
        """Return the jobs that have not ended, oldest first. A job with a corrupt row counts as failed."""
        marks = ", ".join(str(int(state)) for state in FINAL)
        rows = self._read(f"SELECT id, resource FROM job WHERE state NOT IN ({marks}) ORDER BY sequence")
        found = ((job_id, self._parse(job_id, resource)) for job_id, resource in rows)
        return [(job_id, job) for job_id, job in found if job.state not in FINAL]

    def page(self, page: Page) -> tuple[list[tuple[int, str, J]], bool]:
        """Return a page of jobs, as `before` returns them, and whether more follow.

        Raises:
            TickreelError: INVALID_REQUEST for a forged page token.
        """
        before = page.offset if page.after is not None else 2**63 - 1
        rows = self.before(before, page.size + 1)
        return rows[: page.size], len(rows) > page.size

    def before(self, sequence: int, count: int) -> list[tuple[int, str, J]]:
        """Return up to `count` jobs before a sequence number, newest first, as (sequence number, id, job)."""
        statement = "SELECT sequence, id, resource FROM job WHERE sequence < ? ORDER BY sequence DESC LIMIT ?"
        rows = self._read(statement, sequence, count)
        return [(number, job_id, self._parse(job_id, resource)) for number, job_id, resource in rows]

    def delete(self, job_id: str) -> None:
        """Delete a job and the record of its request."""
        self._write("DELETE FROM job WHERE id = ?", job_id)

    def close(self) -> None:
        """Close the journal and release its folder."""
        self._opened.close()

    def _connect(self, opened: contextlib.ExitStack) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, autocommit=True, check_same_thread=False)
        opened.callback(connection.close)
        return connection

    def _read(self, statement: str, *values: object) -> list[Any]:
        with self._failing_as(not_readable):
            return self._read_from.execute(statement, values).fetchall()

    def _write(self, statement: str, *values: object) -> None:
        with self._failing_as(not_writable):
            self._written.execute(statement, values)

    @contextlib.contextmanager
    def _failing_as(self, disk_error: Callable[[str, Path, Exception], TickreelError]) -> Iterator[None]:
        """Convert errors: STORE_CORRUPT if the file is not a journal, else the error of the disk."""
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except (OSError, sqlite3.Error) as error:
            raise self._corrupt(error) if _is_corrupt(error) else disk_error("the journal", self._folder, error) from None

    def _parse(self, job_id: str, resource: bytes) -> J:
        """Parse the row of a job. A corrupt row becomes a failed job, so that lists still show the others."""
        try:
            job = self._resource.FromString(resource)
            self._upgrade(job)
            return job
        except DecodeError:
            message = f"the entry of {job_id} in {self._path} is corrupt; the outputs of the job are not affected"
            error = TickreelError("STORE_CORRUPT", message, path=self._path, id=job_id)
            failed = self._resource(state=FAILED, failure=error.to_failure())
            setattr(failed, failed.DESCRIPTOR.fields_by_number[1].name, job_id)
            return failed

    @property
    def _path(self) -> Path:
        return self._folder / _FILE

    def _corrupt(self, error: Exception) -> TickreelError:
        message = (
            f"the journal {self._path} is corrupt ({error}). Stop the service, move {_FILE}* out of {self._folder}, and start"
            " it again with a new journal. Raw data, catalog and results are not affected; the list of jobs is lost"
        )
        return TickreelError("STORE_CORRUPT", message, path=self._path)


class JournalWriter[J: (Conversion, Run)]:
    """Writes to a journal in a separate thread, so that the event loop never waits for the disk.

    Writes are executed one after another, in the order of the calls. An awaited write is on the disk. Cancelling the caller
    does not cancel the write. Writes raise the errors of the journal.
    """

    def __init__(self, journal: Journal[J]) -> None:
        self._journal: Journal[J] = journal
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

    def add(self, job_id: str, job: J, request_id: str, request_digest: str) -> asyncio.Future[None]:
        """Add a job in its current state; see `Journal.add`."""
        return self._submit(self._journal.add, job_id, _copy(job), request_id, request_digest)

    def save(self, job_id: str, job: J) -> asyncio.Future[None]:
        """Replace the stored job with its current state."""
        return self._submit(self._journal.save, job_id, _copy(job))

    def delete(self, job_id: str) -> asyncio.Future[None]:
        """Delete a job; see `Journal.delete`."""
        return self._submit(self._journal.delete, job_id)

    async def close(self) -> None:
        """Finish the pending writes, then close the journal."""
        await asyncio.to_thread(self._thread.shutdown)
        self._journal.close()

    def _submit(self, write: Callable[..., None], *values: object) -> asyncio.Future[None]:
        return asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, write, *values))


def _copy[J: (Conversion, Run)](job: J) -> J:
    copy = type(job)()
    copy.CopyFrom(job)
    return copy


def _is_corrupt(error: Exception) -> bool:
    """Return whether an error of SQLite means that the file is not a journal; a missing column is one of them."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR))
