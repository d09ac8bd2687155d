"""Resumable download of a run's table as a file, which gets its final name once it is complete."""

import hashlib
import os
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from tickreel.client.calls import Service
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import results_service_pb2


def parts(results: Service, run_id: str, name: str, offset: int = 0) -> Iterator[results_service_pb2.ExportArtifactResponse]:
    """Yield the parts of a file from an offset, across broken connections.

    While the service makes the file, it first sends messages with the progress instead of data.
    """

    def request() -> results_service_pb2.ExportArtifactRequest:
        return results_service_pb2.ExportArtifactRequest(run_id=run_id, name=name, offset=offset)

    for part in results.stream("ExportArtifact", request):
        offset += len(part.data)
        yield part


def download(
    results: Service,
    run_id: str,
    name: str,
    to: Path,
    on_making: Callable[[int, int], None],
    on_progress: Callable[[int, int], None],
) -> None:
    """Download a file to a path.

    Data is written to a hidden partial file in the same folder, which is renamed once it is complete. The same call resumes an
    interrupted download; this is safe because the files of a run never change.

    Args:
        on_making: Called with (rows written, rows in all) while the service makes the file.
        on_progress: Called with (bytes downloaded, bytes in all).

    Raises:
        TickreelError: The errors of ExportArtifact. STORE_NOT_WRITABLE: the path cannot be written.
    """
    source = hashlib.sha256(f"{run_id}/{name}".encode()).hexdigest()[:16]
    partial = to.with_name(f".{to.name}.{source}.partial")
    try:
        done = partial.stat().st_size if partial.is_file() else 0
        arriving = parts(results, run_id, name, done)
        # Requested before the partial file is created: a refused request leaves no file behind.
        first = next(arriving)
        # Not opened for appending: a second process with the same download writes the same bytes to the same positions.
        with os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT, 0o666), "r+b") as file:
            file.seek(done)
            for part in chain([first], arriving):
                if part.total_rows:
                    on_making(part.made_rows, part.total_rows)
                    continue
                file.write(part.data)
                done += len(part.data)
                on_progress(done, part.total_bytes)
        partial.replace(to)
    except OSError as error:
        message = f"{name} cannot be written to {to}: {error.strerror or error}"
        raise TickreelError("STORE_NOT_WRITABLE", message, path=to) from None
