"""Notes and tags of results, in one file for each result. The files of a result itself never change.

<folder>/<run_id>.json       {"notes": "…", "tags": ["…"]}: a `NotedResult` with only these fields
"""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from google.protobuf import json_format

from tickreel.rpc.errors import not_writable
from tickreel.stores.sync import sync
from tickreel.v1 import result_pb2

log = logging.getLogger("tickreel")


class ResultNotes:
    """The folder of notes and tags. A result without a file has none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, run_id: str) -> result_pb2.NotedResult:
        """Read the notes and tags of a result. A file that cannot be read is logged, so that the result stays visible."""
        entry = result_pb2.NotedResult()
        try:
            json_format.Parse(self._path(run_id).read_text(), entry, ignore_unknown_fields=True)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, json_format.ParseError) as error:
            log.warning("the notes of %s cannot be read: %s", run_id, error)
        return result_pb2.NotedResult(notes=entry.notes, tags=entry.tags)

    def write(self, run_id: str, noted: result_pb2.NotedResult) -> None:
        """Write the notes and tags of a result, atomically and durably.

        Raises:
            TickreelError: STORE_NOT_WRITABLE or STORE_FULL. The old notes and tags are kept.
        """
        path = self._path(run_id)
        partial = path.with_name(f".{path.name}")
        text = json.dumps({"notes": noted.notes, "tags": list(noted.tags)}, indent=2, ensure_ascii=False)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            partial.write_text(f"{text}\n")
            sync(partial)
            partial.rename(path)
            sync(self.folder)
        except OSError as error:
            raise not_writable("notes and tags", self.folder, error) from None

    def remove(self, run_id: str) -> None:
        """Remove the notes and tags of a result.

        Raises:
            OSError: The folder cannot be written.
        """
        self._path(run_id).unlink(missing_ok=True)

    def versions(self) -> Iterator[tuple[str, int]]:
        """Yield the id of each result with notes or tags, and when they last changed, UNIX nanoseconds."""
        if self.folder.is_dir():
            with os.scandir(self.folder) as files:
                for file in files:
                    if file.name.endswith(".json") and not file.name.startswith("."):
                        yield file.name.removesuffix(".json"), file.stat().st_mtime_ns

    def _path(self, run_id: str) -> Path:
        return self.folder / f"{run_id}.json"
