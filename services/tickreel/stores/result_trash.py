"""Results that are deleted: on their way out, and the word that there was one.

<root>/trash/<run_id>               what of it is still to be removed
<root>/deleted/<run_id>             an empty file: there was a result, and it was deleted then
"""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from google.protobuf import timestamp_pb2

from tickreel.rpc.errors import TickreelError, not_found, not_writable
from tickreel.stores.sync import sync


class ResultTrash:
    """What was deleted of the results below a folder."""

    def __init__(self, root: Path) -> None:
        self._trash = root / "trash"
        self._deleted = root / "deleted"

    def take(self, run_id: str, result: Path) -> None:
        """Takes a result away, whole, by one rename.

        Args:
            result: Its file or folder.

        Raises:
            TickreelError: RESULT_DELETED where somebody else was quicker; STORE_NOT_WRITABLE or STORE_FULL: nothing was done.
        """
        try:
            self._trash.mkdir(exist_ok=True)
            result.rename(self._trash / run_id)
            sync(result.parent)
        except FileNotFoundError:
            raise self.missing(run_id) from None
        except OSError as error:
            raise not_writable("what is deleted", self._trash, error) from None

    def note(self, run_id: str) -> None:
        """Notes that a result was deleted.

        Raises:
            OSError: It cannot be.
        """
        self._deleted.mkdir(exist_ok=True)
        (self._deleted / run_id).touch()

    def empty(self, run_id: str) -> None:
        """Removes what was taken of a result.

        Raises:
            OSError: It cannot be, or not all of it.
        """
        remove(self._trash / run_id)

    def unfinished(self) -> list[str]:
        """The ids of the results that were taken and are not removed yet."""
        return [path.name for path in self._trash.glob("*")]

    def deleted(self) -> Iterator[str]:
        """The ids of the results that were deleted, in no particular order."""
        return (path.name for path in self._deleted.glob("*"))

    def missing(self, run_id: str) -> TickreelError:
        """The error of a result that there is not: RESULT_DELETED where there was one, else NOT_FOUND."""
        # In the order in which a deletion leaves the one and comes to the other.
        for path in (self._trash / run_id, self._deleted / run_id):
            with contextlib.suppress(OSError):
                stamp = timestamp_pb2.Timestamp()
                stamp.FromNanoseconds(path.stat().st_ctime_ns)
                time = stamp.ToJsonString()
                message = f"the result {run_id} was deleted at {time}; a new run of its config makes its like"
                return TickreelError("RESULT_DELETED", message, id=run_id, deleted_at=time)
        return not_found("result", run_id)


def remove(path: Path) -> None:
    """Removes a file, a link or a folder; nothing where there is none.

    Raises:
        OSError: It cannot be removed, or not all of it.
    """
    with contextlib.suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
