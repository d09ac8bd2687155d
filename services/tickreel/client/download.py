"""A table of a run as a file, fetched: whole or not at all under its name, and nothing of it twice."""

import hashlib
import os
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from tickreel.client.calls import Service
from tickreel.rpc.errors import TickreelError
from tickreel.v1 import results_service_pb2


def parts(results: Service, run_id: str, name: str, offset: int = 0) -> Iterator[results_service_pb2.ExportArtifactResponse]:
    """The parts of a file after an offset, and how far the making of it is before them, through broken connections."""

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
    """Fetches a file to a path.

    It gets that name once it is whole. What is broken off is left beside it under a name that begins with a dot, and the same
    call goes on from there: the files of a run never change.

    Args:
        on_making: Called with the rows that the service has made of the file and those of the table, where it makes it.
        on_progress: Called with the bytes that are there and those of the whole file.

    Raises:
        TickreelError: As ExportArtifact, or STORE_NOT_WRITABLE where the path cannot be written.
    """
    source = hashlib.sha256(f"{run_id}/{name}".encode()).hexdigest()[:16]
    partial = to.with_name(f".{to.name}.{source}.partial")
    try:
        done = partial.stat().st_size if partial.is_file() else 0
        arriving = parts(results, run_id, name, done)
        # Before a file is made: what the run does not have is refused here.
        first = next(arriving)
        # By position, not at the end: another process that fetches the same writes the same bytes to the same places.
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
