"""Counts of unusual book snapshots. All snapshots are kept and replayed as recorded."""

import numpy as np

from tickreel.converter.book_columns import Side, Words
from tickreel.stores.raw_schema import LEVELS


class BookCounts:
    """Counts unusual snapshots, chunk by chunk in replay order.

    Attributes:
        missing: Snapshots with fewer than five levels on a side.
        empty: Snapshots with no level on a side.
        crossed: Snapshots whose best bid is above their best ask.
        locked: Snapshots whose best bid is equal to their best ask.
        repeated: Snapshots with the same levels as the snapshot before, at any time.
        unsorted: Snapshots with a side that did not have its best level first.
        doubled: Snapshots with the same price twice on a side.
        beyond: Snapshots with more than five levels on a side.
    """

    def __init__(self) -> None:
        self.missing = self.empty = self.crossed = self.locked = self.repeated = self.unsorted = self.doubled = self.beyond = 0
        self._before: Words | None = None

    def add(self, bids: Side, asks: Side) -> None:
        """Count the snapshots of a chunk."""
        fewest = np.minimum(bids.counts, asks.counts)
        self.missing += int(np.count_nonzero(fewest < LEVELS))
        self.empty += int(np.count_nonzero(fewest == 0))
        bid, ask = bids.price[:, 0], asks.price[:, 0]
        both = fewest > 0
        same_high = bid[:, 1] == ask[:, 1]
        self.locked += int(np.count_nonzero(both & same_high & (bid[:, 0] == ask[:, 0])))
        self.crossed += int(np.count_nonzero(both & ((bid[:, 1] > ask[:, 1]) | (same_high & (bid[:, 0] > ask[:, 0])))))
        self.unsorted += int(np.count_nonzero(bids.unsorted | asks.unsorted))
        self.beyond += int(np.count_nonzero(bids.beyond | asks.beyond))
        doubled = [(side.price[:, 1:] == side.price[:, :-1]).all(axis=2) & side.present[:, 1:] for side in (bids, asks)]
        self.doubled += int(np.count_nonzero((doubled[0] | doubled[1]).any(axis=1)))
        books = np.concatenate([bids.price, bids.size, asks.price, asks.size], axis=1)
        same = (books[1:] == books[:-1]).all(axis=(1, 2))
        self.repeated += int(np.count_nonzero(same)) + int(self._before is not None and np.array_equal(self._before, books[0]))
        self._before = books[-1]
