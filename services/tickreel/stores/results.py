"""The files of results. A fast run has a JSON file and the files that verify it; a full run has one folder.

    <root>/{fast,full}/                 files of results (see `ResultFile`)
    <tickdata>/                         tick exports of results (see `ResultFile`)
    <root>/notes/<run_id>.json          notes and tags (see `ResultNotes`)
    <root>/trash/, <root>/deleted/      deleted results (see `ResultTrash`)

Files are written under a name with a leading dot, and committed by one rename. Ticks are committed before the result that
refers to them. A deletion starts with one rename; everything else of the result is removed after it.
"""

import contextlib
import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import json_format

from tickreel.rpc.errors import TickreelError, not_found, not_readable, not_writable
from tickreel.rpc.message_json import as_json, read_json
from tickreel.stores.result_layout import ResultFile, mode_folder, result_folder, summary_path
from tickreel.stores.result_notes import ResultNotes
from tickreel.stores.result_trash import ResultTrash, remove
from tickreel.stores.sync import sync
from tickreel.v1 import result_pb2

log = logging.getLogger("tickreel")

# An id becomes part of paths, which are also removed. So it must not contain anything that leads out of the folder.
_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True)
class StoredResult:
    """A committed result.

    Attributes:
        root: The root of its store.
        is_full: Whether the run is a full run, which keeps tables in addition to its summary.
        committed_at: When the result was committed, UNIX nanoseconds.
    """

    root: Path
    run_id: str
    is_full: bool
    committed_at: int

    @property
    def summary(self) -> Path:
        """The path of the summary, the file with the figures."""
        return summary_path(self.root, self.run_id, full=self.is_full)

    @property
    def folder(self) -> Path:
        """The folder of the result's files, except the summary of a fast run."""
        return result_folder(self.root, self.run_id, full=self.is_full)


