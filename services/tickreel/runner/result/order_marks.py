"""What a fast run keeps of its orders: a mark each, by which an order that comes out otherwise is found again.

A mark is 64 bits, mixed from all columns of the order and of its fills. It is arithmetic modulo 2^64 and nothing else, so that
it stays what it is whatever library there is:

    term of a fill    = mix(sum over its columns of number k, k = 1, 2, ...: value × key(k))
    mark of an order  = mix(sum over its columns, likewise, + the terms of its fills)
    key(k)            = mix(k), made odd
    mix               = the finaliser of SplitMix64

A reason counts as the first eight bytes of its SHA-256.
"""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tickreel.accounting.scaled import Integers, low_bits
from tickreel.engine.tape import Fills, Orders
from tickreel.runner.ledger.fill_evidence import FillEvidence
from tickreel.runner.ledger.ledger import MarkedRows
from tickreel.runner.ledger.settlement import Settlement
from tickreel.runner.result.reproduction import MARK_BYTES
from tickreel.stores.result_layout import ResultFile

Marks = npt.NDArray[np.uint64]

_COMPARED_AT_ONCE = 1 << 20


class OrderMarks:
    """Writes the marks of a run's orders, 8 bytes each, little-endian, as they come; see `ledger.Tables`."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / ResultFile.MARKS).open("wb")
        self._orders = 0
        self._sums: Marks = np.empty(0, dtype=np.uint64)

    def add_equity(self, marked: MarkedRows) -> None:
        """Leaves the equity aside: it follows from the fills."""

    def add_orders(self, orders: Orders, settlement: Settlement) -> None:
        """Takes the orders that follow, whose fills come next."""
        reason = _reasons(settlement.reason)
        columns = (
            orders.ts_submitted,
            orders.side,
            orders.price,
            orders.quantity,
            settlement.status,
            settlement.ts_closed,
            reason,
        )
        self._sums = _sum(*columns)

    def add_fills(self, fills: Fills, fees: Integers, _shown: FillEvidence | None = None) -> None:
        """Takes the fills of those orders, and writes their marks."""
        terms = _mixed(_sum(fills.ts, fills.side, fills.price, fills.quantity, fills.taker, fees))
        np.add.at(self._sums, fills.order - self._orders, terms)
        self._file.write(_mixed(self._sums).astype("<u8", copy=False))
        self._orders += len(self._sums)

    def close(self) -> None:
        """Completes the file."""
        self._file.close()


def first_difference(one: Path, other: Path) -> int | None:
    """The id of the first order whose marks in two files differ or that is in one of them alone; None where they are equal."""
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


def _reasons(reasons: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
    coded = pa.array(reasons, pa.string()).dictionary_encode()
    codes = [
        int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little", signed=True)
        for word in coded.dictionary.to_pylist()
    ]
    return np.array(codes, dtype=np.int64)[coded.indices.to_numpy()]
