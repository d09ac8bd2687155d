"""A column that must hold one word in the whole file: the exchange and the symbol."""

import pyarrow as pa
import pyarrow.compute as pc

from tickreel.converter.faults import Faults
from tickreel.rpc.errors import excerpt

# What is named of many.
MOST_WORDS = 10


class OneWord:
    """Takes note of the words of a column, chunk by chunk; null is none."""

    def __init__(self, name: str, faults: Faults) -> None:
        self._name, self._faults = name, faults
        self._words: set[str] = set()

    def see(self, column: pa.ChunkedArray) -> None:
        """Takes note of a chunk."""
        if pa.types.is_null(column.type) or len(self._words) >= MOST_WORDS:
            return
        for chunk in column.chunks:
            # A dictionary of one word needs no look at the rows.
            coded = pa.types.is_dictionary(chunk.type) and len(chunk.dictionary) == 1 and chunk.null_count < len(chunk)
            words = chunk.dictionary if coded else pc.unique(chunk)
            self._words.update(map(readable, words.drop_null()[:MOST_WORDS]))

    @property
    def word(self) -> str:
        """The word; empty where there is none yet, or more than one."""
        return next(iter(self._words)) if len(self._words) == 1 else ""

    def check(self) -> None:
        """Adds a fault where there was more than one word."""
        if len(self._words) > 1:
            words = ", ".join(map(excerpt, sorted(self._words)[:MOST_WORDS]))
            self._faults.add_file(f"{self._name}: {words} in one file; a file must hold one instrument")


def readable(word: pa.Scalar) -> str:
    """The text of a word, whatever bytes it has."""
    return word.cast(pa.binary()).as_py().decode(errors="replace")
