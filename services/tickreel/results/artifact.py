"""The bytes of a file of a run, and where those lie that it left, by the names that its result gives them."""

import os
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tickreel.rpc.errors import TickreelError, invalid_request
from tickreel.stores.result_layout import ResultFile
from tickreel.stores.results import ResultStore, StoredResult
from tickreel.v1 import result_pb2, results_service_pb2

# A whole number of three bytes, so that the base64 of the parts, as grpcurl prints it, is put together by writing one after
# the other; and at most 1 MiB.
PART_BYTES = 1_048_575

# A name becomes part of a path: nothing that could lead out of the folder is one, whatever a result says.
_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z]+")


def left_file(store: ResultStore, stored: StoredResult, result: result_pb2.Result, name: str) -> Path | None:
    """Where a file lies that a run left, which is where its store has it, wherever its result says it once was.

    None where the result names no such file.
    """
    if name not in {ResultFile.SUMMARY, *result.metadata.outputs} or not _NAME.fullmatch(name):
        return None
    if name in ResultFile:
        return store.path(stored.run_id, ResultFile(name), full=stored.is_full)
    # An earlier version may have left others.
    return stored.folder / name


@dataclass(frozen=True)
class Artifact:
    """A file of a run that is open, so that it stays readable whatever becomes of its name."""

    run_id: str
    name: str
    file: BinaryIO

    def parts(self, offset: int) -> Generator[results_service_pb2.ExportArtifactResponse, None, None]:
        """The bytes from an offset on; one part without bytes where that is the end, so that its length is always told.

        Raises:
            TickreelError: INVALID_REQUEST for an offset that is not within the file, DATA_CHANGED where it becomes shorter.
        """
        with self.file as file:
            total = os.fstat(file.fileno()).st_size
            if not 0 <= offset <= total:
                raise invalid_request("offset", f"is {offset}; it must be from 0 to {total}, the length of {self.name}")
            file.seek(offset)
            while True:
                try:
                    data = file.read(min(PART_BYTES, total - offset))
                except OSError as error:
                    raise unreadable(self.run_id, self.name, error.strerror or str(error)) from None
                offset += len(data)
                if not data and offset < total:
                    raise unreadable(self.run_id, self.name, f"it became shorter than its {total} bytes while it was read")
                yield results_service_pb2.ExportArtifactResponse(data=data, total_bytes=total)
                if offset == total:
                    return


def unreadable(run_id: str, name: str, problem: str) -> TickreelError:
    """DATA_CHANGED: a file that a run has left cannot be read."""
    said = " ".join(problem.split()).rstrip(".")
    message = f"the result {run_id} has left {name}, but it cannot be read: {said}; a new run makes it again"
    return TickreelError("DATA_CHANGED", message, run_id=run_id)
