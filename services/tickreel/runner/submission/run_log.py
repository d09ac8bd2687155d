"""The log of a run's process, which can be followed while it is written."""

import asyncio
import codecs
import os
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

_INTERVAL = 0.2
_PART_BYTES = 64 * 1024


class RunLog:
    """A log, read from the beginning. If the file is truncated or replaced, as in the next attempt, it is read again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1
        self._position = 0

    async def parts(self, is_live: Callable[[], bool]) -> AsyncGenerator[str]:
        """Yield the text in parts until its end. Invalid UTF-8 is replaced.

        Args:
            is_live: Returns whether more may be written.
        """
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            # Check this before reading, so that text written just before the end is not missed.
            live = is_live()
            while data := await asyncio.to_thread(self._read):
                if text := decoder.decode(data):
                    yield text
            if not live:
                break
            await asyncio.sleep(_INTERVAL)
        if text := decoder.decode(b"", final=True):
            yield text

    def _read(self) -> bytes:
        """Return the next bytes; empty if there are none yet, or if there is no file."""
        try:
            with self._path.open("rb") as log:
                status = os.fstat(log.fileno())
                if status.st_ino != self._file or status.st_size < self._position:
                    self._file, self._position = status.st_ino, 0
                log.seek(self._position)
                data = log.read(_PART_BYTES)
        except FileNotFoundError:
            return b""
        self._position += len(data)
        return data
