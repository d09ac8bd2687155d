"""Columns that must hold the same word in every row of a file: the exchange and the symbol."""

import pyarrow as pa
import pyarrow.compute as pc

from tickreel.converter.faults import Faults
from tickreel.rpc.errors import excerpt

# Most words that an error names.
MOST_WORDS = 10


class OneWord:
    """Collects the distinct words of a column, chunk by chunk; nulls are ignored."""

    def __init__(self, name: str, faults: Faults) -> None:
        self._name, self._faults = name, faults
        self._words: set[str] = set()

    def add(self, column: pa.ChunkedArray) -> None:
        """Collect the words of a chunk."""
        if pa.types.is_null(column.type) or len(self._words) >= MOST_WORDS:
            return
        for chunk in column.chunks:
            # A dictionary of one word makes a scan of the rows unnecessary.
            if isinstance(chunk, pa.DictionaryArray) and len(chunk.dictionary) == 1 and chunk.null_count < len(chunk):
                words = chunk.dictionary
            else:
                words = pc.unique(chunk)
            self._words.update(map(readable, words.drop_null()[:MOST_WORDS]))

    @property
    def word(self) -> str:
        """The word; empty if there is no word yet, or more than one."""
        return next(iter(self._words)) if len(self._words) == 1 else ""

    def check(self) -> None:
        """Add a fault if there was more than one word."""
        if len(self._words) > 1:
            words = ", ".join(map(excerpt, sorted(self._words)[:MOST_WORDS]))
            self._faults.add_file(f"{self._name}: {words} in one file; a file must hold one instrument")


def readable(word: pa.Scalar) -> str:
    """Return the text of a word; bytes that are not UTF-8 are replaced."""
    return word.cast(pa.binary()).as_py().decode(errors="replace")
