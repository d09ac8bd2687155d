"""The columns of raw trades, made into those of the engine's catalog; what cannot be is added to the faults."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tickreel.converter.decimal_grid import decimals_of
from tickreel.converter.faults import Faults
from tickreel.engine import catalog_format
from tickreel.engine.catalog_format import BUY, NO_AGGRESSOR, SELL

Int64 = npt.NDArray[np.int64]

_SIDES = {"buy": BUY, "sell": SELL, "unknown": NO_AGGRESSOR, "": NO_AGGRESSOR}
_FOREIGN = -1
_MOST_WORDS = 10

# Begins the ids that are made; ids of a recording that begin with it are made anew, so that all stay unique.
MADE_ID = "row-"


class DecimalColumn:
    """Makes the column of prices or sizes, chunk by chunk.

    Attributes:
        fewest: The fewest decimals that hold all values so far.
        noisy: Values so far that were not the nearest double of their decimal.

    Args:
        name: The raw column.
        setting: The name of its precision in a run config.
        precision: The decimals that it may have; None for any number.
        limit: The greatest value that the engine holds.
    """

    def __init__(self, name: str, setting: str, precision: int | None, limit: int, faults: Faults) -> None:
        self.fewest = 0
        self.noisy = 0
        self._name, self._setting, self._precision, self._limit, self._faults = name, setting, precision, limit, faults

    def convert(self, column: pa.ChunkedArray, rows: Int64) -> pa.Decimal128Array:
        """The decimals of a chunk; a value at fault becomes 1."""
        # Whole numbers that a double cannot hold are far above any limit, so nothing is lost unseen.
        values = column.cast(pa.float64(), safe=False)
        if values.null_count:
            self._faults.add(self._name, "no value", rows[pc.is_null(values).to_numpy()], ["null"] * values.null_count)
            values = pc.fill_null(values, 1.0)
        doubles = values.to_numpy()
        # A number that is none makes both comparisons false.
        if not (doubles.min() > 0 and doubles.max() <= self._limit):
            self._name_bad_values(doubles, rows)
            doubles = np.where((doubles > 0) & (doubles <= self._limit), doubles, 1.0)
        found = decimals_of(doubles, self.fewest)
        self.noisy += found.noisy
        fewest = found.fewest_places_of_all()
        places = found.places
        if fewest < 0:
            each = found.fewest_places()
            off = np.flatnonzero(each < 0)
            problem = f"not a decimal of up to {catalog_format.SCALE} places and 15 digits"
            self._faults.add(self._name, problem, rows[off], doubles[off], "round it where it is recorded")
            places, fewest = np.maximum(each, 0), int(each.max())
        self.fewest = max(self.fewest, fewest)
        if self._precision is not None and fewest > self._precision:
            over = np.flatnonzero(found.fewest_places() > self._precision)
            problem = f"more decimals than the {self._precision} of {self._setting}"
            remedy = f"{self._setting} must be at least {self.fewest}"
            self._faults.add(self._name, problem, rows[over], doubles[over], remedy)
        return catalog_format.decimals(found.units, places)

    def _name_bad_values(self, doubles: npt.NDArray[np.float64], rows: Int64) -> None:
        infinite = np.isinf(doubles)
        for problem, bad in (
            ("not a number", np.isnan(doubles)),
            ("infinite", infinite),
            ("not above zero", (doubles <= 0) & ~infinite),
            (f"above {self._limit}, the greatest that the engine holds,", (doubles > self._limit) & ~infinite),
        ):
            self._faults.add(self._name, problem, rows[bad], doubles[bad])


def side_codes(column: pa.ChunkedArray, rows: Int64, faults: Faults) -> npt.NDArray[np.int8]:
    """The codes of sides; null, empty and "unknown" are no aggressor, any word but buy and sell beside them is a fault."""
    coded = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if pa.types.is_null(coded.type):
        return np.full(len(coded), NO_AGGRESSOR, dtype=np.int8)
    if not pa.types.is_dictionary(coded.type):
        coded = coded.dictionary_encode()
    words = coded.dictionary.cast(pa.string())
    found = pc.index_in(words, value_set=pa.array(_SIDES)).fill_null(_FOREIGN).to_numpy()
    # One more code, for a null; and a word that is null itself is none.
    codes_of_words = np.append(np.array([*_SIDES.values(), _FOREIGN], dtype=np.int8)[found], np.int8(NO_AGGRESSOR))
    codes_of_words[:-1][pc.is_null(words).to_numpy(zero_copy_only=False)] = NO_AGGRESSOR
    indices = pc.fill_null(coded.indices.cast(pa.int64()), len(words)).to_numpy()
    codes = codes_of_words[indices]
    if _FOREIGN in codes_of_words:
        foreign = codes == _FOREIGN
        for word in np.unique(indices[foreign])[:_MOST_WORDS]:
            where = rows[indices == word]
            text = _readable(words[int(word)])
            faults.add("side", f"the word {text!r} instead of buy, sell or unknown", where, [text] * len(where))
    return codes


def trade_ids(column: pa.ChunkedArray, rows: Int64, day: str) -> tuple[pa.StringArray, int]:
    """The ids of a chunk, and how many of them were made.

    An id that the engine cannot hold (see `fit_ids`) becomes row-<day>-<row>: the same for the same file, another for
    every row.

    Args:
        rows: The numbers of the rows in the raw file, from 0.
        day: The UTC day of the file's first row, as 20240718.
    """
    ids = column.cast(pa.string())
    ids = ids.combine_chunks() if ids.num_chunks != 1 else ids.chunk(0)
    fit = pc.and_not(catalog_format.fit_ids(ids), pc.fill_null(pc.starts_with(ids, MADE_ID), False))
    unfit = len(ids) - fit.true_count
    if not unfit:
        return ids, 0
    made = pc.binary_join_element_wise(f"{MADE_ID}{day}-", pa.array(rows).cast(pa.string()), "")
    return pc.if_else(fit, ids, made), unfit


class OneWord:
    """A column that must hold one word in the whole file: the exchange and the symbol."""

    def __init__(self, name: str, faults: Faults) -> None:
        self._name, self._faults = name, faults
        self._words: set[str] = set()

    def see(self, column: pa.ChunkedArray) -> None:
        """Takes note of a chunk."""
        if pa.types.is_null(column.type) or len(self._words) >= _MOST_WORDS:
            return
        for chunk in column.chunks:
            # A dictionary of one word needs no look at the rows.
            coded = pa.types.is_dictionary(chunk.type) and len(chunk.dictionary) == 1 and chunk.null_count < len(chunk)
            words = chunk.dictionary if coded else pc.unique(chunk)
            self._words.update(map(_readable, words.drop_null()[:_MOST_WORDS]))

    def check(self) -> None:
        """Adds a fault where there was more than one word."""
        if len(self._words) > 1:
            words = ", ".join(sorted(self._words)[:_MOST_WORDS])
            self._faults.add_file(f"{self._name}: {words} in one file; a file must hold one instrument")


def _readable(word: pa.Scalar) -> str:
    """The text of a word, whatever bytes it has."""
    return word.cast(pa.binary()).as_py().decode(errors="replace")
