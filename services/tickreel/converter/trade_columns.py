"""Conversion of sides and ids of raw trades for the engine's catalog. Sides that cannot be converted are faults."""

from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tickreel.converter.constant_column import MOST_WORDS, readable
from tickreel.converter.faults import Faults
from tickreel.engine import catalog_format
from tickreel.engine.catalog_format import BUY, NO_AGGRESSOR, SELL
from tickreel.rpc.errors import excerpt
from tickreel.stores.raw_schema import ENGINE, EXCHANGE
from tickreel.stores.repeats import MADE_ID
from tickreel.v1 import conversion_pb2

Int64 = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]

_EXCHANGE_WORDS = {"buy": BUY, "sell": SELL, "unknown": NO_AGGRESSOR, "": NO_AGGRESSOR}
_ENGINE_WORDS = _EXCHANGE_WORDS | {"buyer": BUY, "seller": SELL, "no_aggressor": NO_AGGRESSOR}
_WORDS = {
    EXCHANGE: (_EXCHANGE_WORDS, "buy, sell or unknown"),
    ENGINE: (_ENGINE_WORDS, "BUY, SELL or NO_AGGRESSOR"),
}
# Codes of sides, indexed by the engine's own numbers of sides.
_NUMBERS = np.array([NO_AGGRESSOR, BUY, SELL], dtype=np.int8)
_FOREIGN = -1


class SideColumn:
    """Converts sides into codes, chunk by chunk.

    A side is a word in any case, or the engine's number for it. Null, the empty text and "unknown" mean no aggressor.
    Any other value that is neither buyer nor seller is a fault.
    """

    def __init__(self, name: str, raw_schema: conversion_pb2.RawSchema, faults: Faults) -> None:
        self._name, self._faults = name, faults
        self._words, self._wanted = _WORDS[raw_schema]

    def convert(self, column: pa.ChunkedArray, rows: Int64) -> Codes:
        """Return the codes of a chunk.

        Args:
            rows: Row numbers in the raw file, from 0.
        """
        if pa.types.is_integer(column.type):
            return self._of_numbers(column, rows)
        return self._of_words(column.combine_chunks(), rows)

    def _of_words(self, column: pa.Array, rows: Int64) -> Codes:
        if pa.types.is_null(column.type):
            return np.full(len(column), NO_AGGRESSOR, dtype=np.int8)
        coded = cast(pa.DictionaryArray, column if pa.types.is_dictionary(column.type) else column.dictionary_encode())
        words = coded.dictionary.cast(pa.string())
        found = pc.index_in(pc.ascii_lower(words), value_set=pa.array(self._words)).fill_null(_FOREIGN).to_numpy()
        # One more code is for null rows. A null word in the dictionary also means no aggressor.
        codes_of_words = np.append(np.array([*self._words.values(), _FOREIGN], dtype=np.int8)[found], np.int8(NO_AGGRESSOR))
        codes_of_words[:-1][pc.is_null(words).to_numpy(zero_copy_only=False)] = NO_AGGRESSOR
        indices = coded.indices.cast(pa.int64()).fill_null(len(words)).to_numpy()
        codes: Codes = codes_of_words[indices]
        if _FOREIGN in codes_of_words:
            for word in np.unique(indices[codes == _FOREIGN])[:MOST_WORDS]:
                where = rows[indices == word]
                text = excerpt(readable(words[int(word)]))
                self._faults.add(self._name, f"the word {text!r} instead of {self._wanted}", where, [text] * len(where))
        return codes

    def _of_numbers(self, column: pa.ChunkedArray, rows: Int64) -> Codes:
        missing = pc.is_null(column).to_numpy()
        # A uint64 above the int64 range becomes negative, which is not a side.
        numbers = column.cast(pa.int64(), safe=False).combine_chunks().fill_null(0).to_numpy()
        foreign = (numbers < 0) | (numbers >= len(_NUMBERS))
        for number in np.unique(numbers[foreign])[:MOST_WORDS]:
            where = rows[numbers == number]
            problem = f"the number {number} instead of 0 (none), 1 (buyer) or 2 (seller)"
            self._faults.add(self._name, problem, where, [number] * len(where))
        codes: Codes = _NUMBERS[np.where(foreign, 0, numbers)]
        codes[missing] = NO_AGGRESSOR
        return codes


def trade_ids(column: pa.ChunkedArray, rows: Int64, day: str) -> tuple[pa.StringArray, int]:
    """Return the ids of a chunk, and how many of them were generated.

    An id that the engine cannot hold (see `fit_ids`) becomes row-<day>-<row>. Generated ids are unique within a file, and
    the same file always gets the same ids.

    Args:
        rows: Row numbers in the raw file, from 0.
        day: UTC day of the file's first row, for example 20240718.
    """
    ids = cast(pa.StringArray, column.cast(pa.string()).combine_chunks())
    looks_made = cast(pa.BooleanArray, pc.starts_with(ids, MADE_ID).fill_null(False))
    fit = pc.and_not(catalog_format.fit_ids(ids), looks_made)
    unfit = len(ids) - fit.true_count
    if not unfit:
        return ids, 0
    numbers = pa.array(rows).cast(pa.string())
    made = pc.binary_join_element_wise(  # type: ignore[call-overload]  # the stub does not mix scalars and columns
        f"{MADE_ID}{day}-", numbers, ""
    )
    return cast(pa.StringArray, pc.if_else(fit, ids, made)), unfit
