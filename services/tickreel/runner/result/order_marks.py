"""The marks of a fast run: one hash per order, with which a verification finds the first order that differs.

A mark is a 64-bit multilinear hash of all columns of the order and its fills, modulo 2^64:

    term of a fill    = mix(sum of value × key(k) over its columns; column numbers k = 1, 2, ...)
    mark of an order  = mix(sum of value × key(k) over its columns + terms of its fills)
    key(k)            = mix(k) with the lowest bit set
    mix               = the finaliser of SplitMix64, which is also pandas.util.hash_array of uint64

A reason is hashed as the first eight bytes of its SHA-256. A value beyond 64 bits is hashed by its lowest 64 bits.

Marks need not be cryptographic, because a verification also compares the digest and the summary of the result. The definition
must not change, because results keep their marks. No library computes them: a call per order (xxhash, CRC-32, BLAKE2) takes
5 to 15 times as long, and hashes of whole columns (DuckDB, Polars) may change with the version of their library.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.accounting.scaled import Integers, low_bits
from tickreel.engine.tape import Fills, Orders
from tickreel.runner.ledger.fill_evidence import FillEvidence
from tickreel.runner.ledger.ledger import FillLinks, MarkedRows
from tickreel.runner.ledger.order_terms import OrderTerms
from tickreel.runner.ledger.order_updates import OrderUpdates
from tickreel.runner.ledger.positions import Positions
from tickreel.runner.ledger.settlement import Settlement
from tickreel.runner.result.reproduction import MARK_BYTES
from tickreel.stores.result_layout import ResultFile

Marks = npt.NDArray[np.uint64]

_COMPARED_AT_ONCE = 1 << 20


class OrderMarks:
    """Writes the marks of a run's orders in order of submission, 8 bytes each, little-endian; a `ledger.Tables`."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / ResultFile.MARKS).open("wb")
        self._orders = 0
        self._sums: Marks = np.empty(0, dtype=np.uint64)

    def add_equity(self, marked: MarkedRows) -> None:
        """Ignore the equity: it follows from the fills."""

    def add_orders(self, orders: Orders, settlement: Settlement, _terms: OrderTerms | None = None) -> None:
        """Add the next orders. `add_fills` must follow with all of their fills."""
        self._sums = _sum(
            orders.ts_submitted,
            orders.side,
            orders.price,
            orders.quantity,
            settlement.status,
            settlement.ts_closed,
            _reason_codes(settlement.reason),
        )

    def add_fills(
        self, fills: Fills, fees: Integers, _shown: FillEvidence | None = None, _links: FillLinks | None = None
    ) -> None:
        """Add the fills of the orders that were added last, and write the marks of these orders."""
        terms = _mixed(_sum(fills.ts, fills.side, fills.price, fills.quantity, fills.taker, fees))
        np.add.at(self._sums, fills.order - self._orders, terms)
        self._file.write(_mixed(self._sums).astype("<u8", copy=False))
        self._orders += len(self._sums)

    def add_updates(self, updates: OrderUpdates) -> None:
        """Ignore the updates: their effects are in the orders."""

    def add_positions(self, positions: Positions, engine_ids: Sequence[str]) -> None:
        """Ignore the positions: they follow from the fills."""

    def close(self) -> None:
        """Complete the file."""
        self._file.close()


def first_difference(one: Path, other: Path) -> int | None:
    """Return the id of the first order whose marks differ, or that only one of the files has; None if the files are equal."""
    first = 0
    with one.open("rb") as left, other.open("rb") as right:
        while True:
            marks, others = (np.frombuffer(file.read(MARK_BYTES * _COMPARED_AT_ONCE), dtype="<u8") for file in (left, right))
            common = min(len(marks), len(others))
            differs = marks[:common] != others[:common]
            if differs.any():
                return first + int(np.argmax(differs)) + 1
            if len(marks) != len(others):
                return first + common + 1
            if not common:
                return None
            first += common


def _sum(*columns: Integers) -> Marks:
    total = np.zeros(len(columns[0]), dtype=np.uint64)
    for column, key in zip(columns, _keys(len(columns)), strict=True):
        total += low_bits(column) * key
    return total


def _keys(count: int) -> Marks:
    return _mixed(np.arange(1, count + 1, dtype=np.uint64)) | np.uint64(1)


def _mixed(values: Marks) -> Marks:
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _reason_codes(reasons: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
    encoded = pa.array(reasons, pa.string()).dictionary_encode()
    words = (str(word) for word in encoded.dictionary.to_pylist())
    codes = [int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little", signed=True) for word in words]
    places: npt.NDArray[np.int32] = encoded.indices.to_numpy()
    return np.array(codes, dtype=np.int64)[places]
