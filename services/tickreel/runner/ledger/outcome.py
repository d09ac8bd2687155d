"""The outcome of a run: the final state of its ledger, and the figures of the summary."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tickreel.accounting import scaled
from tickreel.accounting.account import Account
from tickreel.engine.instrument import decimal_of
from tickreel.runner.digests import OutcomeDigest
from tickreel.runner.ledger.engine_check import CrossCheck
from tickreel.runner.window.iso_time import iso
from tickreel.runner.window.mark_rows import MarkRows
from tickreel.v1 import fill_audit_pb2, result_pb2, run_config_pb2, statistics_pb2


@dataclass(frozen=True)
class Drawdown:
    """A fall of equity from its running peak.

    Attributes:
        depth: At the account's scale; 0 if equity never fell.
        since: Time of the peak, UNIX nanoseconds.
        at: Time of the deepest point, UNIX nanoseconds.
    """

    depth: int
    since: int
    at: int


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run.

    Attributes:
        account: The account at the end.
        starting_position: Position at the start, in units of the size precision.
        statuses: Number of orders per final status, by `settlement.STATUSES`.
        unfilled: Number of orders without any fill, by status and reason.
        not_in_lots: Number of orders that the engine accepted and whose size is not a multiple of the lot size.
        closed_positions: Number of positions that were closed.
        volume: In units of the size precision.
        fees: In units of the currency's precision.
        unrounded_fees: Sum of the fees without rounding, at the contract's `fee_scale`.
        fees_that_differ: Number of fills whose fee differs from the engine's.
        fills_between_rows: Number of fills at times of no row; 0 without latency.
        unrealized, final_equity: At the end of the window, including fills after the last row; at the account's scale.
        lowest_equity: Over the trade rows and the end, at the account's scale.
        always_solvent: See `Ledger`.
    """

    config: run_config_pb2.RunConfig
    rows: MarkRows
    account: Account
    starting_position: int
    orders: int
    fills: int
    statuses: Mapping[str, int]
    unfilled: Mapping[str, Mapping[str, int]]
    not_in_lots: int
    closed_positions: int
    volume: int
    fees: int
    unrounded_fees: int
    fees_that_differ: int
    fills_between_rows: int
    unrealized: int
    final_equity: int
    lowest_equity: int
    drawdown: Drawdown
    statistics: statistics_pb2.RunStatistics
    pnl_sketch: Sequence[float]
    fill_audit: fill_audit_pb2.FillAudit | None
    costs: fill_audit_pb2.CostAttribution | None
    cross_check: CrossCheck
    always_solvent: bool
    digest: OutcomeDigest

    def money(self, value: int) -> str:
        """Return an amount at the account's scale as a decimal string."""
        return scaled.text(int(value), self.account.scale)

    def size(self, value: int) -> str:
        """Return a size as a decimal string."""
        return scaled.text(value, self.config.instrument.size_precision)

    @property
    def reasons(self) -> dict[str, int]:
        """Number of orders without any fill, by reason."""
        return sum(map(Counter, self.unfilled.values()), Counter())

    @property
    def fees_text(self) -> str:
        """Fees as a decimal string."""
        return scaled.text(self.fees, self.account.contract.money_precision)

    @property
    def exact_fees_text(self) -> str:
        """Fees without rounding as a decimal string, with at least the decimals of the currency."""
        value, scale = self.unrounded_fees, self.account.contract.fee_scale
        least = self.account.contract.money_precision
        value, scale = value * 10 ** max(least - scale, 0), max(least, scale)
        while scale > least and value % 10 == 0:
            value, scale = value // 10, scale - 1
        return scaled.text(value, scale)

    @property
    def final_position(self) -> int:
        """Position at the end, in units of the size precision."""
        return int(self.account.position[-1])

    @property
    def result_digest(self) -> str:
        """Digest of the orders, the fills and the final account."""
        final = {"cash": int(self.account.cash[-1]), "fees": int(self.account.fees[-1]), "equity": self.final_equity}
        money = {name: self.money(value) for name, value in final.items()}
        return self.digest.of(money | {"position": self.size(self.final_position)})


def summarise(outcome: Outcome) -> result_pb2.RunSummary:
    """Return the figures of the summary."""
    account, statuses, drawdown = outcome.account, outcome.statuses, outcome.drawdown
    pnl = outcome.final_equity - account.start
    first, last = outcome.rows.span
    summary = result_pb2.RunSummary(
        orders=outcome.orders,
        fills=outcome.fills,
        orders_filled=statuses["filled"],
        orders_partially_filled=statuses["partially_filled"],
        orders_unfilled=outcome.reasons,
        closed_positions=outcome.closed_positions,
        volume=outcome.size(outcome.volume),
        fees=outcome.fees_text,
        fees_exact=outcome.exact_fees_text,
        realized_pnl=outcome.money(int(account.realized(np.array([-1]))[0])),
        unrealized_pnl=outcome.money(outcome.unrealized),
        pnl=outcome.money(pnl),
        max_drawdown=outcome.money(drawdown.depth),
        max_drawdown_from=iso(drawdown.since) if drawdown.depth else "",
        max_drawdown_at=iso(drawdown.at) if drawdown.depth else "",
        final_position=outcome.size(outcome.final_position),
        final_equity=outcome.money(outcome.final_equity),
        starting_equity=outcome.money(account.start),
        first_ts=iso(first),
        last_ts=iso(last),
        trade_rows=len(outcome.rows.ts),
        book_rows=len(outcome.rows.book_ts),
        statistics=outcome.statistics,
        pnl_sketch=outcome.pnl_sketch,
        fill_audit=outcome.fill_audit,
        costs=outcome.costs,
    )
    pair = f"{outcome.config.instrument.settlement_currency}_USD"
    if pair in outcome.config.fx_stub:
        rate, decimals = scaled.split(decimal_of(outcome.config.fx_stub[pair]))
        summary.pnl_usd = scaled.text(pnl * rate, account.scale + decimals)
    return summary
