"""The files that a run left, by the names that its result gives them."""

import os
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from tickreel.rpc.errors import TickreelError, invalid_request
from tickreel.stores.results import ResultStore, StoredResult
from tickreel.v1 import result_pb2, results_service_pb2

# A whole number of three bytes, so that the base64 of the parts, as grpcurl prints it, is put together by writing one after
# the other; and at most 1 MiB.
PART_BYTES = 1_048_575

# A name becomes part of a path: nothing that could lead out of the folder is one, whatever a result says.
_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z]+")


@dataclass(frozen=True)
class Artifact:
    """One of the files of a run: where it lies now, which is where its store has it, wherever its result says it once was."""

    run_id: str
    name: str
    path: Path

    @classmethod
    def find(cls, store: ResultStore, stored: StoredResult, name: str) -> "Artifact":
        """The file that a result calls so.

        Raises:
            TickreelError: NOT_FOUND, with the names that there are.
        """
        result = store.load(stored)
        if name not in result.metadata.outputs or not _NAME.fullmatch(name):
            raise _no_such_file(result, name)
        if name == "ticks.json":
            path = store.ticks_path(stored.run_id)
        else:
            path = stored.summary if name == "summary.json" else stored.folder / name
        return cls(stored.run_id, name, path)

    def parts(self, offset: int) -> Generator[results_service_pb2.ExportArtifactResponse, None, None]:
        """The bytes from an offset on; one part without bytes where that is the end, so that its length is always told.

        Raises:
            TickreelError: INVALID_REQUEST for an offset that is not within the file, DATA_CHANGED where the file is gone or
                becomes shorter.
        """
        try:
            with self.path.open("rb") as file:
                total = os.fstat(file.fileno()).st_size
                if not 0 <= offset <= total:
                    raise invalid_request("offset", f"is {offset}; it must be from 0 to {total}, the length of {self.name}")
                file.seek(offset)
                while True:
                    data = file.read(min(PART_BYTES, total - offset))
                    offset += len(data)
                    if not data and offset < total:
                        raise self._changed(f"it became shorter than its {total} bytes while it was read")
                    yield results_service_pb2.ExportArtifactResponse(data=data, total_bytes=total)
                    if offset == total:
                        return
        except OSError as error:
            raise self._changed(f"it cannot be read: {error.strerror or error}") from None

    def _changed(self, problem: str) -> TickreelError:
        message = f"the result {self.run_id} has left {self.name} at {self.path}, but {problem}; a new run makes it again"
        return TickreelError("DATA_CHANGED", message, run_id=self.run_id)


def _no_such_file(result: result_pb2.Result, name: str) -> TickreelError:
    message = f"the result {result.run_id} has no file {name!r}; it has {', '.join(sorted(result.metadata.outputs))}"
    if result.mode == "fast":
        message += "; only full runs keep tables"
    return TickreelError("NOT_FOUND", message, kind="file", id=name)
