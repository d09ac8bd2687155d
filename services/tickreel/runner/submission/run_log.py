"""The log of a run's process, read while it is written."""

import asyncio
import codecs
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

_INTERVAL = 0.2
_PART_BYTES = 64 * 1024


class RunLog:
    """A log from its beginning. A file that is begun again, as that of a run's next attempt is, is read again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1
        self._position = 0

    async def parts(self, is_live: Callable[[], bool]) -> AsyncIterator[str]:
        """The text part by part, until nothing more comes.

        Args:
            is_live: Whether more may be written. What is not UTF-8 is replaced.
        """
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            # Asked before reading: what was written before the end is read, too.
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
        """What follows, empty where there is no more yet, or no file."""
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
