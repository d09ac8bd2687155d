"""Deleted results: their files until they are removed, and a tombstone for each.

<root>/trash/<run_id>               files of a deleted result that are still to be removed
<root>/deleted/<run_id>             tombstone: an empty file, whose time is that of the deletion
"""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from google.protobuf import timestamp_pb2

from tickreel.rpc.errors import TickreelError, not_found, not_writable
from tickreel.stores.sync import sync


class ResultTrash:
    """The trash and the tombstones below a results folder."""

    def __init__(self, root: Path) -> None:
        self._trash = root / "trash"
        self._deleted = root / "deleted"

    def take(self, run_id: str, result: Path) -> None:
        """Move a result into the trash by one rename.

        Args:
            result: The file or folder of the result.

        Raises:
            TickreelError: RESULT_DELETED if another call has deleted the result; STORE_NOT_WRITABLE or STORE_FULL. The result
                is not changed.
        """
        try:
            self._trash.mkdir(exist_ok=True)
            result.rename(self._trash / run_id)
            sync(result.parent)
        except FileNotFoundError:
            raise self.missing(run_id) from None
        except OSError as error:
            raise not_writable("the trash", self._trash, error) from None

    def note(self, run_id: str) -> None:
        """Write the tombstone of a result.

        Raises:
            OSError: The tombstone cannot be written.
        """
        self._deleted.mkdir(exist_ok=True)
        (self._deleted / run_id).touch()

    def empty(self, run_id: str) -> None:
        """Remove the files of a result from the trash.

        Raises:
            OSError: Some files cannot be removed.
        """
        remove(self._trash / run_id)

    def unfinished(self) -> list[str]:
        """Return the ids of the results that are still in the trash."""
        return [path.name for path in self._trash.glob("*")]

    def deleted(self) -> Iterator[str]:
        """Yield the ids of the deleted results, in no particular order."""
        return (path.name for path in self._deleted.glob("*"))

    def missing(self, run_id: str) -> TickreelError:
        """Return the error for a missing result: RESULT_DELETED if it has existed, else NOT_FOUND."""
        # A deletion writes the tombstone before it empties the trash, so checking in this order never misses both.
        for path in (self._trash / run_id, self._deleted / run_id):
            with contextlib.suppress(OSError):
                stamp = timestamp_pb2.Timestamp()
                stamp.FromNanoseconds(path.stat().st_ctime_ns)
                time = stamp.ToJsonString()
                message = f"the result {run_id} was deleted at {time}; run its config again to make an equal one"
                return TickreelError("RESULT_DELETED", message, id=run_id, deleted_at=time)
        return not_found("result", run_id)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if it exists.

    Raises:
        OSError: The path, or a part of the folder, cannot be removed.
    """
    with contextlib.suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
