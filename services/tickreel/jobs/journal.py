"""The journal of a job service: one sqlite table whose rows are the jobs themselves.

Every change of state is a committed transaction, synced to the disk: neither a killed process nor a machine without power loses
one. The folder belongs to one process at a time.
"""

import contextlib
import fcntl
import os
import sqlite3
from pathlib import Path
from typing import Any

from tickreel.jobs.job import FINAL, Job
from tickreel.rpc.errors import TickreelError, invalid_request, not_readable, not_writable
from tickreel.rpc.paging import Page


class Journal[J: Job]:
    """The jobs of one service, newest last.

    Args:
        folder: The state folder of the service; made where it does not exist.
        resource: The message class of the jobs.

    Raises:
        TickreelError: STORE_NOT_WRITABLE where the folder cannot be written or another process holds it, STORE_FULL where its
            disk is; as `add` and `save` raise. What only reads raises STORE_NOT_READABLE where it cannot.
    """

    def __init__(self, folder: Path, resource: type[J]) -> None:
        self._resource = resource
        self._folder = folder
        try:
            with contextlib.ExitStack() as opened:
                folder.mkdir(parents=True, exist_ok=True)
                lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
                opened.callback(os.close, lock)
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._database = sqlite3.connect(folder / "journal.sqlite", autocommit=True)
                opened.callback(self._database.close)
                self._database.execute("PRAGMA journal_mode = WAL")
                # With a log, anything less leaves the last transactions to the mercy of the machine.
                self._database.execute("PRAGMA synchronous = FULL")
                self._database.execute(
                    "CREATE TABLE IF NOT EXISTS job (sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
                    " request_id TEXT UNIQUE, request_digest TEXT NOT NULL, state INTEGER NOT NULL, resource BLOB NOT NULL)"
                )
                self._opened = opened.pop_all()
        except BlockingIOError:
            message = f"another process keeps its journal in {folder}; give this one another TICKREEL_STATE_PATH"
            raise TickreelError("STORE_NOT_WRITABLE", message, path=folder) from None
        except (OSError, sqlite3.Error) as error:
            raise not_writable("the journal", folder, error) from None

    def add(self, job_id: str, job: J, request_id: str, request_digest: str) -> None:
        """Adds a job; its id must be new, and so must the request's, or empty."""
        statement = "INSERT INTO job (id, request_id, request_digest, state, resource) VALUES (?, ?, ?, ?, ?)"
        self._write(statement, job_id, request_id or None, request_digest, job.state, job.SerializeToString())

    def save(self, job_id: str, job: J) -> None:
        """Replaces a job by its present state."""
        self._write("UPDATE job SET state = ?, resource = ? WHERE id = ?", job.state, job.SerializeToString(), job_id)

    def get(self, job_id: str) -> J | None:
        """The job of that id."""
        rows = self._read("SELECT resource FROM job WHERE id = ?", job_id)
        return self._parse(rows[0][0]) if rows else None

    def find_request(self, request_id: str) -> tuple[str, str] | None:
        """The id of the job that the request made, and the digest of the request."""
        rows = self._read("SELECT id, request_digest FROM job WHERE request_id = ?", request_id) if request_id else []
        return rows[0] if rows else None

    def unfinished(self) -> list[tuple[str, J]]:
        """The jobs that have not ended, oldest first."""
        marks = ", ".join(str(int(state)) for state in FINAL)
        rows = self._read(f"SELECT id, resource FROM job WHERE state NOT IN ({marks}) ORDER BY sequence")
        return [(job_id, self._parse(resource)) for job_id, resource in rows]

    def page(self, page: Page) -> tuple[list[tuple[str, J]], str]:
        """A page of the jobs by id, newest first, and the token of the next.

        Raises:
            TickreelError: INVALID_REQUEST for a token that no page gave.
        """
        try:
            before = int(page.after) if page.after is not None else 2**63 - 1
        except ValueError:
            raise invalid_request("page_token", "is not one that this list gave; begin without one") from None
        rows = self.before(before, page.size + 1)
        more = len(rows) > page.size
        rows = rows[: page.size]
        return [(job_id, job) for _, job_id, job in rows], page.token(str(rows[-1][0])) if more else ""

    def before(self, sequence: int, count: int) -> list[tuple[int, str, J]]:
        """The jobs that came before one, newest first: of each its place in the sequence, its id, and itself."""
        statement = "SELECT sequence, id, resource FROM job WHERE sequence < ? ORDER BY sequence DESC LIMIT ?"
        rows = self._read(statement, sequence, count)
        return [(number, job_id, self._parse(resource)) for number, job_id, resource in rows]

    def close(self) -> None:
        """Gives the folder back."""
        self._opened.close()

    def _read(self, statement: str, *values: object) -> list[Any]:
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise not_readable("the journal", self._folder, error) from None

    def _write(self, statement: str, *values: object) -> None:
        try:
            self._database.execute(statement, values)
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            raise not_writable("the journal", self._folder, error) from None

    def _parse(self, resource: bytes) -> J:
        return self._resource.FromString(resource)  # type: ignore[attr-defined, no-any-return]