class ResultStore:
    """The folders of results and of tick exports.

    Attributes:
        notes: The notes and tags of the results.
    """

    def __init__(self, root: Path, tickdata_root: Path) -> None:
        self.root = root
        self.tickdata_root = tickdata_root
        self.notes = ResultNotes(root / "notes")
        self._trash = ResultTrash(root)

    def check_writable(self) -> None:
        """Check that results can be written, by writing to each folder.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL, with the folder.
        """
        for folder in (*self._mode_folders(), self.tickdata_root):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder):
                    pass
            except OSError as error:
                raise not_writable("results", folder, error) from None

    def path(self, run_id: str, file: ResultFile, *, full: bool) -> Path:
        """Return the path of a file of a run once its result is committed.

        Raises:
            TickreelError: NOT_FOUND for an invalid run id, as in every method that takes one.
        """
        _check_id(run_id)
        return file.path(self.root, self.tickdata_root, run_id, full=full)

    def ticks_path(self, run_id: str) -> Path:
        """Return the path of a run's tick export."""
        return self.path(run_id, ResultFile.TICKS_JSON, full=False)

    def staging(self, run_id: str) -> Path:
        """Create an empty folder for the files of a run; `commit` moves it into place."""
        staging = self._staging(run_id)
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        return staging

    def drop_staging(self, run_id: str) -> None:
        """Remove a folder from `staging` that was not committed."""
        shutil.rmtree(self._staging(run_id), ignore_errors=True)

    def commit(self, result: result_pb2.Result, staging: Path | None, ticks: Path | None) -> None:
        """Commit a result atomically and durably. The journal entry written afterwards is as durable as the result.

        Args:
            staging: The folder from `staging`, with all files but the summary. None if a fast run keeps only its summary.
            ticks: The finished tick export, in the folder of tick exports. None if there is no tick export.
        """
        if ticks is not None:
            sync(ticks)
            ticks.rename(self.ticks_path(result.run_id))
            sync(self.tickdata_root)
        text = to_json(result)
        if result.mode == result_pb2.RUN_MODE_FULL:
            assert staging is not None
            (staging / ResultFile.SUMMARY).write_text(text)
            self._place(staging, result_folder(self.root, result.run_id, full=True))
            sync(mode_folder(self.root, full=True))
            return
        path, partial = self.path(result.run_id, ResultFile.SUMMARY, full=False), self._partial(result.run_id)
        partial.write_text(text)
        sync(partial)
        if staging is not None:
            self._place(staging, result_folder(self.root, result.run_id, full=False))
        partial.rename(path)
        sync(path.parent)

    def discard(self, run_id: str) -> None:
        """Remove all files of a run, committed or not."""
        self.path(run_id, ResultFile.SUMMARY, full=False).unlink(missing_ok=True)
        self._partial(run_id).unlink(missing_ok=True)
        folders = (result_folder(self.root, run_id, full=full) for full in (True, False))
        for folder in (*folders, self._staging(run_id)):
            shutil.rmtree(folder, ignore_errors=True)
        self.ticks_path(run_id).unlink(missing_ok=True)
        for partial in self.tickdata_root.glob(f".{run_id}.json*"):
            partial.unlink(missing_ok=True)

    def delete(self, stored: StoredResult) -> None:
        """Delete a committed result with its tick export, notes and tags.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL. The result is not changed.
        """
        self.check_writable()
        whole = stored.folder if stored.is_full or not stored.summary.exists() else stored.summary
        self._trash.take(stored.run_id, whole)
        self._finish_deletion(stored.run_id)

    def finish_deletions(self) -> None:
        """Finish the deletions that an earlier process did not finish."""
        for run_id in self._trash.unfinished():
            self._finish_deletion(run_id)

    def deleted(self) -> Iterator[str]:
        """Yield the ids of the deleted results, in no particular order."""
        return self._trash.deleted()

    def stored(self) -> Iterator[StoredResult]:
        """Yield the committed results, in no particular order."""
        fast_folder, full_folder = self._mode_folders()
        fast = (name.removesuffix(".json") for name in _names(fast_folder) if name.endswith(".json"))
        for is_full, folder, run_ids, suffix in (
            (False, fast_folder, fast, ".json"),
            (True, full_folder, _names(full_folder), f"/{ResultFile.SUMMARY}"),
        ):
            for run_id in run_ids:
                # Skip a result that is being deleted, files of other programs, and a result that cannot be read: it must not
                # hide the others.
                with contextlib.suppress(OSError):
                    committed_at = os.stat(f"{folder}/{run_id}{suffix}").st_mtime_ns  # noqa: PTH116 - a Path costs more than that
                    yield StoredResult(self.root, run_id, is_full, committed_at)

    def find(self, run_id: str) -> StoredResult:
        """Find the committed result of a run.

        A folder without a summary counts as a result: it can be deleted, and reading it raises an error that names the missing
        file.

        Raises:
            TickreelError: RESULT_DELETED if the result was deleted, else NOT_FOUND.
        """
        for full in (False, True):
            path = self.path(run_id, ResultFile.SUMMARY, full=full)
            # Another call may be deleting it.
            with contextlib.suppress(OSError):
                return StoredResult(self.root, run_id, full, path.stat().st_mtime_ns)
        missing = self._trash.missing(run_id)
        # A folder alone may also be a deletion or a commit in progress: a deletion removes the summary first, and `commit`
        # places it last. The tombstone and the partial summary exclude these cases.
        if missing.reason == "NOT_FOUND" and not self._partial(run_id).exists():
            for full in (False, True):
                with contextlib.suppress(OSError):
                    changed_at = result_folder(self.root, run_id, full=full).stat().st_mtime_ns
                    return StoredResult(self.root, run_id, full, changed_at)
        raise missing

    def load(self, stored: StoredResult) -> result_pb2.Result:
        """Read a result.

        Raises:
            TickreelError: DATA_CHANGED if the file is missing or is not what was written.
        """
        try:
            result = read_json(result_pb2.Result, stored.summary.read_text())
            if result.run_id != stored.run_id:
                raise ValueError(f"it is of the run {result.run_id!r}")
            return result
        except (OSError, ValueError, RecursionError, json_format.ParseError) as error:
            said = (isinstance(error, OSError) and error.strerror) or str(error).rstrip(".")
            message = (
                f"the result file {stored.summary} cannot be read: {said}; "
                "restore it from a backup, or delete the result and run its config again"
            )
            raise TickreelError("DATA_CHANGED", message, run_id=stored.run_id) from None

    def noted(self, stored: StoredResult) -> result_pb2.NotedResult:
        """Read a result with its notes and tags.

        Raises:
            TickreelError: DATA_CHANGED if the file is missing or is not what was written.
        """
        noted = self.notes.read(stored.run_id)
        noted.result.CopyFrom(self.load(stored))
        noted.created_at.FromNanoseconds(stored.committed_at)
        return noted

    def changed_at(self) -> tuple[int, ...]:
        """Return when each folder of results and notes last changed, UNIX nanoseconds; 0 if the folder does not exist."""
        folders = (*self._mode_folders(), self.notes.folder)
        return tuple(folder.stat().st_mtime_ns if folder.is_dir() else 0 for folder in folders)

    def _finish_deletion(self, run_id: str) -> None:
        """Remove all files of a result that is in the trash. Some may already be gone.

        The trash is emptied last, so that the next start of the service finds an unfinished deletion.
        """
        try:
            self._trash.note(run_id)
            self.notes.remove(run_id)
            self.ticks_path(run_id).unlink(missing_ok=True)
            remove(result_folder(self.root, run_id, full=False))
            self._trash.empty(run_id)
        except OSError as error:
            # Not an error for the caller: the result is no longer visible.
            log.warning("%s is deleted, but some of its files are not removed yet: %s; the next start retries", run_id, error)

    def _partial(self, run_id: str) -> Path:
        """Return the path of a fast run's summary while it is written."""
        summary = self.path(run_id, ResultFile.SUMMARY, full=False)
        return summary.with_name(f".{summary.name}")

    def _place(self, staging: Path, folder: Path) -> None:
        for path in (*staging.iterdir(), staging):
            sync(path)
        staging.rename(folder)

    def _staging(self, run_id: str) -> Path:
        _check_id(run_id)
        return mode_folder(self.root, full=True) / f".{run_id}"

    def _mode_folders(self) -> tuple[Path, Path]:
        return mode_folder(self.root, full=False), mode_folder(self.root, full=True)


def _names(folder: Path) -> list[str]:
    """Return the names in a folder, without hidden ones; none if the folder does not exist.

    Raises:
        TickreelError: STORE_NOT_READABLE if the path is not a folder or its disk does not answer.
    """
    try:
        return [name for name in os.listdir(folder) if not name.startswith(".")]  # noqa: PTH208 - there may be ten thousand
    except FileNotFoundError:
        return []
    except OSError as error:
        raise not_readable("results", folder, error) from None


def _check_id(run_id: str) -> None:
    if not _RUN_ID.fullmatch(run_id):
        raise not_found("result", run_id)


def to_json(result: result_pb2.Result) -> str:
    """Return the text of a result's file."""
    return json.dumps(as_json(result), indent=2, ensure_ascii=False) + "\n"


def figures_of(result: result_pb2.Result) -> result_pb2.ResultFigures:
    """Return the figures of a result that lists show."""
    summary = result.summary
    return result_pb2.ResultFigures(
        orders=summary.orders,
        fills=summary.fills,
        pnl=summary.pnl,
        max_drawdown=summary.max_drawdown,
        currency=result.metadata.currency,
        pnl_sketch=summary.pnl_sketch,
    )
