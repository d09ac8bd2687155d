"""The audit of fills: how much of the recorded liquidity they consumed, and their cost by step. Updated slice by slice."""

import itertools
from collections import Counter

import numpy as np
import numpy.typing as npt

from tickreel.accounting import scaled
from tickreel.accounting.account import Account
from tickreel.accounting.contract import Contract
from tickreel.accounting.scaled import Integers
from tickreel.engine.tape import Fills, Orders
from tickreel.runner.ledger.fill_evidence import NONE, Evidence, FillEvidence
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.v1 import fill_audit_pb2

Int64 = npt.NDArray[np.int64]

_PLACES = 6
_SECOND_DECIMALS = 9
# Nanoseconds from which a book counts as old.
_OLD = 10**_SECOND_DECIMALS
_STEPS = ("latency_drift", "waiting_drift", "spread", "depth")


class Audit:
    """Audits the fills of a run, slice by slice.

    Args:
        account: The account of the run; the audit uses its contract and its scale.
        rows: All rows of the window.
        evidence: The evidence of the same window.
        delay: Latency of an order to the venue, nanoseconds.
    """

    def __init__(self, account: Account, rows: MarkRows, evidence: Evidence, delay: int) -> None:
        self._contract: Contract = account.contract
        self._scale = account.scale
        self._rows = rows
        self._evidence = evidence
        self._delay = delay
        self._sums: Counter[str] = Counter()
        self._oldest = 0

    def add(self, orders: Orders, fills: Fills, fees: Integers) -> FillEvidence:
        """Audit the next fills and return their evidence.

        Args:
            orders: The orders that the fills refer to.
            fills: In order of time, later than the fills of earlier calls.
            fees: In units of the currency's precision.

        Raises:
            TickreelError: DATA_CHANGED if the files have fewer rows than before.
        """
        shown = self._evidence.of(fills)
        self._count(fills, shown)
        if self._evidence.has_books:
            self._sums["fees"] += scaled.sum_of(fees)
            self._attribute(orders, fills, shown)
        return shown

    def _count(self, fills: Fills, shown: FillEvidence) -> None:
        sums, size = self._sums, fills.quantity
        sums["volume"] += scaled.sum_of(size)
        sums["backed"] += scaled.sum_of(shown.backed)
        sums["unbacked fills"] += int(np.count_nonzero(shown.backed < size))
        self._count_used("print", size, shown.print_size, shown.print_used)
        self._count_used("level", size, shown.displayed, shown.displayed_used)
        met = shown.touch != NONE
        beyond = (fills.price[met] - shown.touch[met]) * fills.side[met]
        for name, chosen in (("inside", beyond < 0), ("at", beyond == 0), ("through", beyond > 0)):
            sums[name] += int(np.count_nonzero(chosen))
        age = shown.book_age[shown.book_age != NONE]
        sums["book fills"] += len(age)
        sums["book age"] += scaled.sum_of(age)
        sums["old"] += int(np.count_nonzero(age > _OLD))
        self._oldest = max(self._oldest, scaled.largest(age))

    def _count_used(self, kind: str, size: Integers, available: Integers, used: Integers) -> None:
        met, sums = available != NONE, self._sums
        size, available, used = size[met], available[met], used[met]
        above = np.maximum(used + size - available, 0) - np.maximum(used - available, 0)
        # The part of a fill beyond the whole level was never displayed, so it is not reused either.
        reused = above - np.maximum(size - available, 0)
        sums[f"{kind} fills"] += len(size)
        sums[f"{kind} taken"] += scaled.sum_of(size)
        sums[f"{kind} available"] += scaled.sum_of(available[used == 0])
        for name, column in (("above", above), ("reused", reused)):
            sums[f"{kind} {name}"] += scaled.sum_of(column)
            sums[f"{kind} {name} fills"] += int(np.count_nonzero(column))

    def _attribute(self, orders: Orders, fills: Fills, shown: FillEvidence) -> None:
        """Add the cost of each step from the mid price at submission to the fill price."""
        rows, submitted = self._rows, orders.ts_submitted[fills.order]
        decided = rows.mids_at(submitted)
        arrived = rows.mids_at(submitted + self._delay) if self._delay else decided
        known = (decided != NONE) & (shown.touch != NONE)
        signed = (fills.quantity * fills.side)[known]

        def value(price: Integers, scale: int) -> Integers:
            return self._contract.value(price[known], signed, scale, self._scale)

        steps = [value(price, rows.mark_scale) for price in (decided, arrived, shown.mid)]
        steps += [value(price, self._contract.price_precision) for price in (shown.touch, fills.price)]
        for name, (before, after) in zip(_STEPS, itertools.pairwise(steps), strict=True):
            self._sums[name] += scaled.sum_of(after - before)
        self._sums["unattributed fills"] += int(np.count_nonzero(~known))
        self._sums["unattributed"] += scaled.sum_of(fills.quantity[~known])

    def audit(self) -> fill_audit_pb2.FillAudit:
        """Return the audit of all fills so far."""
        sums, contract = self._sums, self._contract

        def size(value: int) -> str:
            return scaled.text(value, contract.size_precision)

        found = fill_audit_pb2.FillAudit(
            backed_share=scaled.ratio(sums["backed"], sums["volume"], _PLACES),
            backed_volume=size(sums["backed"]),
            unbacked_volume=size(sums["volume"] - sums["backed"]),
            unbacked_fills=sums["unbacked fills"],
            prints=fill_audit_pb2.PrintAudit(
                fills=sums["print fills"],
                participation=scaled.ratio(sums["print taken"], sums["print available"], _PLACES),
                fills_above_print=sums["print above fills"],
                volume_above_print=size(sums["print above"]),
            ),
        )
        if self._evidence.has_books:
            count = sums["book fills"]
            found.book.MergeFrom(
                fill_audit_pb2.BookAudit(
                    fills=sums["level fills"],
                    fills_without_level=count - sums["level fills"],
                    participation=scaled.ratio(sums["level taken"], sums["level available"], _PLACES),
                    fills_reusing=sums["level reused fills"],
                    reused_volume=size(sums["level reused"]),
                    reused_share=scaled.ratio(sums["level reused"], sums["volume"], _PLACES),
                    fills_inside_touch=sums["inside"],
                    fills_at_touch=sums["at"],
                    fills_through_touch=sums["through"],
                    mean_book_age_seconds=scaled.mean(sums["book age"], count, _SECOND_DECIMALS),
                    longest_book_age_seconds=scaled.text(self._oldest, _SECOND_DECIMALS) if count else None,
                    fills_on_old_book=sums["old"],
                )
            )
        return found

    def costs(self) -> fill_audit_pb2.CostAttribution | None:
        """Return the costs of all fills so far; None if no books were replayed."""
        if not self._evidence.has_books:
            return None
        sums, fees = self._sums, self._sums["fees"] * 10 ** (self._scale - self._contract.money_precision)
        steps = {name: sums[name] for name in _STEPS}
        money = {"fees": fees, **steps, "total": fees + sum(steps.values())}
        return fill_audit_pb2.CostAttribution(
            unattributed_fills=sums["unattributed fills"],
            unattributed_volume=scaled.text(sums["unattributed"], self._contract.size_precision),
            **{name: scaled.text(value, self._scale) for name, value in money.items()},
        )
