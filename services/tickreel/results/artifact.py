"""Files of a run: where they are, and their bytes in parts."""

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

# At most 1 MiB, and a multiple of three bytes: the base64 texts of the parts, which grpcurl prints, can then be concatenated.
PART_BYTES = 1_048_575

# A name becomes part of a path. This pattern keeps it inside the folder, even if the result was forged.
_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z]+")


def output_path(store: ResultStore, stored: StoredResult, result: result_pb2.Result, name: str) -> Path | None:
    """Return the path of a file that the run wrote, or None if the result names no such file.

    The path follows from the layout of the store. Paths in the result are ignored: the store may have moved since.
    """
    if name not in {ResultFile.SUMMARY, *result.metadata.outputs} or not _NAME.fullmatch(name):
        return None
    file = next((file for file in ResultFile if file == name), None)
    if file is not None:
        return store.path(stored.run_id, file, full=stored.is_full)
    # Earlier versions wrote other files.
    return stored.folder / name


@dataclass(frozen=True)
class Artifact:
    """An open file of a run. It stays readable if it is renamed or deleted."""

    run_id: str
    name: str
    file: BinaryIO

    def parts(self, offset: int) -> Generator[results_service_pb2.ExportArtifactResponse, None, None]:
        """Yield the bytes from an offset on. An offset at the end yields one empty part, which states the length.

        Raises:
            TickreelError: INVALID_REQUEST if the offset is outside of the file, DATA_CHANGED if the file becomes shorter.
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
                    raise unreadable(self.run_id, self.name, f"it became shorter than {total} bytes during reading")
                yield results_service_pb2.ExportArtifactResponse(data=data, total_bytes=total)
                if offset == total:
                    return


def unreadable(run_id: str, name: str, problem: str) -> TickreelError:
    """Return the error DATA_CHANGED for a file of a run that cannot be read."""
    reason = " ".join(problem.split()).rstrip(".")
    message = f"{name} of the result {run_id} cannot be read: {reason}; repeat the run to write it again"
    return TickreelError("DATA_CHANGED", message, run_id=run_id)
